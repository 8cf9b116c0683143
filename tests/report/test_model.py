"""The timeline stays small however long a run is, and shows no more than there was."""

from __future__ import annotations

from itertools import pairwise

import pytest

from target_linkedin_resumes.report.model import MOST_MOMENTS, WINDOW, Timeline, Totals
from tests.report.samples import timeline


@pytest.mark.parametrize("every", [0.5, 7.0])
@pytest.mark.parametrize("seconds", [30, 1_000, 20_000, 50_000])
def test_moments_are_few_and_evenly_spread(seconds: int, every: float) -> None:
    moments = timeline(seconds, lambda t: Totals(delivered=int(t)), every=every).moments
    assert len(moments) <= MOST_MOMENTS + 2
    gaps = [b.seconds - a.seconds for a, b in pairwise(moments[1:])]
    assert max(gaps) <= max(4 * every, 4 * seconds / MOST_MOMENTS)
    assert moments[0].totals == Totals()
    assert moments[-1].seconds == seconds
    assert moments[-1].totals.delivered == seconds


def test_totals_are_those_of_the_moment() -> None:
    moments = timeline(5_000, lambda t: Totals(read=int(t) * 3, deleted=int(t))).moments
    assert all(m.totals.deleted == int(m.seconds) for m in moments)
    assert all(m.totals.read == int(m.seconds) * 3 for m in moments)


def test_the_last_minute_is_never_more_than_any_sixty_seconds_held() -> None:
    """A steady 100 a second: no 60 seconds hold more than 6,000, whenever it is looked at."""
    made = Timeline()
    for step in range(1, 4_000):
        seconds = step * 0.73
        made.note(seconds, Totals(delivered=int(seconds * 50), deleted=int(seconds * 50)))
        assert made.last_minute <= 100 * WINDOW
    assert made.last_minute >= 5_800
    assert 5_800 <= max(m.last_minute for m in made.moments) <= 6_000


def test_a_peak_survives_that_moments_merge() -> None:
    """One burst of 500 in an hour is still seen as 500."""
    moments = timeline(3_600, lambda t: Totals(delivered=500 if t > 60 else 0)).moments
    assert max(m.last_minute for m in moments) == 500
    assert moments[-1].last_minute == 0


def test_the_end_is_noted_however_soon_it_comes() -> None:
    made = Timeline()
    made.note(0.1, Totals(read=3), at_the_end=True)
    assert [m.totals.read for m in made.moments] == [0, 3]
