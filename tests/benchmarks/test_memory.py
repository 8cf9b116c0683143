"""The plot of memory shows what was measured, peaks included."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from benchmarks import ledgercost, memory, profile
from benchmarks.document import PAGE, written
from benchmarks.memory import BOUND_MIB, POINTS, drawn, on_the_page, thinned, told

REPOSITORY = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def test_few_points_keep_every_peak() -> None:
    values = [50.0] * 12_345
    values[7_777] = 99.0
    few = thinned(values)
    assert len(few) <= POINTS
    assert max(few) == 99.0
    assert thinned([1.0, 2.0]) == [1.0, 2.0]


def test_lines_stand_at_their_values() -> None:
    root = ElementTree.fromstring(drawn([("a & b", [0.0, 80.0, 160.0]), ("c", [40.0, 40.0])]))
    rising, flat = (
        [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        for line in root.iter(f"{SVG}polyline")
    )
    bound = next(line for line in root.iter(f"{SVG}line") if line.attrib["class"] == "bound")
    assert rising[-1][1] == float(bound.attrib["y1"])
    assert rising[0][1] > rising[1][1] > rising[2][1]
    assert flat[0][1] == flat[1][1]
    assert rising[0][0] == flat[0][0]
    assert rising[-1][0] == flat[-1][0]
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert "a & b: at most 160 MiB" in texts
    assert f"bound {BOUND_MIB} MiB" in texts


def test_what_is_said_of_a_line_tells_whether_it_rises() -> None:
    values = [20.0] * 10 + [60.0] * 10 + [70.0] * 70 + [75.0] * 10
    said = "resumes: at most 75 MiB; 60 MiB in the second tenth of the run, 75 in the last"
    assert told("resumes", values) == said
    text = on_the_page([("resumes", values), ("deletions", [1.0])])
    assert f"- {said}." in text
    assert text.splitlines()[0].endswith("](memory.svg)")
    assert "\n- deletions: at most 1 MiB" in text


def test_the_page_has_a_place_for_each_part_that_is_written() -> None:
    for module in (memory, profile, ledgercost):
        assert "\nnew\n" in written(PAGE.read_text(), "new", module.BEGIN, module.END)


def test_the_command_runs_and_writes_the_plot(tmp_path: Path) -> None:
    path = tmp_path / "memory.svg"
    command = [sys.executable, "-m", "benchmarks.memory", "--scale", "0.0005", "--svg", str(path)]
    done = subprocess.run(
        command, check=True, cwd=REPOSITORY, capture_output=True, text=True, timeout=120
    )
    assert "300 deletions: at most" in done.stdout
    assert "300 resumes of 2 KB: at most" in path.read_text()
