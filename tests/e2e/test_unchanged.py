"""A hundred thousand resumes that have not changed: read through, and nothing else."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from target_linkedin_resumes.engine.interfaces import Confirmed, Sent
from target_linkedin_resumes.engine.types import Upload
from target_linkedin_resumes.errors import Confirmation
from target_linkedin_resumes.records import Content, Provenance, ResumeKey, Upsert, read_change
from target_linkedin_resumes.resumes.etags import Fingerprints
from target_linkedin_resumes.resumes.local import LocalFiles
from target_linkedin_resumes.stores.ledger import Ledger
from target_linkedin_resumes.stores.ledger_db import LedgerDB
from tests.e2e.conftest import MakeBench
from tests.e2e.support import PDF, SCHEMA, Bench, record, state
from tests.e2e.test_memory import MIB, peak_of

pytestmark = pytest.mark.alone

MANY, FEW = 100_000, 10_000
LINKS = 10_000  # file systems allow no more than some ten thousands for one file
OWNER = {"organization": "urn:li:organization:1234567890", "contract": "urn:li:contract:123456"}


def name(number: int) -> str:
    return f"{number}.pdf"


def resume(number: int) -> dict[str, Any]:
    return record(f"candidate-{number}", f"resume-{number}", name(number))


def stream(count: int) -> Iterator[dict[str, Any]]:
    yield SCHEMA
    for number in range(count):
        yield resume(number)
        if number % 1000 == 999:
            yield state(number + 1)


def prepare(bench: Bench) -> None:
    """Write the files, and a ledger that says that LinkedIn holds them all."""
    for number in range(MANY):
        if number % LINKS == 0:
            first = bench.files / bench.file(name(number))
        else:
            os.link(first, bench.files / name(number))
    file = LedgerDB(bench.directory / "ledger.db", OWNER)
    ledger = Ledger(file, now=time.time)
    fingerprints, files = Fingerprints(ledger.salt, "reject"), LocalFiles(bench.files)
    sha256 = hashlib.sha256(PDF).hexdigest()
    for begin in range(0, MANY, 100):
        batch = []
        for number in range(begin, begin + 100):
            change = read_change(resume(number)["record"], Provenance("resumes"))
            assert isinstance(change, Upsert)
            assert change.key == ResumeKey(f"candidate-{number}", f"resume-{number}")
            fingerprint = fingerprints.make(change.file, files.validators(name(number)))
            content = Content(sha256, name(number), "application/pdf", fingerprint)
            batch.append((change, Upload(f"urn:li:ambryBlob:/{number}", len(PDF), content)))
        ledger.sending([Sent(change, upload) for change, upload in batch])
        ledger.confirmed([Confirmed(change, upload, Confirmation(204)) for change, upload in batch])
    ledger.close()


def test_unchanged_resumes_cost_no_call_and_no_memory(measured_bench: MakeBench) -> None:
    bench = measured_bench()
    prepare(bench)
    settings = {"ledger_path": str(bench.directory / "ledger.db")}
    peaks = {}
    for count in (FEW, MANY):
        peaks[count] = peak_of(bench, stream(count), **settings)
        log = (bench.directory / "log.txt").read_text()
        assert f"{count} unchanged" in log
        assert "0 delivered" in log
    assert bench.sandbox.journal() == []
    assert peaks[MANY] < peaks[FEW] + 8 * MIB
    assert peaks[MANY] < 160 * MIB
