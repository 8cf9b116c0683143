"""What the first lines of a run's log say, and what is said no more than once."""

from __future__ import annotations

import logging

import pytest

from target_linkedin_resumes.settings import read_settings
from target_linkedin_resumes.target import destination, quiet_sdk_log

REQUIRED = {"client_id": "id", "client_secret": "secret", "organization": 1, "contract": 1}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "This run writes to LinkedIn, at api.linkedin.com"),
        ({"dry_run": True}, "Dry run: this run writes nothing to api.linkedin.com"),
        (
            {"api_url": "http://127.0.0.1:8765"},
            "This run writes to 127.0.0.1:8765 (setting api_url), and not to LinkedIn itself",
        ),
        (
            {"api_url": "https://notlinkedin.com"},
            "This run writes to notlinkedin.com (setting api_url), and not to LinkedIn itself",
        ),
    ],
)
def test_whether_a_run_writes_is_said_in_words(settings: dict[str, object], expected: str) -> None:
    assert destination(read_settings({**REQUIRED, **settings})).startswith(expected)


def test_the_sdks_lines_come_once_and_only_if_they_mean_something(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sdk = logging.getLogger("tests.sdk")
    quiet_sdk_log(sdk)
    quiet_sdk_log(sdk)
    assert len(sdk.filters) == 1
    with caplog.at_level(logging.INFO):
        sdk.info("Skipping parse of env var settings...")
        for _ in range(3):
            for stream in ("a", "b"):
                sdk.info("Schema has changed for stream '%s'. Mapping definitions", stream)
                sdk.info("Schema or key properties for '%s' stream have changed.", stream)
            sdk.info("read")
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == len(set(said)) + 2 == 7
    assert said.count("read") == 3
