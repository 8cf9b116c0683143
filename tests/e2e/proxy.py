"""A TCP proxy on loopback that spoils what passes through it, in the ways of Toxiproxy."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

BLOCK = 16 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Toxic:
    """What becomes of a connection; times in seconds, sizes in bytes. As it comes: nothing.

    ``cut_after``, ``reset_after`` and ``silent_after`` count the bytes of answers on one
    connection: then it is closed, reset, or nothing more comes though it stays open.
    """

    latency: float = 0
    jitter: float = 0
    bandwidth: int | None = None
    slice_size: int | None = None
    slice_delay: float = 0
    slow_close: float = 0
    cut_after: int | None = None
    reset_after: int | None = None
    silent_after: int | None = None
    down: bool = False


@dataclass
class Proxy:
    """A proxy that runs. ``toxic`` may be changed at any time, for what comes after."""

    port: int
    toxic: Toxic = field(default_factory=Toxic)
    connections: int = 0

    @property
    def url(self) -> str:
        """What to use instead of the server's URL."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def proxying(url: str, toxic: Toxic | None = None) -> Iterator[Proxy]:
    """A proxy in front of the server at ``url`` for the length of a ``with``."""
    host, _, port = url.removeprefix("http://").partition(":")
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = Proxy(listener.getsockname()[1], toxic or Toxic())
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def main() -> None:
        passages: set[asyncio.Task[None]] = set()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            passages.add(task)
            proxy.connections += 1
            try:
                await _Passage(proxy, reader, writer).carry(host, int(port))
            except asyncio.CancelledError:
                pass  # the proxy ends
            finally:
                writer.transport.abort()
                passages.discard(task)

        server = await asyncio.start_server(accept, sock=listener)
        await over.wait()
        server.close()
        for task in list(passages):
            task.cancel()
        await asyncio.gather(*passages, return_exceptions=True)
        await asyncio.sleep(0)  # transports close one round later

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), name="proxy")
    thread.start()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


class _Passage:
    """One connection of a client, and the one to the server that belongs to it."""

    def __init__(
        self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writer = writer
        self._answered = 0
        self._random = random.Random(proxy.connections)

    async def carry(self, host: str, port: int) -> None:
        if self._proxy.toxic.down:
            return
        try:
            upstream, out = await asyncio.open_connection(host, port)
        except OSError:
            return
        try:
            up = asyncio.create_task(self._pump(self._reader, out, answers=False))
            down = asyncio.create_task(self._pump(upstream, self._writer, answers=True))
            both = {up, down}
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                if down.done() and not down.exception():
                    await asyncio.sleep(self._proxy.toxic.slow_close)
            finally:
                for task in both:
                    task.cancel()
                await asyncio.gather(*both, return_exceptions=True)
        finally:
            out.transport.abort()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(BLOCK):
                toxic = self._proxy.toxic
                if toxic.down:
                    return
                wait = toxic.latency + self._random.uniform(-toxic.jitter, toxic.jitter)
                await asyncio.sleep(max(wait, 0))
                whole = data
                if answers:
                    data = self._kept(data, toxic)
                await self._send(sink, data, toxic, None if answers else source)
                if len(data) < len(whole):
                    if toxic.silent_after is not None:
                        await asyncio.Event().wait()
                    if toxic.reset_after is not None:
                        connection: socket.socket = sink.get_extra_info("socket")
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                    else:
                        sink.close()  # what was sent is to arrive before the end
                        await sink.wait_closed()
                    return

    def _kept(self, data: bytes, toxic: Toxic) -> bytes:
        """The part of an answer that is let through."""
        limits = (toxic.cut_after, toxic.reset_after, toxic.silent_after)
        limit = next((limit for limit in limits if limit is not None), None)
        if limit is not None:
            data = data[: max(limit - self._answered, 0)]
        self._answered += len(data)
        return data

    async def _send(
        self,
        sink: asyncio.StreamWriter,
        data: bytes,
        toxic: Toxic,
        client: asyncio.StreamReader | None,
    ) -> None:
        """Send what a client or a server has sent; nothing more for a client that is gone.

        A client that gives a call up and makes it again has not made two at once: the rest of the
        first one must not come to the server beside the second.
        """
        size = toxic.slice_size or BLOCK
        for start in range(0, len(data), size):
            if client is not None and client.at_eof():
                return
            piece = data[start : start + size]
            sink.write(piece)
            await sink.drain()
            if toxic.bandwidth is not None:
                await asyncio.sleep(len(piece) / toxic.bandwidth)
            if toxic.slice_size is not None:
                await asyncio.sleep(toxic.slice_delay)
