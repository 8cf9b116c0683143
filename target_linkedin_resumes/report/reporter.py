"""What a run did, for the operator: one line at the end, and one now and then while it goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from target_linkedin_resumes.engine.engine import Engine
from target_linkedin_resumes.linkedin.limits import RequestsPerDay
from target_linkedin_resumes.report.metrics import Metrics, WaitTimes
from target_linkedin_resumes.report.model import End, Figures, Records, Timeline, Totals
from target_linkedin_resumes.report.page import facts
from target_linkedin_resumes.report.progress import Progress, TerminalDisplay
from target_linkedin_resumes.report.wording import (
    WHILE_OUTSTANDING,
    counted,
    nothing_was_there,
    outstanding_deletions,
)
from target_linkedin_resumes.settings import SCHEMA, Settings

logger = logging.getLogger(__name__)

# Seconds between two looks at the figures, and between two lines of progress.
LOOK_INTERVAL = 0.5
PROGRESS_INTERVAL = 30


@dataclass(frozen=True, slots=True)
class Reporter:
    """Say what a run does. ``clock`` gives seconds, ``begun`` is when it began on that clock.

    ``quota`` knows the requests of the day, as far as this run has made them. ``outstanding`` gives
    how many deletions wait, of this run and of earlier ones, and of how many persons. ``look_too``
    is for who has to look at the clock now and then: it is called as often as the figures are
    looked at.
    """

    engine: Engine
    metrics: Metrics
    waits: WaitTimes
    clock: Callable[[], float]
    begun: float
    quota: RequestsPerDay
    settings: Settings
    timeline: Timeline = field(default_factory=Timeline)
    outstanding: Callable[[], tuple[int, int]] = lambda: (0, 0)
    look_too: Callable[[], None] = lambda: None

    def watch(self, wait: Callable[[float], bool], display: TerminalDisplay | None = None) -> None:
        """Say how far the run is until it has ended; for a thread of its own.

        On the ``display``, or without one in a line of the log every so often. ``wait`` sleeps for
        so many seconds and says whether the run has ended, as :meth:`threading.Event.wait` does.
        """
        lines = 0
        while not wait(LOOK_INTERVAL):
            self.look()
            self.look_too()
            if display is not None:
                display.show(self.progress())
            elif self._seconds >= (lines + 1) * PROGRESS_INTERVAL:
                lines = int(self._seconds // PROGRESS_INTERVAL)
                logger.info(
                    "%s; %d in the last minute, %d in flight",
                    ", ".join(self._counted()),
                    self.timeline.last_minute,
                    self.engine.unsettled,
                )

    def look(self, *, at_the_end: bool = False) -> None:
        """Note what has been done by now, for the progress and the report."""
        totals = Totals.of(self.engine.counters, self.waits.so_far)
        self.timeline.note(self._seconds, totals, at_the_end=at_the_end)

    def progress(self, *, ended: bool = False) -> Progress:
        """Return how far the run is, or how far it came."""
        if ended:
            self.look()
        counters, dry = self.engine.counters, self.settings.dry_run
        rare = {"not there": counters.not_there, "unknown": counters.unknown}
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
                **{name: number for name, number in rare.items() if number},
            },
            last_minute=self.timeline.last_minute,
            limit=self.settings.records_per_minute,
            outstanding=self.outstanding(),
            waiting=self.waits.now,
            dry=dry,
            ended=ended,
        )

    def conclude(self, figures: Figures) -> None:
        """Log what a run has done, readable and as the field ``summary`` of the log event, and
        what is alarming after it.
        """
        counters, seconds = figures.counters, figures.seconds
        read, *others = self._counted()
        by_code = ", ".join(f"{count} {code}" for code, count in sorted(counters.rejected.items()))
        calls = "; ".join(
            f"{call} " + ", ".join(f"{outcome}: {count}" for outcome, count in one.outcomes.items())
            for call, one in figures.calls.items()
        )
        text = (
            f"{read.replace('read', 'records read')}: {', '.join(others)}"
            f"{f' ({by_code})' if by_code else ''};"
            f" {counters.retried.total()} tries repeated. {counters.bytes_uploaded} bytes in"
            f" {counters.uploaded} files, {seconds:.1f} s,"
            f" {figures.timeline[-1].totals.confirmed / seconds * 60:.0f} records a minute, at most"
            f" {counters.most_uploads} uploads at once. Calls: {calls or 'none'}."
            f" {_coverage(figures)}"
        )
        logger.info("%s", text, extra={"summary": facts(figures)})
        if suspicion := nothing_was_there(counters):
            logger.warning("%s", suspicion)
        if figures.outstanding:
            waiting = outstanding_deletions(figures.outstanding, figures.persons)
            logger.error("%s: %s", waiting, WHILE_OUTSTANDING)

    def figures(self, end: End, *, version: str, rejects_kept: bool) -> Figures:
        """Return all that the report is made of, once the run has come to its end."""
        self.look(at_the_end=True)
        settings, seconds, now = self.settings, self._seconds, datetime.now(UTC)
        deletions, persons = self.outstanding()
        return Figures(
            version=version,
            organization=settings.organization,
            contract=settings.contract,
            host=urlsplit(settings.api_url).netloc,
            dry_run=settings.dry_run,
            started=(now - timedelta(seconds=seconds)).isoformat(timespec="seconds"),
            ended=now.isoformat(timespec="seconds"),
            seconds=seconds,
            end=end,
            outstanding=deletions,
            persons=persons,
            counters=self.engine.counters,
            superseded=self.engine.superseded,
            covered=0 if settings.dry_run else self.engine.covered,
            rejects_path=str(settings.rejects_path) if rejects_kept else None,
            calls=self.metrics.endpoints,
            waits=self.waits.so_far,
            requests_today=dict(self.quota.save()["used"]),
            requests_of_day=settings.ledger_path is not None,
            settings=_that_shape_a_run(settings),
            timeline=self.timeline.moments,
        )

    def _counted(self) -> list[str]:
        """Say what became of the records so far; what is left has not come to its end yet."""
        records = Records.of(self.engine.counters, self.engine.superseded)
        said = counted(records, dry=self.settings.dry_run)
        return [f"{number} {words}" for name, number, words in said if name != "left"]

    @property
    def _seconds(self) -> float:
        return max(self.clock() - self.begun, 1e-9)


def _coverage(figures: Figures) -> str:
    if figures.dry_run:
        return "This was a dry run: nothing was sent, no state was printed."
    if not figures.states_printed:
        return "No state was printed."
    kinds = "records that were not filtered out"
    if figures.counters.vanished:
        kinds += " and deletions of what has vanished"
    if figures.to_cover and not figures.covered:
        return (
            f"The last state printed came before the {figures.to_cover} {kinds}: they are read"
            " again."
        )
    return f"The last state printed covers {figures.covered} of {figures.to_cover} {kinds}."


def _that_shape_a_run(settings: Settings) -> dict[str, Any]:
    """Return numbers, choices and switches: none is a secret, a path or a URL."""
    return {
        name: getattr(settings, name)
        for name, about in SCHEMA["properties"].items()
        if not about.get("secret") and (about["type"] in ("integer", "boolean") or "enum" in about)
    }
