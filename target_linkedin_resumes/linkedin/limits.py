"""LinkedIn's limits: records a minute, requests a day, and as many uploads at once as help.

Pure; clocks are handed in. No limiter library: they (pyrate-limiter, limits, aiolimiter) note a
unit when it is taken and free it a fixed time later. LinkedIn counts a record somewhere between
the moment a call leaves and the moment its answer is here, so two calls that left 60 seconds apart
may fall into one of its minutes. What is needed is a unit that is held from sending until 60
seconds after the answer, which none of them can express; pyrate-limiter also stores an entry for
each unit (10,000 here) where one for each call will do. GCRA and token buckets let twice the limit
through within some window.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from target_linkedin_resumes.errors import QuotaSpent

WINDOW_SECONDS = 60


class RecordsPerMinute:
    """Never more than ``limit`` records in any 60 seconds, whatever window LinkedIn uses.

    A call's records count from when it is sent until 60 seconds after it has come to its end.
    For one thread: batch calls go out one after another.
    """

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        if limit < 1:
            raise ValueError(f"records_per_minute: expected 1 or more, not {limit}")
        self._limit = limit
        self._clock = clock
        self._tickets = itertools.count()
        # Records of the calls under way, by ticket, and of those that ended within the window,
        # with when they no longer count; the earliest first.
        self._under_way: dict[int, int] = {}
        self._ended: deque[tuple[float, int]] = deque()
        self._counted = 0

    def wait_for(self, records: int) -> float:
        """Return the seconds until a call of so many records may go out; 0 is now.

        A lower bound where calls under way leave no room: it takes an answer, not time alone.
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
        for until, count in self._ended:
            room += count
            if room >= records:
                return until - now
        return float(WINDOW_SECONDS)

    def sent(self, records: int) -> int:
        """Note that a call of so many records goes out; gives a ticket."""
        ticket = next(self._tickets)
        self._under_way[ticket] = records
        self._counted += records
        return ticket

    def answered(self, ticket: int) -> None:
        """Note that the call with this ticket has come to its end, whatever that was."""
        self._ended.append((self._clock() + WINDOW_SECONDS, self._under_way.pop(ticket)))


class RequestsPerDay:
    """Requests counted by resource and UTC calendar day, and refused beyond a resource's limit.

    ``limits`` maps a resource to its limit; one without is only counted. LinkedIn publishes a
    limit for ``tcrmCandidateResumes`` alone. May be used by many threads at once.
    """

    def __init__(self, limits: Mapping[str, int], now: Callable[[], datetime]) -> None:
        self._limits = dict(limits)
        self._now = now
        self._lock = threading.Lock()
        self._day = date.min
        self._used: dict[str, int] = {}

    def take(self, resource: str) -> None:
        """Count one request. Raises :class:`QuotaSpent` instead when the day's are used up."""
        with self._lock:
            self._turn_day()
            used = self._used.get(resource, 0)
            limit = self._limits.get(resource)
            if limit is not None and used >= limit:
                raise QuotaSpent(
                    f"today's {limit} requests to {resource} are used up (setting"
                    " requests_per_day); the quota is renewed at 00:00 UTC, run again then"
                )
            self._used[resource] = used + 1

    def save(self) -> dict[str, Any]:
        """Return today's counts: ``{"day": "2026-01-31", "used": {resource: requests}}``."""
        with self._lock:
            self._turn_day()
            return {"day": str(self._day), "used": dict(self._used)}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from counts that were saved earlier today; those of another day are forgotten."""
        with self._lock:
            self._turn_day()
            used = saved.get("used")
            if saved.get("day") != str(self._day) or not isinstance(used, Mapping):
                return
            for resource, count in used.items():
                if isinstance(count, int) and count > 0:
                    self._used[resource] = self._used.get(resource, 0) + count

    def _turn_day(self) -> None:
        day = self._now().astimezone(UTC).date()
        if day != self._day:
            self._day, self._used = day, {}


def seconds_until_renewal(now: datetime) -> int:
    """Return the whole seconds, at least 1, from ``now`` until the next 00:00 UTC."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return math.ceil((today + timedelta(days=1) - now).total_seconds())


# More uploads at once no longer help when each takes so many times longer than it did lately.
_SLOWED_DOWN = 2
# How fast "lately" is forgotten, per round: files differ in size, and a round of small ones must
# not be the measure for ever.
_FORGET = 1.05


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
        if ceiling < 1:
            raise ValueError(f"upload_concurrency: expected 1 or more, not {ceiling}")
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
