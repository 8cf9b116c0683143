"""Where the target's time goes, by module: samples of py-spy, as tables in Markdown.

    python3 -m venv /tmp/spy && /tmp/spy/bin/pip install py-spy==0.4.1
    python -m benchmarks.profile --py-spy /tmp/spy/bin/py-spy --page

writes them into docs/performance.md; without `--page` they are printed. Sampled are the threads
that hold the interpreter's lock; what is below an import is left out, and the shares are of the
rest.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.cases import CASES, LIGHT, MILLION, USUAL, WEB, Case, write_files
from benchmarks.document import PAGE, is_busy, table, written
from benchmarks.measure import run
from benchmarks.run import certificates_below, machine

PACKAGE = "target_linkedin_resumes/"
LEAST_SHARE = 0.02
# What is shown, and how many records of it, for some thousand samples.
SHOWN = {USUAL: 20_000, WEB: 10_000, LIGHT[0]: MILLION}
# Files of the standard library that work for a connection.
OF_A_CONNECTION = frozenset(("client.py", "ssl.py", "socket.py"))
BEGIN = "<!-- written by `python -m benchmarks.profile`: begin -->"
END = "<!-- written by `python -m benchmarks.profile`: end -->"
BUSY = (
    "**Other work ran on the machine meanwhile**: who is kept from the processor while holding the"
    " lock is sampled too often, so that the shares are rough."
)


def module_of(stack: str) -> str | None:
    """The module that a sample belongs to: the last of this package in it. None for an import.

    ``stack`` is as py-spy writes it: `function (file:line);...`, the outermost first.
    """
    if "importlib" in stack or "_find_and_load" in stack:
        return None
    files: list[str] = re.findall(r"\(([^()]*?)(?::\d+)?\)(?:;|$)", stack)
    own = [number for number, file in enumerate(files) if PACKAGE in file]
    if not own:
        return "the rest"
    module = files[own[-1]].rpartition(PACKAGE)[2]
    called = {file.rpartition("/")[2] for file in files[own[-1] + 1 :]}
    return f"{module} (http.client, ssl)" if called & OF_A_CONNECTION else module


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
    names = [case.name for case in CASES]
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"{' and '.join(SHOWN)} if none")
    parser.add_argument("--py-spy", default="py-spy", help="where py-spy is (on the PATH)")
    parser.add_argument("--page", action="store_true", help="write into docs/performance.md")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the records (1.0)")
    options = parser.parse_args()
    unknown = [name for name in options.cases if name not in names]
    if unknown:
        parser.error(f"no such case: {unknown[0]!r}; there are {', '.join(map(repr, names))}")
    spy = shutil.which(options.py_spy)
    if spy is None:
        parser.error(f"no command {options.py_spy!r}; install py-spy and say where with --py-spy")
    tables = []
    for name in options.cases or SHOWN:
        case = next(case for case in CASES if case.name == name)
        records = max(round(SHOWN.get(name, case.records) * options.scale), 1)
        found = measured(case, records, str(Path(spy).absolute()))
        rows = [(module, f"{share:.0%}") for module, share in found.items() if share >= LEAST_SHARE]
        left = 1 - sum(share for share in found.values() if share >= LEAST_SHARE)
        rows.append((f"others, each below {LEAST_SHARE:.0%}", f"{left:.0%}"))
        tables.append(table((name, "samples"), rows))
    of_machine = machine()
    of_machine["load_highest"] = of_machine["load_before"]  # of this minute
    if is_busy(of_machine):
        tables.insert(0, BUSY)
    text = "\n\n".join(tables)
    if options.page:
        PAGE.write_text(written(PAGE.read_text(), text, BEGIN, END))
    else:
        print(text)


def measured(case: Case, records: int, spy: str) -> dict[str, float]:
    """Profile a run of the target on so many records; ``spy`` is py-spy's path."""
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        write_files(case, scratch / "files")
        raw = scratch / "profile.txt"
        recorder = [spy, "record", "--gil", "--full-filenames", "--rate", "250"]
        recorder += ["--format", "raw", "--output", str(raw), "--"]
        run("target", case, records, scratch, certificates_below(scratch), recorder)
        return shares(raw.read_text())


if __name__ == "__main__":
    main()
