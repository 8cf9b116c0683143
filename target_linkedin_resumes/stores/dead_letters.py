"""Rejects: records that could not be delivered as they are, kept as a Singer stream.

The file is replayed by reading it as input. A line is a SCHEMA or a RECORD message as the tap sent
it; a RECORD has a key ``reject`` beside ``record``::

    {"code": ..., "message": ..., "at": ISO 8601, "attempts": n,
     "candidate_id": ..., "resume_id": ...}

The ids are there where they could be read.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from target_linkedin_resumes.engine.interfaces import Store
from target_linkedin_resumes.engine.types import Rejected
from target_linkedin_resumes.errors import Stop
from target_linkedin_resumes.records import ResumeKey
from target_linkedin_resumes.stores.line_file import LineFile, look, something_else

logger = logging.getLogger(__name__)

EARLIER_RUN = -1
_LOSS = "a reject that is not kept would be lost"
_SETTING = "rejects_path"
_BEGIN = b"{"
_OWN = b'{"type"'


def check_dead_letters(path: Path) -> None:
    """Raise the :class:`Misconfigured` that opening the file would, and change nothing."""
    look(path, _SETTING, begin=_BEGIN)
    if path.exists():
        with path.open("rb") as texts:
            for line in _lines(text for text in texts if text.endswith(b"\n")):
                if not line.message:
                    raise something_else(path, _SETTING)


class DeadLetters(Store):
    """The dead letters of a pipeline. The engine tells it what is rejected and what is settled.

    ``encode`` makes a line of JSON of a message, ``now`` gives the time in ISO 8601. ``replaying``
    says that the file is this run's input: what is rejected again goes to a new file, which takes
    the place of the old one once the run has settled everything. ``keeping`` is false where the
    first reject stops the run: it keeps none then, but what overtakes those of earlier runs goes.
    ``oldest`` is the time before which a reject is dropped at the start; ``expired`` counts them.
    Raises :class:`Misconfigured` for a path that :func:`check_dead_letters` refuses.
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
        self._positions: dict[ResumeKey, int] = {}
        self._stale = False  # the file holds rejects that a later change has overtaken
        self.count = 0
        self.expired = 0
        if not replaying:
            check_dead_letters(path)  # what is another program's keeps its mode too
        self._file = self._guard = LineFile(path, _SETTING, _LOSS, begin=_BEGIN)
        replay = self._guard.path.with_name(self._guard.path.name + ".replay")
        if replaying:
            self._file = LineFile(replay, _SETTING, _LOSS, empty=True)
            return
        replay.unlink(missing_ok=True)  # of a killed replay; the file holds all that it did
        for line in _lines(self._file):
            if line.at is not None and line.at < oldest:
                self.expired += 1
            elif line.key is not None:
                self._positions[line.key] = EARLIER_RUN
        if self.expired:
            self._keep_only(lambda _, line: line.at is None or line.at >= oldest)

    def schema(self, message: Mapping[str, Any]) -> None:
        """Remember the SCHEMA message of a stream, as the tap sent it."""
        self._schemas[str(message["stream"])] = message

    def rejected(self, rejected: Rejected) -> None:
        """Append a record. Durable after :meth:`sync`. Raises :class:`Stop`."""
        reject, key = rejected.reject, rejected.key
        if not self._keeping:
            return
        if key is not None and self._positions.get(key, EARLIER_RUN) > rejected.position:
            return  # a later record of the key is kept already, and the last one counts
        if self._most is not None and self.count >= self._most:
            raise Stop(
                f"more than {self._most} records were rejected (setting max_rejects); the last"
                f" one: [{reject.code}] {reject.message}. Look at the rejects file, mend the"
                " cause, and run again."
            )
        about: dict[str, Any] = {
            "code": reject.code,
            "message": reject.message,
            "at": self._now(),
            "attempts": rejected.attempts,
        }
        if key is not None:
            about |= {"candidate_id": key.candidate_id, "resume_id": key.resume_id}
            self._positions[key] = rejected.position
        self._write_schema(rejected.stream)
        version = {} if rejected.version is None else {"version": rejected.version}
        self._write(
            {
                "type": "RECORD",
                "stream": rejected.stream,
                "record": rejected.record,
                **version,
                "reject": about,
            }
        )
        self.count += 1

    def settled(self, changes: Sequence[tuple[ResumeKey, int]]) -> None:
        """Note what has arrived: rejects of a key that came before it are superseded."""
        for key, position in changes:
            if self._positions.get(key, position) < position:
                del self._positions[key]
                self._stale = True

    def sync(self) -> None:
        """Return once all that was kept is on the disk, and what was overtaken is not.

        So a state never covers a deletion while the file holds the record of what was deleted.
        Raises :class:`Stop`.
        """
        self._file.sync()
        self._drop_overtaken()

    def close(self, *, complete: bool = True) -> None:
        """Close the file; ``complete`` says that the run has settled all it read.

        Rejects that a later change has overtaken are dropped, and after a complete replay only
        what was rejected again is left. Raises :class:`Stop`.
        """
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
        """A key's lines before the newest reject of that key are superseded by it and go too."""
        if not self._stale:
            return
        last = {line.key: number for number, line in enumerate(_lines(self._file))}
        self._keep_only(
            lambda number, line: (
                line.key is None or (line.key in self._positions and last[line.key] == number)
            )
        )
        self._stale = False

    def _keep_only(self, wanted: Callable[[int, _Line], bool]) -> None:
        def kept() -> Iterator[_Line]:
            lines = enumerate(_lines(self._file))
            return (line for number, line in lines if wanted(number, line))

        if any(line.record for line in kept()):
            self._file.replace(line.text for line in kept())
        else:
            self._file.replace(())
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


@dataclass(slots=True)
class _Line:
    """A line of a rejects file; ``key`` and ``at`` are those of its reject, if it has any.

    ``message`` says that it may be one of Singer's, or is blank: somebody may have edited the file.
    """

    text: bytes
    record: bool
    message: bool = False
    key: ResumeKey | None = None
    at: str | None = None


def _lines(texts: Iterable[bytes]) -> Iterator[_Line]:
    for text in texts:
        own = text.startswith(_OWN) or not text.strip()
        line = _Line(text, record=b'"RECORD"' in text, message=own)
        with suppress(ValueError, RecursionError, AttributeError, KeyError, TypeError):
            message = json.loads(text)
            line.message = own or isinstance(message["type"], str)
            about = message["reject"]
            line.at = at if isinstance(at := about.get("at"), str) else None
            line.key = ResumeKey(str(about["candidate_id"]), str(about["resume_id"]))
        yield line


class ListedRejects(Store):
    """The rejects of a dry run: said in the log, kept nowhere."""

    def rejected(self, rejected: Rejected) -> None:
        """Say what would be rejected."""
        where = rejected.key or f"a record of stream {rejected.stream!r}"
        reject = rejected.reject
        logger.warning("%s would be rejected [%s]: %s", where, reject.code, reject.message)
