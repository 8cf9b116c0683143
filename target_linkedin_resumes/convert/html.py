"""Write HTML as plain text, as a person would read it. Opens nothing.

DOCX and ODT come through here as well, as HTML. Inscriptis lays the text out. Before, the tree is
brought into a form in which nothing is hidden, rows of tables are lines, and links and headings
show what they are.
"""

from __future__ import annotations

import re
import unicodedata

import lxml.html
from inscriptis.css_profiles import STRICT_CSS_PROFILE
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement
from lxml import etree

from target_linkedin_resumes.convert.css import apply_styles, hide
from target_linkedin_resumes.convert.safe_zip import Element, too_much
from target_linkedin_resumes.resumes.texts import decode

_MAX_ELEMENTS = 100_000
_MAX_CHARACTERS = 1_000_000
_MAX_DEPTH = 250
# Scripts, styles, fields of forms, frames, what stands in for another thing, deleted text, and of
# formulas and drawings what is not shown.
_SKIPPED = frozenset(
    (  # noqa: SIM905 - a list would take a page
        "annotation annotation-xml applet audio base canvas datalist defs del desc embed frame"
        " frameset iframe input layer link meta metadata meter noembed noframes noscript object"
        " option progress script select style symbol template textarea title video"
    ).split()
)
_BLOCKS = frozenset(
    (  # noqa: SIM905 - a list would take a page
        "address article aside blockquote body caption center dd details dialog dir div dl dt"
        " fieldset figcaption figure footer foreignobject form h1 h2 h3 h4 h5 h6 header hgroup hr"
        " legend li main menu nav ol p pre search section summary table tbody td text tfoot th"
        " thead tr ul"
    ).split()
)
_INLINE = re.compile(r"display\s*:\s*inline", re.IGNORECASE)
# What is laid out as another element.
_TAGS = (("//li/p", "div"), ("//tspan[@x or @dy]", "div"), ("//dir | //menu", "ul"))
_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_NOTE_RETURN = re.compile("#(?:foot|end)note-ref-")  # Mammoth's way back from a note to the text
# What XML forbids. Two of them part words on the way to a browser.
_FORBIDDEN = dict.fromkeys((*range(9), *range(14, 32), 0xFFFE, 0xFFFF)) | {11: " ", 12: " "}
# What stands behind them is shown; libxml2 would drop it.
_ENDS = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
_REFERENCE = re.compile("&#(?:x([0-9a-f]{1,8})|([0-9]{1,8}));?", re.IGNORECASE)
_CHARSET = re.compile(
    r"<(?:meta\s[^<>]{0,200}?charset|\?xml\s[^<>]{0,200}?encoding)\s*=\s*[\"']?([\w.:-]{1,40})",
    re.IGNORECASE,
)
# Marks are noncharacters of Unicode, which no text has.
# Inscriptis folds tabs and reads "&copy" in a text as ©; these two stand in for tab and ampersand.
TAB = "\ufdd0"
_AMPERSAND = "\ufdd1"
_PASS = str.maketrans({"&": _AMPERSAND})
# Stands before and behind the number of a page.
PAGE_NUMBER = "\ufdd2"
_NUMBER = re.compile(f"{PAGE_NUMBER}.*?{PAGE_NUMBER}")
# Codes of fields of Word: numbers of pages, and links with their options.
PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
_LINK_FIELD = re.compile(
    r'\s*HYPERLINK\s+(?:\\[a-z]\s+(?:"[^"]*"\s+(?=["h]))?)*(?:"([^"]*)"|(https?:[^\s"]+))',
    re.IGNORECASE,
)
_PAGE_LINE = 30  # characters of "Page 10 of 12" in most languages, and of a name with a number
_EDGES = " \t|/.,;:·•*()[]<>_\u2013\u2014-"
# What stands about the number of a page where nothing else does, in the languages of Europe and
# East Asia. A word that is not here stays in the text.
_ABOUT_PAGES = re.compile(
    r"(?:\W|\b(?:pages?|pgs?|p|pp|of|seiten?|von|p[aá]gs?|p[aá]ginas?|pagin[aăeiy]|de|di|van|sur"
    r"|sid[aeo]r?|side|av|af|sivu|sayfa|stran[aye]|str|strona|z|ze|zo|s|oldal|lk|lpp|puslapis|iš|no"
    r"|leht|стр|страница|сторінка|из|з|от|σελίδα|από)\b|[第页頁共ページ쪽페이지중총])*",
    re.IGNORECASE,
)
_BACK = str.maketrans({TAB: "\t", _AMPERSAND: "&"})
CHECKED, UNCHECKED = "☒", "☐"
# Bullets and ticks of the fonts Symbol and Wingdings, which have no characters of their own.
SYMBOLS = {
    0xF0B7: "•", 0xF0A7: "▪", 0xF0D8: "➢", 0xF0FC: "✓", 0xF076: "❖", 0xF0A8: "☐", 0xF0FE: "☒",
}  # fmt: skip
_PLAIN = str.maketrans({"\u00a0": " ", "\u2011": "-"}) | SYMBOLS
_KEPT_CONTROLS = "\n\t\u200c\u200d"  # Persian and Indic scripts and emoji need the joiners
_STYLES = ParserConfig(
    css={name: HtmlElement(display=Display.block) for name in _BLOCKS}
    | {name: style for name, style in STRICT_CSS_PROFILE.items() if name != "q"}
)


