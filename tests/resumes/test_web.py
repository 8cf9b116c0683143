import gzip
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from urllib3.exceptions import SSLError

from target_linkedin_resumes.errors import Failure, Misconfigured, Reject, Retry
from target_linkedin_resumes.http.address_guard import is_public
from target_linkedin_resumes.http.oauth import OAuth
from target_linkedin_resumes.http.proxies import CA_VARIABLES
from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes.answers import failure_of_error
from target_linkedin_resumes.resumes.codes import CODES
from target_linkedin_resumes.resumes.prefixes import FileSource, Prefixes
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.resumes.spool import MAX_SIZE
from target_linkedin_resumes.resumes.standings import Gates
from target_linkedin_resumes.resumes.web import Web
from tests.resumes.samples import PDF, TXT
from tests.resumes.server import Server, send, serving

NOW = 1_714_560_000  # 2024-05-01T10:40:00Z
TOKEN = {"Authorization": "Bearer of-the-source"}


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CA_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def web(server: Server) -> Iterator[Web]:
    """Trusts /in of the server and of none other; waits two seconds."""
    prefixes = Prefixes([FileSource(server.url("/in"), TOKEN)])
    web = Web(prefixes, timeout=2, wall_clock=lambda: NOW)
    yield web
    web.close()


def fetched(web: Web, url: str) -> tuple[bytes, str | None]:
    with web.open(url) as found:
        content = found.body.read()
        assert found.size == len(content)
        return content, found.name


def failure(web: Web, url: str) -> Failure:
    """What comes of a URL; the message quotes nothing of it."""
    with pytest.raises(Failure) as caught, web.open(url):
        pytest.fail("it was opened")
    message = re.sub(r"a redirect led to [^ ]+: ", "", caught.value.message)
    assert not any(part in message for part in ("127.0.0.1", "/in/", "example", "secret", "Bearer"))
    assert caught.value.__cause__ is None
    if isinstance(caught.value, Reject):
        assert caught.value.code in CODES
    return caught.value


def refusal(web: Web, url: str) -> str:
    reject = failure(web, url)
    assert isinstance(reject, Reject)
    return reject.code


def test_a_listed_source_gets_its_headers(server: Server, web: Web) -> None:
    url = server.file("/in/cv.pdf", PDF)
    assert fetched(web, url + "?v=1") == (PDF, "cv.pdf")
    assert server.asked[0].path == "/in/cv.pdf?v=1"
    assert server.asked[0].headers["Authorization"] == "Bearer of-the-source"
    assert server.asked[0].headers["Host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("path", "header", "name"),
    [
        ("/in/7/download", 'attachment; filename="Ré.doc"', "Ré.doc"),
        ("/in/7/download", "attachment; filename*=UTF-8''R%C3%A9.doc", "Ré.doc"),
        ("/in/a%20b.pdf", "", "a b.pdf"),
        ("/in/7/VersionData", "", None),
        ("/in/7/download", "attachment", None),
    ],
)
def test_the_name(server: Server, web: Web, path: str, header: str, name: str | None) -> None:
    server.file(path, PDF, Content_Disposition=header.encode().decode("latin-1"))
    assert fetched(web, server.url(path))[1] == name


@pytest.mark.parametrize("status", [200, 203])
def test_a_status_of_success(server: Server, web: Web, status: int) -> None:
    assert fetched(web, server.file("/in/cv.pdf", PDF, status))[0] == PDF


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_the_first_url_may_name_the_file(
    server: Server, web: Web, status: int
) -> None:
    server.redirect("/in/cv.pdf", "blob/1", status)
    server.file("/in/blob/1", PDF)
    assert fetched(web, server.url("/in/cv.pdf")) == (PDF, "cv.pdf")


def test_five_redirects_and_no_more(server: Server, web: Web) -> None:
    server.file("/in/0", PDF)
    for number in range(1, 7):
        server.redirect(f"/in/{number}", f"/in/{number - 1}")
    assert fetched(web, server.url("/in/5"))[0] == PDF
    server.asked.clear()
    assert refusal(web, server.url("/in/6")) == "source_refused"
    assert len(server.asked) == 6
    server.redirect("/in/loop", "/in/loop")
    assert refusal(web, server.url("/in/loop")) == "source_refused"


def test_headers_stay_behind_when_a_redirect_leaves_the_prefix(server: Server) -> None:
    prefixes = Prefixes(
        [
            FileSource(server.url("/in"), TOKEN),
            FileSource(server.url("/other", "localhost"), {"X-Key": "other"}),
            FileSource(server.url("/bare")),
        ]
    )
    web = Web(prefixes, timeout=2)
    server.redirect("/in/1", server.url("/other/2", "localhost"))
    server.redirect("/other/2", server.url("/bare/3"))
    server.redirect("/bare/3", server.url("/in/4"))
    server.file("/in/4", PDF)
    assert fetched(web, server.url("/in/1"))[0] == PDF
    sent = [(a.headers.get("Authorization"), a.headers.get("X-Key")) for a in server.asked]
    token = TOKEN["Authorization"]
    assert sent == [(token, None), (None, "other"), (None, None), (token, None)]
    web.close()


