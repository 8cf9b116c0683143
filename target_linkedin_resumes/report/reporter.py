"""What a run did, for the operator: one line at the end, and one now and then while it goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from target_linkedin_resumes.engine.counters import Counters
from target_linkedin_resumes.engine.engine import Engine
from target_linkedin_resumes.linkedin.limits import RequestsPerDay
from target_linkedin_resumes.report.metrics import Metrics, WaitTimes
from target_linkedin_resumes.report.model import End, Figures, Records, Timeline, Totals
from target_linkedin_resumes.report.progress import Progress
from target_linkedin_resumes.settings import SCHEMA, Settings

logger = logging.getLogger(__name__)

# Seconds between two looks at the figures, and between two lines of progress.
LOOK_INTERVAL = 0.5
PROGRESS_INTERVAL = 30


class Display(Protocol):
    """Shows how far a run is."""

    def show(self, progress: Progress) -> None:
        """Show this from now on."""
        ...


@dataclass(frozen=True, slots=True)
class Reporter:
    """Say what a run does. ``clock`` gives seconds, ``begun`` is when it began on that clock.

    ``quota`` knows the requests of the day, as far as this run has made them.
    """

    engine: Engine
    metrics: Metrics
    waits: WaitTimes
    clock: Callable[[], float]
    begun: float
    quota: RequestsPerDay
    settings: Settings
    timeline: Timeline = field(default_factory=Timeline)

    def watch(self, wait: Callable[[float], bool], display: Display | None = None) -> None:
        """Say how far the run is until it has ended; for a thread of its own.

        On the ``display``, or without one in a line of the log every so often. ``wait`` sleeps for
        so many seconds and says whether the run has ended, as :meth:`threading.Event.wait` does.
        """
        lines = 0
        while not wait(LOOK_INTERVAL):
            self.look()
            if display is not None:
                display.show(self.progress())
            elif self._seconds >= (lines + 1) * PROGRESS_INTERVAL:
                lines = int(self._seconds // PROGRESS_INTERVAL)
                self._log_progress()

    def look(self, *, at_the_end: bool = False) -> None:
        """Note what has been done by now, for the progress and the report."""
        counters, waits = self._counters, self.waits.so_far
        totals = Totals(
            read=counters.read,
            uploaded=counters.uploaded,
            delivered=counters.delivered,
            deleted=counters.deleted,
            rejected=counters.rejected.total(),
            retried=counters.retried.total(),
            limit_seconds=waits.limit,
            throttle_seconds=waits.throttle,
            quota_seconds=waits.quota,
        )
        self.timeline.note(self._seconds, totals, at_the_end=at_the_end)

    def progress(self, *, ended: bool = False) -> Progress:
        """Give how far the run is, or how far it came."""
        if ended:
            self.look()
        counters, dry = self._counters, self._dry
        return Progress(
            seconds=self._seconds,
            counts={
                "read": counters.read,
                "in flight": self.engine.unsettled,
                "checked" if dry else "uploaded": counters.uploaded,
                "to send" if dry else "delivered": counters.delivered,
                "to delete" if dry else "deleted": counters.deleted,
                "to reject" if dry else "rejected": counters.rejected.total(),
                "retried": counters.retried.total(),
                **({} if self.settings.ledger_path is None else {"unchanged": counters.unchanged}),
            },
            last_minute=self.timeline.last_minute,
            limit=self.settings.records_per_minute,
            waiting=self.waits.now,
            dry=dry,
            ended=ended,
        )

    def _log_progress(self) -> None:
        counters, would = self._counters, self._would
        text = (
            f"{counters.read} read, {counters.delivered} {would}delivered,"
            f" {counters.deleted} {would}deleted, {counters.unchanged} unchanged,"
            f" {counters.rejected.total()} rejected; {self.timeline.last_minute} in the last"
            f" minute, {self.engine.unsettled} in flight"
        )
        logger.info("%s", text)

    def conclude(self) -> None:
        """Log the summary, readable and as the field ``summary`` of the log event."""
        figures, would = self.summary(), self._would
        rejected = figures["rejected"]
        by_code = ", ".join(f"{count} {code}" for code, count in sorted(rejected.items()))
        calls = "; ".join(
            f"{call} " + ", ".join(f"{outcome}: {count}" for outcome, count in outcomes.items())
            for call, outcomes in figures["calls"].items()
        )
        text = (
            f"{figures['read']} records read: {figures['delivered']} {would}delivered,"
            f" {figures['deleted']} {would}deleted, {figures['unchanged']} unchanged,"
            f" {figures['superseded']} superseded by a later record,"
            f" {figures['filtered']} filtered,"
            f" {sum(rejected.values())} rejected{f' ({by_code})' if by_code else ''};"
            f" {figures['retried']} tries repeated. {figures['bytes_uploaded']} bytes in"
            f" {figures['files_uploaded']} files, {figures['seconds']:.1f} s,"
            f" {figures['records_per_minute']} records a minute, at most"
            f" {figures['highest_concurrency']} uploads at once. Calls: {calls or 'none'}."
            f" {self._coverage()}"
        )
        logger.info("%s", text, extra={"summary": figures})

    def summary(self) -> dict[str, Any]:
        """Give the figures of the run so far, for one structured log event."""
        counters, seconds = self._counters, self._seconds
        confirmed = counters.delivered + counters.deleted
        return {
            "dry_run": self._dry,
            "read": counters.read,
            "filtered": counters.filtered,
            "delivered": counters.delivered,
            "deleted": counters.deleted,
            "unchanged": counters.unchanged,
            "superseded": self.engine.superseded,
            "rejected": dict(counters.rejected),
            "retried": counters.retried.total(),
            "files_uploaded": counters.uploaded,
            "files_reused": counters.reused,
            "bytes_uploaded": counters.bytes_uploaded,
            "calls": self.metrics.calls,
            "seconds": round(seconds, 1),
            "records_per_minute": round(confirmed / seconds * 60),
            "highest_concurrency": counters.most_uploads,
            "requests_today": self.quota.save()["used"],
            "states_printed": 0 if self._dry else counters.states,
            "records_covered_by_last_state": 0 if self._dry else self.engine.covered,
        }

    def _coverage(self) -> str:
        counters = self._counters
        if self._dry:
            return "This was a dry run: nothing was sent, no state was printed."
        if not counters.states:
            return "No state was printed."
        # A record that is filtered out has no place among what a state waits for.
        kinds = "records that were not filtered out"
        if counters.vanished:
            kinds += " and deletions of what has vanished"
        whole = counters.read - counters.filtered + counters.vanished
        if whole and not self.engine.covered:
            return f"The last state printed came before the {whole} {kinds}: they are read again."
        return f"The last state printed covers {self.engine.covered} of {whole} {kinds}."

    def figures(self, end: End, *, version: str, rejects_kept: bool) -> Figures:
        """Give all that the report is made of, once the run has come to its end."""
        self.look(at_the_end=True)
        counters, settings, now = self._counters, self.settings, datetime.now(UTC)
        seconds = self._seconds
        return Figures(
            version=version,
            organization=settings.organization,
            contract=settings.contract,
            host=urlsplit(settings.api_url).netloc,
            dry_run=self._dry,
            started=(now - timedelta(seconds=seconds)).isoformat(timespec="seconds"),
            ended=now.isoformat(timespec="seconds"),
            seconds=seconds,
            end=end,
            records=Records(
                read=counters.read,
                delivered=counters.delivered,
                deleted=counters.deleted,
                superseded=self.engine.superseded,
                filtered=counters.filtered,
                rejected=counters.rejected.total(),
                unchanged=counters.unchanged,
                vanished=counters.vanished,
            ),
            rejected=dict(counters.rejected),
            rejects_path=str(settings.rejects_path) if rejects_kept else None,
            retried=dict(counters.retried),
            files_uploaded=counters.uploaded,
            bytes_uploaded=counters.bytes_uploaded,
            highest_concurrency=counters.most_uploads,
            calls=self.metrics.endpoints,
            waits=self.waits.so_far,
            requests_today=dict(self.quota.save()["used"]),
            requests_of_day=settings.ledger_path is not None,
            states_printed=0 if self._dry else counters.states,
            covered=0 if self._dry else self.engine.covered,
            settings=_that_shape_a_run(settings),
            timeline=self.timeline.moments,
        )

    @property
    def _counters(self) -> Counters:
        return self.engine.counters

    @property
    def _dry(self) -> bool:
        return self.settings.dry_run

    @property
    def _would(self) -> str:
        return "would be " if self._dry else ""

    @property
    def _seconds(self) -> float:
        return max(self.clock() - self.begun, 1e-9)


def _that_shape_a_run(settings: Settings) -> dict[str, int | str | bool | None]:
    """Give numbers, choices and switches: none is a secret, a path or a URL."""
    return {
        name: getattr(settings, name)
        for name, about in SCHEMA["properties"].items()
        if not about.get("secret") and (about["type"] in ("integer", "boolean") or "enum" in about)
    }
