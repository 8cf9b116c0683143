"""The audit file: what a line says and does not say, and what is left after a deletion."""

from __future__ import annotations

import json
import os
import resource
import stat
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.engine.interfaces import Confirmed
from target_linkedin_resumes.engine.types import Upload
from target_linkedin_resumes.errors import Confirmation, Misconfigured, Stop
from target_linkedin_resumes.records import Content, Delete, ResumeFile, ResumeKey, Upsert
from target_linkedin_resumes.stores import audit_log as audit
from target_linkedin_resumes.stores.audit_log import AuditLog
from target_linkedin_resumes.stores.line_file import NEW
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms

KEY = "a key of thirty-two characters!!"
PSEUDONYMS = Pseudonyms(KEY)
DAY_1 = datetime(2026, 3, 1, tzinfo=UTC)


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime = DAY_1) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def opened(path: Path, clock: Clock | None = None, **options: Any) -> AuditLog:
    key = options.pop("pseudonyms", PSEUDONYMS)
    return AuditLog(path, key, options.pop("run", "run1"), clock or Clock(), **options)


def sent(candidate: str, resume: str, version: int = 1) -> Confirmed:
    change = Upsert(ResumeKey(candidate, resume), 1_700_000_000_000, ResumeFile("cv.pdf"))
    content = Content(f"{version:064x}", "Jane Doe.pdf", "application/pdf")
    upload = Upload(f"urn:li:ambryBlob:/{candidate}-{resume}-{version}.pdf", 3, content)
    return Confirmed(change, upload, Confirmation(204, f"uuid-{version}"))


def erased(candidate: str, resume: str, status: int = 204) -> Confirmed:
    return Confirmed(Delete(ResumeKey(candidate, resume)), None, Confirmation(status, "uuid-d"))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in path.read_text().splitlines()]


def blobs(path: Path) -> list[str | None]:
    return [line.get("blob") for line in lines(path)]