def test_a_redirect_to_a_public_host_carries_no_header(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One loopback address stands for the public internet here."""
    with serving("127.0.0.2") as public:
        found = socket.getaddrinfo

        def resolve(host: str, *args: object, **kwargs: object) -> object:
            return found("127.0.0.2" if host == "cdn.example" else host, *args, **kwargs)  # type: ignore[arg-type]  # passed on as it comes

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        web = Web(
            Prefixes([FileSource(server.url("/in"), TOKEN)]),
            timeout=2,
            public=lambda address: address == "127.0.0.2",
            ports=(public.port,),
        )
        server.redirect("/in/cv", public.url("/blob?sig=1", "cdn.example"))
        public.file("/blob", PDF)
        assert fetched(web, server.url("/in/cv"))[0] == PDF
        assert "Authorization" in server.asked[0].headers
        assert "Authorization" not in public.asked[0].headers
        assert public.asked[0].headers["Host"] == f"cdn.example:{public.port}"
        web.close()


def test_the_body_of_a_redirect_is_not_read(server: Server, web: Web) -> None:
    sent: list[int] = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/in/cv.pdf")
        handler.end_headers()
        handler.close_connection = True
        while len(sent) < 1000:
            handler.wfile.write(bytes(1_000_000))
            sent.append(1)

    server.answers["/in/start"] = endless
    server.file("/in/cv.pdf", PDF)
    assert fetched(web, server.url("/in/start"))[0] == PDF
    assert len(sent) < 100


def cookies(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 302, b"", {"Location": "/in/cv.pdf", "Set-Cookie": "session=1; Path=/"})


def test_cookies_live_within_one_chain_and_no_netrc_is_read(
    server: Server, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login user password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    server.answers["/in/start"] = cookies
    server.file("/in/cv.pdf", PDF)
    fetched(web, server.url("/in/start"))
    fetched(web, server.url("/in/start"))
    sent = [(asked.path, asked.headers.get("Cookie")) for asked in server.asked]
    assert sent == [("/in/start", None), ("/in/cv.pdf", "session=1")] * 2
    assert {asked.headers["Authorization"] for asked in server.asked} == {TOKEN["Authorization"]}


def test_cookies_stay_with_the_host_that_set_them(server: Server) -> None:
    """As SharePoint's anonymous links need them, and no more."""
    with serving("127.0.0.2") as other:
        listed = [
            FileSource(server.url("/in"), {"Cookie": "own=1"}),
            FileSource(other.url("/", "127.0.0.2")),
        ]
        web = Web(Prefixes(listed), timeout=2)
        there = other.url("/there", "127.0.0.2")
        back = server.url("/in/cv.pdf")
        server.answers["/in/start"] = lambda handler: send(
            handler, 302, b"", {"Location": there, "Set-Cookie": "FedAuth=a; HttpOnly"}
        )
        other.answers["/there"] = lambda handler: send(
            handler, 302, b"", {"Location": back, "Set-Cookie": "FedAuth=b; Domain=127.0.0.1"}
        )
        server.file("/in/cv.pdf", PDF)
        assert fetched(web, server.url("/in/start"))[0] == PDF
        assert [asked.headers.get("Cookie") for asked in server.asked] == [
            "own=1",
            "own=1; FedAuth=a",
        ]
        assert "Cookie" not in other.asked[0].headers
        web.close()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("http://127.0.0.1:1/out", "a redirect led to 127.0.0.1: the URL names another port"),
        ("http://10.0.0.1/", "a redirect led to 10.0.0.1: the URL leads to an address that"),
        ("ftp://example.com/a", "a redirect led to example.com: the source redirects to a URL"),
        ("file:///etc/passwd", "field 'file': the source redirects to a URL"),
    ],
)
def test_a_redirect_to_what_is_not_allowed_is_told_as_one(
    server: Server, web: Web, target: str, said: str
) -> None:
    server.redirect("/in/to", target)
    with pytest.raises(Reject, match=re.escape(said)), web.open(server.url("/in/to")):
        pytest.fail("it was followed")
    with pytest.raises(Reject) as caught, web.open("http://10.0.0.1/"):
        pytest.fail("it was followed")
    assert "redirect" not in caught.value.message


