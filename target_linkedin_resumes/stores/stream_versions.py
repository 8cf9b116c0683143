"""Which version of its stream the ledger has seen a resume in.

Singer's full-table replacement gives each record of a stream a version. A resume that a record of
the newest version names is there; one that only older versions named has vanished at the source.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from target_linkedin_resumes.records import ResumeKey

_PAGE = 1000
# A change without a version (a reject that is replayed) leaves the row's. A row that a second
# stream names is shared from then on: no one stream can say that the resume has vanished.
VERSION = (
    "version = CASE WHEN :version IS NOT NULL OR stream IS NOT :stream THEN :version"
    " ELSE version END, shared = shared OR (stream IS NOT NULL AND stream <> :stream),"
    " stream = :stream"
)
# A record that a filter passes over takes no resume over from another stream.
_NAMED = """
UPDATE resumes SET version = :version
WHERE key = :key AND stream = :stream AND state <> 'deleted'
"""
# Of what was only ever rejected, LinkedIn holds nothing that the ledger knows of.
HELD = "state NOT IN ('deleted', 'rejected')"
_OLDER = "FROM resumes WHERE stream = :stream AND (version IS NULL OR version < :version)"
_OUTDATED = f"{_OLDER} AND {HELD} AND NOT shared"
_SHARED = f"{_OLDER} AND {HELD} AND shared"
_NOT_DELETED = f"{_OLDER} AND state <> 'deleted' AND NOT shared"


class StreamVersions:
    """The part of a ledger that knows versions. From any thread; raises :class:`Stop`.

    ``writing`` gives the ledger's connection in a transaction, with all that was noted; ``hashed``
    the hash by which a key is found.
    """

    def __init__(
        self,
        writing: Callable[[], AbstractContextManager[sqlite3.Connection]],
        hashed: Callable[[ResumeKey], bytes],
    ) -> None:
        self._writing = writing
        self._hashed = hashed

    def name(self, key: ResumeKey, stream: str, version: int) -> None:
        """Note that a record of this version names a resume, whatever is to become of it."""
        about = {"key": self._hashed(key), "stream": stream, "version": version}
        with self._writing() as connection:
            connection.execute(_NAMED, about)

    def leave_open(self, stream: str, version: int) -> None:
        """Note that a record of this version names a resume, and that it is not known which."""
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO incomplete VALUES (?, ?)", (stream, version))

    def activated(self, stream: str, version: int) -> None:
        """Forget what made this version of a stream, or an older one, incomplete."""
        with self._writing() as connection:
            connection.execute(
                "DELETE FROM incomplete WHERE stream = ? AND version <= ?", (stream, version)
            )

    def is_incomplete(self, stream: str, version: int) -> bool:
        """Tell whether it is not known of a record of this version which resume it names."""
        query = "FROM incomplete WHERE stream = :stream AND version = :version"
        return bool(self._one(f"SELECT EXISTS (SELECT 1 {query})", stream, version))

    def is_empty(self, stream: str, version: int) -> bool:
        """Tell whether no resume is of this version."""
        query = "FROM resumes WHERE stream = :stream AND version = :version AND state <> 'rejected'"
        return not self._one(f"SELECT EXISTS (SELECT 1 {query})", stream, version)

    def shared(self, stream: str, version: int) -> int:
        """Return how many of an older version another stream has named too."""
        return int(self._one(f"SELECT count(*) {_SHARED}", stream, version))

    def outdated(self, stream: str, version: int) -> int:
        """Return how many resumes of this stream alone are of an older version, or of none."""
        return int(self._one(f"SELECT count(*) {_OUTDATED}", stream, version))

    def newest(self, stream: str) -> int | None:
        """Return the highest version that a resume of a stream is of; None if none has any."""
        query = "SELECT max(version) FROM resumes WHERE stream = :stream AND version > :version"
        newest: int | None = self._one(query, stream, -1)
        return newest

    def keys_outdated(self, stream: str, version: int) -> Iterator[ResumeKey]:
        """Yield their keys, and those of what was only ever rejected, a page at a time.

        Rows may change meanwhile.
        """
        last = -1
        query = f"""
            SELECT number, candidate_id, resume_id {_NOT_DELETED} AND number > :last
            ORDER BY number LIMIT {_PAGE}
        """
        while True:
            with self._writing() as connection:
                about = {"stream": stream, "version": version, "last": last}
                page = connection.execute(query, about).fetchall()
            for last, candidate_id, resume_id in page:  # noqa: B007 - the last one goes on
                yield ResumeKey(candidate_id, resume_id)
            if len(page) < _PAGE:
                return

    def _one(self, query: str, stream: str, version: int) -> Any:
        with self._writing() as connection:
            [value] = connection.execute(query, {"stream": stream, "version": version}).fetchone()
        return value
