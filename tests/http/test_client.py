from __future__ import annotations

import io
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from target_linkedin_resumes.errors import Retry
from target_linkedin_resumes.http.client import (
    BLOCK_BYTES,
    MAX_RESPONSE_BYTES,
    HttpTransport,
)
from target_linkedin_resumes.http.messages import (
    BodyChanged,
    InvalidRequest,
    ProxyRefused,
    Request,
    Response,
    Stale,
    Stream,
    TransportError,
    Untrusted,
)
from target_linkedin_resumes.http.urls import parse_url

from .servers import OK, PEM, read_head, read_request, reset, server_side, serving

SECRET = "signature-of-the-url"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\ntransfer-ENCODING: Chunked\r\nContent-Length: 9\r\n\r\n"
    b"2;x=y\r\nok\r\n0\r\nTrailer: z\r\n\r\n"
)


@pytest.fixture
def transport() -> Iterator[HttpTransport]:
    transport = HttpTransport(5, environ={})
    yield transport
    transport.close()


def get(port: int, target: str = f"/x?sig={SECRET}") -> Request:
    return Request("GET", parse_url(f"http://127.0.0.1:{port}{target}"), {})


def post(port: int, body: bytes | Stream, target: str = f"/x?sig={SECRET}") -> Request:
    url = parse_url(f"http://127.0.0.1:{port}{target}")
    return Request("POST", url, {"Content-Type": "text/plain"}, body)


def serve_ok(connection: socket.socket, _number: int) -> None:
    while read_request(connection)[0]:
        connection.sendall(OK)


def test_sends_the_target_byte_for_byte(transport: HttpTransport) -> None:
    heads = []

    def handler(connection: socket.socket, _number: int) -> None:
        heads.append(read_request(connection)[0])
        connection.sendall(OK)

    target = "/ambry/?x=%2fa%7e%7E//../b&c=+%20;[]{}|\\^`'\""
    with serving(handler) as port:
        response = transport.send(get(port, target))
    assert heads[0].split(b"\r\n")[0] == f"GET {target} HTTP/1.1".encode()
    assert heads[0].split(b"\r\n")[1] == f"Host: 127.0.0.1:{port}".encode()
    assert b"content-length" not in heads[0].lower()
    assert (response.status, response.body, response.header("x-LI-uuid")) == (200, b"ok", "u1")


@pytest.mark.parametrize(
    "size",
    [0, 1, BLOCK_BYTES - 500, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES + 7],
)
@pytest.mark.parametrize("streamed", [True, False])
def test_sends_a_body_whole(transport: HttpTransport, size: int, streamed: bool) -> None:
    seen = []

    def handler(connection: socket.socket, _number: int) -> None:
        seen.append(read_request(connection))
        connection.sendall(OK)

    content = os.urandom(size)
    with serving(handler) as port:
        transport.send(post(port, Stream(io.BytesIO(content), size) if streamed else content))
    head, body = seen[0]
    assert body == content
    assert f"content-length: {size}\r\n".encode() in head.lower() + b"\r\n"
    assert b"transfer-encoding" not in head.lower()


@pytest.mark.parametrize("streamed", [True, False])
def test_a_small_body_goes_in_one_packet_with_its_head(
    transport: HttpTransport, streamed: bool
) -> None:
    packets = []

    def handler(connection: socket.socket, _number: int) -> None:
        packets.append(connection.recv(65536))
        connection.sendall(OK)

    body = Stream(io.BytesIO(b"z" * 2000), 2000) if streamed else b"z" * 2000
    with serving(handler) as port:
        transport.send(post(port, body))
    assert packets[0].endswith(b"\r\n\r\n" + b"z" * 2000)


def test_keeps_one_connection_a_thread(transport: HttpTransport) -> None:
    connections = []

    def handler(connection: socket.socket, number: int) -> None:
        connections.append(number)
        serve_ok(connection, number)

    with serving(handler) as port:

        def work() -> None:
            for _ in range(5):
                transport.send(get(port))

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(connections) == 3


