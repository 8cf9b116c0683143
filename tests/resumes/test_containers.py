"""Containers: what is in them, whether it needs a password, and what hostile ones cost."""

import io
import re
import struct
import sys
import time
import tracemalloc
import zipfile

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.resumes import formats
from target_linkedin_resumes.resumes.formats import Kind, sniff
from tests.resumes.samples import FILES, ODT, ole, zipped

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = {"[Content_Types].xml": b"<Types/>"}
KIND = "application/vnd.oasis.opendocument.text"


def kind_of(content: bytes) -> Kind:
    return sniff(io.BytesIO(content), len(content))


def word(ident: int, version: int, flags: int, *, small: bool = False, name: str = "") -> bytes:
    """A DOC whose document begins with these numbers, in sectors or among the small streams."""
    document = struct.pack("<HH6xH", ident, version, flags).ljust(64 if small else 4096, b"\0")
    content = bytearray(ole({name or "WordDocument": 0}))
    sectors = (len(content) - 512) // 512
    table = struct.unpack_from("<128I", content, 512)
    stored = -(-len(document) // 512)
    chain = [*range(sectors + 1, sectors + stored), 0xFFFFFFFE]
    if small:
        chain.append(0xFFFFFFFE)  # a table of small sectors behind it
        struct.pack_into("<II", content, 60, sectors + 1, 1)
    new = [*table[:sectors], *chain]
    content[512:1024] = struct.pack("<128I", *new, *[0xFFFFFFFF] * (128 - len(new)))
    for entry in range(2):
        at = 1024 + entry * 128
        if small or entry:
            start = 0 if small and entry else sectors
            struct.pack_into("<II", content, at + 116, start, len(document))
            content[at + 66] = 2 if entry else 5
    content += document.ljust(stored * 512, b"\0")
    return bytes(content) + (
        struct.pack("<128I", 0xFFFFFFFE, *[0xFFFFFFFF] * 127) if small else b""
    )


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize(
    ("ident", "version", "flags", "kind"),
    [
        (0xA5EC, 193, 0x1200, formats.DOC),  # Word 97 and later
        (0xA5EC, 193, 0x1300, formats.PROTECTED_OFFICE),
        (0xA5EC, 193, 0x9300, formats.PROTECTED_OFFICE),  # obfuscated
        (0xA5DC, 104, 0x0000, formats.DOC),  # Word 95
        (0xA5DC, 104, 0x0100, formats.PROTECTED_OFFICE),
        (0xA5DC, 101, 0x0000, formats.DOC),  # Word 6
        (0xA5DC, 101, 0x8100, formats.PROTECTED_OFFICE),
        (0x0000, 0, 0xFFFF, formats.DOC),  # no such header: LinkedIn may know
    ],
)
def test_a_doc_says_whether_it_needs_a_password(
    ident: int, version: int, flags: int, kind: Kind, small: bool
) -> None:
    assert kind_of(word(ident, version, flags, small=small)) is kind


@pytest.mark.parametrize(
    ("streams", "kind"),
    [
        ({"WORDDOCUMENT": 0}, formats.DOC),
        ({"worddocument": 0, "1Table": 0}, formats.DOC),
        ({"WordDocument": 0, "EncryptionInfo": 0, "EncryptedPackage": 0}, formats.PROTECTED_OFFICE),
        ({"EncryptedPackage": 0, "WordDocument": 0}, formats.PROTECTED_OFFICE),
        ({"encryptedpackage": 0}, formats.PROTECTED_OFFICE),
        ({"Workbook": 0, "ObjectPool": 0, "EncryptedPackage": 2}, formats.OLE),
    ],
)
def test_streams_by_their_names(streams: dict[str, int], kind: Kind) -> None:
    assert kind_of(ole(streams)) is kind


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (30, b"\xff\xff"),  # the size of sectors
        (44, b"\xff\xff\xff\xff"),  # how many tables there are
        (44, b"\xff\xff\xff\x7f"),
        (56, b"\xff\xff\xff\xff"),  # what counts as small
        (64, b"\xff\xff\xff\xff"),  # how many tables of small sectors
        (72, b"\xff\xff\xff\xff"),
        (1024 + 120, b"\xff\xff\xff\xff"),  # the size of the small streams
        (1024 + 128 + 120, b"\xff\xff\xff\x7f"),  # the size of the document
    ],
)
@pytest.mark.parametrize("small", [False, True])
def test_claims_of_a_hostile_doc_cost_little(offset: int, value: bytes, small: bool) -> None:
    content = bytearray(word(0xA5EC, 193, 0x1200, small=small) + bytes(4 * 1024 * 1024))
    content[offset : offset + len(value)] = value
    # Each sector is followed by itself.
    content[512 + 16 : 1024] = struct.pack("<124I", *range(4, 128))
    begun = time.thread_time()
    tracemalloc.start()
    try:
        assert kind_of(bytes(content)) in (formats.DOC, formats.OLE)
        assert tracemalloc.get_traced_memory()[1] < 64 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert time.thread_time() - begun < 10


