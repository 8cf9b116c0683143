"""The benchmark runs and says what it should; how fast anything is, is not asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.cases import CASES, FAR_MANY, USUAL, USUAL_MANY
from benchmarks.document import figures

REPOSITORY = Path(__file__).resolve().parents[2]
CHOSEN = ("60 KB", "unchanged")


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
    assert report["start"].keys() == {"--version", "--about", "first call"}
    assert report["idle"]["threads"] >= 3
    assert [case["case"] for case in report["cases"]] == list(CHOSEN)
    for case in report["cases"]:
        has_floor, has_peer = case["case"] == "60 KB", case["case"] != "unchanged"
        assert (case["subjects"]["floor"] is not None) == has_floor
        for subject in ("target", "peer") if has_peer else ("target",):
            measured = case["subjects"][subject]
            assert measured["records"] > 0
            assert measured["runs"] == 1
            assert measured["peak_mib"] > 10
            assert measured["resident_mib"]
            assert measured["threads"] >= 1
            if has_peer:
                assert measured["in_flight"] >= 1
                assert measured["connections"] >= 1
                assert measured["first_call_seconds"] > 0
            else:  # LinkedIn is asked for nothing, not even a token
                assert (measured["connections"], measured["first_call_seconds"]) == (0, None)
    for name in CHOSEN:
        assert f"| {name} " in done.stdout
        assert f"| {name} " in figures(report)


@pytest.mark.parametrize(
    ("name", "ceiling"),
    [
        ("60 KB", None),
        ("60 KB, 20 ms", 64 / 0.040),
        (USUAL, 64 / 0.250),
        (USUAL_MANY, 100 / 0.300),
        (FAR_MANY, 100 / 0.900),
    ],
)
def test_the_ceiling_is_what_latencies_permit(name: str, ceiling: float | None) -> None:
    [case] = [case for case in CASES if case.name == name]
    assert case.ceiling == (ceiling and pytest.approx(ceiling))


def test_an_unknown_case_is_named_together_with_those_there_are() -> None:
    command = [sys.executable, "-m", "benchmarks.run", "--only", "nothing"]

    done = subprocess.run(
        command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 2
    assert "'nothing'" in done.stderr
    assert "'deletions'" in done.stderr
