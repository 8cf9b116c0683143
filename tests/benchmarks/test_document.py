"""The page of figures: what is written into it, and what it says of the targets."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.document import BEGIN, BUSY, END, PAGE, figures, table, verdicts, written


def subject(**figures: Any) -> dict[str, Any]:
    return {
        "rate": None,
        "share_of_limit": None,
        "cpu_ms": None,
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
        "start": {"--version": 0.7, "--about": 0.71},
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
            "60 KB": subject(cpu_ms=1.5, first_call_seconds=0.4),
            "60 KB, TLS": subject(cpu_ms=2.001, first_call_seconds=1.2),
            "10 MB": subject(peak_mib=200.0),
            "deletions": subject(rate=9_999.0),
        }
    )

    found = {target: (value, verdict) for target, value, verdict in verdicts(measured)}

    assert found["60 KB for 1.5 ms of CPU"] == ("1.50", "yes")
    assert found["60 KB for 2.0 ms of CPU over TLS"] == ("2.00", "no")
    assert found["deletions: 10,000 a second"] == ("9,999", "no")
    assert found["160 MiB at any length of run"] == ("60", "yes")
    assert found["256 MiB with 10 MB files, 64 at once"] == ("200", "yes")
    assert found["first call within 1 s"] == ("1.20", "no")
    assert found["`--version` within 0.7 s"] == ("0.70", "yes")
    assert found["`--about` within 0.7 s"] == ("0.71", "no")
    assert found["166.7 a second at 100/150/300 ms"] == ("-", "not measured")


def test_the_figures_name_machine_and_cases() -> None:
    measured = report(**{"60 KB": subject(cpu_ms=0.5, rate=1000.0)})
    text = figures(measured)

    assert "some processor, 2 cores" in text
    assert "load before the first run 0.1, at most 2.5 later" in text
    assert "| 60 KB |     1,000 |" in text
    assert BUSY not in text
    measured["machine"]["load_highest"] = 3.5
    assert BUSY in figures(measured)


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
