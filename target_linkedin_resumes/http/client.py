"""One connection to one origin: a request written, a response read, within bounds of time and size.

`http.client` connects, sets up TLS and proxy tunnels, and parses responses. Requests are written
here: `http.client` sends head and body in two packets and has no bound for a whole call.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import re
import select
import socket
import ssl
from collections.abc import Callable, Iterator

from target_linkedin_resumes.http.addresses import Addresses
from target_linkedin_resumes.http.faults import (
    BodyChanged,
    InvalidRequest,
    ProxyRefused,
    Stale,
    TimedOut,
    TransportError,
    Untrusted,
)
from target_linkedin_resumes.http.messages import Request, Response, Stream
from target_linkedin_resumes.http.proxies import Proxy
from target_linkedin_resumes.http.urls import Origin

BLOCK_BYTES = 256 * 1024
# LinkedIn's longest answer (100 errors) is a tenth of this; an error page may be anything.
MAX_RESPONSE_BYTES = 4 * 1024 * 1024

# A server that refuses a body early has sent its answer by the time that writing fails.
_EARLY_ANSWER_SECONDS = 1.0
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


def request_head(request: Request, proxy: Proxy | None) -> bytes:
    """Request line and headers as they go out.

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


class Connection:
    """A connection that is opened by its first exchange. Belongs to one thread, ``abort`` apart."""

    def __init__(
        self,
        origin: Origin,
        proxy: Proxy | None,
        context: ssl.SSLContext,
        timeout: float,
        clock: Callable[[], float],
        addresses: Addresses,
    ) -> None:
        self.origin = origin
        self.proxy = proxy
        self._timeout = timeout
        self._clock = clock
        host, port = (origin.host, origin.port) if proxy is None else (proxy.host, proxy.port)
        self._http: http.client.HTTPConnection
        if origin.scheme == "https":
            self._http = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
            if proxy is not None:
                self._http.set_tunnel(origin.host, origin.port, dict(proxy.headers))
        else:
            self._http = http.client.HTTPConnection(host, port, timeout=timeout)
        self._http._create_connection = addresses.connect  # type: ignore[attr-defined]  # noqa: SLF001 - urllib3 does so too
        self._used = False

    def is_alive(self) -> bool:
        """Whether it may carry another request: nothing has come in, not even its end."""
        poll = select.poll()
        try:
            poll.register(self._http.sock, select.POLLIN)
        except (TypeError, ValueError):  # never opened, or closed
            return False
        return not poll.poll(0)

    def exchange(self, request: Request, head: bytes, deadline: float) -> tuple[Response, bool]:
        """Send and read; also tells whether the connection may be used again.

        Raises :class:`Stale` when a connection that served before turns out to be closed, else
        :class:`TransportError`, or what reading the body raises.
        """
        reused, self._used = self._used, True
        wire = None
        try:
            if self._http.sock is None:
                self._http.connect()
            sock = self._http.sock
            if sock is None:
                raise http.client.NotConnected  # aborted meanwhile
            wire = _Wire(sock, self._timeout, deadline, self._clock)
            try:
                for piece in _pieces(head, request.body):
                    wire.write(piece)
            except OSError:
                early = _early_answer(wire, request.method)
                if early is None:
                    raise
                return early, False
            return _read(wire, request.method)
        except (OSError, ValueError, http.client.HTTPException) as error:
            closed = not isinstance(error, TimeoutError | ValueError)
            if reused and closed and wire is not None and not wire.received:
                host = self.origin.host
                raise Stale(f"{host}: the kept connection was closed") from None
            raise self._explain(error) from None
        finally:
            if wire is not None:
                wire.close()

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
        host = self.origin.host if self.proxy is None else f"{self.origin.host} (through a proxy)"
        if isinstance(error, TimeoutError):
            return TimedOut(f"{host}: timed out after {self._timeout:g} s")
        if isinstance(error, ssl.SSLCertVerificationError):
            return Untrusted(f"{host}: the TLS certificate is not trusted ({error.verify_message})")
        if tunnel := _TUNNEL_STATUS.search(str(error)):
            fault = ProxyRefused if tunnel[1] in ("401", "403", "407") else TransportError
            return fault(f"{host}: the proxy refused a tunnel with status {tunnel[1]}")
        for kind, reason in _REASONS:
            if isinstance(error, kind):
                return TransportError(f"{host}: {reason}")
        number = error.errno if isinstance(error, OSError) else None
        reason = os.strerror(number) if number else "the connection failed"
        return TransportError(f"{host}: {reason}")


class _Wire(io.RawIOBase):
    """A socket whose every read and write ends in time, each by itself and all together."""

    def __init__(
        self, sock: socket.socket, patience: float, deadline: float, clock: Callable[[], float]
    ) -> None:
        super().__init__()
        self.patience = patience
        self.received = False
        self.ended = False
        self._sock = sock
        self._deadline = deadline
        self._clock = clock
        # Keeps the socket open until the response is read, as http.client expects.
        self._file = sock.makefile("rb", buffering=0)

    def write(self, data: bytes | memoryview) -> None:  # type: ignore[override]  # sends all of it
        self._bound()
        self._sock.sendall(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # typeshed has a private type here
        self._bound()
        count = self._file.readinto(buffer)
        self.received = self.received or bool(count)
        self.ended = self.ended or count == 0
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What http.client asks of a socket when it is to read a response."""
        return io.BufferedReader(self)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _bound(self) -> None:
        left = self._deadline - self._clock()
        if left <= 0:
            raise TimedOut("timed out: the call took too long as a whole")
        timeout = min(self.patience, left)
        if timeout != self._sock.gettimeout():  # a system call, and a turn at the interpreter
            self._sock.settimeout(timeout)


def _pieces(head: bytes, body: bytes | Stream | None) -> Iterator[bytes | memoryview]:
    """What is to be written, the head in one piece with as much of the body as fits."""
    if body is None:
        yield head
    elif isinstance(body, bytes):
        first = max(0, BLOCK_BYTES - len(head))
        yield head + body[:first]
        view = memoryview(body)
        for start in range(first, len(body), BLOCK_BYTES):
            yield view[start : start + BLOCK_BYTES]
    else:
        yield from _stream(head, body)


def _stream(head: bytes, body: Stream) -> Iterator[bytes]:
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


def _early_answer(wire: _Wire, method: str) -> Response | None:
    """The answer of a server that hung up before it had the whole body, if it refused it.

    A success would be one of half a body, and is not believed.
    """
    wire.patience = _EARLY_ANSWER_SECONDS
    with contextlib.suppress(OSError, ValueError, http.client.HTTPException, TransportError):
        response = _read(wire, method)[0]
        return response if response.status >= 300 else None
    return None


def _read(wire: _Wire, method: str) -> tuple[Response, bool]:
    with contextlib.closing(
        http.client.HTTPResponse(wire, method=method)  # type: ignore[arg-type]  # only makefile is used
    ) as answer:
        answer.begin()
        if wire.ended:  # http.client takes the end of the connection for that of the head
            raise http.client.IncompleteRead(b"")
        if answer.status < 200:
            raise http.client.UnknownProtocol("an interim answer that was not asked for")
        if answer.length is not None and answer.length <= MAX_RESPONSE_BYTES:
            body = answer.read()
        else:
            body = answer.read(MAX_RESPONSE_BYTES)
        headers: dict[str, str] = {}
        for name, value in answer.headers.items():
            headers.setdefault(name.lower(), value.strip(" \t"))
        reusable = answer.isclosed() and not answer.will_close
        return Response(answer.status, headers, body), reusable
