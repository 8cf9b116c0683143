"""What is uploaded, and what LinkedIn is known to hold already. Documents, a ledger, no network."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from target_linkedin_resumes.engine.interfaces import Confirmed, Outcomes, Sent
from target_linkedin_resumes.engine.types import Unchanged, Upload
from target_linkedin_resumes.errors import Confirmation, QuotaSpent, Reject, Retry
from target_linkedin_resumes.records import Delete, ResumeFile, ResumeKey, Upsert
from target_linkedin_resumes.resumes.etags import Fingerprints
from target_linkedin_resumes.resumes.formats import PDF, TEXT, Kind
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.resumes.spool import Found, SizedReader
from target_linkedin_resumes.stores.ledger import Ledger
from target_linkedin_resumes.stores.ledger_db import LedgerDB
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms
from target_linkedin_resumes.uploader import QuotaWait, Uploader
from tests.resumes.samples import FILES
from tests.stores.test_ledger import OWNER

KEY = ResumeKey("c", "r")
OK = Confirmation(204)


class Printer:
    """A converter whose every document comes out in other bytes, as some printers' do."""

    def __init__(self, makes: Kind = PDF) -> None:
        self.makes = makes
        self.converted = 0
        self._numbers = count()

    @contextmanager
    def convert(self, found: Found, kind: Kind) -> Iterator[Found]:
        self.converted += 1
        content = b"%%PDF-1.4 made %d" % next(self._numbers)
        yield Found(SizedReader(io.BytesIO(content), len(content)), len(content))

    def close(self) -> None: ...


class LinkedIn:
    """Takes what comes."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def upload_resume(self, body: SizedReader, size: int, content_type: str, filename: str) -> str:
        self.bodies.append(body.read())
        assert len(self.bodies[-1]) == size
        return f"urn:{len(self.bodies)}"

    def batch_update(self, resumes: Sequence[tuple[ResumeKey, str, int]]) -> Outcomes:
        return {key: OK for key, _, _ in resumes}

    def batch_delete(self, keys: Sequence[ResumeKey]) -> Outcomes:
        return dict.fromkeys(keys, OK)


class Night:
    """One run after another with the same ledger and the same files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.linkedin = LinkedIn()

    def run(
        self, change: Upsert | Delete, converter: Printer | None = None, *, setting: str = "pdf"
    ) -> Upload | Unchanged | None:
        """Do with one change what the engine does."""
        ledger = Ledger(LedgerDB(self.directory / "ledger.db", OWNER), now=lambda: 1_800_000_000)
        fingerprints = Fingerprints(ledger.salt, setting)
        # The files count as written just now: their times prove nothing, so they are read.
        sources = Sources(self.directory, convert=converter, fingerprints=fingerprints)
        uploader = Uploader(sources, self.linkedin, ledger)
        try:
            known = uploader.look_up(change)
            if isinstance(known, Unchanged):
                return known
            done = uploader.upload(change, known) if isinstance(change, Upsert) else None
            if isinstance(done, Unchanged):
                return done
            ledger.sending([Sent(change, done)])
            ledger.confirmed([Confirmed(change, done, OK)])
            return done
        finally:
            sources.close()
            ledger.close()


@pytest.fixture
def night(tmp_path: Path) -> Night:
    (tmp_path / "cv.docx").write_bytes((FILES / "full.docx").read_bytes())
    return Night(tmp_path)


def upsert(location: str = "cv.docx", created_at: int = 1_670_935_153_000) -> Upsert:
    return Upsert(KEY, created_at, ResumeFile(location))


def test_an_unchanged_document_is_not_converted_again(night: Night) -> None:
    first = night.run(upsert(), Printer())
    assert isinstance(first, Upload)
    assert first.content is not None
    assert first.content.sha256 != first.content.origin
    again = Printer()
    assert isinstance(night.run(upsert(), again), Unchanged)
    assert again.converted == 0
    assert len(night.linkedin.bodies) == 1


@pytest.mark.parametrize("what", ["bytes", "created_at", "setting"])
def test_a_document_that_changed_is_sent_again(night: Night, what: str) -> None:
    night.run(upsert(), Printer())
    change, printer = upsert(), Printer()
    if what == "bytes":
        path = night.directory / "cv.docx"
        path.write_bytes(path.read_bytes() + b"\0")
    elif what == "created_at":
        change = upsert(created_at=1)
    else:
        printer = Printer(TEXT)
    assert isinstance(night.run(change, printer), Upload)
    assert printer.converted == 1
    assert len(night.linkedin.bodies) == 2


def test_a_text_that_was_made_utf_8_is_known_by_its_source(night: Night) -> None:
    (night.directory / "cv.txt").write_bytes("Zoë, née Øst".encode("utf-16"))
    assert isinstance(night.run(upsert("cv.txt")), Upload)
    assert night.linkedin.bodies == ["Zoë, née Øst".encode()]
    assert isinstance(night.run(upsert("cv.txt")), Unchanged)


