"""Killed at each step of the protocol, and resumed from what was printed.

The process gets its SIGKILL from within the sandbox: when a call has arrived and nothing is done
yet, or when all is done and the answer is not on its way. No clock decides.
"""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass
from typing import Any

import pytest

from target_linkedin_resumes.sandbox.faults import Rule
from target_linkedin_resumes.sandbox.server import Running
from tests.e2e.conftest import MakeBench
from tests.e2e.support import Bench, History, covered, line

KILLED = -signal.SIGKILL
WRITES = {"batch_update", "batch_delete"}
STEPS = ("token", "url", "upload", "batch_update", "batch_delete")
# A call that is held while its sender dies: until it is gone, but no longer than this.
HELD_MS = 20_000


@dataclass(slots=True)
class Kill(Rule):
    """A fault that kills the caller.

    The sandbox asks a `black_hole` how long it lasts before it works on a call, and a `delay` when
    the work is done and the answer is to be sent.
    """

    process: int = 0

    def get(self, name: str, default: Any = None) -> Any:
        if name == "ms":
            os.kill(self.process, signal.SIGKILL)
            return HELD_MS
        return super().get(name, default)


def kill_at(sandbox: Running, process: int, step: str, number: int, *, done: bool) -> None:
    """Have a process killed by its n-th call of a step, before or after the work is done."""
    kill = Kill(
        endpoint=step,
        kind="delay" if done else "black_hole",
        rate=1,
        times=1,
        after=number - 1,
        keys=frozenset(),
        definition={},
        random=random.Random(0),
        process=process,
    )

    def order(state: Any) -> None:
        state.faults.rules = [kill]

    sandbox.ask(order)


def ends_with_deletes(seed: int) -> History:
    """A history in which a key's deletion, if there is one, is its last event."""
    history = History.make(seed, events=260, keys=110, deletes=0.2)
    deleted: set[tuple[str, str]] = set()
    events = []
    for event in history.events:
        key, value = history.outcome(event)
        if key not in deleted:
            events.append(event)
            if value is None:
                deleted.add(key)
    return History(events, history.files)


def check_order(journal: list[dict[str, Any]]) -> None:
    """Within the calls of one run, no key is updated after it was deleted."""
    deleted: set[tuple[str, ...]] = set()
    for entry in journal:
        if entry["endpoint"] in WRITES and entry["key_statuses"]:
            keys = {tuple(key) for key in entry["keys"]}
            if entry["endpoint"] == "batch_delete":
                deleted |= keys
            assert entry["endpoint"] == "batch_delete" or not keys & deleted


def killed_call(bench: Bench, after: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The call that was under way when its sender died, and all since an entry of the journal."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        journal = bench.sandbox.journal(after=after)
        hit = [entry for entry in journal if entry["fault"] is not None]
        if hit:
            return hit[0], journal
        time.sleep(0.01)
    raise AssertionError("no call was hit")


@pytest.mark.parametrize("step", STEPS)
def test_killed_before_and_after_a_call_and_resumed(make_bench: MakeBench, step: str) -> None:
    seed = STEPS.index(step)
    chance = random.Random(seed)
    history = ends_with_deletes(seed)
    # Tokens that live a second, so that a run needs more than one.
    bench = make_bench(**({"token_ttl": 1, "latency": {"upload": 150}} if step == "token" else {}))
    bench.settings = {"upload_concurrency": 4, "batch_size_rows": 15}
    history.write(bench)
    covers = seen = 0
    for done in (False, True, False, True):
        with bench.start() as process:
            kill_at(bench.sandbox, process.pid, step, chance.randint(1, 2), done=done)
            stream = b"".join(map(line, history.messages(after=covers, every=7)))
            out, _ = process.communicate(stream, timeout=60)
            run = bench.finished(process.returncode, out)
        assert run.code == KILLED, run.log
        call, journal = killed_call(bench, seen)
        seen = journal[-1]["seq"]
        assert call["endpoint"] == step
        assert call["gone"]
        if step in WRITES:
            assert bool(call["key_statuses"]) == done
        check_order(journal)
        covers = max(covers, covered(run.states))
        history.check_state(bench, run.states)
    bench.sandbox.set_faults()
    finished = bench.run(history.messages(after=covers, every=7))
    assert finished.code == 0, finished.log
    assert covered(finished.states) == len(history.events)
    history.check_complete(bench)
    check_order(bench.sandbox.journal(after=seen))
    assert bench.sandbox.snapshot()["breaches"] == []
