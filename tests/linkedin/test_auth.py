from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from target_linkedin_resumes.errors import Failure, Misconfigured, Retry
from target_linkedin_resumes.http.messages import Request, Response, TransportError
from target_linkedin_resumes.http.urls import parse_url
from target_linkedin_resumes.linkedin.auth import Introspection, Tokens
from target_linkedin_resumes.linkedin.responses import Call
from target_linkedin_resumes.linkedin.session import Session

from .fakes import (
    MEDIA,
    SETTINGS,
    SIGNED,
    TOKEN,
    UPLOAD,
    UUID,
    Clock,
    Script,
    Step,
    answer,
    script,
    token,
)

INTROSPECT = "/oauth/v2/introspectToken"
SECRET = SETTINGS.client_secret


def tokens(*steps: Step, clock: Clock | None = None, introspect: Step | None = None) -> Tokens:
    script = Script({TOKEN: list(steps), INTROSPECT: [introspect or answer(500)]})
    clock = clock or Clock()
    made = Tokens(SETTINGS, Session(script, clock=clock, wait=clock.wait))
    made.script = script  # type: ignore[attr-defined]  # for `minted`
    return made


def minted(made: Tokens) -> int:
    script: Script = made.script  # type: ignore[attr-defined]  # set by `tokens`
    return len(script.to(TOKEN))


def test_asks_as_the_client_credentials_page_says() -> None:
    made = tokens(token())
    assert made.get().value == "token-1"
    request = made.script.sent[0]  # type: ignore[attr-defined]  # set by `tokens`
    assert request.method == "POST"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.body == (
        b"grant_type=client_credentials&client_id=the-id&client_secret=the+s%2Fcret%2B%3D"
    )


@pytest.mark.parametrize(
    ("expires_in", "life"),
    [
        ("1800", 1800),
        (1800, 1800),
        ("4", 4),
        (3599.7, 3599),
        (None, 1800),
        ("soon", 1800),
        ("", 1800),
        (0, 1800),
        (-5, 1800),
        (True, 1800),
        ([], 1800),
        (1e400, 1800),
        (10**12, 1800),
    ],
)
def test_reads_the_life_of_a_token(expires_in: object, life: int) -> None:
    assert tokens(token(expires_in=expires_in)).get().life == life


def test_a_token_is_used_until_a_minute_before_its_end() -> None:
    clock = Clock(0.0)
    made = tokens(token("a"), token("b"), clock=clock)
    for now in (0, 900, 1739):
        clock.now = now
        assert made.get().value == "a"
    clock.now = 1740
    assert made.get().value == "b"
    assert minted(made) == 2


def test_a_token_of_four_seconds_is_used_for_most_of_them() -> None:
    clock = Clock(0.0)
    made = tokens(*(token(str(n), 4) for n in range(100)), clock=clock)
    for n in range(200):
        clock.now = n / 10
        assert not made.get().expired(clock.now)
    assert minted(made) == 6  # 20 s, a new one each 3.6 s


def test_a_clock_that_jumps_does_not_keep_a_token_for_ever() -> None:
    clock = Clock(10_000.0)
    made = tokens(token("a"), token("b"), token("c"), clock=clock)
    made.get()
    clock.now += 10**6
    assert made.get().value == "b"
    clock.now = 5
    assert made.get().value == "c"
    clock.now = 6
    assert made.get().value == "c"


def test_one_call_however_many_threads_ask() -> None:
    everyone = threading.Barrier(17)

    def slow(_request: Request) -> Response:
        everyone.wait(10)
        return token()

    made = tokens(slow)

    def ask() -> str:
        if threading.current_thread() is not leader:
            everyone.wait(10)
        return made.get().value

    leader = threading.Thread(target=made.get)
    leader.start()
    with ThreadPoolExecutor(16) as pool:
        values = list(pool.map(lambda _: ask(), range(16)))
    leader.join()
    assert set(values) == {"token-1"}
    assert minted(made) == 1


