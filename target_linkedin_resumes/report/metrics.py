"""Measurements of a run while it goes on: calls, how long they take, and time spent waiting."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable

from target_linkedin_resumes.errors import Retry
from target_linkedin_resumes.report.model import Endpoint, Waits

# The first bucket ends at one millisecond and each is 7 % wider than the one before it, so a
# percentile is right within 4 %. The last one begins beyond an hour.
_FIRST = 0.001
_GROWTH = math.log(1.07)
_BUCKETS = 230


class Histogram:
    """Durations in seconds, in buckets of fixed number: memory does not grow with the run.

    Not for several threads at once without a lock.
    """

    __slots__ = ("_counts", "count", "longest", "shortest")

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.count = 0
        self.shortest = math.inf
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        bucket = 0
        if seconds > _FIRST:
            bucket = min(int(math.log(seconds / _FIRST) / _GROWTH) + 1, _BUCKETS - 1)
        self._counts[bucket] += 1
        self.count += 1
        self.shortest = min(self.shortest, seconds)
        self.longest = max(self.longest, seconds)

    def percentile(self, percent: int) -> float:
        """Return the seconds that ``percent`` of 100 durations do not exceed; 0 without any."""
        wanted = math.ceil(self.count * percent / 100)
        # Of few durations a bucket's middle would not agree with those that are known.
        if wanted == self.count:
            return self.longest
        if wanted <= 1:
            return self.shortest
        seen = 0
        for bucket, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                middle = _FIRST * math.exp((bucket - 0.5) * _GROWTH)
                return min(max(middle, self.shortest), self.longest)
        return 0.0


class Metrics:
    """Count the calls to LinkedIn and time them. LinkedIn's client calls it after each call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: defaultdict[str, tuple[Counter[str], Histogram]] = defaultdict(
            lambda: (Counter(), Histogram())
        )
        self._stopped = False

    def stop(self) -> None:
        """Count no more: a call cut off at the end of the run says nothing about LinkedIn."""
        self._stopped = True

    def __call__(self, call: str, outcome: str, seconds: float, size: int) -> None:
        """Note one call; ``outcome`` is its status, or how its connection failed."""
        del size
        if self._stopped:
            return
        with self._lock:
            outcomes, took = self._calls[call]
            outcomes[outcome] += 1
            took.add(seconds)

    @property
    def endpoints(self) -> dict[str, Endpoint]:
        """Return what the calls to each endpoint came to, and how long they took."""
        with self._lock:
            return {
                call: Endpoint(
                    dict(outcomes), took.percentile(50), took.percentile(95), took.longest
                )
                for call, (outcomes, took) in sorted(self._calls.items())
            }


class WaitTimes:
    """Time how long a run waits, and for what. Waits that overlap count once.

    ``clock`` gives seconds that never go back. For any number of threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._spans = {"limit": _Span(), "throttle": _Span(), "quota": _Span()}

    def for_limit(self, seconds: float) -> None:
        """Note that a batch waits for the limit of records a minute."""
        self._note("limit", seconds)

    def for_retry(self, failure: Retry, seconds: float) -> None:
        """Note a retry after ``seconds``. Only a wait that LinkedIn asked for counts."""
        asked = failure.retry_after is not None or failure.cause.endswith(" 429")
        if asked and not failure.at_source:
            self._note("throttle", seconds)

    def for_quota(self, seconds: float) -> None:
        """Note that a call waits for the next day's quota."""
        self._note("quota", seconds)

    @property
    def so_far(self) -> Waits:
        """Return the seconds waited until now."""
        now = self.clock()
        with self._lock:
            return Waits(**{name: span.lasted(now) for name, span in self._spans.items()})

    @property
    def now(self) -> tuple[str, float] | None:
        """Return the name in :class:`Waits` of what is waited for, and the seconds left."""
        now = self.clock()
        with self._lock:
            left = {name: span.until - now for name, span in self._spans.items()}
        for name in ("quota", "throttle", "limit"):
            if left[name] > 0:
                return name, left[name]
        return None

    def _note(self, name: str, seconds: float) -> None:
        now = self.clock()
        with self._lock:
            self._spans[name].note(now, now + seconds)


class _Span:
    """The union of waits that begin one after another."""

    def __init__(self) -> None:
        self.total = 0.0
        self.until = 0.0

    def note(self, begins: float, ends: float) -> None:
        if ends > self.until:
            self.total += ends - max(begins, self.until)
            self.until = ends

    def lasted(self, now: float) -> float:
        return max(self.total - max(self.until - now, 0.0), 0.0)
