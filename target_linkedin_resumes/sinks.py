"""Turn the records of a stream into changes, and hand them to the delivery engine.

The SDK's sinks collect, drain and acknowledge records. Here the engine does, and a sink holds none.
The SDK's own processing (strip `_sdc_*` fields, parse dates, validate against the tap's schema) is
left out: the mapped record is checked against this target's own contract.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from sys import getsizeof
from typing import TYPE_CHECKING, Any, NamedTuple

from singer_sdk.mapper import RemoveRecordTransform, StreamMap
from singer_sdk.sinks import Sink

from target_linkedin_resumes.dates import EPOCH, read_moment
from target_linkedin_resumes.engine.engine import Engine
from target_linkedin_resumes.engine.types import DELETION_UNRESOLVED, Rejected
from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.mapping.expressions import EACH
from target_linkedin_resumes.mapping.mapper import Mapper
from target_linkedin_resumes.records import (
    Change,
    Delete,
    Provenance,
    Record,
    ResumeKey,
    Row,
    Upsert,
    candidate_of,
    key_of,
    read_change,
)
from target_linkedin_resumes.resumes.etags import expires_at
from target_linkedin_resumes.settings import Settings
from target_linkedin_resumes.singer.stream_maps import is_dropped, unfiltered
from target_linkedin_resumes.stores.dead_letters import DeadLetters
from target_linkedin_resumes.stores.full_table import FullTables
from target_linkedin_resumes.stores.rows import Rows
from target_linkedin_resumes.values import as_text, is_null

if TYPE_CHECKING:
    from singer_sdk.sinks.core import BaseJSONSchemaValidator
    from singer_sdk.target_base import Target

logger = logging.getLogger(__name__)

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_NO_IDS = "it deletes a resume whose ids cannot be read from it; have the tap send both"


@dataclass(slots=True)
class _Message:
    """A record after stream maps, and where it comes from."""

    record: Record
    provenance: Provenance
    parts: int = 1

    @property
    def row(self) -> Row | None:
        """The tap's row that the record is."""
        return self.provenance.row

    def size(self) -> int:
        """Estimate the bytes of memory that this part of the record holds."""
        return size_estimate(self.provenance.record) // self.parts

    def delete(self, key: ResumeKey) -> Delete:
        """Make the deletion of a resume that the record asks for."""
        return Delete(key, self.provenance)


class _Unreadable(NamedTuple):
    """A record that cannot be read as a change, with its ids if at least those can be read.

    ``candidate_id`` as in :class:`Rejected`.
    """

    reject: Reject
    key: ResumeKey | None
    candidate_id: str | None = None


class _RowDeletion:
    """A record that deletes, and whose ids cannot be read: its row tells which resumes."""


_Asked = Change | _Unreadable


