"""The journal as the page shows it: the newest calls along the time they took."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ..journal import failed_records, not_there
from ..pace import failed
from .spelling import clock
from .switches import title_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..journal import Journal

ROWS = 15
LOOKED_THROUGH = 20_000
"""How many calls are looked through for those that are wanted; the next page goes on."""
NAMES = {
    "token": "token",
    "introspect": "token check",
    "url": "upload URL",
    "upload": "upload",
    "batch_update": "batch update",
    "batch_delete": "batch delete",
    "other": "unknown",
}
"""What each endpoint of the journal is called."""
FILTERS = {
    "": "All",
    "failed": "Failed calls",
    "records": "Failed records",
    "faults": "With a fault",
}

# Quotes in a value are escaped, so that these find the fields of an entry and nothing else; only
# rules have a status too.
_FAILED = re.compile(rb'"tunnelled":(?:true|false),"status":(?:null|[45])')
_FAILED_RECORDS = re.compile(
    rb'"endpoint":"batch_(?:update.*"key_statuses":\[[^]]*[45]\d\d'
    rb'|delete.*"key_statuses":\[[^]]*(?:4(?!04|10)\d|5\d)\d)|"left_out":\[\d'
)
_NO_FAULT = b'"fault":null'
_THINNEST = 1.5


class Row(NamedTuple):
    """One call; ``start`` and ``width`` are per cent of the time that the rows take up.

    ``failed`` is about the call, ``records_failed`` about what it was asked to do.
    """

    seq: int
    ended: str
    endpoint: str
    answer: str
    failed: bool
    duration_ms: int
    start: float
    width: float
    records: str
    records_failed: bool
    fault: str


class Timeline(NamedTuple):
    """Calls newest first, over ``span`` milliseconds, from those with a seq of first to last.

    ``older`` is where the next page begins.
    """

    rows: list[Row]
    span: int
    first: int
    last: int
    older: int | None


def timeline(journal: Journal, shown: str, candidate: str, before: int | None) -> Timeline:
    """The calls before ``before``; ``shown`` is one of FILTERS, ``candidate`` part of an id."""
    before = min(before or journal.last + 1, journal.last + 1)
    first = max(journal.first, before - LOOKED_THROUGH)
    entries = journal.newest(ROWS + 1, first, before, _wanted(shown, candidate))
    older = first if first > journal.first else None
    if len(entries) > ROWS:
        older = entries[ROWS - 1]["seq"]
    entries = entries[:ROWS]
    start = min((entry["at"] for entry in entries), default=0)
    span = max((entry["at"] + entry["duration_ms"] for entry in entries), default=0) - start
    rows = [_row(entry, start, max(1, span)) for entry in entries]
    return Timeline(rows, span, first, before - 1, older)


def answer_of(entry: Mapping[str, Any]) -> str:
    """What a call was answered, in a few words."""
    return "no answer" if entry["status"] is None else str(entry["status"])


def records_of(entry: Mapping[str, Any]) -> str:
    """Which records a batch was about and what became of them, in a few words."""
    keys: Sequence[Sequence[str]] = entry["keys"]
    failing, missing = len(failed_records(entry)), len(not_there(entry))
    if len(keys) == 1:
        what = "failed: " if failing else "not there: " if missing else ""
        return f"{what}{keys[0][0]}"
    said = [f"{failing} of {len(keys)} failed" if failing else f"{len(keys)} records"]
    if missing:
        said.append(f"{missing} {'was' if missing == 1 else 'were'} not there")
    return ", ".join(said) if keys else ""


def faults_of(entry: Mapping[str, Any]) -> str:
    """The faults that have hit a call, as the switches call them."""
    return ", ".join(map(title_of, entry["rules"]))


def _row(entry: Mapping[str, Any], start: int, span: int) -> Row:
    return Row(
        seq=entry["seq"],
        ended=clock(entry["at"] + entry["duration_ms"]),
        endpoint=NAMES[entry["endpoint"]],
        answer=answer_of(entry),
        failed=failed(entry["status"]),
        duration_ms=entry["duration_ms"],
        start=min(100 - _THINNEST, round(100 * (entry["at"] - start) / span, 2)),
        width=max(_THINNEST, round(100 * entry["duration_ms"] / span, 2)),
        records=records_of(entry),
        records_failed=bool(failed_records(entry)),
        fault=faults_of(entry),
    )


def _wanted(shown: str, candidate: str) -> Callable[[bytes], bool] | None:
    if not shown and not candidate:
        return None
    spelled = json.dumps(candidate)[1:-1].encode()

    def wanted(line: bytes) -> bool:
        if shown == "failed" and not _FAILED.search(line):
            return False
        if shown == "records" and not _FAILED_RECORDS.search(line):
            return False
        if shown == "faults" and _NO_FAULT in line:
            return False
        if not candidate:
            return True
        return spelled in line and any(candidate in key[0] for key in json.loads(line)["keys"])

    return wanted
