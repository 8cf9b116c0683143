"""The mask over log lines."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from target_linkedin_resumes.privacy import Masking, guard_logs

SECRET = "a-secret-of-the-customer"


def masked(text: str, *args: object) -> str:
    formatter = Masking(logging.Formatter("%(message)s"), [SECRET, "x"])
    return formatter.format(logging.LogRecord("n", logging.INFO, "f", 1, text, args, None))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (f"a {SECRET} b", "a *** b"),
        (
            "https://u:p@h.example.com:88/a/Ann%20Doe.pdf?sig=1 now",
            "https://h.example.com:88/*** now",
        ),
        ("s3://bucket/Ann Doe.pdf", "s3://bucket/*** Doe.pdf"),
        ("https://h.example.com?sig=1", "https://h.example.com/***"),
        ("file:///srv/Ann.pdf", "file:///***"),
        ("covers this s3:// URL", "covers this s3:// URL"),
        ("at https://api.linkedin.com now", "at https://api.linkedin.com now"),
        ('"GET /files/Ann.pdf?sig=1 HTTP/1.1" 200', '"GET *** HTTP/1.1" 200'),
        ("Bearer abc.def-1,", "Bearer ***,"),
        ("client_secret=foo&grant_type=x", "client_secret=***&grant_type=x"),
        ('{"access_token": "AQV", "a": 1}', '{"access_token": "***", "a": 1}'),
        ("{'Authorization': 'Basic x'}", "{'Authorization': '***'}"),
        ("X-Amz-Signature=abc", "X-Amz-Signature=***"),
    ],
)
def test_what_is_masked(text: str, seen: str) -> None:
    assert masked(text) == seen


@pytest.mark.parametrize(
    "text",
    [
        "setting client_secret: expected a text",
        "candidate 'c:1', resume 'r/2'",
        "token: 200 in 0.012 s, x-li-uuid 1a-2b",
        "urn:li:organization:12",
        "exit 75; run again after 00:00 UTC",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert masked(text) == text


def test_a_line_that_cannot_be_formatted_shows_nothing_of_its_arguments() -> None:
    seen = masked("%d of the resumes", "Ann Doe.pdf")
    assert "TypeError" in seen
    assert "Ann" not in seen


def test_tracebacks_are_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    logger = logging.getLogger("test_privacy")
    logger.addHandler(handler)
    logger.propagate = False
    guard_logs([SECRET])
    guard_logs([SECRET])
    try:
        int(f"{SECRET} at https://h.example.com/Ann.pdf")
    except ValueError:
        logger.exception("it failed")
    logger.removeHandler(handler)
    error = capsys.readouterr().err
    assert "*** at https://h.example.com/***" in error
    assert SECRET not in error


def test_lines_of_json_stay_json() -> None:
    text = json.dumps({"message": "x", "url": "https://h/a?b=c", "token": "abc", "n": 1})
    formatter = Masking(logging.Formatter("%(message)s"), [])
    line = formatter.format(logging.LogRecord("n", logging.INFO, "f", 1, text, (), None))
    assert "abc" not in line
    assert json.loads(line)["url"] == "https://h/***"
