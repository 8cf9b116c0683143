"""Killed, stopped, cut off: what was printed is true, and a resumed run completes the set."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import MakeBench
from tests.e2e.support import (
    SCHEMA,
    Bench,
    History,
    covered,
    deletion,
    line,
    record,
    state,
)

KILLED = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}


def feed(process: subprocess.Popen[bytes], messages: list[dict[str, Any]]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"".join(map(line, messages)))
    process.stdin.flush()


def end_of(bench: Bench, process: subprocess.Popen[bytes]) -> tuple[int, list[dict[str, Any]]]:
    assert process.stdout is not None
    out = process.stdout.read()
    states = [json.loads(text) for text in out.splitlines() if text]
    return process.wait(60), states


@pytest.mark.parametrize("instant", range(4))
@pytest.mark.parametrize("signum", KILLED, ids=lambda signum: signum.name)
def test_killed_at_any_instant_and_resumed(
    make_bench: MakeBench, signum: signal.Signals, instant: int
) -> None:
    bench = make_bench(latency={"url": 4, "upload": 6, "batch": 25})
    bench.settings = {"upload_concurrency": 6, "batch_size_rows": 20, "shutdown_grace_seconds": 5}
    seed = instant * 10 + signum
    history = History.make(seed, events=400, keys=120)
    history.write(bench)
    covers = 0
    states: list[dict[str, Any]] = []
    chance = random.Random(seed)
    for _ in range(2):  # twice, then to the end
        if covers == len(history.events):
            break
        with bench.start() as process:
            feed(process, history.messages(after=covers, every=7))
            # From before the first call to the end of the run, counted from the first call.
            _until_called(bench, process)
            time.sleep(chance.uniform(0, 0.3 + 0.3 * instant))
            process.send_signal(signum)
            code, printed = end_of(bench, process)
        assert code in {KILLED[signum], 0}, (bench.directory / "log.txt").read_text()
        states = printed or states
        history.check_state(bench, states)
        covers = max(covers, covered(states))
    done = bench.run(history.messages(after=covers, every=7))
    assert done.code == 0, done.log
    history.check_complete(bench)
    assert bench.sandbox.snapshot()["breaches"] == []


def _until_called(bench: Bench, process: subprocess.Popen[bytes]) -> None:
    begun = sum(sum(counts.values()) for counts in bench.sandbox.snapshot()["calls"].values())
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        calls = sum(sum(counts.values()) for counts in bench.sandbox.snapshot()["calls"].values())
        if calls > begun:
            return
        time.sleep(0.01)


def _until_logged(bench: Bench, text: str) -> None:
    deadline = time.monotonic() + 30
    while text not in (bench.directory / "log.txt").read_text():
        assert time.monotonic() < deadline, f"{text!r} is not logged"
        time.sleep(0.01)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_while_waiting_for_input(bench: Bench, signum: int, code: int) -> None:
    name = bench.file("cv.pdf")
    # Neither the age of a batch nor the end of the grace comes in the time that is waited for.
    with bench.start(batch_max_age_seconds=600, shutdown_grace_seconds=300) as process:
        feed(process, [SCHEMA, *(record(n, "r", name) for n in range(20)), state(20)])
        _until_called(bench, process)
        time.sleep(0.5)
        process.send_signal(signum)
        assert end_of(bench, process) == (code, [state(20)["value"]])
    assert len(bench.held()) == 20


def test_a_signal_while_uploading_gives_up_what_has_not_begun(make_bench: MakeBench) -> None:
    bench = make_bench(latency={"upload": 1000})
    name = bench.file("cv.pdf")
    stream = [SCHEMA]
    for number in range(1, 201):
        stream += [record(number, "r", name), state(number)]
    with bench.start(upload_concurrency=5) as process:
        feed(process, stream)
        _until_called(bench, process)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        code, states = end_of(bench, process)
    assert code == 143
    assert 0 < len(bench.held()) == covered(states) < 50


def test_a_signal_while_a_batch_is_on_the_wire_waits_for_its_answer(make_bench: MakeBench) -> None:
    bench = make_bench(latency={"batch": 1500})
    name = bench.file("cv.pdf")
    with bench.start(batch_size_rows=10) as process:
        feed(process, [SCHEMA, *(record(n, "r", name) for n in range(10)), state(10)])
        _until_called(bench, process)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        code, states = end_of(bench, process)
    assert (code, covered(states)) == (143, 10)
    assert len(bench.held()) == 10


def test_a_second_signal_ends_at_once(make_bench: MakeBench) -> None:
    bench = make_bench(latency={"upload": 50_000})
    name = bench.file("cv.pdf")
    with bench.start(shutdown_grace_seconds=300) as process:
        feed(process, [SCHEMA, record(1, "r", name), state(1)])
        _until_called(bench, process)
        process.send_signal(signal.SIGTERM)
        _until_logged(bench, "SIGTERM: reading stops")
        process.send_signal(signal.SIGTERM)
        code, states = end_of(bench, process)
    assert (code, states) == (143, [])  # before the upload could end


def test_ctrl_c_that_a_runner_passes_on_is_one_request(make_bench: MakeBench) -> None:
    bench = make_bench(latency={"upload": 1_500})
    name = bench.file("cv.pdf")
    with bench.start() as process:
        feed(process, [SCHEMA, record(1, "r", name), state(1)])
        _until_called(bench, process)
        process.send_signal(signal.SIGINT)
        _until_logged(bench, "SIGINT: reading stops")
        process.send_signal(signal.SIGTERM)
        code, states = end_of(bench, process)
    assert (code, covered(states)) == (130, 1)
    assert len(bench.held()) == 1


def test_the_grace_is_not_exceeded(make_bench: MakeBench) -> None:
    bench = make_bench(latency={"upload": 50_000})
    name = bench.file("cv.pdf")
    with bench.start(shutdown_grace_seconds=1) as process:
        feed(process, [SCHEMA, record(1, "r", name), state(1)])
        _until_called(bench, process)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        code, states = end_of(bench, process)
        assert 0.8 < time.monotonic() - begun < 30
    assert (code, states) == (143, [])


def test_a_reader_of_states_that_goes_away(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    with bench.start() as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stdin is not None
        feed(process, [SCHEMA, record(1, "r", name), state(1)])
        process.stdin.close()
        assert process.wait(30) == 1
    log = (bench.directory / "log.txt").read_text()
    assert "nothing reads" in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (b"{nonsense private@example.com\n", "line 32 of the input: not valid JSON"),
        (b'"private@example.com"\n', "line 32 of the input: expected a JSON object"),
        (b'{"type": "NEWS"}\n', "line 32 of the input: unknown message type"),
        (b'{"record": {}}\n', "line 32 of the input: the message lacks 'type'"),
        (b'{"type": "RECORD", "stream": "resumes"}\n', "the message lacks 'record'"),
        (b'{"type": "RECORD", "stream": "resumes", "record": 5}\n', "not an object"),
        (b'{"type": "STATE"}\n', "the message lacks 'value'"),
        (b'{"type": "SCHEMA", "stream": "x"}\n', "a SCHEMA message needs"),
        (b"\xff\xfe\n", "not valid JSON"),
        (b"[" * 100_000 + b"\n", "not valid JSON"),
        (b'{"type": "BATCH", "stream": "resumes"}\n', "lacks 'encoding' or 'manifest'"),
    ],
)
def test_input_that_is_not_singer(bench: Bench, bad: bytes, says: str) -> None:
    name = bench.file("cv.pdf")
    stream: list[Any] = [SCHEMA, *(record(n, "r", name) for n in range(29)), state(29)]
    done = bench.run([*stream, bad, record(99, "r", name), state(31)])
    assert done.code == 1
    assert says in done.log
    assert "private@example.com" not in done.log
    assert "Traceback" not in done.log
    assert covered(done.states) == 29  # all before the line is delivered, nothing after it
    assert len(bench.held()) == 29


def test_a_record_that_cannot_be_delivered_stops_the_run_with_the_state_before_it(
    bench: Bench,
) -> None:
    name = bench.file("cv.pdf")
    stream = [SCHEMA]
    for number in range(1, 101):
        file = "secret-name.pdf" if number == 60 else name
        stream += [record(number, "r", file), state(number)]
    done = bench.run(stream)
    assert done.code == 1
    assert covered(done.states) == 59
    assert "file_missing" in done.log
    assert "secret-name" not in done.log
    assert "Traceback" not in done.log


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (403, {"serviceErrorCode": 100, "message": "Not enough permissions"}, "403"),
        (426, {"message": "no such version"}, "426"),
    ],
)
def test_a_misconfiguration_stops_the_run(
    bench: Bench, status: int, body: dict[str, Any], says: str
) -> None:
    name = bench.file("cv.pdf")
    bench.sandbox.set_faults(
        {"endpoint": "batch_update", "kind": "status", "status": status, "body": body, "after": 1}
    )
    stream = [SCHEMA]
    for number in range(1, 31):
        stream += [record(number, "r", name), state(number)]
    done = bench.run(stream, batch_size_rows=10)
    assert done.code == 2
    assert says in done.log
    assert "x-li-uuid" in done.log
    assert "Traceback" not in done.log
    assert covered(done.states) <= len(bench.held()) == 10


def test_a_dead_linkedin_stops_the_run_when_the_time_for_retries_is_over(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    dead = f"http://127.0.0.1:{_free_port()}"
    done = bench.run(
        [SCHEMA, record(1, "r", name), deletion(2, "r"), state(2)],
        retry_seconds=2,
        api_url=dead,
        token_url=f"{dead}/oauth/v2/accessToken",
    )
    assert done.code == 1
    assert done.states == []
    assert "retry_seconds=2" in done.log
    assert "Traceback" not in done.log


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_run_needs_no_terminal_and_leaves_no_thread(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    with bench.start() as process:
        feed(process, [SCHEMA, record(1, "r", name)])
        _until_called(bench, process)
        threads = len(list(Path(f"/proc/{process.pid}/task").iterdir()))
        assert threads < 12  # threads are started as they are needed, not 64 at once
