"""Full tables with ACTIVATE_VERSION, killed again and again: what has vanished is deleted, no more.

A tap whose run was cut off either goes on where the last state says, within the same version, or
begins a new one. Either way nothing that the source still has may be deleted, and when a run comes
to its end LinkedIn holds what the source has. A failure names its seed; `nights(seed, directory)`
repeats it, up to the order in which calls of several threads reach the sandbox.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.sandbox.server import running
from tests.chaos.test_kills import bench_with_ledger, compare_ledger, doomed
from tests.e2e.support import PDF, SCHEMA, Bench, covered, line, record, state
from tests.e2e.test_kill_steps import KILLED

# In these, a version that is decided too early would delete what is still on its way, and what a
# killed run had seen unchanged would be deleted by the next one.
SEEDS = (5, 28)
LONG_SEEDS = 60
GROUP = 10
NIGHTS = 4
KEYS = 60
STATE_EVERY = 7

Key = tuple[str, str]


class Source:
    """A table of resumes: from night to night some vanish, come back, or are changed."""

    def __init__(self, bench: Bench, chance: random.Random) -> None:
        self._bench = bench
        self._chance = chance
        self._bytes = 0
        self.rows: dict[Key, str] = {}
        self.files: dict[str, str] = {}  # SHA-256 by name

    def pass_a_day(self) -> None:
        for number in range(KEYS):
            key = (f"c{number}", f"r{number}")
            chance = self._chance.random()
            if chance < 0.2:
                self.rows.pop(key, None)
            elif chance < 0.4 or key not in self.rows:
                self.rows[key] = self._file()

    def _file(self) -> str:
        self._bytes += 1
        content = PDF + b"%% %d\n" % self._bytes
        name = self._bench.file(f"{self._bytes}.pdf", content)
        self.files[name] = hashlib.sha256(content).hexdigest()
        return name

    def messages(self, version: int, after: int) -> Iterator[dict[str, Any]]:
        """The table from a row on, a STATE after every so many, and the version at the end."""
        yield SCHEMA
        for number, (key, name) in enumerate(sorted(self.rows.items()), 1):
            if number > after:
                yield {**record(*key, name), "version": version}
                if number % STATE_EVERY == 0:
                    yield state(number)
        yield {"type": "ACTIVATE_VERSION", "stream": "resumes", "version": version}
        yield state(len(self.rows))


def nights(seed: int, directory: Path) -> int:
    """Replicate a table night by night over some kills, and compare; gives how many there were."""
    told = f"seed {seed}"
    chance = random.Random(seed)
    goes_on = chance.random() < 0.5
    data = directory / "linkedin"
    data.mkdir(parents=True)
    kills = version = 0
    with running(data) as sandbox:
        bench = bench_with_ledger(directory, sandbox)
        source = Source(bench, chance)
        seen = 0
        for _ in range(NIGHTS):
            source.pass_a_day()
            covers, ended, left = 0, False, chance.randint(0, 3)
            version += 1
            while not ended:
                stream = b"".join(map(line, source.messages(version, covers)))
                sandbox.set_faults()
                with bench.start() as process:
                    with doomed(bench, process, chance) if left else nullcontext():
                        out, _ = process.communicate(stream, timeout=100)
                    run = bench.finished(process.returncode, out)
                assert run.code in (KILLED, 0), f"{told}: {run.log}"
                journal = sandbox.journal(after=seen)
                seen = journal[-1]["seq"] if journal else seen
                lost = _deleted(journal) & source.rows.keys()
                assert not lost, f"{told}: {lost} are deleted, and the source has them"
                ended, left = run.code == 0, left - 1
                kills += not ended
                if goes_on:
                    covers = max(covers, covered(run.states))
                elif not ended:
                    version += 1
            held = {key: resume["sha256"] for key, resume in bench.held().items()}
            assert held == {key: source.files[name] for key, name in source.rows.items()}, told
            compare_ledger(bench, told)
        assert sandbox.snapshot()["breaches"] == [], told
    return kills


def _deleted(journal: list[dict[str, Any]]) -> set[Key]:
    calls = (call for call in journal if call["endpoint"] == "batch_delete")
    return {(candidate, resume) for call in calls for candidate, resume in call["keys"]}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_has_vanished_is_deleted_and_no_more(tmp_path: Path, seed: int) -> None:
    nights(seed, tmp_path)


@pytest.mark.chaos_long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, LONG_SEEDS, GROUP))
def test_what_has_vanished_is_deleted_after_many_kills(tmp_path: Path, first: int) -> None:
    kills = sum(nights(seed, tmp_path / str(seed)) for seed in range(first, first + GROUP))
    assert kills >= GROUP, f"seeds from {first}: only {kills} kills, this proves little"
