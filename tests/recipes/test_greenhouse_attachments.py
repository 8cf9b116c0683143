"""Greenhouse: presigned links without credentials, of which some have died."""

from __future__ import annotations

from datetime import timedelta

from tests.e2e.support import PDF, Bench
from tests.recipes.recipes import LEDGER, Recipe, nullable, rejected, timestamp
from tests.recipes.vendors import Vendor, presigned

# As tap_greenhouse/schemas/attachments.json has it.
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "id": {"type": "integer"},
        "created_at": timestamp(),
        "updated_at": timestamp(),
        "application_id": {"type": "integer"},
        "candidate_id": nullable("integer"),
        "type": {"type": "string"},
        "filename": {"type": "string"},
        "url": {"type": "string"},
    },
}


def read(bench: Bench, store: Vendor) -> Recipe:
    ledger = str(bench.directory / "ledger.sqlite")
    places = {"https://greenhouse.s3.amazonaws.com": store.url, LEDGER: ledger}
    recipe = Recipe.read("greenhouse-attachments", places)
    recipe.trust(store.url)
    return recipe


def test_greenhouse(bench: Bench, store: Vendor) -> None:
    recipe = read(bench, store)
    (shown,) = recipe.records
    path = "/attachments/8001/resume.pdf"
    link = store.signed(path, PDF, Content_Type="application/pdf")
    store.signed("/attachments/8003/resume.pdf", PDF)
    died = f"{store.url}/attachments/8003/resume.pdf?{presigned(timedelta(days=7, seconds=1))}"
    gone = f"{store.url}/attachments/8004/resume.pdf?{presigned(timedelta())}"
    records = [
        {**shown, "url": link},
        {**shown, "id": 8002, "type": "cover_letter", "url": f"{store.url}/letter.pdf"},
        {**shown, "id": 8003, "url": died},
        {**shown, "id": 8004, "url": gone},
        {**shown, "id": 8005, "candidate_id": None, "url": link},
    ]
    done = recipe.run(bench, {"attachments": (SCHEMA, records)})
    held = bench.held()
    assert held.keys() == {("1001", "8001")}
    assert held["1001", "8001"]["filename"] == "Sample Candidate.pdf"
    assert held["1001", "8001"]["created_at"] == 1714979289000
    assert rejected(bench) == {
        8003: "source_link_expired",
        8004: "source_gone",
        8005: "invalid_record",
    }
    assert sorted(store.asked()) == [path, "/attachments/8004/resume.pdf"]
    assert "resume_id from 'id'" in done.log
    assert "X-Amz-Signature" not in done.log


def test_candidates_that_are_merged(bench: Bench, store: Vendor) -> None:
    recipe = read(bench, store)
    (shown,) = recipe.records
    shown["url"] = store.signed("/attachments/8001/resume.pdf", PDF)
    other = {**shown, "id": 8002, "candidate_id": 1002}
    recipe.run(bench, {"attachments": (SCHEMA, [shown, other])})
    recipe.run(bench, {"attachments": (SCHEMA, [{**shown, "candidate_id": 1002}])})
    assert bench.held().keys() == {("1002", "8001"), ("1002", "8002")}


def test_attachments_that_a_full_table_no_longer_has(bench: Bench, store: Vendor) -> None:
    recipe = read(bench, store)
    recipe.settings["max_deletes"] = "50%"
    (shown,) = recipe.records
    shown["url"] = store.signed("/attachments/8001/resume.pdf", PDF)
    other = {**shown, "id": 8002, "candidate_id": 1002}
    recipe.run(bench, {"attachments": (SCHEMA, [shown, other])}, version=1)
    recipe.run(bench, {"attachments": (SCHEMA, [other])}, version=2)
    assert bench.held().keys() == {("1002", "8002")}
