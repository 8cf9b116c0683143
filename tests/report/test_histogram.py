"""Percentiles out of buckets are near the true ones."""

from __future__ import annotations

import random

import pytest

from target_linkedin_resumes.report.histogram import Histogram


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
