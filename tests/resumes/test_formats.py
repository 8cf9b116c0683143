import bz2
import gzip
import io
import json
import lzma
import struct
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes import formats
from target_linkedin_resumes.resumes.codes import CODES
from target_linkedin_resumes.resumes.formats import Kind, sniff
from target_linkedin_resumes.resumes.sources import Sources
from tests.resumes.samples import DOC, DOCX, FILES, ODT, PDF, TXT, ole, zipped

HTML = "<!DOCTYPE html><html><head><title>{}</title></head><body>{}</body></html>"
S3_ERROR = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>'
    b"<Message>Request has expired</Message></Error>"
)


def text(encoding: str) -> Kind:
    return replace(formats.TEXT, encoding=encoding)


def kind_of(content: bytes) -> Kind:
    return sniff(io.BytesIO(content), len(content))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("resume.pdf", formats.PDF),
        ("encrypted.pdf", formats.PROTECTED_PDF),
        ("resume.doc", formats.DOC),
        ("resume.docx", formats.DOCX),
        ("resume.odt", formats.ODT),
        ("resume.rtf", formats.RTF),
        ("resume.html", formats.HTML),
    ],
)
def test_files_of_real_programs(name: str, kind: Kind) -> None:
    assert kind_of((FILES / name).read_bytes()) is kind


