"""Documents made to do harm end in a reject, soon, and without much memory."""

import io
import struct
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.convert.docx import docx_without_changes
from target_linkedin_resumes.convert.safe_zip import open_archive
from target_linkedin_resumes.convert.sanitize import sanitize_page, sanitize_rtf
from target_linkedin_resumes.convert.text import TextConverter
from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.resumes import formats
from target_linkedin_resumes.resumes.formats import Kind
from tests.convert.documents import docx, found, odt, paragraph, text_of
from tests.resumes.samples import FILES, zipped

MIB = 1024 * 1024
ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
NESTED = "<w:p>" * 900 + "</w:p>" * 900
EXTERNAL = '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">]>'


def packed(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_part(name: str, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    return packed(parts(docx(paragraph("x"))) | {name: content}, method)


def refusal(content: bytes, kind: Kind) -> Reject:
    """How `convert: text` refuses a document; it must be soon."""
    begun = time.thread_time()
    with pytest.raises(Reject) as caught, TextConverter().convert(found(content), kind):
        pytest.fail("it was converted")
    assert time.thread_time() - begun < 20
    return caught.value


def document(body: str, head: str = "", encoding: str = "utf-8") -> bytes:
    """The main part of a DOCX, as bytes."""
    main = parts(docx(body))["word/document.xml"].decode()
    return f'<?xml version="1.0" encoding="{encoding}"?>{head}{main}'.encode(encoding)


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (with_part("word/document.xml", document("", ENTITIES)), "document type"),
        (with_part("word/document.xml", document(paragraph("&i;"), ENTITIES)), "damaged"),
        (with_part("word/document.xml", document(paragraph("&i;"), EXTERNAL)), "document type"),
        (with_part("word/document.xml", document("", EXTERNAL, "utf-16")), "document type"),
        (with_part("word/_rels/document.xml.rels", ENTITIES.encode() + b"<x/>"), "document type"),
        (with_part("word/document.xml", document("<w:p>" * 100_000)), "nested"),
        (with_part("word/document.xml", document(NESTED)), "nested"),
        (with_part("word/document.xml", document("<w:p/>" * 100_001)), "elements"),
        (with_part("word/document.xml", document("<w:p>")), "damaged"),
        (with_part("word/document.xml", b""), "damaged"),
        (with_part("word/document.xml", b"\0\1\2"), "damaged"),
        (with_part("word/document.xml", document("x"), zipfile.ZIP_LZMA), "packed"),
        (with_part("word/document.xml", document("x"), zipfile.ZIP_BZIP2), "packed"),
        (docx("<w:p/>"), "neither text nor"),
        (zipped({"[Content_Types].xml": b"", "word/document.xml": b""}), "damaged"),
        (packed({f"word/{n}.xml": b"" for n in range(2001)}), "parts"),
        (docx(paragraph("x"))[:-30], "damaged"),
        (docx(paragraph("x")).replace(b"<w:p>", b"<w:q>"), "damaged"),  # the checksum tells
        (b"PK\x03\x04", "damaged"),
    ],
)  # fmt: skip
def test_hostile_docx(content: bytes, hint: str) -> None:
    reject = refusal(content, formats.DOCX)
    assert reject.code == "conversion_failed"
    assert any(part in reject.message for part in hint.split("|")), reject.message


def test_a_directory_larger_than_any_document_has() -> None:
    """The size of the directory is a claim of the archive, and is read as a whole."""
    file = bytearray(packed({"word/document.xml": b"x"}) + bytes(2 * MIB))
    end = bytes(file).rfind(b"PK\x05\x06")
    record = bytearray(file[end : end + 22])
    struct.pack_into("<I", record, 12, 2 * MIB)
    content = bytes(file[:end]) + bytes(2 * MIB) + bytes(record)
    assert refusal(content, formats.DOCX).code == "conversion_failed"


def test_an_archive_that_needs_a_password() -> None:
    content = bytearray(docx(paragraph("x")))
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content[at + 8] |= 1
    assert "password" in refusal(bytes(content), formats.DOCX).message


