"""A web server on loopback that does what each path says, and keeps what it was asked."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Asked:
    path: str
    headers: Mapping[str, str]
    form: str = ""


@dataclass
class Server:
    """Answers by path, the query left out. ``asked`` has every request in order."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def file(self, path: str, content: bytes, status: int = 200, **headers: str) -> str:
        """Serve a file with these headers, `_` standing for `-`; give its URL."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = lambda handler: send(handler, status, content, named)
        return self.url(path)

    def redirect(self, path: str, target: str, status: int = 302) -> str:
        named = {"Location": target.encode().decode("latin-1")}
        self.answers[path] = lambda handler: send(handler, status, b"", named)
        return self.url(path)

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


def send(
    handler: BaseHTTPRequestHandler, status: int, content: bytes, headers: Mapping[str, str]
) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(content)), **headers}.items():
        if value:
            handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)


@contextmanager
def serving(address: str = "127.0.0.1", *, certificate: Path | None = None) -> Iterator[Server]:
    """Run a server; with a certificate (and key, in one PEM file) it speaks TLS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            form = self.rfile.read(length).decode()
            state.asked.append(Asked(self.path, dict(self.headers.items()), form))
            answer = state.answers.get(self.path.partition("?")[0])
            try:
                if answer is None:
                    send(self, 404, b"", {})
                else:
                    answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_POST = do_GET  # noqa: N815 - its name is given

        def log_message(self, *_: object) -> None:
            """Keep silent."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = False
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            """A client that goes away is no error here."""

    server = Quiet((address, 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    state = Server(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
