"""The report as JSON, for programs; docs/report.md describes it. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from target_linkedin_resumes.report.model import Figures
from target_linkedin_resumes.report.wording import outcome_of

# Counts up when a name below changes its meaning or goes.
VERSION = 1


def document(figures: Figures) -> dict[str, Any]:
    """The report as an object that JSON can hold."""
    outcome, end = outcome_of(figures), figures.end
    return {
        "report_version": VERSION,
        "target_version": figures.version,
        "outcome": {
            "kind": end.kind.name.lower(),
            "exit_code": end.exit_code,
            "title": outcome.title,
            "happened": outcome.happened,
            "next": outcome.next,
            "notes": list(outcome.notes),
        },
        "dry_run": figures.dry_run,
        "started": figures.started,
        "ended": figures.ended,
        "seconds": round(figures.seconds, 3),
        "organization": figures.organization,
        "contract": figures.contract,
        "host": figures.host,
        "records": {**asdict(figures.records), "left": figures.records.left},
        "rejected": dict(figures.rejected),
        "rejects_path": figures.rejects_path,
        "retried": dict(figures.retried),
        "files_uploaded": figures.files_uploaded,
        "bytes_uploaded": figures.bytes_uploaded,
        "highest_concurrency": figures.highest_concurrency,
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
    """The text of the JSON file."""
    return json.dumps(document(figures), indent=2) + "\n"
