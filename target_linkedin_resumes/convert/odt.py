"""ODT: with tracked changes accepted, and as HTML. Source: OpenDocument 1.3, part 3.

The existing libraries show hidden text, number bullets and leave out the headers of pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from html import escape

from lxml import etree

from target_linkedin_resumes.convert.html import PAGE_NUMBER, TAB
from target_linkedin_resumes.convert.safe_zip import Archive, Element, needs_password

_NAMES = {
    prefix: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"
    for prefix, name in (
        ("office", "office"), ("style", "style"), ("text", "text"), ("table", "table"),
        ("draw", "drawing"), ("manifest", "manifest"), ("svg", "svg-compatible"),
    )
} | {"xlink": "http://www.w3.org/1999/xlink"}  # fmt: skip
_PREFIXES = {space: prefix for prefix, space in _NAMES.items()}
# Comments, what stands for a note in the text or asks to be filled in, and what is no text.
_SKIPPED = frozenset(
    (  # noqa: SIM905 - a list would take a page
        "office:annotation text:note-citation text:placeholder office:forms svg:desc svg:title"
        " text:ruby-text office:scripts text:tracked-changes office:event-listeners"
        " table:covered-table-cell table:shapes draw:object draw:object-ole"
    ).split()
)
# What declares, and what an index is made from.
_NO_TEXT = re.compile("text:.*-(?:decls|source)")
_BOXES = (
    "text-box", "custom-shape", "rect", "ellipse", "circle", "line", "polyline", "polygon", "path",
    "regular-polygon", "connector", "caption", "measure",
)  # fmt: skip
_TAGS = {
    "text:span": "span", "table:table": "table", "table:table-row": "tr", "text:section": "div",
    "table:table-cell": "td", "text:list-header": "div",
}  # fmt: skip
_CHARACTERS = {"text:s": " ", "text:tab": TAB, "text:line-break": "<br>"}
_HEADING = re.compile(r"(?:Title|Heading_20_([1-6]))")
_MAX_STYLES = 50
_PAGE_NUMBERS = ("text:page-number", "text:page-count")


def odt_without_changes(archive: Archive) -> dict[str, bytes]:
    """Return the parts that hold text, without what was deleted from them."""
    parts = {
        name: archive.markup(name) for name in ("content.xml", "styles.xml") if name in archive
    }
    for root in parts.values():
        etree.strip_elements(root, _qualified("text:tracked-changes"), with_tail=False)
    return {name: etree.tostring(root, xml_declaration=True) for name, root in parts.items()}


def odt_html(archive: Archive) -> str:
    """Make a page of a document. Raises :class:`Reject`."""
    if "META-INF/manifest.xml" in archive:
        manifest = archive.markup("META-INF/manifest.xml")
        if manifest.find(".//manifest:encryption-data", _NAMES) is not None:
            raise needs_password()
    content = archive.markup("content.xml")
    styles = archive.markup("styles.xml") if "styles.xml" in archive else etree.Element("none")
    pages = styles.findall("office:master-styles/style:master-page", _NAMES)
    writer = _Writer(_Styles(styles))
    headers, footers = (
        writer.margins(
            margin
            for page in pages
            for kind in ("-first", "", "-left")
            for margin in page.findall(f"style:{which}{kind}", _NAMES)
        )
        for which in ("header", "footer")
    )
    body = content.findall("office:body/office:text", _NAMES)
    writer = _Writer(_Styles(styles, content))
    return headers + "".join(map(writer.html, body)) + writer.notes() + footers


class _Styles:
    """The styles of a document: hidden text, headings and lists, inherited ones included."""

    def __init__(self, *roots: Element) -> None:
        self._styles = {
            _get(style, "style:name"): style
            for root in roots
            for style in root.iterfind(".//style:style", _NAMES)
        }
        self._levels = {
            (_get(style, "style:name"), _get(level, "text:level")): level
            for root in roots
            for style in root.iterfind(".//text:list-style", _NAMES)
            for level in style
        }

    def hides(self, style: str) -> bool:
        """Tell whether text of a style is hidden."""
        marks = (one.find("style:text-properties", _NAMES) for one in self._chain(style))
        said = (_get(mark, "text:display") for mark in marks if mark is not None)
        return next(filter(None, said), "") == "none"

    def heading(self, style: str) -> int:
        """Return the level of a style for headings, 0 for another."""
        named = map(_HEADING.fullmatch, [style, *(_parent(one) for one in self._chain(style))])
        return next((int(name[1] or 1) for name in named if name), 0)

    def first_number(self, style: str, level: int) -> int:
        """Return the number a list begins with, 0 where it has bullets."""
        kind = self._levels.get((style, str(level)))
        if kind is None or not _get(kind, "style:num-format"):
            return 0
        return _whole(_get(kind, "text:start-value"))

    def _chain(self, style: str) -> Iterator[Element]:
        for _ in range(_MAX_STYLES):
            if style not in self._styles:
                return
            yield self._styles[style]
            style = _parent(self._styles[style])


class _Writer:
    """Writes elements as HTML."""

    def __init__(self, styles: _Styles) -> None:
        self._styles = styles
        self._lists: list[str] = []  # the styles of the lists that are open
        self._numbers: dict[tuple[str, int], int] = {}
        self._notes: list[str] = []
        self._boxes: list[str] | None = None  # those of the paragraph that is open
        self._special: dict[str, Callable[[Element], str]] = {
            "text:p": self._paragraph,
            "text:h": self._paragraph,
            "text:a": self._link,
            "draw:a": self._link,
            "text:list": self._list,
            "text:list-item": self._item,
            "text:note": self._note,
        } | {f"draw:{shape}": self._box for shape in _BOXES}

    def html(self, element: Element) -> str:
        """Write an element."""
        name = _name(element)
        hidden = (
            _get(element, "text:display") == "none"
            or _get(element, "text:is-hidden") == "true"
            or (name == "text:hidden-text" and not _get(element, "text:is-hidden"))
            or _get(element, "table:visibility") in ("collapse", "filter")
            or self._styles.hides(_get(element, "text:style-name"))
        )
        if name in _SKIPPED or _NO_TEXT.fullmatch(name) or (hidden and name != "text:list"):
            return ""
        if name in self._special:
            return self._special[name](element)
        tag = _TAGS.get(name)
        inside = _CHARACTERS.get(name) or self._in(element)
        if name in _PAGE_NUMBERS:
            return f"{PAGE_NUMBER}{inside}{PAGE_NUMBER}"
        return f"<{tag}>{inside}</{tag}>" if tag else inside

    def margins(self, margins: Iterable[Element]) -> str:
        """Write the paragraphs of headers or footers, each once."""
        shown = (one for one in margins if _get(one, "style:display") != "false")
        return "".join(dict.fromkeys(self.html(part) for one in shown for part in one))

    def notes(self) -> str:
        """Write the notes, which stand at the end."""
        return "".join(f"<p>[{at}] {note}</p>" for at, note in enumerate(self._notes, 1))

    def _in(self, element: Element) -> str:
        """Write what is in an element. Text stands in paragraphs alone; there blanks fold."""
        inside = escape(element.text or "")
        for child in element:
            inside += self.html(child) + escape(child.tail or "")
        return inside

    def _link(self, link: Element) -> str:
        return f'<a href="{escape(_get(link, "xlink:href"))}">{self._in(link)}</a>'

    def _paragraph(self, paragraph: Element) -> str:
        marks = paragraph.iter(_qualified("text:hidden-paragraph"))
        if any(_get(mark, "text:is-hidden") == "true" for mark in marks):
            return ""
        boxes: list[str] = []
        outer, self._boxes = self._boxes, boxes
        inside = self._in(paragraph)
        self._boxes = outer
        level = self._styles.heading(_get(paragraph, "text:style-name"))
        if _name(paragraph) == "text:h":
            level = min(_whole(_get(paragraph, "text:outline-level")), 6)
        tag = f"h{level}" if level else "div" if self._lists else "p"
        return f"<{tag}>{inside}</{tag}>" + "".join(boxes)

    def _list(self, element: Element) -> str:
        style = _get(element, "text:style-name") or (self._lists[-1] if self._lists else "")
        self._lists.append(style)
        level = len(self._lists)
        first = self._styles.first_number(style, level)
        goes_on = _get(element, "text:continue-numbering") == "true" or _get(
            element, "text:continue-list"
        )
        if not goes_on:
            self._numbers[style, level] = first
        inside = self._in(element)
        self._lists.pop()
        if element.find(".//text:h", _NAMES) is not None:  # headings are numbered as a list
            return inside
        return f"<ol>{inside}</ol>" if first else f"<ul>{inside}</ul>"

    def _item(self, item: Element) -> str:
        key = (self._lists[-1] if self._lists else "", len(self._lists))
        start = _get(item, "text:start-value")
        number = _whole(start) if start else self._numbers.get(key, 1)
        self._numbers[key] = number + 1
        inside = self._in(item)
        is_point = item.find(".//text:h", _NAMES) is None and re.sub("<[^>]*>", "", inside).strip()
        return f'<li value="{number}">{inside}</li>' if is_point else inside

    def _note(self, note: Element) -> str:
        outer, self._lists = self._lists, []
        self._notes.append(re.sub("</?p>", " ", self._in(note)))
        self._lists = outer
        return f" [{len(self._notes)}]"

    def _box(self, box: Element) -> str:
        outer, self._lists = self._lists, []
        boxes, self._boxes = self._boxes, None
        shown = f"<div>{self._in(box)}</div>"
        self._lists, self._boxes = outer, boxes
        if boxes is None:  # it is placed on the page, or within another
            return shown
        boxes.append(shown)
        return ""


def _name(element: Element) -> str:
    space, _, local = element.tag[1:].rpartition("}")
    return f"{_PREFIXES.get(space, '')}:{local}"


def _get(element: Element, name: str) -> str:
    return str(element.get(_qualified(name), ""))


@cache
def _qualified(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{_NAMES[prefix]}}}{local}"


def _parent(style: Element) -> str:
    return _get(style, "style:parent-style-name")


def _whole(text: str) -> int:
    return int(text) if re.fullmatch("[1-9][0-9]{0,4}", text) else 1
