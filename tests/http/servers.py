"""Servers of a few lines on loopback, for what a well-behaved one never does."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

PEM = Path(__file__).with_name("loopback.pem")

# Serves the n-th connection, n from 0.
Handler = Callable[[socket.socket, int], None]


@contextlib.contextmanager
def serving(handler: Handler, *, tls: bool = False) -> Iterator[int]:
    """A server that gives each connection to a thread of its own; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    connections: list[socket.socket] = []
    over = threading.Event()

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            number = len(connections) - 1
            thread = threading.Thread(target=serve, args=(connection, number))
            threads.append(thread)
            thread.start()

    def serve(connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), contextlib.closing(connection):
            if not tls:
                handler(connection, number)
                return
            with server_side(connection) as secured:
                handler(secured, number)

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        acceptor.join()
        for thread in threads:
            thread.join()


def server_side(connection: socket.socket) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    return context.wrap_socket(connection, server_side=True)


def read_head(connection: socket.socket) -> bytes:
    """Up to and without the empty line, byte by byte; empty at the end of the connection."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return b""
        head += byte
    return head[:-4]


def read_request(connection: socket.socket) -> tuple[bytes, bytes]:
    head = read_head(connection)
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    body = b""
    while len(body) < length:
        piece = connection.recv(length - len(body))
        if not piece:
            break
        body += piece
    return head, body


def reset(connection: socket.socket) -> None:
    """Close with a RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Li-UUID: u1\r\n\r\nok"
