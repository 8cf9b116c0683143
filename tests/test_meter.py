"""What is measured while a run goes on."""

from __future__ import annotations

import pytest

from target_linkedin_resumes.errors import Retry
from target_linkedin_resumes.report.metrics import Meter, MeteredPace, Waiting
from target_linkedin_resumes.report.model import Waits


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Pace:
    """Holds back for so long."""

    def __init__(self) -> None:
        self.wait = 0.0
        self.tickets: list[int] = []

    def wait_for(self, records: int) -> float:
        return self.wait

    def sent(self, records: int) -> int:
        self.tickets.append(records)
        return 7

    def answered(self, ticket: int) -> None:
        self.tickets.append(-ticket)


def test_calls_are_counted_and_timed_by_endpoint() -> None:
    meter = Meter()
    for seconds in (0.1, 0.2, 0.3):
        meter("upload", "201", seconds, 1_000)
    meter("upload", "503", 4.0, 1_000)
    meter("token", "200", 0.05, 10)
    assert meter.calls == {"token": {"200": 1}, "upload": {"201": 3, "503": 1}}
    upload = meter.endpoints["upload"]
    assert upload.calls == 4
    assert upload.median == pytest.approx(0.2, rel=0.04)
    assert upload.longest == 4.0


def test_what_is_cut_off_at_the_end_is_not_counted() -> None:
    meter = Meter()
    meter("upload", "201", 0.1, 1_000)
    meter.stop()
    meter("upload", "connection", 0.1, 1_000)
    assert meter.calls == {"upload": {"201": 1}}
    assert meter.endpoints["upload"].calls == 1


def test_waits_that_overlap_count_once() -> None:
    clock = Clock()
    waiting = Waiting(clock)
    asked = Retry("later", retry_after=10)
    waiting.for_retry(asked, 10)
    clock.now += 4
    waiting.for_retry(asked, 10)
    clock.now += 1
    assert waiting.so_far == Waits(throttle=5.0)
    assert waiting.now == ("throttle", 9.0)
    clock.now += 100
    assert waiting.so_far == Waits(throttle=14.0)
    assert waiting.now is None


def test_only_what_linkedin_asks_for_is_a_throttle() -> None:
    waiting = Waiting(Clock())
    waiting.for_retry(Retry("broken", cause="upload connection"), 5)
    at_source = Retry("busy", retry_after=30, cause="source")
    at_source.at_source = True
    waiting.for_retry(at_source, 30)
    assert waiting.now is None
    waiting.for_retry(Retry("slow down", cause="batch_update 429"), 3)
    assert waiting.now == ("throttle", 3.0)


def test_the_quota_comes_before_the_rest() -> None:
    waiting = Waiting(Clock())
    waiting.for_limit(2)
    waiting.for_retry(Retry("later", retry_after=3), 3)
    waiting.for_quota(600)
    assert waiting.now == ("quota", 600.0)


def test_a_limit_that_holds_back_is_noted() -> None:
    clock, pace = Clock(), Pace()
    waiting = Waiting(clock)
    metered = MeteredPace(pace, waiting)
    assert metered.wait_for(100) == 0
    assert waiting.now is None
    pace.wait = 8.0
    assert metered.wait_for(100) == 8.0
    clock.now += 3
    assert waiting.so_far == Waits(limit=3.0)
    metered.answered(metered.sent(100))
    assert pace.tickets == [100, -7]
