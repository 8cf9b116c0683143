"""What a sink tells the engine of a change."""

import json
import tracemalloc
from math import inf
from typing import Any

import pytest

from target_linkedin_resumes.records import Change, Delete, ResumeFile, ResumeKey, Upsert
from target_linkedin_resumes.sinks import priority, size_estimate

KEY = ResumeKey("c", "r")


def upsert(**file: str) -> Upsert:
    return Upsert(KEY, 1670935153000, ResumeFile(**file))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (upsert(location="https://b.example.com/cv?se=2026-11-24T00:00:10Z&sig=x"), 1795478410),
        (upsert(location="https://b.example.com/cv?v=1"), inf),
        (upsert(location="cv.pdf"), inf),
        (upsert(content="AAAA"), inf),
        (Delete(KEY), inf),
    ],
)
def test_what_expires_goes_first(change: Change, expected: float) -> None:
    assert priority(change) == expected


ROW = {f"field_{number}": f"a text of ordinary length {number}" for number in range(8)}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {f"column_{number}": f"text {number}" for number in range(45)},
        {"notes": "x" * 500_000},
        {"notes": "\u540d" * 50_000},
        {"employments": [ROW] * 40},
        {"employments": {f"row {number}": ROW for number in range(40)}},
        {"employments": [[{"deep": [ROW]}] * 40]},
        {"scores": [0.5, 1.5, None, True, 7] * 100},
    ],
)
def test_a_record_weighs_what_it_takes_in_memory(more: dict[str, Any]) -> None:
    line = json.dumps({"candidate_id": "candidate-0000001", "resume_id": "resume-1", **more})
    json.loads(line)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    record = json.loads(line)
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    assert 0.8 * held < size_estimate(record) < 3 * held


def test_a_record_may_be_nested_deeper_than_python_recurses() -> None:
    record: dict[str, Any] = {"notes": "x" * 10_000}
    for _ in range(5_000):
        record = {"in": [record]}

    assert size_estimate(record) > 10_000 + 5_000 * 100
