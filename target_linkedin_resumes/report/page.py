"""The report as one HTML page that needs no network and no script, and as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from target_linkedin_resumes.report import wording
from target_linkedin_resumes.report.model import Endpoint, Figures, Kind, Moment, Totals, merged
from target_linkedin_resumes.report.wording import (
    at_once,
    cause_of,
    duration,
    of_reject,
    of_retry,
    outcome_of,
)
from target_linkedin_resumes.resumes.codes import Explanation

if TYPE_CHECKING:
    from jinja2 import Template

# Counts up when a name in the JSON changes its meaning or goes.
REPORT_VERSION = 1
# A chart is drawn in a box of 1000 by 100 that the page stretches, and its waits in one of 1000 by
# 10 each. Lettering is the page's own, so that it stays readable however narrow the page is.
WIDTH = 1000
HEIGHT = 100
WAIT_HEIGHT = 10
# Rows of the table that says the same as a chart.
ROWS = 24
# Shares of the highest value that the scale ends above it, and that the limit has to be within
# reach of to be drawn.
_ABOVE = 1.12
_IN_REACH = 4
# The share of a strip's height that the shortest wait gets.
_VISIBLE = 0.15
CALLS: Mapping[str, str] = {
    "token": "access token",
    "introspection": "check of the token",
    "hireMediaUrl": "signed upload URL",
    "upload": "upload of a file",
    "batch_update": "records written, up to 100 at a time",
    "batch_delete": "records deleted, up to 100 at a time",
}
# How the errors of a connection read behind the name of a call.
_CONNECTION_ERRORS: Mapping[str, str] = {
    "connection": "connection failed",
    "timeout": "no answer in time",
    "body": "file not whole",
}
_WAITS: Sequence[tuple[str, Callable[[Totals], float]]] = (
    ("LinkedIn asked to slow down", lambda totals: totals.throttle_seconds),
    ("at the limit of records a minute", lambda totals: totals.limit_seconds),
    ("daily quota spent", lambda totals: totals.quota_seconds),
)


def as_html(figures: Figures) -> str:
    """Return the text of the HTML file."""
    slowest = max((one.percentile_95 for one in figures.calls.values()), default=0.0)
    return _template().render(
        figures=figures,
        counters=figures.counters,
        records=figures.records,
        counted=wording.counted(figures.records, dry=figures.dry_run),
        outcome=outcome_of(figures),
        chart=rate_chart(figures.timeline, figures.settings["records_per_minute"]),
        calls=[_call(name, one, slowest) for name, one in figures.calls.items()],
        rejects=[(code, n, of_reject(code)) for code, n in _by_count(figures.counters.rejected)],
        retries=_retries(figures),
        organization=figures.organization.rpartition(":")[2],
        halved=any("400" in one.outcomes for name, one in figures.calls.items() if "batch" in name),
        started=_time(figures.started),
        ended=_time(figures.ended),
    )


def _template() -> Template:
    # Here and not above: most runs have no report, and a template engine takes 50 ms to import.
    import jinja2  # noqa: PLC0415

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("target_linkedin_resumes.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(count=wording.count, duration=duration)
    return environment.get_template("page.html.jinja")


def _by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _call(name: str, one: Endpoint, slowest: float) -> dict[str, Any]:
    good = {outcome: n for outcome, n in one.outcomes.items() if outcome.startswith("2")}
    return {
        "name": name,
        "about": CALLS.get(name, ""),
        "one": one,
        "answered": sum(good.values()),
        "otherwise": [(o, n) for o, n in _by_count(one.outcomes) if o not in good],
        "median_width": round(100 * one.median / slowest, 1) if slowest else 0,
        "width": round(100 * one.percentile_95 / slowest, 1) if slowest else 0,
    }


def _retries(figures: Figures) -> list[tuple[list[tuple[str, str]], Explanation]]:
    """Group what failed for the moment by what it means: each cause and how often."""
    grouped: dict[Explanation, list[tuple[str, str]]] = {}
    for cause, number in _by_count(figures.counters.retried):
        tries = wording.count(number, "try", "tries")
        grouped.setdefault(of_retry(cause), []).append((_cause(cause), tries))
    if figures.end.kind is not Kind.MISCONFIGURED:  # then it was not of the moment
        outcomes = {name: one.outcomes for name, one in figures.calls.items()}
        for cause, number, explanation in at_once(outcomes, figures.counters.retried):
            repeated = f"{wording.count(number, 'call')}, repeated at once"
            grouped.setdefault(explanation, []).append((_cause(cause), repeated))
    return [(causes, explanation) for explanation, causes in grouped.items()]


def _cause(text: str) -> str:
    call, outcome = cause_of(text.replace("this key", "a record"))
    if outcome == "source":
        return "source of a file"
    if outcome == "unclear":
        return f"{call or 'a call'} answered unclearly"
    said = (
        f" answered {outcome}"
        if outcome.isdecimal()
        else f", {_CONNECTION_ERRORS.get(outcome, outcome)}"
    )
    return call + said if call else said.lstrip(", ")


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True, slots=True)
class WaitStrip:
    """A kind of waiting: its name, seconds in all, and an SVG path.

    The path is as high as the share of the time that was waited.
    """

    name: str
    seconds: float
    area: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: at what time, counts since the row before, seconds waited."""

    until: str
    confirmed: int
    rejected: int
    retried: int
    waited: float
    last_minute: int


