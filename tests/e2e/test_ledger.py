"""The ledger: a run that was killed goes on, what has not changed is left alone."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.e2e.support import PDF, SCHEMA, Bench, Finished, deletion, line, record, state

Message = dict[str, Any]


def ledger(bench: Bench) -> Path:
    return bench.directory / "ledger.db"


def run(bench: Bench, messages: list[Message], **settings: Any) -> Finished:
    return bench.run(messages, **{"ledger_path": str(ledger(bench)), **settings})


def resumes(bench: Bench, count: int) -> list[Message]:
    """A stream of so many resumes."""
    stream: list[Message] = [SCHEMA]
    for number in range(count):
        name = bench.file(f"{number}.pdf", PDF + b"% " + str(number).encode())
        stream.append(record(f"c{number}", "r", name))
    return [*stream, state(count)]


def calls(bench: Bench) -> Counter[str]:
    """How often what LinkedIn charges for was called."""
    made = Counter(str(entry["endpoint"]) for entry in bench.sandbox.journal())
    return Counter({kind: n for kind, n in made.items() if kind.startswith(("upload", "batch"))})


def states(bench: Bench) -> Counter[str]:
    with closing(sqlite3.connect(ledger(bench))) as connection:
        return Counter(row[0] for row in connection.execute("SELECT state FROM resumes"))


def age(bench: Bench) -> None:
    """Wait until the files are old enough for their times to tell that they have not changed."""
    newest = max(path.stat().st_ctime for path in bench.files.iterdir())
    time.sleep(max(0.0, newest + 2.1 - time.time()))


def test_a_killed_run_of_500_goes_on_and_then_rests(bench: Bench) -> None:
    stream = resumes(bench, 500)
    with bench.start(ledger_path=str(ledger(bench))) as process:
        assert process.stdin is not None
        process.stdin.write(b"".join(map(line, stream[:-1])))
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while len(bench.held()) < 200 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
        process.wait()
    held, before = len(bench.held()), calls(bench)
    assert held >= 200
    again = run(bench, stream)
    assert again.code == 0, again.log
    assert again.states == [{"bookmarks": {"resumes": 500}}]
    assert len(bench.held()) == 500
    assert calls(bench)["upload"] - before["upload"] <= 500 - held
    assert states(bench) == {"delivered": 500}

    age(bench)
    assert run(bench, stream).code == 0  # the tags of files that were too new are noted
    before = calls(bench)
    third = run(bench, stream)
    assert third.code == 0, third.log
    assert third.states == [{"bookmarks": {"resumes": 500}}]
    assert calls(bench) == before
    assert "0 delivered" in third.log
    assert "500 unchanged" in third.log

    bench.file("7.pdf", PDF + b"% another")
    assert run(bench, stream).code == 0
    assert calls(bench) - before == {"upload": 1, "batch_update": 1}
    assert calls(bench)["upload"] == before["upload"] + 1


def test_a_change_of_anything_is_a_change(bench: Bench) -> None:
    name = bench.file("a.pdf")
    run(bench, [SCHEMA, record("c", "r", name), state(1)])
    for changed in (
        {"created_at": "2024-05-02T10:00:00Z"},
        {"created_at": "2024-05-02T10:00:00Z", "filename": "other.pdf"},
    ):
        before = calls(bench)
        assert run(bench, [SCHEMA, record("c", "r", name, **changed), state(1)]).code == 0
        assert calls(bench) - before == {"upload": 1, "batch_update": 1}
        before = calls(bench)
        assert run(bench, [SCHEMA, record("c", "r", name, **changed), state(1)]).code == 0
        assert calls(bench) == before


def test_resend_always_sends_all(bench: Bench) -> None:
    stream = [*resumes(bench, 3)[:-1], deletion("gone", "r"), state(4)]
    for resend, sent in (("changed", 1), ("changed", 1), ("always", 2)):
        assert run(bench, stream, resend=resend).code == 0
        made = calls(bench)
        assert (made["batch_update"], made["batch_delete"]) == (sent, sent)


def test_a_file_is_known_by_its_checksum_without_being_fetched(bench: Bench) -> None:
    bench.file("a.pdf")
    stream = [SCHEMA, record("c", "r", "a.pdf", checksum="0f3a"), state(1)]
    assert run(bench, stream).code == 0
    before = calls(bench)
    (bench.files / "a.pdf").unlink()
    assert run(bench, stream).code == 0
    assert calls(bench) == before
    stream[1] = record("c", "r", bench.file("b.pdf", PDF + b"% b"), checksum="77")
    assert run(bench, stream).code == 0
    assert calls(bench)["upload"] == before["upload"] + 1


def test_a_checksum_hides_no_other_file_and_no_other_name(bench: Bench) -> None:
    for uploads, checksum, name in (
        (1, "1", "old.pdf"),
        (2, "1", "new.pdf"),  # another place
        (3, 'W/"1"', "new.pdf"),
        (4, 'W/"1"', "new.pdf"),  # says nothing of the bytes
        (5, 1, "new.pdf"),
        (5, "1", "new.pdf"),  # the source says that the bytes are the same
    ):
        before = calls(bench)["upload"]
        bench.file(name, PDF + f"% {before} {checksum}".encode())
        done = run(bench, [SCHEMA, record("c", "r", name, checksum=checksum), state(1)])
        assert done.code == 0, done.log
        assert calls(bench)["upload"] == uploads, (checksum, name)


def test_what_changes_within_a_run_arrives_whatever_the_ledger_knows(bench: Bench) -> None:
    old, new = bench.file("old.pdf"), bench.file("new.pdf", PDF + b"% new")
    run(bench, [SCHEMA, record("c", "r", old), record("d", "r", old), state(1)])
    sha256 = bench.held()["c", "r"]["sha256"]
    stream = [
        SCHEMA,
        deletion("c", "r"),
        record("c", "r", old),  # LinkedIn will have deleted it by then
        record("d", "r", new),
        record("d", "r", old),
        state(2),
    ]
    assert run(bench, stream).code == 0
    assert {key: held["sha256"] for key, held in bench.held().items()} == {
        ("c", "r"): sha256,
        ("d", "r"): sha256,
    }


def test_a_deletion_that_is_done_is_not_sent_again(bench: Bench) -> None:
    stream = [SCHEMA, record("c", "r", bench.file("a.pdf")), state(1)]
    run(bench, stream)
    for _ in range(2):
        assert run(bench, [SCHEMA, deletion("c", "r"), state(2)]).code == 0
        assert calls(bench)["batch_delete"] == 1
        assert bench.held() == {}
    assert run(bench, stream).code == 0
    assert len(bench.held()) == 1


def test_an_upload_without_a_record_is_used_again(bench: Bench) -> None:
    bench.sandbox.set_faults(
        {"endpoint": "batch_update", "kind": "status", "status": 503, "rate": 1.0}
    )
    stream = resumes(bench, 5)
    failed = run(bench, stream, retry_seconds=1)
    assert failed.code == 1
    assert failed.states == []
    bench.sandbox.set_faults()
    before = calls(bench)
    done = run(bench, stream)
    assert done.code == 0, done.log
    assert calls(bench)["upload"] == before["upload"]
    assert len(bench.held()) == 5


def test_a_lost_ledger_costs_time_and_nothing_else(bench: Bench) -> None:
    stream = resumes(bench, 20)
    run(bench, stream)
    held = bench.held()
    ledger(bench).unlink()
    before = calls(bench)
    again = run(bench, stream)
    assert again.code == 0, again.log
    assert again.states == [{"bookmarks": {"resumes": 20}}]
    assert calls(bench)["upload"] == before["upload"] + 20
    assert {key: resume["sha256"] for key, resume in bench.held().items()} == {
        key: resume["sha256"] for key, resume in held.items()
    }


def test_a_second_run_at_once_is_refused(bench: Bench) -> None:
    with bench.start(ledger_path=str(ledger(bench))) as process:
        assert process.stdin is not None
        process.stdin.write(line(SCHEMA))
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not ledger(bench).exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        other = Bench(bench.directory, bench.sandbox)
        (bench.directory / "log.txt").rename(bench.directory / "first.txt")
        second = run(other, [SCHEMA])
        assert second.code == 2
        assert "'ledger.db' is in use by another run" in second.log
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_ledger_of_another_customer_is_refused_before_anything_is_read(bench: Bench) -> None:
    stream = resumes(bench, 1)
    run(bench, stream)
    before = calls(bench)
    refused = run(bench, stream, organization="987")
    assert refused.code == 2
    assert "belongs to urn:li:organization:1234567890" in refused.log
    assert calls(bench) == before


def test_a_dry_run_says_what_is_unchanged_and_writes_nothing(bench: Bench) -> None:
    stream = resumes(bench, 4)
    run(bench, stream[:3])
    before = ledger(bench).read_bytes()
    dry = run(bench, stream, dry_run=True)
    assert dry.code == 0
    assert "2 would be delivered, 0 would be deleted, 2 unchanged" in dry.log
    assert ledger(bench).read_bytes() == before
    assert sorted(path.name for path in bench.directory.glob("ledger*")) == ["ledger.db"]


def test_a_day_s_quota_is_remembered(bench: Bench) -> None:
    stream = resumes(bench, 3)
    settings = {"requests_per_day": 2, "batch_size_rows": 1}
    first = run(bench, stream, **settings)
    assert first.code == 75
    second = run(bench, stream, **settings)
    assert second.code == 75
    assert calls(bench)["batch_update"] == 2


def test_after_a_deletion_nothing_of_the_resume_is_in_the_ledger(bench: Bench) -> None:
    name = bench.file("jane-roe-4711.pdf")
    run(bench, [*resumes(bench, 30)[:-1], record("candidate-4711", "resume-4711", name), state(1)])
    with closing(sqlite3.connect(ledger(bench))) as connection:
        query = "SELECT urn FROM resumes WHERE candidate_id = 'candidate-4711'"
        urn = connection.execute(query).fetchone()[0].rpartition("/")[2].encode()
    assert run(bench, [SCHEMA, deletion("candidate-4711", "resume-4711"), state(2)]).code == 0
    left = b"".join(path.read_bytes() for path in bench.directory.glob("ledger*"))
    for gone in (b"4711", urn):
        assert gone not in left


def test_sigterm_leaves_a_ledger_that_the_next_run_goes_on_from(bench: Bench) -> None:
    stream = resumes(bench, 200)
    bench.sandbox.set_faults({"endpoint": "upload", "kind": "delay", "ms": 500, "rate": 1.0})
    with bench.start(ledger_path=str(ledger(bench)), upload_concurrency=8) as process:
        assert process.stdin is not None
        process.stdin.write(b"".join(map(line, stream[:-1])))
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while calls(bench)["upload"] < 50 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    bench.sandbox.set_faults()
    assert not ledger(bench).with_name("ledger.db-wal").exists()
    uploaded = calls(bench)["upload"]
    assert run(bench, stream).code == 0
    assert calls(bench)["upload"] <= 200 + 8
    assert uploaded < 200
    assert ledger(bench).stat().st_mode & 0o777 == 0o600
    assert len(bench.held()) == 200
