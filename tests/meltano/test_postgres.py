"""A CRM in Postgres, read by MeltanoLabs' tap as the recipe says."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import yaml

from target_linkedin_resumes.sandbox.server import Running
from tests.docs.documents import blocks
from tests.meltano.crm import (
    FULL_TABLE,
    INCREMENTAL,
    LOG_BASED,
    SLOT,
    STREAM,
    assert_as_in,
    held,
    insert,
    load,
)
from tests.meltano.postgres import Database
from tests.meltano.project import Project
from tests.recipes.recipes import PAGES, Recipe


def test_incremental(project: Project, database: Database, sandbox: Running) -> None:
    insert(database, 1, 2, at="2024-05-06 07:08:09+00")
    load(project, INCREMENTAL)
    assert held(sandbox) == {"1": 1, "2": 2}
    created = {one["created_at"] for one in sandbox.snapshot()["resumes"]}
    assert created == {1714979289000}

    insert(database, 3, at="2024-05-07 00:00:00+00")
    database.sql(
        "UPDATE candidate_resumes SET path = '2024/0009.pdf', uploaded_at = '2024-05-08'"
        " WHERE id = 1",
        "DELETE FROM candidate_resumes WHERE id = 2",
    )
    ran = load(project, INCREMENTAL)
    # What has the bookmark's time is read again; a row that is gone is not read at all.
    assert held(sandbox) == {"1": 9, "2": 2, "3": 3}
    assert any("2 records read: 2 delivered" in line for line in ran.said()), ran.text
    assert sandbox.snapshot()["breaches"] == []


def test_a_row_that_is_marked_as_deleted_is_deleted(
    project: Project, database: Database, sandbox: Running
) -> None:
    """Also one whose other columns were emptied, so that it does not say whose resume it was."""
    database.sql("ALTER TABLE candidate_resumes ADD is_deleted boolean NOT NULL DEFAULT false")
    insert(database, 1, 2, 3, 4)
    fields = Recipe.read("postgres-log-based", {}).settings["fields"]
    marked = project.loading(fields={STREAM: {**fields[STREAM], "deleted": "is_deleted"}})
    load(marked, INCREMENTAL)
    assert_as_in(database, sandbox)

    database.sql(
        "UPDATE candidate_resumes SET is_deleted = true, uploaded_at = now() WHERE id = 1",
        "UPDATE candidate_resumes SET is_deleted = true, uploaded_at = now(),"
        " candidate = NULL, path = NULL WHERE id = 2",
        "UPDATE candidate_resumes SET candidate = 1002, uploaded_at = now() WHERE id = 3",
    )
    ran = load(marked, INCREMENTAL)
    database.sql("DELETE FROM candidate_resumes WHERE is_deleted")
    assert_as_in(database, sandbox)
    assert any("1 delivered, 3 deleted" in line for line in ran.said()), ran.text


def test_log_based(project: Project, database: Database, sandbox: Running) -> None:
    """With the replica identity that a table has if nobody sets it: its primary key."""
    insert(database, 1, 2, 3)
    load(project, FULL_TABLE)
    database.sql(SLOT)
    insert(database, 4, 5)
    database.sql("UPDATE candidate_resumes SET path = '2024/0008.pdf' WHERE id IN (2, 5)")
    load(project, LOG_BASED)
    assert_as_in(database, sandbox)
    created = {one["created_at"] for one in sandbox.snapshot()["resumes"]}
    assert created == {1714979289000}

    insert(database, 6, 7)
    database.sql(
        "UPDATE candidate_resumes SET path = '2024/0009.pdf' WHERE id = 1",
        "DELETE FROM candidate_resumes WHERE id IN (2, 5, 7)",
        "UPDATE candidate_resumes SET candidate = 1002 WHERE id IN (3, 6)",
    )
    ran = load(project, LOG_BASED)
    assert_as_in(database, sandbox)
    assert held(sandbox).keys() == {"1", "3", "4", "6"}
    assert any("deleted" in line for line in ran.said())

    database.sql(
        "DELETE FROM candidate_resumes WHERE id = 3",  # it has moved before
        "DELETE FROM candidate_resumes WHERE id = 4",
        "INSERT INTO candidate_resumes VALUES (1003, 4, '2024-06-01', '2024/0004.pdf')",
    )
    load(project, LOG_BASED)
    assert_as_in(database, sandbox)


def test_what_the_log_does_not_tell_is_found_by_a_full_table(
    project: Project, database: Database, sandbox: Running
) -> None:
    """Of a new primary key the tap tells the new row alone, of TRUNCATE nothing at all."""
    database.sql(SLOT)
    insert(database, 1, 2)
    load(project, LOG_BASED)
    database.sql("UPDATE candidate_resumes SET id = 5 WHERE id = 1")
    load(project, LOG_BASED)
    assert held(sandbox).keys() == {"1", "2", "5"}
    whole = project.loading(max_deletes="100%")
    load(whole, FULL_TABLE)
    assert_as_in(database, sandbox)

    database.sql("TRUNCATE candidate_resumes")
    load(project, LOG_BASED)
    assert held(sandbox).keys() == {"2", "5"}
    time.sleep(1)  # versions of this tap are whole seconds
    load(whole, FULL_TABLE)
    assert_as_in(database, sandbox)
    assert held(sandbox) == {}


def test_without_a_primary_key_postgres_tells_no_deletion(
    project: Project, database: Database, sandbox: Running
) -> None:
    database.sql("ALTER TABLE candidate_resumes DROP CONSTRAINT candidate_resumes_pkey", SLOT)
    insert(database, 1, 2)
    load(project, LOG_BASED)
    database.sql("DELETE FROM candidate_resumes WHERE id = 1")
    load(project, LOG_BASED)
    assert held(sandbox).keys() == {"1", "2"}


def test_what_the_recipe_shows_is_what_the_tap_sends(
    project: Project, database: Database, files: Path
) -> None:
    shown = Recipe.read("postgres-log-based", {}).records
    database.sql(SLOT)
    insert(database, 7)
    database.sql("DELETE FROM candidate_resumes")
    ran = project.run(LOG_BASED, command="invoke")
    messages = [json.loads(line) for line in ran.out.splitlines()]
    sent = [message["record"] for message in messages if message["type"] == "RECORD"]
    assert [_shape(record) for record in sent] == [_shape(record) for record in shown]


def test_the_tap_is_run_as_the_recipe_says() -> None:
    (block,) = blocks((PAGES / "postgres-log-based.md").read_text("utf-8"), "yaml")
    project = yaml.safe_load(Path(__file__).with_name("crm.meltano.yml").read_text("utf-8"))
    taps = {tap["name"]: tap for tap in project["plugins"]["extractors"]}
    parent, tap = taps["tap-postgres"], taps[LOG_BASED]
    shown = yaml.safe_load(block)
    assert shown["config"].items() <= parent["config"].items()
    assert shown["select"] == parent["select"]
    assert shown["metadata"] == tap["metadata"]


def _shape(record: dict[str, Any]) -> str:
    """A record with each digit made 0; a position in the log may have any number of them."""
    assert isinstance(record["_sdc_lsn"], int)
    return "".join("0" if one.isdigit() else one for one in json.dumps({**record, "_sdc_lsn": 0}))


def test_log_based_resumes_after_a_failure(
    project: Project, database: Database, sandbox: Running, files: Path
) -> None:
    database.sql(SLOT)
    insert(database, 1, 2)
    load(project, LOG_BASED)
    before = project.state(LOG_BASED)

    (files / "2024" / "0003.pdf").rename(files / "mislaid.pdf")
    insert(database, 3)
    database.sql("DELETE FROM candidate_resumes WHERE id = 1")
    load(project, LOG_BASED, code=1)
    assert project.state(LOG_BASED) == before

    (files / "mislaid.pdf").rename(files / "2024" / "0003.pdf")
    load(project, LOG_BASED)
    assert held(sandbox) == {"2": 2, "3": 3}


def test_full_table_with_a_ledger(project: Project, database: Database, sandbox: Running) -> None:
    """The tap names the version before its records, so a limit is wanted before any deletion."""
    insert(database, 1, 2, 3)
    load(project, FULL_TABLE)
    assert_as_in(database, sandbox)

    database.sql(
        "DELETE FROM candidate_resumes WHERE id = 2",
        "UPDATE candidate_resumes SET candidate = 1002 WHERE id = 3",
    )
    ran = load(project, FULL_TABLE)
    assert any("1 resumes that none of them has named are left" in line for line in ran.said()), (
        ran.text
    )
    assert held(sandbox).keys() == {"1", "2", "3"}

    time.sleep(1)  # versions of this tap are whole seconds
    ran = load(project.loading(max_deletes="50%"), FULL_TABLE)
    assert_as_in(database, sandbox)
    assert any("0 delivered, 1 deleted, 2 unchanged" in line for line in ran.said()), ran.text
