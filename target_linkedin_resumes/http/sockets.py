"""Sockets bounded in time and size, for LinkedIn's client and for that of the sources.

The timeout of a socket bounds one wait. A server that sends a byte before each of them ends, or
one interim response after the other, would hold a thread for ever.
"""

from __future__ import annotations

import http.client
import io
import math
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

# What socket.getaddrinfo gives for each address: family, type, protocol, name, address.
AddressInfo = tuple[Any, ...]

# http.client bounds a header and their number, but not how many interim responses go before.
MAX_HEAD_BYTES = 256 * 1024


class DeadlineExceeded(TimeoutError):
    """The call as a whole took too long."""


def connect_any(
    addresses: Iterable[AddressInfo], timeout: float, *, within: float = math.inf
) -> socket.socket:
    """Connect to the first address that answers, each in ``timeout`` seconds, all in ``within``.

    Raises the OSError of the last address that was tried.
    """
    failure = OSError("the name has no address")
    deadline = time.monotonic() + within
    for family, kind, protocol, _, address in addresses:
        left = min(timeout, deadline - time.monotonic())
        if left <= 0:
            break
        sock = None
        try:
            sock = socket.socket(family, kind, protocol)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(left)
            sock.connect(address)
        except OSError as error:
            failure = error
            if sock is not None:
                sock.close()
        else:
            sock.settimeout(timeout)
            return sock
    raise failure


class DeadlineStream(io.RawIOBase):
    """A connected socket whose every read and write ends in time, each by itself and all together.

    ``timeout`` bounds each wait, in seconds; ``deadline`` is the second of ``clock`` that ends
    them all, with :class:`DeadlineExceeded`. ``received`` counts bytes, and ``ended`` says that
    the server closed. Both clients hand it to :class:`http.client.HTTPResponse` as its socket.
    """

    def __init__(
        self,
        sock: socket.socket,
        timeout: float,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.timeout = timeout
        self.deadline = deadline
        self.received = 0
        self.ended = False
        self._sock = sock
        self._clock = clock
        self._in_head = True
        # Keeps the socket open until the response is read, as http.client expects.
        self._file = sock.makefile("rb", buffering=0)

    def end_head(self) -> None:
        """Note that the head is read: how long the rest may be is for the caller to say."""
        self._in_head = False

    def write(self, data: bytes | memoryview) -> None:  # type: ignore[override]  # sends all of it
        """Send all of ``data``."""
        self._limit_wait()
        self._sock.sendall(data)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # typeshed has a private type here
        """Read what there is, or wait for it."""
        self._limit_wait()
        count = self._file.readinto(buffer)
        if count:
            self.received += count
            if self._in_head and self.received > MAX_HEAD_BYTES:
                raise http.client.UnknownProtocol("a response that does not begin")
        elif count == 0:
            self.ended = True
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Do what http.client asks of a socket when it is to read a response."""
        return io.BufferedReader(self)

    def close(self) -> None:
        """Let go of the socket."""
        self._file.close()
        super().close()

    def _limit_wait(self) -> None:
        left = self.deadline - self._clock()
        if left <= 0:
            raise DeadlineExceeded
        timeout = min(self.timeout, left)
        if timeout != self._sock.gettimeout():  # a system call, and a turn at the interpreter
            self._sock.settimeout(timeout)
