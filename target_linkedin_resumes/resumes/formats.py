"""Tell the kind of a file by its bytes, whatever its name says. Opens nothing.

LinkedIn takes PDF, DOC and plain text. Other kinds are told apart so that an error can say what is
wrong: a DOCX can be saved as PDF, a login page needs credentials. Of the two containers, OLE2 (DOC)
and ZIP (DOCX, ODT), a bounded part of the directory is read, and no content.
"""

from __future__ import annotations

import codecs
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from target_linkedin_resumes.http.messages import Readable
from target_linkedin_resumes.resumes import error_pages
from target_linkedin_resumes.resumes.containers import (
    OLE_SIGNATURE,
    needs_password,
    ole_kind,
    zip_kind,
)
from target_linkedin_resumes.resumes.spool import Found
from target_linkedin_resumes.resumes.texts import BLANK, UNTOLD, encoding_of, wide_encoding


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    ``label`` is for messages ("a DOCX document"). ``content_type`` is the one LinkedIn takes it
    by, None when it does not. ``code`` is the reject code for what LinkedIn does not take.
    ``convertible`` kinds can be made into one it takes. ``encoding`` is that of a plain text.
    """

    label: str
    extension: str
    content_type: str | None = None
    code: str = "unsupported_format"
    convertible: bool = False
    encoding: str | None = None


_PDF, _DOC, _TXT = "application/pdf", "application/msword", "text/plain"

PDF = Kind("a PDF document", ".pdf", _PDF)
# Most encrypted PDFs open without a password: they only forbid editing or printing.
ENCRYPTED_PDF = Kind("an encrypted PDF document", ".pdf", _PDF)
DOC = Kind("a Word document (DOC)", ".doc", _DOC)
TEXT = Kind("plain text", ".txt", _TXT, encoding="utf-8")

DOCX = Kind("a Word document in the newer format (DOCX)", ".docx", convertible=True)
ODT = Kind("an OpenDocument text (ODT)", ".odt", convertible=True)
RTF = Kind("a Rich Text document (RTF)", ".rtf", convertible=True)
HTML = Kind("an HTML page", ".html", convertible=True)

PROTECTED_OFFICE = Kind("a password-protected Office document", ".docx", code="file_encrypted")
PROTECTED_PDF = Kind("a PDF document that needs a password", ".pdf", code="file_encrypted")
OLE = Kind("an Office file that is not a Word document, or a damaged one", ".bin")
ZIP = Kind("a ZIP archive", ".zip")
PNG = Kind("a PNG image", ".png")
JPEG = Kind("a JPEG image", ".jpg")
IMAGE = Kind("an image", ".img")
MAIL = Kind("an e-mail, a mailbox or a web archive (MHTML)", ".eml")
POSTSCRIPT = Kind("a PostScript document", ".ps")
DAMAGED_PDF = Kind("a damaged PDF document", ".pdf")
LFS_POINTER = Kind("a pointer of Git LFS or git-annex, not the file that it points to", ".txt")
ARMORED = Kind("encrypted or signed (PGP, S/MIME), or a key", ".asc")
PACKED = Kind("packed (gzip, bzip2, xz, Zstandard, 7z, RAR, tar)", ".bin")
ENCODED = Kind(
    "other bytes written as text (quoted-printable, uuencode, a list of numbers)", ".txt"
)
PYTHON_BYTES = Kind("Python's notation of bytes (b'...'), not the bytes", ".txt")
XML = Kind("an XML document", ".xml")
JSON = Kind("a JSON document", ".json")
UNKNOWN = Kind("of an unknown format", ".bin")
EMPTY = Kind("empty", ".txt", code="file_empty")
UNREADABLE_TEXT = Kind("plain text in an unknown encoding", ".txt", code="unknown_encoding")

LOGIN_PAGE = Kind("a page that asks to log in", ".html", code=error_pages.LOGIN)
SHARE_PAGE = Kind("the page of a file-sharing service", ".html", code=error_pages.SHARE)
ERROR_PAGE = Kind("an error message or a redirect page", ".html", code=error_pages.ERROR)
_ERROR_PAGES = {kind.code: kind for kind in (LOGIN_PAGE, SHARE_PAGE, ERROR_PAGE)}

_HEAD = 64 * 1024
# Adobe's implementation note to the PDF specification: readers look for the header in the first
# 1,024 bytes.
_PDF_HEADER = re.compile(rb"%PDF-\d")
# Of a PDF whose header is missing or bent, or that is in UTF-16.
_PDF_TEXT = re.compile(r"\A\s*%PDF|(?<![^\r\n])\d{1,7} \d{1,5} obj\b(?=\s*(?:<<|[\[(\d]))")
_PDF_OBJECT = re.compile(rb"\d\s{1,8}\d{1,5}\s{1,8}obj\b")
# Of a PDF that was read and written as text: its line ends are escapes, and what begins its packed
# streams has become other characters.
_ESCAPED_PDF = re.compile(rb"[^%]{0,32}%PDF-\d\.\d\\+[nrx0-7]")
_SPOILT_STREAM = re.compile(rb"stream\r?\n[Hhx](?:\xc2[\x80-\x9f]|\xc3\x9a|\xc5\x93|\xef\xbf\xbd)")
_FIRST_STREAM = 2048  # bytes within which the first stream begins, as a rule
_PDF_WINDOW = 1024 + len(b"%PDF-1")
_TAIL = 4096
_SHORT = 1000  # bytes; messages that are no page are shorter, in any encoding

_SIGNATURES = (
    (
        re.compile(
            rb"\x1f\x8b\x08|BZh[1-9](?:1AY&SY|\x17rE8P)|\xfd7zXZ\0|\x28\xb5\x2f\xfd|7z\xbc\xaf\x27\x1c"
            rb"|Rar!\x1a\x07|.{257}ustar[\0 ]",
            re.DOTALL,
        ),
        PACKED,
    ),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PNG),
    (re.compile(rb"\xff\xd8\xff"), JPEG),
    (re.compile(rb"GIF8|II\*\0|MM\0\*|RIFF.{4}WEBP", re.DOTALL), IMAGE),
    (re.compile(rb"\xc5\xd0\xd3\xc6"), POSTSCRIPT),
)

# What may stand before the first tag: blanks, comments, an XML prolog. The groups are atomic, so
# that hostile input cannot make the match try every way to part it.
_BEFORE_TAG = r"\s*+(?:(?><!--.*?-->)\s*+|(?><\?.*?>)\s*+)*+"
_HTML_START = re.compile(
    _BEFORE_TAG
    + r"<(?:!doctype\s+html|(?:html|head|body|title|meta|link|script|style|table|t[rdh]|div|p"
    r"|h[1-6]|center|form|iframe|noscript|article|aside|section|main|header|footer|nav|figure|address|pre"
    r"|blockquote|[uod]l|li|d[td]|[bh]r|img|span|font|a|b|i|u|em|strong|small|big|su[bp])"
    r"(?=[\s/>]))",
    re.IGNORECASE | re.DOTALL,
)
# What other elements pages begin with, and what shows that they are pages.
_TAG_START = re.compile(
    _BEFORE_TAG + r"<(!\[if|[a-z][\w:.-]*)(?=[\s/>])", re.IGNORECASE | re.DOTALL
)
_HTML_TAG = re.compile(
    r"</?(?:p|div|span|br|h[1-6]|ul|ol|li|table|td|body|section|article|b|strong|em|a)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_ERROR_XML_START = re.compile(
    r"\s*(?:<\?xml.*?\?>\s*)?<(?:\w+:)?(?:Error|ErrorResponse|ServiceException)[\s>]", re.DOTALL
)
_XML_START = re.compile(r"\s*<(?:\?xml\s|[\w:.-]+\s[^<>]*\bxmlns[:=])")
_JSON_START = re.compile(r'\s*(?:\[\s*)?\{\s*(?:"[^"]*"\s*:|\}\s*\]?\s*$)')
# Quoted-printable (RFC 2045): characters beyond ASCII in UTF-8, and what else "=" begins.
_QUOTED_UTF_8 = re.compile(r"=(?:[CD][0-9A-F]|E[0-9A-F]=[89AB][0-9A-F])=[89AB][0-9A-F]")
_QUOTED = re.compile(r"=(?:[0-9A-F]{2}|\r?\n|[0-9A-F]?\Z)")
_ERROR_JSON = re.compile(
    r'"(?:errors?|error_?code|error_?description|error_?message|exception|fault|message|detail)"\s*:',
    re.IGNORECASE,
)
# How other texts begin that are no resumes.
_TEXT_STARTS = (
    (
        re.compile(
            r"\s*(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?"
            r"(?:MIME-Version:|Content-Type:\s*multipart/|Content-Transfer-Encoding:|Message-ID:"
            r"|Received:|Return-Path:|Date:\s*\w{3},\s*\d{1,2}\s\w{3}\s\d{4}\s\d\d:)"
            r"|\s*From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ",
            re.IGNORECASE,
        ),
        MAIL,
    ),
    (
        re.compile(
            r"\s*(?:version https://git-lfs\.github\.com/|\S{0,200}/annex/objects/\S+\s*\Z)"
        ),
        LFS_POINTER,
    ),
    (
        re.compile(
            r"\s*(?:-----BEGIN [A-Z0-9 ]{3,40}-----|age-encryption\.org/v1\n)"
            r"|.*?^-----BEGIN PGP MESSAGE-----",
            re.DOTALL | re.MULTILINE,
        ),
        ARMORED,
    ),
    (re.compile(r"\x04?\s{0,64}%!PS"), POSTSCRIPT),
    (
        re.compile(
            r"""\s*(?:bytearray\(|memoryview\()?b(['"])(?:[^\n]*\1\s*\Z|%PDF|PK|\{?\\|[A-Za-z0-9+/]{64})"""
        ),
        PYTHON_BYTES,
    ),
    (
        re.compile(
            r"\s*+(?:begin \d{3} \S[^\n]*\n[ -`]{1,62}\n|=ybegin |<Buffer [0-9a-f]{2} |<~[!-u]{32}"
            r"|(?:\w+\(\d*\)?)?\s*+[\[({]?\s*+(?:-?\d{1,8}[\s,;]++){32}"  # numbers
            r"|(?:\\[0-7]{3}){32}|(?:[0-9A-Fa-f]{2}h[\s,]*+){32}|(?:[01]{8}\s*+){32}"
            r"|0{4,8}:?\s++(?:[0-9A-Fa-f]{2,4}\s++){8})"  # a dump
        ),
        ENCODED,
    ),
)


def sniff(body: Readable, size: int, declared: str | None = None) -> Kind:
    """Tell what ``body`` holds from its ``size`` bytes. Leaves it at any position.

    ``declared`` is the codec that a text is said to be in. Plain text is read to its end, in
    pieces; of all else only the parts that tell.
    """
    if size == 0:
        return EMPTY
    body.seek(0)
    head = body.read(_HEAD)
    return _by_signature(body, size, head) or _by_text(body, size, head, declared)


def _by_signature(body: Readable, size: int, head: bytes) -> Kind | None:
    """Tell kinds that begin with bytes of their own."""
    if _PDF_HEADER.match(head):
        return _pdf(body, size, head, 0)
    if head.startswith(OLE_SIGNATURE):
        return {"doc": DOC, "encrypted": PROTECTED_OFFICE}.get(ole_kind(body, size), OLE)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        kinds = {"docx": DOCX, "odt": ODT, "encrypted": PROTECTED_OFFICE}
        return kinds.get(zip_kind(body, size), ZIP)
    return next((kind for signature, kind in _SIGNATURES if signature.match(head)), None)


def _by_text(body: Readable, size: int, head: bytes, declared: str | None) -> Kind:
    """Tell markup and plain text; a PDF may stand behind a text that does not belong to it."""
    start = _decoded(head)
    if start.lstrip().startswith("{\\rtf"):
        return RTF
    markup = _markup(start, whole=size <= len(head))
    if markup is not None and markup is not HTML:
        return markup
    junk = _PDF_HEADER.search(head)
    is_pdf = junk is not None and _ends_like_pdf(body, size)
    if junk is not None and is_pdf and junk.end() <= _PDF_WINDOW:
        return _pdf(body, size, head, junk.start())  # also behind the warnings of a web server
    if markup is not None:
        return markup
    if is_pdf or _ESCAPED_PDF.match(head) or _PDF_TEXT.search(start):
        return DAMAGED_PDF
    code = error_pages.text_code(start) if size <= _SHORT else None
    return _ERROR_PAGES[code] if code else _text(encoding_of(body, declared))


def _text(encoding: str | None) -> Kind:
    kinds = {None: UNKNOWN, BLANK: EMPTY, UNTOLD: UNREADABLE_TEXT, TEXT.encoding: TEXT}
    return kinds.get(encoding) or replace(TEXT, encoding=encoding)


def _decoded(head: bytes) -> str:
    """Decode what may be a text; for markup it is the ASCII characters that count."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    wide = wide_encoding(head) if b"\0" in head else None
    try:
        # An incremental decoder does not mind that the last character is cut.
        return codecs.getincrementaldecoder(wide or "utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return head.decode("latin-1")


def _markup(start: str, *, whole: bool) -> Kind | None:
    """Tell HTML, XML, JSON and MIME by the first 64 KiB of a text, which may be the whole."""
    tag = _TAG_START.match(start)
    is_xml = _XML_START.match(start) is not None
    if _HTML_START.match(start) or (tag and not is_xml and _HTML_TAG.search(start, tag.end())):
        code = error_pages.page_code(start, whole=whole)
        return HTML if code is None else _ERROR_PAGES[code]
    if _ERROR_XML_START.match(start):
        return ERROR_PAGE
    if is_xml or (tag and f"</{tag[1]}>" in start):
        return XML
    if _JSON_START.match(start):
        return ERROR_PAGE if _ERROR_JSON.search(start[:2048]) else JSON
    if "=" in start and _is_quoted_printable(start):
        return ENCODED
    return next((kind for pattern, kind in _TEXT_STARTS if pattern.match(start)), None)


def _is_quoted_printable(start: str) -> bool:
    if len(_QUOTED_UTF_8.findall(start)) > 1:
        return True
    quoted = _QUOTED.findall(start)
    return len(quoted) > 3 and len(quoted) == start.count("=") and "=\n" in start.replace("\r", "")


def _ends_like_pdf(body: Readable, size: int) -> bool:
    tail = _window(body, max(0, size - _TAIL))
    return b"%%EOF" in tail or b"startxref" in tail


def _pdf(body: Readable, size: int, head: bytes, start: int) -> Kind:
    """Tell whether a PDF is damaged, or encrypted: its trailer or cross-reference says so.

    ISO 32000-1, 7.5.5 and 7.5.8. ``start`` is where the header stands; offsets count from there,
    with some writers from the beginning of the file.
    """
    stream = max(0, head.find(b"stream", start, start + _FIRST_STREAM))
    is_spoilt = _ESCAPED_PDF.match(head, start) or _SPOILT_STREAM.match(head, stream)
    if is_spoilt or not _has_object(body, head):
        return DAMAGED_PDF
    tail = _window(body, max(0, size - _TAIL))
    windows = [tail]
    found = re.findall(rb"startxref\s{1,8}(\d{1,10})", tail)
    if found:
        windows += [_window(body, int(found[-1]) + shift) for shift in {0, start}]
    if not any(b"/Encrypt" in window for window in windows):
        return PDF
    return PROTECTED_PDF if needs_password(body, size) else ENCRYPTED_PDF


def _has_object(body: Readable, piece: bytes) -> bool:
    """Tell whether a PDF has an object at all, from its first piece on."""
    body.seek(len(piece))
    before = b""
    while piece:
        if _PDF_OBJECT.search(before + piece):
            return True
        before, piece = piece[-32:], body.read(_HEAD)
    return False


def _window(body: Readable, offset: int) -> bytes:
    body.seek(offset)
    return body.read(_TAIL)


class Converter(Protocol):
    """Converts documents to a kind that LinkedIn takes. May be used by many threads at once."""

    @property
    def makes(self) -> Kind:
        """The kind that :meth:`convert` produces."""
        ...

    def convert(self, found: Found, kind: Kind) -> AbstractContextManager[Found]:
        """Convert a document of a convertible kind.

        Raises :class:`Reject` (``conversion_failed``, ``file_too_large``) and :class:`Retry`.
        """
        ...

    def close(self) -> None:
        """Stop conversions under way, and remove temporary files."""
        ...
