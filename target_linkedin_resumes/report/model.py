"""What a report is made of. Pure.

Counts are of records unless they say otherwise, times in seconds. No record content, no id of a
candidate or resume but in the message that ended the run, no resume's file name, no URL, no secret.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from target_linkedin_resumes.engine.counters import Counters

# A chart has room for no more moments.
MOST_MOMENTS = 240
# Seconds between two moments in the beginning; they double each time the moments merge.
FINEST = 0.5
# LinkedIn's limit holds for any so many seconds.
WINDOW = 60


class Totals(NamedTuple):
    """Counts since the start of the run, and seconds waited by reason."""

    read: int = 0
    uploaded: int = 0
    delivered: int = 0
    deleted: int = 0
    not_there: int = 0
    rejected: int = 0
    retried: int = 0
    limit_seconds: float = 0.0
    throttle_seconds: float = 0.0
    quota_seconds: float = 0.0

    @classmethod
    def of(cls, counters: Counters, waits: Waits) -> Totals:
        """Count what has been done by now."""
        sent = (counters.read, counters.uploaded, counters.delivered)
        gone = (counters.deleted, counters.not_there)
        failed = (counters.rejected.total(), counters.retried.total())
        return cls(*sent, *gone, *failed, waits.limit, waits.throttle, waits.quota)

    @property
    def confirmed(self) -> int:
        """Return what LinkedIn has answered as done: what its limit of records a minute counts."""
        return self.delivered + self.deleted + self.not_there


class Moment(NamedTuple):
    """``seconds`` since the start, and what had been done by then.

    Totals are those since the start, so that two moments merge by leaving the earlier one out.
    ``last_minute`` is the most records confirmed in any 60 seconds that ended since the moment
    before.
    """

    seconds: float
    totals: Totals
    last_minute: int


class Timeline:
    """What a run had done at which moment, in bounded memory: moments merge as it gets long.

    For one thread. The reporter notes the totals twice a second.
    """

    def __init__(self) -> None:
        self._moments: list[Moment] = []
        self._every = FINEST
        self._recent: deque[tuple[float, int]] = deque([(0.0, 0)])
        self._highest = 0
        self.last_minute = 0  # records confirmed in the last 60 seconds

    def note(self, seconds: float, totals: Totals, *, at_the_end: bool = False) -> None:
        """Note what has been done by now. Called often while the run lasts, and at its end."""
        recent = self._recent
        if seconds - recent[-1][0] >= FINEST:
            recent.append((seconds, totals.confirmed))
        # Rather a little less than 60 seconds than more: more would show a limit as broken.
        while len(recent) > 1 and recent[0][0] < seconds - WINDOW:
            recent.popleft()
        self.last_minute = totals.confirmed - recent[0][1]
        self._highest = max(self._highest, self.last_minute)
        last = self._moments[-1].seconds if self._moments else 0.0
        if at_the_end or seconds - last >= self._every:
            self._moments.append(Moment(seconds, totals, self._highest))
            self._highest = 0
            if len(self._moments) > MOST_MOMENTS:
                self._moments = merged(self._moments)
                self._every = seconds / len(self._moments)

    @property
    def moments(self) -> list[Moment]:
        """Return the moments, oldest first; the first is the start of the run."""
        return [Moment(0.0, Totals(), 0), *self._moments]


def merged(moments: list[Moment]) -> list[Moment]:
    """Leave out every other moment; the last one stays."""
    odd = moments[:1] if len(moments) % 2 else []
    pairs = zip(moments[len(odd) :: 2], moments[len(odd) + 1 :: 2], strict=True)
    return odd + [
        later._replace(last_minute=max(earlier.last_minute, later.last_minute))
        for earlier, later in pairs
    ]


class Kind(StrEnum):
    """How a run came to its end."""

    FINISHED = "finished"
    OUTSTANDING = "finished, but deletions are outstanding"
    REJECTED = "stopped at a record that cannot be delivered"
    STOPPED = "stopped by an error"
    MISCONFIGURED = "stopped by the configuration"
    QUOTA = "stopped by the daily quota"
    SIGNAL = "stopped by a signal"


@dataclass(frozen=True, slots=True)
class End:
    """How a run came to its end.

    ``message`` is the failure's or the signal's name; ``code`` the reject's where one record
    stopped the run.
    """

    kind: Kind
    exit_code: int
    message: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Calls to one endpoint by outcome (a status, or the kind of fault), and how long they took."""

    outcomes: Mapping[str, int]
    median: float
    percentile_95: float
    longest: float


@dataclass(frozen=True, slots=True)
class Waits:
    """Wall-clock time in which nothing went out, by reason.

    ``limit``: the setting `records_per_minute`; ``throttle``: LinkedIn asked for it; ``quota``:
    the day's requests were used up. Parallel uploads may have gone on during the first two.
    """

    limit: float = 0.0
    throttle: float = 0.0
    quota: float = 0.0


class Records(NamedTuple):
    """What became of the records that were read; all but ``vanished`` add up to ``read``.

    The names are those of the JSON file and of the log's summary. ``unchanged`` were known to be at
    LinkedIn. ``vanished`` is how many deletions were asked for by no record but by a stream's new
    version; they are part of ``deleted`` and ``not_there``. ``left`` were not settled when the run
    ended: the next run reads them again.
    """

    read: int
    delivered: int
    deleted: int
    unchanged: int
    superseded: int
    filtered: int
    not_there: int
    unknown: int
    rejected: int
    left: int
    vanished: int

    @classmethod
    def of(cls, counters: Counters, superseded: int) -> Records:
        """Count the records of a run, of which so many were superseded by a later one."""
        done = (counters.delivered, counters.deleted, counters.unchanged)
        passed = (superseded, counters.filtered, counters.not_there, counters.unknown)
        rejected = counters.rejected.total()
        left = counters.read + counters.vanished - sum(done) - sum(passed) - rejected
        return cls(counters.read, *done, *passed, rejected, max(left, 0), counters.vanished)


@dataclass(frozen=True, slots=True)
class Figures:
    """One run.

    ``host`` is where `api_url` leads. ``started`` and ``ended`` are ISO 8601 in UTC.
    ``outstanding`` deletions of ``persons`` persons wait, of this run and of earlier ones.
    ``requests_today`` counts by LinkedIn's resource, for this run alone unless ``requests_of_day``
    says that earlier runs with its ledger count too. ``covered`` is how many records the state
    printed last covers. ``rejects_path`` is the setting if rejects are kept there. ``settings`` are
    those that shape a run; none is a secret or a path.
    """

    version: str
    organization: str
    contract: str
    host: str
    dry_run: bool
    started: str
    ended: str
    seconds: float
    end: End
    outstanding: int
    persons: int
    counters: Counters
    superseded: int
    covered: int
    rejects_path: str | None
    calls: Mapping[str, Endpoint]
    waits: Waits
    requests_today: Mapping[str, int]
    requests_of_day: bool
    settings: Mapping[str, Any]
    timeline: Sequence[Moment]

    @property
    def records(self) -> Records:
        """Return what became of the records."""
        return Records.of(self.counters, self.superseded)

    @property
    def to_cover(self) -> int:
        """Return what a state waits for: a record that is filtered out is no part of it."""
        counters = self.counters
        return counters.read - counters.filtered + counters.vanished

    @property
    def states_printed(self) -> int:
        """Return how many states were printed; a dry run prints none."""
        return 0 if self.dry_run else self.counters.states

    @property
    def highest_minute(self) -> int:
        """Return the most records that LinkedIn confirmed in any 60 seconds."""
        return max((moment.last_minute for moment in self.timeline), default=0)
