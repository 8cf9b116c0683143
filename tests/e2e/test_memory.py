"""Memory stays bounded, whatever goes through. Peak resident memory of the command's process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from tests.e2e.conftest import MakeBench
from tests.e2e.support import PDF, SCHEMA, Bench, deletion, line, record, state

MIB = 1024 * 1024


def peak_of(bench: Bench, stream: Iterator[dict[str, Any]], **settings: Any) -> int:
    """Run the command to its end; gives the most bytes its process has held."""
    bench.measured = True
    with bench.start(**settings) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for message in stream:
            process.stdin.write(line(message))
        process.stdin.close()
        process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (bench.directory / "log.txt").read_text()

    return usage.ru_maxrss * 1024


def test_200_000_deletions(make_bench: MakeBench) -> None:
    bench = make_bench(records_per_minute=1_000_000)

    def stream() -> Iterator[dict[str, Any]]:
        yield SCHEMA
        for number in range(200_000):
            yield deletion(f"candidate-{number}", f"resume-{number}")
            if number % 1000 == 999:
                yield state(number + 1)

    assert peak_of(bench, stream(), records_per_minute=1_000_000) < 160 * MIB
    assert bench.sandbox.ask(lambda linkedin: linkedin.snapshot(resumes=False))["breaches"] == []


def test_300_files_of_10_mb(make_bench: MakeBench) -> None:
    bench = make_bench(records_per_minute=1_000_000)
    names = [bench.file(f"{n}.pdf", PDF.ljust(10 * MIB - n, b"%")) for n in range(4)]

    def stream() -> Iterator[dict[str, Any]]:
        yield SCHEMA
        for number in range(300):
            yield record(number, "r", names[number % 4])

    assert peak_of(bench, stream()) < 256 * MIB
    assert len(bench.held()) == 300


def test_20_000_records_of_one_long_run(make_bench: MakeBench) -> None:
    """A tap that writes a state after every record, and a resume that is never settled in time."""
    bench = make_bench(records_per_minute=1_000_000, latency={"batch": 100})

    def stream() -> Iterator[dict[str, Any]]:
        yield SCHEMA
        for number in range(20_000):
            yield deletion(f"candidate-{number}", f"resume-{number}")
            yield state(number + 1)

    assert peak_of(bench, stream(), records_per_minute=1_000_000) < 160 * MIB


def test_resumes_inside_records_are_bounded_by_their_bytes(make_bench: MakeBench) -> None:
    bench = make_bench(records_per_minute=1_000_000, latency={"upload": 50})
    name = bench.file("cv.pdf")

    def stream() -> Iterator[dict[str, Any]]:
        yield SCHEMA
        for number in range(600):
            yield record(number, "r", name, notes="x" * 500_000)

    assert peak_of(bench, stream()) < 256 * MIB
