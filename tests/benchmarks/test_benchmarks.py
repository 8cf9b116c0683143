"""The benchmark runs and says what it should; how fast anything is, is not asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.document import figures

REPOSITORY = Path(__file__).resolve().parents[2]
CHOSEN = ("60 KB", "60 KB, 20 ms", "deletions in a BATCH file")


def test_the_short_form_measures_each_subject_of_each_case(tmp_path: Path) -> None:
    report_path = tmp_path / "report.json"
    command = [sys.executable, "-m", "benchmarks.run", "--short", "--json", str(report_path)]
    for name in CHOSEN:
        command += ["--only", name]

    done = subprocess.run(
        command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=150
    )

    assert done.returncode == 0, done.stderr
    report = json.loads(report_path.read_text())
    assert report["machine"]["cores"] >= 1
    assert report["start"].keys() == {"--version", "--about"}
    assert [case["case"] for case in report["cases"]] == list(CHOSEN)
    for case in report["cases"]:
        has_floor = case["case"] == "60 KB"
        assert (case["subjects"]["floor"] is not None) == has_floor
        for subject in ("target", "peer"):
            measured = case["subjects"][subject]
            assert measured["records"] > 0
            assert measured["runs"] == 1
            assert measured["peak_mib"] > 10
            assert measured["resident_mib"]
            assert measured["in_flight"] >= 1
            assert measured["first_call_seconds"] > 0
    assert [case["ceiling"] for case in report["cases"]] == [None, 1600, None]
    for name in CHOSEN:
        assert f"| {name} " in done.stdout
        assert f"| {name} " in figures(report)


def test_an_unknown_case_is_named_together_with_those_there_are() -> None:
    command = [sys.executable, "-m", "benchmarks.run", "--only", "nothing"]

    done = subprocess.run(
        command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 2
    assert "'nothing'" in done.stderr
    assert "'deletions'" in done.stderr
