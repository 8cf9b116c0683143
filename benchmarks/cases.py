"""What is measured: the cases, and the Singer streams they are made of."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KIB, MIB = 1024, 1024 * 1024
PER_MINUTE = 10_000
# The highest that the setting records_per_minute takes: the limiter opened. No case sends more
# records as a whole, so that it is never in the way.
OPEN = 1_000_000
DISTINCT_FILES = 8
STATE_EVERY = 1000
WIDE_FIELDS = 45
MILLION = 1_000_000
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@dataclass(frozen=True)
class Case:
    """One case. ``records``, ``peer`` and ``floor`` are how many each of them is given (0: none).

    ``latency`` is in milliseconds by kind of call, ``size`` in bytes; 0 means deletions.
    """

    name: str
    size: int
    records: int
    peer: int
    floor: int = 0
    latency: dict[str, int] = field(default_factory=dict)
    web: bool = False
    tls: bool = False
    batch_files: bool = False
    fields: int = 0
    settings: dict[str, int] = field(default_factory=dict)
    ledger: str = ""
    """Whether a ledger is kept: "new", or one that "knows" all the records as delivered."""
    others: int = 0
    """How many resumes besides them a ledger knows already."""
    rows: bool = False
    """Whether the tap has a key of its own, so that the ledger keeps which row names what."""
    outage: tuple[float, float] | None = None
    """For how long LinkedIn answers nothing but 503: seconds after the first call, and length."""
    limited: bool = False
    """Whether LinkedIn's limit is on: the run then goes on for minutes, once."""

    @property
    def long(self) -> bool:
        """Whether one run is long enough to be a measurement by itself."""
        return self.limited or self.records >= MILLION

    @property
    def concurrency(self) -> int:
        """The ceiling of uploads at a time; 64 is the default."""
        return self.settings.get("upload_concurrency", 64)

    @property
    def ceiling(self) -> float | None:
        """Records a second that the latencies alone permit, batches going one after another."""
        of_upload = self.latency.get("url", 0) + self.latency.get("upload", 0)
        rates = []
        if of_upload and self.size:
            rates.append(1000 * self.concurrency / of_upload)
        if self.latency.get("batch"):
            rates.append(1000 * 100 / self.latency["batch"])
        return min(rates, default=None)

    @property
    def latency_text(self) -> str:
        """The latencies as the server takes them."""
        return ",".join(f"{kind}={value}" for kind, value in self.latency.items())


_NEAR = {"url": 20, "upload": 20, "batch": 20}
_USUAL = {"url": 100, "upload": 150, "batch": 300}
_FAR = {"url": 400, "upload": 600, "batch": 900}

_MANY = {"upload_concurrency": 160}

USUAL = "60 KB, 100/150/300 ms"
USUAL_MANY = f"{USUAL}, 160 at once"
FAR_MANY = "60 KB, 400/600/900 ms, 160 at once"
LIMITED = "2 KB, 100/150/300 ms, limiter on"
LARGE = "10 MB from the web, 1 s"
WEB = "60 KB from the web"
# What has nothing to upload.
LIGHT = ("deletions", "deletions of 45 fields", "deletions in a BATCH file")
_UNCHANGED, _WITH_ROWS = "unchanged", "unchanged, with rows"
_TEN_MILLION = "unchanged, a ledger of ten million"
# And how many a second there are to be.
UNCHANGED = {_UNCHANGED: 25_000, _WITH_ROWS: 25_000, _TEN_MILLION: 10_000}

CASES = (
    Case("60 KB", 60 * KIB, 3000, 1000, 2000),
    Case("60 KB, TLS", 60 * KIB, 3000, 1000, 2000, tls=True),
    Case(WEB, 60 * KIB, 3000, 1000, web=True),
    Case("60 KB, a new ledger", 60 * KIB, 3000, 0, ledger="new"),
    Case("2 KB", 2 * KIB, 3000, 1000, 2000),
    Case("1 MB", MIB, 2000, 500, 500),
    Case("10 MB", 10 * MIB - 1, 300, 100, 100),
    Case(LARGE, 10 * MIB - 1, 300, 0, latency={"upload": 1000}, web=True),
    Case("60 KB, 20 ms", 60 * KIB, 4000, 150, latency=_NEAR),
    Case(USUAL, 60 * KIB, 4000, 20, latency=_USUAL),
    Case(USUAL_MANY, 60 * KIB, 6000, 0, latency=_USUAL, settings=_MANY),
    Case(FAR_MANY, 60 * KIB, 4000, 8, latency=_FAR, settings=_MANY),
    Case(LIGHT[0], 0, MILLION, 20_000, 50_000),
    Case(LIGHT[1], 0, 100_000, 10_000, 20_000, fields=WIDE_FIELDS),
    Case(LIGHT[2], 0, MILLION, 20_000, batch_files=True),
    Case(_UNCHANGED, 2 * KIB, MILLION, 0, ledger="knows"),
    Case(_WITH_ROWS, 2 * KIB, MILLION, 0, ledger="knows", rows=True),
    Case(_TEN_MILLION, 2 * KIB, MILLION, 0, ledger="knows", others=9 * MILLION, rows=True),
    Case(
        LIMITED,
        2 * KIB,
        5 * PER_MINUTE + 100,
        0,
        latency=_USUAL,
        settings={"records_per_minute": PER_MINUTE},
        limited=True,
    ),
)

