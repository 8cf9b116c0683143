"""How much is sent at a time: records a minute, and as many uploads at once as help.

Pure; clocks are handed in. No limiter library: they (pyrate-limiter, limits, aiolimiter) note a
unit when it is taken and free it a fixed time later. LinkedIn counts a record somewhere between
the moment a call leaves and the moment its answer is here, so two calls that left 60 seconds apart
may fall into one of its minutes. What is needed is a unit that is held from sending until 60
seconds after the answer, which none of them can express; pyrate-limiter also stores an entry for
each unit (10,000 here) where one for each call will do. GCRA and token buckets let twice the limit
through within some window.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 60
# More uploads at once no longer help when each takes so many times longer than it did lately.
_SLOWED_DOWN = 2
# How fast "lately" is forgotten, per round: files differ in size, and a round of small ones must
# not be the measure for ever.
_FORGET = 1.05


class RecordsPerMinute:
    """Never more than ``limit`` records in any 60 seconds, whatever window LinkedIn uses.

    A call's records count from when it is sent until 60 seconds after it has come to its end. For
    one thread: batch calls go out one after another. ``observe`` is told of each wait in seconds.
    """

    def __init__(
        self,
        limit: int,
        clock: Callable[[], float],
        observe: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._observe = observe
        self._under_way = 0  # records of the call that is
        # Those of calls that ended within the window, with when they no longer count; the earliest
        # first.
        self._ended: deque[tuple[float, int]] = deque()
        self._counted = 0

    def wait_for(self, records: int) -> float:
        """Return the seconds until a call of so many records may go out; 0 is now.

        A lower bound where a call under way leaves no room: it takes an answer, not time alone.
        """
        if not 1 <= records <= self._limit:
            raise ValueError(
                f"a call of {records} records never fits the limit of {self._limit} a minute"
            )
        now = self._clock()
        while self._ended and self._ended[0][0] <= now:
            self._counted -= self._ended.popleft()[1]
        room = self._limit - self._counted
        if room >= records:
            return 0.0
        wait = float(WINDOW_SECONDS)
        for until, count in self._ended:
            room += count
            if room >= records:
                wait = until - now
                break
        self._observe(wait)
        return wait

    def sent(self, records: int) -> None:
        """Note that a call of so many records goes out."""
        self._under_way = records
        self._counted += records

    def answered(self) -> None:
        """Note that the call under way has come to its end, whatever that was."""
        self._ended.append((self._clock() + WINDOW_SECONDS, self._under_way))


class Concurrency:
    """How many uploads may be under way: additive increase, multiplicative decrease (AIMD).

    A round is as many successes as are allowed at once; after each, one more is allowed; in the
    beginning, and again up to half of where it last went wrong, twice as many. Nothing is added
    after a round in which uploads took twice as long as in the quickest one lately.

    A failure halves. The others that were under way at that moment belong to the same burst and do
    not halve again; if all of them fail, one probing call at a time is left until one succeeds.
    Not for many threads at once without a lock.
    """

    def __init__(self, ceiling: int, *, start: int = 8) -> None:
        self._ceiling = ceiling
        self._doubling_below = ceiling
        self._quickest = math.inf
        self._successes = 0
        self._seconds = 0.0
        self._burst = 0
        self._works = True
        self.allowed = min(start, ceiling)

    def succeeded(self, seconds: float) -> None:
        """An upload came to its end after so many seconds."""
        self._works = True
        if self._burst:
            self._burst -= 1
            return
        self._successes += 1
        self._seconds += seconds
        if self._successes >= self.allowed:
            self._end_round(self._seconds / self._successes)

    def failed(self) -> None:
        """An upload was throttled, timed out, or failed otherwise as pressure makes it fail."""
        if self._burst:
            self._burst -= 1
            return
        self._burst = self.allowed - 1
        if self._works:
            self._doubling_below = self.allowed = max(1, self.allowed // 2)
        else:
            self.allowed = 1
        self._works = False
        self._successes, self._seconds = 0, 0.0

    def _end_round(self, mean: float) -> None:
        self._successes, self._seconds = 0, 0.0
        self._quickest = min(mean, self._quickest * _FORGET)
        if mean <= _SLOWED_DOWN * self._quickest:
            doubled = min(self.allowed * 2, self._doubling_below)
            self.allowed = min(max(self.allowed + 1, doubled), self._ceiling)
        else:
            self._doubling_below = self.allowed
