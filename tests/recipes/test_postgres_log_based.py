"""Postgres: rows that vanish come as deletions that hold their replica identity and no more."""

from __future__ import annotations

from typing import Any

from tests.e2e.support import PDF, Bench
from tests.recipes.recipes import Recipe, nullable

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
        "_sdc_deleted_at": {"type": ["string"]},
        "_sdc_lsn": {"type": ["integer"]},
    },
}


def read(bench: Bench) -> Recipe:
    return Recipe.read("postgres-log-based", {"/srv/crm/resumes": str(bench.files)})


def test_postgres(bench: Bench) -> None:
    (bench.files / "2024").mkdir(parents=True)
    for number in (7, 8, 9):
        bench.file(f"2024/000{number}.pdf", PDF + b"%" * number)
    recipe = read(bench)
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
    ]
    recipe.run(bench, {STREAM: (SCHEMA, records)})
    held = bench.held()
    assert held.keys() == {("1001", "8"), ("1001", "10")}
    assert held["1001", "8"]["size"] == len(PDF) + 9


def test_a_deletion_without_the_candidate_stops_the_run(bench: Bench) -> None:
    recipe = read(bench)
    _, gone = recipe.records
    del gone["candidate"]
    messages = [
        {"type": "SCHEMA", "stream": STREAM, "key_properties": [], "schema": SCHEMA},
        {"type": "RECORD", "stream": STREAM, "record": gone},
        {"type": "STATE", "value": {"done": 1}},
    ]
    bench.files.mkdir(exist_ok=True)
    settings = {**recipe.settings, "on_reject": None, "rejects_path": None}
    done = bench.run(messages, **settings)
    assert done.code == 1
    assert done.states == []
    assert "field 'candidate_id': required and missing" in done.log
