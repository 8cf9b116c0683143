"""A ledger that knows a whole stream as delivered, written by the target's own classes.

Delivering a million resumes first would take longer than all the rest of the benchmark. What else
a ledger is to know is copied within it, under other keys.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.cases import DISTINCT_FILES, Case, record_of
from target_linkedin_resumes.app import owner_of, sources_of
from target_linkedin_resumes.engine.interfaces import Confirmed, Sent
from target_linkedin_resumes.engine.types import Upload
from target_linkedin_resumes.errors import Confirmation
from target_linkedin_resumes.records import Content, Provenance, Row, Upsert, read_change
from target_linkedin_resumes.resumes.etags import Fingerprints
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.settings import read_settings
from target_linkedin_resumes.sinks import row_text
from target_linkedin_resumes.stores.ledger import Ledger
from target_linkedin_resumes.stores.ledger_db import LedgerDB

AT_ONCE = 400
# What the ledger's other resumes are copies of, where the run's own records are not in it.
SEEDS = 10_000
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


def multiply(path: Path, others: int) -> None:
    """Have a ledger know so many resumes more."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -2000000"):
            connection.execute(f"PRAGMA {pragma}")
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(resumes)")]
        columns.remove("number")
        new = {"key": "randomblob(16)", "row": "iif(row IS NULL, NULL, randomblob(16))"}
        values = ", ".join(new.get(name, name) for name in columns)
        copied = f"SELECT {values} FROM resumes LIMIT ?"
        left = others
        while left:
            statement = f"INSERT INTO resumes ({', '.join(columns)}) {copied}"
            left -= connection.execute(statement, (left,)).rowcount


def _upsert(case: Case, number: int) -> Upsert:
    record = record_of(case, number, "")
    keys = ("id",) if case.rows else ()
    row = Row(row_text("resumes", [record["id"]]), "resumes", keys) if keys else None
    change = read_change(record, Provenance("resumes", record, row=row))
    assert isinstance(change, Upsert)
    return change


def _content(sources: Sources, change: Upsert) -> Content:
    with sources.open(change.file, is_unchanged=lambda _: False) as resume:
        content = resume.content
    assert content is not None
    assert content.tag is not None  # else the target would read the file once more
    return content