class TokenEndpoint:
    """Gives tokens, of which the source takes those that are in `good`, the newest at first."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.now = 1000.0
        self.made = 0
        self.good: set[str] = set()
        server.answers["/token"] = self.give
        server.answers["/in/cv.pdf"] = self.serve
        url = server.url("/token")
        oauth = OAuth(url, "the-id", "hidden-secret", "hidden-refresh", "files")
        listed = FileSource(
            server.url("/in"), {"Authorization": "Zoho-oauthtoken {token}"}, oauth=oauth
        )
        gates = Gates(900, lambda: self.now, lambda wait: wait)
        self.web = Web(Prefixes([listed]), timeout=2, clock=lambda: self.now, gates=gates)

    def give(self, handler: BaseHTTPRequestHandler) -> None:
        self.made += 1
        self.good = {f"token-{self.made}"}
        body = b'{"access_token": "token-%d", "expires_in": 3600}' % self.made
        send(handler, 200, body, {"Content-Type": "application/json"})

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        scheme, _, token = (handler.headers["Authorization"] or "").partition(" ")
        taken = scheme == "Zoho-oauthtoken" and token in self.good
        send(handler, 200 if taken else 401, PDF if taken else b"", {})


@pytest.fixture
def endpoint(server: Server) -> Iterator[TokenEndpoint]:
    endpoint = TokenEndpoint(server)
    yield endpoint
    endpoint.web.close()


def test_a_token_is_asked_for_once_and_sent_where_the_headers_say(
    server: Server, endpoint: TokenEndpoint
) -> None:
    for _ in range(3):
        assert fetched(endpoint.web, server.url("/in/cv.pdf"))[0] == PDF
    assert server.paths() == ["/token", *["/in/cv.pdf"] * 3]
    assert parse_qs(server.asked[0].form) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["hidden-refresh"],
        "client_id": ["the-id"],
        "client_secret": ["hidden-secret"],
        "scope": ["files"],
    }
    assert "Authorization" not in server.asked[0].headers
    endpoint.now += 3600
    assert fetched(endpoint.web, server.url("/in/cv.pdf"))[0] == PDF
    assert endpoint.made == 2


def test_a_token_that_was_withdrawn_is_replaced_at_once(
    server: Server, endpoint: TokenEndpoint
) -> None:
    fetched(endpoint.web, server.url("/in/cv.pdf"))
    endpoint.good = set()
    endpoint.now += 100
    assert fetched(endpoint.web, server.url("/in/cv.pdf"))[0] == PDF
    assert endpoint.made == 2


def test_a_file_that_a_new_token_does_not_open_is_denied(
    server: Server, endpoint: TokenEndpoint
) -> None:
    server.file("/in/secret.pdf", b"", 401)
    for _ in range(5):
        assert refusal(endpoint.web, server.url("/in/secret.pdf")) == "source_denied"
        endpoint.now += 20
    assert endpoint.made <= 3


@pytest.mark.parametrize(
    ("status", "body", "seconds"),
    [
        (503, b"", 7),
        (429, b"", 7),
        (400, b'{"error": "Access Denied", "error_description": "too many requests"}', 7),
        (400, b'{"error": "temporarily_unavailable"}', 7),
        (403, b"", 7),
        (202, b"", 7),
    ],
)
def test_a_token_endpoint_that_is_out_is_spared(
    server: Server, endpoint: TokenEndpoint, status: int, body: bytes, seconds: int | None
) -> None:
    server.file("/token", body, status, Retry_After="7")
    retry = failure(endpoint.web, server.url("/in/cv.pdf"))
    assert isinstance(retry, Retry)
    assert retry.retry_after == seconds
    assert isinstance(failure(endpoint.web, server.url("/in/cv.pdf")), Retry)
    assert server.paths() == ["/token"]


def hanging(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"{")
    handler.wfile.flush()
    handler.connection.recv(1)  # until the other side gives up


def breaking_off(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, b'{"access_token": "tok', {"Content-Length": "1000"})
    handler.close_connection = True


@pytest.mark.parametrize("answer", [hanging, breaking_off])
def test_a_token_endpoint_that_breaks_off_is_asked_once_by_all(
    server: Server, endpoint: TokenEndpoint, answer: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    endpoint.web._timeout = 0.3
    server.answers["/token"] = answer
    ended: list[Failure] = []

    def fetch() -> None:
        ended.append(failure(endpoint.web, server.url("/in/cv.pdf")))

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [isinstance(one, Retry) for one in ended] == [True] * 8
    assert server.paths() == ["/token"]


@pytest.mark.parametrize(
    ("status", "pack"),
    [(200, gzip.compress), (201, bytes), (200, lambda text: b"\xef\xbb\xbf" + text)],
)
def test_a_token_in_other_forms(
    server: Server, endpoint: TokenEndpoint, status: int, pack: Callable[[bytes], bytes]
) -> None:
    endpoint.good = {"token-1"}
    encoding = "gzip" if pack is gzip.compress else ""
    body = pack(b'{"access_token": "token-1"}')
    server.file("/token", body, status, Content_Encoding=encoding)
    assert fetched(endpoint.web, server.url("/in/cv.pdf"))[0] == PDF


@pytest.mark.parametrize("body", [b"<html>maintenance</html>", b" " * 3_000_000])
def test_a_token_endpoint_that_answers_something_else_in_a_run_is_spared(
    server: Server, endpoint: TokenEndpoint, body: bytes
) -> None:
    assert fetched(endpoint.web, server.url("/in/cv.pdf"))[0] == PDF
    endpoint.now += 3600
    server.file("/token", body)
    for _ in range(5):
        assert isinstance(failure(endpoint.web, server.url("/in/cv.pdf")), Retry)
    assert server.paths().count("/token") == 3  # one failure alone may be that of one call


def test_entries_with_the_same_credentials_share_their_token(server: Server) -> None:
    """A refresh token that serves only once would be used up by the first of them."""
    taken: list[str] = []

    def rotate(handler: BaseHTTPRequestHandler) -> None:
        [sent] = parse_qs(server.asked[-1].form)["refresh_token"]
        if sent in taken:
            send(handler, 400, b'{"error": "invalid_grant"}', {})
            return
        taken.append(sent)
        body = b'{"access_token": "a", "refresh_token": "next-%d"}' % len(taken)
        send(handler, 200, body, {})

    server.answers["/token"] = rotate

    def oauth() -> OAuth:
        return OAuth(server.url("/token"), "the-id", "hidden-secret", "hidden-refresh")

    listed = [FileSource(server.url(path), oauth=oauth()) for path in ("/a", "/b")]
    web = Web(Prefixes(listed), timeout=2)
    for path in ("/a/cv.pdf", "/b/cv.pdf"):
        assert fetched(web, server.file(path, PDF))[0] == PDF
    assert taken == ["hidden-refresh"]
    web.close()


def test_a_token_endpoint_that_refuses_stops_the_run(
    server: Server, endpoint: TokenEndpoint
) -> None:
    server.file("/token", b'{"error": "invalid_grant"}', 400)
    for _ in range(3):
        with pytest.raises(Misconfigured, match=r"file_sources\[0\].oauth") as caught:
            fetched(endpoint.web, server.url("/in/cv.pdf"))
        assert "hidden" not in caught.value.message
    assert server.paths() == ["/token"]


def test_credentials_that_have_ended_are_no_expired_links(server: Server, tmp_path: Path) -> None:
    """When a source refuses everything, few records become rejects."""
    body = b'{"error": {"code": "InvalidAuthenticationToken", "message": "token has expired"}}'
    listed = FileSource(server.url("/in"), TOKEN)
    ended: list[Failure] = []
    with Sources(tmp_path, [listed], timeout=2) as sources:
        for number in range(30):
            url = server.file(f"/in/{number}", body, 401)
            with pytest.raises(Failure) as caught, sources.open(ResumeFile(url)):
                pytest.fail("it was opened")
            ended.append(caught.value)
    assert [isinstance(one, Retry) for one in ended] == [False] * 9 + [True] * 21


def test_what_was_refused_keeps_no_connection_open(server: Server) -> None:
    """However long somebody holds on to the reason."""
    before = set(threading.enumerate())
    server.file("/in/cv.pdf", b"denied", 401)
    web = Web(Prefixes([FileSource(server.url("/in"))]), timeout=2)
    with pytest.raises(Reject) as caught:
        fetched(web, server.url("/in/cv.pdf"))
    assert caught.value.__traceback__ is not None
    web.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()


# What an attacker may put into a record or a redirect; {port} is a server on loopback that must
# not be asked for it.
ATTACKS = [
    "http://127.0.0.1:{port}/out",
    "http://localhost:{port}/out",
    "http://LOCALHOST.:{port}/out",
    "http://2130706433:{port}/out",
    "http://0x7f000001:{port}/out",
    "http://0177.0.0.1:{port}/out",
    "http://127.1:{port}/out",
    "http://0:{port}/out",
    "http://0.0.0.0:{port}/out",
    "http://127.0.0.2:{port}/out",
    "http://[::1]:{port}/out",
    "http://[::]:{port}/out",
    "http://[::ffff:127.0.0.1]:{port}/out",
    "http://[::ffff:7f00:1]:{port}/out",
    "http://[::127.0.0.1]:{port}/out",
    "http://[64:ff9b::7f00:1]:{port}/out",
    "http://①②⑦.0.0.1:{port}/out",
    "http://127。0。0。1:{port}/out",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://168.63.129.16/",
    "http://10.0.0.1/",
    "http://[fe80::1%25lo]/",
    "http://127.0.0.1:{port}/in/../out",
    "http://127.0.0.1:{port}/in/%2e%2e/out",
    "http://127.0.0.1:{port}/in/..%2fout",
    "http://127.0.0.1:{port}/in/..;/out",
    "http://127.0.0.1:{port}/inner",
    "http://127.0.0.1:{port}\\@example.com/out",
    "http://localhost:{port}/in/cv.pdf",
]


@pytest.mark.parametrize("any_port", [False, True])
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attacker_reaches_nothing(server: Server, attack: str, any_port: bool) -> None:
    url = attack.format(port=server.port)
    ports = range(65536) if any_port else (80, 443)
    web = Web(Prefixes([FileSource(server.url("/in"), TOKEN)]), timeout=2, ports=ports)
    codes = {"source_not_allowed", "invalid_source", "source_unreachable"}
    assert refusal(web, url) in codes
    assert server.asked == []
    server.redirect("/in/to", url)
    assert refusal(web, server.url("/in/to")) in codes
    assert server.paths() == ["/in/to"]
    web.close()


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("file:///etc/passwd", "source_not_allowed"),
        ("ftp://example.com/cv.pdf", "source_not_allowed"),
        ("gopher://127.0.0.1/", "source_not_allowed"),
        ("data:text/plain,x", "source_not_allowed"),
        ("s3://bucket/key", "source_not_allowed"),
        ("//169.254.169.254/x", "source_not_allowed"),
        ("http://user:pass@example.com/", "invalid_source"),
        ("http://[::1/", "invalid_source"),
        ("http://", "source_refused"),
        ("http://example.com:22/", "source_not_allowed"),
        ("http://example.com:99999/", "invalid_source"),
    ],
)
def test_a_redirect_to_something_else(server: Server, web: Web, target: str, code: str) -> None:
    server.redirect("/in/to", target)
    assert refusal(web, server.url("/in/to")) == code


def test_a_name_is_resolved_once_and_the_checked_address_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when checked and private when connected to."""
    asked: list[str] = []
    found = socket.getaddrinfo

    def rebinding(host: str, *args: object, **kwargs: object) -> object:
        if host == "rebind.example":
            asked.append(host)
            return found("203.0.113.9" if len(asked) == 1 else "127.0.0.1", *args, **kwargs)  # type: ignore[arg-type]  # passed on as it comes
        return found(host, *args, **kwargs)  # type: ignore[arg-type]  # as above

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    connected: list[object] = []

    def refuse(self: socket.socket, address: object) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    web = Web(Prefixes(), timeout=2, public=lambda a: a == "203.0.113.9", ports=(server.port,))
    assert isinstance(failure(web, server.url("/out", "rebind.example")), Retry)
    assert asked == ["rebind.example"]
    assert connected == [("203.0.113.9", server.port)]
    web.close()


