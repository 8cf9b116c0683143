"""A LinkedIn that costs next to nothing, in a process of its own: it must not be what is measured.

It checks nothing and keeps nothing but counts; whether the target speaks LinkedIn's protocol well
is what the sandbox is for. Written on an asyncio Protocol by hand, because a framework takes more
CPU for a call than the target does.

    python -m benchmarks.server --latency url=100,upload=150,batch=300

prints one line of JSON with its URL and serves until its standard input ends. `GET /stats` gives
the counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
import ssl
import sys
import time
from collections import deque
from dataclasses import dataclass, field

# The four fields of one key, in the order in which LinkedIn's sample gives them in the query.
KEY = re.compile(
    rb"ids%5B\d+%5D\.tcrmCandidateId=([^&]*)&ids%5B\d+%5D\.integrationContext=([^&]*)"
    rb"&ids%5B\d+%5D\.dataProvider=PARTNER&ids%5B\d+%5D\.tcrmResumeId=([^&\s]*)"
)
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
KINDS = ("token", "url", "upload", "batch", "file")
_PLACES = {
    b"/ambry": "upload",
    b"/v2/hireMediaUrl": "url",
    b"/v2/tcrmCandidateResumes": "batch",
    b"/file/": "file",
}
# About as many and as long as what a gateway adds to each answer.
GATEWAY = (
    b"date: Mon, 01 Jul 2024 10:00:00 GMT\r\n"
    b"cache-control: no-cache, no-store\r\n"
    b"pragma: no-cache\r\n"
    b"expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
    b"strict-transport-security: max-age=31536000\r\n"
    b"x-content-type-options: nosniff\r\n"
    b"x-frame-options: sameorigin\r\n"
    b"x-restli-protocol-version: 1.0.0\r\n"
    b"x-li-fabric: prod-lva1\r\n"
    b"x-li-pop: afd-prod-lva1-x\r\n"
    b"x-li-proto: http/1.1\r\n"
    b"x-li-uuid: AAYcR5wY4mZ3y1VbQ0l8dA==\r\n"
    b'set-cookie: lidc="b=VB01:s=V:r=V:g=1:u=1:i=1:t=1:v=2:sig=AQ"; Expires=Tue, 02 Jul 2024\r\n'
)


@dataclass
class Counts:
    """What was asked; times in seconds on the machine's monotonic clock."""

    calls: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    updated: int = 0
    deleted: int = 0
    uploaded_bytes: int = 0
    throttled: int = 0
    connections: int = 0
    handshakes: int = 0
    resumed: int = 0
    """Of the handshakes, those that went on with an earlier TLS session."""
    in_flight: int = 0
    most_in_flight: int = 0
    first_call: float | None = None
    first_batch: float | None = None
    last_answer: float | None = None
    refused: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    """Calls that came during the outage."""
    outage_ended: float | None = None
    first_after: float | None = None
    """When the first call came after it."""
    batches: list[tuple[float, int]] = field(default_factory=list)
    """When each batch call came, and of how many records."""


