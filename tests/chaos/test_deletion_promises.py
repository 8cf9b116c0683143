"""What is gone in the CRM goes at LinkedIn, whatever order threads, answers and kills come in.

The whole target on one thread: hypothesis says which worker goes on, what LinkedIn answers, and
when the process dies. A CRM's events are read one by one: rows move, are shared and deleted,
candidates are deleted, lists change, LinkedIn refuses deletions. What is settled, LinkedIn holds.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, cast
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from singer_sdk.singerlib.json import serialize_json

from target_linkedin_resumes import app
from target_linkedin_resumes.app import Runtime
from target_linkedin_resumes.engine import engine, scheduler
from target_linkedin_resumes.engine.inflight import Retries
from target_linkedin_resumes.engine.interfaces import Outcomes
from target_linkedin_resumes.errors import Confirmation, Failure, Reject, Retry
from target_linkedin_resumes.records import ResumeKey
from target_linkedin_resumes.stores.ledger_admin import LedgerView
from target_linkedin_resumes.target import TargetLinkedInResumes
from tests.chaos.test_deletions import SCHEMAS, SETTINGS, Crm, Key
from tests.e2e.support import Bench, covered, state

Ended = Callable[[Any, float], None]
Happening = Callable[[Crm], None]
# None is a STATE.
HAPPENINGS: list[Happening | None] = [
    *(Crm._upsert, Crm._upsert, Crm._upsert, Crm._move, Crm._move),
    *(Crm._delete_row, Crm._delete_row, Crm._delete_both),
    *(Crm._change_list, Crm._change_list, Crm._delete_list, Crm._delete_person),
    None,
]
SEEDS = st.integers(0, 2**32)
MOST_STEPS = 10_000


class Files:
    """Where the CRM's files are, as its bench."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def file(self, name: str, content: bytes) -> None:
        (self._root / name).write_bytes(content)


class SmallCrm(Crm):
    """Rows that often name one resume together."""

    most_rows = 3
    most_candidates = 2
    most_resumes = 1


class LinkedIn:
    """What LinkedIn holds, and how it answers."""

    def __init__(self) -> None:
        self.held: dict[Key, str] = {}
        self.refused: set[Key] = set()
        self.fault = ""  # of the next call: lost "before" or "after" it is carried out
        self._blobs: list[str] = []

    def stop_waiting(self) -> None: ...

    def look(self) -> None: ...

    def upload_resume(self, body: Any, size: int, content_type: str, filename: str) -> str:
        self._blobs.append(hashlib.sha256(body.read()).hexdigest())
        return f"urn:{len(self._blobs) - 1}"

    def batch_update(self, resumes: Sequence[tuple[ResumeKey, str, int]]) -> Outcomes:
        def carry_out() -> Outcomes:
            for key, urn, _ in resumes:
                blob = self._blobs[int(urn.removeprefix("urn:"))]
                self.held[key.candidate_id, key.resume_id] = blob
            return {key: Confirmation(204) for key, _, _ in resumes}

        return self._call(carry_out)

    def batch_delete(self, keys: Sequence[ResumeKey]) -> Outcomes:
        def carry_out() -> Outcomes:
            return {key: self._delete((key.candidate_id, key.resume_id)) for key in keys}

        return self._call(carry_out)

    def _delete(self, key: Key) -> Confirmation | Reject:
        if key in self.refused:
            return Reject("linkedin_refused", "no", status=422)
        return Confirmation(404 if self.held.pop(key, None) is None else 204)

    def _call(self, carry_out: Callable[[], Outcomes]) -> Outcomes:
        fault, self.fault = self.fault, ""
        if fault == "before":
            raise Retry("reset")
        outcomes = carry_out()
        if fault == "after":
            raise Retry("reset")
        return outcomes


class Turns:
    """Takes the place of threads: what is waiting goes on when it is told to, in any order."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.scheduler: scheduler.Scheduler
        self.pools: list[Pool] = []

    def turn(self) -> None:
        """Have the scheduler read what has come, and one job begin or end."""
        inbox = self.scheduler._inbox
        while not inbox.empty():
            for message in inbox.get():
                self.scheduler._handle(*message)
        self.scheduler._advance()
        possible = [do for pool in self.pools for do in pool.possible(self.scheduler)]
        if possible:
            self._chance.choice(possible)()


class Pool:
    """Stands for :class:`Workers`: jobs wait, are done, and then their end is read."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: list[tuple[Callable[[], Any], Ended]] = []
        self._done: list[tuple[Any, Ended]] = []
        self.busy = 0

    def run(self, job: Callable[[], Any], done: Ended) -> None:
        self.busy += 1
        self._waiting.append((job, done))

    def stop(self) -> None: ...

    def possible(self, owner: scheduler.Scheduler) -> Iterable[Callable[[], None]]:
        several = self._most > 1
        for number in range(len(self._waiting) if several else min(1, len(self._waiting))):
            yield partial(self._do, number)
        for number in range(len(self._done) if several else min(1, len(self._done))):
            yield partial(self._end, owner, number)

    def _do(self, number: int) -> None:
        job, done = self._waiting.pop(number)
        try:
            result = job()
        except Failure as failure:
            result = failure
        self._done.append((result, done))

    def _end(self, owner: scheduler.Scheduler, number: int) -> None:
        result, done = self._done.pop(number)
        self.busy -= 1
        owner._handle(done, result, 0.0)


