"""What a report is made of. Counts are of records unless they say otherwise, times in seconds.

No record content, no id of a candidate or resume but in the message that ended the run, no resume's
file name, no URL, no secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from target_linkedin_resumes.report.timeline import Moment


class Kind(StrEnum):
    """How a run came to its end."""

    FINISHED = "finished"
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

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class Waits:
    """Wall-clock time in which nothing went out, by reason.

    ``limit``: the setting `records_per_minute`; ``throttle``: LinkedIn asked for it; ``quota``:
    the day's requests were used up. Parallel uploads may have gone on during the first two.
    """

    limit: float = 0.0
    throttle: float = 0.0
    quota: float = 0.0


@dataclass(frozen=True, slots=True)
class Records:
    """What became of the records that were read; they add up to ``read``.

    ``unchanged`` were known to be at LinkedIn. ``vanished`` is how many deletions were asked for by
    no record but by a stream's new version; they are part of ``deleted``. ``left`` were not settled
    when the run ended: the next run reads them again.
    """

    read: int
    delivered: int
    deleted: int
    superseded: int
    filtered: int
    rejected: int
    unchanged: int = 0
    vanished: int = 0

    @property
    def left(self) -> int:
        """See above."""
        done = self.delivered + self.deleted + self.superseded + self.filtered + self.rejected
        return max(self.read + self.vanished - done - self.unchanged, 0)


@dataclass(frozen=True, slots=True)
class Figures:
    """One run.

    ``host`` is where `api_url` leads. ``started`` and ``ended`` are ISO 8601 in UTC. ``rejected``
    counts by code, ``retried`` by cause. ``requests_today`` counts by LinkedIn's resource,
    for this run alone unless ``requests_of_day`` says that earlier runs with its ledger count too.
    ``covered`` is how many records the state printed last covers. ``rejects_path`` is
    the setting if rejects are kept there. ``settings`` are those that shape a run;
    none is a secret or a path.
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
    records: Records
    rejected: Mapping[str, int]
    rejects_path: str | None
    retried: Mapping[str, int]
    files_uploaded: int
    bytes_uploaded: int
    highest_concurrency: int
    calls: Mapping[str, Endpoint]
    waits: Waits
    requests_today: Mapping[str, int]
    requests_of_day: bool
    states_printed: int
    covered: int
    settings: Mapping[str, int | str | bool | None]
    timeline: Sequence[Moment]

    @property
    def records_per_minute(self) -> int:
        """The setting."""
        return int(self.settings["records_per_minute"] or 0)

    @property
    def requests_per_day(self) -> int:
        """The setting."""
        return int(self.settings["requests_per_day"] or 0)

    @property
    def highest_minute(self) -> int:
        """The most records that LinkedIn confirmed in any 60 seconds."""
        return max((moment.last_minute for moment in self.timeline), default=0)
