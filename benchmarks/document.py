"""The report of a benchmark as Markdown: its table, and what it says of the targets.

python -m benchmarks.document benchmarks.json      writes it into docs/performance.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.cases import (
    CASES,
    FAR_MANY,
    LARGE,
    LIGHT,
    LIMITED,
    MIB,
    UNCHANGED,
    USUAL,
    USUAL_MANY,
    WEB,
)
from benchmarks.measure import REPOSITORY, SUBJECTS

PAGE = REPOSITORY / "docs" / "performance.md"
BEGIN = "<!-- written by `make bench`: begin -->"
END = "<!-- written by `make bench`: end -->"
BUSY = (
    "**Other work ran on the machine meanwhile.** What depends on the machine's speed says little:"
    " rates without latency, ratios to the peer, start-up and first calls. CPU times are too high"
    " rather than too low. Memory, counts and what waits for LinkedIn hold."
)
QUIET = (
    "Nothing else ran. Rates without latency are bound by one core and say how fast this machine"
    " is; the ratios to the peer hold elsewhere too."
)
HEADINGS = (
    "case", "records/s", "peer's", "ratio", "ceiling", "of limit", "CPU ms", "peer's", "floor's",
    "peak MiB", "in flight", "first call s",
)  # fmt: skip
MORE_HEADINGS = (
    "case", "threads", "waits", "main thread's CPU ms", "others'", "connections", "TLS handshakes",
    "resumed", "server",
)  # fmt: skip
# How much more CPU a record may take at other latencies or more uploads at once before it is said
# to grow: a tenth is what runs of one and the same case differ by.
GROWTH = 1.1

Report = dict[str, Any]


def cell(value: float | None, shape: str) -> str:
    """Write a figure, or a dash for one that there is none of."""
    return "-" if value is None else format(value, shape)


def row(result: Report) -> list[str]:
    """Give the cells of one case."""
    target, peer, floor = (result["subjects"][subject] for subject in SUBJECTS)
    return [
        result["case"],
        cell(target["rate"], ",.0f"),
        cell(peer and peer["rate"], ",.0f"),
        cell(result["ratio_to_peer"], ".1f"),
        cell(result["ceiling"], ",.0f"),
        cell(target["share_of_limit"], ".0%"),
        cell(target["cpu_ms"], ".2f"),
        cell(peer and peer["cpu_ms"], ".2f"),
        cell(floor and floor["cpu_ms"], ".2f"),
        f"{target['peak_mib']:.0f}",
        str(target["in_flight"]),
        cell(target["first_call_seconds"], ".2f"),
    ]


def more_row(result: Report) -> list[str]:
    """Give the cells of one case in the table of threads and connections."""
    target = result["subjects"]["target"]
    cpu, main = target["cpu_ms"], target["cpu_ms_main"]
    if main is not None and main <= 0:
        main = None  # less than the kernel counts
    return [
        result["case"],
        str(target["threads"]),
        f"{target['switches']:.2f}",
        cell(main, ".3f"),
        cell(None if cpu is None or main is None else max(cpu - main, 0.0), ".3f"),
        str(target["connections"]),
        str(target["handshakes"]),
        str(target["resumed"]),
        f"{target['server_cores']:.0%}",
    ]


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Lay out a Markdown table; all but the first ``left`` columns stand to the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    rule = [
        "-" * (width + 2) if n < left else "-" * (width + 1) + ":" for n, width in enumerate(widths)
    ]

    def laid_out(line: Sequence[str]) -> str:
        cells = (
            text.ljust(width) if n < left else text.rjust(width)
            for n, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        return f"| {' | '.join(cells)} |"

    return "\n".join([laid_out(headings), f"|{'|'.join(rule)}|", *map(laid_out, rows)])


def verdicts(report: Report) -> list[tuple[str, str, str]]:
    """Compare a report with the targets: each target, what was measured, and yes or no.

    A target whose case the report lacks, or whose figure is lost in noise, is "not measured".
    """
    cases = {result["case"]: result["subjects"]["target"] for result in report["cases"]}

    def figure(case: str, name: str) -> float | None:
        value = cases.get(case, {}).get(name)
        return None if value is None else float(value)

    def highest(name: str, among: Sequence[str]) -> float | None:
        found = [value for case in among if (value := figure(case, name)) is not None]
        return max(found, default=None)

    def growth(case: str, over: str) -> float | None:
        one, other = figure(case, "cpu_ms"), figure(over, "cpu_ms")
        return one / other if one and other else None

    def judge(target: str, value: float | None, shape: str, *, reached: bool) -> None:
        verdict = "not measured" if value is None else "yes" if reached else "no"
        found.append((target, cell(value, shape), verdict))

    def at_least(target: str, value: float | None, bound: float, shape: str) -> None:
        judge(target, value, shape, reached=value is not None and value >= bound)

    def at_most(target: str, value: float | None, bound: float, shape: str) -> None:
        judge(target, value, shape, reached=value is not None and value <= bound)

    found: list[tuple[str, str, str]] = []
    rate, cpu = "rate", "cpu_ms"
    at_least("166.7 a second at 100/150/300 ms", figure(USUAL, rate), 166.7, ",.1f")
    share = figure(LIMITED, "share_of_limit")
    at_least("99 % of the limit over five minutes, none throttled", share, 0.99, ".1%")
    at_most("60 KB for 1.5 ms of CPU", figure("60 KB", cpu), 1.5, ".2f")
    at_most("60 KB for 1.5 ms of CPU at 100/150/300 ms", figure(USUAL, cpu), 1.5, ".2f")
    at_most("60 KB for 1.5 ms of CPU at 400/600/900 ms", figure(FAR_MANY, cpu), 1.5, ".2f")
    at_most("60 KB for 2.0 ms of CPU over TLS", figure("60 KB, TLS", cpu), 2.0, ".2f")
    at_most("60 KB from the web for 1.0 ms of CPU", figure(WEB, cpu), 1.0, ".2f")
    many = growth(USUAL_MANY, USUAL)
    at_most(f"CPU with 160 at once over that with 64: {GROWTH}", many, GROWTH, ".2f")
    far = growth(FAR_MANY, USUAL_MANY)
    at_most(f"CPU at 400/600/900 ms over that at 100/150/300: {GROWTH}", far, GROWTH, ".2f")
    for case in LIGHT:
        at_least(f"{case}: 10,000 a second", figure(case, rate), 10_000, ",.0f")
    for case, least in UNCHANGED.items():
        at_least(f"{case}: {least:,} a second", figure(case, rate), least, ",.0f")
    smaller = [case.name for case in CASES if case.size < 9 * MIB]
    at_most("160 MiB at any length of run", highest("peak_mib", smaller), 160, ".0f")
    large = "256 MiB with 10 MB files from the web, 64 at once"
    at_most(large, figure(LARGE, "peak_mib"), 256, ".0f")
    at_most("first call within 1 s", report["start"].get("first call"), 1.0, ".2f")
    for argument in ("--version", "--about"):
        at_most(f"`{argument}` within 0.7 s", report["start"].get(argument), 0.7, ".2f")
    return found


def opened(report: Report) -> list[str]:
    """Say how long a run takes that finds nothing to do, by what its ledger knows."""
    seconds = {
        result["case"]: result["subjects"]["target"]["empty_seconds"]
        for result in report["cases"]
        if result["case"] in UNCHANGED
    }
    return [
        f'A run that reads no record takes, with the ledger of "{case}", {taken:.2f} s.'
        for case, taken in seconds.items()
    ]


def is_busy(machine: dict[str, Any]) -> bool:
    """Tell whether more ran than a subject and its server, which take two cores at the most."""
    return float(machine["load_highest"]) > int(machine["cores"]) + 1


def tables(report: Report) -> str:
    """Write the tables of a report."""
    idle = report["idle"]
    waiting = (
        f"While the tap is silent and a batch half full, the {idle['threads']} threads of a run"
        f" wake {idle['waits_a_second']} times a second and take {idle['cpu_ms_a_second']} ms of"
        f" CPU a second, all together (measured over {idle['seconds']:.0f} s)."
    )
    return "\n\n".join(
        [
            table(HEADINGS, [row(result) for result in report["cases"]]),
            "### Threads and connections",
            table(MORE_HEADINGS, [more_row(result) for result in report["cases"]]),
            waiting,
            *opened(report),
            "### Against the targets",
            table(("target", "measured", "reached"), verdicts(report)),
        ]
    )


def figures(report: Report) -> str:
    """Write the generated part of the page."""
    machine = report["machine"]
    measured_on = (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python"
        f" {machine['python']}, singer-sdk {machine['singer_sdk']}; {machine['at'][:10]}, load"
        f" before the first run {machine['load_before']}, at most {machine['load_highest']} later."
    )
    return "\n\n".join([measured_on, BUSY if is_busy(machine) else QUIET, tables(report)])


def written(page: str, text: str, begin: str = BEGIN, end: str = END) -> str:
    """Put a generated part into a page. Raises ValueError where its marks are missing."""
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"the page lacks {begin!r} or {end!r}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def main() -> None:
    """Run the command."""
    report = json.loads(Path(sys.argv[1]).read_text())
    PAGE.write_text(written(PAGE.read_text(), figures(report)))


if __name__ == "__main__":
    main()