def html_text(content: bytes) -> str:
    """Read a page. Raises :class:`Reject`."""
    return tree_text(clean_tree(decode_page(content)))


def decode_page(content: bytes) -> str:
    """Decode a page by its mark, what it declares, or what it can be."""
    if b"\0" not in content[:4]:  # as a page in UTF-16 has
        content = content.replace(b"\0", b"")
    named = _CHARSET.search(content[:4096].decode("latin-1"))
    return decode(content, named[1] if named else None)


def clean_tree(page: str, *, keep: str = "") -> Element:
    """Parse a page, errors and all, and take out what is not shown.

    ``keep`` names elements that stay all the same. Raises :class:`Reject` for what is nested too
    deeply or far larger than a resume.
    """
    parser = lxml.html.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    page = _REFERENCE.sub(_resolved, _ENDS.sub("", page)).translate(_FORBIDDEN)
    root = lxml.html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    if root.xpath("/*" * _MAX_DEPTH):
        raise too_much("its elements are nested too deeply")
    if sum(1 for _ in root.iter()) > _MAX_ELEMENTS:
        raise too_much("it has far more elements than a resume")
    for head in root.findall("head"):
        head.tag = "div"  # libxml2 takes elements that it does not know for a part of the head
    for element in root.xpath("//*[@hidden or @popover or self::dialog[not(@open)]]"):
        hide(element)
    apply_styles(root)
    etree.strip_elements(root, *(_SKIPPED - {keep}), with_tail=False)
    return root


def _resolved(match: re.Match[str]) -> str:
    """Resolve a reference to a character that XML forbids, and leave the others to the parser."""
    code = int(match[1], 16) if match[1] else int(match[2])
    return chr(code) if code in _FORBIDDEN else match[0]


def tree_text(root: Element) -> str:
    """Write a tree as text; changes the tree. Raises :class:`Reject`."""
    check_length(len(root.xpath("string()")))
    for element in root.iter():
        element.text = (element.text or "").translate(_PASS)
        element.tail = (element.tail or "").translate(_PASS)
    etree.strip_elements(root, "rp", "rt", "rtc", with_tail=False)  # readings of names
    for path, tag in _TAGS:
        for element in root.xpath(path):
            element.tag = tag
    for block in root.iter(*(_BLOCKS - {"pre"})):
        _trim(block)
    for link in list(root.iter("a")):
        if _NOTE_RETURN.match(link.get("href", "")):
            link.drop_tree()
        else:
            shown = target_shown(link.get("href", "").strip(), "".join(link.itertext()))
            link.tail = shown.translate(_PASS) + link.tail
    for listing in reversed(list(root.iter("ol", "ul"))):
        _arrange(listing)
    for table in reversed(list(root.iter("table"))):  # those within others first
        _lines(table)
    for heading in list(root.iter("h1", "h2")):
        _underline(heading)
    text = Inscriptis(root, _STYLES).get_text()
    check_length(len(text))
    return clean_text(text.translate(_BACK))


