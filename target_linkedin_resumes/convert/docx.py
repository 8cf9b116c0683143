"""DOCX: with tracked changes accepted, and as HTML. Source: ECMA-376 part 1.

Mammoth makes the HTML. It shows hidden text, leaves out the headers and footers of pages, where
resumes have names and telephone numbers, and drops the text around elements that it does not know.
So it is handed a document that has been brought into the form that it reads.
"""

from __future__ import annotations

import io
import re
import zipfile
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import mammoth
from lxml import etree

from target_linkedin_resumes.convert.html import (
    CHECKED,
    PAGE_FIELD,
    PAGE_NUMBER,
    TAB,
    UNCHECKED,
    link_of,
    target_shown,
)
from target_linkedin_resumes.convert.opc import Package
from target_linkedin_resumes.convert.safe_zip import Archive, Element, damaged, too_much

# What paragraphs and runs, sections, tables and lists looked like before a change.
_EARLIER = (
    "{*}rPrChange", "{*}pPrChange", "{*}sectPrChange", "{*}tblPrChange", "{*}tcPrChange",
    "{*}trPrChange", "{*}numberingChange",
)  # fmt: skip
_DELETED = ("{*}del", "{*}moveFrom", "{*}conflictDel")
_INSERTED = ("{*}ins", "{*}moveTo", "{*}conflictIns")
_CONTENT = ("{*}t", "{*}drawing", "{*}pict", "{*}object", "{*}sym")


def remove(element: Element) -> None:
    """Take an element out of its tree, if it is still in one."""
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def accept_changes(root: Element) -> None:
    """Take out what was deleted, and the marks of what was inserted."""
    for path in (".//{*}trPr/{*}del", ".//{*}tcPr/{*}cellDel"):
        for mark in list(root.iterfind(path)):
            remove(mark.getparent().getparent())
    joined = [
        mark.getparent().getparent().getparent()
        for name in _DELETED
        for mark in root.iterfind(f".//{{*}}p/{{*}}pPr/{{*}}rPr/{name}")
    ]
    etree.strip_elements(root, *_DELETED, *_EARLIER, with_tail=False)
    etree.strip_tags(root, *_INSERTED)
    for paragraph in reversed(joined):  # in this order each one is moved once
        _join(paragraph)


def _join(paragraph: Element) -> None:
    """Put a paragraph whose end was deleted before the text of the next, which it is part of."""
    parent = paragraph.getparent()
    if parent is None or paragraph.find("{*}pPr/{*}sectPr") is not None:
        return
    following = paragraph.getnext()
    while following is not None and len(following) == 0 and not following.tag.endswith("}p"):
        following = following.getnext()  # marks of bookmarks and the like
    if following is not None and following.tag == paragraph.tag:
        properties = following.find("{*}pPr")
        at = 0 if properties is None else following.index(properties) + 1
        following[at:at] = [child for child in paragraph if not child.tag.endswith("}pPr")]
        parent.remove(paragraph)
    elif following is not None and next(paragraph.iter(*_CONTENT), None) is None:
        parent.remove(paragraph)


_COMPATIBLE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_EITHER = ("AlternateContent", "Choice", "Fallback")
_HEX = re.compile("(?!D[89A-F])[0-9A-F]{2,4}", re.IGNORECASE)
_OFF = ("0", "false", "off")
_MAX_FIELDS = 50  # within each other; Word takes 20


