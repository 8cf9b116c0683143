"""Seven customers on one sandbox: one that is well, and six with a trouble each."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from target_linkedin_resumes.sandbox.server import Running, running
from target_linkedin_resumes.sandbox.state import State
from tests.docs.documents import ROOT
from tests.e2e.support import PDF

CUSTOMERS = ["alder", "birch", "cedar", "elm", "fir", "hazel", "larch"]
WELL, KILLED, REJECTING, OUTSTANDING, WRONG, SPENT, FAILING = CUSTOMERS
HELD = (WELL, KILLED, REJECTING, OUTSTANDING)
"""Those who meet in the middle of the first tick: as many as are loaded at the same time."""
FORGOTTEN = "yew"
"""On the orchestrator's list, but nobody has given it credentials."""
LISTED = [*CUSTOMERS, FORGOTTEN]
RESUMES = 5
"""How many resumes each of a customer's files of records brings."""
QUOTA = 20
DAY = 86_400
REFUSAL = {
    "endpoint": "batch_delete",
    "kind": "key_status",
    "status": 422,
    "keys": [[f"{OUTSTANDING}-0", "R"]],
}
BARRIER = {
    "endpoint": "batch_update",
    "kind": "status",
    "status": 503,
    "retry_after": 1,
    "keys": [[f"{one}-{number}", "R"] for one in HELD for number in range(1, 2 * RESUMES + 1)],
}
"""Whoever comes here waits, and ends neither well nor badly, until the fault is taken away."""
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
    if customer == OUTSTANDING:
        with (files / "records-1.jsonl").open("a") as lines:
            lines.write(json.dumps(record(customer, 0, _sdc_deleted_at="2024-05-07")) + "\n")
    settings = target(customer, files, sandbox)
    path = {"TAP_JSONL_PATH": str(files / "records-*.jsonl")}
    return {**path, **{PREFIX + name.upper(): value for name, value in settings.items()}}


def target(customer: str, files: Path, sandbox: Running) -> dict[str, str]:
    """The target's settings, the credentials left out."""
    number = CUSTOMERS.index(customer) + 1
    return {
        "api_url": sandbox.url,
        "token_url": f"{sandbox.url}/oauth/v2/accessToken",
        "organization": str(1000 + number),
        "contract": str(2000 + number),
        "file_root": str(files),
        "batch_max_age_seconds": "1",
        "retry_seconds": "600",
        "shutdown_grace_seconds": "1",
        "on_reject": "fail" if customer == FAILING else "continue",
        "rejects_path": str(files / "rejects.singer"),
        "fail_on_rejects": "true",
        "ledger_path": str(files / "ledger.sqlite"),
    }


def deliver_earlier(directory: Path, sandbox: Running) -> None:
    """Have LinkedIn hold the resume that its customer deletes at the first tick."""
    files = directory / OUTSTANDING
    config, stream = files / "config.json", files / "earlier.singer"
    credentials = {"client_id": OUTSTANDING, "client_secret": secret(OUTSTANDING)}
    config.write_text(json.dumps({**target(OUTSTANDING, files, sandbox), **credentials}))
    messages = [
        {
            "type": "SCHEMA",
            "stream": "resumes",
            "schema": {"properties": {}},
            "key_properties": ["candidate_id", "resume_id"],
        },
        {"type": "RECORD", "stream": "resumes", "record": record(OUTSTANDING, 0)},
    ]
    stream.write_text("".join(json.dumps(message) + "\n" for message in messages))
    program = ROOT / ".venv/bin/target-linkedin-resumes"
    subprocess.run(
        [program, "--config", config, "--input", stream], check=True, capture_output=True
    )


def add_records(customer: str, directory: Path, first: int, missing: list[int]) -> None:
    """Write one more file of records; the files of the ``missing`` are not there."""
    records = [
        record(customer, one, file="missing.pdf" if one in missing else "cv.pdf")
        for one in range(first, first + RESUMES)
    ]
    lines = directory / customer / f"records-{first}.jsonl"
    lines.write_text("".join(json.dumps(record) + "\n" for record in records))


def record(customer: str, number: int, **more: str) -> dict[str, str]:
    """One of a customer's resumes."""
    key = {"candidate_id": f"{customer}-{number}", "resume_id": "R"}
    return {**key, "created_at": "2024-05-06", "file": "cv.pdf", **more}


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


def all_wait(sandbox: Running) -> bool:
    """Whether all of the held are at the barrier: they go on at the same time, in the middle."""
    waiting = {one["client"] for one in sandbox.journal() if one["fault"] == "status"}
    return waiting == set(HELD)


