"""Postgres: rows that vanish come as deletions that hold their primary key and no more."""

from __future__ import annotations

from typing import Any

from tests.e2e.support import PDF, Bench
from tests.recipes.recipes import Recipe, nullable, rejected

STREAM = "public-candidate_resumes"
# As tap_postgres makes it for LOG_BASED: every column nullable, and two of its own.
SCHEMA = {
    "type": "object",
    "properties": {
        "candidate": nullable("integer"),
        "id": nullable("integer"),
        "uploaded_at": nullable("string"),
        "path": nullable("string"),
        "kind": nullable("string"),
        "_sdc_deleted_at": nullable("string"),
        "_sdc_lsn": nullable("integer"),
    },
}


def read(bench: Bench) -> Recipe:
    (bench.files / "2024").mkdir(parents=True)
    ledger = str(bench.directory / "ledger.sqlite")
    places = {"/srv/crm/resumes": str(bench.files), "/srv/crm/ledger.sqlite": ledger}
    return Recipe.read("postgres-log-based", places)


def test_postgres(bench: Bench) -> None:
    recipe = read(bench)
    for number in (7, 8, 9):
        bench.file(f"2024/000{number}.pdf", PDF + b"%" * number)
    row, gone = recipe.records
    records: list[dict[str, Any]] = [
        row,
        {**row, "id": 8, "path": "2024/0008.pdf"},
        {**row, "id": 9, "path": "2024/0009.pdf", "kind": "cover_letter"},
        {**row, "id": 8, "path": "2024/0009.pdf"},
        gone,
        {**gone, "id": 9},
        {**row, "id": 10, "path": "2024/0007.pdf"},
        {**gone, "id": 10},
        {**row, "id": 10, "path": "2024/0007.pdf"},
        {**row, "id": 11, "path": "2024/0007.pdf"},
        {**row, "id": 12, "path": "2024/0007.pdf"},
    ]
    recipe.run(bench, {STREAM: (SCHEMA, records)})
    held = bench.held()
    assert held.keys() == {("1001", one) for one in ("8", "10", "11", "12")}
    assert held["1001", "8"]["size"] == len(PDF) + 9

    changes = [{**row, "id": 8, "candidate": 1002, "path": "2024/0009.pdf"}, {**gone, "id": 11}]
    recipe.run(bench, {STREAM: (SCHEMA, [*changes, {**gone, "id": 12}, {**gone, "id": 12}])})
    assert bench.held().keys() == {("1002", "8"), ("1001", "10")}


def test_without_a_ledger_a_deletion_is_kept_and_told(bench: Bench) -> None:
    recipe = read(bench)
    del recipe.settings["ledger_path"]
    _, gone = recipe.records
    done = recipe.run(bench, {STREAM: (SCHEMA, [gone])}, code=3)
    assert rejected(bench) == {7: "deletion_unresolved"}
    assert "1 deletion of 1 person is outstanding" in done.log
