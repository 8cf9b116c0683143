"""A CRM that deletes in every way, killed again and again: LinkedIn holds what the CRM has.

Rows move, are shared and deleted by their key alone, candidates are deleted with all they have,
lists get shorter, LinkedIn refuses deletions for a while. A failure names its seed;
`crm_nights(seed, directory, kills=...)` repeats it, up to the order in which calls of several
threads reach the sandbox.
"""

from __future__ import annotations

import hashlib
import random
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.sandbox.server import running
from tests.chaos.test_kills import bench_with_ledger, compare_ledger, doomed
from tests.e2e.support import PDF, Bench, covered, line, state
from tests.e2e.test_kill_steps import KILLED

LONG_SEEDS = 300
GROUP = 10
NIGHTS = 3
EVENTS = 50
STATE_EVERY = 6

Key = tuple[str, str]
SETTINGS: dict[str, Any] = {
    "on_reject": "continue",
    "fields": {
        "people": {"candidate_id": "id", "resume_id": "*"},
        "applicants": {
            "candidate_id": "owner",
            "each": "attachments",
            "resume_id": "each.id",
            "file": "each.url",
        },
    },
}
_NAMES = ("id", "candidate_id", "resume_id", "created_at", "file", "owner", "_sdc_deleted_at")
_PROPERTIES = {**{name: {} for name in _NAMES}, "attachments": {"type": ["array", "null"]}}
SCHEMAS = [
    {
        "type": "SCHEMA",
        "stream": one,
        "key_properties": ["id"],
        "schema": {"properties": _PROPERTIES},
    }
    for one in ("rows", "people", "applicants")
]
GONE = {"_sdc_deleted_at": "2024-06-01T00:00:00Z"}


class Crm:
    """What the CRM has, and the events that say how it came to that."""

    most_rows = 12
    most_candidates = 4
    most_resumes = 7

    def __init__(self, bench: Bench, chance: random.Random) -> None:
        self._bench = bench
        self._chance = chance
        self._bytes = 0
        self.rows: dict[int, Key] = {}
        self.lists: dict[int, tuple[str, list[str]]] = {}
        self.content: dict[Key, str | None] = {}  # the SHA-256 that the last event gave a key
        self.events: list[dict[str, Any]] = []

    def expected(self) -> dict[Key, str]:
        """What LinkedIn has to hold."""
        named = set(self.rows.values())
        for candidate, resumes in self.lists.values():
            named.update((candidate, resume) for resume in resumes)
        return {key: sha for key in named if (sha := self.content[key]) is not None}

    def pass_a_day(self) -> None:
        for _ in range(EVENTS):
            happens = self._chance.choices(
                [
                    *(self._upsert, self._move, self._delete_row, self._delete_both),
                    *(self._change_list, self._delete_list, self._delete_person),
                ],
                [6, 4, 3, 2, 5, 1, 1],
            )[0]
            happens()

    def _upsert(self) -> None:
        row = self._chance.randrange(self.most_rows)
        key = self.rows.get(row) or (self._candidate(), f"r{row % self.most_resumes}")
        self._name(row, key)

    def _move(self) -> None:
        if self.rows:
            row = self._chance.choice(sorted(self.rows))
            self._name(row, (self._candidate(), self.rows[row][1]))

    def _candidate(self) -> str:
        return f"c{self._chance.randrange(self.most_candidates)}"

    def _name(self, row: int, key: Key) -> None:
        is_new = key not in self.expected()
        self.rows[row] = key
        file = self._file(key, missing=is_new and self._chance.random() < 0.1)
        self._say("rows", id=row, candidate_id=key[0], resume_id=key[1], file=file, created_at=1e12)

    def _delete_row(self) -> None:
        row = self._chance.randrange(self.most_rows)
        self.rows.pop(row, None)
        self._say("rows", id=row, **GONE)

    def _delete_both(self) -> None:
        alone = [row for row, key in self.rows.items() if list(self.rows.values()).count(key) == 1]
        if alone:
            row = self._chance.choice(sorted(alone))
            candidate, resume = self.rows.pop(row)
            self._say("rows", id=row, candidate_id=candidate, resume_id=resume, **GONE)

    def _change_list(self) -> None:
        identity = self._chance.randrange(3)
        owner = f"a{identity}" if self._chance.random() < 0.9 else f"a{identity}-merged"
        resumes = self._chance.sample("uvwxyz", self._chance.randrange(5))
        self.lists[identity] = (owner, resumes)
        self._say(
            "applicants",
            id=identity,
            owner=owner,
            created_at=1e12,
            attachments=[{"id": one, "url": self._file((owner, one))} for one in resumes],
        )

    def _delete_list(self) -> None:
        identity = self._chance.randrange(3)
        self.lists.pop(identity, None)
        self._say("applicants", id=identity, **GONE)

    def _delete_person(self) -> None:
        candidates = [f"c{number}" for number in range(self.most_candidates)]
        person = self._chance.choice([*candidates, "a0", "a1", "a2"])
        self.rows = {row: key for row, key in self.rows.items() if key[0] != person}
        self.lists = {one: kept for one, kept in self.lists.items() if kept[0] != person}
        self._say("people", id=person, **GONE)

    def _file(self, key: Key, *, missing: bool = False) -> str:
        self._bytes += 1
        name, content = f"{self._bytes}.pdf", PDF + b"%% %d\n" % self._bytes
        if missing:
            self.content[key] = None
        else:
            self._bench.file(name, content)
            self.content[key] = hashlib.sha256(content).hexdigest()
        return name

    def _say(self, stream: str, **record: Any) -> None:
        self.events.append({"type": "RECORD", "stream": stream, "record": record})

    def messages(self, after: int) -> list[dict[str, Any]]:
        """The events from one on, a STATE after every so many."""
        stream = list(SCHEMAS)
        for number, event in enumerate(self.events, 1):
            if number > after:
                stream.append(event)
                if number % STATE_EVERY == 0:
                    stream.append(state(number))
        return [*stream, state(len(self.events))]


