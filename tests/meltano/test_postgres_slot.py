"""When MeltanoLabs' tap 0.10.0 lets Postgres forget changes, and how the recipe prevents it.

A replication slot keeps changes until its reader acknowledges them. The tap should acknowledge no
more than the state it was started with, because later changes may not have reached LinkedIn yet.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from target_linkedin_resumes.sandbox.server import Running
from tests.meltano.crm import FULL_TABLE, LOG_BASED, SLOT, STREAM, held, insert, load
from tests.meltano.postgres import Database
from tests.meltano.project import TARGET, Project

ACKNOWLEDGED = (
    "SELECT (confirmed_flush_lsn - '0/0')::bigint FROM pg_replication_slots"
    " WHERE database = current_database()"
)


def acknowledged(
    rows: range, project: Project, database: Database, sandbox: Running, **tap: str
) -> bool:
    """Whether a run acknowledges a resume that LinkedIn does not take. It is killed then.

    One of ``rows`` comes every ten seconds: after half a minute the tap acknowledges one at once.
    """
    database.sql(SLOT)
    insert(database, 1)
    load(project, LOG_BASED)
    state = project.state(LOG_BASED)
    insert(database, 2)
    sandbox.set_faults({"endpoint": "upload", "kind": "status", "status": 503})
    with project.having(**tap).start(LOG_BASED, TARGET) as process:
        started = time.monotonic() + 60  # until the tap is there, however busy the machine is
        while database.number(ACKNOWLEDGED) < bookmark(state) and time.monotonic() < started:
            time.sleep(0.5)
        moved = False
        for row in rows:
            deadline = time.monotonic() + 10
            while not moved and time.monotonic() < deadline:
                time.sleep(0.5)
                moved = database.number(ACKNOWLEDGED) > bookmark(state)
            if not moved:
                insert(database, row)
        os.killpg(process.pid, signal.SIGKILL)
    sandbox.set_faults()
    assert database.number(ACKNOWLEDGED) >= bookmark(state)  # the state itself it may acknowledge
    assert project.state(LOG_BASED) == state
    ran = project.run("--force", LOG_BASED, TARGET)  # Meltano takes the killed run for running
    assert ran.code == 0, ran.text
    return moved


def bookmark(state: dict[str, Any]) -> int:
    """The position in the log that a state stands for."""
    return int(state["bookmarks"][STREAM]["replication_key_value"])


def test_a_long_run_acknowledges_what_linkedin_does_not_have(
    project: Project, database: Database, sandbox: Running
) -> None:
    longer = {
        "TAP_POSTGRES_REPLICATION_MAX_RUN_SECONDS": "600",
        "TAP_POSTGRES_REPLICATION_IDLE_EXIT_SECONDS": "60",
    }
    assert acknowledged(range(3, 10), project, database, sandbox, **longer)
    assert "2" not in held(sandbox)  # Postgres has forgotten it
    load(project, FULL_TABLE)
    assert "2" in held(sandbox)


def test_a_run_of_nine_seconds_does_not(
    project: Project, database: Database, sandbox: Running
) -> None:
    assert not acknowledged(range(3, 5), project, database, sandbox)
    assert held(sandbox).keys() == {"1", "2", "3", "4"}


def test_one_connection_for_all_tables_loses_a_transaction_that_is_open_when_a_run_ends(
    project: Project, database: Database, sandbox: Running
) -> None:
    database.sql(SLOT)
    single = project.having(TAP_POSTGRES_LOG_BASED_SINGLE_CONNECTION="true")
    row = "INSERT INTO candidate_resumes VALUES (1001, 1, '2024-05-06', '2024/0001.pdf')"
    with database.transaction(row):
        insert(database, 2)
        load(single, LOG_BASED)
    ran = load(single, LOG_BASED)
    assert any("1 filtered by per-stream LSN" in line for line in ran.said(LOG_BASED)), ran.text
    assert held(sandbox).keys() == {"2"}
