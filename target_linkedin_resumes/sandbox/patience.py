"""Whether a client leaves an endpoint alone that fails, as LinkedIn wants it to."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from .config import surface_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from .breaches import Breaches

_WINDOW = 16
_MOST = 20
# Seconds. What was under way, or was waiting for a thread, when an endpoint began to fail is fair.
_GRACE = 5
# Clocks differ a little.
_SLACK = 0.2


@dataclass(slots=True)
class _Trouble:
    """What a client has been told by an endpoint since it began to fail; in epoch seconds."""

    since: float | None = None
    calls: deque[float] = field(default_factory=deque)
    noted: bool = False
    told_at: float = 0
    due: float = 0
    # When calls may come again over a connection that was told so.
    told: WeakKeyDictionary[asyncio.Transport, float] = field(default_factory=WeakKeyDictionary)


class Patience:
    """Watches calls by surface and client. ``clock`` gives epoch seconds."""

    def __init__(self, breaches: Breaches, clock: Callable[[], float]) -> None:
        self._breaches = breaches
        self._clock = clock
        self._troubles: dict[tuple[str, str], _Trouble] = {}

    def clear(self) -> None:
        """Forget all."""
        self._troubles.clear()

    def arrived(self, endpoint: str, client: str | None, connection: asyncio.Transport) -> None:
        """A call arrives: note whether it is one too early.

        Over a connection that was told to wait it is; over others once they must have heard of it,
        where it is known that they are of the same client.
        """
        trouble = self._troubles.get((surface_of(endpoint), client or ""))
        if trouble is None:
            return
        now = self._clock()
        due = trouble.told.get(connection, 0)
        if client and now > trouble.told_at + _GRACE:
            due = max(due, trouble.due)
        if (left := due - now) > _SLACK:
            self._breaches.add(endpoint, "retry_after_ignored", f"{left:.1f} s too early")

    def ended(
        self,
        endpoint: str,
        client: str | None,
        connection: asyncio.Transport,
        *,
        failed: bool,
        retry_after: str | None,
    ) -> None:
        """A call ends: note whether there were too many that failed, and for how long to wait."""
        key, now = (surface_of(endpoint), client or ""), self._clock()
        trouble = self._troubles.get(key)
        if not failed:
            if trouble is not None:
                trouble.since, trouble.noted = None, False
                trouble.calls.clear()
            return
        if trouble is None:
            trouble = self._troubles[key] = _Trouble()
        seconds = _seconds(retry_after, now)
        if seconds is not None:
            trouble.told_at, trouble.due = now, now + seconds
            trouble.told[connection] = trouble.due
        if trouble.since is None:
            trouble.since = now
        if now <= trouble.since + _GRACE:
            return
        trouble.calls.append(now)
        while trouble.calls[0] <= now - _WINDOW:
            trouble.calls.popleft()
        if len(trouble.calls) > _MOST and not trouble.noted:
            trouble.noted = True
            self._breaches.add(
                endpoint, "hammering", f"{len(trouble.calls)} failed calls in {_WINDOW} s"
            )


def _seconds(retry_after: str | None, now: float) -> float | None:
    """The seconds of a ``Retry-After``; None if it is none."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdecimal() and len(retry_after) <= 9:
        return int(retry_after)
    try:
        date = parsedate_to_datetime(retry_after)
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        return (aware - datetime.fromtimestamp(now, UTC)).total_seconds()
    except (ValueError, OverflowError):
        return None