@pytest.mark.parametrize("junk", [1, 1000, 1024])
def test_a_pdf_behind_junk(junk: int) -> None:
    for filler in (b"\n", b"\0", b"\xff", b"x"):
        assert kind_of(filler * junk + PDF) is formats.PDF
        assert kind_of(filler * junk + (FILES / "encrypted.pdf").read_bytes()) is (
            formats.PROTECTED_PDF
        )


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, formats.PDF),
        (PDF[:40], formats.PDF),  # cut off, but what else should it be
        (b"\xef\xbb\xbf" + PDF, formats.PDF),
        (b"<br />\n<b>Warning</b>: something in x.php\n" + PDF, formats.PDF),
        (b"--b\r\nContent-Type: application/pdf\r\n\r\n" + PDF + b"\r\n--b--", formats.PDF),
        (PDF.replace(b"<</Root", b"<</Encrypt 9 0 R/Root"), formats.ENCRYPTED_PDF),
        (b"x" * 1025 + PDF, formats.DAMAGED_PDF),
        # Read as text and written again: as UTF-8, as Windows-1252, with what was no text replaced.
        *(
            (PDF + b"<< /Filter /FlateDecode >>\nstream\r\n" + begin, formats.DAMAGED_PDF)
            for begin in (b"x\xc2\x9c", b"x\xc5\x93", b"H\xef\xbf\xbd", b"x\xc3\x9a")
        ),
        (PDF + b"stream\nx\x9c\xc3\x9a", formats.PDF),
        (PDF.replace(b"\n", rb"\n"), formats.DAMAGED_PDF),
        (b"junk \n" * 400 + PDF, formats.DAMAGED_PDF),
        (PDF.replace(b"%PDF-1.4", b"%PDF1.4"), formats.DAMAGED_PDF),
        (b"\r\n" + PDF.replace(b"%PDF-1.4", b"%PDF 1.4"), formats.DAMAGED_PDF),
        *(
            (PDF.replace(b"%PDF-1.4", header), formats.DAMAGED_PDF)
            for header in (b"%pdf-1.4", b"% PDF-1.4", b"PDF-1.4", b"%FDF-1.2", b"")
        ),
        (PDF.decode().encode("utf-16"), formats.DAMAGED_PDF),
        (PDF.decode().encode("utf-16-le"), formats.DAMAGED_PDF),
        (b"In 2010 1 objective: to grow.\n10 20 objections\n", formats.TEXT),
        ("%!PS-Adobe-3.0\n%%Title: resume\n".encode("utf-16"), formats.POSTSCRIPT),
        (b"%PDF-1.7\n%%EOF\n", formats.DAMAGED_PDF),
        (b"%PDF-1.7\n" + b"the object is not an obj\n" * 9000, formats.DAMAGED_PDF),
        (b"%PDF-1.7\n" + b"%" * 65_520 + b"1 0 obj<<>>endobj", formats.PDF),
        (b"I wrote a parser for %PDF-1.7 files.\n", formats.TEXT),
        (DOC, formats.DOC),
        (ole({"WordDocument": 0}, sector=4096), formats.DOC),
        (ole({"Workbook": 0, "MBD0001": 0, "WordDocument": 2}), formats.OLE),
        (ole({"__properties_version1.0": 0, "__nameid_version1.0": 0}), formats.OLE),
        (ole({"PowerPoint Document": 0}), formats.OLE),
        (ole({"EncryptionInfo": 0, "EncryptedPackage": 0}), formats.PROTECTED_OFFICE),
        (DOC[:600], formats.OLE),
        (DOC[:30], formats.OLE),
        (DOC[:8], formats.OLE),
        (DOC[:30] + b"\x07" + DOC[31:], formats.OLE),  # sectors of 128 bytes
        # A list of tables that comes back to itself, where the header says that there is none.
        (DOC[:68] + b"\3\0\0\0" + DOC[72:] + b"\3\0\0\0" * 128, formats.DOC),
        (DOCX, formats.DOCX),
        (zipped({"[Content_Types].xml": b"", "word/document2.xml": b""}), formats.DOCX),
        (zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), formats.ZIP),
        (zipped({"Index/Document.iwa": b""}), formats.ZIP),
        (zipped({}), formats.ZIP),
        (DOCX[:-30], formats.ZIP),
        (ODT, formats.ODT),
        (
            zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}),
            formats.ZIP,
        ),
        (b"{\\rtf1\\ansi Hello}", formats.RTF),
        (b"\r\n {\\rtf1\\ansi Hello}", formats.RTF),
        (b"\xef\xbb\xbf{\\rtf1 Hello}", formats.RTF),
        (b"<html><body>CV</body></html>", formats.HTML),
        (b"  <!-- a -->\n<!-- b --><HTML>", formats.HTML),
        (
            b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN">',
            formats.HTML,
        ),
        (b'<html xmlns:w="urn:schemas-microsoft-com:office:word">', formats.HTML),
        ("<html><body>CV</body></html>".encode("utf-16"), formats.HTML),
        (b"\xef\xbb\xbf<!doctype html>", formats.HTML),
        (b"<p>Fragment</p>", formats.HTML),
        (b"<p@example.com> is my address", formats.TEXT),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n", formats.MAIL),
        (b"From: a\r\nSubject: b\r\n c\r\nMIME-Version: 1.0\r\n\r\nx", formats.MAIL),
        (b"\n\r\n\nMIME-Version: 1.0\r\n\r\nx", formats.MAIL),
        (b"Received: by x\n" * 500 + b"MIME-Version: 1.0\n\nx", formats.MAIL),
        (b"X-Y: z\n" * 1500 + b"MIME-Version: 1.0\n\nx", formats.MAIL),
        (b"Return-Path: <a@example.com>\nFrom: a\n\nx", formats.MAIL),
        (b"From a@example.com Mon May  6 07:08:09 2024\nSubject: x\n\nx", formats.MAIL),
        (b"Subject: CV\nContent-Transfer-Encoding: base64\n\nJVBERi0=", formats.MAIL),
        (b"Date: Mon, 6 May 2024 07:08:09 +0000\nSubject: CV\n\nx", formats.MAIL),
        (b"Date: 6 May 2024\nSubject: Application\n\nDear all", formats.TEXT),
        (b"From Monday to Friday I wrote software.\n", formats.TEXT),
        (b"From: Jane Doe\nTo: Example Rail\nSubject: Application\n\nDear all", formats.TEXT),
        (b"%!PS-Adobe-3.0\n%%Title: resume\n", formats.POSTSCRIPT),
        (b"\x04%!PS\n", formats.POSTSCRIPT),
        (b"\xc5\xd0\xd3\xc6 \0\0\0", formats.POSTSCRIPT),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
            formats.LFS_POINTER,
        ),
        (b"../.git/annex/objects/ab/cd/SHA256E-s1--a.pdf/a.pdf", formats.LFS_POINTER),
        (b"/annex/objects/SHA256E-s123--abcd.pdf\n", formats.LFS_POINTER),
        (b"age-encryption.org/v1\n-> X25519 abc\n", formats.ARMORED),
        (b"To decrypt:\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n", formats.ARMORED),
        (b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n", formats.ARMORED),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nx", formats.ARMORED),
        (b"-----BEGIN PKCS7-----\nMIIB\n", formats.ARMORED),
        (repr(PDF).encode(), formats.PYTHON_BYTES),
        (repr(PDF * 1000).encode(), formats.PYTHON_BYTES),
        (b'b"Jane\'s resume"\n', formats.PYTHON_BYTES),
        (b"b'Elanna Torres, engineer\n10 years", formats.TEXT),
        (b'<?xml version="1.0"?><Resume/>', formats.XML),
        (b'<office:document xmlns:office="urn:x">', formats.XML),
        (b'{"name": "x", "work": []}', formats.JSON),
        (b"[{}]", formats.JSON),
        (b"[CV of 2024]\n- this and that", formats.TEXT),
        (b"{ } [ ] ( )", formats.TEXT),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", formats.PNG),
        *((pack(PDF), formats.PACKED) for pack in (gzip.compress, bz2.compress, lzma.compress)),
        *((start + b"\0" * 99, formats.PACKED) for start in (b"7z\xbc\xaf'\x1c", b"Rar!\x1a\x07")),
        (b"cv.pdf" + b"\0" * 251 + b"ustar\x0000" + PDF, formats.PACKED),
        (b"<resume><name>Jane</name></resume>", formats.XML),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><a><b>x</b></a></svg>', formats.XML),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", formats.JPEG),
        (b"GIF89a\x01\0\x01\0", formats.IMAGE),
        (b"II*\0\x08\0\0\0", formats.IMAGE),
        (b"RIFF\x24\0\0\0WEBPVP8 ", formats.IMAGE),
        (b"RIFF\x24\0\0\0WAVEfmt ", formats.UNKNOWN),
        (b"\xffWPC\x10\0\0\0\x01\x0a" + bytes(range(256)), formats.UNKNOWN),
        (bytes(range(256)), formats.UNKNOWN),
        (b"\x7fELF\x02\x01\x01" + bytes(60), formats.UNKNOWN),
        (TXT, formats.TEXT),
        ("Zürich, 東京 🙂\n".encode(), formats.TEXT),
        (("é" * 70000).encode(), formats.TEXT),  # longer than a piece, odd boundaries
        (("x" + "é" * 70000).encode(), formats.TEXT),
        (b"\xef\xbb\xbf" + TXT, text("utf-8-sig")),
        ("Zürich 🙂".encode("utf-16"), text("utf-16")),
        ("\ufeffZürich".encode("utf-16-be"), text("utf-16")),
        ("Zürich “quoted” 5 €".encode("cp1252"), text("cp1252")),
        (("x" * 200_000 + "ü").encode("cp1252"), text("cp1252")),
        (b"a bell \x07 among the words " + b"x" * 100, formats.TEXT),
        (b"page one\x0cpage two\x1a", formats.TEXT),
        (b"text\0text" * 100, formats.UNKNOWN),
        (b"x" * 300_000 + b"\0", formats.UNKNOWN),
        (b"", formats.EMPTY),
        (b" \r\n\t \n", formats.EMPTY),
        (b"\xef\xbb\xbf\n", formats.EMPTY),
        (b"\xff\xfe", formats.EMPTY),
        ("\u00a0\n".encode("cp1252"), formats.EMPTY),
    ],
)
def test_kinds(content: bytes, kind: Kind) -> None:
    assert kind_of(content) == kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (HTML.format("Candidate portal", '<input name=p type="password">'), formats.LOGIN_PAGE),
        (HTML.format("Portal", "<INPUT class=x TYPE=password>"), formats.LOGIN_PAGE),
        (HTML.format("Sign in - Google Accounts", ""), formats.LOGIN_PAGE),
        (HTML.format("Log In | CRM", ""), formats.LOGIN_PAGE),
        (HTML.format("resume.pdf - Google Drive", ""), formats.SHARE_PAGE),
        (HTML.format("Google Drive - Virus scan warning", ""), formats.SHARE_PAGE),
        (HTML.format("Dropbox - resume.pdf", ""), formats.SHARE_PAGE),
        (HTML.format("resume.pdf | Powered by Box", ""), formats.SHARE_PAGE),
        (HTML.format("404 Not Found", ""), formats.ERROR_PAGE),
        (HTML.format("Just a moment...", ""), formats.ERROR_PAGE),
        (HTML.format("\n Access\n Denied ", ""), formats.ERROR_PAGE),
        (HTML.format("Google Drive: Sign-in", ""), formats.LOGIN_PAGE),
        (HTML.format("Iniciar sesión", "x" * 2000), formats.LOGIN_PAGE),
        (HTML.format("Customer Login", "Welcome back"), formats.LOGIN_PAGE),
        (HTML.format("", "<h1 class=a>Log in to <b>CRM</b></h1>"), formats.LOGIN_PAGE),
        (HTML.format("", "Please log in to continue."), formats.LOGIN_PAGE),
        (HTML.format("resume.pdf - Dropbox", "x" * 2000), formats.SHARE_PAGE),
        (HTML.format("Dropbox", "Loading"), formats.SHARE_PAGE),
        (HTML.format("resume.docx - Microsoft Word Online", ""), formats.SHARE_PAGE),
        (HTML.format("resume.docx - Word", ""), formats.SHARE_PAGE),
        (HTML.format("resume.docx - Microsoft OneDrive", ""), formats.SHARE_PAGE),
        (HTML.format("Jane Doe - SharePoint", ""), formats.SHARE_PAGE),
        (HTML.format("Sharing Link Validation", ""), formats.SHARE_PAGE),
        (HTML.format("WeTransfer - Send Large Files", ""), formats.SHARE_PAGE),
        (HTML.format("Session Expired", ""), formats.ERROR_PAGE),
        (HTML.format("Link expired", ""), formats.ERROR_PAGE),
        (HTML.format("This link is no longer available | Files", ""), formats.ERROR_PAGE),
        (HTML.format("Oops! Something went wrong", ""), formats.ERROR_PAGE),
        (HTML.format("Scheduled maintenance", ""), formats.ERROR_PAGE),
        (HTML.format("Object moved", "Object moved to <a href=/>here</a>"), formats.ERROR_PAGE),
        (HTML.format("Example &#8211; Page not found", ""), formats.ERROR_PAGE),
        (HTML.format("HTTP Status 404 \u2013 Not Found", "x" * 2000), formats.ERROR_PAGE),
        (HTML.format("Error 404 (Not Found)!!1", ""), formats.ERROR_PAGE),
        (HTML.format("ERROR: The request could not be satisfied", ""), formats.ERROR_PAGE),
        (HTML.format("Error loading the file", "Try again"), formats.ERROR_PAGE),
        ("<html><body><center><h1>403 Forbidden</h1></center>nginx", formats.ERROR_PAGE),
        ("<center><h1>502 Bad Gateway</h1></center>", formats.ERROR_PAGE),
        (HTML.format("Files", "<h1>Something went wrong</h1>"), formats.ERROR_PAGE),
        (HTML.format("Files", "<p>This link has expired."), formats.ERROR_PAGE),
        (HTML.format("Files", "<div id=root>Loading...</div>"), formats.ERROR_PAGE),
        ('<a href="/login">Found</a>.', formats.ERROR_PAGE),
        ('<meta http-equiv="refresh" content="0; url=/files/1">', formats.ERROR_PAGE),
        ("<meta content='0;URL=/sso/start' http-equiv=refresh>Moment", formats.LOGIN_PAGE),
        (
            HTML.format("Redirecting", "<meta http-equiv=refresh content='0;url=/login'>"),
            formats.LOGIN_PAGE,
        ),
        ("Access Denied", formats.ERROR_PAGE),
        ("\ufeffAccess denied.\r\nReference #18.5f7a1002", formats.ERROR_PAGE),
        ("This link has expired", formats.ERROR_PAGE),
        ("Sorry, the page you requested could not be found.", formats.ERROR_PAGE),
        ("Your session has expired. Please log in again.", formats.ERROR_PAGE),
        ("404 page not found\n", formats.ERROR_PAGE),
        ("404: Not Found", formats.ERROR_PAGE),
        ("error code: 1020", formats.ERROR_PAGE),
        ("Forbidden", formats.ERROR_PAGE),
        ("The specified key does not exist.", formats.ERROR_PAGE),
        ("You need permission to see this item", formats.ERROR_PAGE),
        ("<br />\n<b>Fatal error</b>: Uncaught", formats.ERROR_PAGE),
        ("upstream connect error or disconnect/reset before headers", formats.ERROR_PAGE),
        ("Cannot GET /files/1", formats.ERROR_PAGE),
        ("null", formats.ERROR_PAGE),
        *(
            (text, formats.ERROR_PAGE)
            for text in ("None", "NaN", "N/A", "[object Object]", "(BLOB)")
        ),
        *((text, formats.ERROR_PAGE) for text in ("[B@1b6d3586", "System.Byte[]")),
        ("<memory at 0x7f2c3c1d2040>", formats.ERROR_PAGE),
        ("Zugriff verweigert", formats.ERROR_PAGE),
        ("Please sign in first", formats.LOGIN_PAGE),
        ("Authentication required", formats.LOGIN_PAGE),
        (S3_ERROR.decode(), formats.ERROR_PAGE),
        (S3_ERROR.decode().partition("\n")[2], formats.ERROR_PAGE),
        (
            '\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code>',
            formats.ERROR_PAGE,
        ),
        ('{"error": "expired"}', formats.ERROR_PAGE),
        ('[{"errorCode":"INVALID_SESSION_ID","message":"Session expired"}]', formats.ERROR_PAGE),
        ('{"status": 401, "detail": "token"}', formats.ERROR_PAGE),
        (json.dumps({"errors": []}, indent=2), formats.ERROR_PAGE),
    ],
)
def test_impostors(content: str, kind: Kind) -> None:
    assert kind_of(content.encode()) is kind


