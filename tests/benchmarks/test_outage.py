"""An outage in a run: what is counted, and what the page says of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks import outage
from benchmarks.document import PAGE, written

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_command_says_what_an_outage_cost() -> None:
    command = [sys.executable, "-m", "benchmarks.outage", "--seconds", "1", "--records", "400"]
    done = subprocess.run(
        command, check=True, cwd=REPOSITORY, capture_output=True, text=True, timeout=120
    )
    rows = [line.strip("| ").split("|") for line in done.stdout.splitlines() if "|" in line]
    calls = {name.strip(): int(count) for name, count in rows[2:]}
    assert sum(calls.values()) > 0
    assert calls.keys() <= {"token", "url", "upload", "batch"}
    assert "All 400 records arrived." in done.stdout


def test_the_page_has_a_place_for_it() -> None:
    assert "calls" in written(PAGE.read_text(), "calls", outage.BEGIN, outage.END)
