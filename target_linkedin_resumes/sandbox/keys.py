"""Rest.li's complex keys, queries and URIs, as its open-source server reads and writes them.

Pure. Protocol 1.0.0 writes a key as ``a=1&b=2`` and a batch as ``ids[0].a=1&ids[0].b=2``;
protocol 2.0.0 as ``(a:1,b:2)`` and ``ids=List((a:1,b:2))``. Sources: github.com/linkedin/rest.li,
``ComplexResourceKey``, ``QueryParamsDataMap``, ``URIElementParser``; linkedin.github.io/rest.li.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TypeAlias
from urllib.parse import quote, quote_plus, unquote, unquote_plus

Key: TypeAlias = tuple[tuple[str, str], ...]
"""A complex key: (field, value) pairs, decoded and sorted."""

Element: TypeAlias = "str | list[Element] | dict[str, Element]"
"""What a query parameter holds once read."""

_ILLEGAL_ASCII = re.compile(r'[\x00-\x20\x7f"<>\\^`{|}]|%(?![0-9A-Fa-f]{2})')
_INDEXED = re.compile(r"(?P<name>[^\[\].]+)\[(?P<index>[0-9]{1,9})\](?:\.(?P<field>[^\[\].]+))?\Z")
# A batch has 100 ids of some fields each; read, a part takes a hundred times its bytes.
_MOST_PARTS = 20_000
_MOST_ESCAPES = 500_000
_ESCAPED_2_0 = str.maketrans({c: f"%{ord(c):02X}" for c in "%(),:'"})


class SyntaxFault(ValueError):
    """Text that the protocol's grammar does not allow."""


def illegal_at(uri: str) -> int | None:
    """Index of the first character that ``java.net.URI`` refuses, or None.

    Beyond ASCII it takes everything but control and space characters.
    """
    found = _ILLEGAL_ASCII.search(uri)
    if uri.isascii():
        return found.start() if found else None
    first = found.start() if found else len(uri)
    for index, character in enumerate(uri[:first]):
        if character > "\x7f" and unicodedata.category(character) in {"Cc", "Zs", "Zl", "Zp"}:
            return index
    return found.start() if found else None


def describe(key: Key) -> str:
    """The key as Rest.li's error messages show it: alphabetical, unescaped."""
    return "&".join(f"{field}={value}" for field, value in key)


def write_key(key: Key, *, protocol: str) -> str:
    """The key as it appears in a batch answer.

    1.0.0: alphabetical, ``java.net.URLEncoder``. 2.0.0: alphabetical, only ``% ( ) , : '`` escaped.
    """
    if protocol == "2.0.0":
        pairs = (f"{_write_2_0(field)}:{_write_2_0(value)}" for field, value in key)
        return "(" + ",".join(pairs) + ")"
    return "&".join(f"{_form_encoded(field)}={_form_encoded(value)}" for field, value in key)


def read_key(text: str, *, protocol: str) -> Key:
    """The key of a batch body's ``entities``. Raises SyntaxFault.

    Under 1.0.0 it is read as the query of a URI: form-decoded, cut at a ``#``.
    """
    if protocol == "2.0.0":
        element = read_element(text)
        if not isinstance(element, dict):
            raise SyntaxFault(text)
        return key_of(element)
    if illegal_at(text) is not None:
        raise SyntaxFault(text)
    pairs = []
    for part in text.partition("#")[0].split("&"):
        if part:
            field, _, value = part.partition("=")
            pairs.append((_form_decoded(field), _form_decoded(value)))
    return tuple(sorted(pairs))


def key_of(element: dict[str, Element]) -> Key:
    """The key that an element of ``ids`` stands for; ``$params`` is no part of it."""
    pairs = []
    for field, value in element.items():
        if field == "$params":
            continue
        if not isinstance(value, str):
            raise SyntaxFault(field)
        pairs.append((field, value))
    return tuple(sorted(pairs))


