"""Every rule LinkedIn sets is watched, and nothing else is held against a client."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from target_linkedin_resumes.sandbox.breaches import CODES, Breaches
from target_linkedin_resumes.sandbox.server import Running, running

from .client import COLLECTION, CREATED_AT, PDF, Client, query_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAIR = [("c", "r")]
MANY = [(f"c{n}", "r") for n in range(101)]


def reuse_url(client: Client) -> None:
    path = client.signed_path() + "&x-ambry-filename=cv.pdf"
    assert client.call("POST", path, PDF).status == 201
    assert client.call("POST", path, PDF).status == 401


def alter_url(client: Client) -> None:
    path = client.signed_path().replace("==", "%3D%3D").replace("%2F", "/")
    assert client.call("POST", path + "&x-ambry-filename=cv.pdf", PDF).status == 401


def upload_in_chunks(client: Client) -> None:
    path = client.signed_path() + "&x-ambry-filename=cv.pdf"
    assert client.call("POST", path, iter([PDF]), {"transfer-encoding": "chunked"}).status == 411


def use_expired_token(client: Client) -> None:
    client.sandbox.ask(lambda s: s.tokens.expire(token_of(client)))
    for _ in range(3):
        assert client.create_url().document["code"] == "EXPIRED_ACCESS_TOKEN"


def token_of(client: Client) -> Any:
    return client.sandbox.state.tokens.get(client.token)


def come_back_early(client: Client) -> None:
    fault = {"endpoint": "url", "kind": "status", "status": 429, "retry_after": 30, "times": 1}
    client.sandbox.set_faults(fault)
    assert client.create_url().status == 429
    assert client.create_url().status == 201


def send_seconds(client: Client) -> None:
    client.update(PAIR, entity={"resumeFile": "?", "tcrmCreatedAt": CREATED_AT // 1000})


def query_between_the_limits(client: Client) -> None:
    pairs = [("c" * 3900, "r")]
    assert 4000 < len(query_of(pairs)) <= 4096
    client.update(pairs, tunnel=False)


OFFENCES: list[tuple[str, Callable[[Client], object]]] = [
    ("batch_too_large", lambda c: c.update(MANY)),
    ("batch_too_large", lambda c: c.delete(MANY)),
    ("content_mismatch", lambda c: c.upload(b"just text")),
    ("data_in_url", lambda c: c.call("DELETE", f"{COLLECTION}?{query_of(PAIR)}&resumeFile=x")),
    ("duplicate_ids", lambda c: c.delete(PAIR * 2)),
    ("entity_fields", lambda c: c.update(PAIR, entity={"tcrmCreatedAt": CREATED_AT})),
    ("expired_token_repeated", use_expired_token),
    ("file_empty", lambda c: c.upload(b"")),
    ("file_name", lambda c: c.upload(filename=None)),
    ("file_name", lambda c: c.upload(filename="cv")),
    ("file_name", lambda c: c.upload(filename=".pdf")),
    ("file_name", lambda c: c.upload(filename="cv.txt")),
    ("file_name", lambda c: c.upload(filename="cv.docx", content_type="application/msword")),
    ("file_too_large", lambda c: c.upload(PDF + bytes(10 * 1024 * 1024))),
    ("key_fields", lambda c: c.update(PAIR, key={"dataProvider": "ATS"})),
    ("malformed_batch", lambda c: c.batch("DELETE", COLLECTION, None, {"x-restli-method": "x"})),
    ("malformed_batch", lambda c: c.update(PAIR, headers={"x-http-method-override": "put"})),
    ("malformed_url_request", lambda c: c.create_url(fileName="x")),
    ("no_content_length", upload_in_chunks),
    ("protocol_version", lambda c: c.delete(PAIR, headers={"x-restli-protocol-version": None})),
    ("protocol_version", lambda c: c.call("POST", "/v2/hireMediaUrl", "{}")),
    ("query_too_long", query_between_the_limits),
    ("restli_method_missing", lambda c: c.delete(PAIR, headers={"x-restli-method": None})),
    ("retry_after_ignored", come_back_early),
    ("secret_in_url", lambda c: c.call("POST", "/oauth/v2/accessToken?client_secret=x")),
    ("secret_in_url", lambda c: c.call("GET", "/v2/x?q=sandbox-secret")),
    ("signed_url_altered", alter_url),
    ("signed_url_reused", reuse_url),
    ("timestamp_in_seconds", send_seconds),
    ("token_in_url", lambda c: c.call("GET", "/v2/x?oauth2_access_token=x")),
    ("token_in_url", lambda c: c.call("GET", f"/v2/x?q={quote(c.token)}")),
    ("token_minted_early", lambda c: c.mint()),
    ("url_too_long", lambda c: c.call("GET", "/v2" + "/x" * 4100)),
]


@pytest.mark.parametrize(
    ("code", "offend"), OFFENCES, ids=[f"{code}-{n}" for n, (code, _) in enumerate(OFFENCES)]
)
def test_offence_is_noted(
    client: Client, sandbox: Running, code: str, offend: Callable[[Client], object]
) -> None:
    offend(client)
    snapshot = sandbox.snapshot()
    assert snapshot["breach_counts"][code] == 1
    (noted,) = [breach for breach in snapshot["breaches"] if breach["code"] == code]
    assert set(noted) == {"at", "endpoint", "code", "message"}
    assert CODES[code] in noted["message"]
    for hidden in (client.token, "sandbox-secret", "cv.pdf"):
        assert hidden not in noted["message"]


def test_every_code_is_covered() -> None:
    assert {code for code, _ in OFFENCES} | {"concurrent_batches", "hammering"} == set(CODES)


def test_unknown_code_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown breach code"):
        Breaches(lambda: 0.0).add("url", "nonsense", "")


def test_beyond_the_kept_ones_breaches_are_counted() -> None:
    breaches = Breaches(lambda: 1.0)
    for _ in range(10_050):
        breaches.add("url", "file_empty", "0 bytes")
    assert len(breaches.kept) == 10_000
    assert breaches.counts == {"file_empty": 10_050}


def until_under_way(sandbox: Running) -> None:
    """Wait until a batch has arrived and is not answered yet."""
    deadline = time.monotonic() + 30
    while not sandbox.ask(lambda state: any(state.batches._under_way.values())):
        assert time.monotonic() < deadline, "no batch arrives"


def test_concurrent_batches(tmp_path: Path) -> None:
    with running(tmp_path, latency={"batch": 500}) as sandbox:
        first, second = Client(sandbox), Client(sandbox)
        with closing(first.connection), closing(second.connection):
            first.mint()
            second.token = first.token
            thread = threading.Thread(target=lambda: first.delete(PAIR))
            thread.start()
            until_under_way(sandbox)
            second.delete([("d", "r")])
            thread.join()
        snapshot = sandbox.snapshot()
    assert snapshot["breach_counts"] == {"concurrent_batches": 1}
    assert snapshot["highest_concurrency"]["batch"] == 2


def test_a_call_given_up_is_not_concurrent_with_the_next(tmp_path: Path) -> None:
    with running(tmp_path) as sandbox:
        client, impatient = Client(sandbox), Client(sandbox, timeout=0.2)
        with closing(client.connection), closing(impatient.connection):
            client.mint()
            impatient.token = client.token
            sandbox.set_faults({"endpoint": "batch", "kind": "delay", "ms": 20_000, "times": 1})
            with pytest.raises(TimeoutError):
                impatient.delete(PAIR)
            client.delete(PAIR)
        snapshot = sandbox.snapshot()
    assert snapshot["breaches"] == []
    assert snapshot["highest_concurrency"]["batch"] == 1


def test_applications_do_not_count_for_each_other(tmp_path: Path) -> None:
    clients = {"one": "secret-one", "two": "secret-two"}
    with running(tmp_path, clients=clients, latency={"batch": 500}) as sandbox:
        one, two = Client(sandbox), Client(sandbox)
        with closing(one.connection), closing(two.connection):
            one.mint(client_id="one", client_secret="secret-one")
            two.mint(client_id="two", client_secret="secret-two")
            urn = one.urn()
            thread = threading.Thread(target=lambda: one.delete(PAIR))
            thread.start()
            until_under_way(sandbox)
            answer = two.update(PAIR, urn)
            thread.join()
        assert sandbox.snapshot()["breaches"] == []
        assert answer.statuses() == {("c", "r"): 400}
        assert {entry["client"] for entry in sandbox.journal()} == {"one", "two"}


def test_a_new_process_may_mint(client: Client, sandbox: Running) -> None:
    client.connection.close()
    while sandbox.ask(lambda s: any(not c.is_closing() for c in token_of(client).connections)):
        time.sleep(0.01)
    assert client.mint().status == 200
    assert sandbox.snapshot()["breaches"] == []


def test_a_refused_token_may_be_replaced(client: Client, sandbox: Running) -> None:
    sandbox.set_faults({"endpoint": "url", "kind": "expire_token", "times": 1})
    assert client.create_url().status == 401
    client.mint()
    assert client.create_url().status == 201
    assert sandbox.snapshot()["breaches"] == []


def test_a_refusal_that_never_arrived_does_not_count(client: Client, sandbox: Running) -> None:
    client.create_url()
    client.sandbox.ask(lambda s: s.tokens.expire(token_of(client)))
    sandbox.set_faults({"endpoint": "url", "kind": "malformed", "form": "html", "times": 3})
    assert [client.create_url().status for _ in range(5)] == [200, 200, 200, 401, 401]
    assert sandbox.snapshot()["breaches"] == []
    client.create_url()
    assert sandbox.snapshot()["breach_counts"] == {"expired_token_repeated": 1}


def test_capital_escapes_are_the_same_url(client: Client, sandbox: Running) -> None:
    path = client.signed_path().replace("%2b", "%2B") + "&x-ambry-filename=cv.pdf"
    assert client.call("POST", path, PDF).status == 201
    assert sandbox.snapshot()["breaches"] == []
