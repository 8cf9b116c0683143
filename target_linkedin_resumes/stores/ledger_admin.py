"""A look into a ledger from outside a run. Reads only, also while a run writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.stores.ledger_db import (
    APPLICATION_ID,
    SETTING,
    another_program,
    readable,
)
from target_linkedin_resumes.stores.owned_file import usable
from target_linkedin_resumes.stores.stream_versions import HELD

# Of a row, what may be shown; the rest are hashes that say nothing outside this ledger.
_SHOWN = (
    *("candidate_id", "resume_id", "state", "stream", "version", "created_at"),
    *("sha256", "content_type", "urn", "uploaded_at", "expires_at", "changed_at"),
)
_EXPIRED = "SELECT count(*) FROM resumes WHERE state = 'delivered' AND expires_at <= ?"
_TIMES = ("uploaded_at", "expires_at", "changed_at")


class LedgerView:
    """An open ledger. Raises :class:`Misconfigured` where there is none."""

    def __init__(self, path: Path) -> None:
        with usable(path, SETTING):
            if not path.exists():
                raise Misconfigured(f"setting 'ledger_path': there is no ledger at {path}")
        self._name = path.name
        with readable(self._name):
            self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
            self._connection.row_factory = sqlite3.Row
            [[application]] = self._all("PRAGMA application_id")
            [[tables]] = self._all("SELECT count(*) FROM sqlite_master")
        if application != APPLICATION_ID or not tables:
            self.close()
            if tables:
                raise another_program(path.name)
            raise Misconfigured(
                f"setting 'ledger_path': {path.name!r} is empty: no run has made a ledger of it"
                " yet, so nothing is known"
            )

    def status(self, now: float) -> dict[str, Any]:
        """Return whose ledger it is, resumes by state with the oldest of each, the day's quota.

        ``expired`` counts the delivered ones whose file LinkedIn has removed, as `blob_ttl` asked,
        by ``now`` in epoch seconds.
        """
        with readable(self._name):
            about = self._all(
                "SELECT name, value FROM about WHERE name IN ('organization', 'contract')"
            )
            by_state = self._all(
                "SELECT state, count(*), min(changed_at) FROM resumes GROUP BY state ORDER BY state"
            )
            [[expired]] = self._connection.execute(_EXPIRED, (now,)).fetchall()
            [[recovered]] = self._all("SELECT count(*) FROM recovered")
            quota = self._all("SELECT resource, day, used FROM quota ORDER BY resource")
        return {
            **{row["name"]: row["value"] for row in about},
            "resumes": {
                state: {"count": count, "oldest": _time(oldest)}
                for state, count, oldest in by_state
            },
            "expired": expired,
            "recovered": recovered,
            "quota": [dict(row) for row in quota],
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each resume that LinkedIn holds or may hold; of a recovered one, its keyed hash."""
        with readable(self._name):
            query = f"SELECT {', '.join(_SHOWN)} FROM resumes WHERE {HELD}"  # noqa: S608
            for row in self._connection.execute(query):
                shown = dict(row)
                shown["sha256"] = row["sha256"].hex() if row["sha256"] is not None else None
                yield {**shown, **{name: _time(row[name]) for name in _TIMES}}
            for row in self._connection.execute("SELECT resume, urn, delivered_at FROM recovered"):
                yield {
                    "resume": row["resume"].hex(),
                    "state": "recovered",
                    "urn": row["urn"],
                    "changed_at": _time(row["delivered_at"]),
                }

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _all(self, query: str) -> list[sqlite3.Row]:
        return self._connection.execute(query).fetchall()


def _time(epoch: int | None) -> str | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).isoformat()