def prepare_for_mammoth(root: Element) -> None:
    """Bring a part into the form that Mammoth reads."""
    for either in list(root.iter(f"{_COMPATIBLE}AlternateContent")):
        _choose(either)
    etree.strip_tags(root, *(f"{_COMPATIBLE}{name}" for name in _EITHER))
    _show_symbols(root)
    for mark in list(root.iterfind(".//{*}trPr/{*}hidden")):
        if is_on(mark):
            remove(mark.getparent().getparent())
    for frame in list(root.iter("{*}drawing", "{*}pict", "{*}object")):
        texts = list(frame.iterfind(".//{*}txbxContent"))
        properties = frame.find("*/{*}docPr")
        is_hidden = properties is not None and properties.get("hidden", "0") not in _OFF
        if texts and not is_hidden:
            frame.tag = _named(frame, "pict")
            frame[:] = texts
        else:
            remove(frame)
    for frame in list(root.iterfind(".//{*}pPr/{*}framePr")):
        if value(frame, "dropCap") in ("drop", "margin"):
            _join(frame.getparent().getparent())
    _resolve_fields(root)
    etree.strip_elements(root, "{*}rt", with_tail=False)
    for formula in list(root.iter("{*}oMath")):
        _show_formula(formula, root)
    etree.strip_tags(root, "{*}ruby", "{*}rubyBase", "{*}dir", "{*}bdo", "{*}oMathPara")
    for element in root.iter("{*}br", "{*}cr", "{*}ptab"):
        element.tag = _named(element, "tab" if element.tag.endswith("}ptab") else "br")
        element.attrib.clear()  # where the next words go: a page, a column


def value(element: Element | None, name: str = "val") -> str:
    """Return an attribute, whatever its namespace; empty when there is none."""
    if element is None:
        return ""
    return next((value for key, value in element.items() if key.endswith("}" + name)), "")


def is_on(element: Element | None) -> bool:
    """Tell whether a property that may be on or off is there, and on."""
    return element is not None and value(element) not in _OFF


@dataclass(slots=True)
class _Field:
    """A field: its code, and the texts before and behind the mark that separates the result."""

    code: list[str] = field(default_factory=list)
    hidden: list[Element] = field(default_factory=list)
    shown: list[Element] = field(default_factory=list)
    separated: bool = False


def _take_codes(paragraph: Element) -> None:
    """Take out what is a part of a field's code, mark numbers of pages, and show links."""
    fields: list[_Field] = []
    for element in list(paragraph.iter("{*}fldChar", "{*}instrText", "{*}t")):
        kind = value(element, "fldCharType")
        if element.tag.endswith("}t"):
            for one in fields:
                (one.shown if one.separated else one.hidden).append(element)
        elif kind == "begin":
            _begin(fields)
        elif fields and kind == "separate":
            fields[-1].separated = True
        elif fields and kind == "end":
            _finish(fields.pop())
        elif fields:
            fields[-1].code.append(element.text or "")
    for one in fields:  # their results go on in the next paragraph
        if one.separated:
            _finish(one)


def _begin(fields: list[_Field]) -> None:
    if len(fields) >= _MAX_FIELDS:
        raise too_much("its fields are nested too deeply")
    fields.append(_Field())


def _finish(one: _Field) -> None:
    for element in one.hidden:
        remove(element)
    code = "".join(one.code)
    _show_target(one.shown, link_of(code))
    if PAGE_FIELD.match(code):
        for text in one.shown:
            number = (text.text or "").strip(PAGE_NUMBER)
            text.text = f"{PAGE_NUMBER}{number}{PAGE_NUMBER}"


def _show_target(texts: list[Element], target: str) -> None:
    """Write where a link leads behind its text."""
    if texts:
        shown = target_shown(target, "".join(text.text or "" for text in texts))
        texts[-1].text = f"{texts[-1].text or ''}{shown}"


def _choose(either: Element) -> None:
    """Keep one of two forms of the same thing: the newer, unless only the older one has text."""
    forms = [form for name in _EITHER for form in either.iterfind(f"{_COMPATIBLE}{name}")]
    with_text = [form for form in forms if next(form.iter("{*}t"), None) is not None]
    for form in forms:
        if form is not (with_text or forms)[0]:
            remove(form)


