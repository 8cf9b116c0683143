"""The report of a benchmark as Markdown: its table, and what it says of the targets.

python -m benchmarks.document benchmarks.json      writes it into docs/performance.md
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import REPOSITORY, SUBJECTS

PAGE = REPOSITORY / "docs" / "performance.md"
BEGIN = "<!-- written by `make bench`: begin -->"
END = "<!-- written by `make bench`: end -->"
BUSY = (
    "**Other work ran on the machine meanwhile**: rates without latency, start-up and first calls"
    " say little; CPU times, memory and what waits for LinkedIn hold."
)
HEADINGS = (
    "case", "records/s", "peer's", "ratio", "ceiling", "of limit", "CPU ms", "peer's", "floor's",
    "peak MiB", "in flight", "first call s", "server",
)  # fmt: skip

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

    def highest(name: str, *, but: str | None = None) -> float | None:
        found = [float(of[name]) for case, of in cases.items() if of[name] and case != but]
        return max(found, default=None)

    def judge(target: str, value: float | None, shape: str, *, reached: bool) -> None:
        verdict = "not measured" if value is None else "yes" if reached else "no"
        found.append((target, cell(value, shape), verdict))

    def at_least(target: str, value: float | None, bound: float, shape: str) -> None:
        judge(target, value, shape, reached=value is not None and value >= bound)

    def at_most(target: str, value: float | None, bound: float, shape: str) -> None:
        judge(target, value, shape, reached=value is not None and value <= bound)

    found: list[tuple[str, str, str]] = []
    rate, cpu = "rate", "cpu_ms"
    usual, far = "60 KB, 100/150/300 ms", "60 KB, 400/600/900 ms, 160 at once"
    at_least("166.7 a second at 100/150/300 ms", figure(usual, rate), 166.7, ",.1f")
    share = figure("2 KB, 100/150/300 ms, limiter on", "share_of_limit")
    at_least("99 % of the limit over five minutes, none throttled", share, 0.99, ".1%")
    at_most("60 KB for 1.5 ms of CPU", figure("60 KB", cpu), 1.5, ".2f")
    at_most("60 KB for 1.5 ms of CPU at 100/150/300 ms", figure(usual, cpu), 1.5, ".2f")
    at_most("60 KB for 1.5 ms of CPU at 400/600/900 ms", figure(far, cpu), 1.5, ".2f")
    at_most("60 KB for 2.0 ms of CPU over TLS", figure("60 KB, TLS", cpu), 2.0, ".2f")
    for case in cases:
        if case.startswith(("deletions", "unchanged")):
            at_least(f"{case}: 10,000 a second", figure(case, rate), 10_000, ",.0f")
    ten = "10 MB"
    at_most("160 MiB at any length of run", highest("peak_mib", but=ten), 160, ".0f")
    at_most("256 MiB with 10 MB files, 64 at once", figure(ten, "peak_mib"), 256, ".0f")
    at_most("first call within 1 s", highest("first_call_seconds"), 1.0, ".2f")
    for argument, seconds in report["start"].items():
        at_most(f"`{argument}` within 0.7 s", seconds, 0.7, ".2f")
    return found


def figures(report: Report) -> str:
    """Write the generated part of the page."""
    machine = report["machine"]
    measured_on = (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python"
        f" {machine['python']}, singer-sdk {machine['singer_sdk']}; {machine['at'][:10]}, load"
        f" before the first run {machine['load_before']}, at most {machine['load_highest']} later."
    )
    cases = table(HEADINGS, [row(result) for result in report["cases"]])
    targets = table(("target", "measured", "reached"), verdicts(report))
    parts = [measured_on, cases, "### Against the targets", targets]
    if machine["load_highest"] > machine["cores"] + 1:  # subject and server alone make two
        parts.insert(1, BUSY)
    return "\n\n".join(parts)


def written(page: str, text: str) -> str:
    """Put the generated part into a page. Raises ValueError where its marks are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN!r} or {END!r}")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def main() -> None:
    """Run the command."""
    report = json.loads(Path(sys.argv[1]).read_text())
    PAGE.write_text(written(PAGE.read_text(), figures(report)))


if __name__ == "__main__":
    main()