def close_barrier(sandbox: Running) -> None:
    """Let nobody of the held come to an end. LinkedIn refuses a deletion."""
    sandbox.set_faults(BARRIER, REFUSAL)


def open_barrier(sandbox: Running) -> None:
    """Let all go on. LinkedIn still refuses that deletion."""
    sandbox.set_faults(REFUSAL)


def kill(customer: str) -> None:
    """End Meltano's run of a customer by SIGKILL: Meltano, the target and the tap."""
    signs = (f"--state-id-suffix={customer} ", f"/customers/{customer}/")
    ps = ["ps", "-A", "-ww", "-o", "pid=,args="]
    listed = subprocess.run(ps, check=True, capture_output=True, text=True).stdout
    processes = [one.split(maxsplit=1) for one in listed.splitlines()]
    killed = [int(pid) for pid, args in processes if any(sign in args for sign in signs)]
    assert len(killed) >= 2  # the tap may have ended
    for pid in killed:
        os.kill(pid, signal.SIGKILL)


def let_time_pass(directory: Path) -> None:
    """Have Meltano take the killed run for one of an hour ago, as it is at the next tick."""
    with closing(sqlite3.connect(directory / "meltano.db")) as meltano, meltano:
        changed = meltano.execute(
            "UPDATE runs SET last_heartbeat_at = datetime(last_heartbeat_at, '-1 hour')"
            " WHERE state = 'RUNNING' AND job_name LIKE ?",
            (f"%:{KILLED}",),
        )
        assert changed.rowcount == 1


def most_at_once(directory: Path) -> int:
    """How many of Meltano's runs went on at the same time."""
    with closing(sqlite3.connect(directory / "meltano.db")) as meltano:
        spans = meltano.execute(
            "SELECT started_at, coalesce(ended_at, last_heartbeat_at) FROM runs"
        ).fetchall()
    changes = [(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans]
    running = most = 0
    for _, change in sorted(changes):
        running += change
        most = max(most, running)
    return most


def check_held(sandbox: Running, ticks: int, *more: str) -> None:
    """All that can be loaded is, whatever became of the others.

    ``ticks`` is how often all were loaded; ``more`` are those who are well besides.
    """
    loaded = (WELL, REJECTING, OUTSTANDING, FAILING, *more)
    numbers = range(1, ticks * RESUMES + 1)
    whole = {f"{customer}-{one}" for customer in loaded for one in numbers}
    whole.discard(f"{REJECTING}-1")
    if ticks == 1:  # LinkedIn has refused to delete it
        whole.add(f"{OUTSTANDING}-0")
    assert {one["candidate_id"] for one in sandbox.snapshot()["resumes"]} == whole
    assert sandbox.snapshot()["breaches"] == []


def check_apart(directory: Path, project: Path) -> None:
    """What a customer's runs have written down is about that customer alone."""
    with closing(sqlite3.connect(directory / "meltano.db")) as meltano:
        states = dict(meltano.execute("SELECT state_id, completed_state FROM state"))
    for customer in CUSTOMERS:
        rejects = directory / customer / "rejects.singer"
        state = [text for name, text in states.items() if name.endswith(f":{customer}")]
        written = [*state, rejects.read_text() if rejects.exists() else ""]
        for other in set(CUSTOMERS) - {customer}:
            assert not any(f"{other}-" in text or f"/{other}/" in text for text in written)
        if customer in (WELL, KILLED, REJECTING, OUTSTANDING, FAILING):
            (text,) = state
            assert f"/{customer}/records-{RESUMES + 1}.jsonl" in text
            assert known(directory / customer / "ledger.sqlite") == held(customer)
    left = {one.name for one in (project / ".meltano" / "customers").iterdir()}
    assert left == {f"{customer}.lock" for customer in CUSTOMERS}


def held(customer: str) -> int:
    """How many resumes LinkedIn holds of a customer after the second tick."""
    return 2 * RESUMES - (customer == REJECTING)


def known(ledger: Path) -> int:
    """How many resumes a ledger knows LinkedIn to hold."""
    asked = subprocess.run(
        [ROOT / ".venv/bin/target-linkedin-resumes-ledger", "--ledger", ledger, "status", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(json.loads(asked.stdout)["resumes"]["delivered"]["count"])


def check_private(said: str) -> None:
    """No secret is in a log."""
    for customer in CUSTOMERS:
        assert f"secret-of-{customer}" not in said
