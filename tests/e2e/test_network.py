"""A bad network: all arrives, or the run stops clearly with a true state."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from target_linkedin_resumes.sandbox.server import running
from tests.e2e.proxy import Proxy, Toxic, proxying
from tests.e2e.support import (
    SCHEMA,
    Bench,
    Finished,
    History,
    covered,
    deletion,
    line,
    record,
    state,
)
from tests.http.servers import PEM, read_request, serving

EVENTS = 120
TIMEOUT = 1


@contextlib.contextmanager
def behind(directory: Path, toxic: Toxic) -> Iterator[tuple[Bench, History, Proxy]]:
    """A bench whose configuration leads to a proxy in front of its sandbox."""
    data = directory / "linkedin"
    data.mkdir(parents=True)
    with running(data) as sandbox, proxying(sandbox.url, toxic) as proxy:
        bench = Bench(directory, sandbox)
        bench.settings = {
            "api_url": proxy.url,
            "token_url": f"{proxy.url}/oauth/v2/accessToken",
            "request_timeout_seconds": TIMEOUT,
            "shutdown_grace_seconds": 0,
            "upload_concurrency": 16,
            "batch_size_rows": 25,
        }
        history = History.make(5, events=EVENTS, keys=70)
        history.write(bench)
        yield bench, history, proxy


def each(modes: Iterable[str], check: Callable[[str], None]) -> None:
    """Check all modes, several at once: they are waiting most of the time."""
    with ThreadPoolExecutor(6) as pool:
        checks = {mode: pool.submit(check, mode) for mode in modes}
    for mode, done in checks.items():
        failure = done.exception()
        assert failure is None, f"{mode}: {failure}"


# By mode: what it does to every connection. The longest answer, that of a batch, takes some 3,000
# bytes: what is cut off gets through on the next connection.
HARMLESS = {
    "latency": Toxic(latency=0.05),
    "jitter": Toxic(latency=0.05, jitter=0.05),
    "bandwidth": Toxic(bandwidth=60_000),
    "slicer": Toxic(slice_size=64, slice_delay=0.001),
    "slow_close": Toxic(slow_close=0.5),
    "limit_data": Toxic(cut_after=9_000),
    "reset_peer": Toxic(reset_after=9_000),
    "black_hole": Toxic(silent_after=9_000),
}


def test_all_arrives_over_a_bad_connection(tmp_path: Path) -> None:
    def check(mode: str) -> None:
        with behind(tmp_path / mode, HARMLESS[mode]) as (bench, history, proxy):
            done = bench.launch(history.messages())
            assert proxy.connections > 0
            assert done.code == 0, done.log
            assert covered(done.states) == EVENTS
            assert "Traceback" not in done.log
            history.check_complete(bench)
            assert not bench.sandbox.snapshot()["breaches"]

    each(HARMLESS, check)


# By mode: what it does, and what the run's last words must be.
FATAL = {
    "down": (Toxic(down=True), "the connection was closed without an answer|connection reset"),
    "black_hole": (Toxic(silent_after=0), "timed out"),
    "limit_data": (Toxic(cut_after=200), "the answer was cut short|the answer is not HTTP"),
    "reset_peer": (Toxic(reset_after=0), "connection reset"),
    "bandwidth": (Toxic(bandwidth=20, slice_size=1), "timed out"),
    "latency": (Toxic(latency=3 * TIMEOUT), "timed out"),
}


def test_a_connection_that_stays_bad_ends_the_run_clearly(tmp_path: Path) -> None:
    def check(mode: str) -> None:
        toxic, says = FATAL[mode]
        with behind(tmp_path / mode, toxic) as (bench, history, _):
            begun = time.monotonic()
            done = bench.launch(history.messages(), retry_seconds=2)
            # Not one time-out after the other for each of the records that wait.
            assert time.monotonic() - begun < 30
            assert done.code == 1, done.log
            assert done.states == []
            assert re.search(rf"Stopped: .*retry_seconds=2.*({says})", done.log), done.log
            assert "Traceback" not in done.log
            assert bench.held() == {}

    each(FATAL, check)


def test_a_connection_that_turns_bad_and_recovers_costs_nothing(tmp_path: Path) -> None:
    def check(mode: str) -> None:
        with behind(tmp_path / mode, Toxic()) as (bench, history, proxy), bench.start() as process:
            stream = [line(message) for message in history.messages()]
            assert process.stdin is not None
            process.stdin.write(b"".join(stream[:100]))
            process.stdin.flush()
            wait_until(lambda: len(bench.held()) > 0)
            proxy.toxic = FATAL[mode][0]
            process.stdin.write(b"".join(stream[100:]))
            process.stdin.flush()
            time.sleep(1.5 * TIMEOUT)  # long enough for a call to time out
            proxy.toxic = Toxic()
            out, _ = process.communicate(timeout=60)
            done = bench.finished(process.returncode, out)
            assert done.code == 0, done.log
            assert "again" in done.log  # an upload is tried again, a batch is sent again
            assert covered(done.states) == EVENTS
            history.check_complete(bench)
            assert not bench.sandbox.snapshot()["breaches"]

    each(FATAL, check)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "nothing happens"
        time.sleep(0.01)


def one_record(bench: Bench, *, launched: bool = False, **settings: Any) -> Finished:
    stream = [SCHEMA, record(1, "r", bench.file("cv.pdf")), deletion(2, "r"), state(2)]
    patience = {"request_timeout_seconds": TIMEOUT, "retry_seconds": 1, "shutdown_grace_seconds": 0}
    return (bench.launch if launched else bench.run)(stream, **patience, **settings)


def test_a_host_that_is_not_found_is_named(bench: Bench) -> None:
    done = one_record(bench, token_url="https://linkedin.invalid/oauth/v2/accessToken")
    assert (done.code, done.states) == (1, [])
    assert "DNS lookup failed" in done.log
    assert "retry_seconds=1" in done.log
    assert "Traceback" not in done.log


def test_a_connection_that_is_refused(bench: Bench) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # taken, and nobody listens
        done = one_record(bench, api_url=f"http://127.0.0.1:{bound.getsockname()[1]}")
    assert (done.code, done.states) == (1, [])
    assert "connection refused: if it lasts, check the network, api_url and token_url" in done.log
    assert "Traceback" not in done.log


def test_an_outage_does_not_fill_the_log(bench: Bench) -> None:
    bench.sandbox.set_faults({"endpoint": "token", "kind": "status", "status": 503})
    name = bench.file("cv.pdf")
    stream = [SCHEMA, *(record(n, "r", name) for n in range(300)), state(300)]
    done = bench.run(stream, retry_seconds=2)
    assert (done.code, done.states) == (1, [])
    assert "503" in done.log
    assert done.log.count("the upload is tried again") == 1


def test_a_certificate_that_is_not_trusted_stops_the_run_at_once(bench: Bench) -> None:
    asked = threading.Event()

    def serve(connection: socket.socket, _: int) -> None:
        asked.set()
        read_request(connection)

    with serving(serve, tls=True) as port:
        done = one_record(bench, token_url=f"https://127.0.0.1:{port}/oauth/v2/accessToken")
    assert (done.code, done.states) == (2, [])
    assert "REQUESTS_CA_BUNDLE" in done.log
    assert "tried again" not in done.log
    assert "Traceback" not in done.log
    assert not asked.is_set()  # the secret was not sent: there was no handshake


def test_a_certificate_that_the_environment_names_is_trusted(bench: Bench) -> None:
    def serve(connection: socket.socket, _: int) -> None:
        asked.append(read_request(connection)[1])
        connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    asked: list[bytes] = []
    bench.environment = {"REQUESTS_CA_BUNDLE": str(PEM)}
    with serving(serve, tls=True) as port:
        url = f"https://localhost:{port}/oauth/v2/accessToken"
        done = one_record(bench, launched=True, token_url=url)  # it ends within a call
    assert done.code == 1
    assert "answered 503 to token" in done.log
    assert b"grant_type=client_credentials" in asked[0]