def test_an_odt_that_needs_a_password() -> None:
    content = odt("<text:p>x</text:p>", manifest="<manifest:encryption-data/>")
    assert "password" in refusal(content, formats.ODT).message


def test_repeated_cells_and_spaces_of_an_odt_do_not_multiply() -> None:
    body = (
        '<table:table><table:table-row table:number-rows-repeated="1000000"><table:table-cell'
        ' table:number-columns-repeated="1000000"><text:p>x<text:s text:c="999999999"/>y</text:p>'
        "</table:table-cell></table:table-row></table:table>"
    )
    assert len(text_of(odt(body))) < 1000


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"{\\rtf1" + b"{" * 2000 + b"x", "nested"),
        (b"{\\rtf1" + b"{}" * 250_001 + b"x}", "parts"),
        (b"{\\rtf1 \\bin999999999999 x}", "neither text nor"),
        (b"{\\rtf1 " + b"\\'" * 100_000 + b"}", "neither text nor"),
    ],
)
def test_hostile_rtf(content: bytes, hint: str) -> None:
    assert hint in refusal(content, formats.RTF).message


@pytest.mark.parametrize("kind", ["docx", "rtf", "html"])
def test_far_more_text_than_a_resume(kind: str) -> None:
    words = "word " * 250_000
    contents = {
        "docx": (with_part("word/document.xml", document(paragraph(words))), formats.DOCX),
        "rtf": (b"{\\rtf1 " + words.encode() + b"}", formats.RTF),
        "html": (b"<html>" + words.encode(), formats.HTML),
    }
    assert "far more text" in refusal(*contents[kind]).message


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 100_000 + "x",
        "<table><tr><td>" * 20_000 + "x",
        "<ul><li>" * 20_000 + "x",
        "<p>x" + "</p>" * 100_000,
        "<p " + "a=b " * 100_000 + ">x",
        "<p>x<!--" * 20_000,
        "<html>" + "&amp" * 100_000,
        "<p>x</p>" + "<" * 500_000,
        "<p>x" + " " * 500_000,
        "<p>x" + "\t \t" * 200_000,
        "<p style='" + ";" * 300_000 + "'>x",
        "<p style='" + " " * 300_000 + "'>x",
        "<meta " * 10_000 + "<p>x",
        "<style>" + "a{" * 200_000 + "</style><p>x",
        "<style>" + "a" * 400_000 + "</style><p>x",
        "<style>" + "a,{display" * 50_000 + "</style><p>x",
        "<style>" + "a{display:flex}" * 30_000 + "</style>" + "<a>x" * 100,
    ],
)
def test_hostile_html_costs_little(page: str) -> None:
    begun = time.thread_time()
    try:
        text = text_of(b"<html>" + page.encode())
    except Reject as reject:
        assert reject.code == "conversion_failed"  # noqa: PT017 - either way is fine, soon
    else:
        assert len(text) <= len(page) + 10
    assert time.thread_time() - begun < 10


@pytest.mark.parametrize("depth", [100, 250, 300, 2000])
def test_nothing_is_lost_by_depth(depth: int) -> None:
    page = b"<html>" + b"<div>" * depth + b"inmost" + b"</div>" * depth + b"after"
    try:
        assert text_of(page) == "inmost\nafter\n"
    except Reject as reject:
        assert "nested" in reject.message  # noqa: PT017 - the other way
        assert depth > 200


MARK = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
ENDED = "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p>"
EITHER = "<mc:AlternateContent><mc:Choice>"


RUN = "<w:r><w:t>x</w:t></w:r>"


@pytest.mark.parametrize(
    "body",
    [
        f"<w:p>{MARK.format('begin') * 30_000}</w:p>",
        f"<w:p>{(MARK.format('begin') + MARK.format('separate')) * 10_000}{RUN}</w:p>",
        ENDED * 14_000,
        f"<w:p>{EITHER * 80}{RUN * 20_000}{'</mc:Choice></mc:AlternateContent>' * 80}</w:p>",
    ],
    ids=["fields", "results", "joined", "either"],
)
def test_hostile_docx_costs_little(body: str) -> None:
    content = docx(body)
    begun = time.thread_time()
    try:
        assert text_of(content).startswith("xxx")
    except Reject as reject:
        assert "fields are nested" in reject.message  # noqa: PT017 - either way is fine, soon
    assert time.thread_time() - begun < 20


