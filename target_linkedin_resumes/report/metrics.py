"""Measures a run while it goes on: calls, how long they take, and time spent waiting."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

from target_linkedin_resumes.engine.interfaces import RateLimiter
from target_linkedin_resumes.errors import Retry
from target_linkedin_resumes.report.histogram import Histogram
from target_linkedin_resumes.report.model import Endpoint, Waits


class Meter:
    """Counts calls to LinkedIn and times them; hand in as the client's observer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, tuple[Counter[str], Histogram]] = {}
        self._stopped = False

    def stop(self) -> None:
        """Count no more: what is cut off when a run ends says nothing about LinkedIn."""
        self._stopped = True

    def __call__(self, call: str, outcome: str, seconds: float, size: int) -> None:
        """Note one call; ``outcome`` is its status or the kind of fault."""
        del size
        if self._stopped:
            return
        with self._lock:
            found = self._calls.get(call)
            if found is None:
                found = self._calls[call] = Counter(), Histogram()
            found[0][outcome] += 1
            found[1].add(seconds)

    @property
    def calls(self) -> dict[str, dict[str, int]]:
        """``{endpoint: {outcome: calls}}``."""
        with self._lock:
            return {call: dict(outcomes) for call, (outcomes, _) in sorted(self._calls.items())}

    @property
    def endpoints(self) -> dict[str, Endpoint]:
        """The same with how long the calls took."""
        with self._lock:
            return {
                call: Endpoint(
                    dict(outcomes), took.percentile(50), took.percentile(95), took.longest
                )
                for call, (outcomes, took) in sorted(self._calls.items())
            }


class Waiting:
    """How long a run waits, and for what. Waits that overlap count once.

    ``clock`` gives seconds that never go back. May be used by many threads at once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._spans = {"limit": _Span(), "throttle": _Span(), "quota": _Span()}

    def for_limit(self, seconds: float) -> None:
        """A batch waits for the limit of records a minute."""
        self._note("limit", seconds)

    def for_retry(self, failure: Retry, seconds: float) -> None:
        """Something is tried again after ``seconds``; counts where LinkedIn asked for it."""
        asked = failure.retry_after is not None or failure.cause.endswith(" 429")
        if asked and not failure.at_source:
            self._note("throttle", seconds)

    def for_quota(self, seconds: float) -> None:
        """A call waits for the next day."""
        self._note("quota", seconds)

    @property
    def so_far(self) -> Waits:
        """Seconds waited until now."""
        now = self.clock()
        with self._lock:
            return Waits(**{name: span.lasted(now) for name, span in self._spans.items()})

    @property
    def now(self) -> tuple[str, float] | None:
        """What is waited for (a name of :class:`Waits`), and the seconds left."""
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


class MeteredPace:
    """A limit that says when it holds something back."""

    def __init__(self, pace: RateLimiter, waiting: Waiting) -> None:
        self._pace = pace
        self._waiting = waiting
        self.sent = pace.sent
        self.answered = pace.answered

    def wait_for(self, records: int) -> float:
        """As the limit's own."""
        wait = self._pace.wait_for(records)
        if wait:
            self._waiting.for_limit(wait)
        return wait
