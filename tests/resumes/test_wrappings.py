"""Files that an export has written as text, in files and in records."""

import base64
import binascii
import json
import quopri
import time
from pathlib import Path

import pytest

from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes.sources import Sources
from tests.resumes.samples import DOC, DOCX, PDF, TXT

PLAIN = base64.b64encode(PDF)
UMLAUTS = "Zürich, Köln, Malmö: zehn Jahre Arbeit an großen Brücken\n" * 4
WRAPPED = {
    "base64": PLAIN,
    "base64 without padding": PLAIN.rstrip(b"="),
    "base64 in lines": base64.encodebytes(PDF),
    "base64 in lines of Windows": base64.encodebytes(PDF).replace(b"\n", b"\r\n"),
    "base64 for URLs": base64.urlsafe_b64encode(PDF),
    "base64 with a mark": b"\xef\xbb\xbf" + PLAIN,
    "base64 of PowerShell": PLAIN.decode().encode("utf-16"),
    "base64 in quotes": json.dumps(PLAIN.decode()).encode(),
    "base64 in Python's bytes": repr(PLAIN).encode(),
    "a data: URI": b"data:application/pdf;base64," + PLAIN,
    "base64 twice": base64.b64encode(PLAIN),
    "base64 three times": base64.encodebytes(base64.b64encode(PLAIN)),
    "MySQL": PDF.hex().upper().encode(),
    "SQL Server": b"0x" + PDF.hex().encode(),
    "Postgres": b"\\x" + PDF.hex().encode(),
    "hex of base64": PLAIN.hex().encode(),
    "base64 four times": base64.b64encode(base64.b64encode(base64.b64encode(PLAIN))),
    "base64 with a slash as in JSON": PLAIN.replace(b"/", b"\\/"),
    "base64 with line ends as in programs": base64.encodebytes(PDF).replace(b"\n", b"\\r\\n"),
    "base64 with percent signs": PLAIN.replace(b"+", b"%2B").replace(b"=", b"%3D"),
    "base64 in UTF-16 without a mark": PLAIN.decode().encode("utf-16-le"),
    "a data: URI in lines": b"data:application/pdf;base64,\n" + base64.encodebytes(PDF),
    "hex in pairs": PDF.hex(" ").encode(),
    "hex with colons": PDF.hex(":").encode(),
    "base64 in short lines": b"\n".join(PLAIN[at : at + 20] for at in range(0, len(PLAIN), 20)),
    "a data: URI with a name of two words": b"data:application/pdf;name=my cv.pdf;base64," + PLAIN,
    "a data: URI with blanks": b"data: application/pdf; base64, " + PLAIN,
    "base64 in UTF-32 without a mark": PLAIN.decode().encode("utf-32-be"),
    ".NET": PDF.hex("-").upper().encode(),
    "SQL": b"X'" + PDF.hex().upper().encode() + b"'",
    "Postgres, escaped": b"\\\\x" + PDF.hex().encode(),
    "C": ", ".join(f"0x{byte:02X}" for byte in PDF).encode(),
}


def opened(root: Path, content: bytes, *, in_record: bool = False) -> tuple[str, bytes]:
    """Type and bytes of what is sent, or the code of the reject and its message."""
    if in_record:
        file = ResumeFile(content=base64.b64encode(content).decode())
    else:
        (root / "cv.txt").write_bytes(content)
        file = ResumeFile("cv.txt")
    with Sources(root) as sources:
        try:
            with sources.open(file) as resume:
                return resume.content_type, resume.body.read()
        except Reject as reject:
            return reject.code, reject.message.encode()


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
def test_a_wrapped_file_is_undone(tmp_path: Path, wrapped: bytes) -> None:
    assert opened(tmp_path, wrapped) == ("application/pdf", PDF)


@pytest.mark.parametrize(
    "before", [b"", b'"', b"'", b"b'", b"X'", b'"data:application/pdf;base64,']
)
def test_a_long_file_in_quotation_marks_is_undone(tmp_path: Path, before: bytes) -> None:
    """Of a file the beginning tells, where the last mark does not show."""
    long = PDF.replace(b"%%EOF", b"% more\n" * 4000 + b"%%EOF")
    content = long.hex().encode() if before == b"X'" else base64.b64encode(long)
    quote = before.strip(b"bX")[:1]
    assert opened(tmp_path, before + content + quote + b"\n") == ("application/pdf", long)


