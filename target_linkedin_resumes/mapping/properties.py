"""What a stream's schema says its records can hold. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

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
    """Give the types that a schema allows; those of containers if it does not say."""
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
    """Say which names of a schema are nearest to names that are not there."""
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
    """Leave out what differs between candidateId, candidate_id and CANDIDATE-ID."""
    return re.sub(r"[\W_]", "", name).casefold()
