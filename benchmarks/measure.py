"""One run of one subject on one case, in processes of their own, and what it took."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

from benchmarks import wire
from benchmarks.cases import OPEN, PER_MINUTE, Case, write_stream
from benchmarks.ledgers import SEEDS, multiply, prepare

REPOSITORY = Path(__file__).resolve().parent.parent
COMMAND = Path(sys.executable).with_name("target-linkedin-resumes")
SUBJECTS = ("target", "peer", "floor")
SAMPLE_SECONDS = 0.02
# A run that takes longer hangs: the longest, 600,000 resumes for the plot of memory, is within it.
LONGEST_SECONDS = 1800
_TICKS = os.sysconf("SC_CLK_TCK")


class Invalid(Exception):
    """A run did not do what it was to do, so that its figures mean nothing."""


@dataclass(frozen=True)
class Certificates:
    """Files of a local CA and of a server's chain and key that it signed."""

    authority: Path
    server: Path


@dataclass(frozen=True)
class Run:
    """What one run took: seconds, bytes, and the server's counts.

    ``cpu_main`` is the part of ``cpu`` that the main thread took, which reads the input.
    ``switches`` counts how often a thread waited: for a call, for another thread, for a lock.
    """

    wall: float
    cpu: float
    cpu_main: float
    switches: int
    threads: int
    peak: int
    resident: list[int]
    first_call: float | None
    stats: dict[str, Any]


@contextmanager
def server(case: Case, certificates: Certificates | None) -> Iterator[str]:
    """Run the server for a case; gives its URL."""
    starting = [sys.executable, "-m", "benchmarks.server", "--latency", case.latency_text]
    if case.limited:
        starting += ["--records-per-minute", str(PER_MINUTE)]
    if case.outage is not None:
        starting += ["--outage", *map(str, case.outage)]
    if certificates is not None:
        starting += ["--certificate", str(certificates.server)]
    with subprocess.Popen(
        starting, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
        process.communicate()


def run(
    subject: str,
    case: Case,
    records: int,
    scratch: Path,
    certificates: Certificates | None,
    wrapped_in: Sequence[str] = (),
) -> Run:
    """Run a subject on so many records of a case; 0 is an empty run. Raises :class:`Invalid`.

    ``wrapped_in`` is a command that is given the subject's command as its last arguments.
    """
    used = certificates if case.tls else None
    with server(case, used) as url:
        settings = configuration(subject, case, url, scratch)
        config = scratch / "config.json"
        config.write_text(json.dumps(settings))
        _prepare(case, records, settings, scratch)
        stream = write_stream(case, records, url, scratch)
        environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
        if used is not None:
            environment |= dict.fromkeys(
                ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), str(used.authority)
            )
        log = scratch / "log.txt"
        with stream.open("rb") as source, log.open("wb") as errors:
            begun = time.monotonic()
            process = subprocess.Popen(
                [*wrapped_in, *command(subject, config)],
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=REPOSITORY,
                env=environment,
            )
            watch = threading.Timer(LONGEST_SECONDS, process.kill)
            watch.start()
            watched = _Watched(process.pid)
            assert process.stdout is not None
            with process.stdout:
                printed = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - begun
            watch.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            watched.join()
        stats = _stats(url, used)
    if process.returncode != 0:
        tail = log.read_text(errors="replace")[-2000:]
        raise Invalid(f"{subject} on '{case.name}' ended with {process.returncode}:\n{tail}")
    _check(subject, case, records, stats, printed)
    first = stats["first_call"]
    return Run(
        wall,
        usage.ru_utime + usage.ru_stime,
        watched.cpu_main,
        usage.ru_nvcsw,
        watched.threads,
        max(watched.peak, 1),
        watched.resident,
        None if first is None else first - begun,
        stats,
    )


def _prepare(case: Case, records: int, settings: dict[str, Any], scratch: Path) -> None:
    """Write the ledger that a run begins with; it is kept for the next run of the case."""
    own = range(case.records) if case.ledger == "knows" else range(0)
    if not own and not case.others:
        return
    path = Path(settings["ledger_path"])
    kept = scratch / f"known-{len(own)}-{case.others}-{case.rows}.db"
    if not kept.exists():
        seeds = range(records, records + min(case.others, SEEDS))
        prepare(case, own or seeds, settings)
        multiply(path, case.others - (0 if own else len(seeds)))
        path.rename(kept)
    shutil.copyfile(kept, path)
    path.chmod(0o600)


