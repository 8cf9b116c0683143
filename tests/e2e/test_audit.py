"""What is kept of deliveries and deletions, and that nothing else is."""

from __future__ import annotations

import hashlib
import json
import resource
from contextlib import closing
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from target_linkedin_resumes.cli.receipt import main as receipt_command
from target_linkedin_resumes.records import ResumeKey
from target_linkedin_resumes.stores.audit_log import AuditLog
from target_linkedin_resumes.stores.ledger_admin import LedgerView
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms
from tests.e2e.inprocess import invoke
from tests.e2e.support import PDF, SCHEMA, Bench, covered, deletion, line, record, state
from tests.e2e.test_kill_steps import KILLED, ends_with_deletes, kill_at
from tests.stores.test_audit_log import DAY_1, Clock, sent

KEY = "kept apart from the audit file: 8f2c"
PSEUDONYMS = Pseudonyms(KEY)
CANDIDATE, RESUME, NAME = "candidate-4711", "resume-0815", "jane-doe-2024.pdf"


@pytest.fixture
def audited(bench: Bench) -> Bench:
    """A bench whose runs keep an audit file, a ledger and rejects."""
    bench.settings = {
        "audit_path": str(bench.directory / "kept" / "audit.jsonl"),
        "audit_key": KEY,
        "ledger_path": str(bench.directory / "kept" / "ledger.sqlite"),
        "rejects_path": str(bench.directory / "kept" / "rejects.singer"),
        "on_reject": "continue",
    }
    bench.environment = {"TMPDIR": str(bench.directory / "kept" / "spool")}
    (bench.directory / "kept" / "spool").mkdir(parents=True)
    return bench


def lines(bench: Bench) -> list[dict[str, Any]]:
    text = (bench.directory / "kept" / "audit.jsonl").read_text()
    return [json.loads(text) for text in text.splitlines()]


def left_behind(bench: Bench) -> dict[str, bytes]:
    """Every byte that the target left, by file."""
    kept = bench.directory / "kept"
    return {str(p.relative_to(kept)): p.read_bytes() for p in kept.rglob("*") if p.is_file()}


def assert_nothing_left(bench: Bench, blob: str) -> None:
    """Neither the ids nor anything of the resume itself is in any file."""
    sha256 = hashlib.sha256(PDF)
    traces = [CANDIDATE, RESUME, NAME, blob, blob.rpartition(":")[2], sha256.hexdigest()]
    for path, content in left_behind(bench).items():
        for trace in (*(text.encode() for text in traces), sha256.digest()):
            assert trace not in content, f"{trace!r} in {path}"


def blob_of(bench: Bench) -> str:
    return str(bench.held()[CANDIDATE, RESUME]["resume_file"])


def deliver_and_reject(bench: Bench) -> str:
    """Deliver a resume, have a later record of it rejected, and give the blob's URN."""
    name = bench.file(NAME)
    for file in (name, "gone.pdf"):
        done = bench.run([SCHEMA, record(CANDIDATE, RESUME, file, title="their own words")])
        assert done.code == 0, done.log
    assert b"their own words" in left_behind(bench)["rejects.singer"]
    return blob_of(bench)


