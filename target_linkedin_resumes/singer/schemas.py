"""Make SCHEMA messages, whatever a tap has sent, into ones that the SDK can read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The names that records are mapped by lie near the top. The SDK recurses for each level.
_LEVELS = 60


def is_schema(schema: object) -> bool:
    """Tell whether a value is a schema or an empty one; PHP writes an empty object as a list."""
    if isinstance(schema, Mapping):
        properties = schema.get("properties")
        return not properties or isinstance(properties, Mapping)
    return not schema or schema is True


def bounded(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a message without what is nested too deeply."""
    copy: dict[str, Any] = _cut(message, _LEVELS)
    return copy


def readable(message: Mapping[str, Any], separator: str | None = None) -> dict[str, Any]:
    """Return a copy of a SCHEMA message whose schema has properties, each of them an object.

    A schema without properties stays open, also after a stream map adds some. Key properties that
    the schema does not list are added to it, because the SDK refuses a stream map without them;
    except those that schema flattening, with this ``separator``, will make from an object. Key
    properties that are not a list of names count as none: with only a part of them, different
    records would be one row.
    """
    copy = bounded(message)
    schema = copy.get("schema")
    if not isinstance(schema, dict):
        schema = {}
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        properties, schema["additionalProperties"] = {}, True
    keys = copy.get("key_properties")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        keys = []
    made = () if separator is None else tuple(f"{name}{separator}" for name in properties)
    added = dict.fromkeys(key for key in keys if not key.startswith(made))
    schema["properties"] = {
        name: about if isinstance(about, dict) else {}
        for name, about in {**added, **properties}.items()
    }
    return {**copy, "schema": schema, "key_properties": keys}


def _cut(value: Any, levels: int) -> Any:
    if isinstance(value, Mapping):
        return {name: _cut(inner, levels - 1) for name, inner in value.items()} if levels else {}
    if isinstance(value, list):
        return [_cut(inner, levels - 1) for inner in value] if levels else []
    return value
