"""Measures the target beside a plain peer and a bare loop, prints a table and writes JSON.

    python -m benchmarks.run                       all cases, medians of three runs
    python -m benchmarks.run --short               every case once, with few records
    python -m benchmarks.run --only '60 KB' --runs 5

Every figure is of a process of its own, from its start to its end, minus the empty run that came
just before it. A ratio is to the peer in the same run of the benchmark. Nothing is asserted but
that each run did its work.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.cases import CASES, MIB, PER_MINUTE, Case, write_files
from benchmarks.document import tables
from benchmarks.idle import idle
from benchmarks.measure import SUBJECTS, Certificates, Invalid, Run, run, start_up

SHORT_SCALE = 0.02
SHORT_LEAST = {"target": 40, "peer": 4, "floor": 20}
POINTS = 60
# Below these, what is left after taking off an empty run is noise, and is given as null and "-".
LEAST_SECONDS, LEAST_CPU_SECONDS = 0.5, 0.1
# And with fewer records, what is paid once (the first connection) would pass for each one's.
LEAST_RECORDS = 100
START_RUNS = 5
IDLE_SECONDS = 10.0
SPARKS = "▁▂▃▄▅▆▇█"


@dataclass
class Bench:
    """The options of one run of the benchmark, and what repeats itself in it."""

    scale: float
    short: bool
    runs: int
    scratch: Path
    certificates: Certificates | None
    empty: dict[tuple[str, bool], Run] = field(default_factory=dict)

    def count(self, subject: str, case: Case) -> int:
        """How many records a subject is given."""
        full = {"target": case.records, "peer": case.peer, "floor": case.floor}[subject]
        if not full:
            return 0
        return max(round(full * self.scale), SHORT_LEAST[subject] if self.short else 1)

    def subject(self, subject: str, case: Case) -> dict[str, Any] | None:
        """Measure one subject on one case; None if it does not take part."""
        records, is_long = self.count(subject, case), case.long
        if not records:
            return None
        # What a ledger knows goes with what there is to read.
        case = replace(case, records=records, others=round(case.others * self.scale))
        times = 1 if is_long else self.runs
        return _figures(records, [self._pair(subject, case, records) for _ in range(times)])

    def _pair(self, subject: str, case: Case, records: int) -> tuple[Run, Run]:
        """An empty run and one with records, side by side: a load that drifts is in both.

        The short form has one empty run for all cases: its figures are for nobody.
        """
        kind = (subject, case.tls)
        empty = self.empty.get(kind)
        if empty is None or not self.short:
            empty = run(subject, case, 0, self.scratch, self.certificates)
            self.empty[kind] = empty
        return empty, run(subject, case, records, self.scratch, self.certificates)

    def start(self) -> dict[str, float]:
        """Seconds to the end of `--version` and `--about`, and to the first call of a run."""
        times = 1 if self.short else max(START_RUNS, self.runs)
        write_files(CASES[0], self.scratch / "files")
        found = {
            argument: median(start_up(argument) for _ in range(times))
            for argument in ("--version", "--about")
        }
        runs = [run("target", CASES[0], 1, self.scratch, None) for _ in range(times)]
        found["first call"] = median(one.first_call or math.inf for one in runs)
        return {what: round(seconds, 3) for what, seconds in found.items()}


def _figures(records: int, pairs: Sequence[tuple[Run, Run]]) -> dict[str, Any]:
    done = [full for _, full in pairs]

    def middle(of: Callable[[Run], float]) -> float:
        return median(map(of, done))

    def more(of: Callable[[Run], float]) -> float:
        """By how much runs with records exceed empty ones."""
        return median(of(full) - of(empty) for empty, full in pairs)

    seconds = more(lambda one: one.wall)
    cpu = more(lambda one: one.cpu)
    cpu_main = more(lambda one: one.cpu_main)
    lasted = seconds >= LEAST_SECONDS
    worked = cpu >= LEAST_CPU_SECONDS and records >= LEAST_RECORDS
    first = middle(lambda one: one.first_call or 0.0)
    resident = max((one.resident for one in done), key=len)
    step = max(len(resident) // POINTS, 1)
    return {
        "records": records,
        "runs": len(done),
        "seconds": round(seconds, 3),
        "rate": round(records / seconds, 1) if lasted else None,
        "rates": [round(records / (full.wall - empty.wall), 1) for empty, full in pairs]
        if lasted
        else [],
        "cpu_ms": round(1000 * cpu / records, 3) if worked else None,
        "cpu_ms_main": round(1000 * cpu_main / records, 3) if worked else None,
        "cores": round(cpu / seconds, 3) if lasted and worked else None,
        "peak_mib": round(max(one.peak for one in done) / MIB, 1),
        "resident_mib": [round(value / MIB, 1) for value in resident[::step]],
        "in_flight": max(one.stats["most_in_flight"] for one in done),
        "connections": max(one.stats["connections"] for one in done),
        "handshakes": max(one.stats["handshakes"] for one in done),
        "resumed": max(one.stats["resumed"] for one in done),
        "threads": max(one.threads for one in done),
        "first_call_seconds": round(first, 3) if first else None,
        "switches": round(more(lambda one: one.switches) / records, 2),
        "server_cores": round(middle(lambda one: one.stats["cpu"] / one.wall), 3),
        "empty_seconds": round(median(empty.wall for empty, _ in pairs), 3),
        "share_of_limit": (
            round(middle(lambda one: _share(one, records / seconds)), 3)
            if lasted and all(one.stats["batches"] for one in done)
            else None
        ),
    }


def _share(one: Run, rate: float) -> float:
    """The share of LinkedIn's limit.

    Over minutes it is that from the first batch to the last one, which only the next minute let
    out; that one itself belongs to the time after.
    """
    batches = one.stats["batches"]
    begun, ended = batches[0][0], batches[-1][0]
    if ended - begun < 60:
        return rate * 60 / PER_MINUTE
    sent = sum(count for _, count in batches[:-1])
    return float(sent / (ended - begun) * 60 / PER_MINUTE)


def machine() -> dict[str, Any]:
    """Name the machine and what runs on it."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "singer_sdk": version("singer-sdk"),
        "load_before": round(os.getloadavg()[0], 2),
    }


