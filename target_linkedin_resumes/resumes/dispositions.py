"""What a server calls the file it sends: Content-Disposition as in RFC 6266. Pure."""

from __future__ import annotations

import re
from contextlib import suppress
from email.header import decode_header, make_header
from urllib.parse import unquote

_MOST = 4096
_PARAMETER = re.compile(
    r';\s*([!#$&+.^_`|~0-9A-Za-z-]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"\s][^;]*))'
)


def disposition_name(header: str | None) -> str | None:
    """Give the file's name; ``filename*`` (RFC 8187) goes before ``filename``.

    A plain name is taken as it is, in UTF-8 if it can be, as servers send it in spite of the
    standard; mail's encoded words (RFC 2047) are decoded.
    """
    found: dict[str, str] = {}
    for name, quoted, token in _PARAMETER.findall((header or "")[:_MOST]):
        value = re.sub(r"\\(.)", r"\1", quoted) if quoted else token.strip()
        found.setdefault(name.lower(), value)
    return _extended(found.get("filename*")) or _plain(found.get("filename"))


def _extended(value: str | None) -> str | None:
    charset, quote, rest = (value or "").partition("'")
    encoded = rest.partition("'")[2]
    if not quote or charset.lower() not in ("utf-8", "iso-8859-1"):
        return None
    try:
        return unquote(encoded, encoding=charset, errors="strict")
    except UnicodeDecodeError:
        return None


def _plain(value: str | None) -> str | None:
    if not value:
        return None
    with suppress(UnicodeError):
        value = value.encode("latin-1").decode("utf-8")
    if value.startswith("=?"):
        try:
            return str(make_header(decode_header(value)))
        except (ValueError, LookupError):
            return value
    return value
