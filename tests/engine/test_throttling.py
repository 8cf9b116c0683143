from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.engine.throttling import Concurrency, RecordsPerMinute
from tests.linkedin.fakes import Clock

# Records a minute


@given(
    limit=st.integers(1, 300),
    calls=st.lists(
        st.tuples(
            st.integers(1, 100),  # records
            st.floats(0, 90),  # seconds before the call is wanted
            st.floats(0, 90),  # seconds until its answer
            st.floats(0, 1),  # where in between LinkedIn counts it
        ),
        max_size=40,
    ),
)
def test_no_minute_of_linkedins_holds_more_than_the_limit(
    limit: int, calls: list[tuple[int, float, float, float]]
) -> None:
    clock = Clock(0.0)
    pace = RecordsPerMinute(limit, clock)
    counted: list[tuple[float, int]] = []
    for wanted, pause, latency, part in calls:
        records = min(wanted, limit)
        clock.now += pause
        while wait := pace.wait_for(records):
            assert wait > 0
            clock.now += wait
        pace.sent(records)
        counted.append((clock.now + latency * part, records))
        clock.now += latency
        pace.answered()
    for begin, _ in counted:
        within = sum(records for moment, records in counted if begin <= moment < begin + 59.999)
        assert within <= limit


def test_the_limit_is_used_to_the_full() -> None:
    clock = Clock(0.0)
    pace = RecordsPerMinute(2000, clock)
    for _ in range(32):
        while wait := pace.wait_for(100):
            clock.now += wait
        pace.sent(100)
        clock.now += 0.3
        pace.answered()
    # 20 calls at once, and each of the other 12 a minute after the answer to its predecessor.
    assert clock.now == pytest.approx(12 * 0.3 + 60 + 0.3, abs=1)


def test_says_how_long_to_wait() -> None:
    clock = Clock(100.0)
    said: list[float] = []
    pace = RecordsPerMinute(150, clock, said.append)
    assert pace.wait_for(100) == 0
    pace.sent(100)
    assert pace.wait_for(50) == 0
    assert pace.wait_for(51) == 60  # no less; the call is still under way
    clock.now += 5
    pace.answered()
    assert pace.wait_for(51) == 60
    clock.now += 59
    assert pace.wait_for(51) == 1
    clock.now += 1
    assert pace.wait_for(150) == 0
    assert said == [60, 60, 1]


def test_a_call_that_never_fits_is_a_mistake_of_the_caller() -> None:
    pace = RecordsPerMinute(50, Clock())
    for records in (51, 0):
        with pytest.raises(ValueError, match="never fits the limit of 50 a minute"):
            pace.wait_for(records)


# Concurrency


def succeed(concurrency: Concurrency, times: int, seconds: float = 0.2) -> None:
    for _ in range(times):
        concurrency.succeeded(seconds)


def test_doubles_from_the_start_up_to_the_ceiling() -> None:
    concurrency = Concurrency(64)
    assert concurrency.allowed == 8
    levels = []
    for _ in range(4):
        succeed(concurrency, concurrency.allowed)
        levels.append(concurrency.allowed)
    assert levels == [16, 32, 64, 64]


def test_one_burst_of_failures_halves_once() -> None:
    concurrency = Concurrency(64, start=64)
    succeed(concurrency, 1)
    for _ in range(64):
        concurrency.failed()
    assert concurrency.allowed == 32


def test_a_failure_among_successes_halves() -> None:
    concurrency = Concurrency(64, start=64)
    concurrency.failed()
    succeed(concurrency, 63)
    concurrency.failed()
    assert concurrency.allowed == 16


def test_sustained_failure_leaves_one_probe_and_success_brings_it_back() -> None:
    concurrency = Concurrency(64, start=64)
    for _ in range(200):
        concurrency.failed()
    assert concurrency.allowed == 1
    levels = []
    for _ in range(8):
        succeed(concurrency, concurrency.allowed)
        levels.append(concurrency.allowed)
    # Twice as many up to half of where it went wrong, then one by one.
    assert levels == [2, 4, 8, 16, 32, 33, 34, 35]


def test_does_not_grow_while_more_at_once_is_not_faster() -> None:
    """A server that does 50 a second, however many ask: 10 at once are enough for it."""
    concurrency = Concurrency(64)
    for _ in range(10):
        succeed(concurrency, concurrency.allowed, max(0.2, concurrency.allowed / 50))
    assert 10 <= concurrency.allowed <= 40


def test_one_lucky_round_does_not_stop_growth_for_good() -> None:
    concurrency = Concurrency(64)
    succeed(concurrency, 8, 0.001)
    for _ in range(1000):
        succeed(concurrency, concurrency.allowed)
    assert concurrency.allowed == 64


@given(st.integers(1, 100), st.integers(0, 2**32))
def test_stays_between_one_and_the_ceiling(ceiling: int, seed: int) -> None:
    concurrency = Concurrency(ceiling)
    chance = random.Random(seed)
    for _ in range(300):
        if chance.random() < 0.3:
            concurrency.failed()
        else:
            concurrency.succeeded(chance.random())
        assert 1 <= concurrency.allowed <= ceiling
