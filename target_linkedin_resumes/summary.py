"""What a run did, for the operator: one line at the end, and one now and then while it goes on."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from target_linkedin_resumes.delivery.pipeline import Pipeline
from target_linkedin_resumes.linkedin.limits import RequestsPerDay

logger = logging.getLogger(__name__)

# Seconds between two lines of progress.
PROGRESS_INTERVAL = 30


class Meter:
    """Counts calls to LinkedIn by endpoint and outcome; hand in as the client's observer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, Counter[str]] = {}

    def __call__(self, call: str, outcome: str, seconds: float, size: int) -> None:
        """Note one call; ``outcome`` is its status or the kind of fault."""
        del seconds, size
        with self._lock:
            self._calls.setdefault(call, Counter())[outcome] += 1

    @property
    def calls(self) -> dict[str, dict[str, int]]:
        """``{endpoint: {outcome: calls}}``."""
        with self._lock:
            return {call: dict(outcomes) for call, outcomes in sorted(self._calls.items())}


@dataclass(frozen=True, slots=True)
class Reporter:
    """Says what a run does. ``clock`` gives seconds; ``dry`` says that nothing is really sent.

    ``quota`` knows the requests of the day, as far as this run has made them.
    """

    pipeline: Pipeline
    meter: Meter
    clock: Callable[[], float]
    begun: float
    quota: RequestsPerDay
    dry: bool = False

    def summary(self) -> dict[str, Any]:
        """The figures of the run so far, for one structured log event."""
        tally = self.pipeline.tally
        seconds = max(self.clock() - self.begun, 1e-9)
        confirmed = tally.delivered + tally.deleted
        return {
            "dry_run": self.dry,
            "read": tally.read,
            "filtered": tally.filtered,
            "delivered": tally.delivered,
            "deleted": tally.deleted,
            "superseded": self.pipeline.superseded,
            "rejected": dict(tally.rejected),
            "retried": tally.retried,
            "files_uploaded": tally.uploaded,
            "bytes_uploaded": tally.bytes_uploaded,
            "calls": self.meter.calls,
            "seconds": round(seconds, 1),
            "records_per_minute": round(confirmed / seconds * 60),
            "highest_concurrency": tally.most_uploads,
            "requests_today": self.quota.save()["used"],
            "states_printed": 0 if self.dry else tally.states,
            "records_covered_by_last_state": 0 if self.dry else self.pipeline.covered,
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
            "%d records read: %d %sdelivered, %d %sdeleted, %d superseded by a later record,"
            " %d filtered, %d rejected%s; %d tries repeated. %d bytes in %d files, %.1f s,"
            " %d records a minute, at most %d uploads at once. Calls: %s. %s",
            figures["read"],
            figures["delivered"],
            would,
            figures["deleted"],
            would,
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
            else f"The last state printed covers {self.pipeline.covered} of the records.",
            extra={"summary": figures},
        )

    def watch(self, ended: threading.Event) -> None:
        """Log a line of progress every so often until ``ended``; for a thread of its own."""
        before = 0
        while not ended.wait(PROGRESS_INTERVAL):
            tally = self.pipeline.tally
            done = tally.delivered + tally.deleted
            logger.info(
                "%d read, %d delivered, %d deleted, %d rejected; %d a minute, %d in flight",
                tally.read,
                tally.delivered,
                tally.deleted,
                tally.rejected.total(),
                (done - before) * 60 // PROGRESS_INTERVAL,
                self.pipeline.unsettled,
            )
            before = done
