"""What decides the exit code, and how the report calls it."""

from __future__ import annotations

import signal

import pytest

from target_linkedin_resumes.errors import Failure, Misconfigured, QuotaSpent, Reject, Stop
from target_linkedin_resumes.exit_status import exit_status
from target_linkedin_resumes.report.model import End, Kind


@pytest.mark.parametrize("rejects_fail", [False, True])
def test_outstanding_deletions_end_a_run_with_3_whatever_the_settings(rejects_fail: bool) -> None:
    ended = exit_status(None, None, rejects_fail=rejects_fail, outstanding=True)
    assert ended == End(Kind.OUTSTANDING, 3)


def test_rejects_count_where_they_are_told_to() -> None:
    assert exit_status(None, None, rejects_fail=False) == End(Kind.FINISHED, 0)
    assert exit_status(None, None, rejects_fail=True) == End(Kind.FINISHED, 3)


@pytest.mark.parametrize(
    ("failure", "signum", "kind", "code"),
    [
        (Stop("x"), None, Kind.STOPPED, 1),
        (Reject("file_empty", "x"), None, Kind.REJECTED, 1),
        (Misconfigured("x"), signal.SIGTERM, Kind.MISCONFIGURED, 2),
        (QuotaSpent("x"), None, Kind.QUOTA, 75),
        (None, signal.SIGTERM, Kind.SIGNAL, 143),
    ],
)
def test_what_stopped_a_run_comes_before_what_is_outstanding(
    failure: Failure | None, signum: int | None, kind: Kind, code: int
) -> None:
    ended = exit_status(failure, signum, rejects_fail=True, outstanding=True)
    assert (ended.kind, ended.exit_code) == (kind, code)
