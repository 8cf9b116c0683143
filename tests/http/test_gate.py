from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.http.gate import Call, Gate, Shut


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Gate:
    """Waits the whole of each exponential wait."""
    return Gate(clock, jitter=lambda wait: wait, longest_asked=900)


def succeed(gate: Gate) -> None:
    with gate.call() as call:
        call.succeeded()


def fail(gate: Gate, retry_after: float | None = None, *, doubtful: bool = False) -> None:
    with gate.call() as call:
        call.failed(retry_after, doubtful=doubtful)


def shut_for(gate: Gate) -> float:
    with pytest.raises(Shut) as caught, gate.call():
        pytest.fail("it let a call through")
    return caught.value.seconds


def test_nobody_calls_before_the_next_time_and_waits_grow_to_a_minute(
    gate: Gate, clock: Clock
) -> None:
    for wait in (1, 2, 4, 8, 16, 32, 60, 60):
        fail(gate)
        assert shut_for(gate) == wait
        clock.now += wait - 0.25
        assert shut_for(gate) == 0.25
        clock.now += 0.25


def test_after_the_wait_one_call_probes_and_each_success_lets_one_more_in(
    gate: Gate, clock: Clock
) -> None:
    fail(gate)
    clock.now += 1
    with gate.call() as probe:
        assert shut_for(gate) == 1
        clock.now += 3
        assert shut_for(gate) == 3
        clock.now += 30
        assert shut_for(gate) == 5
        probe.succeeded()
    for most in (2, 3, 4):
        with ExitStack() as under_way:
            calls = [under_way.enter_context(gate.call()) for _ in range(most)]
            assert shut_for(gate) > 0
            calls[0].succeeded()


def test_when_enough_have_succeeded_there_is_no_limit(gate: Gate, clock: Clock) -> None:
    fail(gate)
    clock.now += 1
    for _ in range(64):
        succeed(gate)
    with ExitStack() as under_way:
        for _ in range(200):
            under_way.enter_context(gate.call())


def test_after_a_success_the_waits_begin_anew(gate: Gate, clock: Clock) -> None:
    for wait in (1, 2, 4):
        fail(gate)
        clock.now += wait
    succeed(gate)
    fail(gate)
    assert shut_for(gate) == 1


@pytest.mark.parametrize(("asked", "seconds"), [(0, None), (7, 7), (100_000, 900)])
def test_what_the_server_asks_for_is_kept_to_within_bounds(
    gate: Gate, asked: float, seconds: float | None
) -> None:
    succeed(gate)
    fail(gate, asked, doubtful=True)
    if seconds is None:
        succeed(gate)
    else:
        assert shut_for(gate) == seconds


def test_a_single_failure_among_successes_does_not_close_it(gate: Gate) -> None:
    for _ in range(5):
        succeed(gate)
        fail(gate, doubtful=True)
    succeed(gate)


def test_two_failures_in_a_row_close_it(gate: Gate) -> None:
    succeed(gate)
    fail(gate, doubtful=True)
    fail(gate, doubtful=True)
    assert shut_for(gate) == 1


def test_where_nothing_has_succeeded_one_failure_closes_it(gate: Gate) -> None:
    fail(gate, doubtful=True)
    assert shut_for(gate) == 1


def test_a_failure_of_the_endpoint_beyond_doubt_closes_it_at_once(gate: Gate) -> None:
    succeed(gate)
    fail(gate)
    assert shut_for(gate) == 1


def test_what_was_begun_before_an_outage_is_one_failure_with_it(gate: Gate, clock: Clock) -> None:
    with ExitStack() as under_way:
        for number in range(64):
            call = under_way.enter_context(gate.call())
            if number % 2:
                call.failed(doubtful=True)
            else:
                call.failed()
    assert shut_for(gate) == 1
    clock.now += 1
    fail(gate)
    assert shut_for(gate) == 2


def test_a_late_word_of_the_server_still_counts_and_a_late_success_opens_nothing(
    gate: Gate,
) -> None:
    with gate.call() as late, gate.call() as later:
        fail(gate)
        late.failed(30)
        later.succeeded()
    assert shut_for(gate) == 30


def test_a_call_that_says_nothing_changes_nothing(gate: Gate, clock: Clock) -> None:
    fail(gate)
    clock.now += 1
    with pytest.raises(ZeroDivisionError), gate.call():
        raise ZeroDivisionError
    with gate.call() as probe:
        probe.succeeded()


def test_what_has_failed_lets_others_go_first(gate: Gate, clock: Clock) -> None:
    """Else two files that can never be had would keep the endpoint closed for all."""
    with gate.call("bad") as call:
        call.failed(doubtful=True)
    clock.now += 1
    with pytest.raises(Shut) as caught, gate.call("bad"):
        pytest.fail("it went first")
    assert caught.value.seconds == 5
    with gate.call("good") as call:
        call.succeeded()
    with gate.call("bad") as call:
        call.failed()
    clock.now += 1 + 5
    with gate.call("bad") as call:  # there is no other
        call.failed()


def test_among_successes_what_has_failed_does_not_wait(gate: Gate) -> None:
    succeed(gate)
    with gate.call("bad") as call:
        call.failed(doubtful=True)
    with gate.call("bad") as call:
        call.succeeded()


def test_an_endpoint_that_is_out_is_asked_a_few_times_however_many_wait(clock: Clock) -> None:
    def jitters() -> Iterator[float]:
        while True:
            yield from (0.1, 0.9, 0.5)

    drawn = jitters()
    gate = Gate(clock, jitter=lambda wait: wait * next(drawn))
    calls = 0
    end = clock.now + 16
    while clock.now < end:
        for _ in range(3000):
            try:
                fail(gate)
            except Shut:
                break
            calls += 1
        clock.now += 0.02
    assert 3 <= calls <= 20


OUTCOMES: dict[str, Callable[[Call], None]] = {
    "success": Call.succeeded,
    "failure": Call.failed,
    "doubtful": lambda call: call.failed(doubtful=True),
    "asked": lambda call: call.failed(1e300),
    "nothing": lambda _: None,
}


@given(st.lists(st.sampled_from([*OUTCOMES, "begin", "wait"]), max_size=200))
def test_whatever_happened_it_lets_a_call_through_again_in_the_end(events: list[str]) -> None:
    clock = Clock()
    gate = Gate(clock, longest_asked=900)
    with ExitStack() as under_way:
        calls: list[Call] = []
        for event in events:
            if event == "wait":
                clock.now += 7
            elif event == "begin" or not calls:
                try:
                    calls.append(under_way.enter_context(gate.call()))
                except Shut as shut:
                    assert 0 < shut.seconds <= 900  # noqa: PT017 - it may also not be raised
            else:
                OUTCOMES[event](calls.pop())
    clock.now += 900
    succeed(gate)