def test_of_mixed_addresses_only_the_public_ones_are_tried(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []
    found = socket.getaddrinfo

    def mixed(host: str, *args: object, **kwargs: object) -> list[object]:
        names = ["127.0.0.1", "203.0.113.9", "203.0.113.10"] if host == "mixed.example" else [host]
        return [info for name in names for info in found(name, *args, **kwargs)]  # type: ignore[arg-type]  # passed on as it comes

    def refuse(self: socket.socket, address: object) -> None:
        tried.append(address)
        raise TimeoutError

    monkeypatch.setattr(socket, "getaddrinfo", mixed)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    web = Web(
        Prefixes(), timeout=2, public=lambda a: a.startswith("203.0.113."), ports=(server.port,)
    )
    assert "in time" in failure(web, server.url("/out", "mixed.example")).message
    assert tried == [("203.0.113.9", server.port), ("203.0.113.10", server.port)]
    web.close()


def test_should_urllib3_connect_in_another_way_nothing_is_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from urllib3.connection import HTTPConnection

    from target_linkedin_resumes.http import address_guard

    monkeypatch.setattr(address_guard._GuardedConnection, "_new_conn", HTTPConnection._new_conn)
    web = Web(Prefixes(), timeout=2, ports=(server.port,))
    server.file("/out", PDF)
    assert refusal(web, server.url("/out")) == "source_not_allowed"
    assert server.asked == []
    web.close()


@pytest.mark.parametrize("environment", [{}, {"NO_PROXY": "127.0.0.1"}])
def test_a_configured_proxy(
    server: Server, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    """The proxy itself may be private; what it is asked for is checked by name."""
    monkeypatch.setenv("HTTP_PROXY", server.url(""))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    web = Web(Prefixes(), timeout=2)
    server.answers["http://files.example.com/cv.pdf"] = lambda handler: send(handler, 200, PDF, {})
    assert fetched(web, "http://files.example.com/cv.pdf") == (PDF, "cv.pdf")
    for attack in ("127.0.0.1", "localhost", "2130706433", "[::1]", "metadata.google.internal"):
        assert refusal(web, f"http://{attack}/") == "source_not_allowed"
    assert server.paths() == ["http://files.example.com/cv.pdf"]
    web.close()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "source_denied"),
        (403, "source_denied"),
        (404, "source_gone"),
        (410, "source_gone"),
        (204, "source_refused"),
        (206, "source_refused"),
        (300, "source_refused"),
        (304, "source_refused"),
        (400, "source_refused"),
        (405, "source_refused"),
        (418, "source_refused"),
    ],
)
def test_a_status_that_stays(server: Server, web: Web, status: int, code: str) -> None:
    server.file("/in/cv.pdf", b"" if status in (204, 304) else b"secret", status)
    assert refusal(web, server.url("/in/cv.pdf")) == code


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("120", 120),
        ("Wed, 01 May 2024 10:41:30 GMT", 90),
        ("Wed, 01 May 2024 10:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
    ],
)
@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_status_that_passes(
    server: Server, web: Web, status: int, header: str, seconds: int | None
) -> None:
    server.file("/in/cv.pdf", b"", status, Retry_After=header)
    retry = failure(web, server.url("/in/cv.pdf"))
    assert isinstance(retry, Retry)
    assert (retry.retry_after, str(status) in retry.message) == (seconds, True)


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (403, {}, b'{"error": {"errors": [{"reason": "userRateLimitExceeded"}]}}', None),
        (403, {}, b'[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "secret"}]', None),
        (403, {}, b"You have exceeded a secondary rate limit", None),
        (403, {}, b"You have reached your daily request limit", None),
        (403, {}, b"Account Over Queries Per Second Limit", None),
        (403, {}, b"You have exceeded the maximum number of requests", None),
        (403, {}, b"error code: 1015", None),
        (403, {"RateLimit-Remaining": "0"}, b"Forbidden", None),
        (400, {}, b'{"__type": "ThrottlingException"}', None),
        (403, {"Retry-After": "7"}, b"", 7),
        (403, {"Retry-After": "0"}, b"", None),
        (409, {"Retry-After": "7"}, b"", 7),
        (403, {"X-RateLimit-Remaining": "0"}, b"Forbidden", None),
        (403, {"Retry-After": "100000"}, b"", 900),
        (429, {"Retry-After": "Thu, 31 Dec 2099 00:00:00 GMT"}, b"", 900),
        (503, {"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}, b"", None),
    ],
)
def test_throttling_by_whatever_status_passes(
    server: Server,
    web: Web,
    status: int,
    headers: dict[str, str],
    body: bytes,
    seconds: int | None,
) -> None:
    server.answers["/in/cv.pdf"] = lambda handler: send(handler, status, body, headers)
    retry = failure(web, server.url("/in/cv.pdf"))
    assert isinstance(retry, Retry)
    assert (retry.retry_after, retry.of_file) == (seconds, False)
    server.file("/in/other.pdf", PDF)
    assert "not called for now" in failure(web, server.url("/in/other.pdf")).message
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [202, 423])
def test_a_file_that_is_not_ready_is_waited_for(server: Server, web: Web, status: int) -> None:
    server.file("/in/cv.pdf", b"", status)
    retry = failure(web, server.url("/in/cv.pdf"))
    assert isinstance(retry, Retry)
    assert retry.of_file
    assert fetched(web, server.file("/in/other.pdf", PDF))[0] == PDF