def test_a_directory_without_end_costs_little() -> None:
    content = ole({f"Stream{index}": 0 for index in range(3_000)})
    begun = time.thread_time()
    assert kind_of(content) is formats.OLE
    assert time.thread_time() - begun < 10


def package(target: str, parts: dict[str, bytes], kind: str = f"{OFFICE}/officeDocument") -> bytes:
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="a" Type="{OFFICE}/thumbnail" Target="word/document.xml"/>'
        f"<Relationship Target='{target}' Id='b' Type='{kind}'/></Relationships>"
    )
    return zipped(TYPES | {"_rels/.rels": relations.encode()} | parts)


def document(namespace: str = WORD) -> bytes:
    return f'<?xml version="1.0"?><w:document xmlns:w="{namespace}"/>'.encode()


BOOK = b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (package("word/document.xml", {"word/document.xml": document()}), formats.DOCX),
        (package("/Word/Document.XML", {"word/document.xml": document()}), formats.DOCX),
        (package("my/text.xml", {"my/text.xml": document()}), formats.DOCX),
        (package("/my/./a%20b.xml", {"my/a b.xml": document(STRICT)}), formats.DOCX),
        (package("x.xml", {"x.xml": document()}, "http://purl.oclc.org/ooxml/officeDocument"
                 "/relationships/officeDocument"), formats.DOCX),
        (package("x.xml", {"x.xml": document().decode().encode("utf-16")}), formats.DOCX),
        (package("xl/workbook.xml", {"xl/workbook.xml": BOOK}), formats.ZIP),
        (package("xl/workbook.xml", {"xl/workbook.xml": BOOK, "word/document.xml": document()}),
         formats.ZIP),
        (package("xl/workbook.xml", {"xl/workbook.xml": BOOK,
                                     "xl/embeddings/word/document.xml": document()}), formats.ZIP),
        (package("gone.xml", {"word/x.xml": document()}), formats.ZIP),
        (zipped(TYPES | {"word/document.xml": b""}), formats.DOCX),
        (zipped(TYPES | {"xl/embeddings/word/document.xml": b""}), formats.ZIP),
        (zipped({"word/document.xml": document()}), formats.ZIP),
        (zipped({"content.xml": b"", "mimetype": KIND.encode()}), formats.ODT),
        (zipped({"mimetype": f"{KIND}\n".encode()}), formats.ODT),
        (zipped({"mimetype": f"{KIND}-template".encode()}), formats.ODT),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}), formats.ZIP),
        (zipped({"META-INF/manifest.xml": f'<m:file-entry m:media-type="{KIND}"'
                 ' m:full-path="/"/>'.encode()}), formats.ODT),
        (zipped({"META-INF/manifest.xml": f'<m:file-entry m:media-type="{KIND}"'
                 ' m:full-path="Object 1/"/>'.encode()}), formats.ZIP),
        (zipped({"mimetype": KIND.encode(), "META-INF/manifest.xml":
                 b"<m:manifest><m:encryption-data/></m:manifest>"}), formats.PROTECTED_OFFICE),
        (ODT[:-30], formats.ZIP),
    ],
)  # fmt: skip
def test_archives(content: bytes, kind: Kind) -> None:
    assert kind_of(content) is kind


def test_a_docx_in_an_encrypted_archive() -> None:
    content = bytearray(package("word/document.xml", {"word/document.xml": document()}))
    for entry in re.finditer(rb"PK\x01\x02", bytes(content)):
        content[entry.start() + 8] |= 1
    assert kind_of(bytes(content)) is formats.PROTECTED_OFFICE


def test_a_compressed_odt() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("content.xml", b"x")
        archive.writestr("mimetype", KIND)
    assert kind_of(file.getvalue()) is formats.ODT


@given(st.data())
@pytest.mark.parametrize("name", ["resume.doc", "resume.docx", "resume.odt", "encrypted.pdf"])
def test_a_damaged_file_never_fails(name: str, data: st.DataObject) -> None:
    content = bytearray((FILES / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    kind_of(bytes(content))


@pytest.mark.parametrize(("revision", "aes"), [(3, False), (4, True), (6, True)])
@pytest.mark.parametrize("password", ["", "secret"])
def test_a_pdf_says_whether_it_needs_a_password(revision: int, aes: bool, password: str) -> None:
    made = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        encryption = pikepdf.Encryption(
            owner="owner",
            user=password,
            R=revision,  # type: ignore[arg-type]
            aes=aes,
            metadata=aes,
        )
        pdf.save(made, encryption=encryption)
    expected = formats.PROTECTED_PDF if password else formats.ENCRYPTED_PDF
    assert kind_of(made.getvalue()) is expected


def test_without_the_extra_no_pdf_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pikepdf", None)
    assert kind_of((FILES / "encrypted.pdf").read_bytes()) is formats.ENCRYPTED_PDF
