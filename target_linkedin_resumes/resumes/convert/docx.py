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

from target_linkedin_resumes.resumes.convert.archives import (
    Archive,
    Element,
    damaged,
    remove,
    unwrap,
)
from target_linkedin_resumes.resumes.convert.pages import TAB

_RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_COMPATIBLE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
# The parts that hold text, and those that Mammoth reads besides.
_TEXT = re.compile(r"word/(?:document|header|footer|footnotes|endnotes)[0-9]*\.xml")
_REST = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|word/(?:styles|numbering)[0-9]*\.xml"
    r"|word/_rels/[^/]+\.rels"
)
_CHANGES = "rPrChange pPrChange sectPrChange tblPrChange tcPrChange trPrChange numberingChange"
_OFF = ("0", "false", "off")
_HEADING = re.compile(r"heading ([1-6])", re.IGNORECASE)
_PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b")
_PAGE_LINE = 24  # characters of "Page 10 of 12" in most languages
_MAX_STYLES = 50


def accepted_docx(archive: Archive) -> dict[str, bytes]:
    """Give the parts that hold text, as they are once all tracked changes are accepted."""
    parts = {name: archive.markup(name) for name in archive.names() if _TEXT.fullmatch(name)}
    for root in parts.values():
        _accept(root)
    return {name: etree.tostring(root) for name, root in parts.items()}


def docx_html(archive: Archive) -> str:
    """Make a page of a document. Raises :class:`Reject`."""
    parts = {
        name: archive.markup(name)
        for name in archive.names()
        if _TEXT.fullmatch(name) or _REST.fullmatch(name)
    }
    main = next((name for name in parts if name.startswith("word/document")), None)
    if main is None:
        raise damaged()
    styles = _Styles(parts.get("word/styles.xml"))
    for name, root in parts.items():
        if _TEXT.fullmatch(name):
            _accept(root)
            _show(root, styles)
    _add_margins(parts, main)
    for field in [one for root in parts.values() for one in root.iter("{*}fldSimple")]:
        unwrap(field)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as shown:
        for name, root in parts.items():
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

    def __init__(self, root: Element | None) -> None:
        self._styles: dict[str, Element] = {}
        for style in [] if root is None else root.iter("{*}style"):
            self._styles[_value(style, "styleId")] = style

    def hides(self, style: str) -> bool:
        """Tell whether text of a style is hidden."""
        marks = (one.find("{*}rPr/{*}vanish") for one in self._chain(style))
        return next((_is_on(mark) for mark in marks if mark is not None), False)

    def heading(self, style: str) -> int:
        """Give the level of a style for headings, 0 for another."""
        for one in self._chain(style):
            name = _value(one.find("{*}name"))
            level = _level(one.find("{*}pPr/{*}outlineLvl"))
            named = _HEADING.fullmatch(name)
            if named or level or name.lower() == "title":
                return level or int(named[1] if named else 1)
        return 0

    def numbering(self, style: str) -> Element | None:
        """Give the list that a style puts its paragraphs in."""
        found = (one.find("{*}pPr/{*}numPr") for one in self._chain(style))
        return next((numbering for numbering in found if numbering is not None), None)

    def _chain(self, style: str) -> list[Element]:
        chain: list[Element] = []
        while style in self._styles and len(chain) < _MAX_STYLES:
            chain.append(self._styles[style])
            style = _value(chain[-1].find("{*}basedOn"))
        return chain


def _accept(root: Element) -> None:
    """Take out what was deleted, and the marks of what was inserted."""
    for row in [mark.getparent().getparent() for mark in root.iterfind(".//{*}trPr/{*}del")]:
        remove(row)
    for element in list(
        root.iter("{*}del", "{*}moveFrom", *(f"{{*}}{n}" for n in _CHANGES.split()))
    ):
        if element.getparent() is not None:
            remove(element)
    for element in list(root.iter("{*}ins", "{*}moveTo")):
        unwrap(element)


def _show(root: Element, styles: _Styles) -> None:
    """Bring into the form that Mammoth reads what it would show otherwise than a page does."""
    for box in list(root.iter(f"{_COMPATIBLE}AlternateContent")):
        older = box.find(f"{_COMPATIBLE}Fallback")
        if older is None or older.find(".//{*}txbxContent") is None:
            box[:] = list(box.iterfind(f"{_COMPATIBLE}Choice"))[:1] or box
            for choice in list(box):
                unwrap(choice)
            unwrap(box)
    for drawing in list(root.iter("{*}drawing")):
        texts = list(drawing.iterfind(".//{*}txbxContent"))
        if texts:
            drawing.tag = drawing.tag.replace("drawing", "pict")
            drawing[:] = texts
    for placeholder in list(root.iterfind(".//{*}sdtPr/{*}showingPlcHdr")):
        remove(placeholder.getparent().getparent())
    for paragraph in root.iter("{*}p"):
        _show_paragraph(paragraph, styles)


