"""The expressions of the settings `fields` and `only`. Pure.

A value is taken from a name, a dotted path, or a template with braces; a filter compares it. Names
are checked against the stream's schema.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from target_linkedin_resumes.errors import Misconfigured, Reject
from target_linkedin_resumes.records import Record
from target_linkedin_resumes.values import as_text, is_null

Schema = Mapping[str, Any]

_UNSURE = ("$ref", "anyOf", "oneOf", "allOf", "if", "patternProperties")
_MOST_LEVELS = 4
_MOST_NAMES = 10


def is_open(schema: object) -> bool:
    """Tell whether a schema leaves open which properties its values have."""
    if not isinstance(schema, Mapping):
        return True
    if schema.get("additionalProperties") or any(word in schema for word in _UNSURE):
        return True
    if not types_of(schema) & {"object", "array"}:
        return False
    return not schema.get("properties") and not schema.get("items")


def types_of(schema: Schema) -> set[str]:
    """Return the types that a schema allows; those of containers if it names none."""
    types = schema.get("type")
    if isinstance(types, str):
        return {types}
    if isinstance(types, list):
        return {str(name) for name in types}
    return {"object", "array"}


def names_of(schema: Schema) -> list[str]:
    """List the properties of a schema, those of nested objects as dotted paths."""
    return list(_walk(schema, "", _MOST_LEVELS))


def _walk(schema: object, prefix: str, levels: int) -> Iterator[str]:
    if not levels or not isinstance(schema, Mapping):
        return
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, Mapping) else ():
        yield prefix + name
        yield from _walk(inner, f"{prefix}{name}.", levels - 1)
    if "items" in schema:
        yield from _walk(schema["items"], f"{prefix}0.", levels - 1)


def hint(wanted: list[str], schema: Schema) -> str:
    """Return a hint: the names of a schema that are nearest to missing ones."""
    names = names_of(schema)
    by_letters: dict[str, str] = {}
    for name in names:
        by_letters.setdefault(_letters(name), name)
    close: dict[str, None] = {}
    for name in wanted:
        found = difflib.get_close_matches(_letters(name), by_letters, n=3, cutoff=0.6)
        close.update(dict.fromkeys(by_letters[letters] for letters in found))
    if close:
        return "nearest: " + ", ".join(map(repr, close))
    listed = ", ".join(map(repr, names[:_MOST_NAMES]))
    return f"it has {listed}" + (", ..." if len(names) > _MOST_NAMES else "")


def _letters(name: str) -> str:
    """Normalize a name, so that candidateId, candidate_id and CANDIDATE-ID are the same."""
    return re.sub(r"[\W_]", "", name).casefold()


# The name under which the element of a list stands in the record that is read for it.
EACH = "each"

_MISSING: Any = object()
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
# Only in these do receivers undo percent-encoding; the keys of object stores are taken literally.
_ENCODED = re.compile(r"(?:https?|file)://", re.IGNORECASE)


class Path:
    """A name of a record, or names with dots between them that lead into objects and lists.

    A name that holds the dots itself is looked for first, then the one that schema flattening
    makes of the path, with ``separator`` instead of the dots, then the object's own.
    """

    def __init__(self, text: str, separator: str) -> None:
        self.names = [text]
        parts = text.split(".")
        tails: list[_Steps | None] = [None]
        for start in range(len(parts) - 1, -1, -1):
            tails.insert(0, _Steps(parts[start:], separator, tails))
        self._steps = tails[0]
        self._plain = len(parts) == 1

    def get(self, record: Record) -> Any:
        """Return the value in a record; None if there is none."""
        if self._plain:
            return record.get(self.names[0])
        value = self._steps.find(record) if self._steps is not None else None
        return None if value is _MISSING else value

    def missing(self, schema: Schema) -> list[str]:
        """Return the names that records of this schema cannot have."""
        there = self._steps is None or self._steps.may_exist(schema)
        return [] if there else list(self.names)

    def __str__(self) -> str:
        return f"'{self.names[0]}'"


class _Steps:
    """The rest of a path from some name on. ``tails`` are the shorter rests after it."""

    def __init__(self, parts: list[str], separator: str, tails: list[_Steps | None]) -> None:
        self._index = int(parts[0]) if re.fullmatch(r"[0-9]{1,6}", parts[0]) else None
        self._after = tails[0]
        self._routes = tuple(
            (key, tails[taken - 1])
            for taken in range(len(parts), 0, -1)
            for key in dict.fromkeys(glue.join(parts[:taken]) for glue in (".", separator))
        )

    def find(self, value: object) -> Any:
        if isinstance(value, Mapping):
            for key, rest in self._routes:
                if key in value:
                    found = value[key] if rest is None else rest.find(value[key])
                    if found is not _MISSING:
                        return found
        elif isinstance(value, list) and self._index is not None and self._index < len(value):
            found = value[self._index]
            return found if self._after is None else self._after.find(found)
        return _MISSING

    def may_exist(self, schema: object) -> bool:
        if is_open(schema):
            return True
        assert isinstance(schema, Mapping)  # noqa: S101 - all else is open
        properties, types = schema.get("properties"), types_of(schema)
        if "object" in types and isinstance(properties, Mapping):
            for key, rest in self._routes:
                if key in properties and (rest is None or rest.may_exist(properties[key])):
                    return True
        if "array" in types and self._index is not None and not properties:
            return self._after is None or self._after.may_exist(schema.get("items"))
        return False


class Template:
    """A text with names or paths in braces; nothing if one of them is null or empty.

    In an http(s) or file URL the values are percent-encoded, slashes included; `{+path}` keeps the
    slashes of a value that is a path. Elsewhere values stand as they are.
    """

    def __init__(self, text: str, separator: str, field: str) -> None:
        self.names: list[str] = []
        self._field = field
        self._encoded = _ENCODED.match(text) is not None
        self._pieces: list[str | tuple[Path, bool]] = []
        for token in _TOKEN.finditer(text):
            name = token[1]
            if name is not None:
                self._pieces.append(self._placeholder(name, separator))
            elif token[0] in ("{", "}"):
                raise ValueError(f"the brace at character {token.start() + 1} has no partner")
            else:
                self._pieces.append(token[0].replace("{{", "{").replace("}}", "}"))
        if not self.names:
            raise ValueError("the template names no field in braces")

    def _placeholder(self, name: str, separator: str) -> tuple[Path, bool]:
        as_path = name.startswith("+")
        name = name.removeprefix("+")
        if not name.strip():
            raise ValueError("braces with no name in them")
        self.names.append(name)
        return Path(name, separator), as_path

    def get(self, record: Record) -> str | None:
        """Fill in the values of a record; None if one is missing.

        Raises :class:`Reject` when they make no URL, or one that leads elsewhere.
        """
        made = ""
        for piece in self._pieces:
            if isinstance(piece, str):
                made += piece
                continue
            path, as_path = piece
            found = path.get(record)
            value = None if is_null(found) else as_text(found)
            if value is None:
                return None
            made += self._encode(made, value, as_path=as_path)
        path_of_url = re.split(r"[?#]", made, maxsplit=1)[0]
        if self._encoded and not {".", ".."}.isdisjoint(path_of_url.split("/")):
            raise self._reject("makes a URL with '.' or '..' in its path of it")
        return made

    def _encode(self, before: str, value: str, *, as_path: bool) -> str:
        if not self._encoded:
            return value
        if as_path:
            # Exactly one slash at the joint, so that the host of the template remains the host.
            value = value.lstrip("/") if before.endswith("/") else "/" + value.lstrip("/")
        try:
            return quote(value, safe="/" if as_path else "")
        except UnicodeEncodeError:
            raise self._reject(
                "finds half of a surrogate pair, which is not valid Unicode text"
            ) from None

    def _reject(self, what: str) -> Reject:
        return Reject(
            "invalid_record", f"field '{self._field}': the template of the setting `fields` {what}"
        )

    def missing(self, schema: Schema) -> list[str]:
        """Return the names that records of this schema cannot have."""
        paths = (piece[0] for piece in self._pieces if not isinstance(piece, str))
        return [name for path in paths for name in path.missing(schema)]

    def __str__(self) -> str:
        return "a template of " + " and ".join(f"'{name}'" for name in self.names)


Expression = Path | Template


def parse(text: object, setting: str, field: str, separator: str) -> Expression:
    """Read an expression of the setting ``setting`` that serves for ``field``.

    Raises :class:`Misconfigured`, which never quotes a template: it may hold a credential.
    """
    # A URL would be masked in the log.
    expected = "expected a name, a dotted path, a template such as 'resumes/{id}.pdf'"
    if not isinstance(text, str):
        kind = type(text).__name__
        raise Misconfigured(f"setting '{setting}': {expected}, or a list of them, not a {kind}")
    if not text.strip():
        raise Misconfigured(f"setting '{setting}': {expected}, not an empty text")
    if not re.search(r"[{}]", text):
        return Path(text, separator)
    try:
        return Template(text, separator, field)
    except ValueError as error:
        raise Misconfigured(
            f"setting '{setting}': {error}; {expected} (`{{{{` and `}}}}` stand for the braces"
            " themselves)"
        ) from None


def first(expressions: Sequence[Expression], record: Record) -> Any:
    """Return the first value that is not null."""
    for expression in expressions:
        value = expression.get(record)
        if not is_null(value):
            return value
    return None


class Filter:
    """One field and the values it may have.

    Values are compared as texts, so that 1 and "1", true and "true" are the same: a tap for a
    database, for an API and for CSV give the same column in different types, and a filter that
    meets the wrong one would drop every record without a sound. Null, NaN, a blank text and what is
    not there are the same. Upper and lower case differ.
    """

    def __init__(self, path: Path, values: frozenset[str | None]) -> None:
        self.path = path
        self._values = values

    def passes(self, record: Record, *, absent_passes: bool) -> bool:
        """Tell whether a record passes; one without the field does if ``absent_passes``."""
        value = self.path.get(record)
        if is_null(value):
            return absent_passes or None in self._values
        text = as_text(value)
        return text is not None and text in self._values


def read_filter(name: str, given: Any, setting: str, separator: str) -> Filter:
    """Read one entry of `only`. Raises :class:`Misconfigured`."""
    values = given if isinstance(given, list) else [given]
    if not values or any(isinstance(value, Mapping | list) for value in values):
        raise Misconfigured(
            f"setting '{setting}': expected a text, a number, true, false, null, or a list of"
            " them that is not empty"
        )
    if not name.strip() or "{" in name:
        raise Misconfigured(f"setting '{setting}': expected the name of a field or a dotted path")
    texts = frozenset(None if is_null(value) else as_text(value) for value in values)
    return Filter(Path(name, separator), texts)
