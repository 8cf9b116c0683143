"""The standard streams: which of them are usable, and whole states on standard output.

A state is written only once its pipe or socket has room for all of it. So a run that ends meanwhile
leaves no half of a state, even if nobody reads. Only a state larger than any pipe or socket buffer,
which is some hundred kilobytes at least, can be cut off by a reader that stops in the middle; the
end of the log says so then. On a full disk, the part that was written is truncated again.
"""

from __future__ import annotations

import fcntl
import io
import mmap
import os
import select
import socket
import stat
import sys
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf

from target_linkedin_resumes.errors import Misconfigured, Stop

# Bytes that a pipe which is not full takes without waiting.
_CHUNK = select.PIPE_BUF
# Milliseconds between two checks of a full pipe, and of the time that is left.
_LOOK_MS = 50


class Unread(Stop):
    """Nobody read standard output in the time that was left."""


def open_missing() -> None:
    """Replace standard streams that are closed, or open the wrong way, by the null device.

    Otherwise the next file that is opened, a ledger perhaps, would get the number of standard
    error, and its output. Missing standard input becomes ``sys.stdin = None``, and is an error once
    it is read.
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
    """Writes states to standard output. ``clock`` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._deadline = inf
        self._writing = threading.Lock()

    def end_within(self, seconds: float) -> None:
        """Give up waiting for a reader after ``seconds``. From any thread."""
        self._deadline = self._clock() + seconds

    def settle(self, seconds: float) -> None:
        """Wait up to ``seconds`` for a line that is being written, and allow none after it."""
        self._writing.acquire(timeout=seconds)

    def write(self, line: str) -> None:
        """Write a line. Raises :class:`Stop`, and :class:`Unread` where no time is left."""
        try:
            descriptor = sys.stdout.fileno()
        except (OSError, ValueError):  # in memory, for callers from Python
            sys.stdout.write(line)
            sys.stdout.flush()
            return
        try:
            self._write(descriptor, line.encode())
        except (BrokenPipeError, ConnectionError):
            raise Stop(
                "the state could not be written: nothing reads this target's standard output"
            ) from None
        except OSError as error:
            raise Stop(
                f"the state could not be written to standard output ({error.strerror})"
            ) from None

    def _write(self, descriptor: int, data: bytes) -> None:
        while not _has_room(descriptor, len(data)):
            self._wait(descriptor, 0, "could not be written")
        with self._writing:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISREG(mode):
                _write_to_file(descriptor, data)
            else:
                write = _send if stat.S_ISSOCK(mode) else _write_a_chunk
                self._write_in_parts(descriptor, data, write)

    def _write_in_parts(
        self, descriptor: int, data: bytes, write: Callable[[int, memoryview], int]
    ) -> None:
        rest = memoryview(data)
        while rest:
            written = write(descriptor, rest)
            rest = rest[written:]
            if not written:
                begun = len(rest) < len(data)
                became = "is half written" if begun else "could not be written"
                self._wait(descriptor, select.POLLOUT, became)

    def _wait(self, descriptor: int, events: int, became: str) -> None:
        """Wait a moment for an event. Raises Unread once it is too late."""
        if self._clock() >= self._deadline:
            raise Unread(f"the last state {became}: nothing has read this target's standard output")
        poll = select.poll()
        poll.register(descriptor, events)
        seen = sum(event for _, event in poll.poll(_LOOK_MS))
        if seen & (select.POLLERR | select.POLLHUP):  # it has no reader any more
            raise BrokenPipeError


def _write_a_chunk(descriptor: int, data: memoryview) -> int:
    """Write what a pipe takes without waiting; return the number of bytes."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    if not poll.poll(0):
        return 0
    try:
        return os.write(descriptor, data[:_CHUNK])
    except BlockingIOError:  # another writer of the pipe took the room
        return 0


def _send(descriptor: int, data: memoryview) -> int:
    """Send what a socket takes without waiting; return the number of bytes."""
    # It is not polled first: a local socket reports room only when it is three quarters empty.
    with socket.socket(fileno=os.dup(descriptor)) as out:
        try:
            return out.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0


def _write_to_file(descriptor: int, data: bytes) -> None:
    """Write a line to a regular file. If it fails, remove the part and raise OSError."""
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        written = len(data) - len(rest)
        end = os.lseek(descriptor, 0, os.SEEK_CUR)
        # Another process may have appended to the file.
        if written and os.fstat(descriptor).st_size == end:
            with suppress(OSError):
                os.ftruncate(descriptor, end - written)
                os.lseek(descriptor, end - written, os.SEEK_SET)
        raise


def _has_room(descriptor: int, size: int) -> bool:
    """Tell whether the kernel has room for a whole line, without a reader.

    For a line that never fits, an empty pipe or socket is enough: its reader has read all so far.
    """
    if sys.platform != "linux":
        return True
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode):
        return _pipe_has_room(descriptor, size)
    return not stat.S_ISSOCK(mode) or _socket_has_room(descriptor, size)


def _pipe_has_room(descriptor: int, size: int) -> bool:
    held = _held(descriptor, termios.FIONREAD)
    # Separate writes may leave pages half empty, and the reader may have read half of the first.
    taken = 2 * _pages(held) + 2 if held else 0
    wanted = (taken + _pages(size)) * mmap.PAGESIZE
    if wanted <= fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ):
        return True
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, wanted)
    except OSError:  # above the limit for pipes of this user
        return not held
    return True


def _socket_has_room(descriptor: int, size: int) -> bool:
    held = _held(descriptor, termios.TIOCOUTQ)
    # The kernel counts its buffers, which are more than twice as large as the data.
    wanted = held + 3 * (_pages(size) + 1) * mmap.PAGESIZE
    with socket.socket(fileno=os.dup(descriptor)) as out:
        if wanted <= out.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF):
            return True
        with suppress(OverflowError):
            out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, wanted)
        return not held or wanted <= out.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)


def _held(descriptor: int, question: int) -> int:
    """Return the number of bytes that nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(descriptor, question, bytes(4)), sys.byteorder)


def _pages(size: int) -> int:
    return -(-size // mmap.PAGESIZE)