def _resolve_fields(root: Element) -> None:
    """Take out what asks to be filled in and codes, mark numbers of pages, and show links."""
    for control in list(root.iter("{*}sdt")):
        if is_on(control.find("{*}sdtPr/{*}showingPlcHdr")):
            remove(control)
    for paragraph in root.iter("{*}p"):
        _take_codes(paragraph)
    for simple in root.iter("{*}fldSimple"):
        _finish(_Field([value(simple, "instr")], shown=list(simple.iter("{*}t"))))
    etree.strip_tags(root, "{*}fldSimple")
    etree.strip_elements(root, "{*}instrText", with_tail=False)
    _show_fields(root)


def _show_fields(root: Element) -> None:
    """Show check boxes and choices as characters, which are not left out."""
    etree.strip_elements(root, "{*}checkbox", with_tail=False)  # the character is there already
    for box in root.iterfind(".//{*}fldChar/{*}ffData/{*}checkBox"):
        mark = box.find("{*}checked")
        mark = box.find("{*}default") if mark is None else mark
        _show(box, CHECKED if is_on(mark) else UNCHECKED)
    for choice in root.iterfind(".//{*}fldChar/{*}ffData/{*}ddList"):
        entries = [value(entry) for entry in choice.iterfind("{*}listEntry")]
        chosen = value(choice.find("{*}result")) or value(choice.find("{*}default"))
        number = int(chosen[:9]) if chosen.isdecimal() else 0
        _show(choice, entries[number] if number < len(entries) else "")


def _show(field: Element, text: str) -> None:
    """Show a text behind the character of a legacy form field, which has none of its own."""
    character = field.getparent().getparent()
    character.addnext(_made(character, "t", text))


def _show_formula(formula: Element, root: Element) -> None:
    """Show the characters of a formula, one behind the other."""
    text = "".join(one.text or "" for one in formula.iter("{*}t"))
    formula.tag = _named(root, "r")
    formula[:] = [_made(root, "t", text)]


def _show_symbols(root: Element) -> None:
    """Make text of the symbols of fonts that have letters, and of the words of WordArt.

    Mammoth reads the symbols of other fonts.
    """
    for symbol in list(root.iter("{*}sym")):
        code = value(symbol, "char")
        if not _HEX.fullmatch(code):
            remove(symbol)
        elif not value(symbol, "font").lower().startswith(("symbol", "wingdings", "webdings")):
            number = int(code, 16)
            symbol.tag = _named(symbol, "t")
            symbol.text = chr(number - 0xF000 if 0xF020 <= number <= 0xF0FF else number)
    for path in root.iter("{*}textpath"):
        picture = next(path.iterancestors("{*}pict"), None)
        if picture is not None and path.get("string"):
            picture.addnext(_made(picture, "t", path.get("string")))


def _named(like: Element, name: str) -> str:
    """Name an element of the namespace that another is in."""
    return f"{like.tag.rpartition('}')[0]}}}{name}"


def _made(like: Element, name: str, text: str = "") -> Element:
    """Make an element of the namespace that another is in."""
    made = etree.Element(_named(like, name))
    made.text = text
    return made


_HEADING = re.compile(r"heading ([1-6])", re.IGNORECASE)
_LIST = re.compile(r"list (?:bullet|number) ([2-5])", re.IGNORECASE)
_MAX_STYLES = 50
_MAX_LISTS = 2000


def docx_without_changes(archive: Archive) -> dict[str, bytes]:
    """Return the parts that hold text, as they are once all tracked changes are accepted."""
    parts = Package(archive).texts()
    for root in parts.values():
        accept_changes(root)
    return {name: etree.tostring(root) for name, root in parts.items()}


def docx_html(archive: Archive) -> str:
    """Make a page of a document. Raises :class:`Reject`."""
    package = Package(archive)
    texts = package.texts()
    styles, numbering = (package.parsed(package.name_of(kind)) for kind in ("styles", "numbering"))
    _add_levels(numbering)
    looks = _Styles(styles)
    for part, root in texts.items():
        targets = package.targets(part)
        accept_changes(root)
        _show_diagrams(root, package, targets)
        prepare_for_mammoth(root)
        _show_links(root, targets)
        for paragraph in root.iter("{*}p"):
            _show_paragraph(paragraph, looks)
    _drop_dangling_notes(list(texts.values()))
    _add_margins(package, texts)
    # Mammoth finds parts by these names when there are no relations.
    shown = {"document": texts[package.main], "styles": styles, "numbering": numbering}
    notes = {kind: package.name_of(kind) for kind in ("footnotes", "endnotes")}
    shown |= {kind: texts[name] for kind, name in notes.items() if name in texts}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, root in shown.items():
            made.writestr(f"word/{name}.xml", etree.tostring(root))
    page = mammoth.convert_to_html(file, convert_image=lambda _: [])
    return str(page.value).replace("\t", TAB)


