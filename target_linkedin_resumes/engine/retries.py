"""When a change that failed is tried again, and when that has lasted too long. Pure."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import backoff

from target_linkedin_resumes.engine.types import Entry
from target_linkedin_resumes.errors import Retry, Stop

# Seconds. Full jitter draws from 0 to the exponential value, so 64 workers do not come back at
# once; a minute is as long as LinkedIn's own window.
FIRST_WAIT = 1
LONGEST_WAIT = 60


class Retries:
    """Exponential waits with full jitter, and a deadline for each change.

    ``retry_seconds`` is how long one change may be retried before the run stops; ``jitter`` maps
    the exponential wait to the one that is used; ``observe`` is told of each wait in seconds and
    why.
    """

    def __init__(
        self,
        retry_seconds: int,
        jitter: Callable[[float], float] = backoff.full_jitter,
        observe: Callable[[Retry, float], None] = lambda _failure, _seconds: None,
    ) -> None:
        self._retry_seconds = retry_seconds
        self._jitter = jitter
        self._observe = observe

    def waits(self) -> Generator[float, Any, None]:
        """A fresh sequence of exponential waits in seconds, before jitter."""
        sequence = backoff.expo(factor=FIRST_WAIT, max_value=LONGEST_WAIT)
        next(sequence)  # the library's generators start with an empty value
        return sequence

    def wait(self, waits: Generator[float, Any, None], failure: Retry) -> float:
        """Seconds until the next try: what the server asks for, or the jittered exponential.

        The jitter comes on top of a ``Retry-After``: all workers are told the same instant.
        """
        drawn = self._jitter(next(waits))
        wait = drawn if failure.retry_after is None else failure.retry_after + min(drawn, 1)
        self._observe(failure, wait)
        return wait

    def note(self, entry: Entry, failure: Retry, now: float) -> Stop | None:
        """Count a failed try. Gives what stops the run once the change failed for too long."""
        entry.attempts += 1
        if entry.failing_since is None:
            entry.failing_since = now
        lasted = now - entry.failing_since
        if lasted < self._retry_seconds:
            return None
        return Stop(
            f"{entry.key}: not delivered after {entry.attempts} tries in {lasted:.0f} s"
            f" (setting retry_seconds={self._retry_seconds}). Last reason: {failure.message}."
            " Run again later: it goes on from the last state."
        )
