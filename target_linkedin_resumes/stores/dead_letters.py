"""Rejects: records that could not be delivered as they are, kept as a Singer stream.

The file is replayed by reading it as input. A line is a SCHEMA or a RECORD message as the tap sent
it; a RECORD has a key ``reject`` beside ``record``::

    {"code": ..., "message": ..., "at": ISO 8601, "attempts": n,
     "candidate_id": ..., "resume_id": ..., "status": LinkedIn's, "element": n, "row": hash}

The ids are there where they could be read, the candidate's also alone, ``status`` where LinkedIn
refused the record, ``element`` where one resume of a list is meant, and ``row`` where a later
record of the tap's row may overtake it. Deletions stay outstanding until they are carried out.
They stand first: what is kept of the same resume came after them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from math import inf
from pathlib import Path
from typing import Any

from target_linkedin_resumes.engine.interfaces import Store
from target_linkedin_resumes.engine.types import Rejected
from target_linkedin_resumes.errors import Stop
from target_linkedin_resumes.records import ResumeKey, Row
from target_linkedin_resumes.stores.line_file import LineFile, checked_lines, something_else
from target_linkedin_resumes.stores.owned_file import usable
from target_linkedin_resumes.stores.reject_lines import (
    DECODER,
    RejectLine,
    Subject,
    count_deletions,
    digest,
    outstanding_in,
    read_reject_lines,
    row_hash,
    with_schemas,
)

logger = logging.getLogger(__name__)

EARLIER_RUN = -1
# What a replay rejects again, until it takes the place of the file. The name is nobody else's.
REPLAY = ".target-linkedin-resumes.replay"
_LOSS = "a reject that is not kept would be lost"
_SETTING = "rejects_path"
_BEGIN = b"{"


def check_dead_letters(path: Path) -> None:
    """Raise the :class:`Misconfigured` that opening the file would, and change nothing."""
    records = rejects = False
    for line in read_reject_lines(checked_lines(path, _SETTING, begin=_BEGIN)):
        if not line.is_ours:
            raise something_else(path, _SETTING)
        records = records or line.is_record
        rejects = rejects or line.subject is not None
    if records and not rejects:  # a tap has printed them
        raise something_else(path, _SETTING)


class DeadLetters(Store):
    """The dead letters of a pipeline. The engine tells it what is rejected and what is settled.

    ``encode`` makes a line of JSON of a message, ``now`` gives the time in ISO 8601. ``replaying``
    says that the file is this run's input: what is rejected again goes to a new file, which takes
    the place of the old one once the run has settled everything. ``keeping`` is false where the
    first reject stops the run: it keeps none then, but what overtakes those of earlier runs goes.
    ``oldest`` is the time before which a reject is dropped at the start, unless it is a deletion;
    ``expired`` counts them. ``count`` is how many rejects this run has added. Raises
    :class:`Misconfigured` for a path that :func:`check_dead_letters` refuses.
    """

    def __init__(
        self,
        path: Path,
        *,
        encode: Callable[[object], str],
        now: Callable[[], str],
        most: int | None = None,
        replaying: bool = False,
        keeping: bool = True,
        oldest: str = "",
    ) -> None:
        self._encode = encode
        self._now = now
        self._most = most
        self._keeping = keeping
        self._schemas: dict[str, Mapping[str, Any]] = {}
        self._schema_written: dict[str, Mapping[str, Any]] = {}
        # What is kept, with the position of its record in this run; and what is kept by row.
        self._positions: dict[Subject, int] = {}
        self._rows: dict[str, set[Subject]] = {}
        self._row_of: dict[Subject, str] = {}
        self._candidates: dict[Subject, str] = {}  # of records of which no more is known
        # Rows by the position of a record that takes the place of their deletions on arrival.
        self._successors: dict[int, str] = {}
        self.unnamed: set[str] = set()
        """Rows of which records may be kept whose resumes are not known; for the thread that
        reads, like what follows.
        """
        self._named: set[str] = set()
        self._expects = False  # there may be records that are kept
        self._retried_until: float = 0  # before this position, all are deletions of earlier runs
        self._tried: set[Subject] = set()  # what of earlier runs was tried again
        self.replaying = replaying
        self._stale = False  # the file holds rejects that a later change has overtaken
        self._untidy = False  # or that were rejected again, or a deletion behind other records
        self.count = 0
        self.expired = 0
        check_dead_letters(path)  # what is another program's keeps its mode too
        self._file = self._guard = LineFile(path, _SETTING, _LOSS, begin=_BEGIN)
        replay = self._guard.path.with_name(self._guard.path.name + REPLAY)
        replay.unlink(missing_ok=True)  # of a killed replay; the file holds all that it did
        if replaying:
            self._file = LineFile(replay, _SETTING, _LOSS)
            return
        others = False
        for line in read_reject_lines(self._file):
            # A run that was killed has left deletions behind other records.
            self._untidy = self._untidy or (others and line.is_deletion)
            others = others or (line.is_record and not line.is_deletion)
            if line.is_older(oldest):
                self.expired += 1
            elif line.subject is not None:
                self._keep(line.subject, EARLIER_RUN, line.row, line.candidate_id)
        if self.expired:
            self._keep_only(lambda _, line: not line.is_older(oldest))

    @property
    def outstanding(self) -> tuple[int, int]:
        """Return how many deletions wait to be carried out, and of how many persons."""
        return count_deletions(self._positions)

    def schema(self, message: Mapping[str, Any]) -> None:
        """Remember the SCHEMA message of a stream, as the tap sent it."""
        self._schemas[str(message["stream"])] = message

    def rejected(self, rejected: Rejected) -> None:
        """Append a record. Durable after :meth:`sync`. Raises :class:`Stop`."""
        reject, key, position = rejected.reject, rejected.key, rejected.position
        self._successors.pop(position, None)
        if not self._keeping:
            return
        subject = self._subject(rejected)
        is_new = subject not in self._positions
        if not is_new and self._positions[subject] > position:
            return  # a later record of the key is kept already, and the last one counts
        if is_new and self._most is not None and self.count >= self._most:
            raise Stop(
                f"more than {self._most} records were rejected (setting max_rejects); the last"
                f" one: [{reject.code}] {reject.message}. Look at the rejects file, fix the"
                " cause, and run again."
            )
        if rejected.is_deletion and position >= self._retried_until:
            self._drop_before((subject[0], False), position)
        self._untidy = self._untidy or not is_new or rejected.is_deletion
        about = self._about(rejected)
        candidate_id = rejected.candidate_id if key is None else None
        self._keep(subject, position, about.get("row"), candidate_id)
        provenance = rejected.provenance
        stream, version = provenance.stream, provenance.version
        self._write_schema(stream)
        self._write(
            {
                "type": "RECORD",
                "stream": stream,
                "record": provenance.record,
                **({} if version is None else {"version": version}),
                "reject": about,
            }
        )
        self.count += is_new

    def _about(self, rejected: Rejected) -> dict[str, Any]:
        """Return what stands beside a record."""
        reject, key = rejected.reject, rejected.key
        about: dict[str, Any] = {
            "code": reject.code,
            "message": reject.message,
            "at": self._now(),
            "attempts": rejected.attempts,
        }
        if key is not None:
            about |= {"candidate_id": key.candidate_id, "resume_id": key.resume_id}
        elif rejected.candidate_id is not None:
            about["candidate_id"] = rejected.candidate_id
        if reject.status is not None:
            about["status"] = reject.status
        element, row = rejected.provenance.element, rejected.provenance.row
        if element is not None:
            about["element"] = element
        if row is not None and (key is None or not rejected.is_deletion):
            about["row"] = row_hash(row)
        return about

    def settled(self, changes: Sequence[tuple[ResumeKey, int]]) -> None:
        """Note what has arrived: rejects of a key that came before it are superseded."""
        if not self._positions:
            return
        for key, position in changes:
            self._drop_before((key, True), position)
            # An upsert that was rejected and whose deletion is still kept came after it.
            if position >= self._retried_until:
                self._drop_before((key, False), position)
            if position in self._successors:
                self._succeeded(self._successors.pop(position), position)

    def _succeeded(self, row: str, position: int) -> None:
        """Drop the deletions of a row before the record of it that has arrived."""
        for subject in list(self._rows.get(row, ())):
            what, is_deletion = subject
            if is_deletion and isinstance(what, str):
                self._drop_before(subject, position)

    def of_candidate(self, candidate_id: str) -> set[ResumeKey]:
        """Return the resumes of a candidate of which a record is kept."""
        keys = (what for what, _ in self._positions if isinstance(what, ResumeKey))
        return {key for key in keys if key.candidate_id == candidate_id}

    def drop_unnamed(self, candidate_id: str, *, deletions: bool = False) -> None:
        """Drop what is kept of a candidate, who is deleted, and of resumes that are not known.

        Only what was to be delivered; or the ``deletions`` alone, once an operator has made them.
        """
        for subject in [one for one, kept in self._candidates.items() if kept == candidate_id]:
            if subject[1] is deletions:
                self._drop(subject)

    @property
    def keeps_any(self) -> bool:
        """Tell whether any record may be kept. From the thread that reads."""
        return self._expects or bool(self._positions)

    def expect(self, row: Row | None, *, named: bool) -> None:
        """Note that a record is about to be kept; ``named`` says that its resume is known.

        From the thread that reads, like :meth:`keeps`.
        """
        self._expects = True
        if row is not None:
            (self._named if named else self.unnamed).add(row_hash(row))

    def keeps(self, row: Row, *, named: bool) -> bool:
        """Tell whether a record of a row may be kept: any if ``named``, else without its ids.

        From the thread that reads.
        """
        kept = (self.unnamed, self._named) if named else (self.unnamed,)
        return any(kept) and any(row_hash(row) in rows for rows in kept)

    def succeeds(self, row: Row, position: int) -> None:
        """Note the position of a change that delivers a later record of a row.

        Once it arrives, the row's deletions before it are dropped of which the resumes are not
        known. If it is rejected, or another change takes its place, they stay: what they delete
        may still be at LinkedIn.
        """
        self._successors[position] = row_hash(row)

    def overtaken(self, row: Row, *, deletions: bool, named: bool) -> None:
        """Drop the records of a row that a later one has overtaken.

        Those of which the resumes are not known, ``deletions`` only if that is set; and, if
        ``named``, those that were to be delivered to a resume that is known.
        """
        for subject in list(self._rows.get(row_hash(row), ())):
            what, is_deletion = subject
            if named if isinstance(what, ResumeKey) else deletions or not is_deletion:
                self._drop(subject)

    def _keep(
        self, subject: Subject, position: int, row: str | None, candidate_id: str | None
    ) -> None:
        self._let_go(subject)
        self._positions[subject] = position
        if candidate_id is not None:
            self._candidates[subject] = candidate_id
        if row is not None:
            self._row_of[subject] = row
            self._rows.setdefault(row, set()).add(subject)
            (self._named if isinstance(subject[0], ResumeKey) else self.unnamed).add(row)

    def _drop_before(self, subject: Subject, position: int) -> None:
        if self._positions.get(subject, position) < position:
            self._drop(subject)

    def _drop(self, subject: Subject) -> None:
        self._let_go(subject)
        self._stale = True

    def _let_go(self, subject: Subject) -> None:
        self._positions.pop(subject, None)
        self._candidates.pop(subject, None)
        row = self._row_of.pop(subject, None)
        if row is not None:
            self._rows[row].discard(subject)

    def detach(self) -> None:
        """Go on in a copy of the file: a pipe may still be reading this one."""
        self._file.replace(self._file)

    def due(self, now: float, position: Callable[[], int]) -> Iterator[bytes]:
        """Yield the lines of earlier runs that are to be tried again, each after its SCHEMA.

        Deletions come first. ``now`` is in epoch seconds, ``position`` gives the position that the
        change made of the next message will have. What is written meanwhile is not among them.
        """
        self._retried_until = inf
        yield from with_schemas(self._due(now, deletions=True))
        self._retried_until = position()
        yield from with_schemas(self._due(now, deletions=False))

    def _due(self, now: float, *, deletions: bool) -> Iterator[RejectLine]:
        """Yield the records that are due, and all SCHEMA messages."""
        with self._file.path.open("rb") as texts:
            left = os.fstat(texts.fileno()).st_size
            for line in read_reject_lines(texts):
                left -= len(line.text)
                if left < 0:
                    return
                if not line.is_record:
                    yield line
                elif line.is_deletion is deletions and line.is_due(now):
                    if line.subject is not None:
                        self._tried.add(line.subject)
                    yield line

    def tried_again(self) -> None:
        """Drop what was tried again and is kept no more: it has come to its end under other ids.

        So it is with a record without ids, and where the setting `fields` has changed. A deletion
        by its ids is none of these. Called once all that :meth:`due` gave is settled.
        """
        for subject in self._tried:
            by_ids = isinstance(subject[0], ResumeKey) and subject[1]
            if not by_ids:
                self._drop_before(subject, EARLIER_RUN + 1)

    def _subject(self, rejected: Rejected) -> Subject:
        if rejected.key is not None:
            return rejected.key, rejected.is_deletion
        stream, element = rejected.provenance.stream, rejected.provenance.element
        record = DECODER.decode(self._encode(rejected.provenance.record))
        return digest(stream, record, element), rejected.is_deletion

    def sync(self) -> None:
        """Return once all that was kept is on the disk, and what was overtaken is not.

        So a state never covers a deletion while the file holds the record of what was deleted.
        Raises :class:`Stop`.
        """
        self._file.sync()
        self._guard.sync()
        self._drop_overtaken()

    def close(self, *, complete: bool = True) -> None:
        """Close the file; ``complete`` says that the run has settled all it read.

        Rejects that a later change has overtaken are dropped, and after a complete replay only
        what was rejected again is left. Raises :class:`Stop`.
        """
        self._stale = self._stale or self._untidy
        try:
            self.sync()
            if self._file is not self._guard:
                if complete:
                    self._file.become(self._guard.path)
                else:
                    self._file.remove()
                    return
            if self._file.empty:
                self._file.remove()
        finally:
            self._file.close()
            if self._file is not self._guard:
                self._guard.close()

    def _drop_overtaken(self) -> None:
        """Drop what was overtaken, and a key's lines before the newest reject of that key."""
        if not self._stale:
            return
        last = {line.subject: number for number, line in enumerate(read_reject_lines(self._file))}
        self._keep_only(
            lambda number, line: (
                line.subject is None
                or (line.subject in self._positions and last[line.subject] == number)
            )
        )
        self._stale = False

    def _keep_only(self, wanted: Callable[[int, RejectLine], bool]) -> None:
        """Write the file anew with the records that are wanted, deletions first."""

        def kept(*, deletions: bool) -> Iterator[RejectLine]:
            for number, line in enumerate(read_reject_lines(self._file)):
                if not line.is_record or (line.is_deletion is deletions and wanted(number, line)):
                    yield line

        lines = chain(kept(deletions=True), kept(deletions=False))
        self._file.replace(with_schemas(lines))
        self._schema_written.clear()

    def _write_schema(self, stream: str) -> None:
        schema = self._schemas.get(stream)
        if schema is None:
            schema = {"type": "SCHEMA", "stream": stream, "schema": {"properties": {}}}
        if self._schema_written.get(stream) != schema:
            self._schema_written[stream] = schema
            self._write({**schema, "type": "SCHEMA"})

    def _write(self, message: Mapping[str, Any]) -> None:
        self._file.append(self._encode(message).encode() + b"\n")


class ListedRejects(Store):
    """The rejects of a dry run: said in the log, kept nowhere.

    ``outstanding`` are the deletions that earlier runs have kept at ``path``, as in
    :class:`DeadLetters`. Raises :class:`Misconfigured` for a path that cannot be used.
    """

    def __init__(self, path: Path | None) -> None:
        self.outstanding = (0, 0)
        if path is not None:
            with usable(path, _SETTING):
                if path.exists():
                    self.outstanding = outstanding_in(path)

    def rejected(self, rejected: Rejected) -> None:
        """Say what would be rejected."""
        where = rejected.key or f"a record of stream {rejected.provenance.stream!r}"
        reject = rejected.reject
        logger.warning("%s would be rejected [%s]: %s", where, reject.code, reject.message)
