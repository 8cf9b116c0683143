"""Limits and lives, by a clock that the tests hold."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from target_linkedin_resumes.sandbox.limits import Limits
from target_linkedin_resumes.sandbox.server import running
from target_linkedin_resumes.sandbox.signing import Signer

from .client import PDF, Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIDNIGHT = 20_000 * 86_400.0


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@contextmanager
def connected(tmp_path: Path, clock: Clock, **settings: Any) -> Iterator[Client]:
    with running(tmp_path, clock=clock, **settings) as sandbox:
        client = Client(sandbox)
        with closing(client.connection):
            client.mint()
            yield client


def pairs(count: int) -> list[tuple[str, str]]:
    return [(f"c{n}", "r") for n in range(count)]


def test_minute_slides() -> None:
    clock = Clock(MIDNIGHT)
    limits = Limits(100, {}, clock)
    assert limits.take("a", "batch", 60) is None
    clock.now += 30
    assert limits.take("a", "batch", 40) is None
    assert limits.take("a", "batch", 1) == "minute"
    assert limits.take("b", "batch", 100) is None
    clock.now += 29.999
    assert limits.take("a", "batch", 1) == "minute"
    clock.now += 0.001
    assert limits.take("a", "batch", 60) is None
    assert limits.take("a", "batch", 1) == "minute"
    assert limits.used()["a"] == {"batch": 3, "records_last_minute": 100}


def test_day_ends_at_midnight_utc() -> None:
    clock = Clock(MIDNIGHT - 10)
    limits = Limits(10**6, {"batch": 2, "url": 1}, clock)
    assert [limits.take("a", "batch", 1) for _ in range(3)] == [None, None, "day"]
    assert [limits.take("a", "url") for _ in range(2)] == [None, "day"]
    assert limits.take("a", "upload") is None
    clock.now += 10
    assert limits.take("a", "batch", 1) is None


def test_minute_over_http(tmp_path: Path) -> None:
    clock = Clock(MIDNIGHT)
    with connected(tmp_path, clock, records_per_minute=150) as client:
        assert client.delete(pairs(100)).status == 200
        answer = client.delete(pairs(60))
        assert (answer.status, answer.document["serviceErrorCode"]) == (429, 101)
        assert "DAY" not in answer.document["message"]
        assert client.delete(pairs(50)).status == 200
        clock.now += 60
        assert client.delete(pairs(60)).status == 200
        snapshot = client.sandbox.snapshot()
    assert snapshot["throttled"] == {"minute": 1, "day": 0}
    assert snapshot["breaches"] == []


def test_day_over_http(tmp_path: Path) -> None:
    clock = Clock(MIDNIGHT)
    with connected(tmp_path, clock, requests_per_day={"url": 1, "batch": 2}) as client:
        assert client.upload().status == 201
        assert client.create_url().document["status"] == 429
        assert client.delete(pairs(1)).status == 200
        assert client.update(pairs(1)).status == 200
        answer = client.delete(pairs(1))
        assert (answer.status, answer.document["serviceErrorCode"]) == (429, 101)
        assert "throttle APPLICATION DAY limit" in answer.document["message"]
        clock.now += 86_400
        client.mint()
        assert client.delete(pairs(1)).status == 200
        assert client.sandbox.snapshot()["throttled"] == {"minute": 0, "day": 2}


def test_token_ends(tmp_path: Path) -> None:
    clock = Clock(MIDNIGHT)
    with connected(tmp_path, clock, token_ttl=1000) as client:
        clock.now += 999
        assert client.create_url().status == 201
        clock.now += 1
        assert client.create_url().document["code"] == "EXPIRED_ACCESS_TOKEN"
        assert client.sandbox.snapshot()["breaches"] == []
        clock.now += 6
        assert client.create_url().status == 401
        assert client.sandbox.snapshot()["breach_counts"] == {"expired_token_repeated": 1}
        client.mint()
        assert client.create_url().status == 201
        assert client.sandbox.snapshot()["tokens_minted"] == 2


@pytest.mark.parametrize(("age", "early"), [(0, True), (499, True), (500, False), (881, False)])
def test_when_a_token_may_be_renewed(tmp_path: Path, age: int, early: bool) -> None:
    clock = Clock(MIDNIGHT)
    with connected(tmp_path, clock, token_ttl=1000) as client:
        clock.now += age
        client.mint()
        assert client.sandbox.snapshot()["breach_counts"] == (
            {"token_minted_early": 1} if early else {}
        )


def test_signed_url_ends(tmp_path: Path) -> None:
    clock = Clock(MIDNIGHT)
    with connected(tmp_path, clock, url_ttl=60) as client:
        paths = [client.signed_path() + "&x-ambry-filename=cv.pdf" for _ in range(3)]
        assert client.call("POST", paths[0], PDF).status == 201
        clock.now += 60
        answer = client.call("POST", paths[1], PDF)
        assert answer.status == 401
        assert answer.headers["x-ambry-failure-reason"] == "Signed URL has expired"
        assert client.upload().status == 201
        assert client.sandbox.snapshot()["breaches"] == []
        assert client.sandbox.ask(lambda state: len(state.used_urls)) == 1


def test_file_is_removed_after_its_time(tmp_path: Path) -> None:
    clock = Clock(MIDNIGHT)
    with connected(tmp_path, clock) as client:
        ttl = {"duration": 2, "unit": "MINUTE"}
        urn = f"urn:li:ambryBlob:{client.upload(blobTtl=ttl).headers['location']}"
        clock.now += 119
        assert client.update(pairs(1), urn).statuses() == {("c0", "r"): 204}
        clock.now += 1
        assert client.update(pairs(1), urn).statuses() == {("c0", "r"): 400}


def test_seal_is_the_signers_own() -> None:
    query = Signer().issue("client", "text/plain", 1.0, None)
    grant, filename = Signer().open(f"{query}&x-ambry-filename=a.txt")
    assert (grant, filename) == (None, "a.txt")
    assert Signer().open("x-li-ambry-ep=%%%") == (None, None)
    assert Signer().open("") == (None, None)
