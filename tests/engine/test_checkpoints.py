"""Which state may be printed."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.engine.checkpoints import MAX_WAITING_BYTES, Checkpoints


def test_a_state_waits_for_every_position_before_it() -> None:
    checkpoints = Checkpoints()
    first, second = checkpoints.take(), checkpoints.take()
    checkpoints.arrived({"n": 2}, 20)
    third = checkpoints.take()
    checkpoints.settle([second, third])
    assert not checkpoints.due()
    assert checkpoints.take_due() is None
    checkpoints.settle([first])
    assert checkpoints.due()
    assert checkpoints.take_due() == {"n": 2}
    assert checkpoints.take_due() is None


def test_a_state_before_all_records_is_due_at_once() -> None:
    checkpoints = Checkpoints()
    checkpoints.arrived({"n": 0}, 20)
    assert checkpoints.take_due() == {"n": 0}


def test_the_newest_of_several_that_are_due() -> None:
    checkpoints = Checkpoints()
    checkpoints.arrived({"n": 0}, 20)
    checkpoints.arrived({"n": 1}, 20)
    checkpoints.settle([checkpoints.take()])
    checkpoints.arrived({"n": 2}, 20)
    checkpoints.take()
    checkpoints.arrived({"n": 3}, 20)
    assert checkpoints.take_due() == {"n": 2}


def test_memory_is_bounded_and_the_newest_state_is_kept() -> None:
    checkpoints = Checkpoints()
    total = 1000
    for number in range(total):
        checkpoints.take()
        checkpoints.arrived({"n": number}, MAX_WAITING_BYTES // 50)
        assert len(checkpoints._waiting) <= 50
    assert len(checkpoints._waiting) >= 25
    checkpoints.settle(range(total))
    assert checkpoints.take_due() == {"n": total - 1}
    assert checkpoints.span == checkpoints.unsettled == 0


@given(st.integers(1, 400), st.randoms(use_true_random=False))
def test_no_state_is_ever_untrue(records: int, order: random.Random) -> None:
    checkpoints = Checkpoints()
    states = {}
    for number in range(records):
        checkpoints.take()
        if order.random() < 0.5:
            checkpoints.arrived({"n": number}, 20)
            states[number] = number + 1
    settled: set[int] = set()
    positions = list(range(records))
    order.shuffle(positions)
    printed = -1
    for position in positions:
        checkpoints.settle([position])
        settled.add(position)
        state = checkpoints.take_due()
        if state is not None:
            assert state["n"] > printed
            printed = state["n"]
            assert settled.issuperset(range(states[printed]))
    if states:
        assert printed == max(states)
    assert checkpoints.unsettled == 0
