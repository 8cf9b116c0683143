"""A DOCX as it reads once all tracked changes are accepted. Source: ECMA-376 part 1, 17.13.5."""

from __future__ import annotations

from target_linkedin_resumes.convert.safe_zip import Element, remove, unwrap

_PROPERTIES = "rPrChange pPrChange sectPrChange tblPrChange tcPrChange trPrChange numberingChange"
_DELETED = ("{*}del", "{*}moveFrom", "{*}conflictDel")
_INSERTED = ("{*}ins", "{*}moveTo", "{*}conflictIns")
_CONTENT = ("{*}t", "{*}drawing", "{*}pict", "{*}object", "{*}sym")


def accept(root: Element) -> None:
    """Take out what was deleted, and the marks of what was inserted."""
    for row in [mark.getparent().getparent() for mark in root.iterfind(".//{*}trPr/{*}del")]:
        remove(row)
    joined = [
        mark.getparent().getparent().getparent()
        for name in _DELETED
        for mark in root.iterfind(f".//{{*}}p/{{*}}pPr/{{*}}rPr/{name}")
    ]
    for element in list(root.iter(*_DELETED, *(f"{{*}}{name}" for name in _PROPERTIES.split()))):
        if element.getparent() is not None:
            remove(element)
    for element in list(root.iter(*_INSERTED)):
        unwrap(element)
    for paragraph in joined:
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
