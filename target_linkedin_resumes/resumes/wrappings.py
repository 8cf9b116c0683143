"""Open files that are still wrapped: an export has written them as text and stored that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.resumes.charsets import declared_codec
from target_linkedin_resumes.resumes.formats import (
    EMPTY,
    PDF,
    PYTHON_BYTES,
    TEXT,
    UNKNOWN,
    UNREADABLE_TEXT,
    Kind,
    sniff,
)
from target_linkedin_resumes.resumes.inline import open_content, without_quotes
from target_linkedin_resumes.resumes.spool import Found
from target_linkedin_resumes.resumes.texts import UTF_8

WRAPPED = Kind("base64 or another notation of bytes that holds no known file format", ".txt")

_LAYERS = 4
_LOOK = 4096  # bytes that tell words from digits
_DIGITS = re.compile(r"[A-Za-z0-9+/_=\s\\%:,-]+['\"]?\s*")
# What a data: URI holds has no blanks, but for base64 in lines.
_MEDIA = r"data:\s*(?:[\w.+-]+/[\w.+-]+)?(?:;[^,;\n]{0,100}){0,5}"
_DATA = re.compile(rf"{_MEDIA};\s*base64\s*,[\w%+/=\s\\-]+['\"]?\s*|{_MEDIA},\S+\s*", re.IGNORECASE)
# Words of people are shorter, and so are their addresses in the web for the most part.
_NO_WORD = re.compile(r"(?<![!-~])(?![!-~]*://)[!-~]{60,}")
# A word may be base64 by chance, and what comes out a text; not one of so many bytes.
_LEAST = 24
_CERTAIN = 200
_DISTINCT = 10  # of the 16 or 64 digits; a line that is drawn has one or two


@contextmanager
def opened(found: Found) -> Iterator[tuple[Found, Kind]]:
    """Yield the file that is in another, and its kind; or the file itself, as nearly all are."""
    with ExitStack() as stack:
        kind = sniff(found.body, found.size, declared_codec(found.content_type))
        for layer in range(_LAYERS + 1):
            if kind.content_type != TEXT.content_type and kind is not PYTHON_BYTES:
                break
            inner = _inner(stack, found, kind.encoding)
            if inner is None:
                break
            found, kind = inner if layer < _LAYERS else (found, WRAPPED)
        yield found, kind


def _inner(stack: ExitStack, found: Found, encoding: str | None) -> tuple[Found, Kind] | None:
    """Open what is written as text in a file; None for a text of words."""
    start = without_quotes(_ascii(found, _LOOK, encoding))
    inner = None
    if (_DATA if start[:5].lower() == "data:" else _DIGITS).fullmatch(start):
        inner = _undone(stack, found, _ascii(found, found.size, encoding))
    if inner is None and encoding is not None and _has_no_words(start):
        return found, WRAPPED
    return inner


def _undone(stack: ExitStack, found: Found, text: str) -> tuple[Found, Kind] | None:
    is_certain = _is_certain(without_quotes(text))
    wrapped = (found, WRAPPED) if is_certain else None
    try:
        inner = stack.enter_context(open_content(text))
    except Reject:
        return wrapped
    kind = sniff(inner.body, inner.size, declared_codec(inner.content_type))
    if kind.encoding is not None:
        is_file = is_certain or (kind.encoding in UTF_8 and inner.size >= _LEAST)
    elif kind.extension == PDF.extension:
        is_file = is_certain or _begins_like_pdf(inner)
    else:
        is_file = kind not in (UNKNOWN, UNREADABLE_TEXT, EMPTY)
    if is_file:
        return replace(inner, name=inner.name or found.name, validators=found.validators), kind
    return wrapped


def _begins_like_pdf(found: Found) -> bool:
    """Tell a PDF from one behind words, which were taken for digits of base64 as well."""
    found.body.seek(0)
    return found.body.read(_LOOK).lstrip(b"\xef\xbb\xbf\0 \t\r\n").startswith(b"%PDF")


def _ascii(found: Found, size: int, encoding: str | None) -> str:
    found.body.seek(0)
    codec = encoding if encoding and encoding.startswith(("utf-16", "utf-32")) else "utf-8-sig"
    return found.body.read(size).decode(codec, "replace")


def _has_no_words(start: str) -> bool:
    """Tell a notation of bytes, perhaps with some words around it, from a text."""
    found = "".join(_NO_WORD.findall(start))
    return len(found) >= max(_CERTAIN, 0.75 * len(start)) and len(set(found)) >= _DISTINCT


def _is_certain(text: str) -> bool:
    """Tell digits from a column of words: long, in lines of one length but for the last."""
    *lines, last = text.split()
    width = len(lines[0]) if lines else len(last)
    return (
        len(text) >= _CERTAIN
        and len(set(text)) >= _DISTINCT
        and width >= _LEAST
        and len(last) <= width
        and all(len(line) == width for line in lines)
    )
