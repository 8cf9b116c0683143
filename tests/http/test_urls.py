from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.http.urls import Origin, may_see_token, parse_url

API = parse_url("https://api.linkedin.com").origin


@pytest.mark.parametrize(
    ("text", "origin", "target"),
    [
        ("https://www.linkedin.com", "https://www.linkedin.com", "/"),
        ("HTTPS://WWW.LinkedIn.com:443/a?b=%2f", "https://www.linkedin.com", "/a?b=%2f"),
        ("https://www.linkedin.com?a=b", "https://www.linkedin.com", "/?a=b"),
        ("http://127.0.0.1:8765/x", "http://127.0.0.1:8765", "/x"),
        ("http://[::1]:8765/x", "http://[::1]:8765", "/x"),
        ("https://linkedin.com./x", "https://linkedin.com.", "/x"),
    ],
)
def test_reads_a_url_and_keeps_its_target(text: str, origin: str, target: str) -> None:
    url = parse_url(text)
    assert (str(url.origin), url.target) == (origin, target)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "www.linkedin.com/a",
        "ftp://www.linkedin.com/a",
        "//www.linkedin.com/a",
        "https:///a",
        "https://linkedin.com@evil.example/a",
        "https://user:word@www.linkedin.com/a",
        "https://www.linkedin.com\\@evil.example/a",
        "https://evil.example\\.linkedin.com/a",
        "https://www.linkedin.com/a b",
        "https://www.linkedin.com/a\r\nHost: evil.example",
        "https://www.linkedin.com/a\n",
        "https://www.linkedin.com\t/a",
        "https://www.linkedin.com/é",
        "https://www.l\u0131nkedin.com/a",
        "https://www.lin\u212aedin.com/a",
        "https://www.linkedin.com。evil.example/a",
        "https://www.linkedin.com#@evil.example/",
        "https://www.linkedin.com/a#b",
        "https://www.linkedin.com:/a",
        "https://www.linkedin.com:0/a",
        "https://www.linkedin.com:65536/a",
        "https://www.linkedin.com:44x/a",
        "https://[::1/a",
        "https://[:::]/a",
    ],
)
def test_refuses_what_readers_of_urls_disagree_about(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(?!.*evil)") as error:
        parse_url(text)
    assert not text or text not in str(error.value)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        url = parse_url("https://" + text)
    except ValueError:
        return
    assert url.origin.host.isascii()
    assert url.target.startswith("/")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("https://www.linkedin.com/ambry", True),
        ("https://linkedin.com/", True),
        ("https://WWW.LINKEDIN.COM/", True),
        ("https://a.b.linkedin.com:8443/", True),
        ("http://www.linkedin.com/", False),
        ("https://evil-linkedin.com/", False),
        ("https://linkedin.com.evil.example/", False),
        ("https://linkedin.com./", False),
        ("https://linkedin.co/", False),
        ("https://127.0.0.1/", False),
    ],
)
def test_the_token_goes_to_linkedin_alone(text: str, allowed: bool) -> None:
    assert may_see_token(parse_url(text).origin, API) is allowed


def test_the_token_goes_to_the_very_origin_of_the_configured_api() -> None:
    api = parse_url("http://127.0.0.1:8765").origin
    assert may_see_token(parse_url("http://127.0.0.1:8765/ambry").origin, api)
    assert not may_see_token(parse_url("http://127.0.0.1:8766/ambry").origin, api)
    assert not may_see_token(parse_url("https://127.0.0.1:8765/ambry").origin, api)
    assert not may_see_token(parse_url("http://localhost:8765/ambry").origin, api)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
    ],
)
def test_knows_loopback(host: str, loopback: bool) -> None:
    assert Origin("http", host, 80).is_loopback is loopback
