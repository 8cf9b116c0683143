"""The engine's threads: back-pressure, batches, states, stops. The world outside is scripted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from target_linkedin_resumes.engine.checkpoints import State
from target_linkedin_resumes.engine.engine import Draining, Engine
from target_linkedin_resumes.engine.inflight import InFlight, Retries
from target_linkedin_resumes.engine.interfaces import Outcomes, Ports, Store
from target_linkedin_resumes.engine.throttling import Concurrency, RecordsPerMinute
from target_linkedin_resumes.engine.types import Rejected, Unchanged, Upload
from target_linkedin_resumes.errors import (
    Confirmation,
    Failure,
    Misconfigured,
    Refused,
    Reject,
    Retry,
    Stop,
)
from target_linkedin_resumes.records import Change, Delete, ResumeFile, ResumeKey, Upsert

OK = Confirmation(204, "uuid")


def key(name: object) -> ResumeKey:
    return ResumeKey("c", str(name))


def upsert(name: object) -> Upsert:
    return Upsert(key(name), 1670935153000, ResumeFile(location=str(name)))


class World(Store):
    """LinkedIn, stdout and the rejects, as the test scripts them."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.states: list[State] = []
        self.rejects: list[Rejected] = []
        self.settled_positions: dict[ResumeKey, int] = {}
        self.synced = 0
        self.batches: list[tuple[str, int]] = []
        self.calls_at_once = self.most_calls_at_once = 0
        self.uploads_at_once = self.most_uploads_at_once = 0
        self.on_upload: Callable[[Upsert], None] = lambda _: None
        self.on_call: Callable[[list[ResumeKey]], Outcomes | None] = lambda _: None
        self.allowed = 64
        self.lock = threading.Lock()

    # Uploads and calls

    def upload(self, change: Upsert, known: object) -> Upload | Unchanged:
        with self.lock:
            self.uploads_at_once += 1
            self.most_uploads_at_once = max(self.most_uploads_at_once, self.uploads_at_once)
        try:
            self.on_upload(change)
        finally:
            with self.lock:
                self.uploads_at_once -= 1
        return Upload(f"urn:{change.file.location}", 7)

    def update(self, batch: list[tuple[Upsert, Upload]]) -> Outcomes:
        with self._call("update", len(batch)):
            outcomes = self.on_call([change.key for change, _ in batch])
            if outcomes is None:
                outcomes = {change.key: OK for change, _ in batch}
            for change, upload in batch:
                if outcomes.get(change.key) is OK:
                    self.held[change.key.resume_id] = upload.urn
            return outcomes

    def delete(self, keys: list[ResumeKey]) -> Outcomes:
        with self._call("delete", len(keys)):
            outcomes = self.on_call(keys)
            if outcomes is None:
                outcomes = dict.fromkeys(keys, OK)
            for name in keys:
                if outcomes.get(name) is OK:
                    self.held.pop(name.resume_id, None)
            return outcomes

    @contextmanager
    def _call(self, kind: str, length: int) -> Iterator[None]:
        self.calls_at_once += 1
        self.most_calls_at_once = max(self.most_calls_at_once, self.calls_at_once)
        self.batches.append((kind, length))
        yield
        self.calls_at_once -= 1

    # A store that keeps rejects

    def rejected(self, rejected: Rejected) -> None:
        self.rejects.append(rejected)

    def settled(self, changes: Sequence[tuple[ResumeKey, int]]) -> None:
        self.settled_positions.update(changes)

    def sync(self) -> None:
        self.synced = len(self.rejects)


def engine(world: World, *, keep: bool = False, **options: Any) -> Engine:
    retries = Retries(options.pop("retry_seconds", 60), jitter=lambda wait: wait / 1000)
    in_flight = InFlight(
        batch_size=options.pop("batch_size", 10),
        batch_max_age=options.pop("batch_max_age", 60),
        retries=retries,
    )
    ports = Ports(
        upload=world.upload,
        update=world.update,
        delete=world.delete,
        rate=RecordsPerMinute(10**6, time.monotonic),
        concurrency=Concurrency(world.allowed, start=world.allowed),
        print_state=options.pop("print_state", world.states.append),
        stores=[*([world] if keep else []), *options.pop("stores", [])],
        keep_rejects=keep,
        look_up=options.pop("look_up", None),
    )
    options = {"uploads": 8, "grace": 5, **options}
    return Engine(in_flight, ports, **options)


