"""Rejects: records that could not be delivered as they are, kept as a Singer stream.

The file is replayed by reading it as input. A line is a SCHEMA or a RECORD message as the tap sent
it; a RECORD has a key ``reject`` beside ``record``::

    {"code": ..., "message": ..., "at": ISO 8601, "attempts": n,
     "candidate_id": ..., "resume_id": ...}

The ids are there where they could be read. The file belongs to one run at a time, has mode 0600,
and is only ever appended to or replaced as a whole.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from target_linkedin_resumes.changes import Record, ResumeKey
from target_linkedin_resumes.failures import Misconfigured, Reject, Stop

EARLIER_RUN = -1


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be delivered.

    ``position`` is its place in the stream, ``attempts`` how often it was tried, in earlier runs
    too. ``key`` is None where the record's ids could not be read.
    """

    stream: str
    record: Record
    reject: Reject
    position: int
    attempts: int = 1
    key: ResumeKey | None = None


class RejectFile:
    """The dead letters of a pipeline; its methods may be called from any thread.

    ``encode`` makes a line of JSON of a message, ``now`` gives the time in ISO 8601. ``replaying``
    says that the file is this run's input: what is rejected again goes to a new file, which takes
    the place of the old one once the run has settled everything.
    """

    def __init__(
        self,
        path: Path,
        *,
        encode: Callable[[object], str],
        now: Callable[[], str],
        most: int | None = None,
        replaying: bool = False,
    ) -> None:
        self._path = path
        self._encode = encode
        self._now = now
        self._most = most
        self._replaying = replaying
        self._written_to = path.with_name(path.name + ".replay") if replaying else path
        self._lock = threading.Lock()
        self._schemas: dict[str, Mapping[str, Any]] = {}
        self._schema_written: dict[str, Mapping[str, Any]] = {}
        self._positions: dict[ResumeKey, int] = {}
        self._overtaken: dict[ResumeKey, int] = {}
        self._dirty = False
        self.count = 0
        if path.exists() and not path.is_file():
            raise Misconfigured("setting 'rejects_path': expected the path of a regular file")
        try:
            self._guard = _open(path)
            _lock(self._guard, path)
            self._file = _open(self._written_to, empty=True) if replaying else self._guard
        except OSError as error:
            raise Misconfigured(
                f"setting 'rejects_path': the file cannot be written ({error.strerror});"
                " expected a path in a directory that this user may write to"
            ) from None
        if not replaying:
            self._cut_torn_line()
            for _, key in _records(self._path):
                if key is not None:
                    self._positions[key] = EARLIER_RUN

    def schema(self, message: Mapping[str, Any]) -> None:
        """Remember the SCHEMA message of a stream, as the tap sent it."""
        self._schemas[str(message["stream"])] = message

    def keep(self, rejected: Rejected) -> None:
        """Append a record. Durable after :meth:`sync`. Raises :class:`Stop`."""
        reject, key = rejected.reject, rejected.key
        with self._lock:
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
            self._write(
                {
                    "type": "RECORD",
                    "stream": rejected.stream,
                    "record": rejected.record,
                    "reject": about,
                }
            )
            self.count += 1

    def settled(self, key: ResumeKey, position: int) -> None:
        """Note that a change of ``key`` has arrived: rejects before it are of no use any more."""
        with self._lock:
            if self._positions.get(key, position) < position:
                del self._positions[key]
                self._overtaken[key] = position

    def sync(self) -> None:
        """Return once all that was kept is on the disk. Raises :class:`Stop`."""
        with self._lock:
            if self._dirty:
                try:
                    os.fsync(self._file)
                except OSError as error:
                    raise self._unwritable(error) from None
                self._dirty = False

    def close(self, *, complete: bool) -> None:
        """Close the file; ``complete`` says that the run has settled all it read.

        Rejects that a later change has overtaken are dropped, and after a complete replay only
        what was rejected again is left. Raises :class:`Stop`.
        """
        self.sync()
        with self._lock:
            try:
                if self._replaying:
                    self._finish_replay(complete=complete)
                elif self._overtaken:
                    self._drop_overtaken()
                if not self._path.stat().st_size:
                    self._path.unlink()
            except OSError as error:
                raise self._unwritable(error) from None
            finally:
                os.close(self._file)
                if self._guard != self._file:
                    os.close(self._guard)

    def _finish_replay(self, *, complete: bool) -> None:
        if not complete:
            self._written_to.unlink()
            return
        self._drop_overtaken()
        self._written_to.replace(self._path)
        _sync_directory(self._path)

    def _drop_overtaken(self) -> None:
        """Write the file anew without the rejects that a later change of their key has overtaken.

        A key's lines before the newest reject of that key are superseded by it and go as well.
        """
        new = self._written_to.with_name(self._written_to.name + ".new")
        wanted = dict(self._positions)
        lines = [(line, key) for line, key in _records(self._written_to, everything=True)]
        last = {key: number for number, (_, key) in enumerate(lines) if key is not None}
        descriptor = _open(new, empty=True)
        try:
            kept = [
                line
                for number, (line, key) in enumerate(lines)
                if key is None or (key in wanted and last[key] == number)
            ]
            if not any(b'"RECORD"' in line for line in kept):
                kept = []
            _write_all(descriptor, b"".join(kept))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        new.replace(self._written_to)
        _sync_directory(self._written_to)

    def _write_schema(self, stream: str) -> None:
        schema = self._schemas.get(stream)
        if schema is None:
            schema = {"type": "SCHEMA", "stream": stream, "schema": {"properties": {}}}
        if self._schema_written.get(stream) != schema:
            self._schema_written[stream] = schema
            self._write({**schema, "type": "SCHEMA"})

    def _write(self, message: Mapping[str, Any]) -> None:
        try:
            _write_all(self._file, self._encode(message).encode() + b"\n")
        except OSError as error:
            raise self._unwritable(error) from None
        self._dirty = True

    def _unwritable(self, error: OSError) -> Stop:
        return Stop(
            f"setting 'rejects_path': the file cannot be written ({error.strerror}), and a reject"
            " that is not kept would be lost. Make room or change the path, and run again."
        )

    def _cut_torn_line(self) -> None:
        """A line that a killed run left unfinished is covered by no state: it is read again."""
        whole = 0
        with self._path.open("rb") as lines:
            for line in lines:
                whole += len(line) if line.endswith(b"\n") else 0
        os.ftruncate(self._file, whole)


def _open(path: Path, *, empty: bool = False) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | (os.O_TRUNC if empty else 0)
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Misconfigured(
            f"setting 'rejects_path': {path.name!r} is in use by another run; wait for it, or give"
            " each pipeline its own path"
        ) from None


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _records(path: Path, *, everything: bool = False) -> Iterator[tuple[bytes, ResumeKey | None]]:
    """Give the lines of a rejects file with the keys of their records."""
    with path.open("rb") as lines:
        for line in lines:
            key = None
            with suppress(ValueError, RecursionError, AttributeError, KeyError):
                about = json.loads(line)["reject"]
                key = ResumeKey(str(about["candidate_id"]), str(about["resume_id"]))
            if key is not None or everything:
                yield line, key
