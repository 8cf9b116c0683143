from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.http.oauth import OAuth, error_of, granted, passes

CLIENT = ("https://auth.example.com/token", "id", "hidden")


def test_the_form_of_each_grant() -> None:
    identity = {"client_id": "id", "client_secret": "hidden"}
    assert OAuth(*CLIENT).form() == {"grant_type": "client_credentials", **identity}
    assert OAuth(*CLIENT, "hidden-too", "files offline_access").form() == {
        "grant_type": "refresh_token",
        "refresh_token": "hidden-too",
        "scope": "files offline_access",
        **identity,
    }
    assert "hidden" not in repr(OAuth(*CLIENT, "hidden-too"))


@pytest.mark.parametrize(
    ("answer", "life"),
    [
        ({"expires_in": 3600}, 3600),
        ({"expires_in": "3600"}, 3600),
        ({"expires_in": 3600000, "expires_in_sec": 3600}, 3600),
        ({}, 1800),
        ({"expires_in": 0}, 1800),
        ({"expires_in": -1}, 1800),
        ({"expires_in": True}, 1800),
        ({"expires_in": 10**30}, 1800),
        ({"expires_in": None}, 1800),
        ({"expires_in": "soon"}, 1800),
    ],
)
def test_the_life_of_a_token(answer: dict[str, Any], life: float) -> None:
    found = granted(json.dumps({"access_token": "abc", **answer}).encode())
    assert found is not None
    assert (found.token, found.life, found.refresh_token) == ("abc", life, None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[1]",
        b"{}",
        b'{"access_token": ""}',
        b'{"access_token": 5}',
        b'{"access_token": "a b"}',
        b'{"access_token": "a\\r\\nHost: b"}',
        b"[" * 100_000,
    ],
)
def test_what_holds_no_token_that_can_be_sent(body: bytes) -> None:
    assert granted(body) is None


@pytest.mark.parametrize(
    ("body", "error", "passing"),
    [
        (b'{"error": "invalid_grant", "error_description": "hidden"}', "invalid_grant", False),
        (b'{"error": "Access Denied"}', "Access Denied", False),
        (b'{"error": "temporarily_unavailable"}', "temporarily_unavailable", True),
        (b'{"error": {"code": 5}}', None, False),
        (b'{"error": "token 1000.ab12 is wrong"}', None, False),
        (b"<html>", None, False),
    ],
)
def test_the_name_of_an_error(body: bytes, error: str | None, passing: bool) -> None:
    assert (error_of(body), passes(body)) == (error, passing)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists), st.binary())
def test_any_answer_is_read_or_not(value: Any, body: bytes) -> None:
    granted(body)
    error_of(body)
    answer = {"access_token": "a", "expires_in": value, "refresh_token": value, "error": value}
    found = granted(json.dumps(answer).encode())
    assert found is not None
    assert found.life > 0
