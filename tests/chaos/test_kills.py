"""Killed again and again with a ledger: in the end the ledger and LinkedIn say the same.

A run gets its SIGKILL at a step of the protocol, before or after the sandbox has done the work, or
at whatever moment it is. A failure names its seed; `killed(seed, directory)` repeats it, up to the
order in which calls of several threads reach the sandbox.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from target_linkedin_resumes.sandbox.server import Running, running
from target_linkedin_resumes.stores.ledger_admin import LedgerView
from tests.e2e.support import SCHEMA, Bench, History, covered, line, state
from tests.e2e.test_kill_steps import KILLED, STEPS, kill_at

LONG_SEEDS = 200
GROUP = 10
MOST_KILLS = 3


def killed(seed: int, directory: Path) -> int:
    """Run a history to its end over some kills, and compare; gives how many kills there were."""
    told = f"seed {seed}"
    chance = random.Random(seed)
    history = History.make(seed, events=150, keys=60, deletes=0.2)
    data = directory / "linkedin"
    data.mkdir(parents=True)
    with running(data) as sandbox:
        bench = bench_with_ledger(directory, sandbox)
        history.write(bench)
        covers = kills = 0
        for _ in range(chance.randint(1, MOST_KILLS)):
            with bench.start() as process:
                stream = b"".join(map(line, history.messages(after=covers, every=7)))
                with doomed(bench, process, chance):
                    out, _ = process.communicate(stream, timeout=100)
                run = bench.finished(process.returncode, out)
            assert run.code in (KILLED, 0), f"{told}: {run.log}"
            kills += run.code == KILLED
            covers = max(covers, covered(run.states))
            history.check_state(bench, run.states)
        sandbox.set_faults()
        done = bench.run(history.messages(after=covers, every=7))
        assert done.code == 0, f"{told}: {done.log}"
        history.check_complete(bench)
        compare_ledger(bench, told)
        _nothing_is_left_to_do(bench, history, told)
        assert sandbox.snapshot()["breaches"] == [], told
    return kills


def bench_with_ledger(directory: Path, sandbox: Running) -> Bench:
    """A bench that keeps a ledger; with so few at a time that a kill finds some on their way."""
    settings = {
        "upload_concurrency": 4,
        "batch_size_rows": 10,
        "ledger_path": str(directory / "ledger.db"),
    }
    return Bench(directory, sandbox, settings)


@contextmanager
def doomed(bench: Bench, process: Popen[bytes], chance: random.Random) -> Iterator[None]:
    """Have a process killed meanwhile; it may come to its end before."""
    if chance.random() < 0.7:
        step = chance.choice(STEPS)
        number = 1 if step == "token" else chance.randint(1, 5)
        kill_at(bench.sandbox, process.pid, step, number, done=chance.random() < 0.5)
        yield
        return
    bench.sandbox.set_faults()
    seen, wait = _last(bench), chance.uniform(0, 0.5)

    def kill() -> None:
        while process.poll() is None and _last(bench) == seen:
            time.sleep(0.01)
        time.sleep(wait)
        process.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    yield
    killer.join()


def _last(bench: Bench) -> int:
    journal = bench.sandbox.journal()
    return int(journal[-1]["seq"]) if journal else 0


def compare_ledger(bench: Bench, told: str) -> None:
    """The ledger knows just the resumes that LinkedIn holds, each with its bytes and blob."""
    view = LedgerView(bench.directory / "ledger.db")
    known = {
        (row["candidate_id"], row["resume_id"]): (row["state"], row["sha256"], row["urn"])
        for row in view.rows()
    }
    view.close()
    held = {
        key: ("delivered", resume["sha256"], resume["resume_file"])
        for key, resume in bench.held().items()
    }
    assert known == held, f"{told}: {known.items() ^ held.items()}"


def _nothing_is_left_to_do(bench: Bench, history: History, told: str) -> None:
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for event in history.events:
        last[history.outcome(event)[0]] = event
    before = _last(bench)
    again = bench.run([SCHEMA, *last.values(), state(len(history.events))])
    assert again.code == 0, f"{told}: {again.log}"
    assert covered(again.states) == len(history.events), told
    calls = [entry["endpoint"] for entry in bench.sandbox.journal(after=before)]
    assert calls == [], f"{told}: {calls}"


@pytest.mark.parametrize("seed", range(4))
def test_ledger_and_linkedin_agree(tmp_path: Path, seed: int) -> None:
    killed(seed, tmp_path)


@pytest.mark.chaos_long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, LONG_SEEDS, GROUP))
def test_ledger_and_linkedin_agree_after_many_kills(tmp_path: Path, first: int) -> None:
    kills = sum(killed(seed, tmp_path / str(seed)) for seed in range(first, first + GROUP))
    assert kills >= GROUP // 2, f"seeds from {first}: only {kills} kills, this proves little"
