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


@pytest.mark.parametrize(("seconds", "ends_with"), [(2.0, INT), (30.0, TERM)])
def test_an_echo_of_the_first_is_none(seconds: float, ends_with: int) -> None:
    """Meltano passes Ctrl-C on as SIGTERM, at once; half a minute later it is another request."""
    times = iter([0.0, 1.0, seconds, 61.0])
    signals = Signals(lambda: next(times))
    signals.watched = True
    signals.note(INT)
    signals.wait()
    signals.note(TERM)
    assert signals.wait_for_second(60) == ends_with
