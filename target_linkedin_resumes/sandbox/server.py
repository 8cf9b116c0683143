"""Runs a sandbox: in a thread of this process, or as the main thing of a process."""

from __future__ import annotations

import asyncio
import functools
import json
import signal
import socket
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import uvicorn
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from .config import Config
from .control import Control
from .exchange import TRANSPORT
from .gateway import Gateway
from .state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

T = TypeVar("T")
_KEEP_ALIVE = 75
_PATIENCE = 1
_BACKLOG = 512
# LinkedIn's answer to whom it bars; uvicorn knows the phrases up to 599.
STATUS_PHRASES[999] = b"Request denied"
_OWN = frozenset({"/", "/favicon.ico", "/healthz"})


class _Protocol(H11Protocol):
    """Lets the application have the connection's transport, so that faults can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        super().connection_made(transport)
        self.app = functools.partial(_with_transport, self.app, transport)


async def _with_transport(
    app: ASGIApp, transport: asyncio.Transport, scope: Scope, receive: Receive, send: Send
) -> None:
    scope[TRANSPORT] = transport
    await app(scope, receive, send)


def application(state: State) -> ASGIApp:
    """LinkedIn's endpoints, and the sandbox's own beside them."""
    gateway, control = Gateway(state), Control(state).application()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        own = path in _OWN or path.startswith("/sandbox/")
        await (control if own else gateway)(scope, receive, send)

    return app


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol left to chance asyncio would not set TCP_NODELAY, and answers take 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """The base URL of a socket that listens."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Gives calls under way a moment when it stops, and then breaks them off."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        def abort() -> None:
            for connection in list(self.server_state.connections):
                if isinstance(connection, _Protocol):
                    connection.transport.abort()

        late = asyncio.get_running_loop().call_later(_PATIENCE, abort)
        await super().shutdown(sockets)
        late.cancel()


def _server(state: State) -> _Server:
    return _Server(
        uvicorn.Config(
            application(state),
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE,
            backlog=_BACKLOG,
        )
    )


def serve(state: State, listener: socket.socket, listening_now: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; for the main thread."""
    with closing(listener), closing(state.journal):
        server = _server(state)

        def stop(*_: object) -> None:
            server.should_exit = True

        # uvicorn repeats the signal to these when it is done; they make it a clean end.
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        listening_now()
        asyncio.run(server.serve(sockets=[listener]))


class Running:
    """A sandbox that runs in a thread of this process."""

    def __init__(self, url: str, data: Path, state: State) -> None:
        self.url = url
        self.data = data
        self.state = state
        """Belongs to the server's thread: look at it through ``ask``."""
        self._loop: asyncio.AbstractEventLoop | None = None

    def ask(self, question: Callable[[State], T]) -> T:
        """What a function finds or does in the state, in the server's thread."""
        if self._loop is None:
            raise RuntimeError("the sandbox does not run")

        async def answer() -> T:
            return question(self.state)

        return asyncio.run_coroutine_threadsafe(answer(), self._loop).result()

    def snapshot(self) -> dict[str, Any]:
        """As ``GET /sandbox/state``."""
        return self.ask(lambda state: state.snapshot())

    def journal(self, after: int = 0, limit: int = 100_000) -> list[dict[str, Any]]:
        """The entries of ``GET /sandbox/journal``."""
        page = json.loads(self.ask(lambda state: state.journal.page(after, limit)))
        entries: list[dict[str, Any]] = page["entries"]
        return entries

    def set_faults(self, *rules: dict[str, Any], seed: int = 0) -> None:
        """As ``POST /sandbox/faults``; without rules everything works again. Raises BadFaults."""
        self.ask(lambda state: state.faults.load({"seed": seed, "rules": list(rules)}))

    def reset(self) -> None:
        """As ``POST /sandbox/reset``."""
        self.ask(lambda state: state.reset())


@contextmanager
def running(
    data: Path,
    *,
    port: int = 0,
    clock: Callable[[], float] = time.time,
    clients: Mapping[str, str] | None = None,
    **settings: Any,
) -> Iterator[Running]:
    """A sandbox on loopback for the length of a ``with``; ``settings`` are those of Config."""
    if clients is not None:
        settings["clients"] = clients
    listener = listening("127.0.0.1", port)
    with closing(listener):
        state = State(Config(data, **settings), clock)
        sandbox = Running(url_of(listener), data, state)
        server = _server(state)
        started = threading.Event()

        async def main() -> None:
            sandbox._loop = asyncio.get_running_loop()  # noqa: SLF001 - its own maker
            started.set()
            await server.serve(sockets=[listener])

        thread = threading.Thread(target=lambda: asyncio.run(main()), name="linkedin-sandbox")
        with closing(state.journal):
            thread.start()
            started.wait()
            try:
                yield sandbox
            finally:
                server.should_exit = True
                thread.join()
