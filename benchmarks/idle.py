"""What the target does while there is nothing to do: a tap that says nothing, a batch half full."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES, write_files, write_stream
from benchmarks.measure import REPOSITORY, Invalid, command, configuration, cpu_seconds, server

RECORDS = 150
LONGEST_SECONDS = 60


def idle(scratch: Path, seconds: float) -> dict[str, Any]:
    """Have a run wait for its tap for so many seconds, and see what its threads do meanwhile."""
    case = replace(CASES[0], latency={"url": 5, "upload": 5, "batch": 5})
    scratch.mkdir()
    write_files(case, scratch / "files")
    with server(case, None) as url:
        config = scratch / "config.json"
        config.write_text(json.dumps(configuration("target", case, url, scratch)))
        stream = write_stream(case, RECORDS, url, scratch).read_bytes()
        with (
            (scratch / "log.txt").open("wb") as log,
            subprocess.Popen(
                command("target", config),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=REPOSITORY,
            ) as process,
        ):
            assert process.stdin is not None
            try:
                process.stdin.write(stream)
                process.stdin.flush()
                place = Path(f"/proc/{process.pid}")
                _settle(place)
                cpu, waits = cpu_seconds(place / "stat"), _waits(place)
                time.sleep(seconds)
                cpu, waits = cpu_seconds(place / "stat") - cpu, _waits(place) - waits
                threads = sum(1 for _ in (place / "task").iterdir())
                process.stdin.close()
                code = process.wait(LONGEST_SECONDS)
            finally:
                process.kill()
    if code != 0:
        raise Invalid(f"the run that waited ended with {code}")
    return {
        "seconds": seconds,
        "threads": threads,
        "cpu_ms_a_second": round(1000 * cpu / seconds, 2),
        "waits_a_second": round(waits / seconds, 1),
    }


def _settle(place: Path) -> None:
    """Wait until hardly any CPU is taken any more: all that came in is uploaded."""
    until = time.monotonic() + LONGEST_SECONDS
    before = -1.0
    while time.monotonic() < until:
        now = cpu_seconds(place / "stat")
        if before > 0.2 and now - before <= 0.02:  # past its start, and quiet for a second
            return
        before = now
        time.sleep(1)
    raise Invalid("the run that was to wait is never idle")


def _waits(place: Path) -> int:
    """How often any thread of a process has waited."""
    found = 0
    for task in (place / "task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                found += int(line.split()[1])
    return found
