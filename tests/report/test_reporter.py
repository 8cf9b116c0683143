"""What a run says of itself while it goes on and at its end."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest

from target_linkedin_resumes.engine.counters import Counters
from target_linkedin_resumes.engine.engine import Engine
from target_linkedin_resumes.linkedin.limits import RequestsPerDay
from target_linkedin_resumes.report.metrics import Metrics, WaitTimes
from target_linkedin_resumes.report.model import End, Kind
from target_linkedin_resumes.report.progress import Progress, TerminalDisplay
from target_linkedin_resumes.report.reporter import LOOK_INTERVAL, Reporter
from target_linkedin_resumes.settings import read_settings

FINISHED = End(Kind.FINISHED, 0)
CONFIG = {
    "client_id": "a",
    "client_secret": "b",
    "organization": "1",
    "contract": "2",
}


def reporter(
    counters: Counters,
    now: list[float],
    outstanding: tuple[int, int] = (0, 0),
    **settings: Any,
) -> Reporter:
    engine = SimpleNamespace(counters=counters, superseded=0, unsettled=0, covered=0)
    quota = SimpleNamespace(save=lambda: {"used": {}})
    return Reporter(
        engine=cast("Engine", engine),
        metrics=Metrics(),
        waits=WaitTimes(lambda: now[0]),
        clock=lambda: now[0],
        begun=0.0,
        quota=cast("RequestsPerDay", quota),
        settings=read_settings({**CONFIG, **settings}),
        outstanding=lambda: outstanding,
    )


def test_the_last_figures_are_those_of_the_end() -> None:
    counters, now = Counters(), [10.0]
    made = reporter(counters, now)
    made.look()
    counters.delivered, now[0] = 250, 10.2  # between two looks
    assert made.progress().last_minute == 0
    shown = made.progress(ended=True)
    assert (shown.last_minute, shown.counts["delivered"]) == (250, 250)


def test_a_dry_run_counts_what_would_be(caplog: pytest.LogCaptureFixture) -> None:
    now = [31.0]
    made = reporter(Counters(read=9, delivered=7, deleted=2), now, dry_run=True)
    counts = made.progress().counts
    assert (counts["to send"], counts["to delete"], counts["to reject"]) == (7, 2, 0)
    assert not {"uploaded", "delivered", "deleted", "rejected"} & set(counts)
    looks = iter([False, True])
    with caplog.at_level(logging.INFO, "target_linkedin_resumes"):
        made.watch(lambda _: next(looks))
    assert caplog.messages[0].startswith("9 read, 7 would be delivered, 2 would be deleted, ")


def test_progress_is_logged_every_thirty_seconds_or_shown_at_each_look(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [0.0]
    made = reporter(Counters(), now)

    def wait(seconds: float) -> bool:
        now[0] += seconds
        return now[0] > 95

    shown: list[Progress] = []
    with caplog.at_level(logging.INFO, "target_linkedin_resumes"):
        made.watch(wait)
        assert len(caplog.messages) == 3
        now[0] = 0.0
        made.watch(wait, cast("TerminalDisplay", SimpleNamespace(show=shown.append)))
        assert len(caplog.messages) == 3
    assert len(shown) == 95 / LOOK_INTERVAL


def concluded(made: Reporter, end: End, caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """Log the summary of a run; gives it as it is for programs."""
    with caplog.at_level(logging.INFO, "target_linkedin_resumes"):
        made.conclude(made.figures(end, version="1", rejects_kept=False))
    summary: dict[str, Any] = caplog.records[0].__dict__["summary"]
    return summary


def test_what_was_not_there_counts_apart(caplog: pytest.LogCaptureFixture) -> None:
    made = reporter(Counters(read=12, delivered=3, deleted=2, not_there=5, unknown=2), [10.0])
    summary = concluded(made, FINISHED, caplog)
    (line,) = caplog.messages
    assert line.startswith("12 records read: 3 delivered, 2 deleted, ")
    assert "5 were not there, 2 not known to the ledger, 0 rejected; " in line
    assert "60 records a minute" in line  # what is not there counts for LinkedIn's limit
    records = summary["records"]
    assert (records["deleted"], records["not_there"], records["unknown"]) == (2, 5, 2)
    counts = made.progress().counts
    assert (counts["deleted"], counts["not there"], counts["unknown"]) == (2, 5, 2)
    assert not {"not there", "unknown"} & set(reporter(Counters(), [1.0]).progress().counts)


def test_a_run_none_of_whose_deletions_found_something_is_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    concluded(reporter(Counters(read=21, not_there=21, missed=21), [10.0]), FINISHED, caplog)
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
    assert caplog.messages[1].startswith("None of the 21 resumes to be deleted was there. ")


def test_outstanding_deletions_are_the_last_that_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = reporter(Counters(read=3, delivered=3), [10.0], outstanding=(3, 2))
    summary = concluded(made, End(Kind.OUTSTANDING, 3), caplog)
    assert (summary["outstanding"], summary["persons"]) == (3, 2)
    assert caplog.records[-1].levelname == "ERROR"
    assert caplog.messages[-1].startswith("3 deletions of 2 persons are outstanding: ")
    assert "exit code 3" in caplog.messages[-1]
    assert made.progress().outstanding == (3, 2)
