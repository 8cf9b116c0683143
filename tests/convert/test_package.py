"""The parts of a DOCX: found wherever they are, and refused where text would be missing."""

import pytest

from target_linkedin_resumes.convert.sanitize import harmless
from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.resumes import formats
from tests.convert.documents import docx, found, paragraph, relationship, style, text_of
from tests.convert.test_hostile import parts
from tests.resumes.samples import zipped

SECTION = '<w:sectPr><w:headerReference w:type="default" r:id="header1"/></w:sectPr>'


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("header1.xml", "word/header1.xml"),
        ("/word/header1.xml", "word/header1.xml"),
        ("../word/./header1.xml", "word/header1.xml"),
        ("Header1.XML", "word/header1.xml"),
        ("/word/headers/top%20of%20page.xml", "word/headers/top of page.xml"),
        ("/margins/first.xml", "margins/first.xml"),
    ],
)
def test_a_header_wherever_it_is(target: str, name: str) -> None:
    link = '<w:p><w:hyperlink r:id="own"><w:r><w:t>site</w:t></w:r></w:hyperlink>'
    gone = "<w:del><w:r><w:t>GONE</w:t></w:r></w:del></w:p>"
    members = parts(docx(paragraph("Text") + SECTION, {"header1": paragraph("Jane") + link + gone}))
    header = members.pop("word/header1.xml")
    relations = members["word/_rels/document.xml.rels"]
    members["word/_rels/document.xml.rels"] = relations.replace(
        b'Target="header1.xml"', f'Target="{target}"'.encode()
    )
    folder, _, file = name.rpartition("/")
    own = parts(
        docx(
            "",
            own_links={"x": relationship("own", "hyperlink", "https://example.com", external=True)},
        )
    )
    members |= {name: header, f"{folder}/_rels/{file}.rels": own["word/_rels/x.xml.rels"]}
    content = zipped(members)
    assert text_of(content) == "Jane\n\nsite (https://example.com)\n\nText\n"
    assert b"GONE" not in harmless(found(content), formats.DOCX)


def test_styles_and_the_document_by_absolute_names() -> None:
    members = parts(
        docx(
            paragraph("Jane", '<w:pStyle w:val="T"/>'),
            {"styles": style("T", '<w:name w:val="Title"/>')},
        )
    )
    members["word/looks.xml"] = members.pop("word/styles.xml")
    for name in ("word/_rels/document.xml.rels", "_rels/.rels"):
        members[name] = (
            members[name]
            .replace(b'"styles.xml"', b'"/word/looks.xml"')
            .replace(b'"word/document.xml"', b'"/word/document.xml"')
        )
    assert text_of(zipped(members)) == "Jane\n====\n"


@pytest.mark.parametrize("element", ["altChunk", "subDoc"])
def test_a_document_that_takes_in_another_is_refused(element: str) -> None:
    """Its text would be missing, and nobody would know."""
    content = docx(paragraph("My own text") + f'<w:{element} r:id="x"/>')
    for convert in (text_of, lambda content: harmless(found(content), formats.DOCX)):
        with pytest.raises(Reject, match="open it in Word and save it again") as caught:
            convert(content)
        assert caught.value.code == "conversion_failed"
