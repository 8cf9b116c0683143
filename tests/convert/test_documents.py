"""Whole documents of real programs, read as a recruiter would read them."""

import re

import pytest

from tests.convert.documents import text_of
from tests.resumes.samples import FILES


@pytest.mark.parametrize("kind", ["docx", "odt", "rtf"])
def test_one_resume_in_three_formats(kind: str) -> None:
    """All made by LibreOffice from full.fodt, with hidden and deleted text, headers and a box."""
    text = text_of((FILES / f"full.{kind}").read_bytes())
    assert text == (FILES / f"full.{kind}.txt").read_text(encoding="utf-8")
    assert text.startswith("Jane Doe · jane@example.com · +44 20 7946 0000\n")
    assert "References on request" in text
    assert "DELETED" not in text
    assert "HIDDEN" not in text


@pytest.mark.parametrize("name", ["resume.docx", "resume.odt", "resume.rtf", "resume.html"])
def test_another_resume(name: str) -> None:
    text = text_of((FILES / name).read_bytes())
    assert text == text_of((FILES / name).read_bytes())
    assert "Sample resume\n=============\n" in text
    assert "  * Built things\n  * Mended things\n" in text
    assert "2019 | Degree\n" in text
    assert not re.search(r"[^\S\n]\n|\n\n\n|[\0-\x08\x0b-\x1f\ue000-\ue0ff]", text)