def crm_nights(seed: int, directory: Path, *, kills: bool) -> int:
    """Load a CRM's events night by night over some kills, and compare; gives their number."""
    told = f"seed {seed}"
    chance = random.Random(seed)
    data = directory / "linkedin"
    data.mkdir(parents=True)
    killed = covers = 0
    with running(data) as sandbox:
        bench = bench_with_ledger(directory, sandbox)
        rejects = directory / "rejects.singer"
        bench.settings |= {**SETTINGS, "rejects_path": str(rejects)}
        crm = Crm(bench, chance)
        for night in range(NIGHTS):
            crm.pass_a_day()
            refused = night < NIGHTS - 1 and chance.random() < 0.5
            left = chance.randint(0, 3) if kills else 0
            while True:
                stream = b"".join(map(line, crm.messages(covers)))
                sandbox.set_faults(*(_refusals(chance) if refused and not left else ()))
                if not left:
                    run = bench.run([stream])
                else:
                    with bench.start() as process:
                        with doomed(bench, process, chance) if left else nullcontext():
                            out, _ = process.communicate(stream, timeout=100)
                        run = bench.finished(process.returncode, out)
                assert run.code in (KILLED, 0, 3), f"{told}: {run.log}"
                covers = max(covers, covered(run.states))
                if run.code != KILLED and not left:
                    break
                killed += run.code == KILLED
                left -= 1
            assert covers == len(crm.events), f"{told}: {run.log}"
            if run.code == 0:
                held = {key: resume["sha256"] for key, resume in bench.held().items()}
                wrong = held.items() ^ crm.expected().items()
                assert not wrong, f"{told}, night {night}: {sorted(wrong)}"
                compare_ledger(bench, told)
        assert run.code == 0, f"{told}: {run.log}"
        assert sandbox.snapshot()["breaches"] == [], told
    return killed


def _refusals(chance: random.Random) -> list[dict[str, Any]]:
    keys = [[f"c{chance.randrange(4)}", f"r{chance.randrange(7)}"] for _ in range(6)]
    about = {"endpoint": "batch_delete", "kind": "key_status", "status": 422}
    return [{**about, "keys": [key]} for key in keys]


@pytest.mark.parametrize("seed", range(4))
def test_linkedin_holds_what_the_crm_has(tmp_path: Path, seed: int) -> None:
    crm_nights(seed, tmp_path, kills=False)


@pytest.mark.parametrize("seed", range(2))
def test_linkedin_holds_what_the_crm_has_after_kills(tmp_path: Path, seed: int) -> None:
    crm_nights(seed, tmp_path, kills=True)


@pytest.mark.chaos_long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, LONG_SEEDS, GROUP))
def test_linkedin_holds_what_the_crm_has_after_many_kills(tmp_path: Path, first: int) -> None:
    seeds = range(first, first + GROUP)
    kills = sum(crm_nights(seed, tmp_path / str(seed), kills=True) for seed in seeds)
    assert kills >= GROUP, f"seeds from {first}: only {kills} kills, this proves little"
