"""An outage of LinkedIn: its endpoint is left alone, and all arrives when it is over."""

from __future__ import annotations

import signal
import socket
import threading
import time
from typing import Any

import pytest

from tests.e2e.conftest import MakeBench
from tests.e2e.support import SCHEMA, Bench, line, record, state
from tests.http.servers import serving

RECORDS = 300
# How long an outage lasts here, in seconds by the sandbox's journal, and how many calls it may see:
# those that were under way when it began, and some that ask whether it is over.
LASTS = 4
FEW, MANY = 20, 84
_PATIENCE = 60


def until_failing_for(bench: Bench, endpoint: str, seconds: float) -> None:
    """Wait until calls to an endpoint have failed for so long."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        calls = [e["at"] for e in bench.sandbox.journal() if e["endpoint"] == endpoint]
        if calls and time.time() * 1000 > calls[0] + seconds * 1000:
            return
        assert time.monotonic() < deadline, "no call is made"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("endpoint", "most", "fault"),
    [
        ("token", FEW, {"kind": "status", "status": 503}),
        ("batch_update", FEW, {"kind": "reset_before"}),
        ("url", MANY, {"kind": "status", "status": 429, "retry_after": 2}),
        ("upload", MANY, {"kind": "status", "status": 500}),
    ],
)
def test_an_outage_is_waited_out(
    make_bench: MakeBench, endpoint: str, most: int, fault: dict[str, Any]
) -> None:
    bench = make_bench()
    file = bench.file("cv.pdf")
    stream = [SCHEMA, *(record(number, "r", file) for number in range(RECORDS)), state(RECORDS)]
    bench.sandbox.set_faults({"endpoint": endpoint, **fault})
    with bench.start() as process:
        assert process.stdin is not None
        process.stdin.write(b"".join(map(line, stream)))
        process.stdin.flush()
        until_failing_for(bench, endpoint, LASTS)
        failed = [e for e in bench.sandbox.journal() if e["endpoint"] == endpoint]
        bench.sandbox.set_faults()
        out, _ = process.communicate(timeout=150)
        done = bench.finished(process.returncode, out)
    assert 2 <= len(failed) <= most, f"{len(failed)} calls"
    assert done.code == 0, done.log
    assert len(bench.held()) == RECORDS
    assert bench.sandbox.snapshot()["breaches"] == []
    levels = [row.split("|")[1].strip() for row in done.log.splitlines() if row.count("|") >= 3]
    assert "WARNING" in levels


def test_a_run_that_waits_for_linkedin_ends_when_it_is_told_to(make_bench: MakeBench) -> None:
    bench = make_bench()
    stream = [SCHEMA, *(record(number, "r", bench.file("cv.pdf")) for number in range(100))]
    fault = {"kind": "status", "status": 503, "retry_after": 600}
    bench.sandbox.set_faults({"endpoint": "url", **fault})
    with bench.start(shutdown_grace_seconds=300) as process:
        assert process.stdin is not None
        process.stdin.write(b"".join(map(line, stream)))
        process.stdin.flush()
        until_failing_for(bench, "url", 1)
        process.terminate()
        assert process.wait(60) == 143


def test_an_endpoint_that_takes_calls_and_does_not_answer_is_told(bench: Bench) -> None:
    """It gives a byte now and then, so that the connection lives."""
    over = threading.Event()

    def drip(connection: socket.socket, number: int) -> None:
        del number
        for byte in b"HTTP/1.1 200 OK\r\n" * 10:
            connection.send(bytes([byte]))
            if over.wait(0.5):
                return

    stream = [SCHEMA, record(1, "r", bench.file("cv.pdf")), state(1)]
    with serving(drip) as port, bench.start(token_url=f"http://127.0.0.1:{port}/t") as process:
        assert process.stdin is not None
        process.stdin.write(b"".join(map(line, stream)))
        process.stdin.flush()
        deadline = time.monotonic() + _PATIENCE
        while "has not answered for 5 s: no call has succeeded" not in said(bench):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        over.set()
        process.send_signal(signal.SIGTERM)
        assert process.wait(_PATIENCE) == 143
    assert "ERROR" in next(text for text in said(bench).splitlines() if "has not answered" in text)


def said(bench: Bench) -> str:
    return (bench.directory / "log.txt").read_text()
