"""What the engine tells the stores, and when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import pytest

from target_linkedin_resumes.engine.interfaces import Confirmed, Outcomes, Sent, Store
from target_linkedin_resumes.engine.types import Rejected
from target_linkedin_resumes.errors import Confirmation, Reject, Retry, Stop
from target_linkedin_resumes.records import Delete, ResumeKey, Upsert
from tests.engine.test_engine import OK, World, _until, engine, key, run, upsert


class Diary(Store):
    """Notes what it is told; ``refuses`` names what it fails to write."""

    def __init__(self, refuses: str = "") -> None:
        self.events: list[tuple[str, list[str]]] = []
        self.confirmations: list[Confirmation] = []
        self.refuses = refuses

    def _note(self, what: str, names: list[str]) -> None:
        self.events.append((what, names))
        if what == self.refuses:
            raise Stop("the disk is full")

    def uploaded(self, uploads: Sequence[Sent]) -> None:
        for one in uploads:
            assert one.upload is not None
            assert one.upload.urn == f"urn:{one.change.key.resume_id}"
        self._note("uploaded", [one.change.key.resume_id for one in uploads])

    def sending(self, batch: Sequence[Sent]) -> None:
        for sent in batch:
            assert (sent.upload is None) == isinstance(sent.change, Delete)
        self._note("sending", [sent.change.key.resume_id for sent in batch])

    def confirmed(self, batch: Sequence[Confirmed]) -> None:
        self.confirmations += [one.confirmation for one in batch]
        self._note("confirmed", [one.change.key.resume_id for one in batch])

    def rejected(self, rejected: Rejected) -> None:
        self._note("rejected", [rejected.key.resume_id if rejected.key else "?"])

    def sync(self) -> None:
        self._note("sync", [])


def diary_of(world: World, diary: Diary) -> Callable[..., None]:
    """Have the world's calls stand in the diary too."""
    world.on_call = lambda keys: diary.events.append(("call", [k.resume_id for k in keys]))
    return lambda _: diary.events.append(("state", []))


def test_a_call_is_written_down_before_it_is_made_and_confirmed_before_a_state() -> None:
    world, diary = World(), Diary()
    delivery = engine(world, stores=[diary], print_state=diary_of(world, diary))
    assert run(delivery, [upsert(1), Delete(key(2))], every=2) is None
    steps = [what for what, _ in diary.events]
    for name in ("1", "2"):
        events = [what for what, names in diary.events if names == [name]]
        assert events == ["sending", "call", "confirmed"]
    assert steps[-2:] == ["sync", "state"]
    assert steps.index("sync") > max(i for i, what in enumerate(steps) if what == "confirmed")
    assert diary.confirmations == [OK, OK]


def test_only_what_linkedin_confirmed_is_confirmed_in_the_stores() -> None:
    world, diary = World(), Diary()
    first: Outcomes = {
        key(1): OK,
        key(2): Retry("busy"),
        key(3): Reject("linkedin_refused", "no"),
    }
    answers = iter([first])
    world.on_call = lambda _: next(answers, None)
    delivery = engine(world, keep=True, stores=[diary])
    assert run(delivery, [upsert(1), upsert(2), upsert(3)]) is None
    told = [(what, names) for what, names in diary.events if what in {"confirmed", "rejected"}]
    assert told == [("confirmed", ["1"]), ("rejected", ["3"]), ("confirmed", ["2"])]


def test_an_upload_that_a_later_record_has_replaced_is_not_written_down() -> None:
    world, diary = World(), Diary()
    delivery = engine(world, stores=[diary])
    replaced: list[Upsert] = []

    def replace(change: Upsert) -> None:
        if not replaced:
            replaced.append(change)
            delivery.add(Delete(change.key), 1)

    world.on_upload = replace
    assert run(delivery, [upsert(1)]) is None
    assert replaced
    assert ("uploaded", ["1"]) not in diary.events


def test_uploads_that_wait_for_their_batch_are_written_down_within_a_second_or_so() -> None:
    world, diary = World(), Diary()
    delivery = engine(world, stores=[diary], batch_max_age=10_000)
    delivery.start()
    delivery.add(upsert(1), 1)
    _until(lambda: ("uploaded", ["1"]) in diary.events)
    assert world.batches == []
    delivery.close()
    delivery.end()
    assert [what for what, _ in diary.events if what != "settled"] == [
        *("uploaded", "sending", "confirmed"),
    ]


def test_an_answer_that_outlasts_the_run_is_not_written_down() -> None:
    world, diary = World(), Diary()
    called, go_on = threading.Event(), threading.Event()

    def hang(_: list[ResumeKey]) -> None:
        called.set()
        assert go_on.wait(20)

    world.on_call = hang
    delivery = engine(world, stores=[diary], grace=0, batch_size=1)
    delivery.start()
    delivery.add(Delete(key(1)), 1)
    assert called.wait(20)
    delivery.stop()
    delivery.drain()
    delivery.end()
    go_on.set()
    _until(lambda: world.calls_at_once == 0)
    time.sleep(0.05)
    assert diary.events == [("sending", ["1"])]


@pytest.mark.parametrize("refuses", ["sending", "confirmed", "rejected"])
def test_stores_that_cannot_be_written_stop_the_run_with_a_true_state(refuses: str) -> None:
    world, diary = World(), Diary(refuses)

    def no_file(change: Upsert) -> None:
        if change.key.resume_id == "1":
            raise Reject("file_missing", "no such file")

    world.on_upload = no_file
    delivery = engine(world, keep=True, stores=[diary])
    failure = run(delivery, [upsert(n) for n in range(4)], every=1)
    assert isinstance(failure, Stop)
    assert failure.message == "the disk is full"
    if refuses == "sending":
        assert world.batches == []
    assert not any(state["n"] == 4 for state in world.states)


def test_a_reject_that_stops_the_run_is_told_to_the_stores_too() -> None:
    # LinkedIn may have refused the file: the next run must not use that upload again.
    world, diary = World(), Diary()
    refused: Outcomes = {key(1): Reject("linkedin_refused", "no")}
    world.on_call = lambda _: refused
    failure = run(engine(world, stores=[diary]), [upsert(1)])
    assert isinstance(failure, Reject)
    assert diary.events[-1] == ("rejected", ["1"])
