"""Map the records of a stream to records with this target's fields.

Pure; compiled once a stream. The sink applies it to each record before read_change().
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from target_linkedin_resumes.errors import Misconfigured, Reject
from target_linkedin_resumes.mapping.config import (
    NAMES,
    ByStream,
    FiltersByStream,
    is_of_candidates,
)
from target_linkedin_resumes.mapping.expressions import (
    EACH,
    Expression,
    Filter,
    Path,
    Schema,
    first,
    hint,
    is_open,
    types_of,
)
from target_linkedin_resumes.records import DELETED, FIELDS, Record, is_deleted
from target_linkedin_resumes.values import is_null

_IDS = ("candidate_id", "resume_id")
# What an upsert must have beside the ids; of several names one is enough.
_FOR_UPSERTS = (("created_at",), ("file", "file_base64"))


class Mapper:
    """The settings `fields` and `only`; makes the mapping of each stream."""

    def __init__(self, fields: ByStream, only: FiltersByStream) -> None:
        self._fields = fields
        self._only = only

    def for_stream(self, stream: str, schema: Schema | None = None) -> StreamMapping:
        """Make the mapping of a stream, named as after stream maps.

        What is set for a stream adds to what is set for all streams and replaces the same field.
        Raises :class:`Misconfigured` when a name cannot be in records of ``schema``, and when
        nothing in them can be one of the ids.
        """
        mapped = {**self._fields.get(None, {}), **self._fields.get(stream, {})}
        filters = {**self._only.get(None, {}), **self._only.get(stream, {})}
        warnings = [] if schema is None else self._misspelt(stream)
        if schema is not None and not is_open(schema):
            checked = {name: each for name, each in mapped.items() if name != EACH}
            if EACH in mapped:
                setting = _setting("fields", EACH, stream, self._fields)
                warnings += _check(mapped[EACH], setting, stream, schema)
                schema = _with_element(schema, mapped[EACH])
            if is_of_candidates(mapped):
                del checked["resume_id"]
            for field, expressions in checked.items():
                setting = _setting("fields", field, stream, self._fields)
                warnings += _check(expressions, setting, stream, schema)
            for name, condition in filters.items():
                setting = _setting("only", name, stream, self._only)
                _check((condition.path,), setting, stream, schema)
            warnings += _check_required(mapped, stream, schema, self._streams())
        return StreamMapping(stream, mapped, tuple(filters.values()), warnings)

    def _streams(self) -> list[str]:
        named = (name for name in (*self._fields, *self._only) if name is not None)
        return list(dict.fromkeys(named))

    def never_came(self, streams: Collection[str]) -> list[str]:
        """Warn of streams that the settings name, if none of them is one of these.

        If one is, the others are another configuration's, from which this one inherits.
        """
        if not set(self._streams()).isdisjoint(streams):
            return []
        return [
            f"setting '{setting}': stream {name!r} never came, or `stream_maps` drops it; what is"
            " set for it had no effect."
            f" The streams were {', '.join(map(repr, sorted(streams))) or 'none'}"
            for setting, by_stream in (("fields", self._fields), ("only", self._only))
            for name in by_stream
            if name is not None and name not in streams
        ]

    def _misspelt(self, stream: str) -> list[str]:
        """Warn of a stream that is not named, if one is that is called nearly the same.

        A filter under a misspelt name would let everything through.
        """
        named = self._streams()
        close = [] if stream in named else difflib.get_close_matches(stream, named, 1, 0.8)
        return [
            f"the settings `fields` and `only` name a stream {name!r}, and this one is {stream!r}:"
            " what is set there does not apply to it"
            for name in close
        ]


class StreamMapping:
    """The mapping of one stream. ``warnings`` are for the log."""

    def __init__(
        self,
        stream: str,
        mapped: Mapping[str, tuple[Expression, ...]],
        filters: Sequence[Filter],
        warnings: Sequence[str] = (),
    ) -> None:
        self.warnings = tuple(warnings)
        self._stream = stream
        self._mapped = dict(mapped)
        self.is_list = EACH in mapped
        """Whether a record has a list of which each element is a resume."""
        self.is_of_candidates = is_of_candidates(mapped)
        """Whether a record is a candidate and no resume."""
        self._each = self._mapped.pop(EACH, ())
        if self.is_of_candidates:
            del self._mapped["resume_id"]
        # Singer's own marker always counts: it has one meaning only, and no deletion may be lost.
        deleted = self._mapped.pop("deleted", None)
        self._deleted = deleted and (*deleted, Path(DELETED, "."))
        self._filters = tuple(filters)
        self._as_it_is = not self._mapped and self._deleted is None

    def apply(self, record: Record) -> Record | None:
        """Return the record with this target's names; None if `only` takes it out.

        A record that deletes needs its ids alone, and a field of `only` that it lacks does not
        take it out: deletions often carry nothing but the key. Raises :class:`Reject` when a
        template makes no usable URL.
        """
        if self._as_it_is and not self._filters:
            return record
        marker = self._marker(record)
        may_delete = _may_delete(marker)
        if self._filters and self.is_filtered(record, deletes=may_delete):
            return None
        if self._as_it_is:
            return record
        made = {} if marker is None else {DELETED: marker}
        for field in _IDS if may_delete else FIELDS:
            value = self._value(field, record)
            if value is not None:
                made[field] = value
        return made

    def elements(self, record: Record) -> list[Record] | None:
        """Return the record once for each element of its list, which stands in it as `each`.

        None where there is no list: that says nothing of what was in it. Raises :class:`Reject`
        for what is no list.
        """
        value = first(self._each, record)
        if isinstance(value, str) and not is_null(value):  # warehouses keep lists as JSON text
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise _no_list() from None
        if is_null(value):
            return None
        if isinstance(value, Mapping):
            value = [value]
        if not isinstance(value, list):
            raise _no_list()
        return [{**record, EACH: element} for element in value]

    def deletes(self, record: Record) -> bool:
        """Tell whether a record is marked as deleted, whatever else is wrong with it.

        Raises :class:`Reject` for a marker that says neither.
        """
        if self._deleted is None:
            return is_deleted(record.get(DELETED))
        found: list[object] = []
        for expression in self._deleted:
            with suppress(Reject):
                found.append(expression.get(record))
        return is_deleted(max(found, key=_priority, default=None))

    def is_filtered(self, record: Record, *, deletes: bool) -> bool:
        """Tell whether `only` filters a record out; one that ``deletes`` may lack fields."""
        return not all(one.passes(record, absent_passes=deletes) for one in self._filters)

    def is_identified_by_ids(self, key_properties: Collection[str]) -> bool:
        """Tell whether a stream's key properties are exactly those that the two ids come from."""
        named = [self._mapped.get(field, (Path(field, "."),)) for field in _IDS]
        ids = {expressions[0].names[0] for expressions in named if len(expressions) == 1}
        return not self.is_list and len(ids) == len(_IDS) and ids == set(key_properties)

    def ids(self, record: Record) -> dict[str, Any]:
        """Return the ids of a record, as far as they can be read. Never raises."""
        made = {}
        for field in _IDS:
            with suppress(Reject):
                made[field] = self._value(field, record)
        return made

    def _value(self, field: str, record: Record) -> Any:
        expressions = self._mapped.get(field)
        return record.get(field) if expressions is None else first(expressions, record)

    def _marker(self, record: Record) -> object:
        """Return the deletion marker: of several, one that deletes; else one that is unclear.

        A false flag in one column must not hide the date of deletion in another.
        """
        if self._deleted is None:
            return record.get(DELETED)
        values = [expression.get(record) for expression in self._deleted]
        found = [value for value in values if value is not None]
        return max(found, key=_priority, default=None)

    def describe(self, record: Record) -> str:
        """Describe for the log which property serves for which field: names, never values."""
        served: list[str] = []
        lacking: list[str] = []
        for name in NAMES[:-1]:
            expressions = self._deleted if name == "deleted" else self._mapped.get(name)
            if expressions is None:
                own = DELETED if name == "deleted" else name
                if not is_null(record.get(own)):
                    served.append(f"{name} from {own!r}")
                continue
            source = _serving(expressions, record)
            if source is None:
                lacking.append(f"{name} ({', '.join(map(str, expressions))})")
            else:
                served.append(f"{name} from {source}")
        said = f"stream {self._stream!r}: " + (", ".join(served) or "no field serves")
        if lacking:
            said += "; null in the first record: " + ", ".join(lacking)
        without = [
            names[0]
            for names in _required(
                deletes=self.is_of_candidates or _may_delete(self._marker(record))
            )
            if not any(name in self._mapped or not is_null(record.get(name)) for name in names)
        ]
        if without:
            said += "; required and without a source: " + ", ".join(without)
        if self._each:
            said += f"; one resume for each element of {self._each[0]}"
        if self._filters:
            said += "; filtered by " + ", ".join(str(one.path) for one in self._filters)
        return said