class Outage:
    """The gates of hosts, with a clock that the test moves and waits without chance."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.gates = Gates(900, lambda: self.now, lambda wait: wait)


def test_a_host_that_is_out_is_asked_by_one_now_and_then(server: Server) -> None:
    outage = Outage()
    web = Web(Prefixes([FileSource(server.url("/"))]), timeout=2, gates=outage.gates)
    asked: list[int] = []
    for _ in range(64):
        for number in range(50):
            server.file(f"/{number}", b"", 503)
            with suppress(Retry), web.open(server.url(f"/{number}")):
                pytest.fail("it was opened")
        asked.append(len(server.asked))
        outage.now += 0.25
    assert asked[0] == 1
    assert len(server.asked) <= 6
    with serving() as other:  # another host is another matter
        web_of_both = Web(
            Prefixes([FileSource(server.url("/")), FileSource(other.url("/"))]),
            timeout=2,
            gates=outage.gates,
        )
        assert fetched(web_of_both, other.file("/cv.pdf", PDF))[0] == PDF
        web_of_both.close()
    outage.now += 64
    for number in range(50):
        assert fetched(web, server.file(f"/{number}", PDF))[0] == PDF
    web.close()


def test_a_single_failure_among_successes_holds_nobody_up(server: Server, web: Web) -> None:
    server.file("/in/cv.pdf", PDF)
    server.file("/in/broken.pdf", b"", 500)
    for _ in range(3):
        assert fetched(web, server.url("/in/cv.pdf"))[0] == PDF
        assert isinstance(failure(web, server.url("/in/broken.pdf")), Retry)
    assert fetched(web, server.url("/in/cv.pdf"))[0] == PDF


def test_the_reason_why_a_host_is_spared_is_said(server: Server, web: Web) -> None:
    server.file("/in/cv.pdf", b"", 503, Retry_After="60")
    failure(web, server.url("/in/cv.pdf"))
    retry = failure(web, server.url("/in/cv.pdf"))
    assert isinstance(retry, Retry)
    assert "the source answered 503; it is not called for now" in retry.message
    assert 60 <= (retry.retry_after or 0) <= 65


def test_an_expired_link_is_not_even_asked_for(server: Server, web: Web) -> None:
    signed = "?X-Amz-Date=20240424T104000Z&X-Amz-Signature=secret&X-Amz-Expires="
    server.file("/in/cv.pdf", PDF)
    assert refusal(web, server.url("/in/cv.pdf") + signed + "604800") == "source_link_expired"
    assert server.asked == []
    assert fetched(web, server.url("/in/cv.pdf") + signed + "604801")[0] == PDF


@pytest.mark.parametrize(
    "body",
    [
        b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
        b"<Error><Code>ExpiredToken</Code></Error>",
        b"<Error><AuthenticationErrorDetail>Signature not valid in the specified time frame",
    ],
)
@pytest.mark.parametrize("status", [400, 403])
def test_a_source_that_says_that_the_link_expired(
    server: Server, web: Web, status: int, body: bytes
) -> None:
    server.file("/in/cv.pdf", body, status)
    assert refusal(web, server.url("/in/cv.pdf")) == "source_link_expired"


def test_a_redirect_to_a_page_to_log_in(server: Server, web: Web) -> None:
    server.redirect("/in/cv.pdf", "/in/auth/login?next=cv.pdf")
    server.file("/in/auth/login", b"<html>", Content_Type="text/html; charset=utf-8")
    assert refusal(web, server.url("/in/cv.pdf")) == "source_login_page"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_packed_body_is_unpacked(
    server: Server, web: Web, pack: Callable[[bytes], bytes]
) -> None:
    content = PDF * 5000
    encoding = "gzip" if pack is gzip.compress else "deflate"
    server.file("/in/cv.pdf", pack(content), Content_Encoding=encoding)
    assert fetched(web, server.url("/in/cv.pdf"))[0] == content
    server.file("/in/none.pdf", b"", Content_Encoding=encoding)
    assert fetched(web, server.url("/in/none.pdf"))[0] == b""


def test_a_packing_that_is_not_known(server: Server, web: Web) -> None:
    server.file("/in/cv.pdf", b"\x0b\x02\x80" + TXT, Content_Encoding="br")
    assert refusal(web, server.url("/in/cv.pdf")) == "source_refused"


def test_a_damaged_packing_is_tried_again(server: Server, web: Web) -> None:
    server.file("/in/cv.pdf", gzip.compress(PDF * 5000)[:-4], Content_Encoding="gzip")
    assert isinstance(failure(web, server.url("/in/cv.pdf")), Retry)


def test_a_bomb_is_stopped_at_the_limit(server: Server, web: Web) -> None:
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(compressor.compress(bytes(10_000_000)) for _ in range(30)) + compressor.flush()
    server.file("/in/cv.pdf", bomb, Content_Encoding="gzip")
    begun = time.process_time()
    assert refusal(web, server.url("/in/cv.pdf")) == "file_too_large"
    assert time.process_time() - begun < 2


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for chunk in chunks:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        handler.wfile.write(end)
        handler.close_connection = True

    return answer


def announced(size: int, content: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        send(handler, 200, content, {"Content-Length": str(size) if size >= 0 else ""})
        handler.close_connection = True

    return answer


def test_bodies_of_every_framing_arrive(server: Server, web: Web) -> None:
    long = PDF * 10_000
    server.answers["/in/chunks"] = chunked(PDF, long, b"x")
    server.answers["/in/until-closed"] = announced(-1, long)
    server.file("/in/length", long)
    assert fetched(web, server.url("/in/chunks"))[0] == PDF + long + b"x"
    assert fetched(web, server.url("/in/until-closed"))[0] == long
    assert fetched(web, server.url("/in/length"))[0] == long


def test_a_packed_body_in_chunks(server: Server, web: Web) -> None:
    packed = gzip.compress(PDF * 5000)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for at in range(0, len(packed), 99):
            piece = packed[at : at + 99]
            handler.wfile.write(b"%x;x=y\r\n%s\r\n" % (len(piece), piece))
        handler.wfile.write(b"0\r\nX-Trailer: a\r\n\r\n")

    server.answers["/in/cv.pdf"] = answer
    for _ in range(2):  # the connection is in order after it
        assert fetched(web, server.url("/in/cv.pdf"))[0] == PDF * 5000


def test_ranges_are_not_asked_for(server: Server, web: Web) -> None:
    """A server that knows ranges gives the whole; after a break the next try begins anew."""
    broken = iter([True, False])

    def answer(handler: BaseHTTPRequestHandler) -> None:
        assert handler.headers["Range"] is None
        ranges = {"Accept-Ranges": "bytes", "Content-Length": str(len(PDF))}
        cut = next(broken)
        send(handler, 200, PDF[:20] if cut else PDF, ranges)
        handler.close_connection = cut

    server.answers["/in/cv.pdf"] = answer
    assert isinstance(failure(web, server.url("/in/cv.pdf")), Retry)
    assert fetched(web, server.url("/in/cv.pdf"))[0] == PDF


@pytest.mark.parametrize(
    "answer",
    [
        announced(len(PDF) + 1, PDF),
        announced(len(PDF) + 1_000_000, PDF),
        announced(100, b""),
        chunked(PDF, end=b""),
        chunked(PDF, end=b"ff\r\nabc"),
        chunked(PDF, end=b"nonsense\r\n"),
    ],
)
def test_a_body_that_is_cut_off_is_tried_again(
    server: Server, web: Web, answer: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    server.answers["/in/cv.pdf"] = answer
    assert isinstance(failure(web, server.url("/in/cv.pdf")), Retry)


def test_the_limit_is_kept_whatever_is_announced(server: Server, web: Web) -> None:
    large = bytes(MAX_SIZE + 1)
    server.file("/in/most", large[1:])
    server.file("/in/more", large)
    server.answers["/in/chunks"] = chunked(large[1:], b"x")
    server.answers["/in/until-closed"] = announced(-1, large)
    assert len(fetched(web, server.url("/in/most"))[0]) == MAX_SIZE
    for path in ("/in/more", "/in/chunks", "/in/until-closed"):
        assert refusal(web, server.url(path)) == "file_too_large"


def test_a_source_that_trickles(server: Server) -> None:
    """Each byte comes in time; all of them would not."""
    moments = iter(range(0, 1000, 3))
    web = Web(
        Prefixes([FileSource(server.url("/in"))]), timeout=2, clock=lambda: float(next(moments))
    )

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for _ in range(50):
            handler.wfile.write(b"1\r\nx\r\n")
            handler.wfile.flush()
            time.sleep(0.002)
        handler.close_connection = True

    server.answers["/in/cv.pdf"] = trickle
    retry = failure(web, server.url("/in/cv.pdf"))
    assert isinstance(retry, Retry)
    assert "slowly" in retry.message
    web.close()


@pytest.mark.parametrize("way", ["public", "proxy"])
def test_a_source_without_end(server: Server, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Each piece comes in time, and there is always another (see tests/http/test_both.py)."""

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
        end = time.monotonic() + 30
        while time.monotonic() < end:
            handler.wfile.write(b"a")
            time.sleep(0.02)

    url = server.url("/in/cv.pdf")
    if way == "proxy":
        monkeypatch.setenv("HTTP_PROXY", server.url(""))
        url = "http://files.example.com/in/cv.pdf"
    server.answers["/in/cv.pdf"] = server.answers[url] = trickle
    web = Web(Prefixes(), timeout=0.2, public=lambda _: True, ports=(80, server.port))
    begun = time.monotonic()
    assert isinstance(failure(web, url), Retry)
    assert time.monotonic() - begun < 20
    web.close()