def run(delivery: Engine, changes: list[Change], *, every: int = 10) -> Failure | None:
    """Do what the target does: read, deliver, stop."""
    delivery.start()
    try:
        for number, change in enumerate(changes, 1):
            delivery.add(change, 100)
            if number % every == 0:
                delivery.state({"n": number})
        delivery.close()
    except (Failure, Draining):
        pass
    delivery.drain()
    delivery.end()
    return delivery.failure


def test_all_arrive_in_full_batches_one_call_at_a_time() -> None:
    world = World()
    world.on_upload = lambda _: time.sleep(0.002)
    changes: list[Change] = [upsert(number) for number in range(200)]
    changes += [Delete(key(number)) for number in range(0, 200, 10)]
    assert run(engine(world), changes) is None
    assert sorted(world.held) == sorted(str(n) for n in range(200) if n % 10)
    assert world.states[-1] == {"n": 220}
    assert world.most_calls_at_once == 1
    assert 2 <= world.most_uploads_at_once <= 8
    assert len(world.batches) <= 24


def test_uploads_begin_before_the_input_ends() -> None:
    world = World()
    begun = threading.Event()
    world.on_upload = lambda _: begun.set()
    delivery = engine(world)
    delivery.start()
    delivery.add(upsert("a"), 1)
    assert begun.wait(5)
    delivery.close()
    delivery.end()


def test_no_more_uploads_at_once_than_allowed() -> None:
    world = World()
    world.allowed = 2
    world.on_upload = lambda _: time.sleep(0.002)
    assert run(engine(world), [upsert(n) for n in range(50)]) is None
    assert world.most_uploads_at_once == 2
    assert len(world.held) == 50


def test_a_slow_file_holds_back_the_state_and_not_its_neighbours() -> None:
    world = World()
    release = threading.Event()
    world.on_upload = lambda change: None if change.key != key(0) else _wait(release)
    delivery = engine(world)
    delivery.start()
    for number in range(21):
        delivery.add(upsert(number), 1)
    delivery.state({"n": 21})
    _until(lambda: len(world.held) == 20)
    assert not world.states
    release.set()
    delivery.close()
    delivery.end()
    assert world.states == [{"n": 21}]


@pytest.mark.parametrize("bound", [{"window": 20}, {"window_bytes": 20}])
def test_the_reader_is_held_back_while_too_much_is_in_flight(bound: dict[str, Any]) -> None:
    world = World()
    release = threading.Event()
    world.on_upload = lambda _: _wait(release)
    delivery = engine(world, **bound)
    delivery.start()
    added: list[int] = []

    def read() -> None:
        for number in range(60):
            delivery.add(upsert(number), 1)
            added.append(number)
        delivery.close()

    reader = threading.Thread(target=read)
    reader.start()
    _until(lambda: len(added) == 20)
    time.sleep(0.05)
    assert len(added) == 20
    release.set()
    reader.join(10)
    delivery.end()
    assert len(world.held) == 60


def test_a_full_window_with_a_partial_batch_does_not_wait_for_its_age() -> None:
    world = World()
    changes: list[Change] = [upsert("same") for _ in range(40)]
    assert run(engine(world, window=5, batch_max_age=10_000), changes) is None
    assert world.held == {"same": "urn:same"}


def test_a_partial_batch_goes_out_by_age_while_the_tap_is_silent() -> None:
    world = World()
    delivery = engine(world, batch_max_age=0.2)
    delivery.start()
    for number in range(3):
        delivery.add(upsert(number), 1)
    delivery.state({"n": 3})
    _until(lambda: world.states == [{"n": 3}])
    assert len(world.held) == 3
    delivery.close()
    delivery.end()


def test_states_come_at_most_once_a_second_and_at_the_end() -> None:
    world = World()
    begun = time.monotonic()
    changes: list[Change] = [Delete(key(number)) for number in range(3000)]
    assert run(engine(world), changes) is None
    assert world.states[-1] == {"n": 3000}
    assert len(world.states) <= time.monotonic() - begun + 2


def test_failures_of_uploads_and_calls_are_repeated() -> None:
    world = World()
    failed: set[object] = set()

    def flaky(change: Upsert) -> None:
        if change.key not in failed:
            failed.add(change.key)
            raise Retry("connection reset")

    calls = iter(range(1000))

    def shaky(keys: list[ResumeKey]) -> Outcomes | None:
        number = next(calls)
        if number % 3 == 0:
            raise Retry("503")
        if number % 3 == 1:
            return dict.fromkeys(keys[::2], OK)
        return None

    world.on_upload, world.on_call = flaky, shaky
    delivery = engine(world)
    assert run(delivery, [upsert(number) for number in range(100)]) is None
    assert len(world.held) == 100
    assert world.states[-1] == {"n": 100}
    assert delivery.counters.retried.total() > 100
    assert delivery.counters.delivered == 100


