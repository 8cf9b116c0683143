"""LinkedIn's limits: records a minute, requests a UTC day. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MINUTE = 60
_DAY = 86_400


class Limits:
    """Counts per client, as LinkedIn's limits are per application.

    A refused call does not count. ``clock`` gives epoch seconds.
    """

    def __init__(
        self,
        records_per_minute: int,
        requests_per_day: Mapping[str, int],
        clock: Callable[[], float],
    ) -> None:
        self._records_per_minute = records_per_minute
        self._requests_per_day = requests_per_day
        self._clock = clock
        self._day = -1
        self.clear()

    def clear(self) -> None:
        """Forget all counts."""
        self._windows: defaultdict[str, deque[tuple[float, int]]] = defaultdict(deque)
        self._in_window: defaultdict[str, int] = defaultdict(int)
        self._today: defaultdict[tuple[str, str], int] = defaultdict(int)

    def take(self, client: str, surface: str, records: int = 0) -> Literal["day", "minute"] | None:
        """Count a call with its records; the limit that refuses it, or None."""
        now = self._today_at()
        quota = self._requests_per_day.get(surface)
        if quota is not None and self._today[client, surface] >= quota:
            return "day"
        if records and self._used(client, now) + records > self._records_per_minute:
            return "minute"
        if records:
            self._windows[client].append((now, records))
            self._in_window[client] += records
        self._today[client, surface] += 1
        return None

    def _today_at(self) -> float:
        now = self._clock()
        if int(now // _DAY) != self._day:
            self._day = int(now // _DAY)
            self._today.clear()
        return now

    def _used(self, client: str, now: float) -> int:
        window = self._windows[client]
        while window and window[0][0] <= now - _MINUTE:
            self._in_window[client] -= window.popleft()[1]
        return self._in_window[client]

    def used(self) -> dict[str, dict[str, int]]:
        """Per client: records in the last minute, and requests today by surface."""
        now = self._today_at()
        shown: dict[str, dict[str, int]] = {}
        for (client, surface), count in self._today.items():
            shown.setdefault(client, {})[surface] = count
        for client in list(self._windows):
            shown.setdefault(client, {})["records_last_minute"] = self._used(client, now)
        return shown
