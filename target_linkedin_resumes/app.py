"""The composition root: from settings to all that a run works with."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from target_linkedin_resumes.convert.converter import converter_of
from target_linkedin_resumes.engine.checkpoints import State
from target_linkedin_resumes.engine.delete_limit import DeleteLimit
from target_linkedin_resumes.engine.engine import GROUP, Engine
from target_linkedin_resumes.engine.inflight import InFlight, Retries
from target_linkedin_resumes.engine.interfaces import Ports, Store
from target_linkedin_resumes.engine.throttling import Concurrency, RecordsPerMinute
from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.http.client import HttpTransport
from target_linkedin_resumes.linkedin.api import LinkedIn
from target_linkedin_resumes.linkedin.limits import RequestsPerDay
from target_linkedin_resumes.linkedin.session import Session, utc_now
from target_linkedin_resumes.mapping.config import is_of_candidates
from target_linkedin_resumes.report.files import ReportFiles
from target_linkedin_resumes.report.metrics import Metrics, WaitTimes
from target_linkedin_resumes.report.reporter import Reporter
from target_linkedin_resumes.resumes.etags import Fingerprints
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.setting_kinds import BLOB_TTL_UNITS
from target_linkedin_resumes.settings import Settings
from target_linkedin_resumes.stores.audit_log import AuditLog
from target_linkedin_resumes.stores.dead_letters import DeadLetters, ListedRejects
from target_linkedin_resumes.stores.full_table import FullTables
from target_linkedin_resumes.stores.ledger import Ledger
from target_linkedin_resumes.stores.ledger_db import LedgerDB
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms
from target_linkedin_resumes.stores.rows import Rows
from target_linkedin_resumes.uploader import Client, DryRun, QuotaWait, Uploader

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runtime:
    """What one run works with.

    ``rejects``, ``versions``, ``rows`` and ``report`` are None where there are none. ``stores`` are
    in the order in which they are told what happens.
    """

    engine: Engine
    reporter: Reporter
    rejects: DeadLetters | None
    stores: Sequence[Store]
    versions: FullTables | None
    rows: Rows | None
    transport: HttpTransport
    sources: Sources
    report: ReportFiles | None

    def close(self, *, complete: bool) -> None:
        """Let go of files and connections; ``complete`` says that all that was read is settled.

        Raises Stop if one of the stores cannot be written.
        """
        with ExitStack() as closing:
            for store in self.stores:
                closing.callback(store.close, complete=complete)
            closing.callback(self.transport.close)
            closing.callback(self.sources.close)
            closing.callback(self.reporter.metrics.stop)


def quota_of(settings: Settings) -> RequestsPerDay:
    """The day's quota; LinkedIn publishes one for batch calls alone."""
    return RequestsPerDay({"tcrmCandidateResumes": settings.requests_per_day}, utc_now)


def linkedin_of(
    settings: Settings, transport: HttpTransport, meter: Metrics, quota: RequestsPerDay
) -> LinkedIn:
    """LinkedIn's client for these settings. Raises Misconfigured."""
    session = Session(
        transport,
        requests_per_day=quota,
        observe=meter,
        longest_asked=settings.retry_seconds,
    )
    return LinkedIn(settings, session)


def sources_of(settings: Settings, fingerprints: Fingerprints | None = None) -> Sources:
    """Where the resumes of these settings come from. Raises Misconfigured."""
    convert = converter_of(settings.convert)
    try:
        return Sources(
            settings.file_root,
            settings.file_sources,
            timeout=settings.request_timeout_seconds,
            concurrency=settings.upload_concurrency,
            retry_seconds=settings.retry_seconds,
            convert=convert,
            fingerprints=fingerprints,
        )
    except Misconfigured:
        if convert is not None:
            convert.close()  # it has files of its own
        raise


def build(
    settings: Settings,
    *,
    print_state: Callable[[State], None],
    encode: Callable[[object], str],
    replayed: Path | None = None,
) -> Runtime:
    """Build all that a run needs. Raises Misconfigured, and Stop where its files are out of date
    and cannot be written.

    ``encode`` makes a line of JSON of a message; ``replayed`` is the file that is read as input,
    if it is one.
    """
    with ExitStack() as undo:
        runtime = _built(undo, settings, print_state, encode, replayed)
        undo.pop_all()
    return runtime


