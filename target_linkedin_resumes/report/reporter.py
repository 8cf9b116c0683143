"""What a run did, for the operator: one line at the end, and one now and then while it goes on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from target_linkedin_resumes.engine.engine import Engine
from target_linkedin_resumes.linkedin.limits import RequestsPerDay
from target_linkedin_resumes.report.metrics import Meter, Waiting
from target_linkedin_resumes.report.model import End, Figures, Records
from target_linkedin_resumes.report.progress import Progress
from target_linkedin_resumes.report.timeline import Timeline, Totals
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
    """Says what a run does. ``clock`` gives seconds, ``begun`` is when it began on that clock.

    ``quota`` knows the requests of the day, as far as this run has made them.
    """

    engine: Engine
    meter: Meter
    waiting: Waiting
    clock: Callable[[], float]
    begun: float
    quota: RequestsPerDay
    settings: Settings
    timeline: Timeline = field(default_factory=Timeline)

    @property
    def dry(self) -> bool:
        """Whether nothing is really sent."""
        return self.settings.dry_run

    def summary(self) -> dict[str, Any]:
        """The figures of the run so far, for one structured log event."""
        counters = self.engine.counters
        seconds = self._seconds()
        confirmed = counters.delivered + counters.deleted
        return {
            "dry_run": self.dry,
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
            "calls": self.meter.calls,
            "seconds": round(seconds, 1),
            "records_per_minute": round(confirmed / seconds * 60),
            "highest_concurrency": counters.most_uploads,
            "requests_today": self.quota.save()["used"],
            "states_printed": 0 if self.dry else counters.states,
            "records_covered_by_last_state": 0 if self.dry else self.engine.covered,
        }

    def conclude(self) -> None:
        """Log the summary, readable and as the field ``summary`` of the log event."""
        figures = self.summary()
        would = "would be " if self.dry else ""
        rejected = figures["rejected"]
        by_code = ", ".join(f"{count} {code}" for code, count in sorted(rejected.items()))
        calls = "; ".join(
            f"{call} " + ", ".join(f"{outcome}: {count}" for outcome, count in outcomes.items())
            for call, outcomes in figures["calls"].items()
        )
        logger.info(
            "%d records read: %d %sdelivered, %d %sdeleted, %d unchanged, %d superseded by a later"
            " record, %d filtered, %d rejected%s; %d tries repeated. %d bytes in %d files, %.1f s,"
            " %d records a minute, at most %d uploads at once. Calls: %s. %s",
            figures["read"],
            figures["delivered"],
            would,
            figures["deleted"],
            would,
            figures["unchanged"],
            figures["superseded"],
            figures["filtered"],
            sum(rejected.values()),
            f" ({by_code})" if by_code else "",
            figures["retried"],
            figures["bytes_uploaded"],
            figures["files_uploaded"],
            figures["seconds"],
            figures["records_per_minute"],
            figures["highest_concurrency"],
            calls or "none",
            "This was a dry run: nothing was sent, no state was printed."
            if self.dry
            else self._coverage(),
            extra={"summary": figures},
        )

    def _coverage(self) -> str:
        counters = self.engine.counters
        if not counters.states:
            return "No state was printed."
        # A record that is filtered out has no place among what a state waits for.
        kinds = "records that were not filtered out"
        if counters.vanished:
            kinds += " and deletions of what has vanished"
        whole = counters.read - counters.filtered + counters.vanished
        return f"The last state printed covers {self.engine.covered} of {whole} {kinds}."

    def watch(self, ended: threading.Event, display: Display | None = None) -> None:
        """Say how far the run is until ``ended``; for a thread of its own.

        On the ``display``, or without one in a line of the log every so often.
        """
        said = 0
        while not ended.wait(LOOK_INTERVAL):
            self.look()
            if display is not None:
                display.show(self.progress())
            elif self._seconds() >= (said + 1) * PROGRESS_INTERVAL:
                said = int(self._seconds() // PROGRESS_INTERVAL)
                self._say_progress()

    def _say_progress(self) -> None:
        counters, would = self.engine.counters, "would be " if self.dry else ""
        logger.info(
            "%d read, %d %sdelivered, %d %sdeleted, %d unchanged, %d rejected; %d in the last"
            " minute, %d in flight",
            counters.read,
            counters.delivered,
            would,
            counters.deleted,
            would,
            counters.unchanged,
            counters.rejected.total(),
            self.timeline.last_minute,
            self.engine.unsettled,
        )

    def look(self, *, at_the_end: bool = False) -> None:
        """Note what has been done by now, for the progress and the report."""
        counters, waits = self.engine.counters, self.waiting.so_far
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
        self.timeline.note(self._seconds(), totals, at_the_end=at_the_end)

    def progress(self, *, ended: bool = False) -> Progress:
        """How far the run is, or how far it came."""
        if ended:
            self.look()
        counters, dry = self.engine.counters, self.dry
        return Progress(
            seconds=self._seconds(),
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
            waiting=self.waiting.now,
            dry=self.dry,
            ended=ended,
        )

    def figures(self, end: End, *, version: str, rejects_kept: bool) -> Figures:
        """All that the report of the run is made of, once it has come to its end."""
        self.look(at_the_end=True)
        counters, settings, now = self.engine.counters, self.settings, datetime.now(UTC)
        seconds = self._seconds()
        return Figures(
            version=version,
            organization=settings.organization,
            contract=settings.contract,
            host=urlsplit(settings.api_url).netloc,
            dry_run=self.dry,
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
            calls=self.meter.endpoints,
            waits=self.waiting.so_far,
            requests_today=dict(self.quota.save()["used"]),
            requests_of_day=self.settings.ledger_path is not None,
            states_printed=0 if self.dry else counters.states,
            covered=0 if self.dry else self.engine.covered,
            settings=_that_matter(settings),
            timeline=self.timeline.moments,
        )

    def _seconds(self) -> float:
        return max(self.clock() - self.begun, 1e-9)


def _that_matter(settings: Settings) -> dict[str, int | str | bool | None]:
    """Numbers, choices and switches: they shape a run, and none is a secret, a path or a URL."""
    return {
        name: getattr(settings, name)
        for name, about in SCHEMA["properties"].items()
        if not about.get("secret") and (about["type"] in ("integer", "boolean") or "enum" in about)
    }
