"""DOCX: as it reads once tracked changes are accepted, and as HTML. Source: ECMA-376 part 1.

Mammoth makes the HTML. It shows hidden text and leaves out the headers and footers of pages, where
resumes have names and telephone numbers; so it is handed a document that has neither of the two.
"""

from __future__ import annotations

import io
import re
import zipfile

import mammoth
from lxml import etree

from target_linkedin_resumes.convert.html import TAB
from target_linkedin_resumes.convert.package import RELATIONSHIP, Package
from target_linkedin_resumes.convert.revisions import accept
from target_linkedin_resumes.convert.runs import is_on, readable, value
from target_linkedin_resumes.convert.safe_zip import (
    Archive,
    Element,
    damaged,
    remove,
    unwrap,
)

_HEADING = re.compile(r"heading ([1-6])", re.IGNORECASE)
_LIST = re.compile(r"list (?:bullet|number) ([2-5])", re.IGNORECASE)
_PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b")
_PAGE_LINE = 24  # characters of "Page 10 of 12" in most languages
_MAX_STYLES = 50


def accepted_docx(archive: Archive) -> dict[str, bytes]:
    """Give the parts that hold text, as they are once all tracked changes are accepted."""
    parts = Package(archive).texts()
    for root in parts.values():
        accept(root)
    return {name: etree.tostring(root) for name, root in parts.items()}


def docx_html(archive: Archive) -> str:
    """Make a page of a document. Raises :class:`Reject`."""
    package = Package(archive)
    texts, parts = package.texts(), package.rest()
    for name in package.related(package.main, "numbering"):
        _add_levels(parts[name])
    styles = _Styles([parts[name] for name in package.related(package.main, "styles")])
    for root in texts.values():
        accept(root)
        readable(root)
        for paragraph in root.iter("{*}p"):
            _show_paragraph(paragraph, styles)
    _add_margins(package, texts)
    for field in [one for root in texts.values() for one in root.iter("{*}fldSimple")]:
        unwrap(field)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as shown:
        for name, root in (parts | texts).items():
            shown.writestr(name, etree.tostring(root))
    try:
        made = mammoth.convert_to_html(
            file, convert_image=lambda _: [], include_embedded_style_map=False
        )
        return str(made.value).replace("\t", TAB)
    except Exception:  # noqa: BLE001 - it meets damaged markup with whatever comes of that
        raise damaged() from None


class _Styles:
    """What the styles of a document say of hidden text and headings, over what they build on."""

    def __init__(self, roots: list[Element]) -> None:
        self._styles = {
            value(style, "styleId"): style for root in roots for style in root.iter("{*}style")
        }

    def hides(self, style: str) -> bool:
        """Tell whether text of a style is hidden."""
        marks = (one.find("{*}rPr/{*}vanish") for one in self._chain(style))
        return next((is_on(mark) for mark in marks if mark is not None), False)

    def heading(self, style: str) -> int:
        """Give the level of a style for headings, 0 for another."""
        for one in self._chain(style):
            name = value(one.find("{*}name"))
            level = _level(one.find("{*}pPr/{*}outlineLvl"))
            named = _HEADING.fullmatch(name)
            if named or level or name.lower() == "title":
                return level or int(named[1] if named else 1)
        return 0

    def list_level(self, style: str) -> int:
        """Give the level that a style for lists is meant for, counted from 0."""
        named = (_LIST.fullmatch(value(one.find("{*}name"))) for one in self._chain(style))
        return next((int(name[1]) - 1 for name in named if name), 0)

    def numbering(self, style: str) -> Element | None:
        """Give the list that a style puts its paragraphs in."""
        found = (one.find("{*}pPr/{*}numPr") for one in self._chain(style))
        return next((numbering for numbering in found if numbering is not None), None)

    def _chain(self, style: str) -> list[Element]:
        chain: list[Element] = []
        while style in self._styles and len(chain) < _MAX_STYLES:
            chain.append(self._styles[style])
            style = value(chain[-1].find("{*}basedOn"))
        return chain


def _add_levels(numbering: Element) -> None:
    """Give lists of one level all that the styles for lists ask for: Word indents those alone."""
    for kind in numbering.iterfind("{*}abstractNum"):
        levels = {value(level, "ilvl"): level for level in kind.iterfind("{*}lvl")}
        for number in map(str, range(1, 5)):
            if "0" in levels and number not in levels:
                level = etree.fromstring(etree.tostring(levels["0"]))
                for link in level.findall("{*}pStyle"):
                    level.remove(link)
                level.set(f"{level.tag.rpartition('}')[0]}}}ilvl", number)
                kind.append(level)


