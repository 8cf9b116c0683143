"""Draws how much memory the target holds over an hour's worth of records, as an SVG.

    python -m benchmarks.memory                       writes docs/memory.svg and what it shows
    python -m benchmarks.memory --scale 0.01 --svg memory.svg

An hour at LinkedIn's limit is 600,000 records. With the limiter opened they take as long as the
machine needs for them, as deletions and as resumes of 2 KB.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.cases import KIB, MIB, PER_MINUTE, Case, write_files
from benchmarks.document import PAGE, written
from benchmarks.measure import run

PLOT = PAGE.with_name("memory.svg")
BEGIN = "<!-- written by `python -m benchmarks.memory`: begin -->"
END = "<!-- written by `python -m benchmarks.memory`: end -->"
HOUR = 60 * PER_MINUTE
# What the target is to stay under, whatever the length of a run.
BOUND_MIB = 160
POINTS = 200
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 300, 52, 28, 40
STYLE = """
  text { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: #1b1f24 }
  .back { fill: #fff } .axis { stroke: #d5d9df } .bound { stroke: #9a3412; stroke-dasharray: 6 4 }
  .line { fill: none; stroke-width: 2 } .line0 { stroke: #0a5fb4 }
  .line1 { stroke: #116329; stroke-dasharray: 3 2 } .text0 { fill: #0a5fb4 }
  .text1 { fill: #116329 } .bound-text { fill: #9a3412 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6eaf0 } .back { fill: #171c23 } .axis { stroke: #323a45 }
    .bound { stroke: #ff9d73 } .bound-text { fill: #ff9d73 } .line0 { stroke: #6cb1ff }
    .text0 { fill: #6cb1ff } .line1 { stroke: #7ee2a0 } .text1 { fill: #7ee2a0 }
  }"""

Line = tuple[str, Sequence[float]]


def thinned(values: Sequence[float], most: int = POINTS) -> list[float]:
    """At most so many values, the highest of each stretch: no peak is left out."""
    step = -(-len(values) // most) or 1
    return [max(values[at : at + step]) for at in range(0, len(values), step)]


def drawn(lines: Sequence[Line], bound: float = BOUND_MIB) -> str:
    """Draw lines of MiB, each from the start of its run to the end, as an SVG."""
    top = max(bound, *(max(values) for _, values in lines)) * 1.05

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>Resident memory from the start of a run to its end</title>",
        f"<desc>{escape('; '.join(_said(*line) for line in lines))}</desc>",
        f"<style>{STYLE}\n</style>",
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>',
    ]
    for value in (0, 40, 80, 120):
        parts.append(_rule("axis", y(value)))
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4}" text-anchor="end">{value}</text>')
    parts.append(_rule("bound", y(bound)))
    parts.append(
        f'<text class="bound-text" x="{WIDTH - 8}" y="{y(bound) - 6}" text-anchor="end">'
        f"bound {bound:.0f} MiB</text>"
    )
    for number, (name, values) in enumerate(lines):
        step = (WIDTH - LEFT - 8) / max(len(values) - 1, 1)
        points = " ".join(f"{LEFT + n * step:.1f},{y(v)}" for n, v in enumerate(values))
        parts.append(f'<polyline class="line line{number}" points="{points}"/>')
        parts.append(
            f'<text class="text{number}" x="{LEFT + 12}" y="{TOP + 34 + 20 * number}">'
            f"{escape(_said(name, values))}</text>"
        )
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 12}">start of the run</text>')
    parts.append(f'<text x="{WIDTH - 8}" y="{HEIGHT - 12}" text-anchor="end">its end</text>')
    parts.append(f'<text x="8" y="{TOP - 10}">MiB resident</text>')
    return "\n".join([*parts, "</svg>", ""])


def _rule(kind: str, y: float) -> str:
    return f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - 8}" y1="{y}" y2="{y}"/>'


def _said(name: str, values: Sequence[float]) -> str:
    return f"{name}: at most {max(values):.0f} MiB"


def told(name: str, values: Sequence[float]) -> str:
    """Say what a line shows: its highest value, and whether it still rises."""
    tenth = max(len(values) // 10, 1)
    return (
        f"{_said(name, values)}; {max(values[tenth : 2 * tenth] or values):.0f} MiB in the second"
        f" tenth of the run, {max(values[-tenth:]):.0f} in the last"
    )


def on_the_page(lines: Sequence[Line]) -> str:
    """Write what the page says of the plot."""
    about = "Resident memory from the start of a run to its end"
    seen = [told(*line) for line in lines]
    return "\n\n".join([f"![{about}. {'. '.join(seen)}](memory.svg)", *(f"- {x}." for x in seen)])


def measured(case: Case, records: int, scratch: Path) -> list[float]:
    """MiB resident over a run on so many records of a case."""
    scratch.mkdir()
    write_files(case, scratch / "files")
    return [value / MIB for value in run("target", case, records, scratch, None).resident]


def main() -> None:
    """Run, draw, and say where."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the records (1.0)")
    parser.add_argument("--svg", type=Path, help="write it there, and nothing into the page")
    options = parser.parse_args()
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as scratch:
        records = max(round(HOUR * options.scale), 1)
        for name, size in (("deletions", 0), ("resumes of 2 KB", 2 * KIB)):
            case = Case(name, size, records, 0)
            values = measured(case, records, Path(scratch) / str(len(lines)))
            lines.append((f"{records:,} {name}", thinned(values)))
            print(told(*lines[-1]), flush=True)
    svg = options.svg or PLOT
    svg.write_text(drawn(lines))
    print(f"wrote {svg}")
    if options.svg is None:
        PAGE.write_text(written(PAGE.read_text(), on_the_page(lines), BEGIN, END))


if __name__ == "__main__":
    main()
