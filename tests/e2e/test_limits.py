"""LinkedIn's limits: used to the full, never exceeded, and a clear end when the day's are spent."""

from __future__ import annotations

import time
from typing import Any

import pytest

from target_linkedin_resumes.engine import throttling
from tests.e2e.conftest import MakeBench
from tests.e2e.support import SCHEMA, Bench, covered, deletion, line, record, state


def deletions(number: int) -> list[dict[str, Any]]:
    stream = [SCHEMA]
    for n in range(1, number + 1):
        stream.append(deletion(n, "r"))
        if n % 100 == 0:
            stream.append(state(n))
    return stream


# A minute that is shorter, for the sandbox by its clock and for the target by its window.
TIMES_FASTER = 10


def fast_clock() -> float:
    return time.time() * TIMES_FASTER


def test_3200_records_under_a_limit_of_2000_a_minute(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling, "WINDOW_SECONDS", throttling.WINDOW_SECONDS / TIMES_FASTER)
    bench = make_bench(records_per_minute=2000, clock=fast_clock)
    begun = time.monotonic()
    done = bench.run(deletions(3200), records_per_minute=2000)
    assert done.code == 0, done.log
    assert time.monotonic() - begun > 60 / TIMES_FASTER
    assert covered(done.states) == 3200
    assert bench.sandbox.snapshot()["throttled"]["minute"] <= 1


def test_a_throttled_answer_is_waited_out(bench: Bench) -> None:
    bench.sandbox.set_faults(
        {
            "endpoint": "batch_delete",
            "kind": "status",
            "status": 429,
            "body": "minute",
            "retry_after": "1",
            "times": 1,
        }
    )
    done = bench.run(deletions(200))
    assert done.code == 0, done.log
    assert covered(done.states) == 200


def test_linkedins_daily_quota_ends_in_exit_75_with_a_true_state(make_bench: MakeBench) -> None:
    bench = make_bench(requests_per_day={"batch": 4})
    done = bench.run(deletions(1000))
    assert done.code == 75
    assert covered(done.states) == 400
    assert "00:00 UTC" in done.log
    assert "Traceback" not in done.log
    calls = bench.sandbox.snapshot()["calls"]["batch_delete"]
    assert calls == {"200": 4, "429": 1}


def test_the_quota_of_the_settings_ends_before_linkedin_has_to_say_so(bench: Bench) -> None:
    done = bench.run(deletions(1000), requests_per_day=4)
    assert done.code == 75
    assert covered(done.states) == 400
    assert "requests_per_day" in done.log
    assert bench.sandbox.snapshot()["calls"]["batch_delete"] == {"200": 4}


def test_a_daily_quota_on_uploads_settles_what_is_uploaded(make_bench: MakeBench) -> None:
    bench = make_bench(requests_per_day={"url": 25})
    name = bench.file("cv.pdf")
    stream = [SCHEMA]
    for number in range(1, 101):
        stream += [record(number, "r", name), state(number)]
    done = bench.run(stream)
    assert done.code == 75
    assert len(bench.held()) == 25
    assert covered(done.states) <= 25


def test_waiting_for_the_quota_says_why(make_bench: MakeBench) -> None:
    bench = make_bench(requests_per_day={"batch": 2})
    with bench.start(on_quota="wait", shutdown_grace_seconds=1) as process:
        assert process.stdin is not None
        process.stdin.write(b"".join(map(line, deletions(400))))
        process.stdin.close()
        log = bench.directory / "log.txt"
        deadline = time.monotonic() + 20
        while "on_quota=wait" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.poll() is None
        assert "00:00 UTC" in log.read_text()
        process.terminate()
        assert process.wait(20) == 143
        assert process.stdout is not None
        done = bench.finished(143, process.stdout.read())
    assert covered(done.states) == 200