def test_redirects_take_one_time_together(server: Server) -> None:
    moments = iter(range(0, 1000, 3))
    web = Web(
        Prefixes([FileSource(server.url("/in"))]), timeout=2, clock=lambda: float(next(moments))
    )
    server.redirect("/in/cv.pdf", "/in/cv.pdf")
    retry = failure(web, server.url("/in/cv.pdf"))
    assert isinstance(retry, Retry)
    assert "slowly" in retry.message
    assert len(server.asked) == 3
    web.close()


def test_all_addresses_of_a_name_take_one_time_out(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    found = socket.getaddrinfo

    def many(host: str, *args: object, **kwargs: object) -> list[object]:
        names = [f"203.0.113.{n}" for n in range(200)] if host == "many.example" else [host]
        return [info for name in names for info in found(name, *args, **kwargs)]  # type: ignore[arg-type]  # passed on as it comes

    def unanswered(self: socket.socket, address: object) -> None:
        waited.append(self.gettimeout() or 0)
        time.sleep(0.1)
        raise TimeoutError

    monkeypatch.setattr(socket, "getaddrinfo", many)
    monkeypatch.setattr(socket.socket, "connect", unanswered)
    web = Web(Prefixes(), timeout=0.3, public=lambda _: True, ports=(server.port,))
    assert "in time" in failure(web, server.url("/out", "many.example")).message
    assert len(waited) <= 3
    assert waited == sorted(waited, reverse=True)
    web.close()


def test_nobody_listens(server: Server, web: Web) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    web = Web(Prefixes([FileSource(f"http://127.0.0.1:{port}/")]), timeout=2)
    assert isinstance(failure(web, f"http://127.0.0.1:{port}/x"), Retry)
    web.close()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (socket.EAI_NONAME, "source_unreachable"),
        (socket.EAI_AGAIN, None),
        (socket.EAI_FAIL, None),
    ],
)
@pytest.mark.parametrize("listed", [False, True])
def test_a_name_that_does_not_resolve(
    monkeypatch: pytest.MonkeyPatch, number: int, code: str | None, listed: bool
) -> None:
    def unresolved(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "no such example")

    monkeypatch.setattr(socket, "getaddrinfo", unresolved)
    prefixes = Prefixes([FileSource("https://files.example.com/")] if listed else [])
    web = Web(prefixes, timeout=2)
    found = failure(web, "https://files.example.com/cv.pdf")
    assert getattr(found, "code", None) == code
    web.close()


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("host", ["a..example", "a" * 70 + ".example"])
def test_a_name_that_cannot_be_one(host: str, listed: bool) -> None:
    prefixes = Prefixes([FileSource(f"http://{host}/")] if listed else [])
    web = Web(prefixes, timeout=2)
    found = failure(web, f"http://{host}/cv.pdf")
    assert getattr(found, "code", None) in ("invalid_source", "source_unreachable")
    web.close()