def certificates_below(scratch: Path) -> Certificates | None:
    """Make a CA and a server's certificate; None where `trustme` is not installed."""
    try:
        import trustme  # noqa: PLC0415 - only this case needs it
    except ImportError:
        return None
    authority = trustme.CA()
    paths = Certificates(scratch / "authority.pem", scratch / "server.pem")
    authority.cert_pem.write_to_path(str(paths.authority))
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(paths.server))
    return paths


def sparkline(values: Sequence[float]) -> str:
    """Draw values from zero to the highest."""
    highest = max(values, default=0) or 1
    return "".join(SPARKS[min(int(value / highest * 8), 7)] for value in values)


def ratio(target: dict[str, Any] | None, peer: dict[str, Any] | None) -> float | None:
    """How many times the peer's rate the target's is."""
    if not (target and peer and target["rate"] and peer["rate"]):
        return None
    return round(float(target["rate"] / peer["rate"]), 2)


def measure(bench: Bench, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Measure all cases one after another."""
    results = []
    begun = time.monotonic()
    for case in cases:
        if case.tls and bench.certificates is None:
            print(f"left out: {case.name} (trustme is not installed)", file=sys.stderr)
            continue
        write_files(case, bench.scratch / "files")
        subjects = {subject: bench.subject(subject, case) for subject in SUBJECTS}
        target, peer = subjects["target"], subjects["peer"]
        result = {
            "case": case.name,
            "ceiling": case.ceiling,
            "subjects": subjects,
            "ratio_to_peer": ratio(target, peer),
            "load": round(os.getloadavg()[0], 2),
        }
        results.append(result)
        print(
            f"{time.monotonic() - begun:5.0f} s  {case.name}: {target and target['rate']} a second,"
            f" {target and target['cpu_ms']} ms of CPU, load {result['load']}",
            file=sys.stderr,
            flush=True,
        )
    return results


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="few records, each case once")
    parser.add_argument("--only", action="append", help="a case by its name; may be repeated")
    parser.add_argument("--scale", type=float, default=1.0, help="times as many records")
    parser.add_argument("--runs", type=int, default=3, help="runs whose median is given")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    chosen = parser.parse_args()
    names = [case.name for case in CASES]
    unknown = [name for name in chosen.only or () if name not in names]
    if unknown:
        parser.error(f"no such case: {unknown[0]!r}; there are {', '.join(map(repr, names))}")
    return chosen


def main() -> int:
    """Run the command; 1 if a run did not do its work."""
    chosen = options()
    cases = [case for case in CASES if not chosen.only or case.name in chosen.only]
    of_machine = machine()
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        bench = Bench(
            scale=chosen.scale * (SHORT_SCALE if chosen.short else 1),
            short=chosen.short,
            runs=1 if chosen.short else chosen.runs,
            scratch=scratch,
            certificates=certificates_below(scratch),
        )
        try:
            start = bench.start()
            waiting = idle(scratch / "idle", 1.0 if chosen.short else IDLE_SECONDS)
            results = measure(bench, cases)
        except Invalid as reason:
            print(f"The benchmark failed: {reason}", file=sys.stderr)
            return 1
    of_machine["load_highest"] = max((result["load"] for result in results), default=0.0)
    report = {"machine": of_machine, "start": start, "idle": waiting, "cases": results}
    print(", ".join(f"{name} {value}" for name, value in of_machine.items()))
    print(tables(report))
    for result in results:
        resident = result["subjects"]["target"]["resident_mib"]
        print(f"resident memory, {result['case']}: {sparkline(resident)} of {max(resident)} MiB")
    if chosen.json:
        chosen.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