class _Look(NamedTuple):
    """How a style shows its text, what it inherits included."""

    is_hidden: bool = False
    heading: int = 0  # the level, 0 for body text
    list_level: int = 0  # the one that it is meant for, counted from 0
    numbering: Element | None = None  # the list that its paragraphs are points of


class _Styles:
    """The styles of a document."""

    def __init__(self, root: Element) -> None:
        self._styles = {value(style, "styleId"): style for style in root.iter("{*}style")}
        self._looks: dict[str, _Look] = {}

    def look(self, style: str) -> _Look:
        """Tell how a style shows its text."""
        if style not in self._looks:
            chain = self._chain(style)
            deeper = [_LIST.fullmatch(value(one.find("{*}name"))) for one in chain]
            self._looks[style] = _Look(
                is_on(_first(chain, "{*}rPr/{*}vanish")),
                next(filter(None, map(_heading, chain)), 0),
                next((int(named[1]) - 1 for named in deeper if named), 0),
                _first(chain, "{*}pPr/{*}numPr"),
            )
        return self._looks[style]

    def _chain(self, style: str) -> list[Element]:
        chain: list[Element] = []
        while style in self._styles and len(chain) < _MAX_STYLES:
            chain.append(self._styles[style])
            style = value(chain[-1].find("{*}basedOn"))
        return chain


def _first(chain: list[Element], path: str) -> Element | None:
    """Return the property of a style, or of the first that it is based on that has it."""
    found = (style.find(path) for style in chain)
    return next((one for one in found if one is not None), None)


def _heading(style: Element) -> int:
    """Return the level of a style for headings, 0 for another."""
    name = value(style.find("{*}name"))
    named = _HEADING.fullmatch(name)
    level = int(named[1]) if named else int(name.lower() == "title")
    return _level(style.find("{*}pPr/{*}outlineLvl")) or level


def _add_levels(numbering: Element) -> None:
    """Add levels to lists that have one, for the styles for deeper lists: Word indents those.

    Points that show no number become such with a bullet.
    """
    for form in numbering.iter("{*}numFmt"):
        if value(form) == "none":
            form.set(_named(form, "val"), "bullet")
    for kind in islice(numbering.iterfind("{*}abstractNum"), _MAX_LISTS):
        levels = {value(level, "ilvl"): level for level in kind.iterfind("{*}lvl")}
        form = levels["0"].find("{*}numFmt") if "0" in levels else None
        for number in map(str, range(1, 5)):
            if form is not None and number not in levels:
                level = etree.SubElement(kind, _named(kind, "lvl"))
                level.set(_named(kind, "ilvl"), number)
                etree.SubElement(level, form.tag, form.attrib)


def _show_paragraph(paragraph: Element, styles: _Styles) -> None:
    look = styles.look(value(paragraph.find("{*}pPr/{*}pStyle")))
    outline = paragraph.find("{*}pPr/{*}outlineLvl")
    heading = look.heading if outline is None else _level(outline)
    properties = paragraph.find("{*}pPr")
    if heading and properties is not None:
        for mark in properties.findall("{*}pStyle"):
            properties.remove(mark)
        mark = etree.SubElement(properties, _named(paragraph, "pStyle"))
        mark.set(_named(paragraph, "val"), f"Heading{heading}")
    elif properties is not None:
        _show_list(properties, look)
    for run in list(paragraph.iterfind(".//{*}r")):
        mark = run.find("{*}rPr/{*}vanish")
        named = value(run.find("{*}rPr/{*}rStyle"))
        is_hidden = look.is_hidden or styles.look(named).is_hidden
        if is_on(mark) if mark is not None else is_hidden:
            remove(run)