LONG = base64.b64encode(PDF * 3)
NOTATIONS = {
    "base32": base64.b32encode(PDF),
    "base85": base64.a85encode(PDF, adobe=True),
    "base64 that is cut": LONG[:-3],
    "base64 in a list": b'["' + LONG + b'"]',
    "base64 in a table": b'id,file\n1,"' + LONG + b'"\n',
    "base64 in XML": b"<file>" + LONG + b"</file>",
    "uuencode": b"begin 644 cv.pdf\n"
    + b"".join(binascii.b2a_uu(PDF[at : at + 45]) for at in range(0, len(PDF), 45))
    + b"`\nend\n",
    "numbers": str([*PDF]).encode(),
    "Node": b"<Buffer 25 50 44 46 2d 31 ... 900 more bytes>",
    "quoted-printable": quopri.encodestring(UMLAUTS.encode()),
    "quoted-printable in ASCII": quopri.encodestring(b"a = b, and so on for a long time " * 9),
    "a bytearray": str(bytearray(PDF)).encode(),
    "a PDF in JSON": json.dumps(PDF.decode("latin-1")).encode(),
    "base64 five times": base64.b64encode(
        base64.b64encode(base64.b64encode(base64.b64encode(PLAIN)))
    ),
    "base64 that is cut, in short lines": b"\n".join(
        LONG[:-3][at : at + 40] for at in range(0, len(LONG) - 3, 40)
    ),
    "base64 behind a few words": b"Jane Roe\nEngineer in Bristol\n\n" + base64.encodebytes(PDF * 3),
    "hex with a digit missing": PDF.hex().encode()[:-1],
    "hex of assemblers": "".join(f"{byte:02X}h " for byte in PDF).encode(),
    "a dump of xxd": b"00000000: 2550 4446 2d31 2e34 0a31 2030 206f 626a  %PDF-1.4.1 0 obj\n" * 9,
    "a dump of hexdump": b"00000000  25 50 44 46 2d 31 2e 34  0a 31 20 30 20 6f 62 6a  |%PDF|\n"
    * 9,
    "a dump of od": "\n".join(
        f"{at:07o} " + " ".join(f"{byte:03o}" for byte in PDF[at : at + 16])
        for at in range(0, len(PDF), 16)
    ).encode(),
    "numbers with blanks": " ".join(map(str, PDF)).encode(),
    "numbers of Go": str([*PDF]).replace(",", "").encode(),
    "numbers with signs": str([*(byte - 256 for byte in PDF)]).encode(),
    "numbers in braces": f"{{{str([*PDF])[1:-1]}}}".encode(),
    "Uint8Array": f"Uint8Array({len(PDF)}) {[*PDF]}".encode(),
    "binary digits": "".join(f"{byte:08b}" for byte in PDF).encode(),
    "binary digits with blanks": " ".join(f"{byte:08b}" for byte in PDF).encode(),
    "octal escapes": "".join(f"\\{byte:03o}" for byte in PDF).encode(),
    "Postgres, escape format": PDF.replace(b"\n", b"\\012"),
    "Ruby": b'"' + PDF.replace(b"\n", b"\\n") + b'"',
}


@pytest.mark.parametrize("content", NOTATIONS.values(), ids=NOTATIONS)
def test_another_notation_of_bytes_is_no_text(tmp_path: Path, content: bytes) -> None:
    assert opened(tmp_path, content)[0] == "unsupported_format"


@pytest.mark.parametrize(
    "text",
    [
        b"Jane Roe\n" + b"https://example.com/" + b"abcdefghij0123456789" * 20 + b"\n",
        b"Jane Roe\n" + (b"=" * 70 + b"\nSkills: x=1, y=A1, z=B2\n") * 9,
        b"_" * 300 + b"\nJane Roe\n",
        b"Jane Roe <jane@example.com>\nEngineer\n",
        b"<Jane Roe>\nEngineer, likes 1, 2, 3\n",
        "\u738b\u5c0f\u660e".encode() * 100,
        b"Data:Science/Engineering, ten years of work in Bristol and in London\n",
        b"data:,Jane Roe is an engineer in Bristol since ten years",
        b"Data: analyst; base64, encoders and codecs for ten years\n",
        b"2010 2011 2012 2013\nJane Roe\n",
        b"Add a bad face, Ada: a decade, be a dad",
    ],
)
def test_a_text_of_words_stays_one(tmp_path: Path, text: bytes) -> None:
    assert opened(tmp_path, text) == ("text/plain", text)


@pytest.mark.parametrize("name", ["base64", "base64 in lines", "SQL Server", "Postgres", "MySQL"])
def test_a_file_is_wrapped_once_more_in_its_record(tmp_path: Path, name: str) -> None:
    assert opened(tmp_path, WRAPPED[name], in_record=True) == ("application/pdf", PDF)


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (base64.b64encode(DOC), ("application/msword", DOC)),
        (base64.b64encode(TXT), ("text/plain", TXT)),
        (TXT.hex().encode(), ("text/plain", TXT)),
        (base64.b64encode(UMLAUTS.encode()), ("text/plain", UMLAUTS.encode())),
        (base64.b64encode(UMLAUTS.encode("cp1252")), ("text/plain", UMLAUTS.encode())),
        (base64.b64encode(UMLAUTS.encode("utf-16")), ("text/plain", UMLAUTS.encode())),
    ],
)
def test_other_kinds_are_undone(tmp_path: Path, content: bytes, sent: tuple[str, bytes]) -> None:
    assert opened(tmp_path, content) == sent


