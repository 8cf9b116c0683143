"""The examples are what their generator writes, and hold what a connector stumbles over."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from target_linkedin_resumes.records import Delete, ResumeKey, Upsert, read_change
from tests.docs.documents import EXAMPLES, example

MAKER = example("make_examples")
DEMO = example("demo")
STREAM = (EXAMPLES / "resumes.singer").read_text("utf-8").splitlines()
MESSAGES: list[dict[str, Any]] = [json.loads(line) for line in STREAM]
RECORDS = [message["record"] for message in MESSAGES if message["type"] == "RECORD"]
PLAIN = [json.loads(line) for line in (EXAMPLES / "resumes.jsonl").read_text("utf-8").splitlines()]


def last_keys(records: list[dict[str, Any]]) -> set[ResumeKey]:
    """Give the resumes that are left in the end, as the target reads records."""
    left = set()
    for record in records:
        change = read_change(record)
        if isinstance(change, Upsert):
            left.add(change.key)
        else:
            left.discard(change.key)
    return left


def test_the_generator_writes_what_is_committed() -> None:
    made = MAKER.contents()
    words = {f"files/{name}" for name in MAKER.WORD_NAMES}
    committed = {
        path.relative_to(EXAMPLES).as_posix(): path.read_bytes()
        for path in (*EXAMPLES.glob("resumes.*"), *(EXAMPLES / "files").rglob("*"))
        if path.is_file()
    }
    assert set(committed) == set(made) | words
    assert {name for name in made if committed[name] != made[name]} == set()


def test_the_examples_are_small() -> None:
    files = [*EXAMPLES.glob("*.*"), *(EXAMPLES / "files").rglob("*")]
    assert sum(path.stat().st_size for path in files if path.is_file()) < 1_000_000


def test_there_are_340_resumes_and_40_deletions() -> None:
    changes = [read_change(record) for record in RECORDS]
    upserts = [change for change in changes if isinstance(change, Upsert)]
    assert len({change.key for change in upserts}) == 340
    assert len(upserts) > 340
    assert sum(isinstance(change, Delete) for change in changes) == 40


def test_a_state_comes_every_fifty_records_and_at_the_end() -> None:
    assert [message["type"] for message in MESSAGES].index("STATE") == 51
    states = [number for number, one in enumerate(MESSAGES) if one["type"] == "STATE"]
    assert states[-1] == len(MESSAGES) - 1
    assert {after - before for before, after in pairwise(states[:-1])} == {51}


def test_a_deletion_is_followed_by_an_upsert_and_the_other_way_round() -> None:
    histories: dict[ResumeKey, str] = {}
    for record in RECORDS:
        change = read_change(record)
        letter = "u" if isinstance(change, Upsert) else "d"
        histories[change.key] = histories.get(change.key, "") + letter
    assert {"u", "uu", "ud", "du", "d", "udu"} <= set(histories.values())


def test_files_come_in_every_form() -> None:
    forms = set()
    for record in RECORDS:
        file = record.get("file", record.get("file_base64"))
        if isinstance(file, dict):
            forms.add("url" if "url" in file else "content")
        elif file is not None:
            forms.add("base64" if "file" not in record else file.partition(":")[0][:4])
    assert {"url", "content", "base64", "data", "file"} <= forms


def test_ids_are_awkward() -> None:
    keys = {read_change(record).key for record in RECORDS}
    text = "".join(key.candidate_id + key.resume_id for key in keys)
    assert set(":&/%+ \"'=#?,;\\\t\n<>{}()|^`~") <= set(text)
    assert any(ord(character) > 0xFFFF for character in text)
    assert {"7", "07", "007"} <= {key.candidate_id for key in keys}
    assert any(isinstance(record["candidate_id"], int) for record in RECORDS)
    resumes = Counter(key.resume_id for key in keys)
    assert resumes["shared"] == 2
    assert max(Counter(key.candidate_id for key in keys).values()) >= 3


def test_the_demo_reads_the_stream_as_the_target_does() -> None:
    expected, state = DEMO.read_stream(STREAM, EXAMPLES)
    assert state == MESSAGES[-1]["value"]
    assert {ResumeKey(*key) for key in expected} == last_keys(RECORDS)
    for record in RECORDS:
        change = read_change(record)
        if isinstance(change, Upsert):
            assert DEMO.milliseconds(record["created_at"]) == change.created_at


def test_the_json_lines_leave_the_same_resumes() -> None:
    lines = [json.dumps({"type": "RECORD", "record": record}) for record in PLAIN]
    plain, _ = DEMO.read_stream(lines, EXAMPLES)
    expected, _ = DEMO.read_stream(STREAM, EXAMPLES)
    assert {key: resume.sha256 for key, resume in plain.items()} == {
        key: resume.sha256 for key, resume in expected.items()
    }


@pytest.mark.parametrize("marker", MAKER.DELETED)
def test_the_demo_knows_each_deletion_marker(marker: object) -> None:
    assert DEMO.deletes(marker)


@pytest.mark.parametrize("marker", [*MAKER.NOT_DELETED, "0000-00-00"])
def test_the_demo_knows_each_marker_that_does_not_delete(marker: object) -> None:
    assert not DEMO.deletes(marker)
