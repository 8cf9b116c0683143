"""Detect the encoding of a plain text, and transcode it to UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Generator
from contextlib import AbstractContextManager

from target_linkedin_resumes.errors import Retry
from target_linkedin_resumes.http.messages import Readable
from target_linkedin_resumes.resumes.spool import Found, spooled

BLANK = "blank"
UTF_8 = ("utf-8", "utf-8-sig")

_PIECE = 64 * 1024
# Tab, line feed, vertical tab, form feed, carriage return; the end-of-file mark of DOS and the
# escape of ISO 2022 occur in texts as well.
_FINE = frozenset("\t\n\x0b\x0c\r\x1a\x1b")
_CONTROLS = str.maketrans({chr(code): None for code in range(1, 32) if chr(code) not in _FINE})
# Texts copied out of a word processor hold a control character here and there. Data that is not
# text has one in ten.
_ONE_CONTROL_IN = 100


def encoding_of(body: Readable) -> str | None:
    """Return ``utf-8``, ``utf-8-sig``, ``utf-16`` (with its mark) or ``cp1252``.

    None when it is no text in any of them, ``BLANK`` when it has nothing but white space.
    """
    body.seek(0)
    mark = body.read(3)
    if mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif mark == codecs.BOM_UTF8:
        candidates = ["utf-8-sig"]
    else:
        candidates = ["utf-8", "cp1252"]
    for encoding in candidates:
        blank = _is_blank(body, encoding)
        if blank is not None:
            return BLANK if blank else encoding
    return None


def in_utf8(found: Found, encoding: str) -> AbstractContextManager[Found]:
    """Return a text that is in ``encoding`` in UTF-8.

    Raises :class:`Reject` (``file_too_large``) when it has more than 10 MiB there.
    """
    return spooled(_transcoded(found, encoding), found.name)


def _transcoded(found: Found, encoding: str) -> Generator[bytes, None, None]:
    decoder = codecs.getincrementaldecoder(encoding)()
    found.body.seek(0)
    try:
        while piece := found.body.read(_PIECE):
            yield decoder.decode(piece).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError:  # when it was sniffed, all of it was in this encoding
        raise Retry("field 'file': the file was changed while it was read") from None


def _is_blank(body: Readable, encoding: str) -> bool | None:
    """Tell whether the text has nothing but white space; None when it is no text."""
    decoder = codecs.getincrementaldecoder(encoding)()
    characters = controls = 0
    blank = True
    body.seek(0)
    while True:
        piece = body.read(_PIECE)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError:
            return None
        if "\0" in text:
            return None
        characters += len(text)
        controls += len(text) - len(text.translate(_CONTROLS))
        blank = blank and not text.strip()
        if not piece:
            return blank if controls * _ONE_CONTROL_IN <= characters else None