class ResumeSink(Sink):
    """Hands the records of one stream to the pipeline that all sinks share."""

    def __init__(
        self,
        target: Target,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        ours: Any = target  # a TargetLinkedInResumes, which imports this module
        self._engine: Engine = ours.engine
        self._versions: FullTables | None = ours.versions
        self._rows: Rows | None = ours.runtime.rows
        self._dead_letters: DeadLetters | None = ours.runtime.rejects
        mapper = Mapper(ours.settings.fields, ours.settings.only)
        # The mapping is compared with the first SCHEMA: a later one may list only what has changed.
        # A stream that the stream maps drop gets a sink too, but no record.
        known = stream_name in ours.checked or is_dropped(target, stream_name)
        is_checked = not (known or ours.retrying) and bool(schema.get("properties"))
        self._mapping = mapper.for_stream(stream_name, schema if is_checked else None)
        if is_checked:
            ours.checked.add(stream_name)
        self._logged: set[str] = ours.logged
        for warning in self._mapping.warnings:
            self._log_once(logging.WARNING, warning)
        self._described = False
        keys = tuple(key_properties or ())
        by_ids = self._mapping.is_of_candidates or self._mapping.is_identified_by_ids(keys)
        # Sorted, because taps do not always list them in the same order.
        self._row_keys = () if by_ids else tuple(sorted(keys))
        self._identified = False

    def deliver(
        self,
        record: Record,
        original: Record,
        stream: str,
        attempts: int = 0,
        version: int | None = None,
        element: int | None = None,
    ) -> None:
        """Hand over one record after stream maps; ``original``, ``stream`` and ``version`` are as
        the tap sent them.

        ``attempts`` is how often earlier runs failed to deliver it, ``element`` the place of the
        one resume of its list that is meant. Waits while too much is in flight. Raises what stopped
        the run.
        """
        if not self._identified:
            self._describe(record, stream, again=attempts > 0)
        message = self._message(record, original, stream, attempts, version)
        try:
            if self._mapping.is_of_candidates:
                self._deliver_candidate(message)
            elif self._mapping.is_list:
                self._deliver_list(message, element)
            else:
                self._deliver_one(message)
        except Reject as reject:  # of the record as a whole
            candidate_id = candidate_of(self._mapping.ids(message.record))
            self._hand_in(_Unreadable(reject, None, candidate_id), message)

    def salvage(
        self,
        reject: Reject,
        partial: Record,
        original: Record,
        stream: str,
        attempts: int,
        version: int | None,
    ) -> None:
        """Hand over a record that the stream maps fail on: what deletes is carried out, all else
        is rejected.

        ``partial`` is what the maps make of it where they do not fail; what it lacks is looked for
        in ``original``. Raises as :meth:`deliver` does.
        """
        merged = {**original, **partial}
        for record in (partial, merged):
            readable = key_of(self._mapping.ids(record)) or self._row(record, stream)
            if self._asks_for_deletion(record) and (readable or record is merged):
                self.deliver(record, original, stream, attempts, version)
                return
        message = self._message(partial, original, stream, attempts, version)
        key = key_of(self._mapping.ids(partial))
        candidate_id = None
        if key is None:  # what is not mapped may be another's: it says nothing of a row
            ids = self._mapping.ids(merged)
            key, candidate_id = key_of(ids) if message.row is None else None, candidate_of(ids)
        elif self._rows is not None and message.row is not None:
            self._rows.name(message.row, key)
        if self._mapping.is_list and self._rows is not None and message.row is not None:
            with suppress(Reject):
                views = self._mapping.elements(partial)
                keys = [key_of(self._mapping.ids(view)) for view in views or ()]
                if views is not None and None not in keys:
                    self._rows.name_all(message.row, set(filter(None, keys)), whole=True)
        self._overtake(message, deletions=False)
        self._hand_in(_Unreadable(reject, key, candidate_id), message)

    def _overtake(self, message: _Message, *, deletions: bool = True, named: bool = False) -> None:
        """Drop what is kept of earlier records of the same row, see :class:`DeadLetters`."""
        kept = self._dead_letters
        if kept is None or message.provenance.attempts:
            return
        row = message.row
        if row is not None and kept.keeps(row, named=named):
            self._engine.write(partial(kept.overtaken, row, deletions=deletions, named=named))

    def _succeed(self, kept: DeadLetters, row: Row | None) -> None:
        """Have the deletions that are kept of a row go once the next change arrives."""
        if row is not None and kept.keeps(row, named=False):
            self._engine.write(partial(kept.succeeds, row, self._engine.position))

    def _describe(self, record: Record, stream: str, *, again: bool) -> None:
        """Log the mapping once, and note which properties identify the stream's rows.

        The SCHEMA of a record that is tried ``again`` may be out of date.
        """
        if not self._described:
            self._described = True
            self._log_once(logging.INFO, self._mapping.describe(record))
        if not again:
            self._identified = True
            if self._rows is not None and self._row_keys:
                self._rows.identify(stream, self._rows_name(stream), self._row_keys)

    def _rows_name(self, stream: str) -> str:
        """Name the stream of a row; stream maps may give several streams one name."""
        return stream if stream == self.stream_name else f"{stream} as {self.stream_name}"

    def _message(
        self, record: Record, original: Record, stream: str, attempts: int, version: int | None
    ) -> _Message:
        row = self._row(record, stream) if not attempts or self._is_current(stream) else None
        return _Message(record, Provenance(stream, original, attempts, version, row))

    def _is_current(self, stream: str) -> bool:
        """Tell whether these key properties still identify the rows of a stream."""
        if self._rows is None:
            return True
        known = self._rows.properties_of(self._rows_name(stream))
        return not known or tuple(known) == self._row_keys

    def _row(self, record: Record, stream: str) -> Row | None:
        if not self._row_keys:
            return None
        values = [record.get(name) for name in self._row_keys]
        if any(map(is_null, values)):
            return None
        return Row(row_text(self._rows_name(stream), values), stream, self._row_keys)

    # One resume a record

    def _deliver_one(self, message: _Message) -> None:
        asked = self._read(message)
        if asked is None:
            self._engine.skip()
            self._pass_over(message)
        elif isinstance(asked, _RowDeletion):
            self._overtake(message, named=True)
            self._delete_row(message)
        else:
            self._overtake(message, deletions=isinstance(asked, Delete))
            key = None if isinstance(asked, Delete) else asked.key
            found = None
            if self._rows is not None and message.row is not None and key is not None:
                found = self._rows.name(message.row, key)
            self._hand_in(asked, message, found)

    def _read(self, message: _Message) -> _Asked | _RowDeletion | None:
        """Read what a record asks for; None if the setting `only` filters it out.

        A record that cannot be read may still delete: that needs the ids, and nothing else.
        """
        try:
            mapped = self._mapping.apply(message.record)
            return None if mapped is None else read_change(mapped, message.provenance)
        except Reject as reject:
            ids = self._mapping.ids(message.record)
            key = key_of(ids)
            if not self._asks_for_deletion(message.record):
                return _Unreadable(reject, key, candidate_of(ids) if key is None else None)
            return _RowDeletion() if key is None else message.delete(key)

    def _asks_for_deletion(self, record: Record) -> bool:
        """Tell whether a record that cannot be read deletes for certain."""
        try:
            deletes = self._mapping.deletes(record)
        except Reject:
            return False
        return deletes and not self._mapping.is_filtered(record, deletes=True)

    def _hand_in(self, asked: _Asked, message: _Message, found: object = None) -> None:
        """Hand over a change or a reject. The caller has noted which resumes its row names."""
        if isinstance(asked, Delete):
            self._delete(asked, message)
            return
        if isinstance(asked, _Unreadable):
            if self._dead_letters is not None:
                self._dead_letters.expect(message.row, named=asked.key is not None)
            attempts = message.provenance.attempts + 1
            rejected = Rejected(message.provenance, asked.reject, -1, attempts, *asked[1:])
            self._engine.reject(rejected)
        else:
            self._tell_padding(asked.key)
            if self._rows is not None and self._row_keys and message.row is None:
                self._rows.unidentified(message.provenance.stream)
            kept = self._dead_letters
            if kept is not None and kept.unnamed:  # nearly never: no call for it
                self._succeed(kept, message.row)
            self._engine.add(asked, message.size, priority(asked), found)
        if self._rows is not None and message.row is not None and asked.key is not None:
            self._rows.added(message.row, asked.key)

    def _delete(self, change: Delete, message: _Message) -> None:
        if self._rows is None:
            self._engine.add(change, message.size())
        else:
            self._rows.delete(change, message.size())

    def _delete_row(self, message: _Message, keys: Collection[ResumeKey] = ()) -> None:
        """Delete all that the row of a record names, and ``keys``, which the record names itself.

        Raises :class:`Reject` where it is not known what that is.
        """
        if self._rows is not None and message.row is not None:
            again = message.provenance.attempts > 0
            self._rows.delete_row(message.row, message.delete, message.size(), keys, again=again)
            return
        for key in keys:
            self._delete(message.delete(key), replace(message, parts=len(keys)))
        if keys:
            return
        said = "it deletes, and the ids of a resume cannot be read from it"
        names = ", ".join(map(repr, self._row_keys))
        if not names:
            remedy = "have it carry what serves for candidate_id and resume_id"
        elif self._rows is None:
            remedy = (
                f"which resumes its key ({names}) named is known with the setting ledger_path, from"
                " one full load on; or have the tap send both ids"
            )
        else:
            remedy = f"have the tap send both ids, or its key ({names})"
        raise Reject(DELETION_UNRESOLVED, f"{said}; {remedy}")

    # A list of resumes in a record

    def _deliver_list(self, message: _Message, element: int | None) -> None:
        """Hand over a record with a list: all of it, or one ``element`` that is tried again."""
        if self._mapping.deletes(message.record):
            self._delete_list(message)
            return
        views = self._mapping.elements(message.record)
        if views is None:
            self._engine.skip()
            self._pass_over_all(message)
            return
        if not views:
            self._engine.skip()
        named: set[ResumeKey] = set()
        whole = element is None
        asked: list[tuple[_Asked, _Message]] = []
        for one in _elements(message, views, element):
            change = self._read_element(one)
            if change is not None:
                asked.append((change, one))
            key = key_of(self._mapping.ids(one.record)) if change is None else change.key
            whole = whole and key is not None
            if key is not None and not isinstance(change, Delete):
                named.add(key)
        only_deletes = bool(asked) and all(isinstance(change, Delete) for change, _ in asked)
        self._overtake(message, deletions=only_deletes)
        if self._rows is not None and message.row is not None:
            self._rows.name_all(message.row, named, whole=whole)
        for change, one in asked:
            self._hand_in(change, one)

    def _read_element(self, message: _Message) -> _Asked | None:
        """Read what an element of a list asks for; None if it is filtered out, which is noted."""
        change = self._read(message)
        if change is None:
            self._engine.skip()
            self._pass_over(message)
        if isinstance(change, _RowDeletion):
            return _Unreadable(Reject(DELETION_UNRESOLVED, _NO_IDS), None)
        return change

    def _delete_list(self, message: _Message) -> None:
        """Delete all resumes that a record's list names, now and in earlier records."""
        if self._mapping.is_filtered(message.record, deletes=True):
            self._engine.skip()
            return
        self._overtake(message, named=True)
        views: Sequence[Record] | None = None
        with suppress(Reject):
            views = self._mapping.elements(message.record)
        keys = {key_of(self._mapping.ids(view)) for view in views or ()}
        self._delete_row(message, [key for key in keys if key is not None])

    # Candidates

    def _deliver_candidate(self, message: _Message) -> None:
        """Delete the resumes of a deleted candidate; skip a candidate that is not deleted."""
        record, provenance, rows = message.record, message.provenance, self._rows
        if not self._mapping.deletes(record) or self._mapping.is_filtered(record, deletes=True):
            self._engine.skip()
            return
        candidate_id = candidate_of(self._mapping.ids(record))
        if candidate_id is None or rows is None:
            raise Reject(
                DELETION_UNRESOLVED,
                "it deletes a candidate, and what serves for candidate_id is missing or no id",
            )
        again = provenance.attempts > 0
        kept = set() if again else self._kept_of(candidate_id)
        about = (message.delete, message.size(), provenance.stream)
        rows.delete_candidate(candidate_id, *about, also=kept, again=again)

    def _kept_of(self, candidate_id: str) -> set[ResumeKey]:
        """Return a deleted candidate's resumes among the rejects; drop rejects that name none."""
        found: set[ResumeKey] = set()
        kept = self._dead_letters
        if kept is not None and kept.keeps_any:
            self._engine.write(partial(kept.drop_unnamed, candidate_id))
            self._engine.write(lambda: found.update(kept.of_candidate(candidate_id)))
        return found

    def _tell_padding(self, key: ResumeKey) -> None:
        for field in key.padded:
            self._log_once(
                logging.WARNING,
                f"stream {self.stream_name!r}: field '{field}' begins or ends with blanks. They are"
                " part of the id: without them it is a different id. If a column pads its values,"
                " trim them at the source or with `stream_maps`",
            )

    def _log_once(self, level: int, line: str) -> None:
        """Log a line unless this run has logged it, perhaps before the stream's schema changed."""
        if line not in self._logged:
            self._logged.add(line)
            logger.log(level, "%s", line)

    def filtered_out(
        self, stream_map: StreamMap, record: Record, stream: str, version: int | None
    ) -> None:
        """Note a record that a stream map has filtered out; it deletes nothing.

        Raises what :class:`FullTables` does.
        """
        if self._versions is not None and version is not None:
            whole = unfiltered(stream_map, record)
            message = self._message(whole, record, stream, 0, version)
            if self._mapping.is_list:
                self._pass_over_all(message)
            else:
                self._pass_over(message)

    def _pass_over(self, message: _Message) -> None:
        stream, version = message.provenance.stream, message.provenance.version
        if self._versions is not None and version is not None:
            key = key_of(self._mapping.ids(message.record))
            self._versions.passed_over(stream, version, key)

    def _pass_over_all(self, message: _Message) -> None:
        """Note that a version names whatever the row of a record named before."""
        stream, version = message.provenance.stream, message.provenance.version
        if self._versions is None or version is None:
            return
        if message.row is None or self._rows is None:
            self._versions.passed_over(stream, version, None)
        else:
            for key in self._rows.named_by(message.row):
                self._versions.passed_over(stream, version, key)

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """As the SDK calls it; this target calls :meth:`deliver`."""
        del context
        self.deliver(record, record, self.stream_name)

    def process_batch(self, context: dict[str, Any]) -> None:
        """Do nothing: a sink holds no records."""

    def clean_up(self) -> None:
        """Do nothing: the SDK would log a metric of 0, because this target counts by itself."""

    def get_validator(self) -> BaseJSONSchemaValidator | None:
        """Return none: the SDK's validator quotes the record, and checks another contract."""
        return None

    def _remove_sdc_metadata_from_schema(self) -> None:
        """Keep the fields: `_sdc_deleted_at` is a deletion marker."""

    @property
    def max_size(self) -> int:
        """Return at most LinkedIn's 100. The engine makes the batches."""
        return min(self.batch_size_rows or 100, 100)


def row_text(stream: str, values: Sequence[Any]) -> str:
    """Return the text that identifies a row: its stream's name after stream maps, and its key."""
    texts = [stream, *map(_identity, values)]
    return "".join([f"{len(one)}:{one}" for one in texts])


def _identity(value: Any) -> str:
    """Return a value of a row's key as text; a tap may write one time in several forms."""
    text = as_text(value) or json.dumps(value, default=str, sort_keys=True)
    moment = read_moment(text) if _TIME.match(text) else None
    return text if moment is None else str(moment - EPOCH)


def _elements(
    message: _Message, views: Sequence[Record], element: int | None
) -> Iterator[_Message]:
    """Yield the elements of a record's list that are not null, or only the given one."""
    for number, view in enumerate(views):
        if not is_null(view[EACH]) and element in (None, number):
            provenance = message.provenance._replace(element=number)
            yield _Message(view, provenance, parts=len(views))


def warn_of_missing_streams(target: Target, settings: Settings) -> None:
    """Warn of streams that settings name and that never came. Called at the end of the input."""
    mapper = Mapper(settings.fields, settings.only)
    came = {
        one.stream_alias
        for several in target.mapper.stream_maps.values()
        for one in several
        if not isinstance(one, RemoveRecordTransform)
    }
    for warning in mapper.never_came(came):
        logger.warning("%s", warning)


def priority(change: Change) -> float:
    """Return when the link of a change expires, in epoch seconds: the soonest is fetched first."""
    location = change.file.location if isinstance(change, Upsert) else None
    expiry = expires_at(location) if location and "?" in location else None
    return inf if expiry is None else expiry


def size_estimate(record: Record) -> int:
    """Estimate the bytes of memory that a parsed record holds, at any depth.

    For back-pressure: a value that occurs twice is counted twice.
    """
    total = 0
    left: list[Any] = [record]
    while left:  # no recursion: a record may be nested as deeply as JSON is read
        value = left.pop()
        total += getsizeof(value)
        if isinstance(value, dict):
            total += sum(map(getsizeof, value))
            left += value.values()
        elif isinstance(value, list):
            left += value
    return total
