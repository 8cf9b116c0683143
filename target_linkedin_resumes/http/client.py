"""LinkedIn's HTTP client: one connection a thread and origin, within bounds of time and size.

`http.client` connects, sets up TLS and proxy tunnels, and parses responses; it costs half of what
urllib3 does (docs/decisions/0004). Requests are written here: `http.client` sends head and body in
two packets and has no bound for a whole call. Redirects, cookies and `.netrc` are not followed,
whatever the server says.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import NamedTuple, Protocol

from target_linkedin_resumes.http.messages import (
    BodyChanged,
    InvalidRequest,
    ProxyRefused,
    Request,
    Response,
    Stale,
    Stream,
    TimedOut,
    TransportError,
    Untrusted,
)
from target_linkedin_resumes.http.proxies import Proxies, Proxy, tls_context
from target_linkedin_resumes.http.sockets import (
    AddressInfo,
    DeadlineExceeded,
    DeadlineStream,
    connect_any,
)
from target_linkedin_resumes.http.urls import Origin

# A call may last so many times its timeout: at 60 s, 10 MB have ten minutes to get through, and
# a server that sends a byte now and then holds a thread no longer than that.
TOTAL_TIMEOUTS = 10
BLOCK_BYTES = 256 * 1024
# LinkedIn's longest response (100 errors) is a tenth of this; an error page may be anything.
MAX_RESPONSE_BYTES = 4 * 1024 * 1024
# Long enough for the 64 connections of a start, shorter than a change of addresses takes to spread.
KEEP_ADDRESSES_SECONDS = 30.0

# A server that refuses a body early has sent its response by the time that writing fails.
_EARLY_RESPONSE_SECONDS = 1.0
_UNPRINTABLE = re.compile(r"[^ -~]")
_TUNNEL_STATUS = re.compile(r"Tunnel connection failed: (\d{3})")

# The first that fits, so the special before the general.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (socket.gaierror, "DNS lookup failed"),
    (http.client.RemoteDisconnected, "the connection was closed without an answer"),
    (http.client.IncompleteRead, "the answer was cut short"),
    (http.client.HTTPException, "the answer is not HTTP"),
    (ValueError, "the answer is not HTTP"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionError, "connection reset"),
    (ssl.SSLError, "TLS failed"),
)


class Transport(Protocol):
    """Sends one request and returns the response, whatever its status."""

    def send(self, request: Request) -> Response:
        """Raises :class:`TransportError` when no response came; may be called by many threads."""
        ...


class HttpTransport:
    """HTTP/1.1 on `http.client`. A lock is taken only to open a connection and to close it.

    ``timeout`` in seconds holds for connecting, for each piece written and for each read. Proxies
    and CA certificates come from ``environ``, read here and never again; raises
    :class:`Misconfigured` when they make no sense. ``look_up`` is as :func:`socket.getaddrinfo`.
    """

    def __init__(
        self,
        timeout: float,
        *,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
        look_up: Callable[..., list[AddressInfo]] = socket.getaddrinfo,
    ) -> None:
        self._timeout = timeout
        self._clock = clock
        self._addresses = _Addresses(clock, look_up)
        self._proxies = Proxies(environ)
        self._context = tls_context(environ)
        self._of_thread = _OfThread()
        self._lock = threading.Lock()
        self._open: set[_Connection] = set()
        self._closed = False

    def send(self, request: Request) -> Response:
        """Send ``request`` and read the response.

        A kept connection that the server closed is replaced; a request that it was to carry is
        sent once more if it is repeatable, its body read from the start again.
        """
        deadline = self._clock() + TOTAL_TIMEOUTS * self._timeout
        while True:
            connection = self._connection(request.url.origin)
            keep = False
            try:
                response, keep = connection.exchange(request, deadline)
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

    def _connection(self, origin: Origin) -> _Connection:
        connection = self._of_thread.connections.get(origin)
        if connection is not None:
            if connection.is_alive():
                return connection
            self._discard(connection)
        connection = _Connection(
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
        self._of_thread.connections[origin] = connection
        return connection

    def _discard(self, connection: _Connection) -> None:
        self._of_thread.connections.pop(connection.origin, None)
        with self._lock:
            self._open.discard(connection)
        connection.close()


class _OfThread(threading.local):
    """The connections of one thread, by origin."""

    def __init__(self) -> None:
        self.connections: dict[Origin, _Connection] = {}


class _Connection:
    """A connection that is opened by its first exchange. Belongs to one thread, ``abort`` apart."""

    def __init__(
        self,
        origin: Origin,
        proxy: Proxy | None,
        context: ssl.SSLContext,
        timeout: float,
        clock: Callable[[], float],
        addresses: _Addresses,
    ) -> None:
        self.origin = origin
        self._proxy = proxy
        self._timeout = timeout
        self._clock = clock
        host, port = (origin.host, origin.port) if proxy is None else (proxy.host, proxy.port)
        self._http: http.client.HTTPConnection
        if origin.scheme == "https":
            self._http = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
            if proxy is not None:
                self._http.set_tunnel(origin.host, origin.port, proxy.headers)
        else:
            self._http = http.client.HTTPConnection(host, port, timeout=timeout)
        self._http._create_connection = addresses.connect  # type: ignore[attr-defined]  # noqa: SLF001 - urllib3 does so too
        self._used = False

    def is_alive(self) -> bool:
        """Tell whether it may carry another request: nothing has come in, not even its end."""
        poll = select.poll()
        try:
            poll.register(self._http.sock, select.POLLIN)
        except (TypeError, ValueError):  # never opened, or closed
            return False
        return not poll.poll(0)

    def exchange(self, request: Request, deadline: float) -> tuple[Response, bool]:
        """Send and read; also tell whether the connection may be used again.

        Raises :class:`Stale` when a connection that served before turns out to be closed, else
        :class:`TransportError`, or what reading the body raises.
        """
        head = _request_head(request, self._proxy)
        reused, self._used = self._used, True
        stream = None
        try:
            if self._http.sock is None:
                self._http.connect()
            sock = self._http.sock
            if sock is None:
                raise http.client.NotConnected  # aborted meanwhile
            stream = DeadlineStream(sock, self._timeout, deadline, self._clock)
            try:
                for piece in _pieces(head, request.body):
                    stream.write(piece)
            except OSError:
                early = _early_response(stream, request.method)
                if early is None:
                    raise
                return early, False
            return _read_response(stream, request.method)
        except (OSError, ValueError, http.client.HTTPException) as error:
            closed = not isinstance(error, TimeoutError | ValueError)
            if reused and closed and stream is not None and not stream.received:
                host = self.origin.host
                raise Stale(f"{host}: the kept connection was closed") from None
            raise self._explain(error) from None
        finally:
            if stream is not None:
                stream.close()

    def close(self) -> None:
        """Close it."""
        self._http.close()

    def abort(self) -> None:
        """Close it under the hands of the thread that waits on it."""
        sock = self._http.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._http.close()

    def _explain(self, error: Exception) -> TransportError:
        host = self.origin.host if self._proxy is None else f"{self.origin.host} (through a proxy)"
        if isinstance(error, DeadlineExceeded):
            return TimedOut(f"{host}: timed out: the call took too long as a whole")
        if isinstance(error, TimeoutError):
            return TimedOut(f"{host}: timed out after {self._timeout:g} s")
        if isinstance(error, ssl.SSLCertVerificationError):
            return Untrusted(f"{host}: the TLS certificate is not trusted ({error.verify_message})")
        if tunnel := _TUNNEL_STATUS.search(str(error)):
            kind = ProxyRefused if tunnel[1] in ("401", "403", "407") else TransportError
            return kind(f"{host}: the proxy refused a tunnel with status {tunnel[1]}")
        for cause, reason in _REASONS:
            if isinstance(error, cause):
                return TransportError(f"{host}: {reason}")
        number = error.errno if isinstance(error, OSError) else None
        reason = os.strerror(number) if number else "the connection failed"
        return TransportError(f"{host}: {reason}")


class _LookUp(NamedTuple):
    until: float
    found: Future[list[AddressInfo]]


class _Addresses:
    """The addresses of hosts, looked up once for all connections that are opened together."""

    def __init__(
        self, clock: Callable[[], float], look_up: Callable[..., list[AddressInfo]]
    ) -> None:
        self._clock = clock
        self._look_up = look_up
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int], _LookUp] = {}

    def connect(
        self, host: tuple[str, int], timeout: float, _source: object = None
    ) -> socket.socket:
        """Connect to the first address that answers, each within ``timeout`` seconds.

        Called by `http.client`. Raises OSError, a :class:`socket.gaierror` if there is no address;
        addresses are then forgotten.
        """
        try:
            return connect_any(self._of(host), timeout)
        except BaseException:
            with self._lock:
                self._known.pop(host, None)
            raise

    def _of(self, host: tuple[str, int]) -> list[AddressInfo]:
        with self._lock:
            known = self._known.get(host)
            leads = known is None or known.until <= self._clock()
            if known is None or leads:
                known = _LookUp(self._clock() + KEEP_ADDRESSES_SECONDS, Future())
                self._known[host] = known
        if leads:
            try:
                known.found.set_result(self._look_up(*host, type=socket.SOCK_STREAM))
            except BaseException as error:  # whatever it is, others wait for it
                known.found.set_exception(error)
                raise
        return known.found.result()


def _request_head(request: Request, proxy: Proxy | None) -> bytes:
    """Return request line and headers as they go out.

    Raises :class:`InvalidRequest` for anything but printable ASCII: a line break in a value would
    be a header of its own.
    """
    origin = request.url.origin
    target = request.url.target
    headers = dict(request.headers)
    if proxy is not None and origin.scheme == "http":
        target = f"{origin}{target}"
        headers |= proxy.headers
    if request.body is not None:
        headers["Content-Length"] = str(request.size)
    lines = [f"Host: {origin.netloc}", "Accept-Encoding: identity"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if " " in target or _UNPRINTABLE.search(target) or any(map(_UNPRINTABLE.search, lines)):
        raise InvalidRequest("the URL or a header holds control or non-ASCII characters")
    text = "\r\n".join((f"{request.method} {target} HTTP/1.1", *lines, "", ""))
    return text.encode("ascii")


def _pieces(head: bytes, body: bytes | Stream | None) -> Iterator[bytes | memoryview]:
    """Yield what is to be written, the head in one piece with as much of the body as fits."""
    if body is None:
        yield head
    elif isinstance(body, bytes):
        first = max(0, BLOCK_BYTES - len(head))
        yield head + body[:first]
        view = memoryview(body)
        for start in range(first, len(body), BLOCK_BYTES):
            yield view[start : start + BLOCK_BYTES]
    else:
        yield from _stream_pieces(head, body)


def _stream_pieces(head: bytes, body: Stream) -> Iterator[bytes]:
    left = body.size
    ahead = head
    try:
        body.file.seek(0)
        while left:
            piece = body.file.read(min(BLOCK_BYTES, left))
            left -= len(piece)
            # The last piece is held back until the body is known to be whole: a server that got
            # all the bytes it was promised takes them for the resume.
            if not piece or (not left and body.file.read(1)):
                raise BodyChanged("the file is not as long as it was when it was opened")
            yield ahead + piece
            ahead = b""
    except (OSError, ValueError) as error:
        number = error.errno if isinstance(error, OSError) else None
        reason = os.strerror(number) if number else "I/O error"
        raise BodyChanged(f"the file could not be read ({reason})") from None
    if ahead:
        yield ahead


def _early_response(stream: DeadlineStream, method: str) -> Response | None:
    """Read the response of a server that hung up before it had the whole body, if it refused it.

    A success would be one of half a body, and is not believed.
    """
    stream.timeout = _EARLY_RESPONSE_SECONDS
    with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
        response, _ = _read_response(stream, method)
        return response if response.status >= 300 else None
    return None


def _read_response(stream: DeadlineStream, method: str) -> tuple[Response, bool]:
    """Read a response; also tell whether its connection may be used again."""
    with contextlib.closing(
        http.client.HTTPResponse(stream, method=method)  # type: ignore[arg-type]  # only makefile is used
    ) as answer:
        answer.begin()
        if stream.ended:  # http.client takes the end of the connection for that of the head
            raise http.client.IncompleteRead(b"")
        if answer.status < 200:
            raise http.client.UnknownProtocol("an interim response that was not asked for")
        stream.end_head()
        if answer.length is not None and answer.length <= MAX_RESPONSE_BYTES:
            body = answer.read()
        else:
            body = answer.read(MAX_RESPONSE_BYTES)
        headers: dict[str, str] = {}
        for name, value in answer.headers.items():
            headers.setdefault(name.lower(), value.strip(" \t"))
        reusable = answer.isclosed() and not answer.will_close
        return Response(answer.status, headers, body), reusable
