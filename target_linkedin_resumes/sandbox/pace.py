"""How busy a sandbox is: calls second by second, and how long the newest ones took."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import NamedTuple

SECONDS = 120
"""How many seconds back calls are counted."""
TIMES = 1000
"""Of how many calls of an endpoint the newest durations are kept."""


class Second(NamedTuple):
    """The calls that ended in one second since the epoch."""

    at: int
    good: int
    failed: int


class Durations(NamedTuple):
    """Of an endpoint's newest calls, in milliseconds."""

    median: int
    most: int
    """Within which 95 of 100 ended."""
    longest: int


def failed(status: int | None) -> bool:
    """Whether a call with this status failed; without one no answer was sent whole."""
    return status is None or status >= 400


class Pace:
    """Kept as calls end, in constant time and space, so that looking at it is cheap."""

    def __init__(self) -> None:
        self._seconds: deque[Second] = deque(maxlen=SECONDS)
        self._durations: defaultdict[str, deque[int]] = defaultdict(lambda: deque(maxlen=TIMES))

    def add(self, endpoint: str, status: int | None, ended: float, duration_ms: int) -> None:
        """Count a call that ended at ``ended``, in seconds since the epoch."""
        good, bad = (0, 1) if failed(status) else (1, 0)
        # A clock that is set back goes on in the newest second.
        if self._seconds and int(ended) <= self._seconds[-1].at:
            last = self._seconds[-1]
            self._seconds[-1] = Second(last.at, last.good + good, last.failed + bad)
        else:
            self._seconds.append(Second(int(ended), good, bad))
        self._durations[endpoint].append(duration_ms)

    def seconds(self, now: float) -> list[Second]:
        """The last 120 whole seconds in which calls ended, oldest first."""
        return [one for one in self._seconds if int(now) - SECONDS <= one.at < int(now)]

    def durations(self, endpoint: str) -> Durations | None:
        """How long the newest calls took; None if there were none."""
        times = sorted(self._durations.get(endpoint, ()))
        if not times:
            return None
        return Durations(times[len(times) // 2], times[(len(times) * 95 - 1) // 100], times[-1])

    def clear(self) -> None:
        """Forget all."""
        self._seconds.clear()
        self._durations.clear()
