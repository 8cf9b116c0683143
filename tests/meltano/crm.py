"""A CRM that keeps its resumes in Postgres, as the recipe has it."""

from __future__ import annotations

from typing import Any

from target_linkedin_resumes.sandbox.server import Running
from tests.e2e.support import PDF
from tests.meltano.postgres import Database
from tests.meltano.project import TARGET, Project, Ran, checked

STREAM = "public-candidate_resumes"
INCREMENTAL = "tap-postgres-incremental"
FULL_TABLE = "tap-postgres-full-table"
LOG_BASED = "tap-postgres-log-based"
TABLE = (
    "CREATE TABLE candidate_resumes (candidate int, id int PRIMARY KEY,"
    " uploaded_at timestamptz NOT NULL, path text, kind text DEFAULT 'resume')"
)
_ROW = "candidate, id, substring(path FROM '/0*([0-9]+)') FROM candidate_resumes"
SLOT = "SELECT pg_create_logical_replication_slot(current_database(), 'wal2json')"


def insert(database: Database, *ids: int, at: str = "2024-05-06 07:08:09+00") -> None:
    """Insert resumes of candidate 1001."""
    rows = ", ".join(f"(1001, {one}, '{at}', '2024/{one:04}.pdf')" for one in ids)
    database.sql(f"INSERT INTO candidate_resumes VALUES {rows}")


def held(sandbox: Running) -> dict[str, int]:
    """Which of the files LinkedIn holds for each resume."""
    return {resume: file for (_, resume), file in _at_linkedin(sandbox).items()}


def assert_as_in(database: Database, sandbox: Running) -> None:
    """Compare what LinkedIn holds with what the table has."""
    rows = [line.split("|") for line in database.sql(f"SELECT {_ROW}").splitlines()]
    assert _at_linkedin(sandbox) == {(row[0], row[1]): int(row[2]) for row in rows}
    assert sandbox.snapshot()["breaches"] == []


def _at_linkedin(sandbox: Running) -> dict[tuple[str, str], int]:
    resumes: list[dict[str, Any]] = sandbox.snapshot()["resumes"]
    return {(one["candidate_id"], one["resume_id"]): one["size"] - len(PDF) for one in resumes}


def load(project: Project, tap: str, code: int = 0) -> Ran:
    """Run a tap and the target."""
    return checked(project.run(tap, TARGET), code)