def test_a_failed_call_fails_all_who_waited_for_it() -> None:
    release = threading.Event()
    waiting = threading.Semaphore(0)

    def fail(_request: Request) -> Response:
        release.wait(10)
        return answer(503)

    made = tokens(fail)

    def ask(_: int) -> Failure:
        waiting.release()
        with pytest.raises(Retry) as error:
            made.get()
        return error.value

    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(ask, n) for n in range(8)]
        for _ in range(8):
            waiting.acquire()
        while made._flight is None or len(made._flight._condition._waiters) < 7:  # type: ignore[attr-defined]  # all seven wait
            time.sleep(0.005)
        release.set()
        failures = {result.result() for result in results}
    assert len(failures) == 1
    assert minted(made) == 1
    release.set()
    with pytest.raises(Retry):
        made.get()
    assert minted(made) == 2  # and the next who asks tries anew


def test_an_interrupted_call_does_not_leave_others_waiting() -> None:
    def interrupt(_request: Request) -> Response:
        raise KeyboardInterrupt

    made = tokens(interrupt, token())
    with pytest.raises(KeyboardInterrupt):
        made.get()
    assert made.get().value == "token-1"


def test_many_threads_that_meet_a_refusal_cause_one_renewal() -> None:
    made = tokens(token("old"), token("new"))
    old = made.get()
    everyone = threading.Barrier(16)

    def refused(_: int) -> str:
        everyone.wait(10)
        made.invalidate(old)
        return made.get().value

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(refused, range(16))) == {"new"}
    made.invalidate(old)
    assert made.get().value == "new"
    assert minted(made) == 2


def test_a_renewal_that_fails_for_now_leaves_a_good_token_in_use() -> None:
    clock = Clock(0.0)
    made = tokens(token("a"), answer(503), answer(503), token("b"), clock=clock)
    made.get()
    clock.now = 1741
    for _ in range(10):
        assert made.get().value == "a"
    assert minted(made) == 2  # and LinkedIn is not asked each time
    clock.now = 1752
    assert made.get().value == "a"
    assert minted(made) == 3
    clock.now = 1770
    assert made.get().value == "b"


def test_only_the_thread_that_renews_waits_while_the_token_is_good() -> None:
    clock = Clock(0.0)
    asked, release = threading.Event(), threading.Event()

    def slow(_request: Request) -> Response:
        asked.set()
        release.wait(10)
        return token("b")

    made = tokens(token("a"), slow, clock=clock)
    made.get()
    clock.now = 1750
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(made.get)
        assert asked.wait(10)
        assert made.get().value == "a"
        release.set()
        assert renewing.result().value == "b"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {"error": "invalid_client_id", "error_description": "Failed"}, "client_secret"),
        (401, {"error": "invalid_client"}, "client_secret"),
        (401, {"error": "access_denied"}, "may not use client credentials"),
        (400, {"error": "invalid_client_id"}, "client_id"),
        (400, {"error": "invalid_request"}, "client_id, client_secret and token_url"),
        (401, b"<html>", "client_id, client_secret and token_url"),
        (400, [], "client_id, client_secret and token_url"),
        (404, b"", "token_url"),
        (405, b"", "token_url"),
        (302, b"", "token_url"),
        (407, b"", "HTTPS_PROXY"),
    ],
)
def test_an_error_names_the_setting(status: int, body: object, said: str) -> None:
    with pytest.raises(Misconfigured) as error:
        tokens(answer(status, body)).get()
    assert said in error.value.message
    assert f"LinkedIn answered {status} to token" in error.value.message
    assert error.value.message.endswith(f"(x-li-uuid: {UUID})")


def test_what_was_refused_is_not_sent_again() -> None:
    made = tokens(answer(401, {"error": "invalid_client_id"}))
    for _ in range(3):
        with pytest.raises(Misconfigured, match="client_secret"):
            made.get()
    assert minted(made) == 1


