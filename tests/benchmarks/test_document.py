"""The page of figures: what is written into it, and what it says of the targets."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.cases import CASES, FAR_MANY, LARGE, LIGHT, USUAL, USUAL_MANY
from benchmarks.document import (
    BEGIN,
    BUSY,
    END,
    HEADINGS,
    MORE_HEADINGS,
    PAGE,
    QUIET,
    figures,
    more_row,
    row,
    table,
    verdicts,
    written,
)


def subject(**figures: Any) -> dict[str, Any]:
    return {
        "rate": None,
        "share_of_limit": None,
        "cpu_ms": None,
        "cpu_ms_main": None,
        "switches": 0.0,
        "threads": 4,
        "connections": 65,
        "handshakes": 0,
        "resumed": 0,
        "peak_mib": 60.0,
        "in_flight": 1,
        "first_call_seconds": None,
        "server_cores": 0.1,
    } | figures


def report(**cases: dict[str, Any]) -> dict[str, Any]:
    return {
        "machine": {
            "at": "2026-01-31T10:00:00+00:00",
            "cpu": "some processor",
            "cores": 2,
            "system": "Linux 6",
            "python": "3.11.7",
            "singer_sdk": "0.54.9",
            "load_before": 0.1,
            "load_highest": 2.5,
        },
        "start": {"--version": 0.7, "--about": 0.71, "first call": 1.2},
        "idle": {"seconds": 10.0, "threads": 68, "cpu_ms_a_second": 0.5, "waits_a_second": 3.1},
        "cases": [
            {
                "case": name,
                "ceiling": None,
                "ratio_to_peer": None,
                "subjects": {"target": figures, "peer": None, "floor": None},
            }
            for name, figures in cases.items()
        ],
    }


def test_a_target_is_reached_missed_or_not_measured() -> None:
    measured = report(
        **{
            "60 KB": subject(cpu_ms=1.5),
            "60 KB, TLS": subject(cpu_ms=2.001),
            USUAL: subject(cpu_ms=0.5, rate=166.8),
            USUAL_MANY: subject(cpu_ms=0.55),
            FAR_MANY: subject(cpu_ms=0.7),
            "10 MB": subject(peak_mib=300.0),
            LARGE: subject(peak_mib=200.0),
            "deletions": subject(rate=9_999.0),
        }
    )

    found = {target: (value, verdict) for target, value, verdict in verdicts(measured)}

    assert found["60 KB for 1.5 ms of CPU"] == ("1.50", "yes")
    assert found["60 KB for 2.0 ms of CPU over TLS"] == ("2.00", "no")
    assert found["166.7 a second at 100/150/300 ms"] == ("166.8", "yes")
    assert found["CPU with 160 at once over that with 64: 1.1"] == ("1.10", "yes")
    assert found["CPU at 400/600/900 ms over that at 100/150/300: 1.1"] == ("1.27", "no")
    assert found["deletions: 10,000 a second"] == ("9,999", "no")
    assert found["160 MiB at any length of run"] == ("60", "yes")
    assert found["256 MiB with 10 MB files from the web, 64 at once"] == ("200", "yes")
    assert found["first call within 1 s"] == ("1.20", "no")
    assert found["`--version` within 0.7 s"] == ("0.70", "yes")
    assert found["`--about` within 0.7 s"] == ("0.71", "no")


def test_what_was_not_measured_is_said_of_every_target() -> None:
    whole = {target for target, _, _ in verdicts(report(**{c.name: subject() for c in CASES}))}
    nothing = report() | {"start": {}}

    found = verdicts(nothing)

    assert {target for target, _, _ in found} == whole
    assert {(value, verdict) for _, value, verdict in found} == {("-", "not measured")}
    for case in LIGHT:
        assert f"{case}: 10,000 a second" in whole


def test_the_targets_name_cases_that_there_are() -> None:
    names = {case.name for case in CASES}
    assert {"60 KB", "60 KB, TLS", "10 MB", USUAL, USUAL_MANY, FAR_MANY, LARGE, *LIGHT} <= names
    large = next(case for case in CASES if case.name == LARGE)
    assert (large.web, large.concurrency) == (True, 64)
    assert large.size > 9.9 * 1024**2


def test_a_row_has_a_cell_for_each_heading() -> None:
    result = report(**{"60 KB": subject(cpu_ms=0.5, cpu_ms_main=0.125)})["cases"][0]

    assert len(row(result)) == len(HEADINGS)
    assert len(more_row(result)) == len(MORE_HEADINGS)
    cells = dict(zip(MORE_HEADINGS, more_row(result), strict=True))
    assert (cells["main thread's CPU ms"], cells["others'"]) == ("0.125", "0.375")
    assert cells["connections"] == "65"


def test_the_figures_name_machine_and_cases() -> None:
    measured = report(**{"60 KB": subject(cpu_ms=0.5, rate=1000.0)})
    text = figures(measured)

    assert "some processor, 2 cores" in text
    assert "load before the first run 0.1, at most 2.5 later" in text
    assert "| 60 KB |     1,000 |" in text
    assert "the 68 threads of a run wake 3.1 times a second" in text


def test_under_load_the_page_claims_less() -> None:
    measured = report(**{"60 KB": subject()})
    assert QUIET in figures(measured)
    assert BUSY not in figures(measured)

    measured["machine"]["load_highest"] = 3.5

    assert BUSY in figures(measured)
    assert QUIET not in figures(measured)


def test_a_table_is_as_wide_as_its_cells() -> None:
    assert table(("a", "b"), [("1", "22"), ("333", "4")]) == (
        "| a   |  b |\n|-----|---:|\n| 1   | 22 |\n| 333 |  4 |"
    )


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"

    assert written(page, "new") == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert written(written(page, "new"), "new") == written(page, "new")
    with pytest.raises(ValueError, match="lacks"):
        written("no marks", "new")


def test_the_page_has_the_marks() -> None:
    assert "\nnew\n" in written(PAGE.read_text(), "new")