def test_opens_a_new_connection_when_the_server_closes(transport: HttpTransport) -> None:
    def handler(connection: socket.socket, _number: int) -> None:
        read_request(connection)
        connection.sendall(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    with serving(handler) as port:
        assert [transport.send(get(port)).status for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize("abruptly", [True, False])
@pytest.mark.parametrize("late", [True, False])
def test_a_stale_connection_is_replaced_and_the_body_sent_anew(
    transport: HttpTransport, abruptly: bool, late: bool
) -> None:
    """Closed while idle, or (late) only when the next request comes in."""
    bodies = []
    closed = threading.Event()

    def handler(connection: socket.socket, number: int) -> None:
        bodies.append(read_request(connection)[1])
        connection.sendall(OK)
        if number == 0:
            if late:
                read_head(connection)
            if abruptly:
                reset(connection)
            else:
                connection.shutdown(socket.SHUT_RDWR)
            closed.set()

    content = b"resume" * (BLOCK_BYTES // 3)  # two pieces
    with serving(handler) as port:
        transport.send(get(port))
        if not late:
            assert closed.wait(5)
        response = transport.send(post(port, Stream(io.BytesIO(content), len(content))))
    assert response.status == 200
    assert bodies == [b"", content]


def test_what_may_not_be_repeated_is_not_sent_twice(transport: HttpTransport) -> None:
    heads = []

    def handler(connection: socket.socket, _number: int) -> None:
        heads.append(read_request(connection)[0])
        connection.sendall(OK)
        heads.append(read_request(connection)[0])

    with serving(handler) as port:
        transport.send(get(port))
        with pytest.raises(Stale, match="the kept connection was closed"):
            transport.send(replace(get(port), repeatable=False))
        assert len(heads) == 2


def test_a_fresh_connection_that_is_closed_is_not_tried_again(transport: HttpTransport) -> None:
    numbers = []

    def handler(connection: socket.socket, number: int) -> None:
        numbers.append(number)
        read_request(connection)

    with serving(handler) as port, pytest.raises(TransportError, match="without an answer"):
        transport.send(get(port))
    assert numbers == [0]


def test_a_connection_that_dies_within_the_answer_is_not_tried_again(
    transport: HttpTransport,
) -> None:
    numbers = []

    def handler(connection: socket.socket, number: int) -> None:
        numbers.append(number)
        read_request(connection)
        connection.sendall(OK)
        read_request(connection)
        connection.sendall(b"HTTP/1.1 2")

    with serving(handler) as port:
        transport.send(get(port))
        with pytest.raises(TransportError):
            transport.send(get(port))
    assert numbers == [0]


def test_reads_the_answer_of_a_server_that_hangs_up_early(transport: HttpTransport) -> None:
    def handler(connection: socket.socket, _number: int) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.05)
        reset(connection)

    size = 20 * 1024 * 1024
    with serving(handler) as port:
        response = transport.send(post(port, Stream(io.BytesIO(bytes(size)), size)))
    assert (response.status, response.body) == (413, b"big")


def test_does_not_believe_a_success_for_half_a_body(transport: HttpTransport) -> None:
    def handler(connection: socket.socket, _number: int) -> None:
        read_head(connection)
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.05)
        reset(connection)

    size = 20 * 1024 * 1024
    with serving(handler) as port, pytest.raises(TransportError, match="connection reset"):
        transport.send(post(port, Stream(io.BytesIO(bytes(size)), size)))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 O",
        b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nLocation: /AAYU-of-a-fi",
        b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nLocation: /AAYU-of-a-file.pdf\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\nshort\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-9\r\nshort\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK,
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\x16\x03\x01\x00\x00",
        b"\r\n\r\n",
        b"",
    ],
)
def test_a_broken_answer_is_a_clean_failure(transport: HttpTransport, answer: bytes) -> None:
    def handler(connection: socket.socket, _number: int) -> None:
        read_request(connection)
        connection.sendall(answer)

    with serving(handler) as port, pytest.raises(TransportError) as error:
        transport.send(get(port))
    assert SECRET not in error.value.reason
    assert error.value.reason.startswith("127.0.0.1: ")


