"""The rows of the ledger, and the statements that read and change them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from typing import Any, NamedTuple

from target_linkedin_resumes.engine.types import Content, Upload
from target_linkedin_resumes.records import ResumeKey, Upsert

# More than are in flight, as a rule: each key is hashed once on its way.
_HASHES_AT_MOST = 12_000


class State(StrEnum):
    """How far LinkedIn is known to have come with a key."""

    UPLOADED = "uploaded"  # the bytes of a change are there, and no record names them yet
    SENDING = "sending"  # a call may have written the record, or not
    DELIVERED = "delivered"  # LinkedIn confirmed it
    DELETING = "deleting"  # a call may have deleted the record, or not
    DELETED = "deleted"  # LinkedIn confirmed it; a hash of the key is all that is left


class Known(NamedTuple):
    """What the ledger says of a key. Times are in epoch seconds, ``created_at`` as in a change."""

    state: str
    stream: str | None
    version: int | None
    created_at: int | None
    sha256: bytes | None
    name: bytes | None
    content_type: str | None
    urn: str | None
    uploaded_at: int | None
    expires_at: int | None
    source: str | None


@dataclass(slots=True)
class Note:
    """An upload that is not written down yet; made ``at`` epoch seconds, ``clock`` on the clock."""

    change: Upsert
    upload: Upload
    at: int
    clock: float
    state: State = State.UPLOADED


class Rows:
    """What is in the rows of one ledger. ``salt`` is its own, ``blob_life`` in seconds.

    ``key`` gives the hash by which a resume key is found.
    """

    def __init__(self, salt: bytes, blob_life: float | None) -> None:
        self._salt = salt
        self._blob_life = blob_life
        self.key: Callable[[ResumeKey], bytes] = lru_cache(_HASHES_AT_MOST)(self._hash_of_key)

    def of(self, note: Note) -> tuple[Any, ...]:
        """The row of an upload, a value for each of the columns in their order."""
        change, content = note.change, note.upload.content
        assert content is not None  # noqa: S101 - whoever keeps books has the content described
        return (
            self.key(change.key),
            change.key.candidate_id,
            change.key.resume_id,
            change.stream,
            change.version,
            note.state,
            bytes.fromhex(content.sha256),
            self._hash(content.filename),
            content.content_type,
            change.created_at,
            note.upload.urn,
            self.expiry(note.at),
            content.source,
            note.at,
            note.at,
        )

    def same(self, known: Known, content: Content) -> bool:
        """Whether a row is of this content and name."""
        return (known.sha256, known.name, known.content_type) == (
            bytes.fromhex(content.sha256),
            self._hash(content.filename),
            content.content_type,
        )

    def expiry(self, uploaded_at: int) -> int | None:
        """When LinkedIn removes a file, in epoch seconds."""
        return None if self._blob_life is None else uploaded_at + int(self._blob_life)

    def _hash_of_key(self, key: ResumeKey) -> bytes:
        return self._hash(f"{len(key.candidate_id)}:{key.candidate_id}{key.resume_id}")

    def _hash(self, text: str) -> bytes:
        return blake2b(text.encode("utf-8", "replace"), key=self._salt, digest_size=16).digest()


KNOWN = f"SELECT {', '.join(Known._fields)} FROM resumes WHERE key = ?"  # noqa: S608 - own names
# Rows are numbered in the order in which their keys became known.
NEWEST = "SELECT coalesce(max(number), 0) FROM resumes"
HELD_AT_FIRST = "SELECT 1 FROM resumes WHERE key = ? AND number <= ? AND state <> 'deleted'"
# A change without a version (a reject that is replayed) leaves the row's. A row that a second
# stream names is shared from then on: no one stream can say that the resume has vanished.
_VERSION = (
    "version = CASE WHEN :version IS NOT NULL OR stream IS NOT :stream THEN :version"
    " ELSE version END, shared = shared OR (stream IS NOT NULL AND stream <> :stream),"
    " stream = :stream"
)
_COLUMNS = (
    "key, candidate_id, resume_id, stream, version, state, sha256, name, content_type, created_at,"
    " urn, expires_at, source, uploaded_at, changed_at"
)
_ROW = f"({', '.join('?' * (_COLUMNS.count(',') + 1))})"
_INSERT = f"INSERT INTO resumes ({_COLUMNS}) VALUES"
_WRITE = """
ON CONFLICT (key) DO UPDATE SET candidate_id = excluded.candidate_id,
    resume_id = excluded.resume_id, version = CASE WHEN excluded.version IS NOT NULL
        OR stream IS NOT excluded.stream THEN excluded.version ELSE version END,
    shared = shared OR (stream IS NOT NULL AND stream <> excluded.stream),
    stream = excluded.stream, state = excluded.state, sha256 = excluded.sha256,
    name = excluded.name, content_type = excluded.content_type,
    created_at = excluded.created_at, source = excluded.source, changed_at = excluded.changed_at,
    uploaded_at = CASE WHEN urn IS excluded.urn THEN uploaded_at ELSE excluded.uploaded_at END,
    expires_at = CASE WHEN urn IS excluded.urn THEN expires_at ELSE excluded.expires_at END,
    urn = excluded.urn
