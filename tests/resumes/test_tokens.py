from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from target_linkedin_resumes.errors import Misconfigured, Reject, Retry
from target_linkedin_resumes.http.oauth import OAuth
from target_linkedin_resumes.resumes.tokens import SourceToken

CLIENT = OAuth("https://auth.example.com/token", "id", "hidden", "hidden-refresh")


class Endpoint:
    """A token endpoint and a clock. The answers are given one after another, the last for ever."""

    def __init__(self, *answers: Any) -> None:
        self.now = 1000.0
        self.answers = list(answers) or [{"expires_in": 3600}]
        self.asked: list[OAuth] = []
        self.tokens = SourceToken("file_sources[1]", CLIENT, self.post, lambda: self.now)

    def post(self, oauth: OAuth) -> tuple[int, bytes]:
        self.asked.append(oauth)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, tuple):
            return answer
        return 200, json.dumps({"access_token": f"token-{len(self.asked)}", **answer}).encode()


def test_a_token_is_used_until_shortly_before_its_end() -> None:
    endpoint = Endpoint()
    assert endpoint.tokens.get() == "token-1"
    endpoint.now += 3600 - 61
    assert endpoint.tokens.get() == "token-1"
    endpoint.now += 1
    assert endpoint.tokens.get() == "token-2"
    assert len(endpoint.asked) == 2


def test_a_renewal_that_fails_for_now_leaves_the_old_token_in_use() -> None:
    endpoint = Endpoint({"expires_in": 600}, Retry("out"))
    endpoint.tokens.get()
    for second in range(59):
        endpoint.now = 1000 + 541 + second
        assert endpoint.tokens.get() == "token-1"
    assert len(endpoint.asked) == 1 + 6
    endpoint.now = 1600
    with pytest.raises(Retry, match="out"):
        endpoint.tokens.get()


def test_however_many_threads_ask_one_call_is_made() -> None:
    endpoint = Endpoint()
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(endpoint.tokens.get())) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["token-1"] * 9
    assert len(endpoint.asked) == 1


def test_while_one_thread_renews_the_others_use_the_token_that_is_good() -> None:
    endpoint = Endpoint()
    endpoint.tokens.get()
    endpoint.now += 3590
    others: list[str] = []

    def slow(oauth: OAuth) -> tuple[int, bytes]:
        thread = threading.Thread(target=lambda: others.append(endpoint.tokens.get()))
        thread.start()
        thread.join(10)
        return endpoint.post(oauth)

    endpoint.tokens._post = slow
    assert endpoint.tokens.get() == "token-2"
    assert others == ["token-1"]


def test_a_token_that_is_refused_is_replaced_unless_it_is_new() -> None:
    """Else each file that is denied would cost a token; sources give few of them."""
    endpoint = Endpoint()
    first = endpoint.tokens.get()
    assert not endpoint.tokens.refused(first)
    endpoint.now += 60
    assert endpoint.tokens.refused(first)
    assert endpoint.tokens.refused(first)  # said by another thread
    assert endpoint.tokens.get() == "token-2"
    assert endpoint.tokens.refused(first)
    assert not endpoint.tokens.refused("token-2")
    assert len(endpoint.asked) == 2


def test_a_new_refresh_token_is_used_from_then_on(caplog: pytest.LogCaptureFixture) -> None:
    endpoint = Endpoint({"expires_in": 600, "refresh_token": "hidden-next"}, {"expires_in": 600})
    endpoint.tokens.get()
    endpoint.now += 600
    endpoint.tokens.get()
    assert [oauth.refresh_token for oauth in endpoint.asked] == ["hidden-refresh", "hidden-next"]
    assert "setting `file_sources[1].oauth`: the source sent a new refresh token" in caplog.text
    assert "hidden" not in caplog.text


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((400, b'{"error": "invalid_grant"}'), "(400, invalid_grant)"),
        ((401, b'{"error": "invalid_client"}'), "(401, invalid_client)"),
        ((200, b'{"error": "invalid_code"}'), "(200, invalid_code)"),  # as Zoho says it
        ((400, b'{"error": "hidden is wrong"}'), "(400, an error that repeats what was sent)"),
        ((200, b"<html>"), "(200, no token)"),
        ((302, b""), "(302, no token)"),
        ((404, b"hidden"), "(404, no token)"),
        (Reject("source_unreachable", "field 'file': the host does not exist"), "token_url cannot"),
    ],
)
def test_what_an_operator_has_to_change_stops_the_run(answer: Any, said: str) -> None:
    endpoint = Endpoint(answer)
    with pytest.raises(Misconfigured) as caught:
        endpoint.tokens.get()
    assert "setting `file_sources[1].oauth`: " in caught.value.message
    assert said in caught.value.message
    assert "hidden" not in caught.value.message


def test_credentials_that_were_refused_are_not_sent_again() -> None:
    """Servers lock out who tries them again and again."""
    endpoint = Endpoint((401, b'{"error": "invalid_client"}'), {"expires_in": 600})
    for _ in range(3):
        with pytest.raises(Misconfigured):
            endpoint.tokens.get()
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    "answer", [(200, b"<html>maintenance"), (200, b""), (302, b""), (403, b"")]
)
def test_an_endpoint_that_gave_a_token_before_may_be_out(answer: Any) -> None:
    endpoint = Endpoint({"expires_in": 600}, answer, {"expires_in": 600})
    endpoint.tokens.get()
    endpoint.now += 600
    with pytest.raises(Retry, match="without a token"):
        endpoint.tokens.get()
    assert endpoint.tokens.get() == "token-3"


def test_a_refresh_token_that_ends_in_the_middle_of_a_run_stops_it() -> None:
    endpoint = Endpoint({"expires_in": 600}, (400, b'{"error": "invalid_grant"}'))
    endpoint.tokens.get()
    endpoint.now += 600
    with pytest.raises(Misconfigured, match="invalid_grant"):
        endpoint.tokens.get()
