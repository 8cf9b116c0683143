"""One HTTP request and its answer, on bare ASGI: this path runs hundreds of times a second."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

TRANSPORT = "linkedin-resumes-sandbox.transport"
"""Key of the ASGI scope under which the connection's transport is kept."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ClientGone(Exception):
    """The client closed the connection before it had its answer."""


class BodyTooLarge(Exception):
    """The request's body is larger than the endpoint takes."""


def new_uuid() -> str:
    """A value for ``x-li-uuid``."""
    return base64.b64encode(os.urandom(16)).decode()


@dataclass(slots=True)
class Reply:
    """An answer: status, headers, body."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, status: int, document: Any, headers: dict[str, str] | None = None) -> Reply:
        """An answer in JSON."""
        body = json.dumps(document, separators=(",", ":")).encode()
        return cls(status, {"content-type": "application/json", **(headers or {})}, body)

    @classmethod
    def error(cls, status: int, message: str, code: int | str | None = None) -> Reply:
        """An error of LinkedIn's gateway: ``code`` is a service error code or a name."""
        document: dict[str, Any] = {"status": status, "message": message}
        if code is not None:
            document["code" if isinstance(code, str) else "serviceErrorCode"] = code
        return cls.of(status, document)


class Exchange:
    """A request with the means to answer it, to leave it unanswered and to break it off."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["raw_path"].decode("latin-1")
        self.query: str = scope["query_string"].decode("latin-1")
        self.raw_headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        self.transport: asyncio.Transport = scope[TRANSPORT]
        self.bytes_in = 0
        self._receive = receive
        self._send = send

    @property
    def uri(self) -> str:
        """Path and raw query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises ClientGone if the client leaves before its end."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunk: bytes = message.get("body", b"")
            self.bytes_in += len(chunk)
            more = message.get("more_body", False)
            if chunk:
                yield chunk

    async def read(self, largest: int) -> bytes:
        """The whole body. Raises ClientGone, and BodyTooLarge beyond ``largest`` bytes."""
        parts = []
        async for chunk in self.chunks():
            parts.append(chunk)
            if self.bytes_in > largest:
                raise BodyTooLarge
        return b"".join(parts)

    async def wait(self, seconds: float) -> None:
        """Let time pass. Raises ClientGone as soon as the client leaves."""
        if seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return
        raise ClientGone

    async def begin(self, reply: Reply) -> None:
        """Send status and headers. Raises ClientGone."""
        if self.transport.is_closing():
            raise ClientGone
        headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in reply.headers.items()]
        headers.append((b"content-length", b"%d" % len(reply.body)))
        await self._send(
            {"type": "http.response.start", "status": reply.status, "headers": headers}
        )

    async def write(self, body: bytes, *, more: bool) -> None:
        """Send a part of the body."""
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def send(self, reply: Reply) -> None:
        """Send the whole answer. Raises ClientGone if there is nobody to have it."""
        await self.begin(reply)
        await self.write(reply.body, more=False)

    async def reset(self) -> None:
        """Break the connection off with a TCP reset."""
        connection: socket.socket = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()
        await self._closed()

    async def close(self, raw: bytes = b"") -> None:
        """Close the connection in good order, after ``raw``, and leave the request unanswered."""
        if raw:
            self.transport.write(raw)
        self.transport.close()
        await self._closed()

    async def _closed(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
