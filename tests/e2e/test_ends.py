"""Other ends: input that breaks off, a full disk, a clock that jumps: clear, with a true state."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.stores.line_file import NEW
from tests.e2e.conftest import MakeBench
from tests.e2e.support import (
    COMMAND,
    SCHEMA,
    Bench,
    History,
    covered,
    deletion,
    line,
    record,
    state,
)


def keeping(path: Path) -> dict[str, Any]:
    return {"on_reject": "continue", "rejects_path": str(path)}


def rejected(path: Path) -> set[int]:
    """The candidates in a rejects file, every line of which must be whole."""
    messages = [json.loads(text) for text in path.read_text().splitlines()]
    return {m["record"]["candidate_id"] for m in messages if m["type"] == "RECORD"}


def test_a_disk_that_is_full_stops_the_run_and_no_reject_is_lost(bench: Bench) -> None:
    path = bench.directory / "rejects.singer"
    stream: list[dict[str, Any]] = [SCHEMA]
    for number in range(1, 101):
        stream += [record(number, "r", "missing.pdf", padding="x" * 2000), state(number)]
    with bench.start(**keeping(path)) as process:
        # The kernel refuses to let any file of this process grow beyond this.
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (50_000, 50_000))
        out, _ = process.communicate(b"".join(map(line, stream)), timeout=60)
        done = bench.finished(process.returncode, out)
    assert done.code == 1
    assert "setting 'rejects_path': the file cannot be written (File too large)" in done.log
    assert "Traceback" not in done.log
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b"\n") + 1])
    assert 0 < len(rejected(path)) < 100
    assert rejected(path) >= set(range(1, covered(done.states) + 1))
    path.write_bytes(whole)

    # With room again the run goes on, and a line that was half written is in nobody's way.
    again = bench.run([SCHEMA, *stream[1 + 2 * covered(done.states) :]], **keeping(path))
    assert again.code == 0, again.log
    assert covered(again.states) == 100
    assert rejected(path) == set(range(1, 101))


# Where even root may not make a file.
@pytest.mark.parametrize("path", ["/proc/rejects.singer", "/sys/rejects.singer"])
def test_a_directory_that_cannot_be_written_is_told_before_the_run(bench: Bench, path: str) -> None:
    done = bench.run(
        [SCHEMA, record(1, "r", bench.file("cv.pdf")), state(1)], **keeping(Path(path))
    )
    assert done.code == 2
    assert "setting 'rejects_path': the file cannot be written" in done.log
    assert "Traceback" not in done.log
    assert (done.states, bench.held()) == ([], {})


def test_rejects_that_cannot_be_tidied_up_are_all_still_there(bench: Bench) -> None:
    path = bench.directory / "rejects.singer"
    # Rejected as it is read, so that the deletion cannot be faster.
    bad = [record(number, "r", "cv.pdf", created_at="yesterday") for number in (1, 2)]
    with bench.start(**keeping(path)) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"".join(map(line, [SCHEMA, *bad, state(2)])))
        process.stdin.flush()
        printed = process.stdout.readline()
        path.with_name(path.name + NEW).mkdir()  # where the tidy copy would be written
        out, _ = process.communicate(b"".join(map(line, [deletion(1, "r"), state(3)])), timeout=60)
        done = bench.finished(process.returncode, printed + out)
    assert (done.code, covered(done.states)) == (1, 2)
    assert "the file cannot be written (File exists)" in done.log
    assert "Traceback" not in done.log
    assert rejected(path) == {1, 2}


def test_a_token_that_ends_before_its_time_is_renewed(make_bench: MakeBench) -> None:
    """LinkedIn's clock jumps beyond the life of tokens and signed URLs, again and again."""
    ahead = [0.0]
    bench = make_bench(clock=lambda: time.time() + ahead[0], latency={"upload": 20})
    history = History.make(11, events=200, keys=150)
    history.write(bench)
    jumps = 0
    stream = b"".join(map(line, history.messages()))
    with bench.start(upload_concurrency=4, batch_size_rows=20) as process:
        assert process.stdin is not None
        process.stdin.write(stream)
        process.stdin.close()
        while process.poll() is None:
            uploaded = bench.sandbox.snapshot()["file_count"]
            if jumps < 3 and uploaded > 20 * (jumps + 1):
                ahead[0] += 7200
                jumps += 1
            time.sleep(0.01)
        assert process.stdout is not None
        done = bench.finished(process.returncode, process.stdout.read())
    assert done.code == 0, done.log
    assert jumps == 3
    assert covered(done.states) == 200
    history.check_complete(bench)
    shown = bench.sandbox.snapshot()
    assert shown["breaches"] == []
    assert shown["tokens_minted"] == 1 + jumps