def test_what_is_deleted_is_not_deleted_again(night: Night) -> None:
    night.run(upsert(), Printer())
    assert not isinstance(night.run(Delete(KEY)), Unchanged)
    assert isinstance(night.run(Delete(KEY)), Unchanged)
    assert isinstance(night.run(upsert(), Printer()), Upload)


def test_nothing_is_unchanged_behind_a_change_that_is_in_flight(night: Night) -> None:
    night.run(upsert(), Printer())
    ledger = Ledger(LedgerDB(night.directory / "ledger.db", OWNER), now=lambda: 1_800_000_000)
    sources = Sources(night.directory, convert=Printer(), fingerprints=Fingerprints(ledger.salt))
    uploader = Uploader(sources, night.linkedin, ledger)
    assert isinstance(uploader.upload(upsert(), None), Upload)
    sources.close()
    ledger.close()


def test_a_blob_that_is_used_again_is_told_with_the_hash_of_what_was_sent(night: Night) -> None:
    contents, printer = [], Printer()
    for _ in range(2):  # the first run is killed before its batch call
        ledger = Ledger(LedgerDB(night.directory / "ledger.db", OWNER), now=lambda: 1_800_000_000)
        fingerprints = Fingerprints(ledger.salt, "pdf")
        sources = Sources(night.directory, convert=printer, fingerprints=fingerprints)
        uploader = Uploader(sources, night.linkedin, ledger)
        done = uploader.upload(upsert(), uploader.look_up(upsert()))
        assert isinstance(done, Upload)
        assert done.content is not None
        contents.append(done.content.sha256)
        ledger.uploaded([Sent(upsert(), done)])
        sources.close()
        ledger.close()
    [body] = night.linkedin.bodies
    assert contents == [hashlib.sha256(body).hexdigest()] * 2


def test_an_imported_delivery_is_not_unchanged_behind_a_change_that_is_in_flight(
    night: Night,
) -> None:
    pseudonyms, change = Pseudonyms("k" * 40), upsert("cv.txt")
    (night.directory / "cv.txt").write_text("Jane Doe, cook")
    first = night.run(change)
    assert isinstance(first, Upload)
    assert first.content is not None
    (night.directory / "ledger.db").unlink()
    file = LedgerDB(night.directory / "ledger.db", OWNER)
    ids = pseudonyms.resume(KEY), pseudonyms.fingerprint(first.content, change.created_at)
    with file.written() as connection:
        connection.execute("INSERT INTO about VALUES ('audit_key_id', ?)", (pseudonyms.key_id,))
        row = (*map(bytes.fromhex, ids), first.urn, 1)
        connection.execute("INSERT INTO recovered VALUES (?, ?, ?, ?, NULL)", row)
    ledger = Ledger(file, now=lambda: 1_800_000_000, pseudonyms=pseudonyms)
    sources = Sources(night.directory, fingerprints=Fingerprints(ledger.salt))
    uploader = Uploader(sources, night.linkedin, ledger)
    # A deletion of the key waits for its batch: LinkedIn will not have the resume any more.
    assert isinstance(uploader.upload(change, None), Upload)
    assert isinstance(uploader.upload(change, uploader.look_up(change)), Unchanged)
    sources.close()
    ledger.close()


def test_a_source_that_fails_is_told_from_linkedin(night: Night) -> None:
    uploader = Uploader(Sources(night.directory), night.linkedin)
    with pytest.raises(Reject, match="file"):
        uploader.upload(upsert("none.pdf"), None)

    def busy(*_: object) -> str:
        raise Retry("busy")

    night.linkedin.upload_resume = busy  # type: ignore[method-assign,assignment]
    (night.directory / "cv.pdf").write_bytes((FILES / "resume.pdf").read_bytes())
    with pytest.raises(Retry, match="busy") as failed:
        uploader.upload(upsert("cv.pdf"), None)
    assert not failed.value.at_source


def test_a_client_that_waits_for_the_quota_goes_on_where_it_was(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures = [QuotaSpent("spent"), QuotaSpent("spent")]
    slept: list[float] = []
    observed: list[float] = []

    class Spent(LinkedIn):
        def batch_delete(self, keys: Sequence[ResumeKey]) -> Outcomes:
            if failures:
                raise failures.pop()
            return super().batch_delete(keys)

    waiting = QuotaWait(Spent(), slept.append, observed.append)
    assert waiting.batch_delete([KEY]) == {KEY: OK}
    assert slept == observed
    assert len(slept) == 2
    left = 86_400 - datetime.now(UTC).timestamp() % 86_400
    assert all(0 < seconds <= min(600, left + 5) for seconds in slept)
    assert caplog.text.count("on_quota=wait") == 1
