"""Wires the house: from settings to a pipeline that is ready to start."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from target_linkedin_resumes.changes import ResumeKey
from target_linkedin_resumes.courier import Courier, DryCourier, PatientCourier
from target_linkedin_resumes.delivery.checkpoints import State
from target_linkedin_resumes.delivery.flow import Flow
from target_linkedin_resumes.delivery.outside import Outside
from target_linkedin_resumes.delivery.pipeline import Pipeline
from target_linkedin_resumes.delivery.rejects import Rejected, RejectFile
from target_linkedin_resumes.delivery.retries import Retries
from target_linkedin_resumes.linkedin.api import LinkedIn
from target_linkedin_resumes.linkedin.calls import Calls, utc_now
from target_linkedin_resumes.linkedin.limits import Concurrency, RecordsPerMinute, RequestsPerDay
from target_linkedin_resumes.linkedin.settings import ClientSettings
from target_linkedin_resumes.linkedin.transport import HttpTransport
from target_linkedin_resumes.resumes.prefixes import FileSource
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.settings import Settings
from target_linkedin_resumes.summary import Meter, Reporter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """What one run works with. ``rejects`` is None where the first reject stops the run."""

    pipeline: Pipeline
    reporter: Reporter
    rejects: RejectFile | None
    transport: HttpTransport
    sources: Sources

    def close(self, *, complete: bool) -> None:
        """Let go of files and connections; ``complete`` says that all that was read is settled.

        Raises Stop if the rejects cannot be written.
        """
        self.sources.close()
        self.transport.close()
        if self.rejects is not None:
            self.rejects.close(complete=complete)


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
    meter, quota = Meter(), quota_of(settings)
    transport = HttpTransport(settings.request_timeout_seconds)
    rejects = _rejects(settings, encode, replayed)
    sources = Sources(
        settings.file_root,
        [FileSource(s.prefix, s.headers, s.storage_options) for s in settings.file_sources],
        timeout=settings.request_timeout_seconds,
        concurrency=settings.upload_concurrency,
    )
    courier: Courier | DryCourier
    if settings.dry_run:
        courier = DryCourier(sources)
    else:
        patient = settings.on_quota == "wait"
        linkedin = linkedin_of(settings, transport, meter, quota)
        courier = (PatientCourier if patient else Courier)(sources, linkedin)
    outside = Outside(
        upload=courier.upload,
        sender=courier,
        pace=RecordsPerMinute(settings.records_per_minute, time.monotonic),
        concurrency=Concurrency(settings.upload_concurrency),
        print_state=(lambda _: None) if settings.dry_run else print_state,
        rejects=ListedRejects() if settings.dry_run else rejects,
    )
    flow = Flow(
        batch_size=min(settings.batch_size_rows, settings.records_per_minute),
        batch_max_age=settings.batch_max_age_seconds,
        retries=Retries(settings.retry_seconds),
    )
    pipeline = Pipeline(
        flow,
        outside,
        workers=settings.upload_concurrency,
        grace=settings.shutdown_grace_seconds,
    )
    begun = time.monotonic()
    reporter = Reporter(pipeline, meter, time.monotonic, begun, quota, settings.dry_run)
    return House(pipeline, reporter, rejects, transport, sources)


def _rejects(
    settings: Settings, encode: Callable[[object], str], replayed: Path | None
) -> RejectFile | None:
    path = settings.rejects_path
    if path is None or settings.on_reject != "continue" or settings.dry_run:
        return None
    return RejectFile(
        path,
        encode=encode,
        now=lambda: datetime.now(UTC).isoformat(timespec="seconds"),
        most=settings.max_rejects,
        replaying=replayed is not None and path.exists() and replayed.samefile(path),
    )
