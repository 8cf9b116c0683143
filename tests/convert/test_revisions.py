"""Tracked changes, accepted: in what `convert: text` reads and in what LibreOffice is handed."""

import io
import re
import zipfile

import pytest

from target_linkedin_resumes.convert.sanitize import harmless
from target_linkedin_resumes.resumes import formats
from tests.convert.documents import docx, found, paragraph, run, text_of

MARK = "<w:rPr><w:del/></w:rPr>"
GONE = f"<w:p><w:pPr>{MARK}</w:pPr><w:del>{run('gone')}</w:del></w:p>"
TABLE = f"<w:tbl><w:tr><w:tc>{paragraph('cell')}</w:tc></w:tr></w:tbl>"


@pytest.mark.parametrize(
    ("body", "paragraphs"),
    [
        (paragraph("one ", MARK) + paragraph("line"), ["one line"]),
        (paragraph("o", MARK) + paragraph("n", MARK) + paragraph("e"), ["one"]),
        (paragraph("one ", "<w:rPr><w:moveFrom/></w:rPr>") + paragraph("line"), ["one line"]),
        (paragraph("one ", MARK) + '<w:bookmarkEnd w:id="0"/>' + paragraph("line"), ["one line"]),
        (paragraph("one ", MARK) + f"<w:p>{run('line')}</w:p>", ["one line"]),
        (paragraph("a") + GONE + paragraph("b"), ["a", "b"]),
        (GONE + TABLE, ["cell"]),
        (paragraph("kept", MARK) + TABLE, ["kept", "cell"]),
        (paragraph("a") + paragraph("last", MARK), ["a", "last"]),
        (paragraph("section ", f"{MARK}<w:sectPr/>") + paragraph("b"), ["section ", "b"]),
        (paragraph("a", "<w:rPr><w:ins/></w:rPr>") + paragraph("b"), ["a", "b"]),
    ],
)
def test_paragraphs_whose_end_was_deleted(body: str, paragraphs: list[str]) -> None:
    content = docx(body)
    assert text_of(content).strip().split("\n\n") == [one.strip() for one in paragraphs]
    with zipfile.ZipFile(io.BytesIO(harmless(found(content), formats.DOCX))) as archive:
        handed = archive.read("word/document.xml").decode()
    texts = ["".join(re.findall("<w:t [^>]*>([^<]*)", one)) for one in handed.split("</w:p>")[:-1]]
    assert texts == paragraphs