def _serving(expressions: Sequence[Expression], record: Record) -> Expression | None:
    for expression in expressions:
        try:
            if not is_null(expression.get(record)):
                return expression
        except Reject:
            return expression
    return None


def _required(*, deletes: bool = False) -> list[tuple[str, ...]]:
    return [*((name,) for name in _IDS), *(() if deletes else _FOR_UPSERTS)]


def _priority(marker: object) -> int:
    """Return 2 for a marker that deletes, 1 for one that is unclear, 0 for one that does not."""
    try:
        return 2 if is_deleted(marker) else 0
    except Reject:
        return 1


def _may_delete(marker: object) -> bool:
    """Tell whether a marker deletes or is unclear, which read_change() rejects."""
    return _priority(marker) > 0


def _check(
    expressions: Sequence[Expression], setting: str, stream: str, schema: Schema
) -> list[str]:
    """Compare the names of a setting with a schema; return warnings."""
    missing = [expression.missing(schema) for expression in expressions]
    wanted = list(dict.fromkeys(name for names in missing for name in names))
    if not wanted:
        return []
    said = (
        f"setting '{setting}': the schema of stream {stream!r} has no "
        f"{' and no '.join(repr(name) for name in wanted)}; {hint(wanted, schema)}"
    )
    if not all(missing):
        return [said]
    raise Misconfigured(f"{said}. {_remedy(stream)}")