def _show_paragraph(paragraph: Element, styles: _Styles) -> None:
    style = _value(paragraph.find("{*}pPr/{*}pStyle"))
    outline = paragraph.find("{*}pPr/{*}outlineLvl")
    heading = styles.heading(style) if outline is None else _level(outline)
    properties = paragraph.find("{*}pPr")
    if heading and properties is not None:
        for mark in properties.findall("{*}pStyle"):
            properties.remove(mark)
        space = paragraph.tag.rpartition("}")[0] + "}"
        mark = etree.SubElement(properties, f"{space}pStyle")
        mark.set(f"{space}val", f"Heading{heading}")
    elif properties is not None and properties.find("{*}numPr") is None:
        numbering = styles.numbering(style)
        if numbering is not None:
            properties.append(etree.fromstring(etree.tostring(numbering)))
    hidden = styles.hides(style)
    for run in list(paragraph.iterfind(".//{*}r")):
        mark = run.find("{*}rPr/{*}vanish")
        named = _value(run.find("{*}rPr/{*}rStyle"))
        if _is_on(mark) if mark is not None else hidden or styles.hides(named):
            remove(run)


def _add_margins(parts: dict[str, Element], main: str) -> None:
    """Put the headers of pages before the text, the footers behind it, each once."""
    body = parts[main].find("{*}body")
    if body is None:
        raise damaged()
    relations = parts.get(_relations_of(main))
    targets = {} if relations is None else {
        one.get("Id"): f"word/{one.get('Target')}" for one in relations.iter(_RELATIONS)
    }  # fmt: skip
    seen: set[str] = set()
    header_end = 0
    for reference in list(parts[main].iter("{*}headerReference", "{*}footerReference")):
        identifier = next((v for k, v in reference.items() if k.endswith("}id")), "")
        section = reference.getparent()
        shown = _value(reference, "type") == "default" or (
            _value(reference, "type") == "first" and section.find("{*}titlePg") is not None
        )
        name = targets.get(identifier, "")
        if not shown or name not in parts or relations is None:
            continue
        _bring_links(parts, name, relations)
        margin = [one for one in parts[name] if not _numbers_pages(one) and _text(one) not in seen]
        seen.update(map(_text, margin))
        if reference.tag.endswith("}headerReference"):
            body[header_end:header_end] = margin
            header_end += len(margin)
        else:
            body.extend(margin)


def _bring_links(parts: dict[str, Element], name: str, relations: Element) -> None:
    """Make the links of a header those of the document, under names of their own."""
    own = parts.get(_relations_of(name))
    for relation in [] if own is None else list(own.iter(_RELATIONS)):
        relation.set("Id", f"{name}-{relation.get('Id')}")
        relations.append(relation)
    for link in parts[name].iter("{*}hyperlink"):
        for attribute, value in link.items():
            if attribute.endswith("}id"):
                link.set(attribute, f"{name}-{value}")


def _numbers_pages(paragraph: Element) -> bool:
    """Tell whether a paragraph of a header has nothing but the number of the page."""
    fields = [one.text or "" for one in paragraph.iter("{*}instrText")]
    fields += [_value(one, "instr") for one in paragraph.iter("{*}fldSimple")]
    return len(_text(paragraph)) <= _PAGE_LINE and any(map(_PAGE_FIELD.match, fields))


def _text(element: Element) -> str:
    return "".join(one.text or "" for one in element.iter("{*}t")).strip()


def _relations_of(part: str) -> str:
    return part.replace("word/", "word/_rels/") + ".rels"


def _value(element: Element | None, name: str = "val") -> str:
    if element is None:
        return ""
    return next((value for key, value in element.items() if key.endswith("}" + name)), "")


def _level(element: Element | None) -> int:
    """Give an outline level as that of a heading; 0 is body text."""
    value = _value(element)
    return int(value) + 1 if re.fullmatch("[0-5]", value) else 0


def _is_on(element: Element) -> bool:
    return _value(element) not in _OFF
