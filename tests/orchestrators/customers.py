"""Five customers on one sandbox: one that is well, and four with a trouble each."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from target_linkedin_resumes.sandbox.server import Running, running
from target_linkedin_resumes.sandbox.state import State
from tests.e2e.support import PDF

CUSTOMERS = ["alder", "birch", "cedar", "elm", "fir"]
WELL, WRONG, SPENT, REJECTING, FAILING = CUSTOMERS
FORGOTTEN = "grape"
"""On the orchestrator's list, but nobody has given it credentials."""
LISTED = [*CUSTOMERS, FORGOTTEN]
RESUMES = 5
"""What each of a customer's files of records holds."""
QUOTA = 20
DAY = 86_400
PREFIX = "TARGET_LINKEDIN_RESUMES_"


class Clock:
    """LinkedIn's clock, which a test sets forward. It begins at noon: no day ends by itself."""

    def __init__(self) -> None:
        now = time.time()
        self.ahead = DAY / 2 - now % DAY

    def __call__(self) -> float:
        return time.time() + self.ahead


@contextmanager
def linkedin(directory: Path, clock: Clock, **settings: Any) -> Iterator[Running]:
    """A LinkedIn with an application for each customer; one has spent its requests of the day."""
    directory.mkdir()
    settings["clients"] = {customer: f"secret-of-{customer}" for customer in CUSTOMERS}

    def spend(state: State) -> None:
        for _ in range(QUOTA):
            assert state.limits.take(SPENT, "batch") is None

    with running(directory, clock=clock, requests_per_day={"batch": QUOTA}, **settings) as sandbox:
        sandbox.ask(spend)
        yield sandbox


def variables(customer: str, directory: Path, sandbox: Running) -> dict[str, str]:
    """The settings of tap and target, the credentials left out; files and records are written."""
    files = directory / customer
    files.mkdir()
    (files / "cv.pdf").write_bytes(PDF)
    missing = [1] if customer in (REJECTING, FAILING) else []
    add_records(customer, directory, 1, missing)
    number = CUSTOMERS.index(customer) + 1
    target: dict[str, Any] = {
        "api_url": sandbox.url,
        "token_url": f"{sandbox.url}/oauth/v2/accessToken",
        "organization": str(1000 + number),
        "contract": str(2000 + number),
        "file_root": str(files),
        "batch_max_age_seconds": "1",
        "shutdown_grace_seconds": "1",
        "on_reject": "fail" if customer == FAILING else "continue",
        "rejects_path": str(files / "rejects.singer"),
        "fail_on_rejects": "true",
    }
    path = {"TAP_JSONL_PATH": str(files / "records-*.jsonl")}
    return {**path, **{PREFIX + name.upper(): value for name, value in target.items()}}


def add_records(customer: str, directory: Path, first: int, missing: list[int]) -> None:
    """Write one more file of records; the files of the ``missing`` are not there."""
    records = [
        {
            "candidate_id": f"{customer}-{one}",
            "resume_id": "R",
            "created_at": "2024-05-06",
            "file": "missing.pdf" if one in missing else "cv.pdf",
        }
        for one in range(first, first + RESUMES)
    ]
    lines = directory / customer / f"records-{first}.jsonl"
    lines.write_text("".join(json.dumps(record) + "\n" for record in records))


def add_records_of_all(directory: Path) -> None:
    """What comes along before the second tick."""
    for customer in CUSTOMERS:
        add_records(customer, directory, RESUMES + 1, [])


def secret(customer: str) -> str:
    """The client secret that the orchestrator has for a customer."""
    return "wrong" if customer == WRONG else f"secret-of-{customer}"


def mend(directory: Path) -> None:
    """Put the file there for which the run of a customer stops."""
    (directory / FAILING / "missing.pdf").write_bytes(PDF)


def check_held(sandbox: Running, ticks: int, customers: tuple[str, ...] = ()) -> None:
    """All that can be loaded is, whatever became of the others.

    ``ticks`` is how often all were loaded; ``customers`` are those who are well besides.
    """
    held = {one["candidate_id"] for one in sandbox.snapshot()["resumes"]}
    loaded = (WELL, REJECTING, FAILING, *customers)
    numbers = range(1, ticks * RESUMES + 1)
    whole = {f"{customer}-{one}" for customer in loaded for one in numbers}
    assert held == whole - {f"{REJECTING}-1"}
    assert sandbox.snapshot()["breaches"] == []


def check_private(said: str) -> None:
    """No secret is in a log."""
    for customer in CUSTOMERS:
        assert f"secret-of-{customer}" not in said
