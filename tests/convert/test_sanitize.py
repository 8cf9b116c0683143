"""What LibreOffice gets to see."""

import io
import re
import zipfile

import pytest

from target_linkedin_resumes.convert.sanitize import (
    normalize_pdf,
    sanitize,
    sanitize_page,
    sanitize_rtf,
)
from target_linkedin_resumes.resumes import formats
from tests.convert.documents import found
from tests.resumes.samples import FILES


@pytest.mark.parametrize("name", ["full.docx", "full.odt"])
def test_tracked_changes_are_accepted(name: str) -> None:
    content = (FILES / name).read_bytes()
    kind = formats.DOCX if name.endswith("docx") else formats.ODT
    part = "word/document.xml" if kind is formats.DOCX else "content.xml"
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(io.BytesIO(sanitize(found(content), kind))) as after,
    ):
        assert after.namelist() == before.namelist()
        assert b"DELETED" in before.read(part)
        text = after.read(part)
        assert after.testzip() is None
    assert b"DELETED" not in text
    assert b"seven years" in text
    assert not re.search(rb"</?w:(?:ins|del)\b|text:tracked-changes", text)


def test_html_is_written_anew_without_what_is_fetched_or_hidden() -> None:
    page = (
        "<html><head><base href=//x/><link rel=stylesheet href=//x><meta charset=latin-1>"
        "<style>p { color: red; background: url(//x/a) } @import '//x'; </style></head>"
        "<body background=//x onload=x()><script>x</script><iframe src=//x>gone</iframe>"
        "<p style='color: blue' onclick=x()>Zürich &lt;b&gt;</p>"
        "<p style='background: URL (//x)'>a</p><p hidden>gone</p><del>gone</del>"
        "<img src='file:///etc/x.png'><img src='data:image/png;base64,AA=='>"
        "<a href='https://example.com/?a=1&amp;b=\"2\"'>site</a><a href='file:///x'>y</a>"
        "<object data=//x>gone</object><svg><image href=//x></svg><x-y z=1>kept</x-y>"
    )
    clean = sanitize_page(page.encode()).decode("utf-8-sig")
    for part in ("//x", "gone", "script", "onclick", "onload", "file:", "latin-1", "import"):
        assert part not in clean
    for part in (
        "Zürich &lt;b&gt;", "color: red", 'style="color: blue"', "<p>a</p>", "kept",
        '<img src="data:image/png;base64,AA==">',
        '<a href=\'https://example.com/?a=1&amp;b="2"\'>site</a>', "<a>y</a>",
    ):  # fmt: skip
        assert part in clean


def test_rtf_loses_what_is_fetched_and_what_was_deleted() -> None:
    content = rb"{\field{\*\fldinst INCLUDEPICTURE x}{\fldrslt y}}\deleted a\deleted0 b\revised c"
    assert sanitize_rtf(content) == (
        rb"{\field{\*\xxxxxxx INCLUDEPICTURE x}{\fldrslt y}}\v\x a\v0\x b\x c"
    )
    for plain in (rb"\fldinsta", rb"\deletedx", rb"\revisedx \deleted10"):
        assert sanitize_rtf(plain) == plain


@pytest.mark.parametrize(
    ("code", "stays"),
    [
        (rb"PAGE", True),
        (rb" { \rtlch\af1 \ltrch\insrsid12 NUMPAGES   \\* MERGEFORMAT }", True),
        (rb"{ EQ \\* jc2 \\o\\ad(\\s\\up 9(a),b)}", True),
        (rb"PAGEREF x", False),
        (rb"HYPERLINK x PAGE ", False),
        (rb"\u73 PAGE ", False),
        (rb"\u-65463?NCLUDETEXT PAGE ", False),
        (rb"\'49NCLUDETEXT PAGE ", False),
        (rb"\bin7 INCLUDE PAGE ", False),
        (rb"{\uc0\u73 }PAGE ", False),
    ],
)
def test_only_harmless_fields_of_rtf_are_worked_out(code: bytes, stays: bool) -> None:
    field = rb"{\field{\*\fldinst " + code + rb"}{\fldrslt y}}"
    assert (sanitize_rtf(field) == field) == stays
    assert (b"fldinst" in sanitize_rtf(field)) == stays


def test_bullets_of_symbol_fonts_in_rtf() -> None:
    content = rb"\u-3913 ?\u61623\'3f \u-3844? \u8364? \u-391 \u616230 \uc1"
    assert sanitize_rtf(content) == rb"\u8226 ?\u8226\'3f \u10003? \u8364? \u-391 \u616230 \uc1"


def test_one_document_gives_one_pdf() -> None:
    pdf = b"%%PDF-1.6 <</CreationDate(D:%sZ')>> trailer <</ID [ <%s>\n<%s> ]\n/DocChecksum /%s>>"
    one = normalize_pdf(pdf % (b"20260101101010", b"A" * 32, b"A" * 32, b"B" * 32))
    other = normalize_pdf(pdf % (b"20270101101010", b"C" * 32, b"C" * 32, b"D" * 32))
    assert one == other
    assert len(one) == len(pdf % (b"1" * 14, b"A" * 32, b"A" * 32, b"B" * 32))
    different = normalize_pdf(b"x" + pdf % (b"1" * 14, b"A" * 32, b"A" * 32, b"B" * 32))
    assert different[1:] != one  # the identifier follows the content
    assert normalize_pdf(b"%PDF-1.4") == b"%PDF-1.4"
