"""Where the lines of a chart go. Pure.

A chart is drawn in a box of 1000 by 100 that the page stretches; lettering is the page's own, so
that it stays readable however narrow the page is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from target_linkedin_resumes.report.timeline import Moment, Totals, merged
from target_linkedin_resumes.report.words import duration

WIDTH = 1000
HEIGHT = 100
LANE_HEIGHT = 10
# Rows of the table that says the same as a chart.
ROWS = 24
# Shares of the highest value that the scale ends above it, and that the limit has to be within
# reach of to be drawn.
_ABOVE = 1.12
_IN_REACH = 4
# The share of a lane's height that the shortest wait gets.
_VISIBLE = 0.15


@dataclass(frozen=True, slots=True)
class Lane:
    """A kind of waiting: its name, seconds in all, and an SVG path.

    The path is as high as the share of the time that was waited, in a box of 1000 by 10.
    """

    name: str
    seconds: float
    area: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: at what time, counts since the row before, seconds waited."""

    until: str
    confirmed: int
    rejected: int
    retried: int
    waited: float
    last_minute: int


@dataclass(frozen=True, slots=True)
class RateChart:
    """Records confirmed in the last 60 seconds, over time.

    ``line`` and ``area`` are SVG paths. ``limit_y`` is where the limit runs from the top in
    percent, None where it is far above all that was reached; ``highest_y`` likewise of the
    highest value. ``ticks`` are texts from left to right.
    """

    line: str
    area: str
    highest: int
    highest_y: float
    limit: int
    limit_y: float | None
    ticks: Sequence[str]
    lanes: Sequence[Lane]
    rows: Sequence[Row]


_REASONS: Sequence[tuple[str, Callable[[Totals], float]]] = (
    ("LinkedIn asked to slow down", lambda totals: totals.throttle_seconds),
    ("at the limit of records a minute", lambda totals: totals.limit_seconds),
    ("daily quota spent", lambda totals: totals.quota_seconds),
)


def rate_chart(moments: Sequence[Moment], limit: int) -> RateChart | None:
    """Draw the moments of a run; None if there were too few of them."""
    end = moments[-1].seconds if moments else 0.0
    highest = max((moment.last_minute for moment in moments), default=0)
    if len(moments) < 3 or end <= 0:
        return None
    in_reach = highest * _IN_REACH >= limit
    top = max((max(highest, limit) if in_reach else highest) * _ABOVE, 1)

    def x(seconds: float) -> float:
        return round(seconds / end * WIDTH, 1)

    def y(value: float) -> float:
        return round(HEIGHT - value / top * HEIGHT, 1)

    points = " L".join(f"{x(m.seconds):g} {y(m.last_minute):g}" for m in moments)
    return RateChart(
        line=f"M{points}",
        area=f"M0 {HEIGHT} L{points} L{WIDTH} {HEIGHT} Z",
        highest=highest,
        highest_y=y(highest),
        limit=limit,
        limit_y=y(limit) if in_reach else None,
        ticks=["start", duration(end / 2), duration(end)],
        lanes=[lane for name, read in _REASONS if (lane := _lane(name, read, moments, x)).seconds],
        rows=_rows(moments),
    )


def _lane(
    name: str,
    read: Callable[[Totals], float],
    moments: Sequence[Moment],
    x: Callable[[float], float],
) -> Lane:
    steps = [f"M0 {LANE_HEIGHT}"]
    for before, after in pairwise(moments):
        waited = read(after.totals) - read(before.totals)
        share = min(waited / max(after.seconds - before.seconds, 1e-9), 1.0)
        if share:
            share = max(share, _VISIBLE)
        y = round(LANE_HEIGHT * (1 - share), 2)
        steps.append(f"L{x(before.seconds):g} {y:g} L{x(after.seconds):g} {y:g}")
    return Lane(name, read(moments[-1].totals), f"{' '.join(steps)} L{WIDTH} {LANE_HEIGHT} Z")


def _rows(moments: Sequence[Moment]) -> list[Row]:
    few = list(moments[1:])
    while len(few) > ROWS:
        few = merged(few)
    rows: list[Row] = []
    before = moments[0].totals
    for seconds, totals, last_minute in few:
        waited = sum(read(totals) - read(before) for _, read in _REASONS)
        rows.append(
            Row(
                until=duration(seconds),
                confirmed=totals.delivered + totals.deleted - before.delivered - before.deleted,
                rejected=totals.rejected - before.rejected,
                retried=totals.retried - before.retried,
                waited=waited,
                last_minute=last_minute,
            )
        )
        before = totals
    return rows