class Reply:
    """Stands for the queue at which the reader waits."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._there = False

    def put(self, _: None) -> None:
        self._there = True

    def get(self) -> None:
        for _ in range(MOST_STEPS):
            if self._there:
                return
            self._turns.turn()
        raise AssertionError("the reader waits for ever")


class DeletionPromises(RuleBasedStateMachine):
    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        self.undo = ExitStack()
        self.home = Path(self.undo.enter_context(tempfile.TemporaryDirectory()))
        (self.home / "files").mkdir()
        self.linkedin = LinkedIn()
        self.chance = random.Random(seed)
        self.crm = SmallCrm(cast("Bench", Files(self.home / "files")), self.chance)
        self.lives = self.read = 0
        self.states: list[dict[str, Any]] = []
        self.killed: list[Runtime] = []
        enter = self.undo.enter_context
        enter(mock.patch.object(app, "linkedin_of", return_value=self.linkedin))
        enter(mock.patch.object(app, "Retries", partial(Retries, jitter=lambda _: 0.0)))
        enter(mock.patch.object(scheduler, "STATE_INTERVAL", 0))
        enter(mock.patch.object(scheduler, "PAUSE_FACTOR", 0))
        enter(mock.patch.object(scheduler, "Workers", self.workers))
        enter(mock.patch.object(engine, "SimpleQueue", self.reply))
        (self.home / "0").mkdir()
        self.start()

    def workers(self, _: str, most: int, *__: object) -> Pool:
        pool = Pool(most)
        self.turns.pools.append(pool)
        return pool

    def reply(self) -> Reply:
        return Reply(self.turns)

    def start(self) -> None:
        """Begin a run, from the state that was printed last."""
        directory = self.home / str(self.lives)
        config = {
            "client_id": "i",
            "client_secret": "s",
            "organization": "1",
            "contract": "2",
            "file_root": str(self.home / "files"),
            "upload_concurrency": 3,
            "batch_size_rows": 3,
            "retry_seconds": 86_400,
            "ledger_path": str(directory / "ledger.db"),
            "rejects_path": str(directory / "rejects.singer"),
            **SETTINGS,
        }
        self.target = TargetLinkedInResumes(config=config)
        self.turns = Turns(self.chance)
        self.runtime = app.build(
            self.target.settings,
            print_state=lambda state: self.states.append(dict(state)),
            encode=serialize_json,
        )
        self.target.__dict__["runtime"] = self.runtime
        self.turns.scheduler = self.runtime.engine._scheduler
        self.target._retry_rejects()
        for schema in SCHEMAS:
            self.target._process_schema_message(schema)
        self.read = covered(self.states)
        self.go_on()

    def go_on(self) -> None:
        """Read the events that were not read yet."""
        for event in self.crm.events[self.read :]:
            self.target._process_record_message(event)
        self.read = len(self.crm.events)

    # The CRM

    @rule(
        happens=st.lists(st.sampled_from(HAPPENINGS), min_size=1, max_size=10),
        seed=SEEDS,
        wait=st.booleans(),
    )
    def change(self, happens: list[Happening | None], seed: int, wait: bool) -> None:
        """Read some events, and states between them; and ``wait`` for what becomes of them."""
        self.chance.seed(seed)  # so that what happened before can be left out
        for one in happens:
            if one is None:
                self.target._process_state_message(state(len(self.crm.events)))
            else:
                one(self.crm)
                self.go_on()
        if wait:
            self.runtime.engine.settle()
            self.compare()

    # LinkedIn

    @rule(what=st.sampled_from(["refuse", "heal", "before", "after"]), seed=SEEDS)
    def answer_otherwise(self, what: str, seed: int) -> None:
        """Refuse deletions of what is held, or have the next call lost."""
        held = sorted(self.linkedin.held)
        if what == "heal":
            self.linkedin.refused.clear()
        elif what == "refuse":
            self.linkedin.refused.update(random.Random(seed).sample(held, min(2, len(held))))
        else:
            self.linkedin.fault = what

    # Time

    @rule(turns=st.integers(1, 12), seed=SEEDS)
    def let_others_go_on(self, turns: int, seed: int) -> None:
        self.chance.seed(seed)
        self.runtime.engine.flush()
        for _ in range(turns):
            self.turns.turn()

    @rule()
    def kill(self) -> None:
        """What is on the disk is all that is left."""
        before = self.home / str(self.lives)
        self.lives += 1
        shutil.copytree(before, self.home / str(self.lives))
        self.killed.append(self.runtime)
        self.start()

    @rule()
    def end(self) -> None:
        self.end_run()
        self.start()

    def end_run(self) -> None:
        self.target._process_state_message(state(len(self.crm.events)))
        running = self.runtime.engine
        running.close()
        running.drain()
        running.end()
        self.runtime.close(complete=True)
        assert running.failure is None
        assert covered(self.states) == len(self.crm.events)
        self.compare()
        self.compare_ledger()

    def outstanding(self) -> set[object]:
        """The resumes that wait for their deletion."""
        assert self.runtime.rejects is not None
        return {what for what, is_deletion in self.runtime.rejects._positions if is_deletion}

    def compare(self) -> None:
        """All that has come is carried out, but for deletions that LinkedIn refuses."""
        wrong = {key for key, _ in self.linkedin.held.items() ^ self.crm.expected().items()}
        assert {ResumeKey(*key) for key in wrong} <= self.outstanding()

    def compare_ledger(self) -> None:
        view = LedgerView(self.home / str(self.lives) / "ledger.db")
        known = {(row["candidate_id"], row["resume_id"]): row["sha256"] for row in view.rows()}
        view.close()
        assert known == self.linkedin.held

    def teardown(self) -> None:
        """With LinkedIn well again, two runs leave nothing that is gone."""
        if not hasattr(self, "undo"):
            return
        with self.undo:
            self.linkedin.refused.clear()
            self.end_run()
            self.start()
            self.end_run()
            assert not self.outstanding()
            for runtime in self.killed:
                runtime.close(complete=False)


TestDeletionPromises = DeletionPromises.TestCase
TestDeletionPromises.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
