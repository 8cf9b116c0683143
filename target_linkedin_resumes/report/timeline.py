"""What a run had done at which moment, in bounded memory: moments merge as the run gets long. Pure.

A moment holds totals since the start, so that two merge by leaving the earlier one out.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

# A chart has room for no more.
MOST = 240
# Seconds between two moments in the beginning; they double each time the moments merge.
FINEST = 0.5
# LinkedIn's limit holds for any so many seconds.
WINDOW = 60


class Totals(NamedTuple):
    """Counts since the start of the run, and seconds waited by reason."""

    read: int = 0
    uploaded: int = 0
    delivered: int = 0
    deleted: int = 0
    rejected: int = 0
    retried: int = 0
    limit_seconds: float = 0.0
    throttle_seconds: float = 0.0
    quota_seconds: float = 0.0


class Moment(NamedTuple):
    """``seconds`` since the start, and what had been done by then.

    ``last_minute`` is the most records confirmed in any 60 seconds that ended since the moment
    before.
    """

    seconds: float
    totals: Totals
    last_minute: int


class Timeline:
    """The moments of one run. For one thread."""

    def __init__(self) -> None:
        self._moments: list[Moment] = []
        self._every = FINEST
        self._recent: deque[tuple[float, int]] = deque([(0.0, 0)])
        self._highest = 0
        self.last_minute = 0
        """How many records were confirmed in the last 60 seconds."""

    def note(self, seconds: float, totals: Totals, *, at_the_end: bool = False) -> None:
        """Note what has been done by now; the more often, the finer, and at the end."""
        confirmed = totals.delivered + totals.deleted
        recent = self._recent
        if seconds - recent[-1][0] >= FINEST:
            recent.append((seconds, confirmed))
        # Rather a little less than 60 seconds than more: more would show a limit as broken.
        while len(recent) > 1 and recent[0][0] < seconds - WINDOW:
            recent.popleft()
        self.last_minute = confirmed - recent[0][1]
        self._highest = max(self._highest, self.last_minute)
        last = self._moments[-1].seconds if self._moments else 0.0
        if at_the_end or seconds - last >= self._every:
            self._moments.append(Moment(seconds, totals, self._highest))
            self._highest = 0
            if len(self._moments) > MOST:
                self._merge()

    @property
    def moments(self) -> list[Moment]:
        """The moments, oldest first; the first is the start of the run."""
        return [Moment(0.0, Totals(), 0), *self._moments]

    def _merge(self) -> None:
        self._moments = merged(self._moments)
        self._every = self._moments[-1].seconds / len(self._moments)


def merged(moments: list[Moment]) -> list[Moment]:
    """Half as many moments; the last one stays."""
    odd = moments[:1] if len(moments) % 2 else []
    pairs = zip(moments[len(odd) :: 2], moments[len(odd) + 1 :: 2], strict=True)
    return odd + [
        later._replace(last_minute=max(earlier.last_minute, later.last_minute))
        for earlier, later in pairs
    ]
