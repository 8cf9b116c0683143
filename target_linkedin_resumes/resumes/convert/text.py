"""`convert: text`: plain text in UTF-8 out of documents, in Python."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import AbstractContextManager

from target_linkedin_resumes.resumes.bodies import Found
from target_linkedin_resumes.resumes.convert.archives import failed, opened
from target_linkedin_resumes.resumes.convert.docx import docx_html
from target_linkedin_resumes.resumes.convert.odt import odt_html
from target_linkedin_resumes.resumes.convert.pages import clean_tree, html_text, tree_text
from target_linkedin_resumes.resumes.convert.rtf import rtf_text
from target_linkedin_resumes.resumes.formats import DOCX, HTML, ODT, TEXT, Kind
from target_linkedin_resumes.resumes.spool import spooled


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
            text = _text_of(found, kind)
        if not text:
            raise failed("there is no text in it, as in a scan; `convert: pdf` keeps its pictures")
        return spooled(_encoded(text), found.name)

    def close(self) -> None:
        """Nothing is left behind."""


def _text_of(found: Found, kind: Kind) -> str:
    if kind in (DOCX, ODT):
        with opened(found) as archive:
            page = docx_html(archive) if kind is DOCX else odt_html(archive)
        return tree_text(clean_tree(page)) if page else ""
    found.body.seek(0)
    content = found.body.read()
    return html_text(content) if kind is HTML else rtf_text(content)


def _encoded(text: str) -> Generator[bytes, None, None]:
    yield text.encode()