def test_the_first_reject_stops_the_run_with_the_state_before_it() -> None:
    world = World()

    def bad(change: Upsert) -> None:
        time.sleep(0.001)
        if change.key == key(57):
            raise Reject("file_missing", "field 'file': there is no such file")

    world.on_upload = bad
    failure = run(engine(world), [upsert(number) for number in range(200)])
    assert isinstance(failure, Reject)
    assert "resume '57'" in failure.message
    assert world.states[-1] == {"n": 50}
    assert {str(number) for number in range(57)} <= world.held.keys()
    assert "57" not in world.held


def test_rejects_are_kept_durable_before_the_state_that_covers_them() -> None:
    world = World()

    def bad(change: Upsert) -> None:
        if int(change.key.resume_id) % 5 == 0:
            raise Reject("file_empty", "empty")

    world.on_upload = bad
    delivery = engine(world, keep=True)
    assert run(delivery, [upsert(number) for number in range(50)]) is None
    assert len(world.held) == 40
    assert world.states[-1] == {"n": 50}
    assert len(world.rejects) == world.synced == 10
    assert delivery.counters.rejected == {"file_empty": 10}


class SlowToKeep(World):
    """Takes until ``go_on`` to write a reject down; notes what it is told in its order."""

    def __init__(self, go_on: Callable[[], bool]) -> None:
        super().__init__()
        self.go_on = go_on
        self.begun = threading.Event()
        self.events: list[str] = []

    def rejected(self, rejected: Rejected) -> None:
        self.begun.set()
        _until(self.go_on, 30)
        self.events.append(f"reject {rejected.position}")

    def settled(self, changes: Sequence[tuple[ResumeKey, int]]) -> None:
        self.events += [f"settled {position}" for _, position in changes]

    def upload(self, change: Upsert, known: object) -> Upload | Unchanged:
        self.events.append(f"upload {known}")
        return super().upload(change, known)


def test_a_deletion_does_not_overtake_the_keeping_of_a_reject_before_it() -> None:
    more_read = threading.Event()
    world = SlowToKeep(more_read.is_set)

    def no_file(change: Upsert) -> None:
        raise Reject("file_missing", "no such file")

    world.on_upload = no_file

    # Of a key that is known to be deleted a deletion is settled at once, and not while a reject of
    # that key is being written down.
    def look_up(change: Change, _: object) -> object:
        return Unchanged() if isinstance(change, Delete) else None

    delivery = engine(world, keep=True, look_up=look_up)
    delivery.start()
    delivery.add(upsert(1), 100)
    assert world.begun.wait(30)
    delivery.add(Delete(key(1)), 100)
    delivery.add(Delete(key(2)), 100)
    more_read.set()
    delivery.close()
    delivery.end()
    assert delivery.failure is None
    assert world.batches == [("delete", 1)]
    assert delivery.counters.unchanged == 1
    assert [event for event in world.events if event.endswith((" 0", " 1"))] == [
        "reject 0",
        "settled 1",
    ]


def test_the_ledger_is_not_asked_behind_a_refusal_that_is_not_written_down_yet() -> None:
    more_read = threading.Event()
    world = SlowToKeep(more_read.is_set)
    refused: Outcomes = {key(1): Reject("linkedin_refused", "no")}
    answers = iter([refused])
    world.on_call = lambda _: next(answers, None)
    asked = iter(["the first answer", "a stale answer"])
    delivery = engine(world, keep=True, batch_size=1, look_up=lambda *_: next(asked))
    delivery.start()
    delivery.add(upsert(1), 100)
    assert world.begun.wait(30)
    delivery.add(upsert(1), 100)
    more_read.set()
    delivery.close()
    delivery.end()
    assert delivery.failure is None
    uploads = [event for event in world.events if event.startswith("upload")]
    assert uploads == ["upload the first answer", "upload None"]
    assert [event for event in world.events if event not in uploads] == ["reject 0", "settled 1"]


def test_the_ledger_is_asked_again_once_all_of_the_key_is_settled() -> None:
    world = World()
    asked: list[Change] = []

    def look_up(change: Change, _: object) -> object:
        asked.append(change)
        return Unchanged() if len(asked) > 1 else None

    delivery = engine(world, look_up=look_up)
    delivery.start()
    delivery.add(upsert(1), 100)
    assert delivery.holds(key(1))
    delivery.settle()
    assert not delivery.holds(key(1))
    delivery.add(upsert(1), 100)
    delivery.close()
    delivery.end()
    assert len(asked) == 2
    assert (delivery.counters.delivered, delivery.counters.unchanged) == (1, 1)


