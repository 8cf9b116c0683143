"""Runs as a report may have to show them, made up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from target_linkedin_resumes.engine.counters import Counters
from target_linkedin_resumes.report.model import (
    End,
    Endpoint,
    Figures,
    Kind,
    Timeline,
    Totals,
    Waits,
)

SETTINGS: Mapping[str, int | str | bool | None] = {
    "batch_size_rows": 100,
    "batch_max_age_seconds": 60,
    "upload_concurrency": 64,
    "records_per_minute": 10_000,
    "requests_per_day": 100_000,
    "on_quota": "stop",
    "request_timeout_seconds": 60,
    "retry_seconds": 900,
    "shutdown_grace_seconds": 20,
    "on_reject": "continue",
    "max_rejects": None,
    "fail_on_rejects": False,
    "dry_run": False,
}
CALLS = {
    "batch_update": Endpoint({"200": 124}, 0.31, 0.48, 1.2),
    "hireMediaUrl": Endpoint({"201": 12_345}, 0.092, 0.14, 0.9),
    "token": Endpoint({"200": 1}, 0.2, 0.2, 0.2),
    "upload": Endpoint({"201": 12_345}, 0.15, 0.31, 2.4),
}
PERFECT = Figures(
    version="0.1.0",
    organization="urn:li:organization:1234567890",
    contract="urn:li:contract:123456",
    host="api.linkedin.com",
    dry_run=False,
    started="2026-11-24T02:00:03+00:00",
    ended="2026-11-24T02:01:17+00:00",
    seconds=74.3,
    end=End(Kind.FINISHED, 0),
    outstanding=0,
    persons=0,
    counters=Counters(
        read=12_345,
        uploaded=12_345,
        bytes_uploaded=740_700_000,
        delivered=12_345,
        states=71,
        most_uploads=64,
    ),
    superseded=0,
    covered=12_345,
    rejects_path="rejects.singer",
    calls=CALLS,
    waits=Waits(limit=12.1),
    requests_today={"tcrmCandidateResumes": 124, "hireMediaUrl": 12_345, "upload": 12_345},
    requests_of_day=False,
    settings=SETTINGS,
    timeline=(),
)


def counting(base: Figures = PERFECT, **numbers: Any) -> Figures:
    """The same run with other counts."""
    return replace(base, counters=replace(base.counters, **numbers))


def timeline(seconds: float, totals: Callable[[float], Totals], every: float = 0.5) -> Timeline:
    """The timeline of a run that was looked at so often."""
    made = Timeline()
    steps = int(seconds / every)
    for step in range(1, steps + 1):
        made.note(step * every, totals(step * every))
    made.note(seconds, totals(seconds), at_the_end=True)
    return made


def perfect() -> Figures:
    """All delivered, the limit reached."""
    line = timeline(
        74.3,
        lambda t: Totals(
            read=12_345,
            uploaded=min(12_345, int(t * 190)),
            delivered=min(12_345, min(10_000, int(t * 185)) + max(0, int((t - 60) * 165))),
            limit_seconds=min(max(t - 54, 0), 12.1),
        ),
    )
    return replace(PERFECT, timeline=line.moments)


def rough() -> Figures:
    """Retries, rejects and a throttle wait."""
    line = timeline(
        148,
        lambda t: Totals(
            read=12_345,
            uploaded=min(12_000, int(t * 100)),
            delivered=min(11_840, int((min(t, 50) + max(t - 82, 0)) * 102)),
            deleted=min(371, int(t * 4)),
            not_there=min(40, int(t)),
            rejected=min(94, int(t * 0.7)),
            retried=int(t * 2),
            throttle_seconds=min(max(t - 50, 0), 32.4),
        ),
    )
    counted = counting(
        delivered=11_840,
        deleted=371,
        not_there=40,
        rejected=Counter({"file_missing": 61, "unsupported_format": 30, "linkedin_refused": 3}),
        retried=Counter(
            {"batch_update 429": 200, "upload 503": 88, "source": 12, "upload timeout": 3}
        ),
    )
    return replace(
        counted,
        ended="2026-11-24T02:02:31+00:00",
        seconds=148.0,
        calls={
            **CALLS,
            "batch_delete": Endpoint({"200": 5}, 0.2, 0.3, 0.3),
            "batch_update": Endpoint({"200": 122, "400": 9, "429": 2}, 0.31, 0.48, 1.2),
            "upload": Endpoint({"201": 11_843, "503": 88, "timeout": 3}, 0.15, 0.31, 60.1),
        },
        waits=Waits(throttle=32.4),
        timeline=line.moments,
    )


def failed() -> Figures:
    """Stopped by an error after some time."""
    line = timeline(
        961,
        lambda t: Totals(
            read=3_000,
            uploaded=min(2_000, int(t * 60)),
            delivered=min(1_800, int(t * 55)),
            retried=int(max(t - 40, 0) * 1.5),
        ),
    )
    counted = counting(
        read=3_000,
        uploaded=2_000,
        delivered=1_800,
        states=33,
        retried=Counter({"batch_update 503": 1_240, "hireMediaUrl connection": 4}),
    )
    return replace(
        counted,
        ended="2026-11-24T02:16:04+00:00",
        seconds=961.0,
        end=End(
            Kind.STOPPED,
            1,
            "candidate 'CAND-0101', resume 'R1': not delivered after 31 tries in 902 s (setting"
            " retry_seconds=900). Last reason: LinkedIn answered 503 to batch_update: a transient"
            " failure (x-li-uuid: f31e5Q5QMRbwr8iC9ioAAA==). Run again later: it goes on from the"
            " last state.",
        ),
        calls={
            "batch_update": Endpoint({"200": 18, "503": 31}, 0.31, 12.4, 30.2),
            "hireMediaUrl": Endpoint({"201": 2_000, "connection": 4}, 0.09, 0.14, 0.9),
            "token": Endpoint({"200": 1}, 0.2, 0.2, 0.2),
            "upload": Endpoint({"201": 2_000}, 0.15, 0.31, 2.4),
        },
        waits=Waits(),
        requests_today={"tcrmCandidateResumes": 49, "hireMediaUrl": 2_004, "upload": 2_000},
        covered=1_800,
        timeline=line.moments,
    )


def down() -> Figures:
    """Nothing came through: no record delivered, no state printed, a reject kept."""
    line = timeline(
        13,
        lambda t: Totals(read=306, rejected=min(1, int(t)), retried=int(t * 99)),
    )
    counted = counting(
        read=306,
        uploaded=59,
        bytes_uploaded=2_832,
        delivered=0,
        states=0,
        rejected=Counter({"unsupported_format": 1}),
        retried=Counter({"hireMediaUrl connection": 1_259, "batch_delete connection": 30}),
    )
    return replace(
        counted,
        superseded=5,
        ended="2026-11-24T02:00:16+00:00",
        seconds=13.0,
        end=End(
            Kind.STOPPED,
            1,
            "candidate 'CAND-0101', resume 'R1': not delivered after 5 tries in 12 s (setting"
            " retry_seconds=12). Last reason: hireMediaUrl: api.linkedin.com: the connection was"
            " closed without an answer. Run again later: it goes on from the last state.",
        ),
        calls={
            "batch_delete": Endpoint({"connection": 6}, 0.001, 0.001, 0.001),
            "hireMediaUrl": Endpoint({"201": 90, "401": 2, "connection": 1_259}, 0.1, 0.1, 0.2),
            "upload": Endpoint({"201": 59, "connection": 31}, 0.15, 0.16, 0.17),
        },
        waits=Waits(),
        requests_today={"tcrmCandidateResumes": 6, "hireMediaUrl": 1_351, "upload": 90},
        covered=0,
        timeline=line.moments,
    )


def hours() -> Figures:
    """Six hours long, at the limit for most of the time, ended by a signal."""
    seconds = 6 * 3600 + 421

    def totals(t: float) -> Totals:
        working = t - min(max(t - 9_000, 0), 1_500)
        done = int(working * 165)
        return Totals(
            read=done + 400,
            uploaded=done,
            delivered=done - int(t * 3),
            deleted=int(t * 3),
            retried=int(t / 40),
            limit_seconds=working * 0.12,
            throttle_seconds=min(max(t - 9_000, 0), 1_500),
        )

    line = timeline(seconds, totals, every=5)
    last = line.moments[-1].totals
    counted = counting(
        read=last.read,
        uploaded=3_306_120,
        bytes_uploaded=198_367_200_000,
        delivered=last.delivered,
        deleted=last.deleted,
        filtered=88,
        states=20_210,
        retried=Counter({"batch_update 429": last.retried - 60, "upload 503": 60}),
    )
    return replace(
        counted,
        superseded=1_204,
        ended="2026-11-24T08:07:04+00:00",
        seconds=float(seconds),
        end=End(Kind.SIGNAL, 143, "SIGTERM"),
        calls={
            "batch_delete": Endpoint({"200": 660}, 0.21, 0.33, 2.1),
            "batch_update": Endpoint({"200": 33_061, "429": 4}, 0.31, 0.48, 41.0),
            "hireMediaUrl": Endpoint({"201": 3_306_120}, 0.09, 0.14, 31.9),
            "token": Endpoint({"200": 13}, 0.2, 0.31, 0.4),
            "upload": Endpoint({"201": 3_306_120, "503": 60}, 0.15, 0.31, 60.0),
        },
        waits=Waits(limit=last.limit_seconds, throttle=last.throttle_seconds),
        requests_today={
            "tcrmCandidateResumes": 33_725,
            "hireMediaUrl": 3_306_120,
            "upload": 3_306_180,
        },
        covered=last.read - 500,
        timeline=line.moments,
    )


def empty() -> Figures:
    """Nothing was read."""
    return replace(
        PERFECT,
        ended="2026-11-24T02:00:04+00:00",
        seconds=0.4,
        counters=Counters(),
        calls={},
        waits=Waits(),
        requests_today={},
        covered=0,
        timeline=timeline(0.4, lambda _: Totals()).moments,
    )


def outstanding() -> Figures:
    """Finished, with deletions that LinkedIn has refused."""
    counted = counting(rough(), rejected=Counter({"file_missing": 94}))
    return replace(counted, end=End(Kind.OUTSTANDING, 3), outstanding=3, persons=2)


SAMPLES: Mapping[str, Callable[[], Figures]] = {
    "perfect": perfect,
    "rough": rough,
    "failed": failed,
    "down": down,
    "hours": hours,
    "empty": empty,
    "outstanding": outstanding,
}
