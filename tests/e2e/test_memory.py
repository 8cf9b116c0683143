"""Memory stays bounded, whatever goes through. Peak resident memory of the command's process."""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import MakeBench
from tests.e2e.support import PDF, SCHEMA, Bench, deletion, line, record, state
from tests.recipes.buckets import client_of, serving_s3
from tests.resumes.server import serving

MIB = 1024 * 1024


pytestmark = pytest.mark.alone


def peak_of(bench: Bench, stream: Iterator[dict[str, Any]], **settings: Any) -> int:
    """Run the command to its end; gives the most bytes its process has held.

    Read from /proc: what the kernel counts for a child begins with the size of its parent.
    """
    peaks = [0]
    with bench.start(**settings) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def watch() -> None:
            with suppress(OSError):
                while (peak := _high_water(process.pid)) is not None:
                    peaks.append(peak)
                    time.sleep(0.02)

        watcher = threading.Thread(target=watch)
        watcher.start()
        for message in stream:
            process.stdin.write(line(message))
        process.stdin.close()
        process.stdout.read()
        code = process.wait(150)
        watcher.join()
    assert code == 0, (bench.directory / "log.txt").read_text()
    assert len(peaks) > 10
    return max(peaks)


def _high_water(pid: int) -> int | None:
    for text in Path(f"/proc/{pid}/status").read_text().splitlines():
        if text.startswith("VmHWM:"):
            return int(text.split()[1]) * 1024
    return None  # a process that has ended has no memory


def test_200_000_deletions(measured_bench: MakeBench) -> None:
    bench = measured_bench("--records-per-minute=1000000")

    def stream() -> Iterator[dict[str, Any]]:
        yield SCHEMA
        for number in range(200_000):
            yield deletion(f"candidate-{number}", f"resume-{number}")
            if number % 1000 == 999:
                yield state(number + 1)

    assert peak_of(bench, stream(), records_per_minute=1_000_000) < 160 * MIB
    assert bench.sandbox.snapshot()["breaches"] == []


def test_300_files_of_10_mb_over_http(measured_bench: MakeBench) -> None:
    """64 at a time; from local files nothing would be held at all."""
    bench = measured_bench("--records-per-minute=1000000", "--latency=upload=2000")
    size = 9_900_000
    with serving() as server:
        urls = [server.file(f"/{n}.pdf", PDF.ljust(size - n, b"%")) for n in range(4)]

        def stream() -> Iterator[dict[str, Any]]:
            yield SCHEMA
            for number in range(300):
                yield record(number, "r", urls[number % 4])

        trusted = [{"prefix": server.url("/")}]
        assert peak_of(bench, stream(), file_sources=trusted) < 256 * MIB
    assert len(bench.held()) == 300
    most = re.search(r"at most (\d+) uploads at once", (bench.directory / "log.txt").read_text())
    assert most is not None
    assert int(most[1]) > 32  # 64 when nothing else runs


def test_20_000_records_of_one_long_run(measured_bench: MakeBench) -> None:
    """A tap that writes a state after every record, and a resume that is never settled in time."""
    bench = measured_bench("--records-per-minute=1000000", "--latency=batch=100")

    def stream() -> Iterator[dict[str, Any]]:
        yield SCHEMA
        for number in range(20_000):
            yield deletion(f"candidate-{number}", f"resume-{number}")
            yield state(number + 1)

    assert peak_of(bench, stream(), records_per_minute=1_000_000) < 160 * MIB


def test_resumes_inside_records_are_bounded_by_their_bytes(measured_bench: MakeBench) -> None:
    bench = measured_bench("--records-per-minute=1000000", "--latency=upload=50")
    name = bench.file("cv.pdf")

    def stream() -> Iterator[dict[str, Any]]:
        yield SCHEMA
        for number in range(600):
            yield record(number, "r", name, notes="x" * 500_000)

    assert peak_of(bench, stream()) < 256 * MIB


def test_records_that_hold_lists_of_objects(measured_bench: MakeBench) -> None:
    """16 KB of JSON each; LinkedIn is slow, so that they pile up as far as they may."""
    bench = measured_bench("--records-per-minute=1000000", "--latency=batch=100")
    employments = [
        {f"field_{name}": f"{row}-{name} a text of ordinary length" for name in range(8)}
        for row in range(40)
    ]

    def stream() -> Iterator[dict[str, Any]]:
        yield SCHEMA
        for number in range(9_000):
            message = deletion(f"candidate-{number}", f"resume-{number}")
            message["record"]["employments"] = employments
            yield message

    assert peak_of(bench, stream(), records_per_minute=1_000_000) < 160 * MIB


def test_resumes_of_10_mb_inside_records(measured_bench: MakeBench) -> None:
    """Five are held at once, beside the line that is read; none longer than it is needed."""
    bench = measured_bench("--records-per-minute=1000000", "--latency=upload=500")
    content = base64.b64encode(PDF.ljust(9_900_000, b"%")).decode()

    def stream() -> Iterator[dict[str, Any]]:
        yield SCHEMA
        for number in range(16):
            message = record(number, "r", "")
            del message["record"]["file"]
            message["record"]["file_base64"] = content
            yield message

    assert peak_of(bench, stream()) < 208 * MIB
    assert len(bench.held()) == 16


def test_files_of_10_mb_from_s3(measured_bench: MakeBench) -> None:
    bench = measured_bench("--records-per-minute=1000000", "--latency=upload=1500")
    names = [f"{number}.pdf" for number in range(4)]
    with serving_s3({"bucket": names}) as url:
        with closing(client_of(url)) as client:
            for number, name in enumerate(names):
                body = PDF.ljust(9_900_000 - number, b"%")
                client.put_object(Bucket="bucket", Key=name, Body=body)

        def stream() -> Iterator[dict[str, Any]]:
            yield SCHEMA
            for number in range(40):
                yield record(number, "r", f"s3://bucket/{names[number % 4]}")

        options = {"key": "YOUR-ACCESS-KEY", "secret": "YOUR-SECRET-KEY", "endpoint_url": url}
        listed = [{"prefix": "s3://bucket/", "storage_options": options}]
        assert peak_of(bench, stream(), file_sources=listed) < 256 * MIB
    assert len(bench.held()) == 40