def _check_required(
    mapped: Mapping[str, tuple[Expression, ...]],
    stream: str,
    schema: Schema,
    named: Sequence[str],
) -> list[str]:
    """Compare the fields that a record must have with a schema; return warnings.

    A stream without what an upsert needs may hold deletions. ``named`` are the streams that have
    settings of their own.
    """
    warnings = []
    if is_of_candidates(mapped):
        return []
    others = "" if stream in named else ", ".join(map(repr, named))
    for names in _required():
        if any(name in mapped or not Path(name, ".").missing(schema) for name in names):
            continue
        said = (
            f"setting 'fields.{names[0]}': it has no source: the schema of stream"
            f" {stream!r} has no {' and no '.join(map(repr, names))}; {hint([*names], schema)}"
        )
        if others:
            said += f". The settings `fields` and `only` name {others}, and not this stream"
        if names[0] in _IDS:
            raise Misconfigured(f"{said}. {_remedy(stream)}")
        warnings.append(f"{said}. Records of this stream can delete, and nothing else")
    return warnings


def _with_element(schema: Schema, each: Sequence[Expression]) -> Schema:
    """Return the schema of a record that has an element of its list as `each`."""
    element: Any = schema
    for name in each[0].names[0].split("."):
        properties = element.get("properties") if isinstance(element, Mapping) else None
        element = properties.get(name) if isinstance(properties, Mapping) else None
    if isinstance(element, Mapping) and "array" in types_of(element) and "items" in element:
        element = element["items"]
    elif not isinstance(element, Mapping) or "object" not in types_of(element):
        element = {}  # not said, or the JSON text of a list
    return {**schema, "properties": {**schema.get("properties", {}), EACH: element}}


def _no_list() -> Reject:
    return Reject(
        "invalid_record",
        f"field '{EACH}': expected a list, an object, or the JSON text of one of them",
    )


def _remedy(stream: str) -> str:
    return (
        "Name what the stream has; what differs from stream to stream goes into an object"
        " under the stream's name; a stream that is not wanted is dropped by the setting"
        f' `stream_maps` with {{{json.dumps(stream)}: "__NULL__"}}'
    )


def _setting(
    name: str, entry: str, stream: str, by_stream: Mapping[str | None, Mapping[str, Any]]
) -> str:
    return f"{name}.{stream}.{entry}" if entry in by_stream.get(stream, {}) else f"{name}.{entry}"
