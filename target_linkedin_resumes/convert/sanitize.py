"""Sanitize what goes into LibreOffice, and normalize the PDF that comes out. Pure.

Documents lose what was deleted and what would be fetched; the profile runs no macro and follows no
link; the PDF of a document is the same each time.
"""

from __future__ import annotations

import hashlib
import re

import lxml.html
from lxml import etree

from target_linkedin_resumes.convert.docx import docx_without_changes
from target_linkedin_resumes.convert.html import SYMBOLS, clean_tree, decode_page
from target_linkedin_resumes.convert.odt import odt_without_changes
from target_linkedin_resumes.convert.safe_zip import no_surprise, open_archive
from target_linkedin_resumes.resumes.formats import DOCX, HTML, ODT, Kind
from target_linkedin_resumes.resumes.spool import Found

# Should a link be followed all the same, it is through a proxy that is not there (port 9 discards).
_SETTINGS = (
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Writer/Content/Update", "Link", "0"),
    ("Inet/Settings", "ooInetProxyType", "2"),
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
    ("Inet/Settings", "ooInetNoProxy", ""),
)
PROFILE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry">\n'
    + "".join(
        f'<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>\n"
        for path, name, value in _SETTINGS
    )
    + "</oor:items>\n"
)

# The import of RTF follows INCLUDEPICTURE whatever the profile says. Without its instruction a
# field shows its last result; a link shows its text. Pages are numbered anew, and EQ is for names
# with a reading above them. Before these words may stand what formats, and no character.
_RTF_FINE = (
    rb"(?:[\s{]|\\(?!u[0-9-]|bin)[a-z]{1,32}-?[0-9]{0,10}+ ?){0,99}+"
    rb"(?:PAGE|NUMPAGES|SECTIONPAGES|EQ)(?=[\s\\}])"
)
_RTF_ACTIVE = re.compile(
    rb"\\(fldinst(?!%s)|objdata|objautlink|objupdate|template|NeXTGraphic)(?![A-Za-z])" % _RTF_FINE
)
# Where the font is not named, LibreOffice has no glyph for them.
_RTF_SYMBOL = re.compile(rb"\\u(-?[0-9]{4,5})(?![0-9])")
_RTF_DELETED = re.compile(rb"\\deleted(0?)(?![A-Za-z0-9])")
_RTF_REVISED = re.compile(rb"\\(?:revised0?|revauth(?:del)?|revdttm(?:del)?)(?![A-Za-z])")

_LEFT_OUT = ("base", "frame", "frameset", "layer", "link", "meta")
_ATTRIBUTES = frozenset(
    (  # noqa: SIM905 - a list would take a page
        "align bgcolor border cellpadding cellspacing class color colspan dir face height id lang"
        " nowrap rowspan size span start style type valign value width"
    ).split()
)
_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif);", re.IGNORECASE)
_FETCHING = re.compile(r"url\s*\([^)]*\)?|@import[^;]*;?|expression\s*\(|[\\<]", re.IGNORECASE)

_PDF_DATE = re.compile(rb"(?<=Date\(D:)\d{14}(?=[Z+-])")
_PDF_CHECKSUM = re.compile(rb"(?<=/DocChecksum /)[0-9A-F]{32}")
_PDF_ID = re.compile(rb"/ID \[ <([0-9A-F]{32})>\s<([0-9A-F]{32})> \]")


@no_surprise()
def sanitize(found: Found, kind: Kind) -> bytes:
    """Read a document and take away what must not be shown or followed. Raises :class:`Reject`."""
    if kind in (DOCX, ODT):
        without_changes = docx_without_changes if kind is DOCX else odt_without_changes
        with open_archive(found) as archive:
            return archive.rewritten(without_changes(archive))
    found.body.seek(0)
    content = found.body.read()
    return sanitize_page(content) if kind is HTML else sanitize_rtf(content)


def sanitize_rtf(content: bytes) -> bytes:
    """Take away what makes a document fetch others, hide what was deleted, and unmark the rest.

    Bullets of symbol fonts become characters that all fonts have.
    """
    content = _RTF_SYMBOL.sub(_symbol, content)
    content = _RTF_ACTIVE.sub(lambda match: b"\\x" + b"x" * len(match[1][1:]), content)
    return _RTF_REVISED.sub(rb"\\x", _RTF_DELETED.sub(rb"\\v\1\\x", content))


def _symbol(match: re.Match[bytes]) -> bytes:
    symbol = SYMBOLS.get(int(match[1]) % 65536)
    return match[0] if symbol is None else b"\\u%d" % ord(symbol)


def sanitize_page(content: bytes) -> bytes:
    """Take scripts, forms, frames and all that would be fetched out of a page.

    Styles and embedded pictures stay. Raises :class:`Reject`.
    """
    root = clean_tree(decode_page(content), keep="style")
    etree.strip_elements(root, *_LEFT_OUT, with_tail=False)
    for style in root.iter("style"):
        style.text = _FETCHING.sub(" ", style.text or "")
    for element in root.iter():
        for name, value in element.items():
            fine = (
                (name in _ATTRIBUTES and not _FETCHING.search(value))
                or (name == "href" and _LINK.match(value))
                or (name == "src" and _PICTURE.match(value))
            )
            if not fine:
                del element.attrib[name]
    # The byte order mark tells the encoding; what the page said of it is gone.
    page: str = lxml.html.tostring(root, encoding="unicode")
    return ("\ufeff" + page).encode("utf-8", "replace")


def normalize_pdf(content: bytes) -> bytes:
    """Make a PDF the same each time the same document is converted.

    Time and random identifier are replaced by fixed ones of the same length, so that no offset in
    the file changes.
    """
    content = _PDF_CHECKSUM.sub(b"0" * 32, _PDF_DATE.sub(b"20000101000000", content))
    found = _PDF_ID.search(content)
    if found is None:
        return content
    digest = hashlib.sha256(content[: found.start()]).hexdigest()[:32].upper().encode()
    fixed = found[0].replace(found[1], digest).replace(found[2], digest)
    return content[: found.start()] + fixed + content[found.end() :]
