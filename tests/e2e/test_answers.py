"""LinkedIn's batch answers in other forms: what may be understood is, and nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.support import SCHEMA, Bench, Finished, deletion, record, state

RECORDS = 150
UNDERSTOOD = ("organization", "more_fields", "no_provider", "lower_case", "protocol_2", "params")


def deliver(bench: Bench, *faults: dict[str, Any], **settings: Any) -> Finished:
    """Run a stream of upserts and of deletions of every tenth, with faults on batches."""
    file = bench.file("cv.pdf")
    stream = [SCHEMA]
    stream += [record(f"c, {number}", "r&1", file) for number in range(RECORDS)]
    stream += [state(1)]
    stream += [deletion(f"c, {number}", "r&1") for number in range(0, RECORDS, 10)]
    bench.sandbox.set_faults(*({"endpoint": "batch"} | fault for fault in faults))
    return bench.run([*stream, state(2)], **settings)


def batches(bench: Bench) -> list[dict[str, Any]]:
    return [entry for entry in bench.sandbox.journal() if entry["endpoint"].startswith("batch")]


@pytest.mark.parametrize("form", UNDERSTOOD)
def test_a_form_that_is_understood_costs_no_call_more(bench: Bench, form: str) -> None:
    done = deliver(bench, {"kind": "written", "form": form})
    assert done.code == 0, done.log
    assert done.states[-1] == state(2)["value"]
    assert len(bench.held()) == RECORDS * 9 // 10
    assert len(batches(bench)) <= 5
    assert bench.sandbox.snapshot()["breaches"] == []
    said = done.log.count("another organization or data provider")
    assert said == (form in {"organization", "no_provider", "lower_case"})


def test_an_answer_about_other_resumes_stops_the_run_with_a_true_state(bench: Bench) -> None:
    done = deliver(bench, {"kind": "written", "form": "others", "after": 1})
    assert done.code == 1
    assert "none of those that were asked for" in done.log
    assert state(2)["value"] not in done.states
    assert len(batches(bench)) == 2


def test_an_answer_that_is_too_long_is_asked_for_in_halves(bench: Bench) -> None:
    done = deliver(bench, {"kind": "written", "form": "long"})
    assert done.code == 0, done.log
    assert len(bench.held()) == RECORDS * 9 // 10
    assert max(entry["ids"] for entry in batches(bench)) == 100


def test_errors_without_a_status_become_rejects(bench: Bench) -> None:
    rejects = bench.directory / "rejects.singer"
    refused = {"kind": "key_status", "status": 400, "keys": [["c, 7", "r&1"], ["c, 8", "r&1"]]}
    done = deliver(
        bench,
        {"kind": "written", "form": "no_status", "endpoint": "batch_update"},
        {**refused, "endpoint": "batch_update"},
        on_reject="continue",
        rejects_path=str(rejects),
    )
    assert done.code == 0, done.log
    assert rejects.read_text().count("linkedin_refused") == 2
    assert len(bench.held()) == RECORDS * 9 // 10 - 2
    assert len(batches(bench)) <= 12


def test_behind_a_gateway_that_refuses_tunnels_batches_go_in_parts(bench: Bench) -> None:
    done = deliver(bench, {"kind": "no_tunnel"})
    assert done.code == 0, done.log
    assert len(bench.held()) == RECORDS * 9 // 10
    assert sum(entry["tunnelled"] for entry in batches(bench)) == 1
    assert bench.sandbox.snapshot()["breaches"] == []
