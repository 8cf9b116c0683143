"""What the page shows of a state, region by region. A region is rendered only when it changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..breaches import CODES
from ..config import ENDPOINTS, LIMITED
from ..pace import SECONDS, TIMES
from . import calls, resumes, switches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..pace import Durations
    from ..state import State

MOST_CLIENTS = 10
MOST_RULES = 20
_HEIGHT = 40
_SEEN = 2  # a failed call among hundreds is to be seen
_SURFACES = {"url": "Upload URLs", "upload": "Uploads", "batch": "Batches"}


@dataclass(frozen=True, slots=True)
class View:
    """What somebody looks at: a search, a page of resumes, a part of the journal."""

    query: str = ""
    page: int = 1
    shown: str = ""
    before: int | None = None


class Gauge(NamedTuple):
    """How much of a limit is used; ``limit`` is None where there is none."""

    label: str
    used: int
    limit: int | None

    @property
    def share(self) -> float:
        """Per cent, at most 100."""
        return min(100.0, 100 * self.used / self.limit) if self.limit else 0.0


class Latency(NamedTuple):
    """An endpoint's calls, and how long the newest took; None if there were none."""

    endpoint: str
    total: int
    failed: int
    durations: Durations | None


class Chart(NamedTuple):
    """Calls second by second as two SVG paths, ``SECONDS`` wide and 40 high."""

    good: str
    failed: str
    top: int
    now: int
    most: int


class Region(NamedTuple):
    """``mark`` is another whenever what ``content`` gives may be another."""

    mark: Callable[[State, View], object]
    content: Callable[[State, View], dict[str, Any]]


def _overview(state: State, view: View) -> dict[str, Any]:
    del view
    total, failing = counts(state)
    return {
        "held": len(state.resumes.held),
        "files": len(state.blobs),
        "calls": total,
        "failed": failing,
        "records": state.journal.failed_records,
        "not_there": state.journal.not_there,
        "breaches": state.breaches.counts.total(),
        "on": len(state.faults.rules),
    }


def counts(state: State) -> tuple[int, int]:
    """Calls, and how many of them failed."""
    answers: Counter[str] = Counter()
    for statuses in state.journal.calls.values():
        answers.update(statuses)
    return answers.total(), _failing(answers)


def _failing(answers: Counter[str]) -> int:
    return sum(count for status, count in answers.items() if status == "none" or status >= "400")


def _limits(state: State, view: View) -> dict[str, Any]:
    del view
    used = state.limits.used()
    clients = list(dict.fromkeys([*used, *state.config.clients]))
    return {
        "clients": [
            (client, list(_gauges(state, used.get(client, {}))))
            for client in clients[:MOST_CLIENTS]
        ],
        "unshown": max(0, len(clients) - MOST_CLIENTS),
        "throttled": state.throttled,
    }


def _gauges(state: State, used: dict[str, int]) -> Iterable[Gauge]:
    per_minute = state.config.records_per_minute
    yield Gauge("Records in 60 s", used.get("records_last_minute", 0), per_minute)
    for surface in LIMITED:
        quota = state.config.requests_per_day.get(surface)
        yield Gauge(f"{_SURFACES[surface]} today", used.get(surface, 0), quota)


def _pace(state: State, view: View) -> dict[str, Any]:
    del view
    known = [*ENDPOINTS, *(["other"] if "other" in state.journal.calls else [])]
    return {
        "chart": chart(state),
        "seconds": SECONDS,
        "times": TIMES,
        "latencies": [
            Latency(
                calls.NAMES[endpoint],
                state.journal.calls[endpoint].total() if endpoint in state.journal.calls else 0,
                _failing(state.journal.calls.get(endpoint, Counter())),
                state.pace.durations(endpoint),
            )
            for endpoint in known
        ],
    }


def chart(state: State) -> Chart:
    """The calls of the last two minutes."""
    now = state.clock()
    seconds = state.pace.seconds(now)
    first = int(now) - SECONDS
    most = max((one.good + one.failed for one in seconds), default=0)
    top = _round_up(most)
    good, bad = [], []
    for one in seconds:
        x, below = one.at - first, max(_SEEN, one.failed * _HEIGHT / top) if one.failed else 0
        if one.failed:
            bad.append(_bar(x, 0, below))
        if one.good:
            good.append(_bar(x, below, max(below, (one.failed + one.good) * _HEIGHT / top)))
    last = seconds[-1] if seconds and seconds[-1].at == int(now) - 1 else None
    return Chart(" ".join(good), " ".join(bad), top, last.good + last.failed if last else 0, most)


def _bar(x: int, low: float, high: float) -> str:
    return f"M{x} {_HEIGHT - low:.4g}V{_HEIGHT - high:.4g}h.8V{_HEIGHT - low:.4g}z"


def _round_up(most: int) -> int:
    """The next of 10, 20, 50, 100, 200, ..."""
    top = 10
    while top < most:
        top = top * 5 // 2 if str(top).startswith("2") else top * 2
    return top


def _faults(state: State, view: View) -> dict[str, Any]:
    del view
    found = list(switches.switches(state.faults))
    most = len(switches.PRESETS) + MOST_RULES
    return {"switches": found[:most], "unshown": len(found[most:])}


def _resumes(state: State, view: View) -> dict[str, Any]:
    return {
        "listed": resumes.listed(state.resumes, view.query, view.page),
        "rows": resumes.ROWS,
        "client": next(iter(state.config.clients), ""),
    }


def _calls(state: State, view: View) -> dict[str, Any]:
    return {
        "timeline": calls.timeline(state.journal, view.shown, view.query, view.before),
        "filters": calls.FILTERS,
        "rows": calls.ROWS,
        "first": state.journal.first,
        "total": state.journal.last,
    }


def _breaches(state: State, view: View) -> dict[str, Any]:
    del view
    counted = state.breaches.counts.most_common()
    return {"breaches": [(code, CODES[code], count) for code, count in counted]}


def _pace_mark(state: State, view: View) -> object:
    del view
    now = state.clock()
    return int(now) if state.pace.seconds(now) else 0, state.journal.last


REGIONS: dict[str, Region] = {
    "overview": Region(
        lambda s, _: (
            *(len(s.resumes.held), len(s.blobs), s.journal.last),
            *(s.breaches.counts.total(), s.faults.changes),
        ),
        _overview,
    ),
    "resumes": Region(lambda s, _: s.resumes.changes, _resumes),
    "pace": Region(_pace_mark, _pace),
    "calls": Region(lambda s, _: s.journal.last, _calls),
    "limits": Region(lambda s, _: (s.limits.used(), s.throttled.total()), _limits),
    "faults": Region(
        lambda s, _: (s.faults.changes, sum(rule.seen for rule in s.faults.rules)), _faults
    ),
    "breaches": Region(lambda s, _: s.breaches.counts.total(), _breaches),
}