def _show_list(properties: Element, look: _Look) -> None:
    """Make a paragraph that a style makes a point of a list one of its own."""
    numbering = properties.find("{*}numPr")
    if numbering is None:
        if look.numbering is None:
            return
        numbering = deepcopy(look.numbering)
        properties.append(numbering)
    level = numbering.find("{*}ilvl")
    if look.list_level and value(level) in ("", "0"):
        if level is None:
            level = etree.SubElement(numbering, _named(numbering, "ilvl"))
        level.set(_named(level, "val"), str(look.list_level))


def _add_margins(package: Package, parts: dict[str, Element]) -> None:
    """Put the headers of pages before the text, the footers behind it, each once."""
    body = parts[package.main].find("{*}body")
    if body is None:
        raise damaged()
    seen: set[str] = set()
    margins: dict[str, list[Element]] = {"header": [], "footer": []}
    for name, kind in _shown_margins(package, parts).items():
        new = [one for one in parts[name] if _text(one) not in seen]
        seen.update(map(_text, new))
        margins[kind] += new
    body[:0] = margins["header"]
    body.extend(margins["footer"])


def _shown_margins(package: Package, parts: dict[str, Element]) -> dict[str, str]:
    """Name the parts that are headers or footers of pages that there are, and which they are."""
    targets = package.targets(package.main)
    settings = package.parsed(package.name_of("settings"))
    has_even_pages = is_on(settings.find("{*}evenAndOddHeaders"))
    margins: dict[str, str] = {}
    for kind in ("header", "footer"):
        for reference in parts[package.main].iter(f"{{*}}{kind}Reference"):
            has_such_pages = {
                "first": is_on(reference.getparent().find("{*}titlePg")),
                "even": has_even_pages,
            }.get(value(reference, "type"), True)
            name = targets.get(value(reference, "id"))
            if has_such_pages and name in parts:
                margins[name] = kind
    return margins


def _show_links(root: Element, targets: dict[str, str]) -> None:
    """Write where links lead behind their text."""
    for link in root.iter("{*}hyperlink"):
        target, anchor = targets.get(value(link, "id"), ""), value(link, "anchor")
        if anchor:
            target = f"{target.partition('#')[0]}#{anchor}"
        _show_target(list(link.iter("{*}t")), target)
    etree.strip_tags(root, "{*}hyperlink")


def _show_diagrams(root: Element, package: Package, targets: dict[str, str]) -> None:
    """Put the words of diagrams behind the paragraphs that they stand in."""
    for diagram in list(root.iter("{*}relIds")):
        paragraph = next(diagram.iterancestors("{*}p"), None)
        shapes = package.parsed(targets.get(value(diagram, "dm"), "")).iter("{*}pt")
        for text in filter(None, reversed([_text(shape) for shape in shapes])):
            if paragraph is not None:
                shown, run = _made(paragraph, "p"), _made(paragraph, "r")
                shown.append(run)
                run.append(_made(paragraph, "t", text))
                paragraph.addnext(shown)


def _drop_dangling_notes(roots: list[Element]) -> None:
    """Take away what refers to a note that is not there."""
    for kind in ("footnote", "endnote"):
        notes = {value(note, "id") for root in roots for note in root.iter(f"{{*}}{kind}")}
        for root in roots:
            for reference in list(root.iter(f"{{*}}{kind}Reference")):
                if value(reference, "id") not in notes:
                    remove(reference)


def _text(element: Element) -> str:
    return "".join(one.text or "" for one in element.iter("{*}t")).strip()


def _level(element: Element | None) -> int:
    """Return an outline level as that of a heading; 0 is body text."""
    level = value(element)
    return int(level) + 1 if re.fullmatch("[0-5]", level) else 0