def test_reads_chunks_and_goes_on_with_the_connection(transport: HttpTransport) -> None:
    numbers = []

    def handler(connection: socket.socket, number: int) -> None:
        numbers.append(number)
        while read_request(connection)[0]:
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
            )

    with serving(handler) as port:
        assert [transport.send(get(port)).body for _ in range(2)] == [b"abc", b"abc"]
    assert numbers == [0]


def answered_with(transport: HttpTransport, answer: bytes, method: str = "GET") -> Response:
    """What is made of an answer, after which the server says no more and goes on listening."""

    def handler(connection: socket.socket, _number: int) -> None:
        while read_request(connection)[0]:
            connection.sendall(answer)

    with serving(handler) as port:
        return transport.send(replace(get(port), method=method))


def test_headers_are_found_by_their_names_whatever_their_case(transport: HttpTransport) -> None:
    response = answered_with(
        transport,
        b"HTTP/1.1 200 OK\r\nX-One:a\r\nx-two: \t b: c \t\r\nX-THREE: \xe9\r\nX-Four:\r\n"
        b"x-Five: lf only\nCONTENT-LENGTH:  2 \r\nX-One: not this one\r\n\r\nok",
    )
    assert response == Response(
        200,
        {
            "x-one": "a",
            "x-two": "b: c",
            "x-three": "é",
            "x-four": "",
            "x-five": "lf only",
            "content-length": "2",
        },
        b"ok",
    )


def test_as_many_and_as_long_headers_as_http_client_takes(transport: HttpTransport) -> None:
    lines = b"".join(b"X-%d: y\r\n" % number for number in range(97))
    long = b"X-Long: " + b"y" * 65_000
    response = answered_with(
        transport, b"HTTP/1.1 200 OK\r\n" + lines + long + b"\r\nContent-Length: 2\r\n\r\nok"
    )
    assert (len(response.headers), response.body) == (99, b"ok")


@pytest.mark.parametrize(
    ("answer", "method", "status", "body", "connections"),
    [
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "GET", 204, b"", 1),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET", 304, b"", 1),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", 200, b"", 1),
        (b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" + OK, "GET", 200, b"ok", 1),
        (OK.replace(b"1.1 200 OK", b"1.1 200"), "GET", 200, b"ok", 1),
        (OK.replace(b"\r\nX-", b"\r\nConnection: x, Close\r\nX-"), "GET", 200, b"ok", 2),
        (OK.replace(b"1.1", b"1.0"), "GET", 200, b"ok", 2),
        (OK.replace(b"1.1 200 OK", b"1.0 200 OK\r\nConnection: keep-alive"), "GET", 200, b"ok", 1),
        (CHUNKED, "GET", 200, b"ok", 1),
    ],
)  # fmt: skip
def test_where_an_answer_ends_and_whether_the_connection_is_kept(
    transport: HttpTransport, answer: bytes, method: str, status: int, body: bytes, connections: int
) -> None:
    numbers = []

    def handler(connection: socket.socket, number: int) -> None:
        numbers.append(number)
        while read_request(connection)[0]:
            connection.sendall(answer)

    with serving(handler) as port:
        for _ in range(2):
            response = transport.send(replace(get(port), method=method))
            assert (response.status, response.body) == (status, body)
    assert len(numbers) == connections


def test_an_answer_without_a_length_ends_with_its_connection(transport: HttpTransport) -> None:
    def handler(connection: socket.socket, _number: int) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nok")

    with serving(handler) as port:
        assert [transport.send(get(port)).body for _ in range(2)] == [b"ok", b"ok"]


@pytest.mark.parametrize("chunked", [True, False])
def test_reads_no_more_of_an_answer_than_it_has_room_for(
    transport: HttpTransport, chunked: bool
) -> None:
    def handler(connection: socket.socket, _number: int) -> None:
        read_request(connection)
        size = MAX_RESPONSE_BYTES + 1
        content = b"x" * size
        if chunked:
            head, body = b"Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (size, content)
        else:
            head, body = b"Content-Length: %d" % size, content
        connection.sendall(b"HTTP/1.1 503 Busy\r\n" + head + b"\r\n\r\n" + body)

    with serving(handler) as port:
        for _ in range(2):
            response = transport.send(get(port))
            assert (response.status, len(response.body)) == (503, MAX_RESPONSE_BYTES)


