"""`convert: text`: plain text in UTF-8 out of documents, in Python.

Both converters also ask here whether a document shows anything at all. An export that went wrong,
and a page that a browser fills in by script, have neither text nor pictures; a recruiter would see
a blank page.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Generator
from contextlib import AbstractContextManager

from target_linkedin_resumes.convert.docx import docx_html
from target_linkedin_resumes.convert.html import clean_tree, html_text, tree_text
from target_linkedin_resumes.convert.odt import odt_html
from target_linkedin_resumes.convert.rtf import rtf_text
from target_linkedin_resumes.convert.safe_zip import conversion_failed, no_surprise, open_archive
from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.resumes.formats import DOCX, HTML, ODT, TEXT, Kind
from target_linkedin_resumes.resumes.spool import Found, spooled

_PICTURE = re.compile(
    r".*(?<!thumbnail)\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp)|ObjectReplacements/.+",
    re.IGNORECASE,
)
_SHOWN_PICTURE = re.compile(rb"/Subtype\s*/Image\b[^>]*?/Width (\d{1,6})")
# Dots. LibreOffice shows an icon of 32 in the place of what it did not load.
_ICON = 32
_STREAM = re.compile(rb"/FlateDecode>>\s*stream\r?\n")
# Bytes of what draws a page. An empty one has a hundred, one with an icon or a frame some more.
_DRAWN = 2000


@no_surprise()
def text_of(found: Found, kind: Kind) -> str:
    """Read a document of a convertible kind; empty when it has no text. Raises :class:`Reject`."""
    if kind in (DOCX, ODT):
        with open_archive(found) as archive:
            page = docx_html(archive) if kind is DOCX else odt_html(archive)
        return tree_text(clean_tree(page)) if page else ""
    found.body.seek(0)
    content = found.body.read()
    return html_text(content) if kind is HTML else rtf_text(content)


def has_pictures(found: Found, kind: Kind) -> bool:
    """Tell whether there are pictures in a document. Raises :class:`Reject`."""
    if kind in (DOCX, ODT):
        with open_archive(found) as archive:
            return any(map(_PICTURE.fullmatch, archive.names()))
    found.body.seek(0)
    return (b"data:image/" if kind is HTML else b"\\pict") in found.body.read()


def shows_pictures(pdf: bytes) -> bool:
    """Tell whether a PDF of LibreOffice shows a picture, of dots or drawn."""
    if any(int(width) > _ICON for width in _SHOWN_PICTURE.findall(pdf)):
        return True
    return any(_is_long(memoryview(pdf)[match.end() :]) for match in _STREAM.finditer(pdf))


def nothing_to_show() -> Reject:
    """Return the reject for a document that shows nothing."""
    return conversion_failed("there is neither text nor a picture in it")


def _is_long(stream: memoryview) -> bool:
    try:
        return len(zlib.decompressobj().decompress(stream, _DRAWN)) >= _DRAWN
    except zlib.error:
        return False


class TextConverter:
    """See :class:`Converter`. The same document always gives the same text.

    One document at a time: Python would not be faster with more, and a hostile one takes memory.
    """

    makes = TEXT

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def convert(self, found: Found, kind: Kind) -> AbstractContextManager[Found]:
        """See :class:`Converter`."""
        with self._turn:
            text = text_of(found, kind)
            if not text and not has_pictures(found, kind):
                raise nothing_to_show()
        if not text:
            raise conversion_failed(
                "there are only pictures in it, as in a scan; `convert: pdf` keeps them"
            )
        return spooled(_encoded(text), found.name)

    def close(self) -> None:
        """Do nothing: no files and no processes are kept."""


def _encoded(text: str) -> Generator[bytes, None, None]:
    yield text.encode()
