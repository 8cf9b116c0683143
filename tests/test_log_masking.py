"""The mask over log lines."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from target_linkedin_resumes.log_masking import MaskingFormatter, mask_logs

SECRET = "a-secret-of-the-customer"


def masked(text: str, *args: object) -> str:
    formatter = MaskingFormatter(logging.Formatter("%(message)s"), [SECRET, "x"])
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


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\nERROR forged", "a\\nERROR forged"),
        ("\x1b[2J\x07\x00\t\r", "\\u001b[2J\\u0007\\u0000\\u0009\\u000d"),
        ("\x7f\x85\x9b\u2028\u2029", "\\u007f\\u0085\\u009b\\u2028\\u2029"),
        (f"{SECRET}\n https://h.example.com/Ann\x01Doe.pdf", "***\\n https://h.example.com/***"),
        ("مرشح 名前 é 😀", "مرشح 名前 é 😀"),
    ],
)
def test_what_a_terminal_would_obey_is_spelled_out(text: str, seen: str) -> None:
    assert masked(text) == seen
    assert masked("%s", text) == seen


def test_a_traceback_keeps_its_lines_and_nothing_else_of_the_kind() -> None:
    def fail() -> None:
        raise ValueError("\x1b[2J")

    try:
        fail()
    except ValueError:
        record = logging.LogRecord("n", logging.INFO, "f", 1, "it\nfailed", (), sys.exc_info())
    lines = MaskingFormatter(logging.Formatter("%(message)s"), []).format(record).split("\n")
    assert lines[0] == "it\\nfailed"
    assert lines[1].startswith("Traceback")
    assert lines[-1] == "ValueError: \\u001b[2J"
    assert record.getMessage() == "it\nfailed"  # for the next handler


def test_a_line_that_cannot_be_formatted_shows_nothing_of_its_arguments() -> None:
    seen = masked("%d of the resumes", "Ann Doe.pdf")
    assert "TypeError" in seen
    assert "Ann" not in seen


def test_tracebacks_are_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    logger = logging.getLogger("test_log_masking")
    logger.addHandler(handler)
    logger.propagate = False
    mask_logs([SECRET])
    mask_logs([SECRET])
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
    formatter = MaskingFormatter(logging.Formatter("%(message)s"), [])
    line = formatter.format(logging.LogRecord("n", logging.INFO, "f", 1, text, (), None))
    assert "abc" not in line
    assert json.loads(line)["url"] == "https://h/***"


def test_lines_of_json_stay_json_whatever_they_hold() -> None:
    class Json(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return json.dumps({"m": record.getMessage(), "extra": "\x7f\n"}, ensure_ascii=False)

    record = logging.LogRecord("n", logging.INFO, "f", 1, "%s", ("a\n\x7f",), None)
    line = MaskingFormatter(Json(), []).format(record)
    assert line.isprintable()
    assert json.loads(line) == {"m": "a\\n\\u007f", "extra": "\x7f\n"}