def test_the_record_that_linkedin_refuses_is_found_and_rejected() -> None:
    world = World()

    def poisoned(keys: list[ResumeKey]) -> Outcomes | None:
        if key(3) in keys:
            raise Refused("400")
        return None

    world.on_call = poisoned
    delivery = engine(world, keep=True)
    assert run(delivery, [upsert(number) for number in range(20)]) is None
    assert len(world.held) == 19
    assert [rejected.reject.code for rejected in world.rejects] == ["linkedin_refused"]
    assert world.states[-1] == {"n": 20}


def test_a_misconfiguration_ends_the_run_with_a_true_state() -> None:
    world = World()
    done = iter(range(1000))

    def refused(keys: list[ResumeKey]) -> Outcomes | None:
        if next(done) == 2:
            raise Misconfigured("403")
        return None

    world.on_call = refused
    failure = run(engine(world), [upsert(number) for number in range(100)])
    assert isinstance(failure, Misconfigured)
    covered = world.states[-1]["n"] if world.states else 0
    assert covered <= len(world.held) == 20


def test_a_failing_change_stops_the_run_when_its_time_is_over() -> None:
    world = World()

    def dead(change: Upsert) -> None:
        if change.key == key(0):
            raise Retry("connection refused")

    world.on_upload = dead
    failure = run(engine(world, retry_seconds=0), [upsert(number) for number in range(5)])
    assert isinstance(failure, Stop)
    assert "connection refused" in failure.message
    assert not world.states


def test_a_bug_outside_ends_the_run_and_not_a_thread() -> None:
    world = World()

    def broken(_: Upsert) -> None:
        raise KeyError("a secret")

    world.on_upload = broken
    failure = run(engine(world), [upsert(0)])
    assert isinstance(failure, Stop)
    assert "KeyError" in failure.message
    assert "secret" not in failure.message


def test_a_bug_in_a_call_ends_the_run() -> None:
    world = World()

    def broken(_: list[ResumeKey]) -> Outcomes | None:
        raise ZeroDivisionError

    world.on_call = broken
    assert isinstance(run(engine(world), [upsert(0)]), Stop)


def test_a_stop_finishes_what_has_begun_and_gives_up_the_rest() -> None:
    world = World()
    world.allowed = 4
    release = threading.Event()
    world.on_upload = lambda _: _wait(release)
    delivery = engine(world)
    delivery.start()
    for number in range(20):
        delivery.add(upsert(number), 1)
        delivery.state({"n": number + 1})
    _until(lambda: world.uploads_at_once == 4)
    delivery.stop()
    with pytest.raises(Draining):
        delivery.add(upsert(99), 1)
    release.set()
    delivery.drain()
    delivery.end()
    assert sorted(world.held) == ["0", "1", "2", "3"]
    assert world.states[-1] == {"n": 4}


def test_a_stop_ends_after_the_grace_even_if_an_upload_hangs() -> None:
    world = World()
    release = threading.Event()
    world.on_upload = lambda _: _wait(release)
    delivery = engine(world, grace=0.2)
    delivery.start()
    delivery.add(upsert(0), 1)
    delivery.state({"n": 1})
    _until(lambda: world.uploads_at_once == 1)
    delivery.stop()
    begun = time.monotonic()
    delivery.drain()
    delivery.end()
    assert 0.1 < time.monotonic() - begun < 2
    assert not world.states
    release.set()


def test_bad_input_lets_all_before_it_arrive() -> None:
    world = World()
    world.on_upload = lambda _: time.sleep(0.002)
    delivery = engine(world)
    delivery.start()
    for number in range(30):
        delivery.add(upsert(number), 1)
    delivery.state({"n": 30})
    delivery.fail(Stop("line 32 of the input: not valid JSON"))
    delivery.drain()
    delivery.end()
    assert len(world.held) == 30
    assert world.states == [{"n": 30}]


def test_a_state_that_cannot_be_printed_stops_the_run() -> None:
    world = World()

    def closed(_: State) -> None:
        raise Stop("the state could not be written")

    delivery = engine(world, print_state=closed)
    delivery.start()
    delivery.state({"n": 0})
    _until(lambda: delivery.failure is not None)
    with pytest.raises(Stop, match="could not be written"):
        delivery.add(upsert(0), 1)


def _wait(event: threading.Event) -> None:
    assert event.wait(20)


def _until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)
