"""What the ledger knows after what it was told. A file of its own, a clock that the test moves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.engine.interfaces import Confirmed, Sent
from target_linkedin_resumes.engine.types import Rejected, Upload
from target_linkedin_resumes.errors import Confirmation, Misconfigured, Reject, Stop
from target_linkedin_resumes.records import (
    Content,
    Delete,
    Provenance,
    ResumeFile,
    ResumeKey,
    Row,
    Upsert,
)
from target_linkedin_resumes.stores.ledger import REUSE_SECONDS, Ledger, State
from target_linkedin_resumes.stores.ledger_db import STEPS, LedgerDB

OWNER = {"organization": "urn:li:organization:1", "contract": "urn:li:contract:2"}
KEY = ResumeKey("candidate-31415", "resume-27182")
CREATED = 1670935153000
CONTENT_PARTS = ("ab" * 32, "jane.pdf", "application/pdf")
CONTENT = Content(*CONTENT_PARTS, "tag-1")
OTHER = Content("cd" * 32, "jane.pdf", "application/pdf", "tag-2")
OK = Confirmation(204)
# Written by the program when its ledgers had version 1.
FIRST = Path(__file__).with_name("files") / "ledger-1.db"


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def upsert(
    created_at: int = CREATED,
    *,
    key: ResumeKey = KEY,
    stream: str = "s",
    version: int | None = None,
    row: Row | None = None,
) -> Upsert:
    provenance = Provenance(stream, version=version, row=row)
    return Upsert(key, created_at, ResumeFile(location="x"), provenance)


@contextmanager
def opened(path: Path, clock: Clock | None = None, **options: Any) -> Iterator[Ledger]:
    file = LedgerDB(path, options.pop("owner", OWNER))
    clock = clock or Clock()
    ledger = Ledger(file, now=clock, **options)
    yield ledger
    ledger.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with opened(path) as ledger:
        yield ledger


def upload(content: Content = CONTENT, urn: str = "urn:li:ambryBlob:/one") -> Upload:
    return Upload(urn, 7, content)


def deliver(ledger: Ledger, change: Upsert | None = None, sent: Upload | None = None) -> None:
    change, sent = change or upsert(), sent or upload()
    ledger.uploaded([Sent(change, sent)])
    ledger.sending([Sent(change, sent)])
    ledger.confirmed([Confirmed(change, sent, OK)])


def delete(ledger: Ledger, key: ResumeKey = KEY) -> None:
    ledger.sending([Sent(Delete(key), None)])
    ledger.confirmed([Confirmed(Delete(key), None, OK)])


def is_delivered(ledger: Ledger, change: Upsert, content: Content) -> bool:
    return ledger.is_delivered(change, ledger.known(change.key), content)


def tag_of(ledger: Ledger, change: Upsert) -> str | None:
    known = ledger.known(change.key)
    return None if known is None else ledger.tag_of(change, known)


def is_deleted(ledger: Ledger, key: ResumeKey = KEY) -> bool:
    known = ledger.known(key)
    return known is not None and ledger.is_deleted(known)


def uploaded_before(ledger: Ledger, content: Content, key: ResumeKey = KEY) -> str | None:
    found = ledger.uploaded_before(ledger.known(key), content)
    return None if found is None else found.urn


def state(ledger: Ledger) -> str | None:
    known = ledger.known(KEY)
    return None if known is None else known.state


def test_what_is_confirmed_is_unchanged_and_nothing_else_is(ledger: Ledger) -> None:
    assert not is_delivered(ledger, upsert(), CONTENT)
    deliver(ledger)
    assert is_delivered(ledger, upsert(), CONTENT)
    assert tag_of(ledger, upsert()) == "tag-1"
    assert not is_delivered(ledger, upsert(CREATED + 1), CONTENT)
    assert tag_of(ledger, upsert(CREATED + 1)) is None
    assert not is_delivered(ledger, upsert(), OTHER)
    for other in (
        Content(CONTENT.sha256, "j.pdf", CONTENT.content_type),
        Content(CONTENT.sha256, CONTENT.filename, "text/plain"),
    ):
        assert not is_delivered(ledger, upsert(), other)
    assert not is_delivered(
        ledger, upsert(key=ResumeKey("candidate-31415r", "esume-27182")), CONTENT
    )


def test_what_was_seen_of_one_upload_is_not_noted_of_the_next(ledger: Ledger) -> None:
    deliver(ledger)
    assert is_delivered(ledger, upsert(), Content(*CONTENT_PARTS, "seen"))
    # Another thread delivers other bytes before that is written down.
    seen = dict(ledger._seen)
    deliver(ledger, sent=upload(OTHER, "urn:two"))
    ledger._seen |= seen
    ledger.sync()
    assert tag_of(ledger, upsert()) == "tag-2"


@pytest.mark.parametrize("how", ["uploaded", "sending", "deleted"])
def test_what_was_not_there_is_found_once_it_is(ledger: Ledger, how: str) -> None:
    for _ in range(2):  # the second time from memory
        assert ledger.known(KEY) is None
    if how == "uploaded":
        ledger.uploaded([Sent(upsert(), upload())])
    elif how == "sending":
        ledger.sending([Sent(upsert(), upload())])
    else:
        delete(ledger)
    assert ledger.known(KEY) is not None


def test_whatever_is_under_way_is_not_unchanged(ledger: Ledger) -> None:
    deliver(ledger)
    ledger.uploaded([Sent(upsert(), upload(OTHER, "urn:two"))])
    for content in (CONTENT, OTHER):
        assert not is_delivered(ledger, upsert(), content)
    ledger.sending([Sent(upsert(), upload(OTHER, "urn:two"))])
    for content in (CONTENT, OTHER):
        assert not is_delivered(ledger, upsert(), content)
    ledger.sending([Sent(Delete(KEY), None)])
    assert not is_deleted(ledger, KEY)
    assert not is_delivered(ledger, upsert(), CONTENT)


def test_a_change_that_was_noted_during_the_call_is_not_confirmed_by_it(ledger: Ledger) -> None:
    first, second = upsert(), upsert(CREATED + 1)
    ledger.uploaded([Sent(first, upload())])
    ledger.sending([Sent(first, upload())])
    ledger.uploaded([Sent(second, upload())])  # the same blob, used again
    ledger.confirmed([Confirmed(first, upload(), OK)])
    assert state(ledger) == State.UPLOADED
    assert not is_delivered(ledger, first, CONTENT)
    assert not is_delivered(ledger, second, CONTENT)


def test_a_change_that_was_noted_before_the_call_is_not_confirmed_by_it(ledger: Ledger) -> None:
    first, second, blob = upsert(), upsert(CREATED + 1), upload()
    ledger.uploaded([Sent(first, blob)])
    ledger.uploaded([Sent(second, blob)])  # the same blob, used again
    ledger.sending([Sent(first, blob)])
    ledger.confirmed([Confirmed(first, blob, OK)])
    assert not is_delivered(ledger, second, CONTENT)
    ledger.sending([Sent(second, blob)])
    ledger.confirmed([Confirmed(second, blob, OK)])
    assert is_delivered(ledger, second, CONTENT)


@pytest.mark.parametrize("when", ["before", "while"])
def test_a_deletion_takes_away_what_was_only_noted(ledger: Ledger, when: str) -> None:
    ledger.uploaded([Sent(upsert(), upload())])
    ledger.sending([Sent(Delete(KEY), None)])
    if when == "while":  # of a change that comes after it
        ledger.uploaded([Sent(upsert(), upload())])
    ledger.confirmed([Confirmed(Delete(KEY), None, OK)])
    ledger.sync()
    assert state(ledger) == (State.DELETED if when == "before" else State.UPLOADED)


def test_a_whole_batch_is_confirmed_at_once_each_by_its_own_blob(ledger: Ledger) -> None:
    changes = [upsert(key=ResumeKey("c", str(number))) for number in range(250)]
    uploads = [upload(urn=f"urn:{number}") for number in range(250)]
    for change, one in zip(changes, uploads, strict=True):
        ledger.uploaded([Sent(change, one)])
    pairs = list(zip(changes, uploads, strict=True))
    ledger.sending([Sent(*pair) for pair in pairs])
    ledger.uploaded([Sent(changes[7], upload(OTHER, "urn:later"))])
    ledger.confirmed([Confirmed(*pair, OK) for pair in pairs[:200]])
    delivered = [is_delivered(ledger, change, CONTENT) for change in changes]
    assert [n for n, one in enumerate(delivered) if not one] == [7, *range(200, 250)]


def test_an_upsert_that_follows_a_delete_outlives_its_confirmation(ledger: Ledger) -> None:
    deliver(ledger)
    ledger.sending([Sent(Delete(KEY), None)])
    ledger.uploaded([Sent(upsert(), upload(OTHER, "urn:two"))])
    ledger.confirmed([Confirmed(Delete(KEY), None, OK)])
    assert state(ledger) == State.UPLOADED
    assert not is_deleted(ledger, KEY)
    assert uploaded_before(ledger, OTHER) == "urn:two"


def test_a_note_of_an_upload_is_not_needed(ledger: Ledger) -> None:
    ledger.sending([Sent(upsert(), upload())])
    ledger.confirmed([Confirmed(upsert(), upload(), OK)])
    assert is_delivered(ledger, upsert(), CONTENT)


def test_a_deletion_leaves_a_hash_of_the_key_and_nothing_else(path: Path) -> None:
    content = Content("5e" * 32, "jane-doe.pdf", "application/pdf", "tag-of-jane")
    gone = [b"candidate-31415", b"resume-27182", bytes.fromhex("5e" * 32), b"ambryBlob:/one"]
    gone += [b"tag-of-jane", b"jane-doe"]
    with opened(path) as ledger:
        for number in range(50):
            key = ResumeKey(f"other-{number}", "r")
            deliver(ledger, upsert(key=key), upload(OTHER, f"urn:{number}"))
        deliver(ledger, sent=upload(content))
        ledger.sync()
        held = b"".join(part.read_bytes() for part in path.parent.iterdir())
        for number in range(50, 100):
            key = ResumeKey(f"other-{number}", "r")
            deliver(ledger, upsert(key=key), upload(OTHER, f"urn:{number}"))
        delete(ledger)
        assert is_deleted(ledger, KEY)
        known = ledger.known(KEY)
        assert known is not None
        assert tuple(known) == ("deleted", *[None] * 12, 0)
    left = b"".join(part.read_bytes() for part in path.parent.iterdir())
    for text in gone[:-1]:
        assert text in held
        assert text not in left
    assert gone[-1] not in held
    assert b"other-99" in left
    assert path.stat().st_mode & 0o777 == 0o600
    with opened(path) as ledger:
        assert is_deleted(ledger, KEY)
        assert not is_deleted(ledger, ResumeKey("never", "seen"))


def test_a_deleted_resume_that_comes_again_is_known_again(ledger: Ledger) -> None:
    delete(ledger)
    assert is_deleted(ledger, KEY)
    deliver(ledger)
    assert not is_deleted(ledger, KEY)
    assert is_delivered(ledger, upsert(), CONTENT)


def test_a_blob_is_used_again_as_long_as_it_is_there(path: Path) -> None:
    clock = Clock()
    with opened(path, clock) as ledger:
        ledger.uploaded([Sent(upsert(), upload())])
        assert uploaded_before(ledger, CONTENT) == upload().urn
        assert uploaded_before(ledger, OTHER) is None
        ledger.sending([Sent(upsert(), upload())])
        assert uploaded_before(ledger, CONTENT) == upload().urn
        clock.now += REUSE_SECONDS - 1
        ledger.uploaded([Sent(upsert(), upload())])  # noting it again makes it no younger
        assert uploaded_before(ledger, CONTENT) == upload().urn
        clock.now += 1
        assert uploaded_before(ledger, CONTENT) is None


def test_a_blob_that_linkedin_removes_is_used_again_within_half_its_life(path: Path) -> None:
    clock = Clock()
    with opened(path, clock, blob_life=3600) as ledger:
        ledger.uploaded([Sent(upsert(), upload())])
        clock.now += 1799
        assert uploaded_before(ledger, CONTENT) == upload().urn
        clock.now += 1
        assert uploaded_before(ledger, CONTENT) is None


@pytest.mark.parametrize(("before", "now"), [(None, 3600), (3600, None), (3600, 7200)])
def test_a_blob_that_linkedin_keeps_for_another_time_is_not_used_again(
    path: Path, before: float | None, now: float | None
) -> None:
    for life, expected in ((before, upload().urn), (now, None)):
        with opened(path, blob_life=life) as ledger:
            if expected:
                ledger.uploaded([Sent(upsert(), upload())])
            assert uploaded_before(ledger, CONTENT) == expected


def test_a_blob_of_a_confirmed_record_is_not_used_again(ledger: Ledger) -> None:
    deliver(ledger)
    assert uploaded_before(ledger, CONTENT) is None


def test_a_blob_that_linkedin_has_refused_is_not_used_again(ledger: Ledger) -> None:
    ledger.sending([Sent(upsert(), upload())])
    ledger.rejected(Rejected(Provenance("s"), Reject("linkedin_refused", "no"), 1, 1, KEY))
    assert uploaded_before(ledger, CONTENT) is None
    assert not is_delivered(ledger, upsert(), CONTENT)


def test_a_file_that_is_missing_leaves_what_linkedin_holds(ledger: Ledger) -> None:
    deliver(ledger)
    ledger.rejected(Rejected(Provenance("s"), Reject("file_missing", "no"), 1, 1, KEY))
    assert is_delivered(ledger, upsert(), CONTENT)


def test_resend_makes_nothing_unchanged(path: Path) -> None:
    with opened(path, resend=True) as ledger:
        deliver(ledger)
        assert not is_delivered(ledger, upsert(), CONTENT)
        assert tag_of(ledger, upsert()) is None
        delete(ledger)
        assert not is_deleted(ledger, KEY)


def test_what_a_killed_run_had_confirmed_or_sent_is_known(path: Path, tmp_path: Path) -> None:
    def killed(*steps: str) -> str | None:
        copy = tmp_path / "copy.db"
        for suffix in ("", "-wal", "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)
        with opened(copy) as ledger:
            for step in steps:
                if step == "uploaded":
                    ledger.uploaded([Sent(upsert(), upload())])
                elif step == "sending":
                    ledger.sending([Sent(upsert(), upload())])
                else:
                    ledger.confirmed([Confirmed(upsert(), upload(), OK)])
            for suffix in ("", "-wal"):  # as the disk is at the moment of a kill
                part = copy.with_name(copy.name + suffix)
                path.with_name(path.name + suffix).write_bytes(part.read_bytes())
        with opened(path) as ledger:
            return state(ledger)

    assert killed("uploaded") == State.UPLOADED
    assert killed("uploaded", "sending") == State.SENDING
    assert killed("uploaded", "sending", "confirmed") == State.DELIVERED


def test_what_is_unchanged_by_its_source_needs_no_conversion(ledger: Ledger) -> None:
    converted = Content("5e" * 32, "jane.txt", "text/plain", origin=f"{'ab' * 32} .txt")
    deliver(ledger, sent=upload(converted))
    unread = replace(converted, sha256="")  # not converted yet
    assert is_delivered(ledger, upsert(), unread)
    assert is_delivered(ledger, upsert(), replace(converted, sha256="00" * 32))
    assert not is_delivered(ledger, upsert(), replace(unread, origin=f"{'ab' * 32} .pdf"))
    assert not is_delivered(ledger, upsert(), replace(unread, filename="joe.txt"))


def test_a_row_of_an_earlier_version_is_known_by_what_was_sent_and_then_by_its_source(
    path: Path,
) -> None:
    """Its document is read and converted once more, and not sent again."""
    sent = Content("5e" * 32, "jane.txt", "text/plain")
    with opened(path) as ledger:
        deliver(ledger, sent=upload(sent))
    with opened(path) as ledger:
        known = ledger.known(KEY)
        assert known is not None
        assert known.origin is None
        described = replace(sent, sha256="", origin="the bytes at the source")
        assert not is_delivered(ledger, upsert(), described)
        assert is_delivered(ledger, upsert(), replace(described, sha256=sent.sha256))
    with opened(path) as ledger:
        assert is_delivered(ledger, upsert(), described)


# Versions of a stream


def test_what_records_of_a_version_touch_is_not_outdated(ledger: Ledger) -> None:
    keys = [ResumeKey("c", str(number)) for number in range(2500)]
    for key in keys:
        ledger.uploaded([Sent(upsert(key=key, version=1), upload())])
    elsewhere = ResumeKey("elsewhere", "r")
    deliver(ledger, upsert(key=elsewhere, stream="t", version=1))
    for key in keys[:5]:
        deliver(ledger, upsert(key=key, version=1))
    tag_of(ledger, upsert(key=keys[0], version=2))
    is_delivered(ledger, upsert(key=keys[1], version=2), CONTENT)
    ledger.rejected(
        Rejected(Provenance("s", version=2), Reject("file_missing", "no"), 1, 1, keys[2])
    )
    deliver(ledger, upsert(key=keys[3], version=2), upload(OTHER, "urn:new"))
    tag_of(ledger, upsert(key=keys[4]))  # a record without a version says nothing of one
    delete(ledger, keys[5])
    assert ledger.versions.outdated("s", 1) == 0
    assert ledger.versions.outdated("s", 2) == len(keys) - 5
    outdated = set(ledger.versions.keys_outdated("s", 2))
    assert outdated == {keys[4], *keys[6:]}
    assert ledger.versions.outdated("t", 2) == 1
    assert ledger.held() == len(keys)


def test_keys_are_given_while_they_are_deleted(ledger: Ledger) -> None:
    keys = {ResumeKey("c", str(number)) for number in range(2500)}
    for key in keys:
        ledger.uploaded([Sent(upsert(key=key), upload())])
    seen = []
    for key in ledger.versions.keys_outdated("s", 1):
        seen.append(key)
        delete(ledger, key)
    assert set(seen) == keys
    assert len(seen) == len(keys)
    assert ledger.held() == 0


def test_a_version_is_empty_until_a_resume_is_of_it(ledger: Ledger) -> None:
    deliver(ledger, upsert(version=1))
    assert ledger.versions.is_empty("s", 2)
    assert ledger.versions.is_empty("t", 1)
    tag_of(ledger, upsert(version=2))
    assert not ledger.versions.is_empty("s", 2)


def test_a_record_without_a_readable_key_leaves_its_version_open(path: Path) -> None:
    with opened(path) as ledger:
        for version in (None, 7):
            ledger.rejected(
                Rejected(Provenance("s", version=version), Reject("invalid_record", "no ids"), 1)
            )
    with opened(path) as ledger:  # also where the run that read it was killed
        assert ledger.versions.is_incomplete("s", 7)
        assert not ledger.versions.is_incomplete("s", 8)
        assert not ledger.versions.is_incomplete("t", 7)
        ledger.versions.activated("s", 8)
        assert not ledger.versions.is_incomplete("s", 7)


def test_a_record_that_is_passed_over_names_its_resume(ledger: Ledger) -> None:
    others = [ResumeKey("c", name) for name in ("uploaded", "sending", "deleted", "elsewhere")]
    deliver(ledger, upsert(version=1))
    ledger.uploaded([Sent(upsert(key=others[0], version=1), upload())])
    ledger.sending([Sent(upsert(key=others[1], version=1), upload())])
    delete(ledger, others[2])
    deliver(ledger, upsert(key=others[3], stream="t", version=1))
    for key in (KEY, *others, ResumeKey("never", "seen")):
        ledger.versions.name(key, "s", 2)
    assert ledger.versions.outdated("s", 2) == 0
    assert ledger.versions.outdated("t", 2) == 1
    assert is_delivered(ledger, upsert(version=2), CONTENT)
    assert is_deleted(ledger, others[2])
    assert ledger.known(ResumeKey("never", "seen")) is None


def test_what_a_second_stream_names_has_not_vanished(ledger: Ledger) -> None:
    keys = [ResumeKey("c", str(number)) for number in range(5)]
    for key in keys:
        deliver(ledger, upsert(key=key, version=1))
    is_delivered(ledger, upsert(key=keys[0], stream="t", version=1), CONTENT)
    deliver(ledger, upsert(key=keys[1], stream="t", version=1), upload(OTHER, "urn:new"))
    ledger.rejected(
        Rejected(Provenance("t", version=1), Reject("file_missing", "no"), 1, 1, keys[2])
    )
    for key in keys[:2]:
        is_delivered(ledger, upsert(key=key, version=2), CONTENT)
    tag_of(ledger, upsert(key=keys[3], version=1))  # by the same stream once more
    assert (ledger.versions.outdated("t", 2), ledger.versions.shared("t", 2)) == (0, 2)
    assert set(ledger.versions.keys_outdated("s", 9)) == {keys[3], keys[4]}
    delete(ledger, keys[1])
    deliver(ledger, upsert(key=keys[1], stream="t", version=1))
    assert set(ledger.versions.keys_outdated("t", 2)) == {keys[1]}  # the deletion was an end


# The day's quota


def test_the_quota_is_kept(path: Path) -> None:
    used: dict[str, Any] = {"day": "2026-01-31", "used": {}}
    with opened(path, quota=lambda: used) as ledger:
        assert ledger.quota() == {"day": "", "used": {}}
        used = {"day": "2026-01-31", "used": {"tcrmCandidateResumes": 3, "hireMediaUrl": 5}}
    with opened(path) as ledger:
        assert ledger.quota() == used
    used = {"day": "2026-02-01", "used": {"hireMediaUrl": 1}}
    with opened(path, quota=lambda: used):
        pass
    with opened(path) as ledger:
        assert ledger.quota() == used


# The file


def test_a_ledger_belongs_to_one_customer(path: Path) -> None:
    with opened(path):
        pass
    with pytest.raises(Misconfigured, match=r"belongs to urn:li:organization:1.*organization:9"):
        LedgerDB(path, {**OWNER, "organization": "urn:li:organization:9"})
    with pytest.raises(Misconfigured, match=r"belongs to urn:li:contract:2.*contract:9"):
        LedgerDB.copy(path, {**OWNER, "contract": "urn:li:contract:9"})


def test_a_ledger_belongs_to_one_run_at_a_time(path: Path) -> None:
    with opened(path), pytest.raises(Misconfigured, match=r"'ledger.db' is in use by another run"):
        LedgerDB(path, OWNER)
    with opened(path):
        pass


def test_a_ledger_of_the_first_version_is_taken_over(path: Path) -> None:
    path.write_bytes(FIRST.read_bytes())
    with opened(path) as ledger:
        assert is_delivered(ledger, upsert(version=2), CONTENT)
        used = ResumeKey("uploaded", "r")
        assert ledger.known(used) is not None
        assert is_deleted(ledger, ResumeKey("gone", "r"))
        assert ledger.versions.is_incomplete("s", 7)
        assert ledger.held() == 2
        assert ledger.versions.outdated("s", 9) == 1
        is_delivered(ledger, upsert(stream="t"), CONTENT)
        assert (ledger.versions.outdated("t", 9), ledger.versions.shared("t", 9)) == (1, 1)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(STEPS),)


def test_a_newer_ledger_is_refused(path: Path) -> None:
    with opened(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    with pytest.raises(Misconfigured, match="written by a newer version of this program"):
        LedgerDB(path, OWNER)


def test_a_database_of_another_program_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
    with pytest.raises(Misconfigured, match="a database of another program"):
        LedgerDB(path, OWNER)


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + bytes(84)])
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for act in (LedgerDB, LedgerDB.copy):
        with pytest.raises(Misconfigured, match="move it away and run again"):
            act(path, OWNER)
    assert path.read_bytes() == content


def test_a_ledger_without_its_salt_is_damaged(path: Path) -> None:
    LedgerDB(path, OWNER).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE about SET value = 'x' WHERE name = 'salt'")
    with pytest.raises(Misconfigured, match="is damaged"):
        LedgerDB(path, OWNER)


def test_a_damaged_ledger_stops_the_run_with_the_remedy(path: Path) -> None:
    with opened(path) as ledger:
        for number in range(2000):
            ledger.uploaded([Sent(upsert(key=ResumeKey("c", str(number))), upload())])
    with path.open("r+b") as pages:
        pages.seek(8 * 4096)
        pages.write(b"\xff" * 40 * 4096)
    file = LedgerDB(path, OWNER)
    with pytest.raises(Stop, match="move it away and run again"):  # noqa: PT012 - by either
        ledger = Ledger(file, now=Clock())
        [ledger.known(ResumeKey("c", str(number))) for number in range(2000)]
    file.close()


def test_a_path_that_cannot_be_a_ledger_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="a regular file"):
        LedgerDB(tmp_path, OWNER)
    with pytest.raises(Misconfigured, match="cannot be written"):
        LedgerDB(tmp_path / "none" / "ledger.db", OWNER)


def test_a_copy_leaves_the_file_as_it_is(path: Path) -> None:
    with opened(path) as ledger:
        deliver(ledger)
    before = {part.name: part.read_bytes() for part in path.parent.iterdir()}
    ledger = Ledger(LedgerDB.copy(path, OWNER), now=Clock())
    assert is_delivered(ledger, upsert(), CONTENT)
    deliver(ledger, upsert(CREATED + 1), upload(OTHER, "urn:two"))
    assert is_delivered(ledger, upsert(CREATED + 1), OTHER)
    ledger.close()
    after = {part.name: part.read_bytes() for part in path.parent.iterdir()}
    assert after == before
    path.unlink()
    Ledger(LedgerDB.copy(path, OWNER), now=Clock()).close()
    assert not path.exists()