@pytest.mark.parametrize("proxy", ["http://", "socks5://127.0.0.1:1", "nonsense://proxy"])
def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(Misconfigured, match="HTTP_PROXY"):
        Web(Prefixes(), timeout=2)


def test_a_ca_bundle_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    with pytest.raises(Misconfigured, match=r"REQUESTS_CA_BUNDLE.*/no/such/bundle.pem"):
        Web(Prefixes())


def test_a_certificate_that_cannot_be_verified() -> None:
    cause = ssl.SSLCertVerificationError("self-signed certificate of example")
    found = failure_of_error(SSLError(cause))
    assert isinstance(found, Reject)
    assert (found.code, "REQUESTS_CA_BUNDLE" in found.message) == ("source_unreachable", True)
    assert isinstance(failure_of_error(SSLError("EOF")), Retry)


@pytest.mark.parametrize("listed", [False, True])
def test_https_is_verified_by_name(
    monkeypatch: pytest.MonkeyPatch, certificate: Path, listed: bool
) -> None:
    """The guard connects to an address and yet the certificate must be that of the name."""
    found = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, *a, **k: found("127.0.0.1", *a, **k))
    with serving(certificate=certificate) as server:
        server.file("/in/cv.pdf", PDF)
        good, bad = (f"https://{host}:{server.port}/" for host in ("files.example", "x.example"))
        prefixes = Prefixes([FileSource(good), FileSource(bad)] if listed else [])

        def web() -> Web:
            return Web(prefixes, timeout=2, public=lambda _: True, ports=(server.port,))

        with closing(web()) as unknown:
            assert refusal(unknown, good + "in/cv.pdf") == "source_unreachable"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        with closing(web()) as known:
            assert fetched(known, good + "in/cv.pdf")[0] == PDF
            assert refusal(known, bad + "in/cv.pdf") == "source_unreachable"
            server.redirect("/in/down", "http://files.example/in/cv.pdf")
            assert refusal(known, good + "in/down") == "source_not_allowed"
    assert server.paths() == ["/in/cv.pdf", "/in/down"]


