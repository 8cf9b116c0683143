"""What the words of sources say; the ways over HTTP are in `test_web.py`."""

from __future__ import annotations

import time

import pytest

from target_linkedin_resumes.errors import Failure, Reject, Retry
from target_linkedin_resumes.resumes.answers import failure_of_answer

URL = "https://crm.example.com/files/1"
SIGNED = f"{URL}?X-Amz-Date=20240424T104000Z&X-Amz-Signature=a&X-Amz-Expires=3600"
NOW = 1_714_560_000


def answered(
    status: int, words: bytes = b"", *, url: str = URL, has_credentials: bool = True
) -> Failure | None:
    return failure_of_answer(status, {}, url, lambda: words, NOW, has_credentials=has_credentials)


def code(failure: Failure | None) -> str | None:
    return failure.code if isinstance(failure, Reject) else None


@pytest.mark.parametrize(
    "words",
    [
        "Rate exceeded",
        "rateLimitExceeded",
        "dailyLimitExceeded",
        "quotaExceeded",
        "downloadQuotaExceeded",
        "RESOURCE_EXHAUSTED",
        "request quota has been exhausted",
        "LIMIT_EXCEEDED",
        "RequestLimitExceeded",
        "TotalRequests Limit exceeded.",
        "ConcurrentPerOrgLongTxn Limit exceeded",
        "RATE_LIMIT",
        "TEN_SECONDLY_ROLLING",
        "You have reached your secondly limit.",
        "You have reached your daily limit.",
        "hourly limit exceeded",
        "concurrent request limit",
        "Number of requests exceeded the limit of 6000 over time window of 300 seconds",
        "The server is busy",
        "ServerBusy",
        "Request was throttled. Expected available in 7 seconds.",
        "<Code>RequestThrottled</Code>",
        "request rate is large",
        "Request rate too high",
        "The rate of requests is too high",
        "Please reduce your request rate.",
        "API calls quota exceeded! maximum admitted 100 per Day.",
        "Maximum number of API calls reached",
        "You have reached the maximum number of requests",
        "limit of API calls",
        "Calls per hour exceeded",
        "request count exceeded",
        "You have exceeded your allotted API usage",
        "Too many calls",
        "too many concurrent requests",
        "too_many_write_operations",
        "TooManyRequestsException",
        "Service invoked too many times",
        "Enhance Your Calm",
        "SlowDown",
        "Developer Over Rate",
        "OverQuotaError",
        "BandwidthExceeded",
        "ErrorExceededConnectionCount",
        "Your address is temporarily blocked",
    ],
)
@pytest.mark.parametrize("status", [400, 403, 409])
def test_what_throttling_is_called(words: str, status: int) -> None:
    failure = answered(status, words.encode())
    assert isinstance(failure, Retry)
    assert not failure.of_file


@pytest.mark.parametrize(
    "words",
    [
        "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
        "insufficientPermissions",
        "The user does not have permission to read this separate library",
        "Your account has limited access",
        "Requests over HTTP are forbidden",
        "Requests are limited to your own organization",
        "The maximum size of an upload is 5 MB",
        "The API version 3 is the maximum",
        "Usage of this file is limited to licensed users",
        "INVALID_SESSION_ID: Session expired or invalid",
        "This operation requires more rights",
        "Corporate policy blocks this location",
    ],
)
def test_what_is_no_throttling(words: str) -> None:
    assert code(answered(403, words.encode())) == "source_denied"


@pytest.mark.parametrize("status", [401, 403, 407, 419, 440, 498])
def test_a_session_that_has_ended_is_denied(status: int) -> None:
    assert code(answered(status)) == "source_denied"


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize(
    "words",
    [
        "Access token has expired or is not yet valid.",
        "token expired",
        "The token is expired",
        "expired_access_token",
        "ExpiredAuthenticationToken",
    ],
)
def test_a_token_that_has_expired_is_of_the_credentials_if_there_are_any(
    status: int, words: str
) -> None:
    """Or each record of a source whose token has ended would be a link that has expired."""
    assert code(answered(status, words.encode())) == "source_denied"
    link = answered(status, words.encode(), has_credentials=False)
    assert code(link) == "source_link_expired"


@pytest.mark.parametrize("has_credentials", [False, True])
def test_a_signed_link_that_has_expired_is_one_whatever_went_along(has_credentials: bool) -> None:
    failure = answered(403, b"denied", url=SIGNED, has_credentials=has_credentials)
    assert code(failure) == "source_link_expired"


@pytest.mark.parametrize(
    "words", [b"exceeded " * 20_000, b"too many " * 20_000, b"calls " * 20_000]
)
def test_a_hostile_body_costs_no_time(words: bytes) -> None:
    begun = time.process_time()
    answered(403, words)
    assert time.process_time() - begun < 2