def clean_text(text: str) -> str:
    """Leave out control characters and blanks at the ends of lines, and all blank lines but one.

    The result is in NFC and ends with a line feed, unless it is empty.
    """
    kept_characters = (
        character
        for character in text.translate(_PLAIN)
        if character in _KEPT_CONTROLS or unicodedata.category(character) not in ("Cc", "Cf", "Cs")
    )
    text = unicodedata.normalize("NFC", "".join(kept_characters))
    # Tabs part the words of a line; at its beginning and behind blanks there is nothing to part.
    lines = [
        re.sub(r"(?:^|(?<=\s))\t+", "", _without_number(line)).rstrip()
        for line in text.splitlines()
    ]
    kept = [line for at, line in enumerate(lines) if line or (at and lines[at - 1])]
    whole = "\n".join(kept).strip("\n")
    return f"{whole}\n" if whole else ""


def _without_number(line: str) -> str:
    """Take the number of the page out of a short line, and all of a line that has nothing else."""
    whole = line.replace(PAGE_NUMBER, "")
    if whole == line or len(whole.strip()) > _PAGE_LINE:
        return whole
    rest = _NUMBER.sub("", line).strip(_EDGES)
    words = re.sub(r"\b[0-9]{1,3}\b", "", rest, count=1)  # how many there are, where that is typed
    return "" if _ABOUT_PAGES.fullmatch(words) else rest


def check_length(characters: int) -> None:
    """Raise :class:`Reject` for more characters than a resume can have."""
    if characters > _MAX_CHARACTERS:
        raise too_much("it has far more text than a resume")


def link_of(code: str) -> str:
    """Return the target that the code of a field of Word links to; empty if it is no link."""
    found = _LINK_FIELD.match(code)
    return (found[1] or found[2] or "") if found else ""


def underlined(heading: str, level: int) -> str:
    """Return the line below a heading that shows it for one; empty below level 2."""
    return {1: "=", 2: "-"}.get(level, "") * min(len(heading), 80)


def _trim(block: Element) -> None:
    """Take away the blanks at the edges of a block, which Inscriptis would make lines of."""
    if _INLINE.search(block.get("style", "")):
        del block.attrib["style"]  # without these blanks, it would run into the next
    block.text, block.tail = block.text.lstrip(), (block.tail or "").lstrip()
    before = block.getprevious()
    if before is not None:
        before.tail = before.tail.rstrip()
    elif block.getparent() is not None:
        block.getparent().text = block.getparent().text.rstrip()


def target_shown(target: str, text: str) -> str:
    """Return what is written behind a link: where it leads, unless its text says it already."""
    if not _LINK.match(target):
        return ""
    scheme, _, address = target.partition(":")
    shown = {"mailto": address.partition("?")[0], "tel": address}.get(scheme.lower(), target)
    if scheme.lower() == "tel":
        shown, text = (re.sub(r"[^+0-9]", "", number) for number in (shown, text))
    return "" if re.sub(r"^https?://|/$", "", shown.lower()) in text.lower() else f" ({shown})"


def _arrange(listing: Element) -> None:
    """Number a list that does not begin with 1, and raise points that stand below none."""
    first = listing.find("li")
    if first is None:
        return
    inner = first[0] if len(first) == 1 else None
    if inner is not None and inner.tag == listing.tag and not f"{first.text}{inner.tail}".strip():
        inner.drop_tag()
        first.drop_tag()
        first = listing.find("li")
    if first is not None and re.fullmatch("[0-9]{1,6}", listing.get("start", "")):
        first.set("value", listing.get("start"))


def _lines(table: Element) -> None:
    """Make a line of each row whose cells are short, else a paragraph of each cell."""
    for row in list(table.iter("tr")):
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        shown = [cell for cell in cells if "".join(cell.itertext()).strip()]
        is_line = not any(map(_is_long, shown))
        for part in (row, *cells):
            part.tag = "span" if is_line else "div"
        if is_line:
            for inner in [block for cell in cells for block in cell.iter(*_BLOCKS)]:
                inner.tag = "span"
            for cell in shown[:-1]:
                cell.tail += " | "
        if is_line and shown:
            row.addnext(etree.Element("br"))
    table.tag = "p"
    for part in table.iter("tbody", "thead", "tfoot", "caption", "td", "th"):
        part.tag = "div"


def _is_long(cell: Element) -> bool:
    blocks = [inner.tag for inner in cell.iter(*_BLOCKS, "br") if inner is not cell]
    return blocks not in ([], ["p"], ["div"])


def _underline(heading: Element) -> None:
    text = " ".join("".join(heading.itertext()).split())
    if text and heading.find(".//br") is None:
        heading.append(etree.Element("br"))
        heading[-1].tail = underlined(text, int(heading.tag[1]))
