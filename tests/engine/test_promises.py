"""Promises 1 to 4, held over random histories.

The machine plays the tap, the workers, LinkedIn and the clock against the flow and the
checkpoints. LinkedIn's outcome may be unknown: a call can fail before or after it was carried out.
"""

from __future__ import annotations

import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from target_linkedin_resumes.engine.checkpoints import Checkpoints
from target_linkedin_resumes.engine.inflight import InFlight, Retries
from target_linkedin_resumes.engine.types import Batch, Entry, Stage, Upload
from target_linkedin_resumes.errors import Confirmation, Outcome, Refused, Reject, Retry
from target_linkedin_resumes.records import Delete, ResumeFile, ResumeKey, Upsert

KEYS = [ResumeKey("c", str(number)) for number in range(5)]
GONE = -1


class Promises(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        retries = Retries(10**9, jitter=lambda wait: wait)
        self.flow = InFlight(batch_size=3, batch_max_age=60, retries=retries, keep_deletions=True)
        self.checkpoints = Checkpoints()
        self.now = 0.0
        self.uploading: list[Entry] = []
        self.batch: Batch | None = None
        # What the tap said, and what LinkedIn holds: the position of the change applied last.
        self.said: dict[ResumeKey, list[tuple[int, type]]] = {name: [] for name in KEYS}
        self.held: dict[ResumeKey, int] = {}
        self.applied: dict[ResumeKey, int] = dict.fromkeys(KEYS, GONE)
        self.rejected: set[int] = set()
        self.cut_at: float | None = None

    # The tap

    @precondition(lambda self: self.cut_at is None)
    @rule(key=st.sampled_from(KEYS), delete=st.booleans())
    def read(self, key: ResumeKey, delete: bool) -> None:
        position = self.checkpoints.take()
        file = ResumeFile(location=str(position))
        change = Delete(key) if delete else Upsert(key, position, file)
        self.said[key].append((position, type(change)))
        self.flow.add(change, position, 1, self.now)

    @rule()
    def state(self) -> None:
        self.checkpoints.arrived({"covers": self.checkpoints._next}, 20)

    # The workers

    @rule()
    def begin_upload(self) -> None:
        entry = self.flow.start_upload()
        if entry is not None:
            self.uploading.append(entry)

    @precondition(lambda self: self.uploading)
    @rule(data=st.data(), how=st.sampled_from(["ok", "ok", "ok", "retry", "reject"]))
    def end_upload(self, data: st.DataObject, how: str) -> None:
        entry = data.draw(st.sampled_from(self.uploading))
        self.uploading.remove(entry)
        if how == "ok":
            self.flow.uploaded(entry, Upload("urn", 1), self.now)
        elif how == "retry":
            self.flow.upload_failed(entry, Retry("later"), self.now)
        elif self.flow.upload_needless(entry, rejected=True):
            self.reject(entry)
        if self.cut_at is not None:
            self.flow.cut(self.cut_at)

    # LinkedIn

    @precondition(lambda self: self.flow.batch_wait(self.now, flush=True) == 0)
    @rule()
    def send(self) -> None:
        assert self.batch is None
        assert self.flow.batch_length(self.now) > 0
        self.batch = self.flow.take_batch(self.now)
        keys = [entry.key for entry in self.batch.entries]
        assert 1 <= len(keys) <= 3
        assert len(set(keys)) == len(keys)
        assert {entry.kind for entry in self.batch.entries} == {self.batch.kind}
        for entry in self.batch.entries:
            assert entry.stage is Stage.SENDING

    @precondition(lambda self: self.batch is not None)
    @rule(applied=st.booleans())
    def fail(self, applied: bool) -> None:
        batch = self.take_the_call()
        for entry in batch.entries if applied else ():
            self.apply(entry)
        self.flow.batch_failed(batch, Retry("reset"), self.now)

    @precondition(lambda self: self.batch is not None)
    @rule()
    def refuse(self) -> None:
        for entry, _ in self.flow.batch_refused(self.take_the_call(), Refused("400")):
            self.reject(entry)

    @precondition(lambda self: self.batch is not None)
    @rule(seed=st.integers(0, 2**32))
    def answer(self, seed: int) -> None:
        batch = self.take_the_call()
        chance = random.Random(seed)
        outcomes: dict[ResumeKey, Outcome] = {}
        for entry in batch.entries:
            how = chance.choices(["delivered", "busy", "unsaid", "refused"], [6, 2, 1, 1])[0]
            if how in {"delivered", "unsaid"}:  # unsaid: done, and the answer does not say so
                self.apply(entry)
            if how == "delivered":
                outcomes[entry.key] = Confirmation(204)
            elif how == "busy":
                outcomes[entry.key] = Retry("busy")
            elif how == "refused":
                outcomes[entry.key] = Reject("linkedin_refused", "no")
        for entry, outcome in self.flow.answered(batch, outcomes, self.now):
            if not isinstance(outcome, Confirmation):
                self.reject(entry)
                continue
            assert outcomes[entry.key] is outcome
            assert self.applied[entry.key] == entry.positions[-1]
            self.checkpoints.settle(entry.positions)

    def take_the_call(self) -> Batch:
        batch, self.batch = self.batch, None
        assert batch is not None
        return batch

    def apply(self, entry: Entry) -> None:
        position = entry.positions[-1]
        newest = self.applied[entry.key]
        stale = position < newest and newest not in self.rejected
        assert not stale, "a stale change went out after a newer one"
        earlier = [
            p
            for p, kind in self.said[entry.key]
            if kind is Delete and p < position and p not in self.rejected
        ]
        if entry.kind is Upsert and earlier:
            assert max(earlier) <= self.applied[entry.key], "a deletion was overtaken"
        self.applied[entry.key] = position
        if entry.kind is Delete:
            self.held.pop(entry.key, None)
        else:
            assert entry.upload is not None
            self.held[entry.key] = position

    def reject(self, entry: Entry) -> None:
        assert entry.kind is Delete or len(entry.positions) == 1, "a reject took others along"
        self.rejected.update(entry.positions)
        self.checkpoints.settle(entry.positions)

    # Time and stops

    @rule(seconds=st.floats(0.1, 70))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.flow.tick(self.now)

    @precondition(lambda self: self.cut_at is None)
    @rule(share=st.sampled_from([-1.0, 0.5, 1.0]))
    def stop(self, share: float) -> None:
        self.cut_at = share * self.checkpoints._next if share > 0 else -1
        self.flow.cut(self.cut_at)

    # What must hold

    @invariant()
    def a_state_is_true(self) -> None:
        state = self.checkpoints.take_due()
        if state is None:
            return
        for key, said in self.said.items():
            wanted = [p for p, _ in said if p < state["covers"] and p not in self.rejected]
            if wanted:
                assert self.applied[key] >= wanted[-1]

    @invariant()
    def counts_add_up(self) -> None:
        assert self.flow.uploading == len(self.uploading)
        assert self.flow.uploads_pending >= 0
        assert self.flow.size >= 0

    def teardown(self) -> None:
        """Whatever has happened: with LinkedIn well again, all that is wanted arrives."""
        for entry in self.uploading:
            self.flow.uploaded(entry, Upload("urn", 1), self.now)
        self.uploading.clear()
        for _ in range(10_000):
            if self.flow.empty and self.batch is None:
                break
            if self.batch is not None:
                self.answer_well()
            elif (begun := self.flow.start_upload()) is not None:
                self.flow.uploaded(begun, Upload("urn", 1), self.now)
            elif self.flow.batch_wait(self.now, flush=True) == 0:
                self.batch = self.flow.take_batch(self.now)
            else:
                self.now += 100
                self.flow.tick(self.now)
        assert self.flow.empty
        assert self.flow.size == 0
        assert self.flow.uploads_pending == 0
        if self.cut_at is None:
            assert self.checkpoints.unsettled == 0
            for key, said in self.said.items():
                # A reject takes the place of no upsert, whatever the timing.
                wanted = [one for one in said if one[0] not in self.rejected]
                if wanted:
                    position, kind = wanted[-1]
                    assert self.held.get(key) == (position if kind is Upsert else None)

    def answer_well(self) -> None:
        batch = self.take_the_call()
        for entry in batch.entries:
            self.apply(entry)
        outcomes = dict.fromkeys([entry.key for entry in batch.entries], Confirmation(204))
        for entry, _ in self.flow.answered(batch, outcomes, self.now):
            self.checkpoints.settle(entry.positions)


TestPromises = Promises.TestCase
TestPromises.settings = settings(max_examples=300, stateful_step_count=60)