def test_hostile_pages_cost_little_before_libreoffice_has_them() -> None:
    begun = time.thread_time()
    sanitize_rtf(b"{\\rtf1 " + b"\\fldinst" * 60_000)
    sanitize_page(b"<html><p>" + b"<b hidden>x</b>yyyyyyyyyyyyyyyyyyyy" * 40_000)
    sanitize_page(b"<html><style>" + b"/*" * 500_000 + b"</style>x")
    assert time.thread_time() - begun < 15


def test_html_of_too_many_elements() -> None:
    assert "elements" in refusal(b"<html>" + b"<b>x</b>" * 100_001, formats.HTML).message


@given(st.data())
@pytest.mark.parametrize("name", ["full.docx", "full.odt"])
def test_a_damaged_archive_is_converted_or_rejected(name: str, data: st.DataObject) -> None:
    content = bytearray((FILES / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    kind = formats.DOCX if name.endswith("docx") else formats.ODT
    for convert in (_to_text, _to_accepted):
        try:
            convert(bytes(content), kind)
        except Reject as reject:
            assert reject.code == "conversion_failed"  # noqa: PT017 - both ways are fine


@given(st.data())
@pytest.mark.parametrize(
    ("name", "part"),
    [("full.docx", "word/document.xml"), ("full.docx", "word/numbering.xml"),
     ("full.docx", "word/styles.xml"), ("full.odt", "content.xml"), ("full.odt", "styles.xml")],
)  # fmt: skip
def test_damaged_markup_is_converted_or_rejected(name: str, part: str, data: st.DataObject) -> None:
    members = parts((FILES / name).read_bytes())
    content = bytearray(members[part])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 60))
        content[start : start + length] = data.draw(
            st.sampled_from([b"", b"9", b"-1", b"w:p", b"/", b"<w:p>", b"</w:p>", b"<w:tbl>"])
        )
    kind = formats.DOCX if name.endswith("docx") else formats.ODT
    try:
        _to_text(zipped(members | {part: bytes(content)}), kind)
    except Reject as reject:
        assert reject.code == "conversion_failed"  # noqa: PT017 - both ways are fine


def _to_text(content: bytes, kind: Kind) -> None:
    with TextConverter().convert(found(content), kind) as made:
        made.body.read().decode()


def _to_accepted(content: bytes, _: Kind) -> None:
    with open_archive(found(content)) as archive:
        archive.rewritten(docx_without_changes(archive))


def test_what_unpacks_is_not_kept_in_memory() -> None:
    bomb = with_part("word/document.xml", document("<w:p/>" * 10_000 + " " * 60 * MIB))
    tracemalloc.start()
    try:
        assert "unpacks" in refusal(bomb, formats.DOCX).message
        assert tracemalloc.get_traced_memory()[1] < 40 * MIB
    finally:
        tracemalloc.stop()


def test_a_large_part_that_is_not_compressed() -> None:
    content = zipped(parts(docx(paragraph("x") + "<w:p/>" + " " * 3 * MIB)))
    assert text_of(content) == "x\n"
    with open_archive(found(content)) as archive:
        assert len(archive.rewritten({})) < MIB
        with pytest.raises(Reject, match="unpacks"):
            archive.read("word/document.xml", MIB)


def test_pictures_count_as_well() -> None:
    """LibreOffice will unpack them; so a document is measured as a whole before it gets there."""
    bomb = with_part("word/media/picture.bin", bytes(70 * MIB))
    with open_archive(found(bomb)) as archive, pytest.raises(Reject, match="unpacks"):
        archive.rewritten({})


def test_a_member_that_says_it_is_small_is_cut_there() -> None:
    content = bytearray(with_part("word/document.xml", document(paragraph("x" * 1000))))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.rfind(signature)
        while content[at : at + 200].find(b"word/document.xml") < 0:
            at = content.rfind(signature, 0, at)
        struct.pack_into("<I", content, at + offset, 10)
    assert "damaged" in refusal(bytes(content), formats.DOCX).message