def test_redirects_are_not_followed(transport: HttpTransport) -> None:
    def handler(connection: socket.socket, _number: int) -> None:
        read_request(connection)
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nSet-Cookie: a=b\r\n"
            b"Content-Length: 0\r\n\r\n"
        )
        assert b"cookie" not in read_request(connection)[0].lower()
        connection.sendall(OK)

    with serving(handler) as port:
        assert transport.send(get(port)).status == 302
        assert transport.send(get(port)).status == 200


@pytest.mark.parametrize("size", [2999, 3001, BLOCK_BYTES + 1])
def test_a_body_of_another_length_is_never_taken_for_the_file(
    transport: HttpTransport, size: int
) -> None:
    received = []

    def handler(connection: socket.socket, _number: int) -> None:
        received.append(read_request(connection)[1])

    with serving(handler) as port, pytest.raises(BodyChanged):
        transport.send(post(port, Stream(io.BytesIO(b"x" * size), 3000)))
    assert len(received) <= 1
    assert all(len(body) < 3000 for body in received)


BROKEN_BYTES = 3 * BLOCK_BYTES  # of which two pieces go out


class BrokenFile(io.BytesIO):
    def __init__(self, error: Exception) -> None:
        super().__init__(bytes(BROKEN_BYTES))
        self.error = error

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > BROKEN_BYTES // 2:
            raise self.error
        return super().read(size)


@pytest.mark.parametrize(
    "error", [OSError(5, "Input/output error"), ValueError("I/O operation on closed file")]
)
def test_a_body_that_cannot_be_read_is_a_clean_failure(
    transport: HttpTransport, error: Exception
) -> None:
    with serving(serve_ok) as port:
        with pytest.raises(BodyChanged, match="could not be read"):
            transport.send(post(port, Stream(BrokenFile(error), BROKEN_BYTES)))
        # and the half-written request is not continued by the next
        assert transport.send(get(port)).status == 200


def test_a_failure_from_the_file_itself_passes_through(transport: HttpTransport) -> None:
    with serving(serve_ok) as port:
        with pytest.raises(Retry, match="was changed"):
            transport.send(post(port, Stream(BrokenFile(Retry("was changed")), BROKEN_BYTES)))
        assert transport.send(get(port)).status == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [("X", "a\r\nEvil: b"), ("X", "a\nb"), ("X", "a\0b"), ("X", "é"), ("X\r\nY", "a")],
)
def test_nothing_but_printable_ascii_goes_into_a_header(
    transport: HttpTransport, name: str, value: str
) -> None:
    def handler(connection: socket.socket, _number: int) -> None:
        raise AssertionError(read_head(connection))

    with serving(handler) as port:
        request = Request("GET", parse_url(f"http://127.0.0.1:{port}/"), {name: value})
        with pytest.raises(InvalidRequest):
            transport.send(request)


def test_a_refused_connection(transport: HttpTransport) -> None:
    with serving(serve_ok) as port:
        pass
    with pytest.raises(TransportError, match=r"^127\.0\.0\.1: connection refused$"):
        transport.send(get(port))


def test_a_name_that_does_not_exist(transport: HttpTransport) -> None:
    url = parse_url(f"http://no-such-host.invalid/?sig={SECRET}")
    with pytest.raises(TransportError, match=r"^no-such-host\.invalid: DNS lookup failed$"):
        transport.send(Request("GET", url, {}))


def secure(port: int, host: str = "localhost") -> Request:
    return Request("GET", parse_url(f"https://{host}:{port}/x?sig={SECRET}"), {})


def test_a_certificate_that_is_not_trusted(transport: HttpTransport) -> None:
    with (
        serving(serve_ok, tls=True) as port,
        pytest.raises(Untrusted, match="the TLS certificate is not trusted") as error,
    ):
        transport.send(secure(port))
    assert SECRET not in error.value.reason