def start_up(argument: str) -> float:
    """Seconds that the command takes for `--version` or `--about`."""
    begun = time.monotonic()
    subprocess.run([COMMAND, argument], check=True, capture_output=True, cwd=REPOSITORY)
    return time.monotonic() - begun


class _Watched(threading.Thread):
    """Watches a process. What the kernel counts as a child's peak begins with its parent's."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = Path(f"/proc/{pid}")
        self._main = self._process / "task" / str(pid) / "stat"
        self.peak = 0
        self.resident: list[int] = []
        self.threads = 0
        self.cpu_main = 0.0
        self.start()

    def run(self) -> None:
        """Sample until the process has ended."""
        with suppress(OSError):
            while True:
                text = (self._process / "status").read_text()
                fields = dict(line.split(":", 1) for line in text.splitlines())
                if "VmHWM" not in fields:
                    return
                self.peak = max(self.peak, int(fields["VmHWM"].split()[0]) * 1024)
                self.resident.append(int(fields["VmRSS"].split()[0]) * 1024)
                self.threads = max(self.threads, int(fields["Threads"]))
                self.cpu_main = cpu_seconds(self._main)
                time.sleep(SAMPLE_SECONDS)


def cpu_seconds(stat: Path) -> float:
    """CPU time from a `stat` of /proc, of a process or a thread."""
    user, system = stat.read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / _TICKS


def command(subject: str, config: Path) -> list[str]:
    """Give the command line of a subject."""
    if subject == "target":
        return [str(COMMAND), "--config", str(config)]
    options = ["--config", str(config)] if subject == "peer" else [str(config)]
    return [sys.executable, "-m", f"benchmarks.{subject}", *options]


def configuration(subject: str, case: Case, url: str, scratch: Path) -> dict[str, Any]:
    """Give a subject's settings."""
    config: dict[str, Any] = {
        "client_id": "benchmark",
        "client_secret": "benchmark-secret",
        "api_url": url,
        "token_url": f"{url}/oauth/v2/accessToken",
        "file_root": str(scratch / "files"),
    }
    if subject == "target":
        config |= {
            "organization": wire.ORGANIZATION,
            "contract": wire.CONTRACT,
            "records_per_minute": OPEN,
            "requests_per_day": 100_000_000,
            "file_sources": [{"prefix": f"{url}/"}],
            **case.settings,
        }
        if case.ledger:
            path = scratch / "ledger.db"
            for left in scratch.glob("ledger.db*"):
                left.unlink()
            config["ledger_path"] = str(path)
    else:
        config["add_record_metadata"] = True  # or the SDK removes `_sdc_deleted_at`
    return config


def _stats(url: str, certificates: Certificates | None) -> dict[str, Any]:
    handlers: list[Any] = [ProxyHandler({})]
    if certificates is not None:
        context = ssl.create_default_context(cafile=str(certificates.authority))
        handlers.append(HTTPSHandler(context=context))
    with build_opener(*handlers).open(f"{url}/stats", timeout=30) as answer:
        return dict(json.load(answer))


def _check(subject: str, case: Case, records: int, stats: dict[str, Any], printed: bytes) -> None:
    sent = 0 if case.ledger == "knows" else records
    updated, deleted = (sent, 0) if case.size else (0, sent)
    if (stats["updated"], stats["deleted"]) != (updated, deleted):
        raise Invalid(
            f"{subject} on '{case.name}' updated {stats['updated']} and deleted"
            f" {stats['deleted']} of {records}"
        )
    if case.outage is None and stats["uploaded_bytes"] != case.size * updated:
        raise Invalid(f"{subject} on '{case.name}' uploaded {stats['uploaded_bytes']} bytes")
    if stats["throttled"]:
        raise Invalid(f"{subject} on '{case.name}' was throttled {stats['throttled']} times")
    if subject != "floor":
        states = [line for line in printed.splitlines() if line.startswith(b"{")]
        last = json.loads(states[-1]) if states else None  # other lines are a profiler's
        if last != {"bookmarks": {"resumes": records}}:
            raise Invalid(f"{subject} on '{case.name}' did not print the last state")
