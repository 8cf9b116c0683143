"""Read and check the settings `fields` and `only`, stream by stream. Pure."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.mapping.expressions import (
    EACH,
    Expression,
    Filter,
    Path,
    parse,
    read_filter,
)
from target_linkedin_resumes.records import FIELDS

# The fields as users write them; `deleted` is the deletion marker, `each` a list of resumes.
NAMES = (*FIELDS, "deleted", EACH)

# As resume_id: the records of the stream are candidates.
EVERY = "*"

# By stream, None standing for all streams, then by field.
ByStream = dict[str | None, dict[str, tuple[Expression, ...]]]
FiltersByStream = dict[str | None, dict[str, Filter]]


def read_fields(given: object, separator: str = "__") -> ByStream:
    """Read the setting `fields`: an object, or JSON text of one; null for none.

    ``separator`` is what schema flattening puts between names. Raises :class:`Misconfigured`.
    """
    read: ByStream = {None: {}}
    for name, value in _object(given, "fields").items():
        if isinstance(value, Mapping):
            read[name] = {
                field: _expressions(expression, f"fields.{name}.{field}", field, separator)
                for field, expression in value.items()
                if _is_field(field, expression, f"fields.{name}.{field}")
            }
            if is_of_candidates(read[name]) and EACH in read[name]:
                raise Misconfigured(
                    f"setting 'fields.{name}': a stream of candidates (resume_id '{EVERY}') has no"
                    f" list; expected no '{EACH}'"
                )
        elif _is_field(name, value, f"fields.{name}"):
            read[None][name] = _expressions(value, f"fields.{name}", name, separator)
    if is_of_candidates(read[None]):
        raise Misconfigured(
            f"setting 'fields.resume_id': '{EVERY}' has every resume of a deleted candidate"
            " deleted; expected it under the name of the stream of candidates"
        )
    return read


def is_of_candidates(mapped: Mapping[str, tuple[Expression, ...]]) -> bool:
    """Tell whether the records of a stream with this mapping are candidates."""
    return any(str(one) == f"'{EVERY}'" for one in mapped.get("resume_id", ()))


def read_only(given: object, separator: str = "__") -> FiltersByStream:
    """Read the setting `only`, as :func:`read_fields` reads `fields`."""
    read: FiltersByStream = {None: {}}
    for name, value in _object(given, "only").items():
        if isinstance(value, Mapping):
            read[name] = {
                field: read_filter(field, wanted, f"only.{name}.{field}", separator)
                for field, wanted in value.items()
            }
        else:
            read[None][name] = read_filter(name, value, f"only.{name}", separator)
    return read


def _object(given: object, setting: str) -> Mapping[str, Any]:
    if given is None:
        return {}
    if isinstance(given, str):  # from the environment
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            raise Misconfigured(
                f"setting '{setting}': this text is not valid JSON; expected a JSON object"
            ) from None
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        raise Misconfigured(f"setting '{setting}': expected an object, not a {kind}")
    return given


def _is_field(name: str, value: object, setting: str) -> bool:
    """Tell whether an entry maps a field; null maps nothing. Raises for an unknown name."""
    if name in NAMES:
        return value is not None
    close = difflib.get_close_matches(name.removeprefix("_sdc_"), NAMES, n=1)
    meant = f" (did you mean '{close[0]}'?)" if close else ""
    raise Misconfigured(
        f"setting '{setting}': no field of this target{meant}; expected {', '.join(NAMES)}, or the"
        " name of a stream with an object of them"
    )


def _expressions(value: object, setting: str, field: str, separator: str) -> tuple[Expression, ...]:
    alternatives = value if isinstance(value, list) else [value]
    if not alternatives:
        raise Misconfigured(f"setting '{setting}': the list is empty; expected a name or more")
    if field == "resume_id" and EVERY in alternatives and len(alternatives) > 1:
        raise Misconfigured(f"setting '{setting}': '{EVERY}' stands alone; expected no other name")
    if field == EACH:
        return _each(value, setting, separator)
    return tuple(parse(one, setting, field, separator) for one in alternatives)


def _each(value: object, setting: str, separator: str) -> tuple[Expression, ...]:
    expected = "expected the name of a list in the record, or a dotted path that leads to one"
    if not isinstance(value, str) or not value.strip() or "{" in value:
        raise Misconfigured(f"setting '{setting}': {expected}")
    if value == EACH or value.startswith(f"{EACH}."):
        raise Misconfigured(f"setting '{setting}': it names itself; {expected}")
    return (Path(value, separator),)