def test_the_connection_is_used_again(server: Server, web: Web) -> None:
    ports: set[int] = set()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        ports.add(handler.client_address[1])
        send(handler, 200, PDF, {})

    server.answers["/in/cv.pdf"] = answer
    for _ in range(5):
        fetched(web, server.url("/in/cv.pdf"))
    assert len(ports) == 1


def test_through_sources(server: Server, tmp_path: Path) -> None:
    listed = FileSource(server.url("/in"))
    server.file("/in/7/download", PDF, Content_Disposition="attachment; filename=My.docx")
    server.file("/in/login", b"<html><title>Sign in</title>")
    with Sources(tmp_path, [listed], timeout=2, concurrency=4) as sources:
        with sources.open(ResumeFile(server.url("/in/7/download"))) as resume:
            assert (resume.filename, resume.body.read()) == ("My.pdf", PDF)
        with sources.open(ResumeFile(server.url("/in/7/download"), filename="Own.doc")) as resume:
            assert resume.filename == "Own.pdf"
        for location, code in [
            (server.url("/in/login"), "source_login_page"),
            (server.url("/out"), "source_not_allowed"),
            ("https://user:pass@files.example.com/", "invalid_source"),
        ]:
            with pytest.raises(Reject) as caught, sources.open(ResumeFile(location)):
                pytest.fail("it was opened")
            assert caught.value.code == code


def test_nothing_is_left_in_the_temporary_directory(
    server: Server, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large body is on disk, and yet there is no name for it: a kill leaves nothing behind."""
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    server.file("/in/cv.pdf", PDF * 20_000)
    with web.open(server.url("/in/cv.pdf")) as found:
        assert found.size > 2_000_000
        assert list(tmp_path.iterdir()) == []
        assert found.body.read(8) == PDF[:8]
    assert list(tmp_path.iterdir()) == []


def test_the_guard_is_on_unless_told_otherwise() -> None:
    web = Web(Prefixes())
    assert (web._public, web._ports) == (is_public, (80, 443))
    web.close()


def test_the_charset_that_a_server_declares(server: Server, tmp_path: Path) -> None:
    name = "Ева"
    declared = "text/plain; charset=koi8-r"
    url = server.file("/in/cv", name.encode("koi8-r"), Content_Type=declared)
    with Sources(tmp_path, [FileSource(server.url("/in"))]) as sources:
        with sources.open(ResumeFile(url)) as resume:
            assert resume.body.read().decode() == name
        other = ResumeFile(url, content_type="text/plain; charset=windows-1251")
        with sources.open(other) as resume:
            assert resume.body.read() == name.encode("koi8-r").decode("cp1251").encode()
