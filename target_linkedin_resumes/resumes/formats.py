"""Tell the kind of a file by its bytes, whatever its name says.

LinkedIn takes PDF, DOC and plain text. Other kinds are told apart so that an error can say what is
wrong: a DOCX can be saved as PDF, a login page needs credentials. Containers are told apart in
containers.py.
"""

from __future__ import annotations

import codecs
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
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
from target_linkedin_resumes.resumes.texts import BLANK, encoding_of


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
TEXT_BOM = Kind("plain text with a byte order mark", ".txt", _TXT, encoding="utf-8-sig")
TEXT_UTF16 = Kind("plain text in UTF-16", ".txt", _TXT, encoding="utf-16")
TEXT_CP1252 = Kind("plain text in Windows-1252", ".txt", _TXT, encoding="cp1252")

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
MHTML = Kind("a web archive or an e-mail (MHTML)", ".mht")
XML = Kind("an XML document", ".xml")
JSON = Kind("a JSON document", ".json")
UNKNOWN = Kind("of an unknown format", ".bin")
EMPTY = Kind("empty", ".txt", code="file_empty")

LOGIN_PAGE = Kind("a page that asks to log in", ".html", code=error_pages.LOGIN)
SHARE_PAGE = Kind("the page of a file-sharing service", ".html", code=error_pages.SHARE)
ERROR_PAGE = Kind(
    "an error message, or a page that leads elsewhere", ".html", code=error_pages.ERROR
)
_ERROR_PAGES = {kind.code: kind for kind in (LOGIN_PAGE, SHARE_PAGE, ERROR_PAGE)}

_HEAD = 64 * 1024
# Adobe's implementation note to the PDF specification: readers look for the header in the first
# 1,024 bytes.
_PDF_HEADER = re.compile(rb"%PDF-\d")
_PDF_WINDOW = 1024 + len(b"%PDF-1")
_TAIL = 4096
_SHORT = 1000  # bytes; messages that are no page are shorter, in any encoding

_SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PNG),
    (re.compile(rb"\xff\xd8\xff"), JPEG),
    (re.compile(rb"GIF8|II\*\0|MM\0\*|RIFF.{4}WEBP", re.DOTALL), IMAGE),
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
_ERROR_XML_START = re.compile(
    r"\s*(?:<\?xml.*?\?>\s*)?<(?:\w+:)?(?:Error|ErrorResponse|ServiceException)[\s>]", re.DOTALL
)
_XML_START = re.compile(r"\s*<(?:\?xml\s|[\w:.-]+\s[^<>]*\bxmlns[:=])")
_JSON_START = re.compile(r'\s*(?:\[\s*)?\{\s*(?:"[^"]*"\s*:|\}\s*\]?\s*$)')
_ERROR_JSON = re.compile(
    r'"(?:errors?|error_?code|error_?description|error_?message|exception|fault|message|detail)"\s*:',
    re.IGNORECASE,
)
_MHTML_START = re.compile(
    r"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?(?:MIME-Version:|Content-Type:\s*multipart/)",
    re.IGNORECASE,
)


def sniff(body: Readable, size: int) -> Kind:
    """Tell what ``body`` holds from its ``size`` bytes. Leaves it at any position.

    Plain text is read to its end, in pieces; of all else only the parts that tell.
    """
    if size == 0:
        return EMPTY
    body.seek(0)
    head = body.read(_HEAD)
    return _by_signature(body, size, head) or _by_text(body, size, head)


def _by_signature(body: Readable, size: int, head: bytes) -> Kind | None:
    """Tell kinds that begin with bytes of their own."""
    if _PDF_HEADER.match(head):
        return _pdf(body, size, 0)
    if head.startswith(OLE_SIGNATURE):
        return {"doc": DOC, "encrypted": PROTECTED_OFFICE}.get(ole_kind(body, size), OLE)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        kinds = {"docx": DOCX, "odt": ODT, "encrypted": PROTECTED_OFFICE}
        return kinds.get(zip_kind(body, size), ZIP)
    return next((kind for signature, kind in _SIGNATURES if signature.match(head)), None)


def _by_text(body: Readable, size: int, head: bytes) -> Kind:
    """Tell markup and plain text; a PDF may stand behind a text that does not belong to it."""
    start = _decoded(head)
    if start.lstrip().startswith("{\\rtf"):
        return RTF
    markup = _markup(start, whole=size <= len(head))
    may_be_pdf = markup in (None, HTML)  # it may stand behind the warnings of a web server
    junk = _PDF_HEADER.search(head[:_PDF_WINDOW]) if may_be_pdf else None
    if junk is not None and _ends_like_pdf(body, size):
        return _pdf(body, size, junk.start())
    if markup is not None:
        return markup
    encoding = encoding_of(body)
    if encoding is None:
        return UNKNOWN
    if encoding == BLANK:
        return EMPTY
    code = error_pages.text_code(head.decode(encoding, "replace")) if size <= _SHORT else None
    texts = (TEXT, TEXT_BOM, TEXT_UTF16, TEXT_CP1252)
    return _ERROR_PAGES[code] if code else next(one for one in texts if one.encoding == encoding)


def _decoded(head: bytes) -> str:
    """Decode what may be a text; for markup it is the ASCII characters that count."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    try:
        # An incremental decoder does not mind that the last character is cut.
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return head.decode("latin-1")


def _markup(start: str, *, whole: bool) -> Kind | None:
    """Tell HTML, XML, JSON and MIME by the first 64 KiB of a text, which may be the whole."""
    if _HTML_START.match(start):
        code = error_pages.page_code(start, whole=whole)
        return HTML if code is None else _ERROR_PAGES[code]
    if _ERROR_XML_START.match(start):
        return ERROR_PAGE
    if _XML_START.match(start):
        return XML
    if _JSON_START.match(start):
        return ERROR_PAGE if _ERROR_JSON.search(start[:2048]) else JSON
    if _MHTML_START.match(start[:4096]):
        return MHTML
    return None


def _ends_like_pdf(body: Readable, size: int) -> bool:
    tail = _window(body, max(0, size - _TAIL))
    return b"%%EOF" in tail or b"startxref" in tail


def _pdf(body: Readable, size: int, start: int) -> Kind:
    """Tell whether a PDF is encrypted: its trailer or cross-reference stream says so.

    ISO 32000-1, 7.5.5 and 7.5.8. ``start`` is where the header stands; offsets count from there,
    with some writers from the beginning of the file.
    """
    tail = _window(body, max(0, size - _TAIL))
    windows = [tail]
    found = re.findall(rb"startxref\s{1,8}(\d{1,10})", tail)
    if found:
        windows += [_window(body, int(found[-1]) + shift) for shift in {0, start}]
    if not any(b"/Encrypt" in window for window in windows):
        return PDF
    return PROTECTED_PDF if needs_password(body, size) else ENCRYPTED_PDF


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
