"""Nothing of a resume that was deleted is left in the ledger's files, whatever ended the run."""

from __future__ import annotations

import hashlib
import random
import shutil
import time
from pathlib import Path

from target_linkedin_resumes.engine.interfaces import Confirmed, Sent
from target_linkedin_resumes.engine.types import Upload
from target_linkedin_resumes.errors import Confirmation
from target_linkedin_resumes.records import (
    Content,
    Delete,
    Provenance,
    ResumeFile,
    ResumeKey,
    Upsert,
)
from target_linkedin_resumes.stores.ledger import Ledger
from target_linkedin_resumes.stores.ledger_db import LedgerDB

OWNER = {"organization": "urn:li:organization:1", "contract": "urn:li:contract:2"}
DONE = Confirmation(204)


def write(ledger: Ledger, change: Upsert | Delete, upload: Upload | None) -> None:
    if isinstance(change, Upsert) and upload is not None:
        ledger.uploaded([Sent(change, upload)])
    ledger.sending([Sent(change, upload)])
    ledger.confirmed([Confirmed(change, upload, DONE)])


def traces(number: int) -> list[bytes]:
    """What must not be left of a resume: ids, URN and content hash."""
    texts = (f"candidate-{number:04}-", f"resume-{number:04}-", f"blob-{number:04}-")
    return [*(text.encode() for text in texts), hash_of(number)]


def hash_of(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def test_neither_after_a_run_nor_after_a_killed_one(tmp_path: Path) -> None:
    chance = random.Random(5)
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(LedgerDB(path, OWNER), now=time.time)
    keys: list[ResumeKey] = []
    held: list[int] = []
    gone: set[int] = set()
    for number in range(240):
        # Ids of many lengths, so that rows move when pages fill up and are split.
        pad = "x" * chance.randrange(80)
        keys.append(ResumeKey(f"candidate-{number:04}-{pad}", f"resume-{number:04}-{pad}"))
        change = Upsert(
            keys[number], 1_700_000_000_000, ResumeFile("cv.pdf"), Provenance("resumes")
        )
        for version in range(chance.randrange(1, 3)):
            content = Content(hash_of(number).hex(), f"{version}.pdf", "application/pdf")
            write(ledger, change, Upload(f"urn:blob-{number:04}-{version}{pad}", 3, content))
        held.append(number)
        if chance.random() < 0.4:
            gone.add(taken := held.pop(chance.randrange(len(held))))
            write(ledger, Delete(keys[taken]), None)
        if number % 80 == 79:
            check(killed_and_opened(path, tmp_path / f"killed-{number}"), held, gone)
    ledger.close()
    check(tmp_path, held, gone)


def killed_and_opened(path: Path, copy: Path) -> Path:
    """What a run that is killed now leaves, after the next run has opened and closed it."""
    copy.mkdir()
    for file in (path, path.with_name(path.name + "-wal")):
        shutil.copy(file, copy / file.name)
    LedgerDB(copy / path.name, OWNER).close()
    return copy


def check(directory: Path, held: list[int], gone: set[int]) -> None:
    data = b"".join(file.read_bytes() for file in directory.glob("ledger.sqlite*"))
    assert gone
    for number in gone:
        for trace in traces(number):
            assert trace not in data, f"{trace!r} is left"
    for number in held:
        for trace in traces(number):
            assert trace in data
