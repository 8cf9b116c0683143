"""Greenhouse: a candidate with a list of attachments, of which some are resumes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.support import PDF, Bench
from tests.recipes.recipes import LEDGER, Recipe, nullable, rejected, timestamp
from tests.recipes.vendors import Vendor

# As version 1 of the Harvest API sends candidates, shortened.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "updated_at": timestamp(),
        "attachments": {
            "type": ["null", "array"],
            "items": {
                "type": "object",
                "properties": {
                    "filename": nullable("string"),
                    "url": nullable("string"),
                    "type": nullable("string"),
                    "created_at": timestamp(),
                },
            },
        },
    },
}
AS_TEXT = {"properties": {**SCHEMA["properties"], "attachments": nullable("string")}}
LATER = "2024-06-07T08:09:10.000Z"
FIRST, SECOND = "resume-2024-05-06T07:08:09.000Z", f"resume-{LATER}"
Key = tuple[str, str]


class Greenhouse:
    """Candidates with the attachments of the page, delivered by its configuration."""

    def __init__(self, bench: Bench, store: Vendor, *, as_text: bool) -> None:
        ledger = str(bench.directory / "ledger.sqlite")
        places = {"https://greenhouse.s3.amazonaws.com": store.url, LEDGER: ledger}
        self.recipe = Recipe.read("greenhouse-candidates", places)
        self.recipe.trust(store.url)
        (self.shown,) = self.recipe.records
        self.bench, self.as_text = bench, as_text
        resume, self.letter = self.shown["attachments"]
        resume["url"] = store.signed("/attachments/8001/resume.pdf", PDF)
        self.resume = resume
        self.newer = {**resume, "created_at": LATER}

    def candidate(self, identity: int, *attachments: Any, **more: Any) -> dict[str, Any]:
        several = json.dumps(attachments) if self.as_text else list(attachments)
        return {**self.shown, "id": identity, "attachments": several, **more}

    def send(self, *candidates: dict[str, Any], **how: Any) -> set[Key]:
        schema = AS_TEXT if self.as_text else SCHEMA
        self.recipe.run(self.bench, {"candidates": (schema, [*candidates])}, **how)
        assert rejected(self.bench) == {}
        return set(self.bench.held())


@pytest.fixture(params=[False, True], ids=["list", "text"])
def greenhouse(request: pytest.FixtureRequest, bench: Bench, store: Vendor) -> Greenhouse:
    return Greenhouse(bench, store, as_text=request.param)


def test_each_resume_is_one(greenhouse: Greenhouse, store: Vendor) -> None:
    both = greenhouse.candidate(1001, greenhouse.resume, greenhouse.letter, greenhouse.newer)
    assert greenhouse.send(both) == {("1001", FIRST), ("1001", SECOND)}
    held = greenhouse.bench.held()["1001", FIRST]
    assert held["filename"] == "Sample Candidate.pdf"
    assert held["created_at"] == 1714979289000
    assert set(store.asked()) == {"/attachments/8001/resume.pdf"}
    left = greenhouse.candidate(1001, greenhouse.letter, greenhouse.newer)
    assert greenhouse.send(left) == {("1001", SECOND)}
    assert greenhouse.send({**left, "attachments": None}) == {("1001", SECOND)}


def test_a_candidate_who_is_anonymised(greenhouse: Greenhouse) -> None:
    greenhouse.send(
        greenhouse.candidate(1001, greenhouse.resume, greenhouse.newer),
        greenhouse.candidate(1002, greenhouse.resume),
    )
    assert greenhouse.send(greenhouse.candidate(1001)) == {("1002", FIRST)}


def test_candidates_that_are_merged(greenhouse: Greenhouse) -> None:
    one = greenhouse.candidate(1001, greenhouse.resume)
    other = greenhouse.candidate(1002, greenhouse.newer)
    greenhouse.send(one, other, version=1)
    greenhouse.recipe.settings["max_deletes"] = "50%"
    merged = greenhouse.candidate(1002, greenhouse.resume, greenhouse.newer)
    assert greenhouse.send(merged, version=2) == {("1002", FIRST), ("1002", SECOND)}


def test_a_candidate_who_is_marked_as_deleted(greenhouse: Greenhouse) -> None:
    greenhouse.send(greenhouse.candidate(1001, greenhouse.resume, greenhouse.newer))
    assert greenhouse.send({"id": 1001, "_sdc_deleted_at": LATER}) == set()
