"""The command that answers a candidate who asks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from target_linkedin_resumes.cli.receipt import main
from tests.stores.test_audit_log import KEY, erased, opened, sent


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def written(path: Path) -> None:
    file = opened(path)
    file.confirmed([sent("c1", "r1"), sent("c1", "r2"), sent("c2", "r3")])
    file.confirmed([erased("c1", "r1")])
    file.close()


def test_for_people(config: Path, tmp_path: Path) -> None:
    written(tmp_path / "audit.jsonl")
    done = run("c1", "--config", config)
    assert done.exit_code == 0
    assert done.stderr == ""
    first, second = done.stdout.split("\n\n")[1:3]
    assert "sent, status 204, x-li-uuid uuid-1" in first
    assert "erased, status 204, x-li-uuid uuid-d" in first
    assert "ambryBlob" not in first
    assert "urn:li:ambryBlob:/c1-r2-1.pdf" in second
    assert done.stdout.endswith("LinkedIn holds 1 of 2 resumes.\n")


@pytest.mark.parametrize("status", [404, 410])
def test_what_was_not_there_is_said(config: Path, tmp_path: Path, status: int) -> None:
    file = opened(tmp_path / "audit.jsonl")
    file.confirmed([erased("c1", "r1", status)])
    file.close()
    done = run("c1", "--config", config)
    assert f"to be erased, but was not there, status {status}, " in done.stdout


def test_for_programs(config: Path, tmp_path: Path) -> None:
    written(tmp_path / "audit.jsonl")
    document = json.loads(run("c1", "--config", config, "--json").stdout)
    assert document["candidate_id"] == "c1"
    assert [one["held_by_linkedin"] for one in document["resumes"]] == [False, True]
    assert document["resumes"][0]["events"][1]["operation"] == "deleted"


def test_while_a_run_holds_the_file(config: Path, tmp_path: Path) -> None:
    file = opened(tmp_path / "audit.jsonl")
    file.confirmed([sent("c1", "r1")])
    assert "holds 1 of 1" in run("c1", "--config", config).stdout
    file.close()


def test_nothing_is_said_of_who_is_not_there(config: Path, tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").touch()
    done = run("c9", "--config", config)
    assert done.exit_code == 0
    assert "which is empty" in done.stdout
    assert "nothing of this candidate was sent" in done.stdout


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "'audit_path': the file cannot be read (No such file"),
        ({"audit_path": None}, "setting 'audit_path': required for a receipt"),
        ({"audit_key": "short"}, "setting 'audit_key': too short"),
        ({"contract": None}, "setting 'contract': required"),
    ],
)
def test_what_is_wrong_is_said(config: Path, settings: dict[str, object], expected: str) -> None:
    config.write_text(json.dumps({**json.loads(config.read_text()), **settings}))
    done = run("c1", "--config", config)
    assert done.exit_code == 2
    assert expected in done.stderr
    assert KEY not in done.output


def test_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    for path in (tmp_path / "config.json", tmp_path / "missing.json"):
        done = run("c1", "--config", path)
        assert done.exit_code == 2
        assert f"{str(path)!r} cannot be used: " in done.stderr
        assert isinstance(done.exception, SystemExit)


def test_a_blank_id_gets_no_receipt(config: Path) -> None:
    done = run("", "--config", config)
    assert done.exit_code == 2
    assert "'CANDIDATE_ID': not valid" in done.stderr
