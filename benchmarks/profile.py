"""Where the target's time goes, by module: samples of py-spy, as a table in Markdown.

    python -m venv spy && spy/bin/pip install py-spy==0.4.1
    python -m benchmarks.profile --py-spy spy/bin/py-spy '60 KB, 100/150/300 ms' deletions

Only threads that hold the interpreter's lock are sampled; what is under an import is left out. The
shares are of what is left. A machine that is busy with other work does not change them.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from benchmarks.cases import CASES, MILLION, write_files
from benchmarks.document import table
from benchmarks.measure import run

PACKAGE = "target_linkedin_resumes/"
RECORDS = MILLION // 5  # at the most
LEAST_SHARE = 0.01


def module_of(stack: str) -> str | None:
    """The module that a sample belongs to: the last of this package in it. None for an import.

    ``stack`` is as py-spy writes it: `function (file:line);...`, the outermost first.
    """
    if "importlib" in stack or "_find_and_load" in stack:
        return None
    files: list[str] = re.findall(r"\(([^()]*?)(?::\d+)?\)(?:;|$)", stack)
    own = [file.rpartition(PACKAGE)[2] for file in files if PACKAGE in file]
    if not own:
        return "the rest"
    if files[-1].rpartition("/")[2] in ("client.py", "ssl.py", "socket.py"):
        return f"{own[-1]} (http.client, ssl)"
    return own[-1]


def shares(raw: str) -> dict[str, float]:
    """Shares of the samples by module, the highest first, from the lines of a raw profile."""
    counts: Counter[str] = Counter()
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        module = module_of(stack)
        if module is not None:
            counts[module] += int(count)
    total = counts.total() or 1
    return {module: count / total for module, count in counts.most_common()}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile")
    parser.add_argument("cases", nargs="+", choices=[case.name for case in CASES], metavar="CASE")
    parser.add_argument("--py-spy", default="py-spy", help="where py-spy is (on the PATH)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the records (1.0)")
    options = parser.parse_args()
    for name in options.cases:
        case = next(case for case in CASES if case.name == name)
        records = max(round(min(case.records, RECORDS) * options.scale), 1)
        with tempfile.TemporaryDirectory() as directory:
            scratch = Path(directory)
            write_files(case, scratch / "files")
            raw = scratch / "profile.txt"
            spy = str(Path(options.py_spy).resolve()) if "/" in options.py_spy else options.py_spy
            recorder = [spy, "record", "--gil", "--full-filenames", "--rate", "250"]
            recorder += ["--format", "raw", "--output", str(raw), "--"]
            run("target", replace(case, tls=False), records, scratch, None, recorder)
            found = shares(raw.read_text())
        rows = [(module, f"{share:.0%}") for module, share in found.items() if share >= LEAST_SHARE]
        print(f"\n{table((name, 'samples'), rows)}", flush=True)


if __name__ == "__main__":
    main()
