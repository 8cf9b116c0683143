"""What an outage of LinkedIn in the middle of a run costs: calls made, and time to recover.

    python -m benchmarks.outage --page                writes it into docs/performance.md
    python -m benchmarks.outage --seconds 4 --records 300

From a moment on all of LinkedIn answers 503, for a minute. Then it is back.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.cases import CASES, USUAL, write_files
from benchmarks.document import PAGE, table, written
from benchmarks.measure import Run, run

BEGIN = "<!-- written by `python -m benchmarks.outage`: begin -->"
END = "<!-- written by `python -m benchmarks.outage`: end -->"
SECONDS = 60.0
RECORDS = 6000
# The run is under way by then, at 64 uploads at a time.
AFTER = 8.0


def on_the_page(done: Run, undisturbed: Run, records: int, seconds: float) -> str:
    """Write what the page says of it."""
    stats = done.stats
    asked = [(kind, f"{count:,}") for kind, count in stats["refused"].items() if count]
    back = stats["first_after"] - stats["outage_ended"]
    lost = done.wall - undisturbed.wall - seconds
    counts = table(("call", f"made in the {seconds:.0f} s of the outage"), asked)
    return (
        f"{counts}\n\nAll {records:,} records arrived. The first call after the outage came"
        f" {back:.1f} s after its end. The run took {lost:.1f} s longer than the outage and the"
        " same run without one together."
    )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outage")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of the outage")
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--page", action="store_true", help="write into docs/performance.md")
    options = parser.parse_args()
    usual = next(case for case in CASES if case.name == USUAL)
    after = AFTER * options.records / RECORDS
    disturbed = replace(usual, outage=(after, options.seconds))
    with tempfile.TemporaryDirectory() as scratch:
        write_files(usual, Path(scratch) / "files")
        undisturbed, done = (
            run("target", case, options.records, Path(scratch), None) for case in (usual, disturbed)
        )
    said = on_the_page(done, undisturbed, options.records, options.seconds)
    print(said)
    if options.page:
        PAGE.write_text(written(PAGE.read_text(), said, BEGIN, END))


if __name__ == "__main__":
    main()