class Shared:
    """What all connections share."""

    def __init__(
        self, latency: dict[str, float], per_minute: int, outage: tuple[float, float] | None = None
    ) -> None:
        self.latency = latency
        self.per_minute = per_minute
        self.outage = outage
        self.counts = Counts()
        self.url = ""
        self._window: deque[tuple[float, int]] = deque()
        self._in_window = 0
        self._files: dict[int, bytes] = {}

    def file(self, size: int) -> bytes:
        """Give a PDF of so many bytes."""
        if size not in self._files:
            self._files[size] = PDF.ljust(size, b"%")
        return self._files[size]

    def throttles(self, records: int) -> bool:
        """Tell whether these records go over the limit of the last 60 seconds."""
        now = time.monotonic()
        while self._window and self._window[0][0] <= now - 60:
            self._in_window -= self._window.popleft()[1]
        if self._in_window + records > self.per_minute:
            self.counts.throttled += 1
            return True
        self._window.append((now, records))
        self._in_window += records
        self.counts.batches.append((now, records))
        return False

    def is_out(self, kind: str) -> bool:
        """Tell whether a call comes during the outage, and count it."""
        first, now = self.counts.first_call, time.monotonic()
        if self.outage is None or first is None:
            return False
        after, length = self.outage
        self.counts.outage_ended = first + after + length
        if first + after <= now < self.counts.outage_ended:
            self.counts.refused[kind] += 1
            return True
        if now >= self.counts.outage_ended and self.counts.first_after is None:
            self.counts.first_after = now
        return False

    def stats(self) -> bytes:
        """Give the counts and this process's own CPU seconds, as JSON."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return json.dumps(vars(self.counts) | {"cpu": usage.ru_utime + usage.ru_stime}).encode()


class Connection(asyncio.Protocol):
    """One client's connection: requests one after another, bodies of uploads only counted."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._head = b""
        self._left = 0
        self._drops_body = False
        self._counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take what came; answer once a request is whole."""
        if self._head and self._drops_body:
            self._left -= len(data)
            if self._left <= 0:
                self._answer(b"")
            return
        self._buffer += data
        if not self._head:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head = bytes(self._buffer[:end])
            del self._buffer[: end + 4]
            found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", self._head)
            self._left = int(found[1]) if found else 0
            self._drops_body = self._head.startswith(b"POST /ambry")
            if self._drops_body:
                self._shared.counts.uploaded_bytes += self._left
                self._left -= len(self._buffer)
                self._buffer.clear()
                if self._left <= 0:
                    self._answer(b"")
                return
        if len(self._buffer) >= self._left:
            body = bytes(self._buffer[: self._left])
            del self._buffer[: self._left]
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        head, self._head, self._left = self._head, b"", 0
        shared, counts = self._shared, self._shared.counts
        method, target, _ = head.split(b" ", 2)
        if target == b"/stats":
            self._write(_response(200, b"", shared.stats()))
            return
        if counts.first_call is None:
            counts.first_call = time.monotonic()
        if not self._counted:
            self._counted = True
            self._count()
        kind = _kind(target)
        out = shared.is_out(kind)
        response = _UNAVAILABLE if out else self._respond(kind, method, target, head, body)
        counts.calls[kind] += 1
        counts.in_flight += 1
        counts.most_in_flight = max(counts.most_in_flight, counts.in_flight)
        seconds = shared.latency.get(kind, 0)
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._finish, response)
        else:
            self._finish(response)

    def _count(self) -> None:
        counts = self._shared.counts
        counts.connections += 1
        assert self._transport is not None
        secured = self._transport.get_extra_info("ssl_object")
        if secured is not None:
            counts.handshakes += 1
            counts.resumed += secured.session_reused

    def _finish(self, response: bytes) -> None:
        self._shared.counts.in_flight -= 1
        self._shared.counts.last_answer = time.monotonic()
        self._write(response)

    def _write(self, response: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(response)

    def _respond(self, kind: str, method: bytes, target: bytes, head: bytes, body: bytes) -> bytes:
        shared = self._shared
        if kind == "upload":
            return _response(201, b"location: /AAYU-resume.pdf\r\n")
        if kind == "url":
            signed = f"x-linkedin-id: {shared.url}/ambry/?x-li-ambry-ep=signed\r\n".encode()
            return _response(201, signed)
        if kind == "batch":
            return self._batch(method, target, head, body)
        if kind == "file":
            content = shared.file(int(target[6:]))
            return _response(200, b"content-type: application/pdf\r\n", content)
        token = b'{"access_token":"token","expires_in":1800}'
        return _response(200, b"content-type: application/json\r\n", token)

    def _batch(self, method: bytes, target: bytes, head: bytes, body: bytes) -> bytes:
        tunnelled = re.search(rb"(?i)\r\nx-http-method-override: *(\w+)", head)
        keys = KEY.findall(body if tunnelled else target)
        if not keys:
            return _response(400, b"", b'{"message":"no keys"}')
        if self._shared.throttles(len(keys)):
            return _response(429, b"", b'{"message":"throttled"}')
        if (tunnelled[1] if tunnelled else method) == b"DELETE":
            self._shared.counts.deleted += len(keys)
        else:
            self._shared.counts.updated += len(keys)
        results = b",".join(
            b'"dataProvider=PARTNER&integrationContext=%b&tcrmCandidateId=%b&tcrmResumeId=%b"'
            b':{"status":204}' % (context.replace(b":", b"%3A"), candidate, resume)
            for candidate, context, resume in keys
        )
        answer = b'{"errors":{},"results":{%b}}' % results
        return _response(200, b"content-type: application/json\r\n", answer)


def _kind(target: bytes) -> str:
    found = (kind for start, kind in _PLACES.items() if target.startswith(start))
    return next(found, "token")


def _response(status: int, headers: bytes, body: bytes = b"") -> bytes:
    head = b"HTTP/1.1 %d .\r\n%b%bcontent-length: %d\r\n\r\n" % (
        status,
        GATEWAY,
        headers,
        len(body),
    )
    return head + body


_UNAVAILABLE = _response(503, b"", b'{"message":"unavailable"}')


def latencies(text: str) -> dict[str, float]:
    """Read `url=100,upload=150,batch=300` (milliseconds) into seconds by kind of call."""
    pairs = (part.split("=") for part in text.split(",") if part)
    return {kind: int(milliseconds) / 1000 for kind, milliseconds in pairs}


async def serve(shared: Shared, context: ssl.SSLContext | None) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(shared), "127.0.0.1", 0, ssl=context, backlog=1024
    )
    port = server.sockets[0].getsockname()[1]
    shared.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
    sys.stdout.write(json.dumps({"url": shared.url}) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--latency", type=latencies, default={}, help="url=100,upload=150,...")
    parser.add_argument("--records-per-minute", type=int, default=10**9)
    parser.add_argument(
        "--outage", type=float, nargs=2, help="seconds after the first call, length"
    )
    parser.add_argument("--certificate", help="PEM file with key and chain: serve TLS")
    options = parser.parse_args()
    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate)
    outage = tuple(options.outage) if options.outage else None
    asyncio.run(serve(Shared(options.latency, options.records_per_minute, outage), context))


if __name__ == "__main__":
    main()
