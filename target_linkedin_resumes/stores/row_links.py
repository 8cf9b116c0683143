"""Which rows of the tap name which resumes, as the ledger knows it.

Nearly every resume is named by one row, which stands beside it in ``resumes``. Where several rows
name one, all of them stand in ``shared_rows``. Rows are kept as salted hashes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from target_linkedin_resumes.records import ResumeKey, Row

# Resumes of a stream that LinkedIn may hold and of which it is not known which row names them.
_UNLEARNED = """
SELECT number FROM resumes
WHERE number >= ? AND row IS NULL AND stream = ? AND state NOT IN ('deleted', 'rejected')
ORDER BY number LIMIT 1
"""
_BY_CANDIDATE = {
    "resumes_by_candidate": "resumes (candidate_id)",
    "recovered_by_candidate": "recovered (candidate)",
}
_NONE = 2**63 - 1  # a number that no resume has
_NAMED = "SELECT candidate_id, resume_id FROM resumes WHERE row = ? AND state <> 'deleted'"
_SHARED = """
SELECT candidate_id, resume_id FROM shared_rows JOIN resumes USING (key)
WHERE shared_rows.row = ? AND candidate_id IS NOT NULL
"""
_LEFT = """
UPDATE resumes SET row = (SELECT row FROM shared_rows WHERE key = :key LIMIT 1)
WHERE key = :key AND row = :row
"""
_CANDIDATE = "SELECT candidate_id, resume_id FROM resumes WHERE candidate_id = ?"


class RowLinks:
    """The part of a ledger that knows rows. For the thread that reads; raises :class:`Stop`.

    ``writing`` gives the ledger's connection in a transaction, with all that was noted;
    ``key_hash`` and ``row_hash`` give the hashes by which a resume and a row are found;
    ``any_shared`` says that there are resumes that several rows name.
    """

    def __init__(
        self,
        writing: Callable[[], AbstractContextManager[sqlite3.Connection]],
        key_hash: Callable[[ResumeKey], bytes],
        row_hash: Callable[[str], bytes],
        *,
        any_shared: bool,
    ) -> None:
        self._writing = writing
        self._key_hash = key_hash
        self._row_hash = row_hash
        self._any_shared = any_shared
        self._unlearned: dict[str, int] = {}  # by stream, the number of the first resume

    def named_by(self, row: Row) -> set[ResumeKey]:
        """Return the resumes that a row names."""
        found = self._all(_NAMED, self._row_hash(row.text))
        return {ResumeKey(*ids) for ids in found} | self.shared_by(row)

    def shared_by(self, row: Row) -> set[ResumeKey]:
        """Return those of them that other rows name or named too."""
        if not self._any_shared:
            return set()
        return {ResumeKey(*ids) for ids in self._all(_SHARED, self._row_hash(row.text))}

    def also_name(self, key: ResumeKey) -> set[bytes]:
        """Return the hashes of the rows that name a resume together; none where it is one row."""
        if not self._any_shared:
            return set()
        query = "SELECT row FROM shared_rows WHERE key = ?"
        return {row for (row,) in self._all(query, self._key_hash(key))}

    def is_gone(self, row: Row) -> bool:
        """Tell whether what a row named last is deleted."""
        query = "SELECT 1 FROM resumes WHERE row = ? AND state = 'deleted' LIMIT 1"
        return bool(self._all(query, self._row_hash(row.text)))

    def share(self, key: ResumeKey, rows: Iterable[bytes]) -> None:
        """Note that each of several rows names a resume."""
        self._any_shared = True
        hashed = self._key_hash(key)
        with self._writing() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO shared_rows VALUES (?, ?)", [(hashed, row) for row in rows]
            )

    def let_go(self, key: ResumeKey, row: bytes) -> None:
        """Note that a row no longer names a resume, and that others still do."""
        about = {"key": self._key_hash(key), "row": row}
        with self._writing() as connection:
            connection.execute("DELETE FROM shared_rows WHERE key = :key AND row = :row", about)
            connection.execute(_LEFT, about)

    def leave_to(self, key: ResumeKey, row: bytes | None) -> None:
        """Note that a resume is to be deleted; ``row`` is the last one that named it, if any did.

        It stays beside the resume until LinkedIn confirms the deletion: a run that is killed before
        that finds it there.
        """
        if not self._any_shared:
            return
        hashed = self._key_hash(key)
        with self._writing() as connection:
            gone = connection.execute("DELETE FROM shared_rows WHERE key = ?", (hashed,))
            if gone.rowcount and row is not None:
                connection.execute("UPDATE resumes SET row = ? WHERE key = ?", (row, hashed))

    def is_unlearned(self, stream: str) -> bool:
        """Tell whether LinkedIn may hold resumes of a stream whose rows are not known.

        Of those that a run itself writes down without a row, its reader knows. All others are only
        ever learned: each call goes on where the last one came to, as it searches the whole ledger.
        """
        found = self._all(_UNLEARNED, self._unlearned.get(stream, 0), stream)
        self._unlearned[stream] = found[0][0] if found else _NONE
        return bool(found)

    def properties_of(self, name: str) -> Sequence[str]:
        """Return the key properties that a stream had last; none where it is not known."""
        known = self._all("SELECT properties FROM row_keys WHERE stream = ?", name)
        properties: Sequence[str] = json.loads(known[0][0]) if known else ()
        return properties

    def identify(self, stream: str, name: str, properties: Sequence[str]) -> bool:
        """Note which key properties identify the rows of a stream, called ``name`` after maps.

        True if they were others: the rows of that stream are not known any more, and are learned
        anew.
        """
        known = self.properties_of(name)
        if list(known) == list(properties):
            return False
        with self._writing() as connection:
            row = (name, json.dumps(properties))
            connection.execute("INSERT OR REPLACE INTO row_keys VALUES (?, ?)", row)
            if not known:
                return False
            self._unlearned.pop(stream, None)
            of_stream = "key IN (SELECT key FROM resumes WHERE stream = ?)"
            connection.execute(f"DELETE FROM shared_rows WHERE {of_stream}", (stream,))  # noqa: S608
            query = "UPDATE resumes SET row = NULL WHERE stream = ? AND row IS NOT NULL"
            return connection.execute(query, (stream,)).rowcount > 0

    def index_candidates(self) -> None:
        """Have the resumes of a candidate found without a search; called where candidates come."""
        with self._writing() as connection:
            for name, place in _BY_CANDIDATE.items():
                connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {place}")

    def of_candidate(self, candidate_id: str) -> Collection[ResumeKey]:
        """Return the known resumes of a candidate, also those that were only ever rejected."""
        return [ResumeKey(*ids) for ids in self._all(_CANDIDATE, candidate_id)]

    def _all(self, query: str, *values: object) -> list[Any]:
        with self._writing() as connection:
            return connection.execute(query, values).fetchall()
