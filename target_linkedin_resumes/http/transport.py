"""The seam to the network, and its implementation: one connection a thread and origin.

A lock is taken only to open a connection and to close it. Redirects, cookies and `.netrc` are not
followed, whatever the server says.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from target_linkedin_resumes.http.addresses import Addresses, Found
from target_linkedin_resumes.http.client import Connection, request_head
from target_linkedin_resumes.http.faults import Stale, TransportError
from target_linkedin_resumes.http.messages import Request, Response
from target_linkedin_resumes.http.proxies import Proxies, tls_context
from target_linkedin_resumes.http.urls import Origin

# A call may last so many times its timeout: at 60 s, 10 MB have ten minutes to get through, and
# a server that sends a byte now and then holds a worker no longer than that.
TOTAL_TIMEOUTS = 10


class Transport(Protocol):
    """Sends one request and gives the response, whatever its status."""

    def send(self, request: Request) -> Response:
        """Raises :class:`TransportError` when no response came; may be called by many threads."""
        ...


class _Kept(threading.local):
    """The connections of one thread, by origin."""

    def __init__(self) -> None:
        self.by_origin: dict[Origin, Connection] = {}


class HttpTransport:
    """HTTP/1.1 on `http.client`.

    ``timeout`` in seconds holds for connecting, for each piece written and for each read. Proxies
    and CA certificates come from ``environ``, read here and never again; raises
    :class:`Misconfigured` when they make no sense. ``look_up`` is as :func:`socket.getaddrinfo`.
    """

    def __init__(
        self,
        timeout: int,
        *,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
        look_up: Callable[..., Found] = socket.getaddrinfo,
    ) -> None:
        self._timeout = timeout
        self._clock = clock
        self._addresses = Addresses(clock, look_up)
        self._proxies = Proxies(environ)
        self._context = tls_context(environ)
        self._kept = _Kept()
        self._lock = threading.Lock()
        self._open: set[Connection] = set()
        self._closed = False

    def send(self, request: Request) -> Response:
        """Send ``request`` and read the response.

        A kept connection that the server closed is replaced; a request that it was to carry is
        sent once more if it is repeatable, its body read from the start again.
        """
        origin = request.url.origin
        deadline = self._clock() + TOTAL_TIMEOUTS * self._timeout
        while True:
            connection = self._connection(origin)
            head = request_head(request, connection.proxy)
            keep = False
            try:
                response, keep = connection.exchange(request, head, deadline)
            except TransportError as error:
                if isinstance(error, Stale) and request.repeatable:
                    continue
                if self._closed:
                    raise TransportError("the connection was closed by this program") from error
                raise
            finally:
                if not keep:
                    self._discard(connection)
            return response

    def close(self) -> None:
        """Close all connections, also those that a thread is waiting on."""
        with self._lock:
            self._closed = True
            connections = list(self._open)
            self._open.clear()
        for connection in connections:
            connection.abort()

    def _connection(self, origin: Origin) -> Connection:
        connection = self._kept.by_origin.get(origin)
        if connection is not None:
            if connection.is_alive():
                return connection
            self._discard(connection)
        connection = Connection(
            origin,
            self._proxies.proxy_for(origin),
            self._context,
            self._timeout,
            self._clock,
            self._addresses,
        )
        with self._lock:
            if self._closed:
                raise TransportError("the connection was closed by this program")
            self._open.add(connection)
        self._kept.by_origin[origin] = connection
        return connection

    def _discard(self, connection: Connection) -> None:
        self._kept.by_origin.pop(connection.origin, None)
        with self._lock:
            self._open.discard(connection)
        connection.close()