def _built(
    undo: ExitStack,
    settings: Settings,
    print_state: Callable[[State], None],
    encode: Callable[[object], str],
    replayed: Path | None,
) -> Runtime:
    """Build it; ``undo`` is told how to let go of what is open, should the rest fail."""
    metrics, waits, quota = Metrics(), WaitTimes(), quota_of(settings)
    report = None if settings.report_path is None else ReportFiles(settings.report_path)
    transport = HttpTransport(settings.request_timeout_seconds)
    undo.callback(transport.close)
    rejects = _rejects(settings, encode, replayed)
    if rejects is not None:
        undo.callback(rejects.close, complete=False)
    ledger = _ledger(settings, quota)
    if ledger is not None:
        undo.callback(ledger.close)
    told = ListedRejects(settings.rejects_path) if settings.dry_run else rejects
    stores = _stores(settings, told, ledger)
    for store in stores:
        if store not in (rejects, ledger):
            undo.callback(store.close, complete=False)
    sources = sources_of(
        settings, None if ledger is None else Fingerprints(ledger.salt, settings.convert)
    )
    undo.callback(sources.close)
    client: Client
    client = linkedin = linkedin_of(settings, transport, metrics, quota)
    if settings.dry_run:
        client = DryRun()
    elif settings.on_quota == "wait":
        client = QuotaWait(client, observe=waits.for_quota)
    uploader = Uploader(sources, client, ledger, describe=settings.audit_path is not None)
    ports = Ports(
        upload=uploader.upload,
        update=uploader.update,
        delete=client.batch_delete,
        rate=RecordsPerMinute(settings.records_per_minute, time.monotonic, waits.for_limit),
        concurrency=Concurrency(settings.upload_concurrency),
        print_state=(lambda _: None) if settings.dry_run else print_state,
        stores=stores,
        keep_rejects=settings.dry_run or settings.on_reject == "continue",
        look_up=None if ledger is None else uploader.look_up,
        stop_waiting=linkedin.stop_waiting,
    )
    in_flight = InFlight(
        batch_size=min(settings.batch_size_rows, settings.records_per_minute),
        batch_max_age=settings.batch_max_age_seconds,
        retries=Retries(settings.retry_seconds, observe=waits.for_retry),
        keep_deletions=ports.keep_rejects,
    )
    delete_limit = _delete_limit(settings, ledger)
    engine = Engine(
        in_flight,
        ports,
        uploads=settings.upload_concurrency,
        grace=settings.shutdown_grace_seconds,
        delete_limit=delete_limit,
        group=GROUP,
    )
    versions, rows = None, None
    if ledger is not None:
        versions = FullTables(engine, ledger, delete_limit)
        rows = Rows(engine, ledger, delete_limit, replace=settings.replace_rows)
        if any(map(is_of_candidates, settings.fields.values())):
            ledger.rows.index_candidates()
    begun = time.monotonic()
    reporter = Reporter(
        *(engine, metrics, waits, time.monotonic, begun, quota, settings),
        outstanding=lambda: (0, 0) if told is None else told.outstanding,
        look_too=linkedin.look,
    )
    return Runtime(engine, reporter, rejects, stores, versions, rows, transport, sources, report)


def _rejects(
    settings: Settings, encode: Callable[[object], str], replayed: Path | None
) -> DeadLetters | None:
    path, days = settings.rejects_path, settings.audit_retain_days
    keeping = settings.on_reject == "continue"
    if path is None or settings.dry_run or not (keeping or path.exists()):
        return None
    oldest = "" if days is None else _iso(utc_now() - timedelta(days=days))
    rejects = DeadLetters(
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


def owner_of(settings: Settings) -> dict[str, str]:
    """Whose ledger it is."""
    return {"organization": settings.organization, "contract": settings.contract}


def _ledger(settings: Settings, quota: RequestsPerDay) -> Ledger | None:
    """Open the ledger and take over what today's earlier runs have used of the quota."""
    if settings.ledger_path is None:
        return None
    opened = LedgerDB.copy if settings.dry_run else LedgerDB
    file = opened(settings.ledger_path, owner_of(settings))
    try:
        ledger = Ledger(
            file,
            now=time.time,
            blob_life=_seconds(settings.blob_ttl),
            resend=settings.resend == "always",
            quota=quota.save,
            pseudonyms=pseudonyms_of(settings),
        )
        quota.load(ledger.quota())
    except BaseException:
        file.close()
        raise
    if ledger.imported.lost:
        logger.warning(
            "setting 'audit_key': %d resumes of the ledger were recovered from an audit file and"
            " are not recognised without the key of that file; they are uploaded again",
            ledger.imported.lost,
        )
    return ledger


def _delete_limit(settings: Settings, ledger: Ledger | None) -> DeleteLimit:
    most = settings.max_deletes
    if most is None:
        return DeleteLimit() if ledger is None else DeleteLimit(held=ledger.held)
    if ledger is None or not most.percent:
        return DeleteLimit(most.number)
    held = ledger.held()
    share = f", {most.number}% of the {held} resumes that the ledger held"
    return DeleteLimit(held * most.number // 100, share=share, counts=ledger.held_at_first)


def _stores(
    settings: Settings, rejects: DeadLetters | ListedRejects | None, ledger: Ledger | None
) -> Sequence[Store]:
    """Give the stores in the order in which they are told what happens.

    What is confirmed is proven first and known second: a run that is killed in between finds a
    change that is not settled, sends it again, and both say so. The other way round the proof would
    be lost.
    """
    stores: list[Store] = []
    pseudonyms = pseudonyms_of(settings)
    if settings.audit_path is not None and pseudonyms is not None and not settings.dry_run:
        stores.append(
            AuditLog(
                settings.audit_path,
                pseudonyms,
                run=secrets.token_hex(8),
                now=utc_now,
                retain_days=settings.audit_retain_days,
            )
        )
    if rejects is not None:
        stores.append(rejects)
    if ledger is not None:
        stores.append(ledger)
    return stores


def pseudonyms_of(settings: Settings) -> Pseudonyms | None:
    """What makes the keyed hashes of ids; None without a key."""
    return None if settings.audit_key is None else Pseudonyms(settings.audit_key)


def _seconds(blob_ttl: Mapping[str, int | str] | None) -> float | None:
    if blob_ttl is None:
        return None
    return int(blob_ttl["duration"]) * BLOB_TTL_UNITS[str(blob_ttl["unit"])]


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