def _show_paragraph(paragraph: Element, styles: _Styles) -> None:
    style = value(paragraph.find("{*}pPr/{*}pStyle"))
    outline = paragraph.find("{*}pPr/{*}outlineLvl")
    heading = styles.heading(style) if outline is None else _level(outline)
    properties = paragraph.find("{*}pPr")
    if heading and properties is not None:
        for mark in properties.findall("{*}pStyle"):
            properties.remove(mark)
        space = paragraph.tag.rpartition("}")[0] + "}"
        mark = etree.SubElement(properties, f"{space}pStyle")
        mark.set(f"{space}val", f"Heading{heading}")
    elif properties is not None:
        _show_list(properties, styles, style)
    hidden = styles.hides(style)
    for run in list(paragraph.iterfind(".//{*}r")):
        mark = run.find("{*}rPr/{*}vanish")
        named = value(run.find("{*}rPr/{*}rStyle"))
        if is_on(mark) if mark is not None else hidden or styles.hides(named):
            remove(run)


def _show_list(properties: Element, styles: _Styles, style: str) -> None:
    """Make a paragraph that a style makes a point of a list one of its own."""
    numbering = properties.find("{*}numPr")
    if numbering is None:
        found = styles.numbering(style)
        if found is None:
            return
        numbering = etree.fromstring(etree.tostring(found))
        properties.append(numbering)
    level, deeper = numbering.find("{*}ilvl"), styles.list_level(style)
    if deeper and value(level) in ("", "0"):
        space = numbering.tag.rpartition("}")[0] + "}"
        level = etree.SubElement(numbering, f"{space}ilvl") if level is None else level
        level.set(f"{space}val", str(deeper))


def _add_margins(package: Package, parts: dict[str, Element]) -> None:
    """Put the headers of pages before the text, the footers behind it, each once."""
    body = parts[package.main].find("{*}body")
    if body is None:
        raise damaged()
    relations = package.relations(package.main)
    if relations is None:
        return
    targets = {
        one.get("Id"): one.get("Target", "").removeprefix("/")
        for one in relations.iter(RELATIONSHIP)
    }
    seen: set[str] = set()
    header_end = 0
    for reference in list(parts[package.main].iter("{*}headerReference", "{*}footerReference")):
        identifier = next((v for k, v in reference.items() if k.endswith("}id")), "")
        section = reference.getparent()
        shown = value(reference, "type") == "default" or (
            value(reference, "type") == "first" and section.find("{*}titlePg") is not None
        )
        name = targets.get(identifier, "")
        if not shown or name not in parts:
            continue
        _bring_links(package, parts[name], name, relations)
        margin = [one for one in parts[name] if not _numbers_pages(one) and _text(one) not in seen]
        seen.update(map(_text, margin))
        if reference.tag.endswith("}headerReference"):
            body[header_end:header_end] = margin
            header_end += len(margin)
        else:
            body.extend(margin)


def _bring_links(package: Package, margin: Element, name: str, relations: Element) -> None:
    """Make the links of a header those of the document, under names of their own."""
    own = package.relations(name)
    for relation in [] if own is None else list(own.iter(RELATIONSHIP)):
        relation.set("Id", f"{name}-{relation.get('Id')}")
        relations.append(relation)
    for link in margin.iter("{*}hyperlink"):
        for attribute, target in link.items():
            if attribute.endswith("}id"):
                link.set(attribute, f"{name}-{target}")


def _numbers_pages(paragraph: Element) -> bool:
    """Tell whether a paragraph of a header has nothing but the number of the page."""
    fields = [one.text or "" for one in paragraph.iter("{*}instrText")]
    fields += [value(one, "instr") for one in paragraph.iter("{*}fldSimple")]
    return len(_text(paragraph)) <= _PAGE_LINE and any(map(_PAGE_FIELD.match, fields))


def _text(element: Element) -> str:
    return "".join(one.text or "" for one in element.iter("{*}t")).strip()


def _level(element: Element | None) -> int:
    """Give an outline level as that of a heading; 0 is body text."""
    level = value(element)
    return int(level) + 1 if re.fullmatch("[0-5]", level) else 0
