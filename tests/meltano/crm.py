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
    "CREATE TABLE candidate_resumes (candidate int, id int, uploaded_at timestamptz NOT NULL,"
    " path text, kind text DEFAULT 'resume', PRIMARY KEY (candidate, id))"
)
SLOT = "SELECT pg_create_logical_replication_slot(current_database(), 'wal2json')"


def insert(database: Database, *ids: int, at: str = "2024-05-06 07:08:09+00") -> None:
    """Insert resumes of candidate 1001."""
    rows = ", ".join(f"(1001, {one}, '{at}', '2024/{one:04}.pdf')" for one in ids)
    database.sql(f"INSERT INTO candidate_resumes VALUES {rows}")


def held(sandbox: Running) -> dict[str, int]:
    """Which of the files LinkedIn holds for each resume of candidate 1001."""
    resumes: list[dict[str, Any]] = sandbox.snapshot()["resumes"]
    assert all(one["candidate_id"] == "1001" for one in resumes)
    return {one["resume_id"]: one["size"] - len(PDF) for one in resumes}


def load(project: Project, tap: str, code: int = 0) -> Ran:
    """Run a tap and the target."""
    return checked(project.run(tap, TARGET), code)
