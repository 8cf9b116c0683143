"""LinkedIn's limit of requests a day. Pure; the time is handed in."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from target_linkedin_resumes.errors import QuotaSpent


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
