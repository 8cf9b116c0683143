"""Signals to Meltano in the middle of a run; a tap that sends BATCH messages, each with a state."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from target_linkedin_resumes.sandbox.server import Running, running
from tests.docs.commands import shown
from tests.docs.documents import read, section
from tests.meltano.crm import INCREMENTAL, STREAM, held, load
from tests.meltano.postgres import Database
from tests.meltano.project import TARGET, Project, checked, ended

FIRST = datetime(2024, 5, 6, tzinfo=UTC)
ROWS = 600
# What docs/failures.md says of a run that was killed: Meltano's words, and the option that helps.
PAGE = section(read("docs/failures.md"), "## Exit codes")
(REFUSAL,) = re.findall(r"`(Another [^`]+)`", PAGE)
FORCE = [word for line in shown(PAGE) for word in line if word.startswith("--")]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Running]:
    """A LinkedIn that takes its time."""
    data = tmp_path / "linkedin"
    data.mkdir()
    with running(data, latency={"url": 20, "upload": 50, "batch": 300}) as sandbox:
        yield sandbox


@pytest.fixture
def batching(project: Project, database: Database, tmp_path: Path) -> Project:
    """The tap sends a BATCH message and a state after every 50 of the rows."""
    (tmp_path / "batches").mkdir()
    batch_config = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": f"file://{tmp_path}/batches"},
        "batch_size": 50,
    }
    database.sql(
        f"INSERT INTO candidate_resumes SELECT 1001, n,"
        f" '{FIRST}'::timestamptz + n * interval '1 s',"
        f" '2024/0001.pdf' FROM generate_series(1, {ROWS}) n"
    )
    return project.having(TAP_POSTGRES_BATCH_CONFIG=batch_config).loading(
        batch_size_rows="20", shutdown_grace_seconds="1"
    )


def covered(project: Project) -> int:
    """The last of the rows that the state which Meltano keeps covers; 0 if it keeps none."""
    bookmark = project.state(INCREMENTAL).get("bookmarks", {}).get(STREAM, {})
    if "replication_key_value" not in bookmark:
        return 0
    reached = datetime.fromisoformat(bookmark["replication_key_value"]) - FIRST
    return reached // timedelta(seconds=1)


def test_a_tap_that_sends_batches(batching: Project, sandbox: Running) -> None:
    ran = load(batching, INCREMENTAL)
    assert any("0 records, 12 batch manifests" in line for line in ran.said()), ran.text
    assert len(held(sandbox)) == ROWS
    assert covered(batching) == ROWS
    assert sandbox.snapshot()["breaches"] == []


@pytest.mark.parametrize(
    ("signum", "group", "codes"),
    [
        # Meltano passes SIGTERM on and waits, and does not keep the states printed from then on.
        (signal.SIGTERM, False, (143, 143)),
        # Ctrl-C: the terminal sends SIGINT to all three, and Meltano SIGTERM after it.
        (signal.SIGINT, True, (1, 130)),
        # The target reads what the tap has written, and finds nobody to print its state to.
        (signal.SIGKILL, False, (-9, None)),
    ],
    ids=["SIGTERM", "Ctrl-C", "SIGKILL"],
)
def test_a_run_that_is_stopped_goes_on_with_the_next(
    batching: Project,
    sandbox: Running,
    signum: signal.Signals,
    group: bool,
    codes: tuple[int, int | None],
) -> None:
    with batching.start(INCREMENTAL, TARGET) as process:
        deadline = time.monotonic() + 90
        while sandbox.snapshot()["resume_count"] < 150 and time.monotonic() < deadline:
            time.sleep(0.05)
        (os.killpg if group else os.kill)(process.pid, signum)
        ran = ended(process)
    assert (ran.code, ran.exit_code) == codes, ran.text
    if signum != signal.SIGKILL:
        assert 150 <= len(held(sandbox)) < ROWS, ran.text

    reached = covered(batching)
    assert reached >= 50  # what was printed while the run went on is kept, and no later state
    assert {str(row) for row in range(1, reached + 1)} <= held(sandbox).keys()

    anyhow = []
    if signum == signal.SIGKILL:
        refused = batching.run(INCREMENTAL, TARGET)
        assert refused.code == 1
        assert re.search(REFUSAL.replace("…", ".+"), refused.text), refused.text
        anyhow = FORCE
    checked(batching.run(*anyhow, INCREMENTAL, TARGET))
    assert len(held(sandbox)) == ROWS
    assert covered(batching) == ROWS
    assert sandbox.snapshot()["breaches"] == []
