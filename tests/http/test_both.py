"""What LinkedIn's client and that of the sources share: one set of cases for both."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Mapping

import pytest

from target_linkedin_resumes.errors import Failure
from target_linkedin_resumes.http.client import HttpTransport
from target_linkedin_resumes.http.messages import Request, TransportError
from target_linkedin_resumes.http.sockets import MAX_HEAD_BYTES
from target_linkedin_resumes.http.urls import parse_url
from target_linkedin_resumes.resumes.prefixes import Prefixes
from target_linkedin_resumes.resumes.web import Web
from target_linkedin_resumes.setting_kinds import FileSource

from .servers import OK, PEM, Handler, read_head, read_request, server_side, serving


class NotFetched(Exception):
    """The message of what kept a client from its response."""


# Fetches a URL with a timeout, in seconds, in an environment.
Fetch = Callable[[str, float, Mapping[str, str]], bytes]


def with_linkedins(url: str, timeout: float, environ: Mapping[str, str]) -> bytes:
    with contextlib.closing(HttpTransport(timeout, environ=environ)) as client:
        try:
            return client.send(Request("GET", parse_url(url), {})).body
        except TransportError as error:
            raise NotFetched(error.reason) from None


def with_the_sources(url: str, timeout: float, environ: Mapping[str, str]) -> bytes:
    listed = Prefixes([FileSource(url)])
    with contextlib.closing(Web(listed, timeout=timeout, environ=environ)) as client:
        try:
            with client.open(url) as found:
                return found.body.read()
        except Failure as failure:
            raise NotFetched(failure.message) from None


both = pytest.mark.parametrize("fetch", [with_linkedins, with_the_sources])


def serve_ok(connection: socket.socket, _number: int) -> None:
    while read_request(connection)[0]:
        connection.sendall(OK)


@both
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_trusts_the_certificates_that_the_environment_names(fetch: Fetch, variable: str) -> None:
    with serving(serve_ok, tls=True) as port:
        url = f"https://localhost:{port}/cv.pdf"
        with pytest.raises(NotFetched, match="certificate"):
            fetch(url, 5, {})
        assert fetch(url, 5, {variable: str(PEM)}) == b"ok"
        with pytest.raises(NotFetched, match="certificate"):  # trust ends with its client
            fetch(url, 5, {})


@contextlib.contextmanager
def proxying() -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that answers for every host; yields its host and port, and the heads it got."""
    heads: list[bytes] = []

    def handler(connection: socket.socket, _number: int) -> None:
        while head := read_head(connection):
            heads.append(head)
            if head.startswith(b"CONNECT"):
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                with server_side(connection) as secured:
                    heads.append(read_head(secured))
                    secured.sendall(OK)
                return
            connection.sendall(OK)

    with serving(handler) as port:
        yield f"127.0.0.1:{port}", heads


CREDENTIALS = b"Proxy-Authorization: Basic bWU6cEBzcw=="


@both
@pytest.mark.parametrize(
    ("variable", "scheme"),
    [
        ("HTTP_PROXY", "http"),
        ("http_proxy", "http"),
        ("ALL_PROXY", "http"),
        ("HTTPS_PROXY", "https"),
        ("https_proxy", "https"),
        ("all_proxy", "https"),
    ],
)
def test_goes_through_the_proxy_of_the_environment(
    fetch: Fetch, variable: str, scheme: str
) -> None:
    with proxying() as (proxy, heads):
        environ = {variable: f"http://me:p%40ss@{proxy}", "SSL_CERT_FILE": str(PEM)}
        assert fetch(f"{scheme}://linkedin.test/cv.pdf", 5, environ) == b"ok"
    connect, get = b"CONNECT linkedin.test:443", b"GET http://linkedin.test/cv.pdf"
    assert heads[0].startswith(connect if scheme == "https" else get)
    assert CREDENTIALS in heads[0]
    if scheme == "https":
        assert heads[1].startswith(b"GET /cv.pdf")
        assert b"Proxy-Authorization" not in heads[1]


@both
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(
    ("host", "direct"),
    [("localhost", ""), ("192.0.2.1", "a.test, 192.0.2.0/24"), ("a.linkedin.invalid", ".invalid")],
)
def test_what_goes_directly(fetch: Fetch, variable: str, host: str, direct: str) -> None:
    """This machine always does."""
    with proxying() as (proxy, heads):
        with pytest.raises(NotFetched):
            fetch(f"http://{host}:9/cv.pdf", 0.2, {"HTTP_PROXY": proxy, variable: direct})
        assert heads == []


def trickling(start: bytes, piece: bytes) -> Handler:
    """Begins, and goes on for half a minute or until the client hangs up."""

    def handler(connection: socket.socket, _number: int) -> None:
        read_head(connection)
        connection.sendall(start)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            connection.sendall(piece)
            time.sleep(0.01)

    return handler


ENDLESS = {
    "nothing": trickling(b"", b""),
    "a header": trickling(b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
    "headers": trickling(b"HTTP/1.1 200 OK\r\n", b"X-%d: a\r\n"),
    "interim responses": trickling(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body": trickling(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"0"),
    "the head of a chunk": trickling(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"
    ),
    "the end of the chunks": trickling(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: a\r\n"
    ),
}


@both
@pytest.mark.parametrize("what", ENDLESS)
def test_a_server_without_end(fetch: Fetch, what: str) -> None:
    """Each piece comes in time, and there is always another."""
    with serving(ENDLESS[what]) as port:
        begun = time.monotonic()
        with pytest.raises(NotFetched):
            fetch(f"http://127.0.0.1:{port}/cv.pdf", 0.1, {})
        assert time.monotonic() - begun < 20


@both
def test_interim_responses_by_the_thousand_are_not_read(fetch: Fetch) -> None:
    sent: list[int] = []
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" * 4000

    def handler(connection: socket.socket, _number: int) -> None:
        read_head(connection)
        while sum(sent) < 1000 * MAX_HEAD_BYTES:
            connection.sendall(interim)
            sent.append(len(interim))

    with serving(handler) as port, pytest.raises(NotFetched):
        fetch(f"http://127.0.0.1:{port}/cv.pdf", 5, {})
    assert sum(sent) < 200 * MAX_HEAD_BYTES


@both
def test_an_interim_response_is_none_of_the_response(fetch: Fetch) -> None:
    def handler(connection: socket.socket, _number: int) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)

    with serving(handler) as port:
        assert fetch(f"http://127.0.0.1:{port}/cv.pdf", 5, {}) == b"ok"


@both
def test_a_body_may_take_longer_than_one_timeout(fetch: Fetch) -> None:
    """It is each of its waits that may not."""

    def handler(connection: socket.socket, _number: int) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            time.sleep(0.15)
            connection.sendall(b"a")

    with serving(handler) as port:
        assert fetch(f"http://127.0.0.1:{port}/cv.pdf", 1, {}) == b"a" * 8
