"""The repository's own project: install, run, run again, fail and go on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.sandbox.server import Running
from tests.docs.documents import EXAMPLES
from tests.meltano.project import Project, checked

JOB = "resumes-to-sandbox"
TAP = "tap-jsonl"


def expected() -> dict[tuple[str, str], str | None]:
    """By key what the example's last record of it says: the hash of a local file, or None."""
    last: dict[tuple[str, str], str | None] = {}
    for line in (EXAMPLES / "resumes.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        key = (record["candidate_id"], record["resume_id"])
        last.pop(key, None)
        if not record.get("_sdc_deleted_at"):
            file = EXAMPLES / record["file"]
            last[key] = hashlib.sha256(file.read_bytes()).hexdigest()
    return last


def held(sandbox: Running) -> dict[tuple[str, str], str]:
    """The hashes of what LinkedIn holds."""
    resumes: list[dict[str, Any]] = sandbox.snapshot()["resumes"]
    return {(one["candidate_id"], one["resume_id"]): one["sha256"] for one in resumes}


def test_a_run_delivers_and_the_next_one_gets_its_state(
    repository: Project, sandbox: Running
) -> None:
    checked(repository.run(JOB))
    assert held(sandbox) == expected()
    state = repository.state(TAP)
    bookmark = state["bookmarks"]["resumes"]["replication_key_value"]

    again = checked(repository.run(JOB))
    assert f"Starting incremental sync with bookmark value: {bookmark}" in again.said(TAP)
    # tap-jsonl 0.3.1 is given the state and keeps its own bookmark in it under a name under which
    # it does not look it up. So it reads the whole file in each run, and all is delivered again.
    assert any("last_bookmark=None" in line for line in again.said(TAP))
    assert any("424 records read" in line for line in again.said())
    assert held(sandbox) == expected()
    assert repository.state(TAP) == state
    assert sandbox.snapshot()["breaches"] == []


def test_no_usage_statistics_are_sent(repository: Project) -> None:
    """By the project's own file: no variable says so here."""
    assert not any("USAGE_STATS" in name for name in repository.environment)
    analytics = json.loads((repository.directory / ".meltano" / "analytics.json").read_text())
    assert analytics["send_anonymous_usage_stats"] is False


def test_a_run_that_failed_is_resumed(
    repository: Project, sandbox: Running, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for number in (1, 2, 3):
        (files / f"{number}.txt").write_text(f"resume {number}")
    (files / "2.txt").rename(files / "mislaid.txt")
    records = tmp_path / "records.jsonl"
    records.write_text(
        "".join(
            json.dumps(
                {
                    "candidate_id": f"C{number}",
                    "resume_id": "R",
                    "created_at": "2024-05-06",
                    "file": f"{number}.txt",
                }
            )
            + "\n"
            for number in (1, 2, 3)
        )
    )
    project = repository.having(TAP_JSONL_PATH=str(records)).loading(file_root=str(files))

    failed = checked(project.run(JOB), 1)
    assert any("[file_missing]" in line and "C2" in line for line in failed.said()), failed.text
    assert "Loader failed" in failed.text
    assert project.state(TAP) == {}  # the tap sends its state at the end of the file

    (files / "mislaid.txt").rename(files / "2.txt")
    checked(project.run(JOB))
    assert held(sandbox).keys() == {("C1", "R"), ("C2", "R"), ("C3", "R")}
    assert project.state(TAP) != {}


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"organization": "nonsense"}, 2),
        ({"client_secret": "wrong"}, 2),
        ({"requests_per_day": "1"}, 75),
    ],
)
def test_the_log_says_the_exit_code_that_meltano_hides(
    repository: Project, settings: dict[str, str], code: int
) -> None:
    checked(repository.run(JOB, **settings), code)
