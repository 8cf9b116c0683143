"""`--check`: whether all is there that a run needs. Writes nothing to LinkedIn."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import partial

from target_linkedin_resumes.app import (
    linkedin_of,
    owner_of,
    pseudonyms_of,
    quota_of,
    sources_of,
)
from target_linkedin_resumes.errors import Failure, Misconfigured
from target_linkedin_resumes.http.client import HttpTransport
from target_linkedin_resumes.linkedin.api import LinkedIn
from target_linkedin_resumes.report.files import ReportFiles
from target_linkedin_resumes.report.metrics import Metrics
from target_linkedin_resumes.report.wording import outstanding_deletions
from target_linkedin_resumes.settings import Settings
from target_linkedin_resumes.stores.audit_log import check_audit_log
from target_linkedin_resumes.stores.dead_letters import check_dead_letters
from target_linkedin_resumes.stores.ledger_db import check_ledger
from target_linkedin_resumes.stores.reject_lines import outstanding_in


def preflight(settings: Settings) -> Iterator[tuple[bool, str]]:
    """Check one thing after another. Give for each whether it is well, and what was found."""
    yield True, "configuration: valid"
    readable = os.access(settings.file_root, os.R_OK | os.X_OK)
    found = "can be read" if readable else "cannot be read by this user"
    yield readable, f"file_root: {settings.file_root} {found}"
    for well, check in _checks(settings):
        try:
            check()
        except Misconfigured as failure:
            yield False, failure.message
        else:
            yield True, well
    if settings.rejects_path is not None and settings.rejects_path.exists():
        with suppress(OSError):
            deletions, persons = outstanding_in(settings.rejects_path)
            if deletions:
                waiting = outstanding_deletions(deletions, persons)
                yield True, f"rejects_path: {waiting}; {settings.rejects_path} says why"
    limits = (
        f"limits: {settings.records_per_minute} records a minute, {settings.requests_per_day} batch"
        f" calls a day, at most {settings.upload_concurrency} uploads at once"
    )
    yield True, limits
    with closing(HttpTransport(settings.request_timeout_seconds)) as transport:
        yield from _ask(linkedin_of(settings, transport, Metrics(), quota_of(settings)))


def _checks(settings: Settings) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what to say if all is well, and a check that raises Misconfigured as a run would."""
    yield (
        "file_sources, convert: everything they need is installed",
        lambda: sources_of(settings).close(),
    )
    rejects, ledger, audit = settings.rejects_path, settings.ledger_path, settings.audit_path
    if rejects is not None:
        yield f"rejects_path: {rejects} can be used", partial(check_dead_letters, rejects)
    if ledger is not None:
        whose = owner_of(settings)
        yield f"ledger_path: {ledger} can be used", partial(check_ledger, ledger, whose)
    if audit is not None and (pseudonyms := pseudonyms_of(settings)) is not None:
        yield f"audit_path: {audit} can be used", partial(check_audit_log, audit, pseudonyms)
    if settings.report_path is not None:
        report = partial(ReportFiles, settings.report_path)
        yield f"report_path: {settings.report_path} can be used", report


def _ask(linkedin: LinkedIn) -> Iterator[tuple[bool, str]]:
    """Check the token and the right to upload at LinkedIn itself; writes nothing there."""
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
    unchecked = (
        "batches: not checked; LinkedIn offers no way to ask without writing. The first batch of a"
        " run shows it, and a refusal stops the run before any state is printed"
    )
    yield True, unchecked


def _time(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(sep=" ", timespec="seconds")
