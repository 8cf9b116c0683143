import base64
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes.inline import open_content, open_data
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.resumes.spool import MAX_SIZE
from tests.resumes.samples import PDF

PLAIN = base64.b64encode(PDF).decode()


def content(text: str) -> bytes:
    with open_content(text) as found:
        read = found.body.read()
        assert found.size == len(read)
        return read


def data(uri: str) -> tuple[bytes, str | None]:
    with open_data(uri) as found:
        return found.body.read(), found.name


def code(text: str) -> str:
    with pytest.raises(Reject) as caught:
        data(text) if text.startswith("data:") else content(text)
    assert "field 'file'" in caught.value.message
    return caught.value.code


def no_hex(raw: bytes) -> bool:
    """Base64 that consists of digits in hex is taken for those if a text comes out."""
    return re.fullmatch(b"[0-9A-Fa-f]+", base64.b64encode(raw).rstrip(b"=")) is None


@given(st.binary(max_size=400).filter(no_hex))
def test_all_that_base64_looks_like_in_practice(raw: bytes) -> None:
    plain = base64.b64encode(raw).decode()
    safe = base64.urlsafe_b64encode(raw).decode()
    mime = base64.encodebytes(raw).decode()
    for text in (plain, safe, mime, mime.replace("\n", "\r\n"), f" {plain}\n", plain.rstrip("=")):
        assert content(text) == raw
    assert data(f"data:application/pdf;base64,{plain}") == (raw, None)
    assert content(f"data:;base64,{safe.rstrip('=')}") == raw
    escaped = plain.replace("+", "%2B").replace("/", "%2f").replace("=", "%3D")
    assert data(f"data:application/pdf;BASE64,{escaped}") == (raw, None)


@pytest.mark.parametrize("size", [786_431, 786_432, 786_433, 2_000_000])
@pytest.mark.parametrize("width", [0, 76, 61])
def test_long_content_comes_out_whole(size: int, width: int) -> None:
    raw = bytes(range(256)) * (size // 256 + 1)
    raw = raw[:size]
    text = base64.b64encode(raw).decode()
    if width:
        text = "\r\n".join(text[at : at + width] for at in range(0, len(text), width))
    assert content(text) == raw


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("data:,Hello%2C%20World", (b"Hello, World", None)),
        ("data:text/plain;charset=utf-8,caf%C3%A9", ("café".encode(), None)),
        ("DATA:text/plain;name=my%20cv.txt,x", (b"x", "my cv.txt")),
        ("data:application/pdf;name=cv.pdf;base64,JVBERg==", (b"%PDF", "cv.pdf")),
        ("data:application/pdf; base64 ,JVBERg==", (b"%PDF", None)),
    ],
)
def test_data_uris(uri: str, expected: tuple[bytes, str | None]) -> None:
    assert data(uri) == expected


@pytest.mark.parametrize(
    "garbage",
    [
        "not base64 at all!",
        "A",
        "AAAAA",
        "QQ==QQ==",
        "QQ=Q",
        "=QQQ",
        "Q===",
        "QUJD=QUJD",
        "JVBE\0Rg==",
        "JVBE\u00e9Rg==",
        "JVBE\ud800",
        "%ZZJVBE",
        "/srv/files/cv.pdf",
        "https://files.example.com/cv.pdf",
        '{"id": 5}',
        "QUJD" * 70_000 + "=" + "QUJD",
        "data:application/pdf;base64,???",
    ],
)
def test_garbage_is_told(garbage: str) -> None:
    assert code(garbage) == "invalid_base64"


@pytest.mark.parametrize(
    "text",
    [
        PDF.hex(),
        PDF.hex().upper(),
        f"0x{PDF.hex()}",
        f"0X{PDF.hex().upper()}",
        f"\\x{PDF.hex()}",
        "".join(f"\\x{byte:02x}" for byte in PDF),
        PDF.hex(" "),
        f"'{PLAIN}'",
        f'"{PLAIN}"\n',
        f"b'{PLAIN}'",
        f'"data:application/pdf;base64,{PLAIN}"',
    ],
)
def test_what_databases_and_programs_make_of_a_file(text: str) -> None:
    assert content(text) == PDF


def test_a_short_text_in_hex() -> None:
    assert content(b"Jane Doe".hex()) == b"Jane Doe"
    assert content(f"0x{b'Jane'.hex()}") == b"Jane"
    assert content("cafecafe") == base64.b64decode("cafecafe")  # no text in hex


def test_many_digits_in_hex_are_no_base64() -> None:
    raw = bytes(range(256))
    assert content(raw.hex()) == raw
    assert code(raw.hex()[:-1]) == "invalid_base64"


def test_a_data_uri_without_data() -> None:
    assert code("data:application/pdf;base64") == "invalid_source"
    assert code("data:" + "a" * 2000 + ",x") == "invalid_source"


def test_size_is_bounded() -> None:
    assert len(content(base64.b64encode(bytes(MAX_SIZE)).decode())) == MAX_SIZE
    assert code(base64.b64encode(bytes(MAX_SIZE + 1)).decode()) == "file_too_large"
    assert code("data:," + "a" * (MAX_SIZE + 1)) == "file_too_large"
    assert code("data:," + "%41" * (MAX_SIZE + 1)) == "file_too_large"


def test_through_sources(tmp_path: Path) -> None:
    with Sources(tmp_path) as sources:
        with sources.open(ResumeFile(content=PLAIN, filename="cv.docx")) as resume:
            assert (resume.filename, resume.size) == ("cv.pdf", len(PDF))
            assert resume.body.read() == PDF
        with sources.open(ResumeFile(f"data:x/y;base64,{PLAIN}")) as resume:
            assert (resume.filename, resume.content_type) == ("resume.pdf", "application/pdf")
        for empty in ("", "data:,", "data:;base64,"):
            file = ResumeFile(content=empty) if not empty else ResumeFile(empty)
            with pytest.raises(Reject) as caught, sources.open(file):
                pytest.fail("it was opened")
            assert caught.value.code == "file_empty"


@pytest.mark.parametrize("uri", ["data:,a\ud800", "data:text/plain,\udfff%41"])
def test_half_a_surrogate_pair_is_told(uri: str) -> None:
    with pytest.raises(Reject, match="half of a surrogate pair") as caught:
        data(uri)
    assert caught.value.code == "invalid_source"


@given(st.text(), st.text(), st.sampled_from(["", ";base64", ";name=", "text/plain"]))
def test_any_data_uri_is_a_file_or_a_reject(header: str, data: str, more: str) -> None:
    file = ResumeFile(f"data:{header}{more},{data}")
    with suppress(Reject), Sources(Path(__file__).parent).open(file) as resume:
        assert resume.size
