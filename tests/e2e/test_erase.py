"""`erase`: a person is deleted at LinkedIn between two runs, and the answers are waited for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from target_linkedin_resumes.cli.ledger import main
from target_linkedin_resumes.stores.ledger_db import LedgerDB
from tests.e2e.support import SCHEMA, Bench, record, state
from tests.stores.test_audit_log import KEY


@pytest.fixture
def settings(bench: Bench) -> dict[str, Any]:
    directory = bench.directory
    return {
        "ledger_path": str(directory / "ledger.db"),
        "audit_path": str(directory / "audit.jsonl"),
        "audit_key": KEY,
        "rejects_path": str(directory / "rejects.singer"),
        "on_reject": "continue",
    }


@pytest.fixture
def config(bench: Bench, settings: dict[str, Any]) -> Path:
    """The configuration of a pipeline that has delivered three resumes and rejected one."""
    name = bench.file("a.pdf")
    stream = [SCHEMA, record("c", "r1", name), record("c", "r2", name), record("d", "r", name)]
    done = bench.run([*stream, record("c", "r3", "missing.pdf"), state(4)], **settings)
    assert done.code == 0, done.log
    return bench.config(**settings)


def run(config: Path, *arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(main, ["--config", str(config), "erase", *arguments], input=answer)


def test_all_of_a_candidate_goes(bench: Bench, config: Path, settings: dict[str, Any]) -> None:
    done = run(config, "c", "--yes")
    assert done.exit_code == 0, done.output
    assert set(bench.held()) == {("d", "r")}
    assert "candidate 'c', resume 'r1': deleted." in done.stdout
    assert "LinkedIn holds 0 of 3 resumes." in done.stdout  # the receipt
    assert not Path(settings["rejects_path"]).exists()
    assert done.stderr == ""
    lines = Path(settings["audit_path"]).read_text().splitlines()
    operations = [json.loads(line)["operation"] for line in lines]
    assert operations.count("deleted") == 3
    again = run(config, "c", "--yes")
    assert again.exit_code == 0
    assert "nothing to delete" in again.stdout
    bench.run([SCHEMA, record("c", "r1", "a.pdf"), state(1)], **settings)
    assert set(bench.held()) == {("d", "r"), ("c", "r1")}


def test_what_was_rejected_without_its_resume_id_goes_as_well(
    bench: Bench, config: Path, settings: dict[str, Any]
) -> None:
    stream = [SCHEMA, record("c", None, "a.pdf"), record("d", None, "a.pdf"), state(2)]
    bench.run(stream, **settings)
    assert run(config, "c", "--yes").exit_code == 0
    lines = map(json.loads, Path(settings["rejects_path"]).read_text().splitlines())
    assert [line["record"]["candidate_id"] for line in lines if "record" in line] == ["d"]


def test_one_resume_alone(bench: Bench, config: Path) -> None:
    done = run(config, "c", "r2", "--yes")
    assert done.exit_code == 0, done.output
    assert set(bench.held()) == {("d", "r"), ("c", "r1")}


def test_a_dry_run_lists_and_deletes_nothing(bench: Bench, config: Path) -> None:
    done = run(config, "c", "--dry-run")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [f"candidate 'c', resume 'r{n}'" for n in (1, 2, 3)]
    assert len(bench.held()) == 3


@pytest.mark.parametrize("ids", [("",), ("c", " ")])
def test_an_id_that_is_blank_is_no_success(config: Path, ids: tuple[str, ...]) -> None:
    done = run(config, "--yes", *ids)
    assert done.exit_code == 2
    assert ("CANDIDATE_ID", "RESUME_ID")[len(ids) - 1] in done.stderr.split("Error:")[1]


@pytest.mark.parametrize("candidate", ["O'Neil", '"q"', "a b", "名前", "-5", "a/b?c=1&d", "50%"])
def test_an_id_may_hold_anything(
    bench: Bench, config: Path, settings: dict[str, Any], candidate: str
) -> None:
    bench.run([SCHEMA, record(candidate, "r", "a.pdf"), state(1)], **settings)
    assert (candidate, "r") in bench.held()
    assert run(config, "--yes", "--", candidate).exit_code == 0
    assert (candidate, "r") not in bench.held()


def test_nobody_to_ask_deletes_nothing(bench: Bench, config: Path) -> None:
    done = run(config, "c")
    assert done.exit_code == 2
    assert "--yes" in done.stderr
    assert len(bench.held()) == 3


def test_what_linkedin_refuses_waits_and_is_no_success(bench: Bench, config: Path) -> None:
    bench.sandbox.set_faults(
        {"endpoint": "batch_delete", "kind": "key_status", "status": 403, "keys": [["c", "r1"]]}
    )
    done = run(config, "c", "--yes")
    assert done.exit_code == 3
    assert "candidate 'c', resume 'r1': LinkedIn has not confirmed the deletion." in done.stdout
    assert set(bench.held()) == {("d", "r"), ("c", "r1")}
    bench.sandbox.set_faults()
    assert run(config, "c", "--yes").exit_code == 0
    assert set(bench.held()) == {("d", "r")}


def test_during_a_run_it_is_refused(bench: Bench, config: Path, settings: dict[str, Any]) -> None:
    ledger = LedgerDB(Path(settings["ledger_path"]), {})
    try:
        done = run(config, "c", "--yes")
    finally:
        ledger.close()
    assert done.exit_code == 2
    assert "in use by another run" in done.stderr
    assert len(bench.held()) == 3


def test_a_configuration_that_cannot_erase(bench: Bench, settings: dict[str, Any]) -> None:
    assert "ledger_path" in run(bench.config(), "c", "--yes").stderr
    done = run(bench.config(**settings, dry_run=True), "c", "--yes")
    assert done.exit_code == 2
    assert "dry_run" in done.stderr
