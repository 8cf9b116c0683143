"""A ledger that knows a whole stream as delivered, written by the target's own classes.

Delivering a million resumes first would take longer than all the rest of the benchmark.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from benchmarks.cases import DISTINCT_FILES, Case, record_of
from target_linkedin_resumes.app import owner_of, sources_of
from target_linkedin_resumes.engine.interfaces import Confirmed, Sent
from target_linkedin_resumes.engine.types import Content, Upload
from target_linkedin_resumes.errors import Confirmation
from target_linkedin_resumes.records import Upsert, read_change
from target_linkedin_resumes.resumes.etags import Fingerprints
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.settings import read_settings
from target_linkedin_resumes.stores.ledger import Ledger
from target_linkedin_resumes.stores.ledger_db import LedgerDB

AT_ONCE = 400
# For so long after it was written, a file's times do not prove that it stayed the same.
_FRESH_SECONDS = 2.5


def prepare(case: Case, numbers: range, config: Mapping[str, Any]) -> None:
    """Write the ledger that ``config`` names: these records were delivered as they are now."""
    settings = read_settings(config)
    assert settings.ledger_path is not None
    time.sleep(_FRESH_SECONDS)
    with closing(
        Ledger(LedgerDB(settings.ledger_path, owner_of(settings)), now=time.time)
    ) as ledger:
        sources = sources_of(settings, Fingerprints(ledger.salt, settings.convert))
        contents = [_content(sources, _upsert(case, number)) for number in range(DISTINCT_FILES)]
        for some in (numbers[n : n + AT_ONCE] for n in range(0, len(numbers), AT_ONCE)):
            changes = [_upsert(case, number) for number in some]
            uploads = [
                Upload(f"urn:li:ambryBlob:/{number}", case.size, contents[number % DISTINCT_FILES])
                for number in some
            ]
            pairs = list(zip(changes, uploads, strict=True))
            ledger.sending([Sent(change, upload) for change, upload in pairs])
            confirmation = Confirmation(204)
            ledger.confirmed([Confirmed(change, upload, confirmation) for change, upload in pairs])


def _upsert(case: Case, number: int) -> Upsert:
    change = read_change(record_of(case, number, ""), stream="resumes")
    assert isinstance(change, Upsert)
    return change


def _content(sources: Sources, change: Upsert) -> Content:
    with sources.open(change.file, is_unchanged=lambda _: False) as resume:
        about = resume.described
    assert about is not None
    assert about.fingerprint is not None  # else the target would read the file once more
    return Content(
        about.sha256, about.filename, about.content_type, about.fingerprint, about.origin
    )