_PROPERTIES: dict[str, Any] = {
    "id": {"type": ["string", "null"]},
    "candidate_id": {"type": "string"},
    "resume_id": {"type": "string"},
    "created_at": {"type": ["string", "null"], "format": "date-time"},
    "file": {"type": ["string", "null"]},
    "_sdc_deleted_at": {"type": ["string", "null"], "format": "date-time"},
}
_COLUMNS: tuple[tuple[dict[str, Any], Any], ...] = (
    ({"type": ["string", "null"]}, "a text of ordinary length"),
    ({"type": ["integer", "null"]}, 123_456),
    ({"type": ["number", "null"]}, 1234.5),
    ({"type": ["boolean", "null"]}, True),
    ({"type": ["string", "null"], "format": "date-time"}, "2024-05-01T10:00:00Z"),
    ({"type": ["string", "null"]}, None),
)


def write_files(case: Case, root: Path) -> None:
    """Write the files that the records refer to."""
    root.mkdir(exist_ok=True)
    if case.size and not case.web:
        for number in range(DISTINCT_FILES):
            content = PDF + b"%% %d\n" % number
            (root / f"{number}.pdf").write_bytes(content.ljust(case.size, b"%"))


def write_stream(case: Case, records: int, url: str, scratch: Path) -> Path:
    """Write the Singer stream of so many records, 0 for an empty run; gives its path."""
    path = scratch / "stream.singer"
    wide = {f"column_{n}": _COLUMNS[n % len(_COLUMNS)] for n in range(case.fields - 3)}
    properties = _PROPERTIES | {name: schema for name, (schema, _) in wide.items()}
    more = {name: value for name, (_, value) in wide.items()}
    with path.open("w", encoding="utf-8") as stream:

        def put(message: dict[str, Any]) -> None:
            stream.write(json.dumps(message) + "\n")

        schema = {"type": "object", "properties": properties}
        keys = ["id"] if case.rows else ["candidate_id", "resume_id"]
        put({"type": "SCHEMA", "stream": "resumes", "schema": schema, "key_properties": keys})
        if case.batch_files and records:
            packed = scratch / "records.jsonl.gz"
            with gzip.open(packed, "wt", encoding="utf-8", compresslevel=1) as file:
                for record in _records(case, records, url, more):
                    file.write(json.dumps(record) + "\n")
            encoding = {"format": "jsonl", "compression": "gzip"}
            manifest = [packed.as_uri()]
            put({"type": "BATCH", "stream": "resumes", "encoding": encoding, "manifest": manifest})
        elif records:
            for number, record in enumerate(_records(case, records, url, more), 1):
                put({"type": "RECORD", "stream": "resumes", "record": record})
                if number % STATE_EVERY == 0:
                    put(_state(number))
        put(_state(records))
    return path


def record_of(case: Case, number: int, url: str) -> dict[str, Any]:
    """Give the record of this number: of a deletion, or of a file on the disk or at ``url``."""
    ids = {"candidate_id": f"candidate-{number:07}", "resume_id": f"resume-{number:07}"}
    if case.rows:
        ids["id"] = f"{number:08}"
    if not case.size:
        return ids | {"_sdc_deleted_at": "2024-06-01T00:00:00Z"}
    file = f"{url}/file/{case.size}" if case.web else f"{number % DISTINCT_FILES}.pdf"
    return ids | {"created_at": "2024-05-01T10:00:00Z", "file": file}


def _records(case: Case, count: int, url: str, more: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield record_of(case, number, url) | more


def _state(number: int) -> dict[str, Any]:
    return {"type": "STATE", "value": {"bookmarks": {"resumes": number}}}