SHORT_PAGE = "<h1>Jane Doe</h1><p>Berlin, +49 30 1234567, jane@example.com"
LONG_PAGE = "<h1>Jane Doe</h1><p>" + "Wrote software. " * 60


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Resume", "I built the sign in page at Dropbox."),
        ("Curriculum of a Dropbox engineer", ""),
        ("Error Analysis Engineer - Jane Doe", SHORT_PAGE),
        ("Jane Doe - Login Systems Architect", SHORT_PAGE),
        ("Login Systems Architect | Jane Doe", SHORT_PAGE),
        ("Jane Doe - Maintenance Engineer", SHORT_PAGE),
        ("Jane Doe - Software Engineer - Dropbox", SHORT_PAGE),
        ("Jane Doe, 404 Media", SHORT_PAGE),
        ("Found - Jane Doe", SHORT_PAGE),
        ("500 Startups alumna - Jane Doe", SHORT_PAGE),
        ("Microsoft Word - Jane Doe.doc", SHORT_PAGE),
        ("Resume of Jane Doe", "<meta http-equiv=refresh content='0;url=/login'>" + LONG_PAGE),
        ("Resume of Jane Doe", "<meta http-equiv=refresh content=300>" + SHORT_PAGE),
        ("", SHORT_PAGE),
        ("", "<h1>Login and access specialist</h1>" + SHORT_PAGE),
        ("", LONG_PAGE + "<h1>Error handling</h1><p>404 Not Found, session expired, oops"),
        ("x", "<p>Jane Doe. Access denied was my first words. This link has expired, too."),
    ],
)
def test_pages_that_are_resumes(title: str, body: str) -> None:
    assert kind_of(HTML.format(title, body).encode()) is formats.HTML


