"""Deliveries imported from an audit file into a ledger that was lost, as far as that goes.

The audit file knows resumes by keyed hashes alone. So what it says is kept apart, by those hashes,
until a record names the resume again and the ledger takes it over, or something else is sent for
it. What no record names again stays apart: without its ids nothing can be sent for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.records import Content, ResumeKey, Upsert
from target_linkedin_resumes.stores.audit_log import DELIVERED, read_lines
from target_linkedin_resumes.stores.ledger_db import LedgerDB
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms

_MADE_WITH = "INSERT OR REPLACE INTO about VALUES ('audit_key_id', ?)"
_COUNT = "SELECT count(*) FROM recovered"
_TAKE = """
INSERT OR REPLACE INTO recovered VALUES (:resume, :fingerprint, :urn, :delivered_at, :candidate)
"""
_DROP = "DELETE FROM recovered WHERE resume = :resume"
_MAY_HOLD = "SELECT EXISTS (SELECT 1 FROM recovered WHERE candidate IS NULL OR candidate = ?)"
_KNOWS = "SELECT 1 FROM recovered WHERE resume = ?"
_FIND = "SELECT urn, delivered_at FROM recovered WHERE resume = ? AND fingerprint = ?"


class ImportedDeliveries:
    """The imported rows of an open ledger. Without the key they were made with none can be found.

    ``count`` is how many there were when the ledger was opened, ``lost`` how many of them cannot be
    found. The ledger calls each method with its lock held and in a transaction. They raise
    :class:`sqlite3.Error`.
    """

    def __init__(self, connection: sqlite3.Connection, pseudonyms: Pseudonyms | None) -> None:
        self._connection = connection
        self.count: int = connection.execute(_COUNT).fetchone()[0]
        row = connection.execute("SELECT value FROM about WHERE name = 'audit_key_id'").fetchone()
        known = pseudonyms is not None and row == (pseudonyms.key_id,)
        self._pseudonyms = pseudonyms if known and self.count else None
        self.lost: int = 0 if known else self.count

    def find(self, change: Upsert, content: Content) -> tuple[str, int] | None:
        """Find the delivery of this very content, name and ``created_at``, if it was the last.

        Gives the URN of its file, and when LinkedIn confirmed it, in epoch seconds.
        """
        if self._pseudonyms is None:
            return None
        resume = bytes.fromhex(self._pseudonyms.resume(change.key))
        fingerprint = bytes.fromhex(self._pseudonyms.fingerprint(content, change.created_at))
        query = self._connection.execute(_FIND, (resume, fingerprint))
        found: tuple[str, int] | None = query.fetchone()
        return found

    def knows(self, key: ResumeKey) -> bool:
        """Tell whether there is a row of a resume."""
        if self._pseudonyms is None:
            return False
        resume = bytes.fromhex(self._pseudonyms.resume(key))
        return self._connection.execute(_KNOWS, (resume,)).fetchone() is not None

    def may_hold(self, candidate_id: str) -> bool:
        """Tell whether one of the rows is, or may be, of a candidate; not of which resume."""
        if self._pseudonyms is None:
            return self.count > 0
        candidate = bytes.fromhex(self._pseudonyms.candidate(candidate_id))
        return bool(self._connection.execute(_MAY_HOLD, (candidate,)).fetchone()[0])

    def drop(self, key: ResumeKey) -> bool:
        """Drop the row of a resume; tell whether there was one."""
        if self._pseudonyms is None:
            return False
        resume = bytes.fromhex(self._pseudonyms.resume(key))
        return self._connection.execute(_DROP, {"resume": resume}).rowcount > 0


def rebuild(file: LedgerDB, lines: Iterable[bytes], pseudonyms: Pseudonyms) -> tuple[int, int]:
    """Fill an empty ledger from an audit file, or leave it as it was.

    Gives how many lines were read, and how many resumes LinkedIn holds by what they say. Raises
    :class:`Misconfigured` for a ledger that is not empty and for lines that are none, and
    :class:`Stop` if the ledger cannot be written.
    """
    count = 0
    with file.written() as connection, connection:  # which rolls back what is not whole
        connection.execute("BEGIN IMMEDIATE")
        [known] = connection.execute(
            "SELECT (SELECT count(*) FROM resumes) + (SELECT count(*) FROM recovered)"
        ).fetchone()
        if known:
            raise Misconfigured(
                f"setting 'ledger_path': this ledger knows {known} resumes; a rebuild begins with"
                " none. Move the ledger away if it is to be replaced"
            )
        connection.execute(_MADE_WITH, (pseudonyms.key_id,))
        for count, line in enumerate(read_lines(lines, pseudonyms), 1):  # noqa: B007 - counted
            # A line that is scrubbed is followed by its deletion.
            if line["operation"] == DELIVERED and "fingerprint" in line:
                row = {
                    "resume": bytes.fromhex(line["resume"]),
                    "fingerprint": bytes.fromhex(line["fingerprint"]),
                    "urn": line["blob"],
                    "candidate": bytes.fromhex(line["candidate"]),
                    "delivered_at": int(datetime.fromisoformat(line["at"]).timestamp()),
                }
                connection.execute(_TAKE, row)
            else:
                connection.execute(_DROP, {"resume": bytes.fromhex(line["resume"])})
        [recovered] = connection.execute(_COUNT).fetchone()
    return count, recovered
