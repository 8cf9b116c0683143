"""Read resumes from the record itself: base64 text and ``data:`` URIs."""

from __future__ import annotations

import binascii
import re
from collections.abc import Generator
from contextlib import AbstractContextManager
from urllib.parse import unquote, unquote_to_bytes

from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.resumes.spool import MAX_SIZE, Found, spooled, too_large

_PIECE = 256 * 1024
_HEADER = re.compile(r"data:([^,]{0,1000}),", re.IGNORECASE)
# Line breaks and blanks come from mailers and XML, the other alphabet from URLs (RFC 4648, 5).
_PLAIN = str.maketrans({"-": "+", "_": "/"} | dict.fromkeys(" \t\r\n\f\v\ufeff"))


def open_content(content: str) -> AbstractContextManager[Found]:
    """Open base64 text, or the ``data:`` URI that some systems put in its place.

    Line breaks, blanks, the URL-safe alphabet and missing padding are accepted. Raises
    :class:`Reject` (``invalid_base64``, ``file_too_large``).
    """
    if content[:5].lower() == "data:":
        return open_data(content)
    return spooled(_decoded(content, 0))


def open_data(uri: str) -> AbstractContextManager[Found]:
    """Open a ``data:`` URI (RFC 2397), base64 or percent-encoded."""
    header = _HEADER.match(uri)
    if header is None:
        raise Reject("invalid_source", "field 'file': the data: URI has no comma before its data")
    parameters = [part.strip() for part in header[1].split(";")]
    names = [unquote(part[5:]) for part in parameters if part[:5].lower() == "name="]
    name = names[0] if names else None
    if parameters[-1].lower() == "base64":
        return spooled(_decoded(uri, header.end()), name)
    if len(uri) - header.end() > 3 * MAX_SIZE:
        raise too_large()
    return spooled(_unescaped(uri, header.end()), name)


def _unescaped(uri: str, start: int) -> Generator[bytes, None, None]:
    try:
        yield unquote_to_bytes(uri[start:])
    except UnicodeEncodeError:
        raise Reject(
            "invalid_source",
            "field 'file': the data: URI holds half of a surrogate pair, which is no Unicode text",
        ) from None


def _decoded(text: str, start: int) -> Generator[bytes, None, None]:
    """Decode piece by piece, so that a long text is not copied as a whole."""
    rest = ""
    for at in range(start, len(text), _PIECE):
        piece = text[at : at + _PIECE]
        if "%" in rest + piece:
            yield from _decoded(_unquoted(rest + text[at:]), 0)
            return
        digits = rest + piece.translate(_PLAIN)
        whole = len(digits) // 4 * 4
        # Padding ends the data; it is kept back so that what follows it shows.
        padding = digits.find("=")
        if padding >= 0:
            whole = min(whole, padding // 4 * 4)
            if len(digits) - whole > 4:
                raise _invalid()
        yield _bytes(digits[:whole])
        rest = digits[whole:]
    rest = rest.rstrip("=")
    if rest:
        yield _bytes(rest + "=" * (-len(rest) % 4))


def _unquoted(text: str) -> str:
    plain = unquote(text)
    if "%" in plain:
        raise _invalid()
    return plain


def _bytes(digits: str) -> bytes:
    try:
        return binascii.a2b_base64(digits, strict_mode=True)
    except ValueError:  # binascii.Error, and characters beyond ASCII
        raise _invalid() from None


def _invalid() -> Reject:
    return Reject(
        "invalid_base64",
        "field 'file': the content is no base64 text; check that the field that is mapped holds"
        " the whole encoded file and nothing else",
    )