def receipt(bench: Bench, candidate: str) -> dict[str, Any]:
    """What the receipt's command prints for a candidate."""
    done = invoke([candidate, "--config", str(bench.config()), "--json"], command=receipt_command)
    assert (done.code, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


def test_each_confirmation_has_a_line_that_names_nobody(audited: Bench) -> None:
    stream = [SCHEMA, record(CANDIDATE, RESUME, audited.file(NAME)), record("c2", "r2", NAME)]
    assert audited.run([*stream, state(2)]).code == 0
    hashed = PSEUDONYMS.candidate(CANDIDATE)
    first, second = sorted(lines(audited), key=lambda one: one["candidate"] != hashed)
    assert first["candidate"] == hashed != second["candidate"]
    assert first["resume"] == PSEUDONYMS.resume(ResumeKey(CANDIDATE, RESUME))
    assert (first["operation"], first["status"]) == ("delivered", 204)
    assert first["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert first["blob"] == blob_of(audited)
    assert first["run"] == second["run"]
    uuids = {entry["x_li_uuid"] for entry in audited.sandbox.journal()}
    assert {first["x_li_uuid"], second["x_li_uuid"]} <= uuids
    content = (audited.directory / "kept" / "audit.jsonl").read_text()
    for plain in (CANDIDATE, RESUME, NAME, KEY, "http"):
        assert plain not in content


def test_after_a_deletion_the_receipt_alone_is_left(audited: Bench) -> None:
    blob = deliver_and_reject(audited)
    second = audited.run([SCHEMA, deletion(CANDIDATE, RESUME), state(2)], on_reject="fail")
    assert second.code == 0, second.log
    assert_nothing_left(audited, blob)
    assert left_behind(audited).keys() == {"audit.jsonl", "ledger.sqlite"}
    sent, erased = lines(audited)
    assert [sent["operation"], erased["operation"]] == ["delivered", "deleted"]
    assert sent["resume"] == erased["resume"] == PSEUDONYMS.resume(ResumeKey(CANDIDATE, RESUME))
    assert sent["x_li_uuid"] != erased["x_li_uuid"]
    [told] = receipt(audited, CANDIDATE)["resumes"]
    assert told["held_by_linkedin"] is False
    assert [event["x_li_uuid"] for event in told["events"]] == [
        sent["x_li_uuid"],
        erased["x_li_uuid"],
    ]


def test_a_run_that_is_killed_leaves_nothing_that_the_next_one_does_not_scrub(
    audited: Bench,
) -> None:
    blob = deliver_and_reject(audited)
    with audited.start(batch_max_age_seconds=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for message in (SCHEMA, deletion(CANDIDATE, RESUME), state(2)):
            process.stdin.write(line(message))
        process.stdin.flush()
        printed = [json.loads(process.stdout.readline())]
        assert covered(printed) == 2
        process.kill()
    # What the state covers never comes again: the rejected record had to go before it.
    left = left_behind(audited)
    assert left["rejects.singer"] == b""
    assert blob.encode() in left["audit.jsonl"]
    assert blob.encode() in left["ledger.sqlite-wal"] + left["ledger.sqlite"]
    assert audited.run([SCHEMA]).code == 0
    assert_nothing_left(audited, blob)


def test_an_audit_file_that_cannot_be_written_stops_with_a_true_state(audited: Bench) -> None:
    name = audited.file(NAME)
    path = audited.directory / "kept" / "audit.jsonl"
    path.symlink_to("/dev/full")
    assert audited.launch([SCHEMA]).code == 2
    path.unlink()
    path.write_text("milk\n")
    refused = audited.run([SCHEMA, record(CANDIDATE, RESUME, name), state(1)])
    assert (refused.code, refused.states) == (2, [])
    assert "setting 'audit_path'" in refused.log
    assert "Traceback" not in refused.log
    assert path.read_text() == "milk\n"


def test_a_disk_without_room_at_the_start_ends_the_run_and_not_the_file(audited: Bench) -> None:
    path = audited.directory / "kept" / "audit.jsonl"
    for now in (DAY_1, datetime.now(UTC)):
        file = AuditLog(path, PSEUDONYMS, "run", Clock(now))
        file.confirmed([sent("c", f"r{number}") for number in range(100)])
        file.close()
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 4, limits[1]))
    try:
        done = audited.launch([SCHEMA, state(1)], audit_retain_days=1, ledger_path=None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (done.code, done.states) == (1, [])
    assert "setting 'audit_path': the file cannot be written" in done.log
    assert "Traceback" not in done.log
    assert path.read_bytes() == before
    assert audited.run([SCHEMA, state(1)], audit_retain_days=1).code == 0
    assert path.read_bytes() == before[len(before) // 2 :]


def test_rejects_that_are_too_old_are_dropped_and_counted(audited: Bench) -> None:
    path = audited.directory / "kept" / "rejects.singer"
    rejected = [SCHEMA, *(record(f"c{number}", "r", "gone.pdf") for number in range(2))]
    assert audited.run(rejected).code == 0
    kept = path.read_text().splitlines(keepends=True)
    long_ago = json.loads(kept[1])
    long_ago["reject"]["at"] = "2026-01-01T00:00:00+00:00"
    path.write_text("".join([kept[0], json.dumps(long_ago) + "\n", kept[2]]))
    done = audited.run([SCHEMA], audit_retain_days=30, on_reject="fail")
    assert done.code == 0
    assert "1 rejected records" in done.log
    assert "they were never delivered" in done.log
    assert path.read_text() == kept[0] + kept[2]


def test_killed_in_the_middle_of_calls_both_books_end_with_what_linkedin_holds(
    audited: Bench,
) -> None:
    history = ends_with_deletes(1)
    history.write(audited)
    audited.settings |= {"upload_concurrency": 4, "batch_size_rows": 15}
    covers = 0
    for step, done in product(("batch_update", "batch_delete"), (False, True)):
        with audited.start() as process:
            kill_at(audited.sandbox, process.pid, step, 2, done=done)
            stream = b"".join(map(line, history.messages(after=covers, every=7)))
            out, _ = process.communicate(stream, timeout=60)
        assert process.returncode == KILLED
        covers = max(covers, covered(audited.finished(KILLED, out).states))
    audited.sandbox.set_faults()
    finished = audited.run(history.messages(after=covers, every=7))
    assert finished.code == 0, finished.log
    history.check_complete(audited)

    held = {key: resume["sha256"] for key, resume in audited.held().items()}
    last = {line["resume"]: line for line in lines(audited)}
    proven = {name: line["sha256"] for name, line in last.items() if "sha256" in line}
    assert proven == {PSEUDONYMS.resume(ResumeKey(*key)): sha for key, sha in held.items()}
    assert all("scrub" not in line for line in lines(audited))
    gone = history.expected().keys() - held.keys()
    assert gone
    hashes = {sha for key, sha in map(history.outcome, history.events) if key in gone and sha}
    assert hashes
    for path, content in left_behind(audited).items():
        for sha in hashes:
            assert sha.encode() not in content, path
            assert bytes.fromhex(sha) not in content, path
    with closing(LedgerView(audited.directory / "kept" / "ledger.sqlite")) as view:
        rows = {(row["candidate_id"], row["resume_id"]): row["sha256"] for row in view.rows()}
    assert rows == held
