"""The report as one HTML page that needs nothing else: no network, no script. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jinja2

from target_linkedin_resumes.report import words
from target_linkedin_resumes.report.charts import rate_chart
from target_linkedin_resumes.report.model import Endpoint, Figures, Kind
from target_linkedin_resumes.report.remedies import at_once, cause_of, of_reject, of_retry
from target_linkedin_resumes.report.wording import outcome_of
from target_linkedin_resumes.resumes.codes import Explanation

CALLS: Mapping[str, str] = {
    "token": "access token",
    "introspection": "check of the token",
    "hireMediaUrl": "signed upload URL",
    "upload": "upload of a file",
    "batch_update": "records written, up to 100 at a time",
    "batch_delete": "records deleted, up to 100 at a time",
}
# How the faults of a connection read behind the name of a call.
_FAULTS: Mapping[str, str] = {
    "connection": "connection failed",
    "timeout": "no answer in time",
    "body": "file not whole",
}


def as_html(figures: Figures) -> str:
    """The text of the HTML file."""
    slowest = max((one.percentile_95 for one in figures.calls.values()), default=0.0)
    return _template().render(
        figures=figures,
        records=figures.records,
        outcome=outcome_of(figures),
        chart=rate_chart(figures.timeline, figures.records_per_minute),
        calls=[_call(name, one, slowest) for name, one in figures.calls.items()],
        rejects=[(code, n, of_reject(code)) for code, n in _by_count(figures.rejected)],
        retries=_retries(figures),
        organization=figures.organization.rpartition(":")[2],
        halved=any("400" in one.outcomes for name, one in figures.calls.items() if "batch" in name),
        started=_time(figures.started),
        ended=_time(figures.ended),
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("target_linkedin_resumes.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=words.count,
        duration=words.duration,
        latency=words.latency,
        size=words.size,
    )
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
    """What failed for the moment, by what it means: each cause and how often."""
    grouped: dict[Explanation, list[tuple[str, str]]] = {}
    for cause, number in _by_count(figures.retried):
        tries = words.count(number, "try", "tries")
        grouped.setdefault(of_retry(cause), []).append((_cause(cause), tries))
    if figures.end.kind is not Kind.MISCONFIGURED:  # then it was not of the moment
        outcomes = {name: one.outcomes for name, one in figures.calls.items()}
        for cause, number, explanation in at_once(outcomes, figures.retried):
            repeated = f"{words.count(number, 'call')}, repeated at once"
            grouped.setdefault(explanation, []).append((_cause(cause), repeated))
    return [(causes, explanation) for explanation, causes in grouped.items()]


def _cause(text: str) -> str:
    call, outcome = cause_of(text.replace("this key", "a record"))
    if outcome == "source":
        return "source of a file"
    if outcome == "unclear":
        return f"{call or 'a call'} answered unclearly"
    said = f" answered {outcome}" if outcome.isdecimal() else f", {_FAULTS.get(outcome, outcome)}"
    return call + said if call else said.lstrip(", ")


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"
