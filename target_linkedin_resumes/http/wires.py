"""Answers of web servers, read within a time, however little or much of them comes at once.

A time-out of a socket bounds one wait. A server that sends a byte before each of them ends, or one
interim answer after the other, would keep a worker for ever.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Mapping
from typing import Any

from urllib3.connectionpool import HTTPConnectionPool

# The head of an answer may take one time-out, all of it as many.
MOST_TIMEOUTS = 5
# http.client bounds a line and their number, but not how many interim answers go before.
_MOST_OF_A_HEAD = 256 * 1024


class Wire(io.RawIOBase):
    """What comes from a socket. Raises :class:`TimeoutError` when the time for it is over."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._sock = sock
        self._patience = sock.gettimeout() or 0.0
        self._begun = time.monotonic()
        self._deadline = self._begun + self._patience
        self._left = _MOST_OF_A_HEAD
        # Keeps the socket open until the answer is read, as http.client expects.
        self._file = sock.makefile("rb", buffering=0)

    def head_is_read(self) -> None:
        """Give the rest its time; what it may be long is for others to say."""
        self._deadline = self._begun + self._patience * MOST_TIMEOUTS
        self._left = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # typeshed has a private type here
        """Read what there is, or wait for it."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(min(self._patience, left))
        count = self._file.readinto(buffer)
        if self._left:
            self._left -= count or 0
            if self._left <= 0:
                raise http.client.UnknownProtocol("an answer that does not begin")
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What http.client asks of a socket when it is to read an answer."""
        return io.BufferedReader(self)

    def close(self) -> None:
        """Let go of the socket."""
        self._file.close()
        super().close()


class Answer(http.client.HTTPResponse):
    """An answer that comes over a :class:`Wire`."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        self._wire = Wire(sock)
        super().__init__(self._wire, *args, **kwargs)  # type: ignore[arg-type]  # only makefile is used

    def begin(self) -> None:
        """Read the head."""
        super().begin()
        self._wire.head_is_read()


def bounded(pools: Mapping[str, type[HTTPConnectionPool]]) -> dict[str, type[HTTPConnectionPool]]:
    """Make of urllib3's pools by scheme those whose answers are bounded."""
    made = {}
    for scheme, pool in pools.items():
        connection = type("Connection", (pool.ConnectionCls,), {"response_class": Answer})
        made[scheme] = type("Pool", (pool,), {"ConnectionCls": connection})
    return made
