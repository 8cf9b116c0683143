"""`convert: text`: plain text in UTF-8 out of documents, in Python."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import AbstractContextManager

from target_linkedin_resumes.convert.contents import empty, has_pictures, text_of
from target_linkedin_resumes.convert.safe_zip import failed
from target_linkedin_resumes.resumes.bodies import Found
from target_linkedin_resumes.resumes.formats import TEXT, Kind
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
            text = text_of(found, kind)
            if not text and not has_pictures(found, kind):
                raise empty()
        if not text:
            raise failed("there are only pictures in it, as in a scan; `convert: pdf` keeps them")
        return spooled(_encoded(text), found.name)

    def close(self) -> None:
        """Nothing is left behind."""


def _encoded(text: str) -> Generator[bytes, None, None]:
    yield text.encode()
