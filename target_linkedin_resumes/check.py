"""`--check`: is all there that a run needs? Writes nothing to LinkedIn."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from target_linkedin_resumes.failures import Failure
from target_linkedin_resumes.house import linkedin_of, quota_of
from target_linkedin_resumes.linkedin.api import LinkedIn
from target_linkedin_resumes.linkedin.transport import HttpTransport
from target_linkedin_resumes.meter import Meter
from target_linkedin_resumes.settings import Settings


def check(settings: Settings) -> Iterator[tuple[bool, str]]:
    """Look at one thing after another; gives whether it is well, and what was found."""
    yield True, "configuration: valid"
    yield _directory(settings)
    for name, path in (
        ("rejects_path", settings.rejects_path),
        ("ledger_path", settings.ledger_path),
        ("audit_path", settings.audit_path),
        ("report_path", settings.report_path),
    ):
        if path is not None:
            yield _file(name, path)
    yield (
        True,
        (
            f"limits: {settings.records_per_minute} records a minute,"
            f" {settings.requests_per_day} batch calls a day, {settings.upload_concurrency} uploads"
            " at once at the most"
        ),
    )
    with closing(HttpTransport(settings.request_timeout_seconds)) as transport:
        yield from _ask(linkedin_of(settings, transport, Meter(), quota_of(settings)))


def _ask(linkedin: LinkedIn) -> Iterator[tuple[bool, str]]:
    try:
        token = linkedin.introspect()
    except Failure as failure:
        yield False, f"token: {failure.message.removeprefix('token: ')}"
        return
    if not token.active:
        yield False, f"token: LinkedIn says that it is not active (status {token.status})"
        return
    until = "" if token.expires_at is None else f" until {_time(token.expires_at)}"
    yield True, f"token: LinkedIn granted one and says that it is active{until}"
    try:
        linkedin.create_upload_url("application/pdf")
    except Failure as failure:
        yield False, f"uploads: {failure}"
        return
    yield True, "uploads: LinkedIn signs upload URLs for this contract (this one is left unused)"
    yield (
        True,
        (
            "batches: not checked; LinkedIn offers no way to ask without writing. The first batch"
            " of a run tells, and a refusal stops the run before any state is printed"
        ),
    )


def _directory(settings: Settings) -> tuple[bool, str]:
    readable = os.access(settings.file_root, os.R_OK | os.X_OK)
    found = "can be read" if readable else "cannot be read by this user"
    return readable, f"file_root: {settings.file_root} {found}"


def _file(name: str, path: Path) -> tuple[bool, str]:
    writable = os.access(path if path.exists() else path.parent, os.W_OK)
    found = "can be written" if writable else "cannot be written by this user"
    return writable, f"{name}: {path} {found}"


def _time(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(sep=" ", timespec="seconds")