NO_END = PDF[: PDF.index(b"xref")] + b"% more\n" * 100
CUT = base64.b64encode(NO_END)


@pytest.mark.parametrize("at", [len(CUT) // 8 * 4 + more for more in (1, 2, 3)])
@pytest.mark.parametrize("before", [b"", b"data:application/pdf;base64,"])
def test_base64_that_was_cut_is_told(tmp_path: Path, at: int, before: bytes) -> None:
    """It ends within four digits, and the PDF in it has no end."""
    assert opened(tmp_path, before + CUT[:at])[0] == "unsupported_format"
    file = ResumeFile(content=(before + CUT[:at]).decode())
    with (
        Sources(tmp_path) as sources,
        pytest.raises(Reject) as caught,
        sources.open(file),
    ):
        pytest.fail("it was opened")
    assert caught.value.code == "invalid_base64"


def test_a_pdf_without_an_end_is_the_readers_business(tmp_path: Path) -> None:
    assert opened(tmp_path, NO_END) == ("application/pdf", NO_END)
    assert opened(tmp_path, base64.b64encode(NO_END)) == ("application/pdf", NO_END)
    whole = base64.b64encode(PDF + b"\n")
    assert whole.endswith(b"=")
    assert opened(tmp_path, whole.rstrip(b"=")) == ("application/pdf", PDF + b"\n")


def test_hex_of_a_text_in_another_encoding(tmp_path: Path) -> None:
    text = "Иван Кузнецов, инженер из Москвы, десять лет опыта. " * 5
    assert opened(tmp_path, text.encode("cp1251").hex().encode()) == ("text/plain", text.encode())


def test_a_login_page_in_base64_is_one(tmp_path: Path) -> None:
    page = b"<html><title>Sign in</title></html>"
    assert opened(tmp_path, base64.b64encode(page))[0] == "source_login_page"


def test_the_name_stays(tmp_path: Path) -> None:
    (tmp_path / "Jane Doe.b64.txt").write_bytes(PLAIN)
    with Sources(tmp_path) as sources, sources.open(ResumeFile("Jane Doe.b64.txt")) as resume:
        assert resume.filename == "Jane Doe.b64.pdf"


@pytest.mark.parametrize(
    ("inner", "label"),
    [
        (DOCX, b"DOCX"),
        (b"\x89PNG\r\n\x1a\n" + bytes(300), b"PNG"),
        (b"<html><body>" + b"Resume. " * 90, b"HTML"),
        (bytes(range(256)) * 3, b"no known file format"),
    ],
)
def test_what_is_not_taken_is_told_by_name(tmp_path: Path, inner: bytes, label: bytes) -> None:
    for wrapped in (base64.b64encode(inner), base64.encodebytes(inner), inner.hex().encode()):
        code, message = opened(tmp_path, wrapped)
        assert code == "unsupported_format"
        assert label in message


@pytest.mark.parametrize(
    "words",
    [
        "Resume",
        "Jane",
        "Jane Doe Engineer",
        "JaneDoe12345678",
        "Jane\nDoe\nEngineer\nPython\nSQL\nBerlin\nGerman\nEnglish\n",
        "Engineering\nProgramming\nManagement1\nMathematics\nPhotography\n" * 10,
        "20240501",
        "0049 30 1234567",
        "data: 5 May 2024, Berlin",
        "Data:,",
        "deadbeef cafe",
        "'quoted'",
        "abcdefgh" * 100,
        "x" * 1000,
        "=-" * 200,
    ],
)
def test_words_are_words(tmp_path: Path, words: str) -> None:
    assert opened(tmp_path, words.encode()) == ("text/plain", words.encode())


@pytest.mark.parametrize(
    "hostile",
    [
        b"data:a/b" + b";" * 4000,
        b"data:a/b;" + b"x;" * 40_000,
        b"0x" * 500_000,
        b"'" * 500_000,
        b"ab\n" * 500_000,
        b"\\" * 500_000,
        b"/annex/objects/" * 4000 + b" x",
    ],
)
def test_hostile_text_costs_no_time(tmp_path: Path, hostile: bytes) -> None:
    begun = time.process_time()
    opened(tmp_path, hostile)
    assert time.process_time() - begun < 20  # were it quadratic, hours
