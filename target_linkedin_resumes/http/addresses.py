"""The addresses of hosts, looked up once for all the connections that are opened together."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple

# Long enough for the 64 connections of a start, shorter than a change of addresses takes to spread.
KEEP_SECONDS = 30.0

Place = tuple[str, int]
Found = list[tuple[Any, ...]]


class _LookUp(NamedTuple):
    until: float
    found: Future[Found]


class Addresses:
    """Connects to hosts. From any thread.

    ``clock`` gives seconds, ``look_up`` is as :func:`socket.getaddrinfo`.
    """

    def __init__(
        self, clock: Callable[[], float], look_up: Callable[..., Found] = socket.getaddrinfo
    ) -> None:
        self._clock = clock
        self._look_up = look_up
        self._lock = threading.Lock()
        self._known: dict[Place, _LookUp] = {}

    def connect(self, place: Place, timeout: float, _source: Place | None = None) -> socket.socket:
        """Connect to the first address that answers, each within ``timeout`` seconds.

        Raises OSError, a :class:`socket.gaierror` if there is no address: nothing is then kept.
        """
        failure = OSError("the name has no address")
        for family, kind, protocol, _, address in self._of(place):
            sock = None
            try:
                sock = socket.socket(family, kind, protocol)
                sock.settimeout(timeout)
                sock.connect(address)
            except OSError as error:
                failure = error
                if sock is not None:
                    sock.close()
            else:
                return sock
        self._forget(place)
        raise failure

    def _of(self, place: Place) -> Found:
        with self._lock:
            known = self._known.get(place)
            mine = known is None or known.until <= self._clock()
            if known is None or mine:
                known = _LookUp(self._clock() + KEEP_SECONDS, Future())
                self._known[place] = known
        if mine:
            try:
                found = self._look_up(*place, type=socket.SOCK_STREAM)
            except BaseException as error:  # whatever it is, others wait for it
                self._forget(place)
                known.found.set_exception(error)
                raise
            known.found.set_result(found)
        return known.found.result()

    def _forget(self, place: Place) -> None:
        with self._lock:
            self._known.pop(place, None)