@pytest.mark.parametrize(
    "step", [answer(429), answer(500), answer(504), answer(599), TransportError("h: reset")]
)
def test_a_transient_failure_is_tried_again(step: Step) -> None:
    with pytest.raises(Retry):
        tokens(step).get()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        [],
        {},
        {"access_token": None},
        {"access_token": ""},
        {"access_token": 5},
        {"access_token": "a\r\nEvil: b"},
        {"access_token": "a b"},
        {"access_token": "é"},
    ],
)
def test_an_answer_without_a_token_is_tried_again(body: object) -> None:
    with pytest.raises(Retry, match="holds no access token"):
        tokens(answer(200, body)).get()


@pytest.mark.parametrize("spelling", [SECRET, "the+s%2Fcret%2B%3D", "the%20s%2Fcret%2B%3D"])
def test_the_secret_is_masked_where_the_server_repeats_it(
    spelling: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    words = "x" * 190 + f" {spelling} \x1b[31m\r\n is wrong"
    body = {"error": "odd", "error_description": words}
    with pytest.raises(Misconfigured) as error:
        tokens(answer(400, body)).get()
    for shown in (error.value.message, repr(SETTINGS), caplog.text):
        assert "cret" not in shown.replace("client_secret", "")
    assert "saying 'xxx" in error.value.message
    assert "\x1b" not in error.value.message
    assert len(error.value.message) < 500


def test_a_token_is_not_shown() -> None:
    assert "token-1" not in repr(tokens(token()).get())


def test_asks_what_linkedin_thinks_of_the_token() -> None:
    body = {
        "active": True,
        "client_id": "the-id",
        "authorized_at": 1,
        "created_at": 1,
        "status": "active",
        "expires_at": 1772366400,
        "scope": "r_x,w_y",
        "auth_type": "2L",
    }
    made = tokens(token(), introspect=answer(200, body))
    assert made.introspect() == Introspection(True, "active", 1772366400)
    request = made.script.sent[-1]  # type: ignore[attr-defined]  # set by `tokens`
    assert request.url.target == INTROSPECT
    assert parse_qs(request.body.decode()) == {
        "token": ["token-1"],
        "client_id": ["the-id"],
        "client_secret": [SECRET],
    }


@pytest.mark.parametrize("expires_at", ["soon", None, True, -1, 1772366400000, 1e400])
def test_an_inactive_token_and_missing_fields(expires_at: object) -> None:
    made = tokens(token(), introspect=answer(200, {"active": False, "expires_at": expires_at}))
    assert made.introspect() == Introspection(False, None, None)


def test_an_introspection_that_fails() -> None:
    with pytest.raises(Retry, match="whether a token is active"):
        tokens(token(), introspect=answer(200, {"status": "active"})).introspect()
    echo = {"error": "odd", "error_description": "bad token token-1"}
    with pytest.raises(Misconfigured) as error:
        tokens(token(), introspect=answer(400, echo)).introspect()
    assert "token-1" not in error.value.message


@pytest.mark.parametrize(
    "url", ["http://www.linkedin.com/oauth", "ftp://x", "", "https://a@b/", "https://a/?b=c"]
)
def test_a_token_url_that_the_secret_must_not_go_to(url: str) -> None:
    with pytest.raises(Misconfigured, match=r"setting 'token_url': .* expected an https URL"):
        Tokens(replace(SETTINGS, token_url=url), Session(Script({})))


@pytest.mark.parametrize("path", [MEDIA, UPLOAD])
def test_a_token_that_ends_while_a_call_waits_at_its_gate_is_not_used(path: str) -> None:
    clock = Clock()
    refusal = answer(429, retry_after="20")
    transport = script(
        token=[token("short", 15), token("fresh")],
        media=[refusal, answer(201, x_linkedin_id=SIGNED)],
        upload=[refusal, answer(201, location="/AAYU-b.pdf")],
    )
    tokens = Tokens(SETTINGS, Session(transport, clock=clock, wait=clock.wait))
    call = Call.UPLOAD_URL if path == MEDIA else Call.UPLOAD
    request = Request("POST", parse_url(f"https://www.linkedin.com{path}"), {})
    tokens.send_once(call, request)
    tokens.send_once(call, request)
    used = [sent.headers["Authorization"] for sent in transport.to(path)]
    assert used == ["Bearer short", "Bearer fresh"]