def test_a_certificate_of_another_host() -> None:
    def proxy(connection: socket.socket, _number: int) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        server_side(connection).close()

    with serving(proxy) as port:
        environ = {"HTTPS_PROXY": f"127.0.0.1:{port}", "SSL_CERT_FILE": str(PEM)}
        transport = HttpTransport(5, environ=environ)
        with pytest.raises(Untrusted, match="not valid for"):
            transport.send(Request("GET", parse_url("https://other.test/a"), {}))
        transport.close()


def test_a_server_that_does_not_speak_tls(transport: HttpTransport) -> None:
    def handler(connection: socket.socket, _number: int) -> None:
        connection.recv(1)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with serving(handler) as port, pytest.raises(TransportError):
        transport.send(secure(port))


def test_goes_to_http_hosts_through_the_proxy() -> None:
    heads = []

    def proxy(connection: socket.socket, _number: int) -> None:
        while head := read_request(connection)[0]:
            heads.append(head.split(b"\r\n"))
            connection.sendall(OK)

    with serving(proxy) as port:
        transport = HttpTransport(5, environ={"HTTP_PROXY": f"http://me:word@127.0.0.1:{port}"})
        url = parse_url("http://linkedin.test:8080/a?b=%2f")
        for _ in range(2):
            assert transport.send(Request("GET", url, {"A": "b"})).status == 200
        transport.close()
    assert heads[0][0] == b"GET http://linkedin.test:8080/a?b=%2f HTTP/1.1"
    assert heads[0][1] == b"Host: linkedin.test:8080"
    assert b"Proxy-Authorization: Basic bWU6d29yZA==" in heads[0]
    assert heads[1] == heads[0]


def test_goes_to_https_hosts_through_a_tunnel() -> None:
    heads = []

    def proxy(connection: socket.socket, _number: int) -> None:
        heads.append(read_head(connection))
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with server_side(connection) as secured:
            heads.append(read_head(secured))
            secured.sendall(OK)

    with serving(proxy) as port:
        environ = {"HTTPS_PROXY": f"http://me:word@127.0.0.1:{port}", "SSL_CERT_FILE": str(PEM)}
        transport = HttpTransport(5, environ=environ)
        url = parse_url("https://linkedin.test/a?b=%2f")
        assert transport.send(Request("GET", url, {})).status == 200
        transport.close()
    assert heads[0].startswith(b"CONNECT linkedin.test:443 ")
    assert b"Proxy-Authorization: Basic bWU6d29yZA==" in heads[0]
    assert heads[1].startswith(b"GET /a?b=%2f HTTP/1.1\r\nHost: linkedin.test\r\n")
    assert b"Proxy-Authorization" not in heads[1]


@pytest.mark.parametrize(("status", "kind"), [(407, ProxyRefused), (502, TransportError)])
def test_a_proxy_that_refuses_the_tunnel(status: int, kind: type[TransportError]) -> None:
    def proxy(connection: socket.socket, _number: int) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 %d No\r\n\r\n" % status)

    with serving(proxy) as port:
        transport = HttpTransport(5, environ={"HTTPS_PROXY": f"127.0.0.1:{port}"})
        with pytest.raises(TransportError, match=f"refused a tunnel with status {status}") as error:
            transport.send(Request("GET", parse_url("https://linkedin.test/a"), {}))
        transport.close()
    assert type(error.value) is kind


def test_closing_wakes_a_thread_that_waits(transport: HttpTransport) -> None:
    waits = threading.Event()
    failures = []

    def handler(connection: socket.socket, _number: int) -> None:
        read_request(connection)
        waits.set()
        connection.recv(1)

    with serving(handler) as port:

        def work() -> None:
            try:
                transport.send(get(port))
            except TransportError as error:
                failures.append(error.reason)

        thread = threading.Thread(target=work)
        thread.start()
        assert waits.wait(5)
        transport.close()
        thread.join(5)
        assert not thread.is_alive()
        assert failures == ["the connection was closed by this program"]
        with pytest.raises(TransportError, match="closed by this program"):
            transport.send(get(port))