def test_input_that_breaks_off_within_a_line(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    stream = [SCHEMA, *(record(n, "r", name) for n in range(20)), state(20)]
    torn = line(record("private@example.com", "r", name))[:60]
    done = bench.run([*stream, torn])
    assert done.code == 1
    assert "line 23 of the input: not valid JSON" in done.log
    assert "private@example.com" not in done.log
    assert "Traceback" not in done.log
    assert done.log.endswith("exit code 1\n")
    assert covered(done.states) == 20
    assert len(bench.held()) == 20


def test_a_last_line_without_an_end_is_a_line(bench: Bench) -> None:
    done = bench.run([SCHEMA, record(1, "r", bench.file("cv.pdf")), line(state(1)).rstrip(b"\n")])
    assert (done.code, covered(done.states)) == (0, 1)


def test_an_empty_file_is_a_success(bench: Bench) -> None:
    path = bench.directory / "empty.singer"
    path.touch()
    done = bench.run([], "--input", str(path))
    assert (done.code, done.states) == (0, []), done.log
    assert done.log.endswith("exit code 0\n")


def test_lines_of_another_system(bench: Bench) -> None:
    """A byte order mark at the start, CRLF at the end of lines, blank lines between them."""
    stream = [SCHEMA, record(1, "r", bench.file("cv.pdf")), state(1)]
    data = b"\r\n\r\n".join(line(message).rstrip(b"\n") for message in stream)
    path = bench.directory / "windows.singer"
    path.write_bytes(b"\xef\xbb\xbf" + data + b"\r\n")
    done = bench.run([], "--input", str(path))
    assert done.code == 0, done.log
    assert covered(done.states) == 1
    assert bench.held().keys() == {("1", "r")}


def until(condition: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("signals", [1, 2])
def test_a_signal_ends_a_run_whose_states_nobody_reads(bench: Bench, signals: int) -> None:
    """A pipe or socket grows so that a state fits; not this one, of which half is written."""
    large = state(1)
    most = int(Path("/proc/sys/net/core/wmem_max").read_text())
    large["value"]["padding"] = "x" * (2 * most + 1_000_000)
    stream = [SCHEMA, record(1, "r", bench.file("cv.pdf")), large]
    grace = 1 if signals == 1 else 300
    config = bench.config(shutdown_grace_seconds=grace, batch_max_age_seconds=1)
    ours, theirs = socket.socketpair()
    with (
        ours,
        theirs,
        (bench.directory / "log.txt").open("wb") as log,
        subprocess.Popen(
            [COMMAND, "--config", str(config)],
            stdin=subprocess.PIPE,
            stdout=theirs.fileno(),
            stderr=log,
        ) as process,
    ):
        try:
            assert process.stdin is not None
            process.stdin.write(b"".join(map(line, stream)))
            process.stdin.flush()
            until(lambda: select.select([ours], [], [], 0)[0])  # it has begun to write
            for _ in range(signals):
                process.send_signal(signal.SIGTERM)
                time.sleep(0.2)
            assert process.wait(30) == 143
        finally:
            process.kill()
    said = (bench.directory / "log.txt").read_text()
    assert "SIGTERM: reading stops" in said
    assert ("the last state is half written: nothing has read" in said) == (signals == 1)
    assert "Traceback" not in said


@pytest.mark.parametrize("size", [3_000, 50_000])
def test_a_file_without_room_for_a_state_keeps_no_half_of_one(bench: Bench, size: int) -> None:
    states = [state(number) for number in (1, 2)]
    states[1]["value"]["padding"] = "x" * size
    name = bench.file("cv.pdf")
    stream = [SCHEMA, record(1, "r", name), states[0], record(2, "r", name), states[1]]
    path = bench.directory / "states"
    with path.open("wb") as out, (bench.directory / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [COMMAND, "--config", str(bench.config(batch_max_age_seconds=1))],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=log,
        )
        assert process.stdin is not None
        process.stdin.write(b"".join(map(line, stream[:3])))
        process.stdin.flush()
        until(path.read_bytes)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (2_000, 2_000))
        process.communicate(b"".join(map(line, stream[3:])), timeout=60)
    assert process.returncode == 1
    assert json.loads(path.read_bytes()) == states[0]["value"]
    said = (bench.directory / "log.txt").read_text()
    assert "the state could not be written to standard output (File too large)" in said


def test_a_state_that_nobody_reads_is_whole(bench: Bench) -> None:
    large = state(1)
    large["value"]["padding"] = "x" * 200_000
    stream = [SCHEMA, record(1, "r", bench.file("cv.pdf")), large]
    with bench.start(batch_max_age_seconds=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"".join(map(line, stream)))
        process.stdin.flush()
        until(bench.held)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
        assert json.loads(process.stdout.read()) == large["value"]


@pytest.mark.parametrize("signals", [1, 2])
def test_a_signal_ends_a_run_whose_log_nobody_reads(bench: Bench, signals: int) -> None:
    grace = 1 if signals == 1 else 300
    messages = [SCHEMA, record(1, "r", bench.file("cv.pdf")), state(1)]
    with subprocess.Popen(
        [COMMAND, "--config", str(bench.config(shutdown_grace_seconds=grace))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"".join(map(line, messages)))
            process.stdin.flush()
            until(lambda: bench.sandbox.snapshot()["calls"])
            with Path(f"/proc/{process.pid}/fd/2").open("wb", buffering=0) as ours:
                os.set_blocking(ours.fileno(), False)
                while ours.write(b"y" * 4096):
                    pass
            for _ in range(signals):
                process.send_signal(signal.SIGTERM)
                time.sleep(0.2)
            assert process.wait(30) == 143
            states = process.stdout.read()
        finally:
            process.kill()
    assert [json.loads(text) for text in states.splitlines()] in ([], [messages[-1]["value"]])


@pytest.mark.parametrize(
    ("redirected", "code", "says"),
    [
        ("<&-", 2, "standard input is closed or cannot be read"),
        ("0>/dev/null", 2, "standard input is closed or cannot be read"),
        (">&-", 2, "standard output is closed or cannot be written"),
        ("1</dev/null", 2, "standard output is closed or cannot be written"),
        ("2>&-", 0, ""),
        ("2</dev/null", 0, ""),
        (">&- 2>&-", 2, ""),
        ("<&- >&- 2>&-", 2, ""),
    ],
)
def test_a_standard_stream_that_is_closed(
    bench: Bench, redirected: str, code: int, says: str
) -> None:
    ledger = bench.directory / "ledger.db"
    command = f'exec "$0" --config "$1" {redirected}'
    done = subprocess.run(
        ["sh", "-c", command, COMMAND, str(bench.config(ledger_path=str(ledger)))],
        input=b"".join(map(line, [SCHEMA, record(1, "r", bench.file("cv.pdf")), state(1)])),
        capture_output=True,
        timeout=60,
        check=False,
    )
    log = done.stderr.decode()
    assert done.returncode == code, log
    assert says in log
    assert "Traceback" not in log
    assert (done.stdout != b"") == (code == 0)
    assert len(bench.held()) == (1 if code == 0 else 0)


@pytest.mark.parametrize("kind", ["rejects", "audit"])
@pytest.mark.parametrize("change", ["delete", "truncate", "replace", "move"])
def test_a_file_that_somebody_takes_away_stops_the_run(
    bench: Bench, kind: str, change: str
) -> None:
    path = bench.directory / f"{kind}.jsonl"
    settings = {
        "rejects": keeping(path),
        "audit": {"audit_path": str(path), "audit_key": "k" * 32, "batch_max_age_seconds": 1},
    }[kind]
    name = bench.file("cv.pdf")
    changed = {"created_at": "yesterday"} if kind == "rejects" else {}
    with bench.start(**settings) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"".join(map(line, [SCHEMA, record(1, "r", name, **changed)])))
        process.stdin.write(line(state(1)))
        process.stdin.flush()
        printed = process.stdout.readline()
        if change == "truncate":
            os.truncate(path, 5)
        elif change == "replace":
            copy = path.with_name("copy")
            copy.write_bytes(path.read_bytes())
            copy.replace(path)
        else:
            path.rename(path.with_name("elsewhere"))
        if change == "delete":
            path.with_name("elsewhere").unlink()
        out, _ = process.communicate(b"".join(map(line, [record(2, "r", name), state(2)])), 60)
        done = bench.finished(process.returncode, printed + out)
    assert (done.code, covered(done.states)) == (1, 1)
    assert f"setting '{kind}_path': another program has deleted, moved or changed" in done.log
    assert "Traceback" not in done.log


def test_what_belongs_to_others_is_left_alone(bench: Bench) -> None:
    path = bench.directory / "rejects.singer"
    others = [path.with_name(path.name + end) for end in (".new", ".replay")]
    for other in others:
        other.write_bytes(b"another's")
    bad = record(1, "r", "cv.pdf", created_at="yesterday")
    done = bench.run([SCHEMA, bad, state(1)], **keeping(path))
    assert done.code == 0
    bench.file("cv.pdf")
    again = bench.run([SCHEMA, record(1, "r", "cv.pdf"), state(1)], **keeping(path))
    assert again.code == 0
    assert not path.exists()
    assert {other.read_bytes() for other in others} == {b"another's"}


def test_a_report_takes_the_place_of_no_other_file(bench: Bench) -> None:
    config = bench.config()
    before = config.read_text()
    done = bench.run([SCHEMA, state(1)], report_path=str(config.with_suffix(".html")))
    assert done.code == 2
    assert "'config.json' exists and is not a report of this target" in done.log
    assert json.loads(config.read_text()) == {
        **json.loads(before),
        "report_path": str(config.with_suffix(".html")),
    }


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_what_is_no_run(bench: Bench, signum: signal.Signals) -> None:
    """A check waits for LinkedIn, which does not answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        token_url = f"http://127.0.0.1:{listener.getsockname()[1]}/oauth/v2/accessToken"
        with (
            bench.start("--check", token_url=token_url) as process,
            listener.accept()[0],  # it has asked, and nobody answers
        ):
            process.send_signal(signum)
            assert process.wait(20) == 128 + signum


@pytest.mark.parametrize("megabytes", [400, 800])
def test_a_limit_of_memory_ends_a_run_or_slows_it(bench: Bench, megabytes: int) -> None:
    """Threads take address space; with less of it there are fewer."""
    name = bench.file("cv.pdf")
    stream = [SCHEMA, *(record(number, "r", name) for number in range(300)), state(300)]
    with bench.start() as process:
        resource.prlimit(process.pid, resource.RLIMIT_AS, (megabytes * 1024**2,) * 2)
        out, _ = process.communicate(b"".join(map(line, stream)), timeout=60)
        done = bench.finished(process.returncode, out)
    # Now and then CPython 3.11 itself gives up where it gets no memory for a frame: as after a
    # kill, what was printed by then is true.
    gave_up = done.code == -signal.SIGABRT and "Fatal Python error: _Py_Check" in done.log
    assert done.code in (0, 1) or gave_up, done.log
    assert covered(done.states) <= len(bench.held())
    assert (covered(done.states) == 300) == (done.code == 0)
