"""SIGTERM and SIGINT: the first has a run end in order, a second has it end at once."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

# Ctrl-C reaches every process of a pipeline, and Meltano passes it on as SIGTERM: another signal
# so soon after the first is the same request, and not the one to end at once.
_ECHO_SECONDS = 5


class Signals:
    """What the signal handler notes, and the thread that acts on it waits for.

    ``clock`` gives seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._noted: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self.watched = False
        """Whether a thread waits for signals."""
        self.first: int | None = None
        """The signal that has asked this run to end."""

    def note(self, signum: int) -> None:
        """Note a signal; called by the handler. Raises SystemExit if nothing is in flight yet."""
        if not self.watched:
            raise SystemExit(128 + signum)
        self._noted.put(signum)

    def close(self) -> None:
        """Let go of the thread that waits: the run has ended."""
        self._noted.put(None)

    def wait(self) -> int | None:
        """Wait for the first signal; None if the run ends without one."""
        self.first = self._noted.get()
        return self.first

    def wait_for_second(self, seconds: float) -> int | None:
        """Wait for what ends the process at once; None if the run ends before.

        That is another signal, or the end of ``seconds``, for which the first one is given.
        """
        begun = self._clock()
        while (left := begun + seconds - self._clock()) > 0:
            try:
                signum = self._noted.get(timeout=left)
            except queue.Empty:
                break
            if signum in {self.first, None} or self._clock() >= begun + _ECHO_SECONDS:
                return signum
        return self.first
