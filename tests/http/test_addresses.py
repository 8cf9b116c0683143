"""Addresses are looked up once for many connections, and each of them is tried."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from target_linkedin_resumes.http.client import KEEP_ADDRESSES_SECONDS, HttpTransport
from target_linkedin_resumes.http.messages import Request, TransportError
from target_linkedin_resumes.http.urls import parse_url

from .servers import OK, PEM, read_request, serving

HOST = "api.linkedin.test"


class Names:
    """A DNS: ``answers`` are given one after another, the last one for ever; each is counted."""

    def __init__(self, *answers: list[str] | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        self.asked.append((host, port))
        self.meanwhile()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return [found for ip in answer for found in socket.getaddrinfo(ip, port, 0, 1)]


def serve_ok(connection: socket.socket, _number: int) -> None:
    while read_request(connection)[0]:
        connection.sendall(OK)


def in_threads(count: int, work: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("tls", [False, True])
def test_64_connections_at_once_ask_once(tls: bool) -> None:
    names = Names(["127.0.0.1"])
    transport = HttpTransport(30, environ={"SSL_CERT_FILE": str(PEM)}, look_up=names)
    host = "localhost" if tls else HOST
    connections: list[int] = []
    statuses: list[int] = []
    all_here = threading.Barrier(64)

    def handler(connection: socket.socket, number: int) -> None:
        connections.append(number)
        serve_ok(connection, number)

    with serving(handler, tls=tls) as port:
        url = parse_url(f"{'https' if tls else 'http'}://{host}:{port}/")

        def work() -> None:
            all_here.wait()
            statuses.append(transport.send(Request("GET", url, {})).status)

        in_threads(64, work)
        transport.close()

    assert statuses == [200] * 64
    assert len(connections) == 64
    assert names.asked == [(host, port)]


def close_after_one(connection: socket.socket, _number: int) -> None:
    """Each request needs another connection."""
    read_request(connection)
    connection.sendall(OK)


def test_after_a_while_the_name_is_asked_again() -> None:
    now = [0.0]
    names = Names(["127.0.0.1"])
    transport = HttpTransport(5, environ={}, clock=lambda: now[0], look_up=names)
    keep = KEEP_ADDRESSES_SECONDS
    with serving(close_after_one) as port:
        for moment in (0.0, keep - 1, keep, 2 * keep - 1):
            now[0] = moment
            transport.send(Request("GET", parse_url(f"http://{HOST}:{port}/"), {}))
        transport.send(Request("GET", parse_url(f"http://another.test:{port}/"), {}))
        transport.close()
    assert names.asked == [(HOST, port), (HOST, port), ("another.test", port)]


def test_each_address_is_tried_until_one_answers() -> None:
    """As with a host that has an IPv6 address and a network that has none."""
    names = Names(["::1", "127.0.0.2", "127.0.0.1"])
    transport = HttpTransport(5, environ={}, look_up=names)
    with serving(close_after_one) as port:  # it listens on 127.0.0.1 alone
        request = Request("GET", parse_url(f"http://{HOST}:{port}/"), {})
        assert [transport.send(request).status for _ in range(2)] == [200, 200]
        transport.close()
    assert len(names.asked) == 1


def test_addresses_of_which_none_answers_are_not_kept() -> None:
    names = Names(["127.0.0.2"], [], ["127.0.0.1"])
    transport = HttpTransport(5, environ={}, look_up=names)
    with serving(close_after_one) as port:
        request = Request("GET", parse_url(f"http://{HOST}:{port}/"), {})
        for reason in ("connection refused", "the connection failed"):
            with pytest.raises(TransportError, match=reason):
                transport.send(request)
        assert transport.send(request).status == 200
        transport.close()
    assert len(names.asked) == 3


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long")])
def test_a_failed_look_up_ends_the_wait_of_all_and_is_not_kept(error: Exception) -> None:
    names = Names(error, ["127.0.0.1"])
    asked, answers = threading.Event(), threading.Event()

    def meanwhile() -> None:
        asked.set()
        answers.wait(30)

    names.meanwhile = meanwhile
    transport = HttpTransport(30, environ={}, look_up=names)
    faults: list[str] = []
    with serving(serve_ok) as port:
        request = Request("GET", parse_url(f"http://{HOST}:{port}/"), {})

        def work() -> None:
            try:
                transport.send(request)
            except TransportError as fault:
                faults.append(fault.reason)

        threads = [threading.Thread(target=work) for _ in range(4)]
        threads[0].start()
        assert asked.wait(30)
        for thread in threads[1:]:
            thread.start()
        answers.set()
        for thread in threads:
            thread.join()
        assert transport.send(request).status == 200
        transport.close()
    assert faults
    assert all(fault.startswith(f"{HOST}: ") for fault in faults)