def read_query(query: str, *, protocol: str) -> dict[str, Element]:
    """The parameters of a raw query. Raises SyntaxFault, also for a parameter given twice."""
    parts = query.count("&") + (query.count(",") if protocol == "2.0.0" else 0)
    if parts > _MOST_PARTS or query.count("%") > _MOST_ESCAPES:
        raise SyntaxFault(query[:100])
    return _read_query_2_0(query) if protocol == "2.0.0" else _read_query_1_0(query)


def _read_query_1_0(query: str) -> dict[str, Element]:
    parameters: dict[str, Element] = {}
    lists: dict[str, dict[int, Element]] = {}
    for part in query.split("&"):
        if not part:
            continue
        raw_name, _, raw_value = part.partition("=")
        name, value = _form_decoded(raw_name), _form_decoded(raw_value)
        indexed = _INDEXED.match(name)
        if indexed is None:
            if name in parameters:
                raise SyntaxFault(name)
            parameters[name] = value
            continue
        items = lists.setdefault(indexed["name"], {})
        index, field = int(indexed["index"]), indexed["field"]
        if field is None:
            if index in items:
                raise SyntaxFault(name)
            items[index] = value
            continue
        item = items.setdefault(index, {})
        if not isinstance(item, dict) or field in item:
            raise SyntaxFault(name)
        item[field] = value
    for name, items in lists.items():
        if name in parameters:
            raise SyntaxFault(name)
        parameters[name] = [items[index] for index in sorted(items)]
    return parameters


def _read_query_2_0(query: str) -> dict[str, Element]:
    parameters: dict[str, Element] = {}
    for part in query.split("&"):
        if not part:
            continue
        raw_name, _, raw_value = part.partition("=")
        name = unquote(raw_name)
        if name in parameters:
            raise SyntaxFault(name)
        parameters[name] = read_element(raw_value)
    return parameters


def read_element(text: str) -> Element:
    """One value of protocol 2.0.0: a string, ``List(...)`` or ``(name:value,...)``."""
    try:
        element, end = _element(text, 0)
    except RecursionError:
        raise SyntaxFault(text[:100]) from None
    if end != len(text):
        raise SyntaxFault(text)
    return element


def _element(text: str, at: int) -> tuple[Element, int]:
    if text.startswith("List(", at):
        return _list(text, at + len("List("))
    if text.startswith("(", at):
        return _map(text, at + 1)
    return _string(text, at)


def _list(text: str, at: int) -> tuple[Element, int]:
    items: list[Element] = []
    if text.startswith(")", at):
        return items, at + 1
    while True:
        item, at = _element(text, at)
        items.append(item)
        if text.startswith(")", at):
            return items, at + 1
        at = _expect(text, at, ",")


def _map(text: str, at: int) -> tuple[Element, int]:
    items: dict[str, Element] = {}
    if text.startswith(")", at):
        return items, at + 1
    while True:
        name, at = _string(text, at)
        if name in items:
            raise SyntaxFault(name)
        items[name], at = _element(text, _expect(text, at, ":"))
        if text.startswith(")", at):
            return items, at + 1
        at = _expect(text, at, ",")


def _expect(text: str, at: int, character: str) -> int:
    if not text.startswith(character, at):
        raise SyntaxFault(text)
    return at + 1


def _string(text: str, at: int) -> tuple[str, int]:
    if text.startswith("''", at):
        return "", at + 2
    end = at
    while end < len(text) and text[end] not in "(),:'":
        end += 1
    if end == at:
        raise SyntaxFault(text)
    return unquote(text[at:end], errors="replace"), end


def _write_2_0(text: str) -> str:
    return text.translate(_ESCAPED_2_0) or "''"


def _form_encoded(text: str) -> str:
    # java.net.URLEncoder: like quote_plus, but `*` stays and `~` does not; half a surrogate pair
    # becomes a question mark.
    return quote_plus(text, safe="*", errors="replace").replace("~", "%7E")


def _form_decoded(text: str) -> str:
    return unquote_plus(text, errors="replace") if "%" in text or "+" in text else text


def percent_encoded(text: str) -> str:
    """Every reserved character escaped, as in the ``location`` header of a creation."""
    return quote(text, safe="")
