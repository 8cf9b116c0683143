"""What is known of resumes by keyed hashes alone, in a ledger that was rebuilt.

A row stays until a record names its resume: then the ledger takes it over, or something else is
sent for it.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from target_linkedin_resumes.engine.types import Content
from target_linkedin_resumes.records import ResumeKey, Upsert
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms

MADE_WITH = "INSERT OR REPLACE INTO about VALUES ('audit_key_id', ?)"
COUNT = "SELECT count(*) FROM recovered"
TAKE = "INSERT OR REPLACE INTO recovered VALUES (:resume, :fingerprint, :urn, :delivered_at)"
DROP = "DELETE FROM recovered WHERE resume = :resume"
_KNOWS = "SELECT 1 FROM recovered WHERE resume = ?"
_FIND = "SELECT urn, delivered_at FROM recovered WHERE resume = ? AND fingerprint = ?"


class Delivery(NamedTuple):
    """A delivery that LinkedIn confirmed; ``delivered_at`` is in epoch seconds."""

    urn: str
    delivered_at: int


class Recovered:
    """The rows of an open ledger. Without the key they were made with none can be found.

    ``count`` is how many there were when the ledger was opened, ``lost`` how many of them cannot be
    found. Each method wants the ledger's lock and an open transaction, and raises
    :class:`sqlite3.Error`.
    """

    def __init__(self, connection: sqlite3.Connection, pseudonyms: Pseudonyms | None) -> None:
        self._connection = connection
        self.count: int = connection.execute(COUNT).fetchone()[0]
        row = connection.execute("SELECT value FROM about WHERE name = 'audit_key_id'").fetchone()
        known = pseudonyms is not None and row == (pseudonyms.key_id,)
        self._pseudonyms = pseudonyms if known else None
        self.lost: int = 0 if known else self.count

    def find(self, change: Upsert, content: Content) -> Delivery | None:
        """The delivery of this very content, name and ``created_at``, if it was the last one."""
        if self._pseudonyms is None or not self.count:
            return None
        fingerprint = self._pseudonyms.fingerprint(content, change.created_at)
        resume = self._pseudonyms.resume(change.key)
        hashes = (bytes.fromhex(resume), bytes.fromhex(fingerprint))
        row = self._connection.execute(_FIND, hashes).fetchone()
        return None if row is None else Delivery._make(row)

    def knows(self, key: ResumeKey) -> bool:
        """Whether there is a row of a resume."""
        if self._pseudonyms is None or not self.count:
            return False
        resume = bytes.fromhex(self._pseudonyms.resume(key))
        return self._connection.execute(_KNOWS, (resume,)).fetchone() is not None

    def drop(self, key: ResumeKey) -> bool:
        """Drop the row of a resume; tell whether there was one."""
        if self._pseudonyms is None or not self.count:
            return False
        resume = bytes.fromhex(self._pseudonyms.resume(key))
        return self._connection.execute(DROP, {"resume": resume}).rowcount > 0
