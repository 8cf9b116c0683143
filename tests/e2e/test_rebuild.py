"""A ledger that is lost is made again from the audit file, and looked at between two runs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from target_linkedin_resumes.cli.ledger import main
from tests.e2e.inprocess import invoke
from tests.e2e.support import PDF, SCHEMA, Bench, deletion, record, state

COUNT = 12


@pytest.fixture
def kept(bench: Bench) -> Bench:
    """A bench whose runs keep both books."""
    bench.settings = {
        "ledger_path": str(bench.directory / "ledger.sqlite"),
        "audit_path": str(bench.directory / "audit.jsonl"),
        "audit_key": "the same for the life of the file",
    }
    return bench


def ledger(bench: Bench, *arguments: str) -> tuple[int, str, str]:
    """Run the ledger's command; gives its exit code and what it says on stdout and stderr."""
    done = invoke(["--config", str(bench.config()), *arguments], command=main)
    return done.code, done.stdout.decode(), done.stderr


def status(bench: Bench) -> Mapping[str, Any]:
    _, said, _ = ledger(bench, "status", "--json")
    return dict(json.loads(said))


def calls(bench: Bench) -> Counter[str]:
    return Counter(entry["endpoint"] for entry in bench.sandbox.journal())


def test_after_a_rebuild_only_what_has_changed_is_uploaded(kept: Bench) -> None:
    files = [kept.file(f"{number}.pdf", PDF + bytes([number])) for number in range(COUNT)]
    stream = [SCHEMA, *(record(f"c{n}", "r", file) for n, file in enumerate(files)), state(1)]
    assert kept.run(stream).code == 0
    assert kept.run([SCHEMA, deletion("c0", "r"), state(2)]).code == 0
    for path in kept.directory.glob("ledger.sqlite*"):
        path.unlink()

    code, said, error = ledger(kept, "rebuild")
    assert code == 0, error
    assert said.startswith(f"{COUNT + 1} lines read, {COUNT - 1} resumes recovered")
    assert "ACTIVATE_VERSION cannot delete it" in said
    assert status(kept)["recovered"] == COUNT - 1
    code, said, error = ledger(kept, "rebuild")
    assert (code, said) == (2, "")
    assert f"knows {COUNT - 1} resumes" in error

    before = calls(kept)
    unchanged = kept.run([SCHEMA, *stream[2:-1], state(3)])
    assert unchanged.code == 0, unchanged.log
    assert calls(kept) == before
    assert status(kept)["recovered"] == 0
    assert status(kept)["resumes"]["delivered"]["count"] == COUNT - 1

    kept.file("1.pdf", PDF + b"another")
    changed = kept.run([SCHEMA, *stream[2:-1], state(4)])
    assert changed.code == 0, changed.log
    assert calls(kept)["upload"] == before["upload"] + 1
    assert len(kept.held()) == COUNT - 1


def test_a_recovered_resume_is_deleted_and_leaves_nothing(kept: Bench) -> None:
    files = [kept.file(f"{number}.pdf", PDF + bytes([number])) for number in range(2)]
    stream = [SCHEMA, *(record(f"c{n}", "r", file) for n, file in enumerate(files)), state(1)]
    assert kept.run(stream).code == 0
    blob = kept.held()["c1", "r"]["resume_file"]
    (kept.directory / "ledger.sqlite").unlink()
    assert ledger(kept, "rebuild")[0] == 0
    without_key = kept.run([SCHEMA], audit_path=None, audit_key=None)
    assert "2 resumes of the ledger were recovered" in without_key.log
    assert kept.run([SCHEMA, deletion("c1", "r"), state(2)]).code == 0
    assert status(kept)["recovered"] == 1
    for name in ("ledger.sqlite", "audit.jsonl"):
        assert blob.encode() not in (kept.directory / name).read_bytes()
    brought_back = kept.run([SCHEMA, stream[2], state(3)])
    assert brought_back.code == 0
    assert set(kept.held()) == {("c0", "r"), ("c1", "r")}


def test_what_is_forgotten_is_sent_again(kept: Bench) -> None:
    stream = [SCHEMA, record("c", "r", kept.file("cv.pdf")), state(1)]
    assert kept.run(stream).code == 0
    [row] = map(json.loads, ledger(kept, "export")[1].splitlines())
    assert (row["candidate_id"], row["resume_id"], row["state"]) == ("c", "r", "delivered")
    before = calls(kept)
    assert kept.run(stream).code == 0
    assert calls(kept) == before
    assert ledger(kept, "forget", "c", "r")[1] == "candidate 'c', resume 'r': forgotten.\n"
    assert "does not know it" in ledger(kept, "forget", "c", "r")[1]
    assert kept.run(stream).code == 0
    assert calls(kept)["batch_update"] == before["batch_update"] + 1


def test_while_a_run_holds_the_ledger_it_is_looked_at_and_not_changed(kept: Bench) -> None:
    assert kept.run([SCHEMA, record("c", "r", kept.file("cv.pdf")), state(1)]).code == 0
    with kept.start() as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(SCHEMA).encode() + b"\n")
        process.stdin.flush()
        while not (kept.directory / "ledger.sqlite-wal").exists():
            assert process.poll() is None
        assert status(kept)["resumes"]["delivered"]["count"] == 1
        code, _, error = ledger(kept, "forget", "c", "r")
        assert code == 2
        assert "in use by another run" in error
