"""The ledger, looked at and mended between two runs."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from target_linkedin_resumes.cli.ledger import main
from target_linkedin_resumes.engine.interfaces import Confirmed, Sent
from target_linkedin_resumes.records import Delete
from target_linkedin_resumes.stores.ledger import Ledger
from target_linkedin_resumes.stores.ledger_db import LedgerDB
from tests.stores.test_audit_log import KEY, PSEUDONYMS, erased, opened, sent

OWNER = {"organization": "urn:li:organization:1", "contract": "urn:li:contract:2"}


def run(config: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["--config", *map(str, (config, *arguments))])


@pytest.fixture
def kept(config: Path, tmp_path: Path) -> Path:
    """A configuration that names a ledger too."""
    settings = json.loads(config.read_text())
    settings["ledger_path"] = str(tmp_path / "ledger.sqlite")
    config.write_text(json.dumps(settings))
    return config


def ledger(path: Path, *confirmed: Confirmed, now: float = 1_800_000_000) -> None:
    """A ledger of what was confirmed."""
    book = Ledger(LedgerDB(path, OWNER), now=lambda: now, pseudonyms=PSEUDONYMS)
    for one in confirmed:
        book.sending([Sent(one.change, one.upload)])
        book.confirmed([one])
    book.close()


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_status_counts_by_state(kept: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger(path, sent("c1", "r1"), sent("c1", "r2"), erased("c1", "r1"))
    assert document(run(kept, "status", "--json")) == {
        **OWNER,
        "resumes": {
            "deleted": {"count": 1, "oldest": "2027-01-15T08:00:00+00:00"},
            "delivered": {"count": 1, "oldest": "2027-01-15T08:00:00+00:00"},
        },
        "expired": 0,
        "recovered": 0,
        "quota": [],
    }
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO quota VALUES ('tcrmCandidateResumes', '2027-01-15', 7)")
        connection.commit()
    text = run(kept, "status").stdout
    assert "1  delivered, the oldest since 2027-01-15T08:00:00+00:00" in text
    assert "Calls on 2027-01-15 (UTC): 7 tcrmCandidateResumes" in text
    assert "without their file" not in text
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE resumes SET expires_at = 1700000000")  # a deletion has none
        connection.commit()
    assert "1  of the delivered ones without their file" in run(kept, "status").stdout


def test_status_of_a_new_ledger(kept: Path, tmp_path: Path) -> None:
    ledger(tmp_path / "ledger.sqlite")
    assert run(kept, "status").stdout.endswith("no resume yet\n")


def test_the_export_has_what_linkedin_holds(kept: Path, tmp_path: Path) -> None:
    ledger(tmp_path / "ledger.sqlite", sent("c1", "r1"), sent("c2", "名"), erased("c1", "r1"))
    [row] = map(json.loads, run(kept, "export").stdout.splitlines())
    assert row == {
        "candidate_id": "c2",
        "resume_id": "名",
        "state": "delivered",
        "stream": "",
        "version": None,
        "created_at": 1_700_000_000_000,
        "sha256": f"{1:064x}",
        "content_type": "application/pdf",
        "urn": "urn:li:ambryBlob:/c2-名-1.pdf",
        "uploaded_at": "2027-01-15T08:00:00+00:00",
        "expires_at": None,
        "changed_at": "2027-01-15T08:00:00+00:00",
    }


def test_a_rebuild_recovers_what_was_confirmed_last(kept: Path, tmp_path: Path) -> None:
    file = opened(tmp_path / "audit.jsonl")
    file.confirmed([sent("c1", "r1"), sent("c1", "r2"), sent("c1", "r3")])
    file.confirmed([erased("c1", "r1"), sent("c1", "r2", version=2), erased("c1", "r3")])
    file.confirmed([sent("c1", "r3", version=2)])
    file.close()
    done = run(kept, "rebuild")
    assert done.stdout.startswith("7 lines read, 2 resumes recovered"), done.output
    rows = {row["resume"]: row["urn"] for row in map(json.loads, exported(kept))}
    assert rows == {
        PSEUDONYMS.resume(sent("c1", name).change.key): f"urn:li:ambryBlob:/c1-{name}-2.pdf"
        for name in ("r2", "r3")
    }
    assert "2  recovered" in run(kept, "status").stdout
    for path in tmp_path.glob("ledger.sqlite*"):
        assert b"c1" not in path.read_bytes().replace(b"/c1-", b"")


def exported(config: Path) -> list[str]:
    return run(config, "export").stdout.splitlines()


def test_a_recovered_resume_counts_as_delivered_if_nothing_has_changed(
    kept: Path, tmp_path: Path
) -> None:
    file = opened(tmp_path / "audit.jsonl")
    same, changed, gone = sent("c1", "r1"), sent("c1", "r2"), sent("c1", "r3")
    file.confirmed([same, changed, gone])
    file.close()
    assert run(kept, "rebuild").exit_code == 0
    path = tmp_path / "ledger.sqlite"
    book = Ledger(LedgerDB(path, OWNER), now=lambda: 0, pseudonyms=PSEUDONYMS)
    assert book.held() == 3
    assert is_delivered(book, same)
    assert is_delivered(book, same)  # now from its own row
    assert not is_delivered(book, sent("c1", "r2", version=2))
    assert not is_delivered(book, sent("c9", "r1"))
    assert book.known(gone.change.key) is None
    book.sending([Sent(changed.change, changed.upload), Sent(erased("c1", "r3").change, None)])
    assert not is_delivered(book, changed)  # whatever becomes of that call
    assert not is_delivered(book, gone)
    book.close()
    assert document(run(kept, "status", "--json"))["recovered"] == 0


def is_delivered(book: Ledger, one: Confirmed) -> bool:
    assert one.upload is not None
    assert one.upload.content is not None
    assert not isinstance(one.change, Delete)
    return book.is_delivered(one.change, book.known(one.change.key), one.upload.content)


def test_what_is_forgotten_is_not_known(kept: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger(path, sent("c1", "r1"), sent("c1", "r2"))
    assert "forgotten" in run(kept, "forget", "c1", "r1").stdout
    assert "does not know it" in run(kept, "forget", "c1", "r1").stdout
    assert len(exported(kept)) == 1
    assert b"c1-r1" not in path.read_bytes()


def test_a_recovered_resume_is_forgotten_by_who_has_the_key(kept: Path, tmp_path: Path) -> None:
    file = opened(tmp_path / "audit.jsonl")
    file.confirmed([sent("c1", "r1")])
    file.close()
    assert run(kept, "rebuild").exit_code == 0
    path = tmp_path / "ledger.sqlite"
    refused = CliRunner().invoke(main, ["--ledger", str(path), "forget", "c1", "r1"])
    assert refused.exit_code == 2
    assert "1 resumes of this ledger are known by a keyed hash alone" in refused.stderr
    assert "forgotten" in run(kept, "forget", "c1", "r1").stdout
    assert exported(kept) == []


def test_a_rebuild_begins_with_nothing_and_leaves_nothing_half_done(
    kept: Path, tmp_path: Path
) -> None:
    file = opened(tmp_path / "audit.jsonl")
    file.confirmed([sent("c1", "r1")])
    held = run(kept, "rebuild")
    assert held.exit_code == 2
    assert "'audit_path': 'audit.jsonl' is in use by another run" in held.stderr
    file.close()
    with (tmp_path / "audit.jsonl").open("a") as more:
        more.write("{}\n")
    torn = run(kept, "rebuild")
    assert torn.exit_code == 2
    assert "line 2 is no line of an audit file" in torn.stderr
    assert exported(kept) == []
    ledger(tmp_path / "ledger.sqlite", sent("c1", "r1"))
    full = run(kept, "rebuild")
    assert full.exit_code == 2
    assert "this ledger knows 1 resumes" in full.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["status"], "there is no ledger at"),
        (["export"], "there is no ledger at"),
        (["forget", "c", "r"], "there is no ledger at"),
        (["rebuild"], "there is no audit file at"),
    ],
)
def test_what_is_missing_is_said(kept: Path, arguments: list[str], expected: str) -> None:
    done = run(kept, *arguments)
    assert done.exit_code == 2
    assert expected in done.stderr
    assert KEY not in done.output
    assert isinstance(done.exception, SystemExit)


def test_an_empty_file_is_told_as_that_and_stays_empty(kept: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.touch()
    for arguments in (["status"], ["export"], ["forget", "c", "r"]):
        done = run(kept, *arguments)
        assert done.exit_code == 2
        assert "'ledger.sqlite' is empty: no run has made a ledger of it yet" in done.stderr
    assert path.read_bytes() == b""
    ledger(path, sent("c1", "r1"))
    assert len(exported(kept)) == 1


def test_a_ledger_that_belongs_to_nobody_yet_is_taken_by_the_next_run(
    kept: Path, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger(path)
    for statement in (
        "DELETE FROM about WHERE name <> 'salt'",  # as an earlier version has left it
        "DELETE FROM about",  # as a kill may leave it
    ):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(statement)
            connection.commit()
        assert f"Ledger {path} of nobody yet" in run(kept, "status").stdout
        assert document(run(kept, "status", "--json"))["recovered"] == 0
        assert "does not know it" in run(kept, "forget", "c1", "r1").stdout
        ledger(path)
        assert f"of {OWNER['organization']}, {OWNER['contract']}" in run(kept, "status").stdout


def test_which_ledger_is_meant_has_to_be_said(config: Path, tmp_path: Path) -> None:
    assert "no ledger is named" in CliRunner().invoke(main, ["status"]).stderr
    assert "no ledger is named" in run(config, "status").stderr
    rebuild = CliRunner().invoke(main, ["--ledger", str(tmp_path / "l"), "rebuild"])
    assert rebuild.exit_code == 2
    assert "required for a rebuild" in rebuild.stderr


def test_what_is_no_ledger_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a)")
    before = path.read_bytes()
    for arguments in (["status"], ["export"], ["forget", "c", "r"]):
        done = CliRunner().invoke(main, ["--ledger", str(path), *arguments])
        assert done.exit_code == 2
        assert "is a database of another program" in done.stderr
    assert path.read_bytes() == before


def test_a_path_that_cannot_be_looked_at_is_said(config: Path, tmp_path: Path) -> None:
    done = run(config, "--ledger", tmp_path / ("x" * 300), "status")
    assert done.exit_code == 2
    assert "setting 'ledger_path': the file cannot be written (File name too long)" in done.stderr


@pytest.mark.parametrize("wrong", ["\udcff", "", " \t"])
@pytest.mark.parametrize("command", ["forget", "erase"])
def test_an_id_that_can_be_none_is_refused(kept: Path, command: str, wrong: str) -> None:
    for ids in ((wrong, "r"), ("c", wrong)):
        done = run(kept, command, *ids)
        assert done.exit_code == 2
        assert "not valid" in done.stderr


def test_ids_are_read_as_utf8_whatever_the_locale(kept: Path, tmp_path: Path) -> None:
    ledger(tmp_path / "ledger.sqlite", sent("é", "ü"))
    done = run(kept, "forget", "\udcc3\udca9", "\udcc3\udcbc")
    assert "forgotten" in done.stdout


@pytest.mark.parametrize(
    "command",
    ["target-linkedin-resumes", "target-linkedin-resumes-ledger"],
    ids=["target", "ledger"],
)
def test_output_that_cannot_be_written_is_said(command: str) -> None:
    script = Path(sys.executable).with_name(command)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([script, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr == b"the output cannot be written (No space left on device)\n"
