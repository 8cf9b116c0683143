"""Records that cannot be delivered: kept with a reason, replayed, and never in the way."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.support import PDF, SCHEMA, Bench, covered, deletion, line, record, state
from tests.resumes.server import serving


def docx() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("word/document.xml", "<w:document/>")
    return data.getvalue()


def bad_records(bench: Bench) -> dict[str, tuple[str, dict[str, Any]]]:
    """Records by the resume id; each with the code it must be rejected with."""
    good = bench.file("good.pdf")
    bench.file("empty.pdf", b"")
    bench.file("large.pdf", PDF.ljust(10 * 1024 * 1024 + 1, b"%"))
    bench.file("word.docx", docx())
    bench.file("picture.pdf", b"\x89PNG\r\n\x1a\n" + bytes(100))
    bench.file("login.pdf", b"<html><body><form><input type='password'></form></body></html>")
    bench.file("error.pdf", b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>')
    (bench.files / "directory").mkdir()
    os.mkfifo(bench.files / "pipe")
    (bench.files / "link.pdf").symlink_to("/etc/hostname")
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("file_missing", {"file": "nowhere.pdf"}),
        ("file_empty", {"file": "empty.pdf"}),
        ("file_too_large", {"file": "large.pdf"}),
        ("unsupported_format", {"file": "word.docx"}),
        ("unsupported_format", {"file": "picture.pdf"}),
        ("source_login_page", {"file": "login.pdf"}),
        ("source_error_page", {"file": "error.pdf"}),
        ("not_a_file", {"file": "directory"}),
        ("not_a_file", {"file": "pipe"}),
        ("outside_root", {"file": "link.pdf"}),
        ("outside_root", {"file": "../config.json"}),
        ("outside_root", {"file": "/etc/passwd"}),
        ("invalid_timestamp", {"file": good, "created_at": "yesterday"}),
        ("invalid_record", {"file": None}),
        ("invalid_record", {"file": good, "_sdc_deleted_at": "pending"}),
        ("linkedin_refused", {"file": good}),
    ]
    made = {}
    for number, (code, fields) in enumerate(kinds):
        name = f"bad{number}"
        made[name] = (code, record("c", name, fields.pop("file"), **fields))
    return made


def stream_of(bench: Bench, bad: dict[str, tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    stream = [SCHEMA]
    pending = [message for _, message in bad.values()]
    for number in range(1, 46):
        stream.append(record("c", f"good{number}", "good.pdf"))
        if number % 3 == 0 and pending:
            stream.append(pending.pop(0))
        stream.append(state(number))
    return [*stream, *pending, state(99)]


def kept(path: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for text in path.read_text().splitlines():
        message = json.loads(text)
        if message["type"] == "RECORD":
            found[message["record"]["resume_id"]] = message
    return found


def poison(bench: Bench, name: str) -> None:
    bench.sandbox.set_faults(
        {"endpoint": "batch_update", "kind": "key_status", "status": 422, "keys": [["c", name]]}
    )


def test_each_kind_of_bad_record_is_kept_with_its_code_and_the_good_arrive(bench: Bench) -> None:
    bad = bad_records(bench)
    poison(bench, list(bad)[-1])
    path = bench.directory / "rejects.singer"
    options = {"on_reject": "continue", "rejects_path": str(path)}
    done = bench.run(stream_of(bench, bad), **options)
    assert done.code == 0, done.log
    assert covered(done.states) == 99
    assert bench.held().keys() == {("c", f"good{n}") for n in range(1, 46)}
    rejects = kept(path)
    assert {name: r["reject"]["code"] for name, r in rejects.items()} == {
        name: code for name, (code, _) in bad.items()
    }
    for name, (_, message) in bad.items():
        assert rejects[name]["record"] == message["record"]
        assert rejects[name]["reject"]["attempts"] == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "16 records were rejected" in done.log
    assert str(path) in done.log
    assert bench.sandbox.snapshot()["breaches"] == []

    # Replay delivers what has been mended; what fails again is kept and counted up.
    bench.sandbox.set_faults()
    for name in ("nowhere.pdf", "empty.pdf", "large.pdf", "word.docx"):
        bench.file(name)
    again = bench.run([], "--input", str(path), **options)
    assert again.code == 0, again.log
    mended = {"bad0", "bad1", "bad2", "bad3", "bad15"}
    assert {("c", name) for name in mended} <= bench.held().keys()
    rejects = kept(path)
    assert rejects.keys() == bad.keys() - mended
    assert {message["reject"]["attempts"] for message in rejects.values()} == {2}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_replay_that_delivers_everything_leaves_nothing_behind(bench: Bench) -> None:
    path = bench.directory / "rejects.singer"
    options = {"on_reject": "continue", "rejects_path": str(path)}
    assert bench.run([SCHEMA, record(1, "r", "later.pdf")], **options).code == 0
    assert len(kept(path)) == 1
    bench.file("later.pdf")
    assert bench.run([], "--input", str(path), **options).code == 0
    assert bench.held().keys() == {("1", "r")}
    assert not path.exists()


def test_the_default_stops_at_the_first_with_the_state_before_it(bench: Bench) -> None:
    bad = bad_records(bench)
    done = bench.run(stream_of(bench, bad))
    assert done.code == 1
    assert covered(done.states) == 2
    assert "file_missing" in done.log
    assert "on_reject=continue" in done.log


def test_too_many_rejects_stop_the_run(bench: Bench) -> None:
    path = bench.directory / "rejects.singer"
    stream = [SCHEMA]
    for number in range(1, 51):
        stream += [record(number, "r", "missing.pdf"), state(number)]
    done = bench.run(stream, on_reject="continue", rejects_path=str(path), max_rejects=5)
    assert done.code == 1
    assert "max_rejects" in done.log
    assert path.read_text().count('"RECORD"') == 5
    assert covered(done.states) <= 5


def test_rejects_can_fail_the_run(bench: Bench) -> None:
    path = bench.directory / "rejects.singer"
    options = {"on_reject": "continue", "rejects_path": str(path), "fail_on_rejects": True}
    done = bench.run([SCHEMA, record(1, "r", "missing.pdf"), state(1)], **options)
    assert done.code == 3
    assert covered(done.states) == 1
    bench.file("missing.pdf")
    assert bench.run([], "--input", str(path), **options).code == 0


def test_a_reject_that_a_later_record_makes_good_is_not_kept(bench: Bench) -> None:
    path = bench.directory / "rejects.singer"
    name = bench.file("cv.pdf")
    options = {"on_reject": "continue", "rejects_path": str(path)}
    stream = [SCHEMA, record(1, "r", "missing.pdf"), record(2, "r", "missing.pdf")]
    assert bench.run([*stream, record(1, "r", name), state(3)], **options).code == 0
    assert kept(path).keys() == {"r"}
    assert [m["record"]["candidate_id"] for m in kept(path).values()] == [2]
    assert bench.run([SCHEMA, deletion(2, "r")], **options).code == 0
    assert not path.exists()


def test_a_record_before_its_schema_is_kept_and_can_be_replayed(bench: Bench) -> None:
    path = bench.directory / "rejects.singer"
    name = bench.file("cv.pdf")
    options = {"on_reject": "continue", "rejects_path": str(path)}
    assert bench.run([record(1, "r", name), SCHEMA, record(2, "r", name)], **options).code == 0
    assert [m["reject"]["code"] for m in kept(path).values()] == ["record_without_schema"]
    assert bench.run([], "--input", str(path), **options).code == 0
    assert bench.held().keys() == {("1", "r"), ("2", "r")}


def test_a_poisonous_record_does_not_take_its_batch_with_it(bench: Bench) -> None:
    path = bench.directory / "rejects.singer"
    name = bench.file("cv.pdf")
    bench.sandbox.set_faults({"endpoint": "batch_update", "kind": "poison", "keys": [["c", "r37"]]})
    stream = [SCHEMA, *(record("c", f"r{n}", name) for n in range(100)), state(100)]
    done = bench.run(stream, on_reject="continue", rejects_path=str(path))
    assert done.code == 0, done.log
    assert len(bench.held()) == 99
    assert kept(path)["r37"]["reject"]["code"] == "linkedin_refused"
    assert "x-li-uuid" in kept(path)["r37"]["reject"]["message"]


def test_a_deletion_that_linkedin_refuses_stops_a_run_that_keeps_no_rejects(bench: Bench) -> None:
    bench.sandbox.set_faults(
        {"endpoint": "batch_delete", "kind": "key_status", "status": 422, "keys": [["2", "r"]]}
    )
    stream = [SCHEMA, deletion(1, "r"), state(1), deletion(2, "r"), state(2)]
    done = bench.run(stream)
    assert done.code == 1
    assert covered(done.states) == 1
    assert "candidate '2'" in done.log


@pytest.mark.parametrize("unwritable", ["missing/rejects.singer", "."])
def test_a_rejects_path_that_cannot_be_written_is_told_before_the_run(
    bench: Bench, unwritable: str
) -> None:
    path = bench.directory / unwritable
    done = bench.run([SCHEMA], on_reject="continue", rejects_path=str(path))
    assert done.code == 2
    assert "setting 'rejects_path'" in done.log
    assert "Traceback" not in done.log


def test_one_dead_link_does_not_hold_up_the_run(bench: Bench) -> None:
    path = bench.directory / "rejects.singer"
    with serving() as server:
        dead = server.file("/crm/dead.pdf", PDF, status=503)
        living = server.file("/crm/cv.pdf", PDF)
        settings: dict[str, Any] = {
            "file_sources": [{"prefix": server.url("/crm/")}],
            "on_reject": "continue",
            "rejects_path": str(path),
            "retry_seconds": 2,
            "upload_concurrency": 1,
        }
        stream = [SCHEMA, record(0, "r", dead), *(record(n, "r", living) for n in range(1, 4))]
        done = bench.run([*stream, state(4)], **settings)
    assert (done.code, covered(done.states)) == (0, 4)
    assert len(bench.held()) == 3
    left = kept(path)["r"]
    assert left["record"]["candidate_id"] == 0
    assert left["reject"]["code"] == "source_unreachable"
    assert left["reject"]["attempts"] > 1
    assert "503" in left["reject"]["message"]


@pytest.mark.parametrize("between", ["nothing", "a deletion"])
@pytest.mark.parametrize("bad", ["file", "date", "refused"])
def test_a_reject_takes_the_place_of_no_resume(bench: Bench, between: str, bad: str) -> None:
    path = bench.directory / "rejects.singer"
    good = record("c", "r", bench.file("good.pdf"))
    other = {
        "file": record("c", "r", "missing.pdf"),
        "date": record("c", "r", "good.pdf", created_at="yesterday"),
        "refused": record("c", "r", bench.file("other.pdf", PDF + b"other")),
    }[bad]
    if bad == "refused":  # LinkedIn takes the good one and not the other
        bench.sandbox.set_faults(
            {
                "endpoint": "batch_update",
                "kind": "key_status",
                "status": 400,
                "keys": [["c", "r"]],
                "times": 1,
            }
        )
    gone = [deletion("c", "r")] if between == "a deletion" else []
    done = bench.run(
        [SCHEMA, good, *gone, other, state(1)],
        on_reject="continue",
        rejects_path=str(path),
    )
    assert done.code == 0, done.log
    assert covered(done.states) == 1
    kept = [json.loads(text) for text in path.read_text().splitlines()]
    assert [one["record"]["file"] for one in kept if one["type"] == "RECORD"] == [
        other["record"]["file"]
    ]
    assert (("c", "r") in bench.held()) == (between != "a deletion")


def test_what_a_tap_has_printed_is_no_rejects_file(bench: Bench) -> None:
    """A complete replay would leave of it what is rejected."""
    path = bench.directory / "tap.singer"
    path.write_bytes(b"".join(map(line, [SCHEMA, record(1, "r", bench.file("cv.pdf"))])))
    printed = path.read_bytes()
    paths = {"on_reject": "continue", "rejects_path": str(path)}
    done = bench.run([], "--input", str(path), **paths)
    assert done.code == 2
    assert "setting 'rejects_path': 'tap.singer' holds something else" in done.log
    assert path.read_bytes() == printed
