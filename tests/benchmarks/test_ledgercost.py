"""What the ledger takes is counted once, whoever calls it, and the command runs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

from benchmarks.ledgercost import Timed

REPOSITORY = Path(__file__).resolve().parents[2]
SPIN_SECONDS = 0.05


def spin() -> None:
    begun = time.thread_time()
    while time.thread_time() - begun < SPIN_SECONDS:
        pass


class Book:
    def outer(self) -> None:
        self.inner()
        self._hidden()

    def inner(self) -> None:
        spin()

    def _hidden(self) -> None:
        spin()

    def slow(self) -> None:
        time.sleep(0.2)


def test_a_call_within_a_call_is_counted_once_and_waiting_not_at_all() -> None:
    timed = Timed()
    timed.wrap(Book)
    threads = [threading.Thread(target=call) for call in (Book().outer, Book().inner, Book().slow)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = {name: taken / 1e9 for name, taken in timed.nanoseconds.items()}
    assert seconds.keys() == {"Book.outer", "Book.inner", "Book.slow"}
    assert 1.9 * SPIN_SECONDS < seconds["Book.outer"] < 2.9 * SPIN_SECONDS
    assert 0.9 * SPIN_SECONDS < seconds["Book.inner"] < 1.9 * SPIN_SECONDS
    assert seconds["Book.slow"] < SPIN_SECONDS


def test_the_command_says_what_share_the_ledger_takes() -> None:
    command = [sys.executable, "-m", "benchmarks.ledgercost", "--runs", "1", "--scale", "0.02"]
    done = subprocess.run(
        command, check=True, cwd=REPOSITORY, capture_output=True, text=True, timeout=120
    )
    assert "Ledger.sending" in done.stdout
    rows = [line for line in done.stdout.splitlines() if line.startswith("| 60 KB")]
    assert len(rows) == 3
    for row in rows:
        ledger, whole, share = (cell.strip() for cell in row.strip("|").split("|")[1:])
        assert 0 < float(ledger) < float(whole)
        assert share.endswith("%")