"""
# An SQLite before 3.32 takes 999 values in a statement.
_ROWS_AT_ONCE = 999 // (_COLUMNS.count(",") + 1)
# What is in the row already need not be written once more.
SENDING = """
UPDATE resumes SET state = 'sending', changed_at = :now
WHERE key = :key AND state = 'uploaded' AND urn = :urn AND created_at = :created_at
"""
DELETING = """
UPDATE resumes SET state = 'deleting', changed_at = :now WHERE key = :key AND state <> 'deleted'
"""
# A change that was noted while the call was under way has taken the row: it is not confirmed.
_DELIVERED = "UPDATE resumes SET state = 'delivered', changed_at = ? WHERE state = 'sending'"
DELETED = """
INSERT INTO resumes (key, state, changed_at) VALUES (:key, 'deleted', :now)
ON CONFLICT (key) DO UPDATE SET state = 'deleted', changed_at = excluded.changed_at,
    candidate_id = NULL, resume_id = NULL, stream = NULL, version = NULL, sha256 = NULL,
    name = NULL, content_type = NULL, created_at = NULL, urn = NULL, uploaded_at = NULL,
    expires_at = NULL, source = NULL, shared = 0
WHERE state = 'deleting'
"""
# Written some time after it was read: the row may be that of another upload by then.
SEEN = f"""
UPDATE resumes SET {_VERSION}, source = coalesce(:source, source)
WHERE key = :key AND state = 'delivered' AND urn = :urn
"""  # noqa: S608 - own words
# What LinkedIn refused, it may have refused for its file: that is not used again.
REJECTED = f"""
UPDATE resumes SET {_VERSION},
    urn = CASE WHEN state = 'sending' THEN NULL ELSE urn END
WHERE key = :key AND state <> 'deleted'
"""  # noqa: S608 - own words
# A record that a filter passes over takes no resume over from another stream.
NAMED = """
UPDATE resumes SET version = :version
WHERE key = :key AND stream = :stream AND state <> 'deleted'
"""
_OLDER = (
    "FROM resumes WHERE stream = :stream AND (version IS NULL OR version < :version)"
    " AND state <> 'deleted'"
)
OUTDATED = f"{_OLDER} AND NOT shared"
SHARED = f"{_OLDER} AND shared"


# With the interpreter's lock let go of and taken again, a statement costs several times what SQLite
# takes for it, and ``executemany`` is one statement a row.


def write(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows as :meth:`Rows.of` gives them."""
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[start : start + _ROWS_AT_ONCE]
        statement = f"{_INSERT} {', '.join([_ROW] * len(some))} {_WRITE}"
        connection.execute(statement, tuple(chain.from_iterable(some)))


def deliver(connection: sqlite3.Connection, blobs: Mapping[bytes, str], now: int) -> None:
    """Say of the rows with these keys and URNs, if they are being sent, that they are delivered.

    A row with the URN of another key there is not: each key has blobs of its own.
    """
    if blobs:
        some = ", ".join("?" * len(blobs))
        statement = f"{_DELIVERED} AND key IN ({some}) AND urn IN ({some})"
        connection.execute(statement, (now, *blobs, *blobs.values()))