@dataclass(frozen=True, slots=True)
class RateChart:
    """Records confirmed in the last 60 seconds, over time.

    ``line`` and ``area`` are SVG paths. ``limit_y`` is where the limit runs from the top in
    percent, None where it is far above all that was reached; ``highest_y`` likewise of the
    highest value. ``ticks`` are texts from left to right.
    """

    line: str
    area: str
    highest: int
    highest_y: float
    limit: int
    limit_y: float | None
    ticks: Sequence[str]
    waits: Sequence[WaitStrip]
    rows: Sequence[Row]


def rate_chart(moments: Sequence[Moment], limit: int) -> RateChart | None:
    """Draw the moments of a run; None if there were too few of them."""
    end = moments[-1].seconds if moments else 0.0
    highest = max((moment.last_minute for moment in moments), default=0)
    if len(moments) < 3 or end <= 0:
        return None
    in_reach = highest * _IN_REACH >= limit
    top = max((max(highest, limit) if in_reach else highest) * _ABOVE, 1)

    def x(seconds: float) -> float:
        return round(seconds / end * WIDTH, 1)

    def y(value: float) -> float:
        return round(HEIGHT - value / top * HEIGHT, 1)

    points = " L".join(f"{x(m.seconds):g} {y(m.last_minute):g}" for m in moments)
    return RateChart(
        line=f"M{points}",
        area=f"M0 {HEIGHT} L{points} L{WIDTH} {HEIGHT} Z",
        highest=highest,
        highest_y=y(highest),
        limit=limit,
        limit_y=y(limit) if in_reach else None,
        ticks=["start", duration(end / 2), duration(end)],
        waits=[one for name, read in _WAITS if (one := _strip(name, read, moments, x)).seconds],
        rows=_rows(moments),
    )


def _strip(
    name: str,
    read: Callable[[Totals], float],
    moments: Sequence[Moment],
    x: Callable[[float], float],
) -> WaitStrip:
    steps = [f"M0 {WAIT_HEIGHT}"]
    for before, after in pairwise(moments):
        waited = read(after.totals) - read(before.totals)
        share = min(waited / max(after.seconds - before.seconds, 1e-9), 1.0)
        if share:
            share = max(share, _VISIBLE)
        y = round(WAIT_HEIGHT * (1 - share), 2)
        steps.append(f"L{x(before.seconds):g} {y:g} L{x(after.seconds):g} {y:g}")
    return WaitStrip(name, read(moments[-1].totals), f"{' '.join(steps)} L{WIDTH} {WAIT_HEIGHT} Z")


def _rows(moments: Sequence[Moment]) -> list[Row]:
    few = list(moments[1:])
    while len(few) > ROWS:
        few = merged(few)
    rows: list[Row] = []
    before = moments[0].totals
    for seconds, totals, last_minute in few:
        waited = sum(read(totals) - read(before) for _, read in _WAITS)
        rows.append(
            Row(
                until=duration(seconds),
                confirmed=totals.confirmed - before.confirmed,
                rejected=totals.rejected - before.rejected,
                retried=totals.retried - before.retried,
                waited=waited,
                last_minute=last_minute,
            )
        )
        before = totals
    return rows


def facts(figures: Figures) -> dict[str, Any]:
    """Return the figures for programs, as the report's JSON and the end of the log have them."""
    counters = figures.counters
    return {
        "outstanding": figures.outstanding,
        "persons": figures.persons,
        "dry_run": figures.dry_run,
        "started": figures.started,
        "ended": figures.ended,
        "seconds": round(figures.seconds, 3),
        "organization": figures.organization,
        "contract": figures.contract,
        "host": figures.host,
        "records": figures.records._asdict(),
        "rejected": dict(counters.rejected),
        "rejects_path": figures.rejects_path,
        "retried": dict(counters.retried),
        "files_uploaded": counters.uploaded,
        "bytes_uploaded": counters.bytes_uploaded,
        "highest_concurrency": counters.most_uploads,
        "highest_minute": figures.highest_minute,
        "calls": {
            name: {
                "outcomes": dict(one.outcomes),
                "median_seconds": round(one.median, 4),
                "percentile_95_seconds": round(one.percentile_95, 4),
                "longest_seconds": round(one.longest, 4),
            }
            for name, one in figures.calls.items()
        },
        "waited_seconds": {name: round(s, 3) for name, s in asdict(figures.waits).items()},
        "requests_today": dict(figures.requests_today),
        "states_printed": figures.states_printed,
        "records_covered_by_last_state": figures.covered,
    }


def document(figures: Figures) -> dict[str, Any]:
    """Return the report as an object for JSON; docs/report.md describes it."""
    outcome, end = outcome_of(figures), figures.end
    return {
        "report_version": REPORT_VERSION,
        "target_version": figures.version,
        "outcome": {
            "kind": end.kind.name.lower(),
            "exit_code": end.exit_code,
            "title": outcome.title,
            "happened": outcome.happened,
            "next": outcome.next,
            "notes": list(outcome.notes),
        },
        **facts(figures),
        "settings": dict(figures.settings),
        "timeline": [
            {
                "seconds": round(moment.seconds, 3),
                "last_minute": moment.last_minute,
                **{name: round(total, 3) for name, total in moment.totals._asdict().items()},
            }
            for moment in figures.timeline
        ],
    }


def as_json(figures: Figures) -> str:
    """Return the text of the JSON file."""
    return json.dumps(document(figures), indent=2) + "\n"
