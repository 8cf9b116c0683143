"""Calls second by second, and how long they took."""

from __future__ import annotations

from target_linkedin_resumes.sandbox.pace import SECONDS, TIMES, Durations, Pace, Second


def test_calls_are_counted_by_the_second_in_which_they_ended() -> None:
    pace = Pace()
    pace.add("url", 201, 100.2, 5)
    pace.add("url", 503, 100.9, 5)
    pace.add("upload", None, 102.0, 5)
    assert pace.seconds(103.5) == [Second(100, 1, 1), Second(102, 0, 1)]


def test_the_second_under_way_and_old_ones_are_left_out() -> None:
    pace = Pace()
    for at in range(300):
        pace.add("url", 201, at, 5)
    shown = pace.seconds(299.9)
    assert [one.at for one in shown] == list(range(180, 299))
    assert pace.seconds(299 + SECONDS) == [Second(299, 1, 0)]
    assert pace.seconds(300 + SECONDS) == []


def test_a_clock_that_is_set_back_goes_on_in_the_newest_second() -> None:
    pace = Pace()
    pace.add("url", 201, 100, 5)
    pace.add("url", 201, 50, 5)
    assert pace.seconds(101) == [Second(100, 2, 0)]


def test_durations_are_of_the_newest_calls_of_an_endpoint() -> None:
    pace = Pace()
    assert pace.durations("url") is None
    pace.add("url", 201, 0, 7)
    assert pace.durations("url") == Durations(7, 7, 7)
    for duration in range(1, TIMES + 1):
        pace.add("url", 201, 0, duration)
    pace.add("upload", 201, 0, 99_999)
    assert pace.durations("url") == Durations(501, 950, 1000)
    pace.clear()
    assert pace.durations("url") is None
    assert pace.seconds(1) == []