@pytest.mark.parametrize(
    "text",
    [
        "Jane Doe",
        "Jane Doe, +49 30 1234567",
        "Jane Doe\nEngineer\n\n- wrote software\n",
        "Jane Doe. Cut the error rate of the login page; no session expired, no access denied.",
        "Jane Doe\nAccess denied analyst, 2019-2024\n404 Not Found handling",
        "Error analysis engineer with ten years of work. Jane Doe, jane@example.com",
        "Login systems architect Jane Doe, 555 0100",
        "Unauthorized access specialist: Jane Doe",
        "Forbidden City tour guide, Jane Doe, Beijing",
        "Session musician. Jane Doe, 555 0100",
        "Warning systems engineer Jane Doe",
        "500 Startups alumna, Jane Doe",
        "Found and fixed leaks for ten years. Jane Doe, plumber",
        "Page layout and content editor; Jane Doe",
        "Access denied. " + "So it said, and I found out why. " * 8 + "Jane Doe",
    ],
)
def test_short_texts_that_are_resumes(text: str) -> None:
    assert kind_of(text.encode()) is formats.TEXT


@pytest.mark.parametrize("entries", [1, 3, 4, 5, 60])
@pytest.mark.parametrize("padding", [0, 200, 130 * 128])
def test_the_word_stream_is_found_wherever_it_is(entries: int, padding: int) -> None:
    names = {f"Stream{index}": 0 for index in range(entries)} | {"WordDocument": 0}
    content = ole(names, padding=padding)
    expected = formats.DOC if padding < 109 * 128 else formats.OLE
    assert kind_of(content) is expected


