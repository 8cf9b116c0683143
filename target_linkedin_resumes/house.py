"""Wires the house: from settings to a pipeline that is ready to start."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from target_linkedin_resumes.changes import ResumeKey
from target_linkedin_resumes.courier import Courier, DryCourier, PatientCourier
from target_linkedin_resumes.delivery.audit import AuditFile
from target_linkedin_resumes.delivery.checkpoints import State
from target_linkedin_resumes.delivery.flow import Flow
from target_linkedin_resumes.delivery.outside import Outside
from target_linkedin_resumes.delivery.pipeline import Pipeline
from target_linkedin_resumes.delivery.pseudonyms import Pseudonyms
from target_linkedin_resumes.delivery.rejects import Rejected, RejectFile
from target_linkedin_resumes.delivery.retries import Retries
from target_linkedin_resumes.delivery.shelf import Book, Shelf
from target_linkedin_resumes.linkedin.api import LinkedIn
from target_linkedin_resumes.linkedin.calls import Calls, utc_now
from target_linkedin_resumes.linkedin.limits import Concurrency, RecordsPerMinute, RequestsPerDay
from target_linkedin_resumes.linkedin.settings import ClientSettings
from target_linkedin_resumes.linkedin.transport import HttpTransport
from target_linkedin_resumes.meter import Meter, MeteredPace, Waiting
from target_linkedin_resumes.report.files import ReportFiles
from target_linkedin_resumes.resumes.convert.converter import converter_of
from target_linkedin_resumes.resumes.prefixes import FileSource
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.settings import Settings
from target_linkedin_resumes.summary import Reporter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """What one run works with. ``rejects``, ``books``, ``report`` are None where there are none."""

    pipeline: Pipeline
    reporter: Reporter
    rejects: RejectFile | None
    books: Shelf | None
    transport: HttpTransport
    sources: Sources
    report: ReportFiles | None

    def close(self, *, complete: bool) -> None:
        """Let go of files and connections; ``complete`` says that all that was read is settled.

        Raises Stop if the rejects or the books cannot be written.
        """
        with ExitStack() as closing:
            if self.books is not None:
                closing.callback(self.books.close)
            if self.rejects is not None:
                closing.callback(self.rejects.close, complete=complete)
            closing.callback(self.transport.close)
            closing.callback(self.sources.close)


class ListedRejects:
    """The rejects of a dry run: said in the log, kept nowhere."""

    def keep(self, rejected: Rejected) -> None:
        """Say what would be rejected."""
        where = rejected.key or f"a record of stream {rejected.stream!r}"
        reject = rejected.reject
        logger.warning("%s would be rejected [%s]: %s", where, reject.code, reject.message)

    def settled(self, key: ResumeKey, position: int) -> None:
        """Of no interest."""

    def sync(self) -> None:
        """Nothing was written."""


def quota_of(settings: Settings) -> RequestsPerDay:
    """The day's quota; LinkedIn publishes one for batch calls alone."""
    return RequestsPerDay({"tcrmCandidateResumes": settings.requests_per_day}, utc_now)


def linkedin_of(
    settings: Settings, transport: HttpTransport, meter: Meter, quota: RequestsPerDay
) -> LinkedIn:
    """LinkedIn's client for these settings. Raises Misconfigured."""
    calls = Calls(transport, requests_per_day=quota, observe=meter)
    client = ClientSettings(
        organization=settings.organization,
        contract=settings.contract,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        api_url=settings.api_url,
        token_url=settings.token_url,
        blob_ttl=settings.blob_ttl,
    )
    return LinkedIn(client, calls)


def build(
    settings: Settings,
    *,
    print_state: Callable[[State], None],
    encode: Callable[[object], str],
    replayed: Path | None = None,
) -> House:
    """Build all that a run needs. Raises Misconfigured.

    ``encode`` makes a line of JSON of a message; ``replayed`` is the file that is read as input,
    if it is one.
    """
    meter, waiting, quota = Meter(), Waiting(), quota_of(settings)
    report = None if settings.report_path is None else ReportFiles(settings.report_path)
    transport = HttpTransport(settings.request_timeout_seconds)
    rejects, books = _rejects(settings, encode, replayed), _books(settings)
    sources = Sources(
        settings.file_root,
        [FileSource(s.prefix, s.headers, s.storage_options) for s in settings.file_sources],
        timeout=settings.request_timeout_seconds,
        concurrency=settings.upload_concurrency,
        convert=converter_of(settings.convert),
    )
    courier: Courier | DryCourier
    if settings.dry_run:
        courier = DryCourier(sources)
    else:
        linkedin = linkedin_of(settings, transport, meter, quota)
        kept = books is not None
        if settings.on_quota == "wait":
            courier = PatientCourier(sources, linkedin, books=kept, observe=waiting.for_quota)
        else:
            courier = Courier(sources, linkedin, books=kept)
    outside = Outside(
        upload=courier.upload,
        sender=courier,
        pace=MeteredPace(RecordsPerMinute(settings.records_per_minute, time.monotonic), waiting),
        concurrency=Concurrency(settings.upload_concurrency),
        print_state=(lambda _: None) if settings.dry_run else print_state,
        rejects=ListedRejects() if settings.dry_run else rejects,
        books=books,
    )
    flow = Flow(
        batch_size=min(settings.batch_size_rows, settings.records_per_minute),
        batch_max_age=settings.batch_max_age_seconds,
        retries=Retries(settings.retry_seconds, observe=waiting.for_retry),
    )
    pipeline = Pipeline(
        flow,
        outside,
        workers=settings.upload_concurrency,
        grace=settings.shutdown_grace_seconds,
    )
    begun = time.monotonic()
    reporter = Reporter(pipeline, meter, waiting, time.monotonic, begun, quota, settings)
    return House(pipeline, reporter, rejects, books, transport, sources, report)


def _rejects(
    settings: Settings, encode: Callable[[object], str], replayed: Path | None
) -> RejectFile | None:
    path, days = settings.rejects_path, settings.audit_retain_days
    keeping = settings.on_reject == "continue"
    if path is None or settings.dry_run or not (keeping or path.exists()):
        return None
    oldest = "" if days is None else _iso(utc_now() - timedelta(days=days))
    rejects = RejectFile(
        path,
        encode=encode,
        now=lambda: _iso(utc_now()),
        most=settings.max_rejects,
        replaying=keeping and replayed is not None and path.exists() and replayed.samefile(path),
        keeping=keeping,
        oldest=oldest,
    )
    if rejects.expired:
        logger.warning(
            "%d rejected records in %s were older than %d days (setting audit_retain_days) and are"
            " dropped; they were never delivered",
            *(rejects.expired, path, days),
        )
    return rejects


def _books(settings: Settings) -> Shelf | None:
    if settings.dry_run:
        return None
    books: list[Book] = []
    if settings.audit_path is not None and settings.audit_key is not None:
        books.append(
            AuditFile(
                settings.audit_path,
                Pseudonyms(settings.audit_key),
                run=secrets.token_hex(8),
                now=utc_now,
                retain_days=settings.audit_retain_days,
            )
        )
    return Shelf(books) if books else None


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
