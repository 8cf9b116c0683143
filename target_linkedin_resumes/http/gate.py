"""The gate before an endpoint: while the endpoint is out, nobody calls it. Pure.

Waits that grow for each record do not spare an endpoint that thousands of records wait for: one of
them is always due. A gate is shared by all threads that call one endpoint, and lets them through
like this::

    gate = Gate(longest_asked=retry_seconds)

    try:
        with gate.call() as call:
            response = send(request)
            if response.status == 429:
                call.failed(retry_after)
            elif response.status >= 500:
                call.failed(retry_after, doubtful=True)
            else:
                call.succeeded()
    except Shut as shut:
        ...  # not called: ask again in shut.seconds

What is neither, as an exception of the caller's own, says nothing about the endpoint.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from math import inf
from typing import Self

import backoff

# Seconds. Full jitter draws from 0 to the exponential value.
FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
# While others try an endpoint that was out: as long again as they have been at it, within these.
_ASK_AGAIN = (1.0, 5.0)
# What has failed already lets others go first: they may show that the endpoint is not to blame.
_OTHERS_FIRST = 5.0
_MOST_FAILED = 1000
# So many calls under way at a time after an outage, and there is no limit any more.
_ENOUGH = 64


class Shut(Exception):
    """The endpoint is not to be called now; ask again in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not to be called for {seconds:.1f} s")
        self.seconds = seconds


class Gate:
    """Closes at a failure that is the endpoint's, and opens by degrees. May be used by threads.

    It stays closed for as long as the server asks, ``longest_asked`` seconds at most, or for an
    exponential wait. Then one call goes through; each success lets one more be under way. ``clock``
    gives seconds that never go back; ``jitter`` maps the exponential wait to the one that is used.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        jitter: Callable[[float], float] = backoff.full_jitter,
        longest_asked: float = inf,
    ) -> None:
        self._clock = clock
        self._jitter = jitter
        self._longest_asked = longest_asked
        self._lock = threading.Lock()
        self._opens_at = -inf
        self._closed = 0  # how often; what was begun before is of another time
        self._in_a_row = 0  # closings with no success between them
        self._room: float = inf
        self._under_way = 0  # since it was last closed
        self._succeeded_last = False
        self._failed: set[Hashable] = set()  # subjects, since the last success

    def call(self, subject: Hashable = None) -> Call:
        """Pass, to make one call within a `with` statement. Raises :class:`Shut`.

        ``subject`` is what the call is about, where it may be that which fails.
        """
        with self._lock:
            now = self._clock()
            opens_at = self._opens_at
            if self._room < _ENOUGH and subject in self._failed:
                opens_at += _OTHERS_FIRST
            if now < opens_at:
                raise Shut(opens_at - now)
            if self._under_way >= self._room:
                shortest, longest = _ASK_AGAIN
                raise Shut(max(shortest, min(now - self._opens_at, longest)))
            self._under_way += 1
            return Call(self, self._closed, subject)

    def ended(self, call: Call) -> None:
        """Note what came of a call; :class:`Call` does so at the end of its `with` statement."""
        with self._lock:
            if call.success is False and call.subject and len(self._failed) < _MOST_FAILED:
                self._failed.add(call.subject)
            if call.closed_before != self._closed:  # begun before the outage was known
                if call.retry_after is not None:
                    self._close_for(self._asked(call.retry_after))
                return
            self._under_way -= 1
            if call.success:
                self._succeeded_last = True
                self._failed.clear()
                self._in_a_row = 0
                self._room = self._room + 1 if self._room < _ENOUGH else inf
            elif call.success is False:
                # One failure among successes may be that of one call alone.
                if call.doubtful and call.retry_after is None and self._succeeded_last:
                    self._succeeded_last = False
                else:
                    self._close(call.retry_after)

    def _close(self, retry_after: float | None) -> None:
        wait = min(FIRST_WAIT * 2.0 ** min(self._in_a_row, 30), LONGEST_WAIT)
        drawn = self._jitter(wait)
        self._close_for(drawn if retry_after is None else self._asked(retry_after))
        self._closed += 1
        self._in_a_row += 1
        self._room, self._under_way, self._succeeded_last = 1, 0, False

    def _close_for(self, seconds: float) -> None:
        self._opens_at = max(self._opens_at, self._clock() + seconds)

    def _asked(self, seconds: float) -> float:
        return min(seconds, self._longest_asked)


class Call:
    """One call that the gate let through; say within its `with` statement what came of it."""

    def __init__(self, gate: Gate, closed_before: int, subject: Hashable) -> None:
        self._gate = gate
        self.closed_before = closed_before
        self.subject = subject
        self.success: bool | None = None
        self.retry_after: float | None = None
        self.doubtful = False

    def succeeded(self) -> None:
        """The endpoint works: it answered, whatever it thinks of this one request."""
        self.success = True

    def failed(self, retry_after: float | None = None, *, doubtful: bool = False) -> None:
        """The endpoint failed; ``retry_after`` is in seconds and comes from the server.

        ``doubtful`` says that it may be so for this one call alone, as with a status of 500 or a
        connection that breaks off.
        """
        self.success, self.retry_after, self.doubtful = False, retry_after, doubtful

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._gate.ended(self)