def test_a_line_of_a_delivery(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    file = opened(path)
    file.confirmed([sent("c1", "r1")])
    file.close()
    [line] = lines(path)
    assert line == {
        "at": "2026-03-01T00:00:00.000+00:00",
        "candidate": PSEUDONYMS.candidate("c1"),
        "resume": PSEUDONYMS.resume(ResumeKey("c1", "r1")),
        "run": "run1",
        "operation": "delivered",
        "status": 204,
        "x_li_uuid": "uuid-1",
        "sha256": f"{1:064x}",
        "blob": "urn:li:ambryBlob:/c1-r1-1.pdf",
        "fingerprint": PSEUDONYMS.fingerprint(
            Content(f"{1:064x}", "Jane Doe.pdf", "application/pdf"), 1_700_000_000_000
        ),
        "key_id": PSEUDONYMS.key_id,
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"Jane" not in path.read_bytes()


def test_a_deletion_leaves_the_receipt_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    file = opened(path)
    file.confirmed([sent("c1", "r1"), sent("c1", "r2")])
    file.confirmed([sent("c1", "r1", version=2)])
    file.confirmed([erased("c1", "r1")])
    file.confirmed([sent("c1", "r1", version=3)])
    file.close()
    assert [line["operation"] for line in lines(path)] == [
        *["delivered"] * 3,
        "deleted",
        "delivered",
    ]
    expected = "urn:li:ambryBlob:/c1-r2-1.pdf", "urn:li:ambryBlob:/c1-r1-3.pdf"
    assert blobs(path) == [None, expected[0], None, None, expected[1]]
    for line in (lines(path)[i] for i in (0, 2)):
        assert line.keys() == {
            *("at", "candidate", "resume", "run", "operation", "status", "x_li_uuid", "key_id")
        }
        assert line["x_li_uuid"] in ("uuid-1", "uuid-2")
    assert all("scrub" not in line for line in lines(path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["audit.jsonl"]


def test_what_a_killed_run_did_not_scrub_the_next_one_does(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    killed = opened(path)
    killed.confirmed([sent("c1", "r1"), sent("c2", "r2")])
    killed.confirmed([erased("c1", "r1")])
    left = path.read_bytes() + b'{"at":"2026-'
    killed.close()
    path.write_bytes(left)
    (tmp_path / f"audit.jsonl{NEW}").write_bytes(left)
    assert lines_with_due(left) == 1
    opened(path).close()
    assert blobs(path) == [None, "urn:li:ambryBlob:/c2-r2-1.pdf", None]
    assert lines_with_due(path.read_bytes()) == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["audit.jsonl"]


def lines_with_due(data: bytes) -> int:
    return data.count(b'"scrub":"due"')


def test_more_deletions_than_are_held_at_once_are_scrubbed_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    file = opened(path, most_at_once=3)
    keys = [("c", f"r{number}") for number in range(10)]
    file.confirmed([sent(*key) for key in keys])
    file.confirmed([erased(*key) for key in keys[:8]])
    file.confirmed([sent(*keys[0], version=2), erased(*keys[0]), sent(*keys[1], version=2)])
    file.close()
    kept = [line["blob"] for line in lines(path) if "blob" in line]
    assert kept == [sent(*key).upload.urn for key in keys[8:]] + [  # type: ignore[union-attr]
        "urn:li:ambryBlob:/c-r1-2.pdf"
    ]
    assert lines_with_due(path.read_bytes()) == 0


def test_lines_expire_by_their_own_age(tmp_path: Path) -> None:
    path, clock = tmp_path / "audit.jsonl", Clock()
    for day, batch in enumerate([[sent("c1", "r1")], [erased("c1", "r1")], [sent("c2", "r2")]]):
        clock.now = DAY_1 + timedelta(days=10 * day)
        file = opened(path, clock, retain_days=20)
        file.confirmed(batch)
        file.close()
    clock.now = DAY_1 + timedelta(days=20)
    opened(path, clock, retain_days=20).close()
    assert len(lines(path)) == 3
    clock.now += timedelta(milliseconds=1)
    opened(path, clock, retain_days=20).close()
    assert [line["operation"] for line in lines(path)] == ["deleted", "delivered"]
    clock.now += timedelta(days=6)
    opened(path, clock, retain_days=5).close()
    assert lines(path) == []
    opened(path, clock).close()


def test_an_expired_deletion_is_scrubbed_before_it_goes(tmp_path: Path) -> None:
    path, clock = tmp_path / "audit.jsonl", Clock()
    killed = opened(path, clock)
    clock.now = DAY_1 + timedelta(days=40)  # a clock that was set back afterwards
    killed.confirmed([sent("c1", "r1"), sent("c1", "r2")])
    clock.now = DAY_1
    killed.confirmed([erased("c1", "r1"), erased("c1", "r2")])
    left = path.read_bytes()
    killed.close()
    path.write_bytes(left)
    clock.now = DAY_1 + timedelta(days=41)
    opened(path, clock, retain_days=30, most_at_once=1).close()
    assert blobs(path) == [None, None]


def test_without_retention_all_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    file = opened(path)
    file.confirmed([sent("c1", "r1")])
    file.confirmed([])
    file.close()
    opened(path, Clock(DAY_1 + timedelta(days=9999))).close()
    assert len(lines(path)) == 1


def test_a_file_of_another_key_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    file = opened(path)
    file.confirmed([sent("c1", "r1")])
    file.close()
    before = path.read_bytes()
    with pytest.raises(Misconfigured, match=r"audit_key.*line 1 .*another key") as wrong:
        opened(path, pseudonyms=Pseudonyms("another key of 32 characters ..."))
    assert "32 characters ..." not in str(wrong.value)
    assert path.read_bytes() == before
    opened(path).close()


def test_a_file_that_is_no_audit_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("milk\n")
    with pytest.raises(Misconfigured, match=r"audit_path.*line 1 "):
        opened(path)
    assert path.read_text() == "milk\n"


def test_two_runs_do_not_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    file = opened(path)
    with pytest.raises(Misconfigured, match=r"'audit_path'.*in use by another run"):
        opened(path)
    file.close()


def test_a_disk_without_room_stops_and_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    file = opened(path)
    file.confirmed([sent("c1", "r1")])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, before[1]))
    try:
        with pytest.raises(Stop, match=r"audit_path.*could not be proven"):
            file.confirmed([sent("c2", "r2")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    file.sync()
    file.close()
    assert len(lines(path)) == 1


def test_lines_are_durable_when_they_are_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.jsonl"
    synced: list[int] = []
    file = opened(path)
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(path.stat().st_size))
    file.confirmed([sent("c1", "r1"), sent("c1", "r2")])
    assert synced == [path.stat().st_size]
    file.close()


def test_no_two_ways_to_cut_an_id_meet() -> None:
    hashes = [
        PSEUDONYMS.candidate("a"),
        PSEUDONYMS.resume(ResumeKey("a", "")),
        PSEUDONYMS.resume(ResumeKey("ab", "c")),
        PSEUDONYMS.resume(ResumeKey("a", "bc")),
        PSEUDONYMS.resume(ResumeKey('a", "b', "c")),
        Pseudonyms(KEY + "x").candidate("a"),
    ]
    assert len(set(hashes)) == len(hashes)
    assert all(len(text) == 64 for text in hashes)
    assert PSEUDONYMS.candidate("名前\0😀") == Pseudonyms(KEY).candidate("名前\0😀")


def test_a_line_is_read_with_its_key_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    file = opened(path)
    batch: Sequence[Confirmed] = [sent("c1", "r1")]
    file.confirmed(batch)
    file.close()
    text = path.read_bytes()
    [line] = audit.read_lines([text, b'{"at":"2026'], PSEUDONYMS)
    assert line["operation"] == "delivered"
    with pytest.raises(Misconfigured, match=r"line 1 .*another key"):
        list(audit.read_lines([text], Pseudonyms("another")))
    with pytest.raises(Misconfigured, match="line 2 is no line"):
        list(audit.read_lines([text, b"{}\n"], PSEUDONYMS))
