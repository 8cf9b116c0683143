"""Read files that are written as text: base64, hexadecimal digits, ``data:`` URIs."""

from __future__ import annotations

import binascii
import io
import re
from collections.abc import Generator
from contextlib import AbstractContextManager
from urllib.parse import unquote, unquote_to_bytes

from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.resumes.formats import UNKNOWN, UNREADABLE_TEXT, sniff
from target_linkedin_resumes.resumes.spool import MAX_SIZE, Found, spooled, too_large
from target_linkedin_resumes.resumes.texts import UTF_8

_PIECE = 256 * 1024
_HEADER = re.compile(r"data:([^,]{0,1000}),", re.IGNORECASE)
# Line breaks and blanks come from mailers and XML, the other alphabet from URLs (RFC 4648, 5).
_PLAIN = str.maketrans({"-": "+", "_": "/"} | dict.fromkeys(" \t\r\n\f\v\ufeff"))

# What databases write before the digits of a binary column, and Python around its bytes.
_HEX_MARK = re.compile(r"0x|(?<!\\)\\++x", re.IGNORECASE)
_HEX = re.compile(r"[0-9A-Fa-f\s:,-]+")
_CERTAIN = 64  # digits; so many of base64 are not by chance digits in hex alone
_BETWEEN = re.compile(r"[\s:,-]+")
# Before the quotation mark, Python writes b and SQL x.
_QUOTED = re.compile(r"[bx]?(['\"])", re.IGNORECASE)
# What JSON and programming languages write for line ends and slashes.
_ESCAPED = re.compile(r"(?<!\\)\\++(?:[nrt]|(?=/))")
_PDF_END = re.compile(rb"%%EOF|startxref")
_BLANKS = " \t\r\n\f\v\ufeff"


def open_content(content: str) -> AbstractContextManager[Found]:
    """Open base64 text, or what some systems put in its place: digits in hex, a ``data:`` URI.

    Line breaks, blanks, quotation marks, the URL-safe alphabet and missing padding are accepted.
    Raises :class:`Reject` (``invalid_base64``, ``file_too_large``).
    """
    content = _ESCAPED.sub("", without_quotes(content))
    if content[:5].lower() == "data:":
        return open_data(content)
    raw = _from_hex(content)
    return spooled(_decoded(content, 0) if raw is None else _whole(raw))


def without_quotes(text: str) -> str:
    """Return a text, or the beginning of one, without the blanks and quotation marks around it."""
    text = text.strip(_BLANKS)
    quote = _QUOTED.match(text)
    return text[quote.end() :].removesuffix(quote[1]) if quote else text


def open_data(uri: str) -> AbstractContextManager[Found]:
    """Open a ``data:`` URI (RFC 2397), base64 or percent-encoded."""
    header = _HEADER.match(uri)
    if header is None:
        raise Reject("invalid_source", "field 'file': the data: URI has no comma before its data")
    parameters = [part.strip() for part in header[1].split(";")]
    names = [unquote(part[5:]) for part in parameters if part[:5].lower() == "name="]
    name = names[0] if names else None
    if parameters[-1].lower() == "base64":
        return spooled(_decoded(uri, header.end()), name, content_type=header[1])
    if len(uri) - header.end() > 3 * MAX_SIZE:
        raise too_large()
    return spooled(_unescaped(uri, header.end()), name, content_type=header[1])


def _unescaped(uri: str, start: int) -> Generator[bytes, None, None]:
    try:
        yield unquote_to_bytes(uri[start:])
    except UnicodeEncodeError:
        raise Reject(
            "invalid_source",
            "field 'file': the data: URI holds half of a surrogate pair, which is not valid"
            " Unicode text",
        ) from None


def _whole(raw: bytes) -> Generator[bytes, None, None]:
    yield raw


def _from_hex(text: str) -> bytes | None:
    """Undo hexadecimal digits; None for base64, which may consist of such digits as well."""
    mark = _HEX_MARK.match(text)
    if mark is None and _HEX.fullmatch(text, 0, 1000) is None:
        return None
    digits = _BETWEEN.sub("", _HEX_MARK.sub("", text) if mark else text)
    is_certain = mark is not None or len(digits) >= _CERTAIN
    try:
        raw = bytes.fromhex(digits)
    except ValueError:
        if is_certain and _HEX.fullmatch(digits):  # an odd number of them
            raise _invalid() from None
        return None
    kind = None if is_certain else sniff(io.BytesIO(raw), len(raw))
    is_base64 = kind is not None and (
        kind in (UNKNOWN, UNREADABLE_TEXT) or kind.encoding not in (None, *UTF_8)
    )
    return None if is_base64 else raw


def _decoded(text: str, start: int) -> Generator[bytes, None, None]:
    """Decode piece by piece, so that a long text is not copied as a whole."""
    rest = ""
    is_pdf = has_end = False
    for at in range(start, len(text), _PIECE):
        digits = text[at : at + _PIECE]
        if "%" in digits:
            yield from _decoded(_unquoted(rest + text[at:]), 0)
            return
        digits = rest + digits.translate(_PLAIN)
        whole = len(digits) // 4 * 4
        # Padding ends the data; it is kept back so that what follows it shows.
        padding = digits.find("=")
        if padding >= 0:
            whole = min(whole, padding // 4 * 4)
            if len(digits) - whole > 4:
                raise _invalid()
        piece = _bytes(digits[:whole])
        is_pdf = is_pdf or (at == start and piece.startswith(b"%PDF-") and b" obj" in piece)
        has_end = has_end or _PDF_END.search(piece) is not None
        yield piece
        rest = digits[whole:]
    if is_pdf and not has_end and rest and "=" not in rest:
        raise Reject(
            "invalid_base64",
            "field 'file': the base64 text was cut off: it ends within four digits, and the PDF in"
            " it has no end; map a column that holds the complete encoded file",
        )
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
        "field 'file': the content is no base64 text; check that the mapped field holds the"
        " complete encoded file and nothing else",
    )
