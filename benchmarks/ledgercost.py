"""What share of a run's CPU the ledger takes, by the clock of each thread that calls it.

    python -m benchmarks.ledgercost --page        writes it into docs/performance.md
    python -m benchmarks.ledgercost --runs 1      prints it, after one run of each case

The difference between a run with a ledger and one without would be no figure for it: with a ledger
the bytes are hashed before anything goes out, and two runs differ by more than what is sought.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES, MILLION, USUAL, Case, write_files
from benchmarks.document import PAGE, table, written
from benchmarks.measure import run
from target_linkedin_resumes.__main__ import main as target
from target_linkedin_resumes.stores.ledger import Ledger
from target_linkedin_resumes.stores.stream_versions import StreamVersions

BEGIN = "<!-- written by `python -m benchmarks.ledgercost`: begin -->"
END = "<!-- written by `python -m benchmarks.ledgercost`: end -->"
SHOWN_METHODS = 6
# The file in which a run says what its ledger took.
TOLD = "LEDGER_COST"
# More than the 10,000 that are read ahead: most of it goes on as a long run does.
USUAL_NEW = replace(
    next(case for case in CASES if case.name == USUAL), ledger="new", records=15_000
)
SHOWN = {
    "60 KB, a new ledger": next(case for case in CASES if case.ledger == "new"),
    f"{USUAL}, a new ledger": USUAL_NEW,
    f"{USUAL}, a ledger of a million": replace(USUAL_NEW, others=MILLION),
}


class Timed:
    """Adds up what calls take, of all threads; of a call within a call nothing twice."""

    def __init__(self) -> None:
        self._mine = threading.local()
        self._lock = threading.Lock()
        self.nanoseconds: dict[str, int] = {}
        self._clock = _least(time.thread_time_ns)

    def wrap(self, kind: type) -> None:
        """Time the public methods of a class from now on."""
        for name, method in vars(kind).items():
            if callable(method) and (not name.startswith("_") or name == "__init__"):
                setattr(kind, name, self._timed(f"{kind.__name__}.{name}", method))

    def _timed(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def timed(*args: Any, **kwargs: Any) -> Any:
            if getattr(self._mine, "inside", False):
                return method(*args, **kwargs)
            self._mine.inside = True
            begun = time.thread_time_ns()
            try:
                return method(*args, **kwargs)
            finally:
                taken = time.thread_time_ns() - begun - self._clock
                self._mine.inside = False
                with self._lock:
                    self.nanoseconds[name] = self.nanoseconds.get(name, 0) + taken

        return timed


def _least(clock: Callable[[], int]) -> int:
    """What the clock says that nothing takes: asking a thread's clock is a system call."""
    return min(-clock() + clock() for _ in range(1000))


def inside() -> None:
    """Be the target, and write down what its ledger took and what all took, in nanoseconds."""
    timed = Timed()
    for kind in (Ledger, StreamVersions):
        timed.wrap(kind)
    begun = time.process_time_ns()
    try:
        target()
    finally:
        told = {"ledger": timed.nanoseconds, "all": time.process_time_ns() - begun}
        Path(os.environ[TOLD]).write_text(json.dumps(told))


def measured(case: Case, records: int) -> tuple[float, float, dict[str, float]]:
    """Microseconds a record of the ledger and of the whole run, and the ledger's by method."""
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        write_files(case, scratch / "files")
        told = scratch / "told.json"
        os.environ[TOLD] = str(told)
        # The command itself comes behind, which a wrapper is to start: this one is the command.
        run(
            "target",
            case,
            records,
            scratch,
            None,
            [sys.executable, "-m", "benchmarks.ledgercost", "inside"],
        )
        found = json.loads(told.read_text())
    per = 1000 * records
    by_method = {name: taken / per for name, taken in found["ledger"].items()}
    return sum(by_method.values()), found["all"] / per, by_method


def main() -> None:
    """Run the command."""
    if sys.argv[1:2] == ["inside"]:
        sys.argv[:] = sys.argv[2:]
        inside()
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledgercost")
    parser.add_argument("--runs", type=int, default=3, help="runs whose median is given")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the records (1.0)")
    parser.add_argument("--page", action="store_true", help="write into docs/performance.md")
    options = parser.parse_args()
    rows = []
    for name, case in SHOWN.items():
        records = max(round(case.records * options.scale), 1)
        scaled = replace(case, others=round(case.others * options.scale))
        runs = [measured(scaled, records) for _ in range(options.runs)]
        ledger, whole, by_method = sorted(runs, key=lambda one: one[0] / one[1])[len(runs) // 2]
        rows.append((name, f"{ledger:.0f}", f"{whole:.0f}", f"{ledger / whole:.1%}"))
        dearest = sorted(by_method.items(), key=lambda item: -item[1])[:SHOWN_METHODS]
        print(f"{name}:", ", ".join(f"{method} {taken:.0f}" for method, taken in dearest))
    text = table(("case", "ledger, us a record", "the run, us a record", "share"), rows)
    if options.page:
        PAGE.write_text(written(PAGE.read_text(), text, BEGIN, END))
    print(text)


if __name__ == "__main__":
    main()
