"""What is measured while a run goes on."""

from __future__ import annotations

import random

import pytest

from target_linkedin_resumes.errors import Retry
from target_linkedin_resumes.report.metrics import Histogram, Metrics, WaitTimes
from target_linkedin_resumes.report.model import Waits


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_calls_are_counted_and_timed_by_endpoint() -> None:
    metrics = Metrics()
    for seconds in (0.1, 0.2, 0.3):
        metrics("upload", "201", seconds, 1_000)
    metrics("upload", "503", 4.0, 1_000)
    metrics("token", "200", 0.05, 10)
    outcomes = {call: one.outcomes for call, one in metrics.endpoints.items()}
    assert outcomes == {"token": {"200": 1}, "upload": {"201": 3, "503": 1}}
    upload = metrics.endpoints["upload"]
    assert sum(upload.outcomes.values()) == 4
    assert upload.median == pytest.approx(0.2, rel=0.04)
    assert upload.longest == 4.0


def test_what_is_cut_off_at_the_end_is_not_counted() -> None:
    metrics = Metrics()
    metrics("upload", "201", 0.1, 1_000)
    metrics.stop()
    metrics("upload", "connection", 0.1, 1_000)
    assert list(metrics.endpoints) == ["upload"]
    assert metrics.endpoints["upload"].outcomes == {"201": 1}


def test_waits_that_overlap_count_once() -> None:
    clock = Clock()
    waits = WaitTimes(clock)
    asked = Retry("later", retry_after=10)
    waits.for_retry(asked, 10)
    clock.now += 4
    waits.for_retry(asked, 10)
    clock.now += 1
    assert waits.so_far == Waits(throttle=5.0)
    assert waits.now == ("throttle", 9.0)
    clock.now += 100
    assert waits.so_far == Waits(throttle=14.0)
    assert waits.now is None


def test_only_what_linkedin_asks_for_is_a_throttle() -> None:
    waits = WaitTimes(Clock())
    waits.for_retry(Retry("broken", cause="upload connection"), 5)
    at_source = Retry("busy", retry_after=30, cause="source")
    at_source.at_source = True
    waits.for_retry(at_source, 30)
    assert waits.now is None
    waits.for_retry(Retry("slow down", cause="batch_update 429"), 3)
    assert waits.now == ("throttle", 3.0)


def test_the_quota_comes_before_the_rest() -> None:
    waits = WaitTimes(Clock())
    waits.for_limit(2)
    waits.for_retry(Retry("later", retry_after=3), 3)
    waits.for_quota(600)
    assert waits.now == ("quota", 600.0)


@pytest.mark.parametrize("percent", [50, 95, 99])
def test_percentiles_are_right_within_four_percent(percent: int) -> None:
    chance = random.Random(percent)
    durations = sorted(chance.lognormvariate(-2, 1) for _ in range(5_000))
    made = Histogram()
    for seconds in durations:
        made.add(seconds)
    true = durations[len(durations) * percent // 100 - 1]
    assert made.percentile(percent) == pytest.approx(true, rel=0.04)
    assert made.longest == durations[-1]
    assert made.count == 5_000


def test_nothing_was_counted() -> None:
    assert Histogram().percentile(50) == 0


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 0.001, 3_600.0, 1e9])
def test_no_duration_is_too_short_or_too_long(seconds: float) -> None:
    made = Histogram()
    made.add(seconds)
    assert made.percentile(50) <= max(seconds, 0.001)
    assert made.longest == seconds


@pytest.mark.parametrize(
    ("durations", "median", "most"),
    [
        ([0.0174], 0.0174, 0.0174),
        ([0.301, 0.3385], 0.301, 0.3385),
        ([0.3310, 0.3312, 0.3311], None, 0.3312),
    ],
)
def test_few_durations_do_not_contradict_each_other(
    durations: list[float], median: float | None, most: float
) -> None:
    made = Histogram()
    for seconds in durations:
        made.add(seconds)
    assert made.percentile(95) == made.longest == most
    found = made.percentile(50)
    assert min(durations) <= found <= most
    assert median is None or found == median
