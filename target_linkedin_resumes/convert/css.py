"""What the styles of a page hide, and what they set apart. Reads simple rules; no other hides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from target_linkedin_resumes.convert.safe_zip import Element

DELETED = "del"  # elements that are left out with their text
_HIDDEN = re.compile(
    r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all)",
    re.IGNORECASE,
)
_SHOWN = re.compile(r"(?:^|[;\s])(?:display|visibility)\s*:", re.IGNORECASE)
_COLUMNS = re.compile(r"display\s*:\s*(?:inline-)?(?:flex|grid)\b", re.IGNORECASE)
_APART = re.compile(
    r"(?:^|[;\s])(?:float\s*:\s*(?:left|right)|position\s*:\s*(?:absolute|fixed)"
    r"|display\s*:\s*(?:block|table|table-cell|list-item)\b)",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_COMBINATOR = re.compile(r"[\s>+~]+")
_MARK = re.compile(r"[.#][\w-]+")  # a class or an identifier


@dataclass(slots=True)
class _Rules:
    """What the rules of a page are for: "tag", ".class", "#id" or a tag with one of these.

    ``columns`` have their children side by side, ``apart`` are apart from what is about them.
    ``hidden`` and ``shown`` say of which classes and identifiers a rule hides or shows text.
    """

    columns: set[str] = field(default_factory=set)
    apart: set[str] = field(default_factory=lambda: {"button"})
    hidden: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)

    def add(self, selector: str, style: str, *, is_general: bool) -> None:
        """Take in a rule for one selector. ``is_general`` rules apply however a page is seen."""
        target = _COMBINATOR.split(selector)[-1]
        if target.isalnum() and target != selector:
            return  # elements of one kind, but only some of them
        if _COLUMNS.search(style):
            self.columns.add(target)
        if _APART.search(style):
            self.apart.add(target)
        if _HIDDEN.search(style):
            if is_general and target == selector and _MARK.search(selector):
                self.hidden.add(target)
        elif _SHOWN.search(style):
            self.shown.update(_MARK.findall(selector))


def apply_styles(root: Element) -> None:
    """Mark what styles hide, and put blanks about what they set apart: the source has none there.

    A rule that hides a class or an identifier counts if nothing in the page may show it again: a
    script, or another rule.
    """
    rules = _rules(root)
    tags = rules.columns | rules.apart
    for element in root.iter():
        style, names = element.get("style", ""), element.get("class", "")
        identifier = element.get("id", "")
        if not (style or names or identifier or element.tag in tags):
            continue
        style = _COMMENT.sub("", style)
        marks = {f".{name}" for name in names.split()} | {f"#{identifier}"}
        own = {element.tag, *marks, *(element.tag + mark for mark in marks)}
        may_show = marks & rules.shown or _SHOWN.search(style)
        if _HIDDEN.search(style) or (own & rules.hidden and not may_show):
            hide(element)
            continue
        if _COLUMNS.search(style):
            # Inscriptis would take it for a part of a line.
            element.set("style", _COLUMNS.sub("display:block", style))
        if _COLUMNS.search(style) or own & rules.columns:
            for child in element:
                child.tail = f" {child.tail or ''}"
        if (_APART.search(style) or own & rules.apart) and not _is_letter(element):
            _set_apart(element)


def hide(element: Element) -> None:
    """Mark an element as one to be left out, but not all of a page: a script would show that."""
    if element.tag in ("html", "body"):
        element.attrib.clear()
    else:
        element.tag = DELETED


def _rules(root: Element) -> _Rules:
    rules = _Rules()
    for selectors, style, is_general in _parsed(root):
        for selector in selectors.split(","):
            rules.add(selector.strip(), style, is_general=is_general)
    scripts = root.xpath("//script[not(contains(@type, 'json'))]")
    if scripts or root.xpath("//@*[starts-with(name(), 'on')]"):
        rules.hidden.clear()
    return rules


def _parsed(root: Element) -> Iterator[tuple[str, str, bool]]:
    """Read the rules of a page: selectors, declarations, and whether they always apply."""
    for sheet in root.iter("style"):
        is_general = sheet.get("media", "all").strip().lower() in ("", "all", "screen")
        depth = 0
        for rule in _COMMENT.sub(" ", sheet.text or "").split("}"):
            depth += rule.count("{")
            before, _, style = rule.rpartition("{")
            selectors = before.rpartition("{")[2].rpartition(";")[2]
            yield selectors, style, is_general and depth == 1
            depth = max(0, depth - 1)


def _is_letter(element: Element) -> bool:
    """Tell whether an element is the first letter of a word, set larger than the others."""
    return len("".join(element.itertext()).strip()) <= 1


def _set_apart(element: Element) -> None:
    before = element.getprevious()
    if before is not None:
        before.tail = f"{before.tail or ''} "
    elif element.getparent() is not None:
        element.getparent().text = f"{element.getparent().text or ''} "
    element.tail = f" {element.tail or ''}"
