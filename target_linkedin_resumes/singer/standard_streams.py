"""The standard streams: which of them are usable, and states on standard output, each whole.

A state is not begun before its pipe has room for all of it. So whatever ends the run meanwhile
leaves no half of one, also where nobody reads.
"""

from __future__ import annotations

import fcntl
import io
import mmap
import os
import select
import stat
import sys
import termios
import threading
import time
from collections.abc import Callable
from math import inf

from target_linkedin_resumes.errors import Misconfigured, Stop

# A pipe that is not full takes so many bytes without waiting.
_CHUNK = select.PIPE_BUF
# Milliseconds between two looks at a full pipe, and at the time that is left.
_LOOK_MS = 50


class Unread(Stop):
    """Nobody has read standard output in the time that was left."""


def open_missing() -> None:
    """Have the null device take the place of what is closed, or open the wrong way.

    Otherwise the next file that is opened, a ledger perhaps, gets the number of standard error, and
    what is written there. Standard input is looked at once it is read: ``sys.stdin`` is None then.
    Raises :class:`Misconfigured` where standard output is missing.
    """
    usable = [_usable(number, unwanted) for number, unwanted in enumerate(_UNWANTED)]
    for number, well in enumerate(usable):
        if not well:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
    if not usable[0]:
        sys.stdin = None
    if not usable[2]:
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False))
    if not usable[1]:
        raise Misconfigured(
            "standard output is closed or cannot be written; this command prints there: redirect"
            " it to a pipe, a file or /dev/null"
        )


_UNWANTED = (os.O_WRONLY, os.O_RDONLY, os.O_RDONLY)


def _usable(descriptor: int, unwanted: int) -> bool:
    try:
        return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != unwanted
    except OSError:
        return False


class StateOutput:
    """Standard output as the place for states. ``clock`` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._deadline = inf
        self._writing = threading.Lock()

    def end_within(self, seconds: float) -> None:
        """Give up waiting for a reader after so many seconds. From any thread."""
        self._deadline = self._clock() + seconds

    def settle(self, seconds: float) -> None:
        """Wait so long for a line that is being written, and have none written after it."""
        self._writing.acquire(timeout=seconds)

    def write(self, line: str) -> None:
        """Write a line. Raises :class:`Stop`, and :class:`Unread` where no time is left."""
        try:
            descriptor = sys.stdout.fileno()
        except (OSError, ValueError):  # in memory, for who calls this from Python
            sys.stdout.write(line)
            sys.stdout.flush()
            return
        try:
            self._write(descriptor, line.encode())
        except OSError:
            raise Stop(
                "the state could not be written: nothing reads this target's standard output"
            ) from None

    def _write(self, descriptor: int, data: bytes) -> None:
        while not _has_room(descriptor, len(data)):
            self._wait(descriptor, 0)
        with self._writing:
            rest = memoryview(data)
            while rest:
                if self._wait(descriptor, select.POLLOUT):
                    rest = rest[os.write(descriptor, rest[:_CHUNK]) :]

    def _wait(self, descriptor: int, events: int) -> bool:
        """Wait a moment for an event; tell whether it has come."""
        if self._clock() >= self._deadline:
            raise Unread(
                "the last state could not be written: nothing has read this target's standard"
                " output"
            )
        poll = select.poll()
        poll.register(descriptor, events)
        seen = sum(event for _, event in poll.poll(_LOOK_MS))
        if seen & select.POLLERR:  # of a pipe: it has no reader any more
            raise BrokenPipeError
        return bool(seen)


def _has_room(descriptor: int, size: int) -> bool:
    """Whether a line can be written as a whole without a reader, as far as the kernel tells."""
    if sys.platform != "linux" or not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return True
    held = int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)
    # Writes that are not merged may leave pages half empty, and the reader the first one.
    taken = 2 * _pages(held) + 2 if held else 0
    wanted = (taken + _pages(size)) * mmap.PAGESIZE
    if wanted <= fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ):
        return True
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, wanted)
    except OSError:  # no pipe of this user may be so large: an empty one has to do
        return not held
    return True


def _pages(size: int) -> int:
    return -(-size // mmap.PAGESIZE)