def test_a_doc_whose_list_of_tables_goes_on() -> None:
    """Over 7 MB the table of sectors has more parts than the header has room for."""
    content = bytearray(ole({"WordDocument": 0}, padding=130 * 128))
    fats = struct.unpack_from("<I", content, 44)[0]
    more = list(range(109, fats)) + [0xFFFFFFFF] * (127 - (fats - 109)) + [0xFFFFFFFE]
    where = len(content) // 512 - 1
    struct.pack_into("<II", content, 68, where, 1)
    content += struct.pack("<128I", *more)
    assert kind_of(bytes(content)) is formats.DOC


@given(st.data())
def test_a_damaged_doc_never_fails(data: st.DataObject) -> None:
    content = bytearray(DOC)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(8, len(content) - 4))
        value = data.draw(st.sampled_from([0, 1, 2, 3, 0xFFFFFFFE, 0xFFFFFFFF, 0x7FFFFFFF]))
        struct.pack_into("<I", content, at, value)
    assert kind_of(bytes(content)) in (formats.DOC, formats.OLE)


@given(
    st.binary(max_size=600)
    | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_are_some_kind(content: bytes) -> None:
    kind = kind_of(content)
    assert kind.content_type in (None, "application/pdf", "application/msword", "text/plain")
    if kind.content_type == "text/plain":
        assert kind.encoding is not None
        assert content.decode(kind.encoding).strip()


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_any_text_is_text(text: str) -> None:
    content = f"Resume: {text}".encode()
    assert kind_of(content) is formats.TEXT


@pytest.mark.parametrize(
    "hostile",
    [
        b"<!--" * 16_000,
        b"<!---->" * 9_000 + b"x",
        b"<!--a--><?b?>" * 5_000 + b"x",
        b"<?" * 30_000,
        b" " * 65_000 + b"x",
        b"a:\n" * 21_000,
        b"a-" * 32_000,
        b"[" * 65_000,
        b'{"' * 32_000,
        b"<a " * 21_000,
        b"<html><title>" + b" " * 65_000,
        b"<html>" + b"<title " * 9_000,
        b"<html>" + b"<input type=" * 5_000,
        b"<html><title>" + b"a - " * 60 + b"</title>",
        b"<html><title>" + b"the error oops " * 20 + b"</title>",
        b"<html>" + b"<meta http-equiv=refresh url " * 2_000,
        b"<html>" + b"<meta http-equiv=refresh url>" * 2_000,
        b"<html>" + b"<script></script " * 3_500,
        b"<html>" + b"<!--" * 16_000,
        b"<html>" + b"<svg " * 13_000,
        b"the this that your our " * 8 + b"x",
        b"sorry oops! " * 15,
        b"%PDF-1.4\n" + b"startxref " * 6_000,
        b"%PDF-1.4\n" + b"1 " * 30_000,
        b"\n" * 65_000 + b"a:\n",
        b"b'" + b"' " * 32_000,
        b"-----BEGIN " * 6_000,
        b"data:a/b" + b";" * 4_000,
    ],
)
def test_hostile_text_costs_no_time(hostile: bytes) -> None:
    begun = time.process_time()
    kind_of(hostile)
    assert time.process_time() - begun < 1


def test_only_parts_of_a_large_binary_file_are_read() -> None:
    class Counting(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            piece = super().read(size)
            Counting.taken += len(piece)
            return piece

    content = PDF + bytes(9_000_000) + PDF
    assert sniff(Counting(content), len(content)) is formats.PDF
    assert Counting.taken < 100_000


@pytest.mark.parametrize(
    ("content", "code", "hint"),
    [
        (DOCX, "unsupported_format", "save it as PDF in the source system, or set `convert`"),
        (b"{\\rtf1 x}", "unsupported_format", "set `convert`"),
        (b"\x89PNG\r\n\x1a\n", "unsupported_format", "PNG image"),
        (ole({"EncryptedPackage": 0}), "file_encrypted", "without a password"),
        (b"\0\1\2\3", "unsupported_format", "unknown format"),
        (b" \n", "file_empty", "empty"),
        (S3_ERROR, "source_error_page", "error message"),
        (HTML.format("Login", "").encode(), "source_login_page", "`file_sources`"),
        (HTML.format("Google Drive", "").encode(), "source_share_page", "direct download"),
    ],
)
def test_a_refusal_says_what_it_is_and_what_to_do(
    tmp_path: Path, content: bytes, code: str, hint: str
) -> None:
    (tmp_path / "cv.pdf").write_bytes(content)
    with pytest.raises(Reject) as caught, Sources(tmp_path).open(ResumeFile("cv.pdf")):
        pytest.fail("it was opened")
    assert (caught.value.code, hint in caught.value.message) == (code, True)


def test_every_refusal_has_a_documented_code() -> None:
    kinds = [kind for kind in vars(formats).values() if isinstance(kind, Kind)]
    assert len(kinds) > 20
    assert {kind.code for kind in kinds if kind.content_type is None} <= set(CODES)
