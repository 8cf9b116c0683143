"""What the scheduler decides by time, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from target_linkedin_resumes.engine import workers
from target_linkedin_resumes.engine.checkpoints import State
from target_linkedin_resumes.engine.engine import Draining
from target_linkedin_resumes.engine.scheduler import (
    LOG_INTERVAL,
    LogThrottle,
    Scheduler,
    next_state_at,
)
from target_linkedin_resumes.engine.types import Upload
from target_linkedin_resumes.errors import Confirmation, Reject, Stop
from target_linkedin_resumes.records import Delete, Upsert
from tests.engine.test_engine import World, engine, key, run, upsert


def printed_in_a_minute(seconds: float) -> int:
    """Count the states of a minute when each takes so many seconds to become durable."""
    now, count = 0.0, 0
    while now < 60:
        begun = now
        now += seconds
        now = max(now, next_state_at(begun, now))
        count += 1
    return count


def test_a_state_is_printed_about_every_second() -> None:
    assert printed_in_a_minute(0) == 60
    assert printed_in_a_minute(0.05) == 60


def test_making_states_durable_takes_a_tenth_of_the_time_at_the_most() -> None:
    assert printed_in_a_minute(3) == 2


def test_the_first_line_about_a_cause_is_logged_and_what_follows_is_counted() -> None:
    throttle = LogThrottle()
    assert throttle.due("upload 503", 0.0) == 0
    assert [throttle.due("upload 503", at) for at in (0.1, 5.0, LOG_INTERVAL - 0.1)] == [None] * 3
    assert throttle.due("upload 503", float(LOG_INTERVAL)) == 3
    assert throttle.due("upload 503", LOG_INTERVAL * 1.5) is None
    assert throttle.due("token connection", LOG_INTERVAL * 1.5) == 0
    assert throttle.due("upload 503", LOG_INTERVAL * 2.0) == 1


def test_a_state_that_is_due_at_the_end_is_printed_while_another_one_is() -> None:
    printing, go_on = threading.Event(), threading.Event()
    states: list[State] = []

    def slow(state: State) -> None:
        printing.set()
        assert go_on.wait(20)
        states.append(state)

    delivery = engine(World(), print_state=slow)
    delivery.start()
    delivery.state({"n": 1})
    assert printing.wait(20)
    delivery.add(Delete(key(1)), 1)
    delivery.state({"n": 2})
    delivery.close()
    ending = threading.Thread(target=delivery.end)
    ending.start()
    go_on.set()
    ending.join(20)
    assert states == [{"n": 1}, {"n": 2}]


def test_what_the_reader_hands_over_in_groups_goes_out_when_it_is_flushed() -> None:
    world = World()
    begun = threading.Event()
    world.on_upload = lambda _: begun.set()
    delivery = engine(world, group=10)
    delivery.start()
    delivery.add(upsert(1), 1)
    assert not begun.wait(0.1)
    delivery.flush()
    assert begun.wait(20)
    for number in range(10):
        delivery.add(upsert(number), 1)
    delivery.state({"n": 11})
    delivery.close()
    delivery.end()
    assert world.states == [{"n": 11}]
    assert len(world.held) == 10


def test_what_was_not_handed_over_when_the_run_was_stopped_is_not_begun() -> None:
    world = World()
    delivery = engine(world, group=10)
    delivery.start()
    delivery.add(upsert(1), 1)
    delivery.stop()
    delivery.drain()
    delivery.end()
    assert world.held == {}
    assert delivery.counters.most_uploads == 0


def test_deletions_that_found_nothing_are_told_from_those_that_had_nothing_to_find() -> None:
    world = World()
    world.on_call = lambda keys: dict.fromkeys(keys, Confirmation(404))
    delivery = engine(world)
    assert run(delivery, [upsert(1), Delete(key(1)), Delete(key(2))]) is None
    counters = delivery.counters
    assert (counters.deleted, counters.not_there, counters.missed) == (0, 2, 1)


def test_a_failure_after_the_end_is_known() -> None:
    delivery = engine(World())
    delivery.start()
    delivery.close()
    delivery.end()
    assert delivery.failure is None
    delivery.fail(Stop("the ledger could not be closed"))
    assert str(delivery.failure) == "the ledger could not be closed"


def test_a_last_state_that_cannot_be_printed_is_a_failure() -> None:
    def closed(_: State) -> None:
        raise Stop("the state could not be written")

    delivery = engine(World(), print_state=closed)
    delivery.start()
    delivery.state({"n": 1})
    delivery.end()
    assert str(delivery.failure) == "the state could not be written"


@pytest.mark.parametrize("waiting", ["for room", "for all to be settled"])
def test_a_stop_reaches_a_reader_that_waits(waiting: str) -> None:
    world = World()
    uploading, release = threading.Event(), threading.Event()

    def hang(_: Upsert) -> None:
        uploading.set()
        assert release.wait(20)

    world.on_upload = hang
    delivery = engine(world, grace=0, window=1)
    delivery.start()
    ends: list[type[BaseException]] = []

    def read() -> None:
        try:
            delivery.add(upsert(1), 1)
            if waiting == "for room":
                delivery.add(upsert(2), 1)
            else:
                delivery.close()
        except Draining:
            ends.append(Draining)

    reader = threading.Thread(target=read)
    reader.start()
    assert uploading.wait(20)
    delivery.stop()
    reader.join(20)
    assert ends == [Draining]
    delivery.drain()
    delivery.end()
    release.set()


def test_what_a_later_failure_of_a_record_says_does_not_replace_the_first() -> None:
    world = World()

    def bad(change: Upsert) -> None:
        raise Reject("file_missing", f"no file of {change.key.resume_id}")

    world.on_upload = bad
    world.allowed = 1
    failures: list[int] = []
    delivery = engine(world, uploads=1)
    delivery.start(lambda: failures.append(1))
    for number in range(20):
        with suppress(Reject, Draining):  # from the moment on at which the first one has failed
            delivery.add(upsert(number), 1)
    with pytest.raises(Reject):
        delivery.close()
    delivery.drain()
    delivery.end()
    assert "no file of 0" in str(delivery.failure)
    assert failures == [1]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (SystemExit(1), "unforeseen SystemExit"),
        (KeyboardInterrupt(), "unforeseen KeyboardInterrupt"),
        (MemoryError(), "this process gets no more memory"),
        (RecursionError(), "unforeseen RecursionError"),
    ],
)
def test_whatever_a_worker_comes_to_is_told(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, says: str
) -> None:
    """A library may even call sys.exit; a record whose worker ends in silence would be lost."""

    def raising(*_: object) -> Upload:
        raise error

    world = World()
    monkeypatch.setattr(world, "upload", raising)
    failure = run(engine(world), [upsert(1), upsert(2)])
    assert says in str(failure)
    assert not world.states


@pytest.mark.parametrize("most", [0, 1, 5])
@pytest.mark.parametrize("step", ["start", "_bootstrap"])
def test_a_system_that_starts_few_threads_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, step: str, most: int
) -> None:
    """Neither where it refuses one, nor where a new one gets no memory for its first step."""
    unpatched = getattr(threading.Thread, step)
    started: list[str] = []

    def few(thread: threading.Thread) -> None:
        kind = thread.name.partition("-")[0]
        if kind in ("upload", "batches", "stores"):
            if started.count(kind) == most:
                if step == "start":
                    raise RuntimeError("can't start new thread")
                return
            started.append(kind)
        unpatched(thread)

    monkeypatch.setattr(threading.Thread, step, few)
    monkeypatch.setattr(workers, "_START_SECONDS", 0.2)
    world = World()
    failure = run(engine(world), [upsert(number) for number in range(20)])
    if most:
        assert failure is None
        assert len(world.held) == 20
        assert started.count("upload") == most
        assert world.states[-1] == {"n": 20}
    else:
        assert "starts no more threads" in str(failure)
        assert not world.states


def test_a_worker_that_dies_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    posted = Scheduler.post

    def post(self: Scheduler, method: Callable[..., None], *arguments: Any) -> None:
        if threading.current_thread().name == "upload-1" and method.__name__ == "_ended":
            raise MemoryError
        posted(self, method, *arguments)

    monkeypatch.setattr(Scheduler, "post", post)
    failure = run(engine(World()), [upsert(1)])
    assert "no more memory" in str(failure)
