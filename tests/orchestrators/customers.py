"""Five customers on one sandbox: one that is well, and four with a trouble each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from target_linkedin_resumes.sandbox.server import Running, running
from target_linkedin_resumes.sandbox.state import State
from tests.e2e.support import PDF

CUSTOMERS = ["alder", "birch", "cedar", "elm", "fir"]
WELL, WRONG, SPENT, REJECTING, FAILING = CUSTOMERS
RESUMES = 5
QUOTA = 20
PREFIX = "TARGET_LINKEDIN_RESUMES_"


@contextmanager
def linkedin(directory: Path) -> Iterator[Running]:
    """A LinkedIn with an application for each customer; one has spent its requests of the day."""
    directory.mkdir()
    secrets = {customer: f"secret-of-{customer}" for customer in CUSTOMERS}

    def spend(state: State) -> None:
        for _ in range(QUOTA):
            assert state.limits.take(SPENT, "batch") is None

    with running(directory, clients=secrets, requests_per_day={"batch": QUOTA}) as sandbox:
        sandbox.ask(spend)
        yield sandbox


def variables(customer: str, directory: Path, sandbox: Running) -> dict[str, str]:
    """The settings of tap and target, the credentials left out; files and records are written."""
    files = directory / customer
    files.mkdir()
    number = CUSTOMERS.index(customer) + 1
    records = [
        {
            "candidate_id": f"{customer}-{one}",
            "resume_id": "R",
            "created_at": "2024-05-06",
            "file": "missing.pdf" if customer in (REJECTING, FAILING) and one == 1 else "cv.pdf",
        }
        for one in range(1, RESUMES + 1)
    ]
    (files / "cv.pdf").write_bytes(PDF)
    lines = files / "records.jsonl"
    lines.write_text("".join(json.dumps(record) + "\n" for record in records))
    target: dict[str, Any] = {
        "api_url": sandbox.url,
        "token_url": f"{sandbox.url}/oauth/v2/accessToken",
        "organization": str(1000 + number),
        "contract": str(2000 + number),
        "file_root": str(files),
        "batch_max_age_seconds": "1",
        "on_reject": "fail" if customer == FAILING else "continue",
        "rejects_path": str(files / "rejects.singer"),
        "fail_on_rejects": "true",
    }
    return {"TAP_JSONL_PATH": str(lines), **{PREFIX + k.upper(): v for k, v in target.items()}}


def secret(customer: str) -> str:
    """The client secret that the orchestrator has for a customer."""
    return "wrong" if customer == WRONG else f"secret-of-{customer}"


def mend(directory: Path) -> None:
    """Put the file there for which the run of a customer stops."""
    (directory / FAILING / "missing.pdf").write_bytes(PDF)


def check_held(sandbox: Running) -> None:
    """Those that can be loaded are, whatever became of the others."""
    held = {one["candidate_id"] for one in sandbox.snapshot()["resumes"]}
    whole = {f"{customer}-{one}" for customer in (WELL, FAILING) for one in range(1, RESUMES + 1)}
    assert held == whole | {f"{REJECTING}-{one}" for one in range(2, RESUMES + 1)}
    assert sandbox.snapshot()["breaches"] == []
