"""The ledger: runs that resume, changes that are changes."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.e2e.support import PDF, SCHEMA, Bench, Finished, record, state

LEDGER = "ledger.db"


def ledger(bench: Bench) -> Path:
    return bench.directory / LEDGER


def run(bench: Bench, messages: list[dict[str, Any]], *arguments: str, **settings: Any) -> Finished:
    return bench.run(messages, *arguments, **{"ledger_path": str(ledger(bench)), **settings})


def resumes(bench: Bench, count: int) -> list[dict[str, Any]]:
    """A stream of so many resumes whose files are old enough for their times to tell."""
    stream = [SCHEMA]
    for number in range(count):
        name = bench.file(f"{number}.pdf", PDF + b"% " + str(number).encode())
        age(bench, name)
        stream.append(record(f"c{number}", "r", name))
    return [*stream, state(count)]


def age(bench: Bench, name: str, seconds: int = 3600) -> None:
    """Make a file look as if nobody had touched it lately; its ctime stays what it is."""
    then = time.time() - seconds
    os.utime(bench.files / name, (then, then))


def calls(bench: Bench) -> dict[str, int]:
    """How often each kind of call was made: uploads and batches."""
    counts = {"upload": 0, "batch_update": 0, "batch_delete": 0, "url": 0}
    for entry in bench.sandbox.journal():
        counts[entry["endpoint"]] = counts.get(entry["endpoint"], 0) + 1
    return counts


def rows(bench: Bench) -> dict[str, tuple[Any, ...]]:
    """State, stream and version by candidate."""
    with closing(sqlite3.connect(ledger(bench))) as connection:
        query = "SELECT candidate_id, state, stream, version FROM resumes"
        return {candidate: tuple(rest) for candidate, *rest in connection.execute(query)}


def test_what_is_unchanged_is_neither_fetched_nor_sent(bench: Bench) -> None:
    stream = resumes(bench, 30)
    assert run(bench, stream).code == 0
    before = calls(bench)
    again = run(bench, stream)
    assert again.code == 0, again.log
    print(before, calls(bench), again.log[-1500:])
    assert calls(bench) == before
    assert again.states == [{"bookmarks": {"resumes": 30}}]
