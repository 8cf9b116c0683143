"""Records of a stream become changes and go to the delivery engine.

The SDK's sinks collect, drain and acknowledge; here the engine does. So a sink holds nothing, and
what the SDK would do to a record on its way (strip `_sdc_*` fields, parse dates, validate against
the tap's schema) is left out: the mapped record is checked against this target's own contract.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from math import inf
from sys import getsizeof
from typing import TYPE_CHECKING, Any

from singer_sdk.mapper import RemoveRecordTransform, StreamMap
from singer_sdk.sinks import Sink

from target_linkedin_resumes.engine.engine import Engine
from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.mapping.mapper import Mapper
from target_linkedin_resumes.records import Change, Record, ResumeKey, Upsert, key_of, read_change
from target_linkedin_resumes.resumes.etags import expires_at
from target_linkedin_resumes.settings import Settings
from target_linkedin_resumes.stores.full_table import FullTables

if TYPE_CHECKING:
    from singer_sdk.sinks.core import BaseJSONSchemaValidator
    from singer_sdk.target_base import Target

logger = logging.getLogger(__name__)


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
        mapper = Mapper(ours.settings.fields, ours.settings.only)
        # A stream that the stream maps drop gets a sink all the same, but no record. A later SCHEMA
        # may list what has changed alone.
        judged = stream_name in ours.judged or _is_dropped(target, stream_name)
        self._mapping = mapper.for_stream(stream_name, None if judged else schema)
        ours.judged.add(stream_name)
        self._said: set[str] = ours.said
        for warning in self._mapping.warnings:
            self._say(logging.WARNING, warning)
        self._described = False

    def deliver(
        self,
        record: Record,
        original: Record,
        stream: str,
        attempts: int = 0,
        version: int | None = None,
    ) -> None:
        """Hand over one record after stream maps; ``original``, ``stream`` and ``version`` are as
        the tap sent them.

        ``attempts`` is how often earlier runs failed to deliver it. Waits while too much is in
        flight. Raises what stopped the run.
        """
        if not self._described:
            self._described = True
            self._say(logging.INFO, self._mapping.describe(record))
        try:
            mapped = self._mapping.apply(record)
            if mapped is None:
                self._engine.skip()
                self._pass_over(record, stream, version)
                return
            change = read_change(
                mapped, stream=stream, original=original, attempts=attempts, version=version
            )
        except Reject as reject:
            key = key_of(self._mapping.ids(record))
            self._engine.reject(
                stream, original, reject, attempts=attempts + 1, key=key, version=version
            )
        else:
            self._tell_padding(change.key)
            self._engine.add(change, size_estimate(original), priority(change))

    def _tell_padding(self, key: ResumeKey) -> None:
        for field in key.padded:
            self._say(
                logging.WARNING,
                f"stream {self.stream_name!r}: field '{field}' begins or ends with blanks. They are"
                " part of the id, and without them it is another one. Where a column pads its"
                " values, trim them at the source or with `stream_maps`",
            )

    def _say(self, level: int, line: str) -> None:
        """Log what was not said already, before the stream's schema changed."""
        if line not in self._said:
            self._said.add(line)
            logger.log(level, "%s", line)

    def filtered_out(
        self, stream_map: StreamMap, record: Record, stream: str, version: int | None
    ) -> None:
        """Note a record that a stream map has taken out; it deletes nothing.

        Raises what :class:`FullTables` does.
        """
        if self._versions is not None and version is not None:
            self._pass_over(_unfiltered(stream_map, record), stream, version)

    def _pass_over(self, record: Record, stream: str, version: int | None) -> None:
        if self._versions is not None and version is not None:
            key = key_of(self._mapping.ids(record))
            self._versions.passed_over(stream, version, key)

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """As the SDK calls it; this target calls :meth:`deliver`."""
        del context
        self.deliver(record, record, self.stream_name)

    def process_batch(self, context: dict[str, Any]) -> None:
        """Nothing is held in a sink."""

    def get_validator(self) -> BaseJSONSchemaValidator | None:
        """No validator: its errors quote the record, and its check is not this target's."""
        return None

    def _remove_sdc_metadata_from_schema(self) -> None:
        """`_sdc_deleted_at` is a deletion marker and stays."""

    @property
    def max_size(self) -> int:
        """At most LinkedIn's 100; the engine makes the batches."""
        return min(self.batch_size_rows or 100, 100)


def warn_of_missing_streams(target: Target, settings: Settings) -> None:
    """At the end of the input, warn of streams that settings name and that never came."""
    mapper = Mapper(settings.fields, settings.only)
    for warning in mapper.never_came({one.stream_alias for one in _stream_maps(target)}):
        logger.warning("%s", warning)


def _is_dropped(target: Target, stream: str) -> bool:
    """Tell whether the stream maps let no record of a stream through."""
    of_stream = [one for one in _stream_maps(target) if one.stream_alias == stream]
    return bool(of_stream) and all(isinstance(one, RemoveRecordTransform) for one in of_stream)


def _unfiltered(stream_map: StreamMap, record: Record) -> Record:
    """A record as a stream map would make it without its filter; empty where that fails."""
    own = vars(stream_map)
    own["get_filter_result"] = lambda _: True
    try:
        return stream_map.transform(dict(record)) or {}
    except Exception:  # noqa: BLE001 - whatever an expression of the user raises
        return {}
    finally:
        del own["get_filter_result"]


def priority(change: Change) -> float:
    """What is to be fetched first: the link that expires soonest; a file that stays comes last."""
    location = change.file.location if isinstance(change, Upsert) else None
    expiry = expires_at(location) if location and "?" in location else None
    return inf if expiry is None else expiry


def size_estimate(record: Record) -> int:
    """How many bytes of memory a parsed record holds, whatever it is nested like.

    For back-pressure: what occurs twice in it is counted twice.
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


def _stream_maps(target: Target) -> list[StreamMap]:
    return [one for several in target.mapper.stream_maps.values() for one in several]
