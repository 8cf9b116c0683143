"""The demo notices what is off."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.docs.documents import example

DEMO = example("demo")
KEY = ("candidate", "resume")
RESUME = DEMO.Resume(1_670_935_153_000, "ab" * 32, "application/pdf")
STATE: dict[str, Any] = {"bookmarks": {}}
RUN = DEMO.Run(0, [STATE], "", 1.0)
HELD: dict[str, Any] = {
    "resumes": [
        {
            "candidate_id": KEY[0],
            "resume_id": KEY[1],
            "integration_context": DEMO.ORGANIZATION,
            "created_at": RESUME.created_at,
            "sha256": RESUME.sha256,
            "content_type": RESUME.content_type,
        }
    ],
    "breach_counts": {},
    "highest_concurrency": {"batch": 1, "upload": 9},
    "tokens_minted": 1,
}


def differences(held: dict[str, Any] = HELD, run: Any = RUN) -> list[str]:
    return list(DEMO.differences({KEY: RESUME}, STATE, run, held))


def test_what_is_as_it_should_be_passes() -> None:
    assert differences() == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda held: held["resumes"].clear(),
        lambda held: held["resumes"].append({**held["resumes"][0], "resume_id": "another"}),
        lambda held: held["resumes"][0].update(created_at=1_670_935_153),
        lambda held: held["resumes"][0].update(sha256="cd" * 32),
        lambda held: held["resumes"][0].update(content_type="text/plain"),
        lambda held: held["resumes"][0].update(integration_context="urn:li:organization:1"),
        lambda held: held["breach_counts"].update(duplicate_ids=1),
        lambda held: held["highest_concurrency"].update(batch=2),
        lambda held: held.update(tokens_minted=2),
    ],
)
def test_each_thing_that_is_off_is_said(spoil: Callable[[dict[str, Any]], object]) -> None:
    held = copy.deepcopy(HELD)
    spoil(held)
    assert len(differences(held)) == 1


@pytest.mark.parametrize(
    "run",
    [RUN._replace(exit_code=1), RUN._replace(states=[]), RUN._replace(states=[STATE, {"x": 1}])],
)
def test_a_run_that_did_not_end_well_is_said(run: Any) -> None:
    assert len(differences(run=run)) == 1


def test_what_it_took_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    DEMO.show({**HELD, "calls": {"upload": {"201": 3, "503": 1}}}, RUN)
    shown = capsys.readouterr().out.splitlines()
    at = shown.index("Calls it took")
    assert shown[at + 1].split() == [
        "4",
        "upload",
        *["answered", "3", "x", "201,", "1", "x", "503"],
    ]


def test_its_figures_are_explained_in_a_line_each() -> None:
    def record(resume: str, **more: Any) -> str:
        fields = {"candidate_id": KEY[0], "resume_id": resume, **more}
        return json.dumps({"type": "RECORD", "stream": "resumes", "record": fields})

    stream = [record("a", file="1"), record("a", file="2"), record("b", file="3")]
    stream += [record("b", _sdc_deleted_at="2024-05-06"), json.dumps({"type": "STATE", "value": 1})]
    held = {"resumes": [{}], "calls": {"upload": {"201": 2}}}
    records, resumes, uploads = DEMO.explain(stream, held)
    assert records.strip() == "4 records: 3 with a file, 1 deletions"
    assert "1 resumes of 2" in resumes
    assert "1 were deleted" in resumes
    assert "2 URLs" in uploads
    assert "1 files were replaced before their upload" in uploads
