"""Other ways to write a batch answer, as a gateway or another version may have them. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .keys import write_key
from .restli import error_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .keys import Key
    from .restli import Outcome

_PADDING = "x" * 64 * 1024


def _with(**changes: str | None) -> Callable[[Key, str], list[str]]:
    """Write a key with fields added, replaced, or, with None, left out."""

    def names(key: Key, protocol: str) -> list[str]:
        fields = {**dict(key), **changes}
        pairs = sorted((name, value) for name, value in fields.items() if value is not None)
        return [write_key(tuple(pairs), protocol=protocol)]

    return names


def _as_2_0(key: Key, _: str) -> list[str]:
    return [write_key(key, protocol="2.0.0")]


def _with_params(key: Key, _: str) -> list[str]:
    return [write_key(key, protocol="2.0.0").replace("(", "($params:(),", 1)]


def _twice(key: Key, _: str) -> list[str]:
    return [write_key(key, protocol=protocol) for protocol in ("1.0.0", "2.0.0")]


def _plainly(key: Key, protocol: str) -> list[str]:
    return [write_key(key, protocol=protocol)]


FORMS: dict[str, Callable[[Key, str], list[str]]] = {
    "organization": _with(integrationContext="urn:li:organization:1000"),
    "more_fields": _with(dataRegion="EU"),
    "no_provider": _with(dataProvider=None),
    "lower_case": _with(dataProvider="partner"),
    "protocol_2": _as_2_0,
    "params": _with_params,
    "twice": _twice,
    "others": _with(tcrmCandidateId="of another call"),
    "java": _plainly,
    "no_status": _plainly,
    "long": _plainly,
}
"""How each form writes a key. What it does beyond that is in :func:`encode_as`."""


def encode_as(form: str, outcomes: Iterable[tuple[Key, Outcome]], *, protocol: str) -> bytes:
    """The answer of a batch, in one of the forms."""
    results: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for key, outcome in outcomes:
        for name in FORMS[form](key, protocol):
            if outcome.message is None:
                results[name] = {"status": outcome.status}
                if form == "long":
                    results[name]["padding"] = _PADDING
                continue
            error = error_of(outcome)
            if form == "no_status":
                del error["status"]
            errors[_in_java(key) if form == "java" else name] = error
    return json.dumps({"results": results, "errors": errors}, separators=(",", ":")).encode()


def _in_java(key: Key) -> str:
    return "{" + ", ".join(f"{field}={value}" for field, value in reversed(key)) + "}"
