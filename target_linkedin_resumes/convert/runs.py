"""DOCX in the form that Mammoth reads: what it leaves out otherwise. Source: ECMA-376 part 1, 17.3.

It knows most elements that hold text. Around those that it does not know, text would vanish; words
on both sides of a break that it does not know would become one.
"""

from __future__ import annotations

from lxml import etree

from target_linkedin_resumes.convert.safe_zip import Element, remove, unwrap

_COMPATIBLE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_CHECKED, _UNCHECKED = "☒", "☐"
_OFF = ("0", "false", "off")


def readable(root: Element) -> None:
    """Bring a part into the form that Mammoth reads."""
    for either in list(root.iter(f"{_COMPATIBLE}AlternateContent")):
        _choose(either)
    for frame in list(root.iter("{*}drawing", "{*}pict", "{*}object")):
        texts = list(frame.iterfind(".//{*}txbxContent"))
        if texts:
            frame.tag = _named(frame, "pict")
            frame[:] = texts
    for placeholder in list(root.iterfind(".//{*}sdtPr/{*}showingPlcHdr")):
        remove(placeholder.getparent().getparent())
    _show_fields(root)
    for ruby in list(root.iter("{*}ruby")):
        for base in list(ruby.iterfind("{*}rubyBase")):
            ruby.addprevious(base)
            unwrap(base)
        remove(ruby)
    for formula in list(root.iter("{*}oMath")):
        _show_formula(formula)
    for element in list(root.iter("{*}dir", "{*}bdo", "{*}oMathPara")):
        unwrap(element)
    for element in root.iter("{*}br", "{*}cr", "{*}ptab"):
        element.tag = _named(element, "tab" if element.tag.endswith("}ptab") else "br")
        element.attrib.clear()  # where the next words go: a page, a column


def value(element: Element | None, name: str = "val") -> str:
    """Give an attribute, whatever its namespace; empty when there is none."""
    if element is None:
        return ""
    return next((value for key, value in element.items() if key.endswith("}" + name)), "")


def is_on(element: Element) -> bool:
    """Tell whether a property that may be on or off is on."""
    return value(element) not in _OFF


def _choose(either: Element) -> None:
    """Keep one of two forms of the same thing: the newer, unless only the older one has text."""
    forms = [*either.iterfind(f"{_COMPATIBLE}Choice"), *either.iterfind(f"{_COMPATIBLE}Fallback")]
    chosen = next((form for form in forms if next(form.iter("{*}t"), None) is not None), None)
    either[:] = forms[:1] if chosen is None else [chosen]
    for form in list(either):
        unwrap(form)
    unwrap(either)


def _show_fields(root: Element) -> None:
    """Show check boxes and choices as characters, which are not left out."""
    for box in list(root.iterfind(".//{*}sdtPr/{*}checkbox")):
        remove(box)  # it holds its character already
    for box in root.iterfind(".//{*}fldChar/{*}ffData/{*}checkBox"):
        mark = box.find("{*}checked")
        mark = box.find("{*}default") if mark is None else mark
        _show(box, _CHECKED if mark is not None and is_on(mark) else _UNCHECKED)
    for choice in root.iterfind(".//{*}fldChar/{*}ffData/{*}ddList"):
        entries = [value(entry) for entry in choice.iterfind("{*}listEntry")]
        chosen = value(choice.find("{*}result")) or value(choice.find("{*}default"))
        number = int(chosen[:9]) if chosen.isdecimal() else 0
        _show(choice, entries[number] if number < len(entries) else "")


def _show(field: Element, text: str) -> None:
    """Show a text behind the character of a legacy form field, which has none of its own."""
    character = field.getparent().getparent()
    shown = etree.Element(_named(character, "t"))
    shown.text = text
    character.addnext(shown)


def _show_formula(formula: Element) -> None:
    """Show the characters of a formula, one behind the other."""
    paragraph = next(formula.iterancestors("{*}p"), None)
    if paragraph is None:
        return
    run = etree.Element(_named(paragraph, "r"))
    text = etree.SubElement(run, _named(paragraph, "t"))
    text.text = "".join(one.text or "" for one in formula.iter("{*}t"))
    formula.addprevious(run)
    remove(formula)


def _named(like: Element, name: str) -> str:
    """Name an element of the namespace that another is in."""
    return f"{like.tag.rpartition('}')[0]}}}{name}"
