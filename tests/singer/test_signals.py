"""The first signal asks, a second one ends at once, an echo of the first is none."""

import signal

import pytest

from target_linkedin_resumes.singer.signals import Signals

TERM, INT = int(signal.SIGTERM), int(signal.SIGINT)


@pytest.fixture
def signals() -> Signals:
    made = Signals()
    made.watched = True
    return made


def test_nothing_is_in_flight() -> None:
    with pytest.raises(SystemExit) as ended:
        Signals().note(TERM)
    assert ended.value.code == 128 + TERM


def test_a_run_that_ends_without_one(signals: Signals) -> None:
    signals.close()
    assert signals.wait() is None


def test_the_same_signal_again(signals: Signals) -> None:
    signals.note(TERM)
    assert (signals.wait(), signals.first) == (TERM, TERM)
    signals.note(TERM)
    assert signals.wait_for_second(60) == TERM


def test_a_run_that_ends_within_its_grace(signals: Signals) -> None:
    signals.note(INT)
    signals.wait()
    signals.close()
    assert signals.wait_for_second(60) is None


def test_time_is_over() -> None:
    times = iter([0.0, 1.0, 30.0, 61.0])
    signals = Signals(lambda: next(times))
    signals.watched = True
    signals.note(INT)
    signals.wait()
    signals.note(TERM)  # as Meltano passes Ctrl-C on
    assert signals.wait_for_second(60) == TERM  # but not half a minute later


def test_an_echo_of_the_first() -> None:
    times = iter([0.0, 1.0, 2.0, 61.0])
    signals = Signals(lambda: next(times))
    signals.watched = True
    signals.note(INT)
    signals.wait()
    signals.note(TERM)
    assert signals.wait_for_second(60) == INT
