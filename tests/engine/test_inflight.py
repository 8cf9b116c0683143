"""Supersession, batches and retries under a clock that the test moves."""

from __future__ import annotations

from math import inf

import pytest

from target_linkedin_resumes.engine.checkpoints import Checkpoints
from target_linkedin_resumes.engine.inflight import InFlight, Retries
from target_linkedin_resumes.engine.types import Batch, Entry, Upload
from target_linkedin_resumes.errors import Confirmation, Outcome, Refused, Reject, Retry, Stop
from target_linkedin_resumes.records import Change, Delete, ResumeFile, ResumeKey, Upsert


def key(name: str) -> ResumeKey:
    return ResumeKey("c", name)


def upsert(name: str) -> Upsert:
    return Upsert(key(name), 1670935153000, ResumeFile(location=name))


class Bench:
    """A flow with its clock; positions are counted as they are in a run."""

    def __init__(
        self, batch_size: int = 3, retry_seconds: int = 100, *, keep_deletions: bool = False
    ) -> None:
        self.flow = InFlight(
            batch_size=batch_size,
            batch_max_age=60,
            retries=Retries(retry_seconds, jitter=lambda wait: wait),
            keep_deletions=keep_deletions,
        )
        self.checkpoints = Checkpoints()
        self.now = 1000.0

    def add(self, change: Change, priority: float = inf) -> int:
        position = self.checkpoints.take()
        self.flow.add(change, position, 10, self.now, priority)
        return position

    def upload(self) -> Entry:
        entry = self.flow.start_upload()
        assert entry is not None
        self.flow.uploaded(entry, Upload(f"urn:{entry.key.resume_id}", 1), self.now)
        return entry

    def batch(self, *, flush: bool = True) -> Batch:
        assert self.flow.batch_wait(self.now, flush=flush) == 0
        return self.flow.take_batch(self.now)

    def names(self, batch: Batch) -> list[str]:
        return [entry.key.resume_id for entry in batch.entries]

    def deliver(self, batch: Batch) -> list[int]:
        outcomes = dict.fromkeys([entry.key for entry in batch.entries], Confirmation(204))
        ended = self.flow.answered(batch, outcomes, self.now)
        return [position for entry, _ in ended for position in entry.positions]


def test_a_batch_goes_when_it_is_full_or_old() -> None:
    bench = Bench()
    bench.add(upsert("a"))
    assert bench.flow.batch_wait(bench.now, flush=True) is None
    bench.upload()
    assert bench.flow.batch_wait(bench.now, flush=False) == 60
    bench.now += 59
    assert bench.flow.batch_wait(bench.now, flush=False) == 1
    bench.now += 1
    assert bench.names(bench.batch(flush=False)) == ["a"]
    for name in "bcd":
        bench.add(upsert(name))
        bench.upload()
    assert bench.flow.batch_wait(bench.now, flush=False) is None  # one call at a time


def test_uploads_begin_by_rank_then_in_order_and_retries_first() -> None:
    bench = Bench()
    flow = bench.flow
    bench.add(upsert("failed"))
    entry = flow.start_upload()
    assert entry is not None
    flow.upload_failed(entry, Retry("x"), bench.now)
    for name, rank in [("a", inf), ("late", 200), ("b", inf), ("soon", 100), ("soon too", 100)]:
        bench.add(upsert(name), rank)
    bench.now += 50
    flow.tick(bench.now)
    begun = [flow.start_upload() for _ in range(6)]
    names = [one.key.resume_id for one in begun if one is not None]
    assert names == ["failed", "soon", "soon too", "late", "a", "b"]
    assert flow.start_upload() is None


def test_a_full_batch_goes_at_once() -> None:
    bench = Bench()
    for name in "abcd":
        bench.add(upsert(name))
        bench.upload()
    batch = bench.batch(flush=False)
    assert bench.names(batch) == ["a", "b", "c"]
    assert bench.deliver(batch) == [0, 1, 2]
    assert bench.flow.batch_wait(bench.now, flush=False) == 60


def test_a_later_upsert_takes_the_place_of_a_queued_one() -> None:
    bench = Bench()
    bench.add(upsert("a"))
    bench.add(upsert("a"))
    bench.upload()
    assert bench.flow.start_upload() is None
    assert bench.deliver(bench.batch()) == [0, 1]
    assert bench.flow.empty
    assert bench.flow.size == 0


def test_an_upload_under_way_is_dropped_when_it_ends() -> None:
    bench = Bench()
    bench.add(upsert("a"))
    first = bench.flow.start_upload()
    assert first is not None
    bench.add(upsert("a"))
    second = bench.upload()
    assert not bench.flow.uploaded(first, Upload("urn:stale", 1), bench.now)
    batch = bench.batch()
    assert batch.entries == (second,)
    assert bench.deliver(batch) == [0, 1]


def test_a_delete_takes_the_place_of_an_upsert() -> None:
    bench = Bench()
    bench.add(upsert("a"))
    bench.upload()
    bench.add(Delete(key("a")))
    batch = bench.batch()
    assert batch.kind is Delete
    assert bench.deliver(batch) == [0, 1]


@pytest.mark.parametrize("stage", ["queued", "waiting for its next try", "under way"])
def test_a_delete_cancels_an_upload_wherever_it_is(stage: str) -> None:
    bench = Bench()
    bench.add(upsert("a"))
    entry = None if stage == "queued" else bench.flow.start_upload()
    if stage == "waiting for its next try":
        assert entry is not None
        assert bench.flow.upload_failed(entry, Retry("busy"), bench.now) is None
    bench.add(Delete(key("a")))
    bench.now += 60
    bench.flow.tick(bench.now)
    assert bench.flow.start_upload() is None
    assert bench.flow.uploads_pending == 0
    assert bench.deliver(bench.batch()) == [0, 1]
    if stage == "under way":
        assert entry is not None
        assert not bench.flow.uploaded(entry, Upload("urn:of-what-is-gone", 1), bench.now)
    assert not bench.flow.batch_wait(bench.now, flush=True)
    assert bench.flow.empty
    assert bench.flow.uploading == 0


def test_an_upsert_follows_a_delete_and_never_overtakes_it() -> None:
    bench = Bench()
    bench.add(Delete(key("a")))
    bench.add(upsert("a"))
    bench.upload()
    first = bench.batch()
    assert first.kind is Delete
    bench.flow.answered(first, {key("a"): Retry("busy")}, bench.now)
    assert bench.flow.batch_wait(bench.now, flush=True) is None  # the upsert is held
    bench.now += 5
    bench.flow.tick(bench.now)
    assert bench.deliver(bench.batch()) == [0]
    second = bench.batch()
    assert second.kind is Upsert
    assert bench.deliver(second) == [1]


def test_an_upsert_made_ready_while_its_delete_is_on_the_wire_is_held_if_that_fails() -> None:
    bench = Bench()
    bench.add(Delete(key("a")))
    batch = bench.batch()
    bench.add(upsert("a"))
    bench.upload()
    bench.flow.batch_failed(batch, Retry("reset"), bench.now)
    bench.now += 5
    assert bench.batch().kind is Delete
    assert bench.flow.batch_wait(bench.now, flush=True) is None


def test_a_retriable_key_yields_to_a_later_change() -> None:
    bench = Bench()
    bench.add(upsert("a"))
    bench.upload()
    batch = bench.batch()
    bench.add(upsert("a"))
    later = bench.upload()
    assert bench.flow.answered(batch, {key("a"): Retry("busy")}, bench.now) == []
    second = bench.batch()
    assert second.entries == (later,)
    assert bench.deliver(second) == [0, 1]


def test_a_rejected_upsert_yields_to_a_later_change() -> None:
    bench = Bench()
    bench.add(upsert("a"))
    bench.upload()
    batch = bench.batch()
    bench.add(Delete(key("a")))
    rejected = {key("a"): Reject("linkedin_refused", "no")}
    assert bench.flow.answered(batch, rejected, bench.now) == []
    assert bench.deliver(bench.batch()) == [0, 1]


def test_a_key_that_the_answer_does_not_name_is_not_delivered() -> None:
    bench = Bench()
    bench.add(upsert("a"))
    bench.upload()
    assert bench.flow.answered(bench.batch(), {}, bench.now) == []
    assert not bench.flow.empty
    wait = bench.flow.next_tick(bench.now)
    assert wait == 1
    bench.now += wait
    bench.flow.tick(bench.now)
    assert bench.deliver(bench.batch()) == [0]


def test_a_deletion_is_never_rejected_away() -> None:
    bench = Bench()
    bench.add(Delete(key("a")))
    [(_, outcome)] = bench.flow.answered(
        bench.batch(), {key("a"): Reject("linkedin_refused", "no")}, bench.now
    )
    assert isinstance(outcome, Stop)
    bench.add(upsert("a"))
    bench.upload()
    assert bench.flow.batch_wait(bench.now, flush=True) is None  # nothing may overtake it


def test_a_refused_deletion_that_stands_alone_stops_the_run() -> None:
    bench = Bench()
    bench.add(Delete(key("a")))
    [(_, outcome)] = bench.flow.batch_refused(bench.batch(), Refused("400"))
    assert isinstance(outcome, Stop)


def test_a_deletion_that_is_kept_lets_the_upsert_behind_it_go() -> None:
    bench = Bench(keep_deletions=True)
    bench.add(Delete(key("a")))
    bench.add(upsert("a"))
    bench.upload()
    no = {key("a"): Reject("linkedin_refused", "no")}
    [(entry, outcome)] = bench.flow.answered(bench.batch(), no, bench.now)
    assert (entry.kind, entry.positions) == (Delete, [0])
    assert isinstance(outcome, Reject)
    assert (outcome.code, outcome.message) == ("deletion_refused", "no")
    assert bench.deliver(bench.batch()) == [1]
    assert bench.flow.empty
    assert bench.flow.size == 0


def test_a_refused_deletion_yields_to_a_later_one() -> None:
    bench = Bench(keep_deletions=True)
    bench.add(Delete(key("a")))
    batch = bench.batch()
    bench.add(Delete(key("a")))
    assert bench.flow.answered(batch, {key("a"): Reject("linkedin_refused", "")}, bench.now) == []
    assert bench.deliver(bench.batch()) == [0, 1]


def test_a_refused_batch_of_deletions_is_halved_and_one_is_kept() -> None:
    bench = Bench(batch_size=100, keep_deletions=True)
    for number in range(100):
        bench.add(Delete(key(f"r{number}")))
    bench.add(upsert("r37"))
    bench.upload()
    kept, settled = [], []
    while not bench.flow.empty:
        batch = bench.batch()
        if batch.kind is Delete and "r37" in bench.names(batch):
            kept += bench.flow.batch_refused(batch, Refused("400"))
        else:
            settled += bench.deliver(batch)
    [(entry, outcome)] = kept
    assert entry.key == key("r37")
    assert isinstance(outcome, Reject)
    assert outcome.code == "deletion_refused"
    assert sorted(settled) == [number for number in range(101) if number != 37]


@pytest.mark.parametrize("others", [True, False])
def test_a_deletion_that_fails_alone_is_kept_and_an_outage_stops_the_run(others: bool) -> None:
    bench = Bench(batch_size=5, retry_seconds=10, keep_deletions=True)
    for name in "abcd":
        bench.add(Delete(key(name)))
    if others:  # no full batch, and younger than the deletions
        bench.now += 1
        bench.add(upsert("x"))
        bench.upload()
    settled: list[int] = []
    ended: list[tuple[Entry, Outcome]] = []
    while not ended:
        bench.now += bench.flow.batch_wait(bench.now, flush=True) or 0
        batch = bench.batch()
        if batch.kind is Delete and (not others or "b" in bench.names(batch)):
            ended = bench.flow.batch_failed(batch, Retry("timed out"), bench.now)
        else:
            settled += bench.deliver(batch)
    [(entry, outcome)] = ended
    assert isinstance(outcome, Reject | Stop)
    assert "timed out" in outcome.message
    if others:
        assert isinstance(outcome, Reject)
        assert (outcome.code, entry.key) == ("deletion_refused", key("b"))
        while not bench.flow.empty:
            bench.now += bench.flow.batch_wait(bench.now, flush=True) or 0
            settled += bench.deliver(bench.batch())
        assert sorted(settled) == [0, 2, 3, 4]
    else:
        assert isinstance(outcome, Stop)
        assert len(bench.flow._keys) == 4


def test_a_refused_batch_is_halved_until_the_poison_stands_alone() -> None:
    bench = Bench(batch_size=100)
    for number in range(100):
        bench.add(upsert(f"r{number}"))
        bench.upload()
    calls, delivered, poisoned = 0, [], []
    while not bench.flow.empty:
        batch = bench.batch()
        calls += 1
        if "r37" in bench.names(batch):
            poisoned += bench.flow.batch_refused(batch, Refused("400"))
        else:
            delivered += bench.deliver(batch)
    [(entry, outcome)] = poisoned
    assert entry.key == key("r37")
    assert isinstance(outcome, Reject)
    assert outcome.code == "linkedin_refused"
    assert sorted(delivered) == [number for number in range(100) if number != 37]
    assert calls <= 15


def test_a_suspect_can_be_superseded() -> None:
    bench = Bench(batch_size=2)
    for name in "ab":
        bench.add(upsert(name))
        bench.upload()
    assert bench.flow.batch_refused(bench.batch(), Refused("400")) == []
    bench.add(Delete(key("a")))
    bench.add(Delete(key("b")))
    batch = bench.batch()
    assert batch.kind is Delete
    assert bench.names(batch) == ["a", "b"]
    assert sorted(bench.deliver(batch)) == [0, 1, 2, 3]


def test_a_failed_call_waits_and_is_repeated() -> None:
    bench = Bench()
    bench.add(upsert("a"))
    bench.upload()
    waits = []
    for _ in range(4):
        batch = bench.batch()
        bench.flow.batch_failed(batch, Retry("503"), bench.now)
        wait = bench.flow.batch_wait(bench.now, flush=True)
        assert wait is not None
        waits.append(wait)
        bench.now += wait
    assert waits == [1, 2, 4, 8]
    bench.flow.batch_failed(bench.batch(), Retry("429", retry_after=30), bench.now)
    assert bench.flow.batch_wait(bench.now, flush=True) == 31  # jitter on top of Retry-After
    bench.now += 31
    assert bench.deliver(bench.batch()) == [0]


def test_no_server_holds_a_change_for_longer_than_it_may_be_retried() -> None:
    bench = Bench(retry_seconds=10)
    bench.add(upsert("a"))
    bench.upload()
    bench.flow.batch_failed(bench.batch(), Retry("429", retry_after=100_000), bench.now)
    assert bench.flow.batch_wait(bench.now, flush=True) == 11


def test_a_change_that_fails_for_too_long_stops_the_run() -> None:
    bench = Bench(retry_seconds=10)
    bench.add(upsert("a"))
    stop = None
    for _ in range(10):
        entry = bench.flow.start_upload()
        assert entry is not None
        stop = bench.flow.upload_failed(entry, Retry("connection reset"), bench.now)
        if stop:
            break
        bench.now += bench.flow.next_tick(bench.now) or 0
        bench.flow.tick(bench.now)
    assert stop is not None
    assert "resume 'a'" in stop.message
    assert "retry_seconds=10" in stop.message
    assert "connection reset" in stop.message


@pytest.mark.parametrize("of_file", [False, True])
@pytest.mark.parametrize("others", [True, False])
def test_a_file_that_alone_cannot_be_had_is_a_reject_and_an_outage_is_none(
    others: bool, of_file: bool
) -> None:
    bench = Bench(retry_seconds=10)
    bench.add(upsert("dead"))
    failure = Retry("the source sends too slowly", of_file=of_file)
    failure.at_source = True
    ended = None
    while ended is None:
        entry = bench.flow.start_upload()
        assert entry is not None
        assert entry.key == key("dead")
        ended = bench.flow.upload_failed(entry, failure, bench.now)
        if others and entry.attempts == 2:
            bench.add(upsert("b"))
            bench.upload()
        bench.now += bench.flow.next_tick(bench.now) or 0
        bench.flow.tick(bench.now)
    assert "too slowly" in ended.message
    if others or of_file:
        assert isinstance(ended, Reject)
        assert ended.code == "source_unreachable"
        assert ("while others arrived" in ended.message) == others
        assert (key("b") in bench.flow._keys) == others
        assert key("dead") not in bench.flow._keys
        assert bench.flow.next_tick(bench.now) is None
    else:
        assert isinstance(ended, Stop)
        assert key("dead") in bench.flow._keys


def test_what_nobody_was_asked_for_is_no_try() -> None:
    bench = Bench(retry_seconds=10)
    bench.add(upsert("a"))
    spared = Retry("the source is spared for now")
    spared.tried = False
    stop = None
    for failure in (Retry("the source answered 503"), *[spared] * 20):
        entry = bench.flow.start_upload()
        assert entry is not None
        stop = bench.flow.upload_failed(entry, failure, bench.now)
        if stop is not None:
            break
        bench.now += bench.flow.next_tick(bench.now) or 0
        bench.flow.tick(bench.now)
    assert stop is not None
    assert "after 1 tries" in stop.message


def test_cut_gives_up_what_has_not_begun_after_the_horizon() -> None:
    bench = Bench()
    for name in "abc":
        bench.add(upsert(name))
    bench.flow.cut(0)
    assert bench.upload().key == key("a")
    assert bench.flow.start_upload() is None
    assert bench.flow.uploads_pending == 0
    bench.deliver(bench.batch())
    assert bench.flow.empty


def test_cut_keeps_a_change_that_settles_an_earlier_one() -> None:
    bench = Bench()
    bench.add(upsert("a"))
    bench.add(upsert("b"))
    bench.add(upsert("a"))
    bench.flow.cut(0)
    assert bench.upload().key == key("a")
    assert bench.flow.start_upload() is None
    assert bench.deliver(bench.batch()) == [0, 2]


def test_ten_thousand_changes_of_one_key_cost_no_more_than_their_positions() -> None:
    bench = Bench()
    for _ in range(10_000):
        bench.add(upsert("a"))
    bench.upload()
    assert len(bench.deliver(bench.batch())) == 10_000
    assert bench.flow.superseded == 9_999


GOOD, BAD = Upload("urn:good", 1), Reject("file_empty", "no bytes")


@pytest.mark.parametrize(
    "good_is", ["queued", "uploading", "uploaded meanwhile", "ready", "failed"]
)
@pytest.mark.parametrize("bad_ends", ["at its upload", "by its key", "alone in a batch"])
def test_a_reject_takes_the_place_of_no_upsert(good_is: str, bad_ends: str) -> None:
    """The good one is delivered, and each settles its own position, whatever the timing."""
    bench = Bench()
    flow = bench.flow
    bench.add(upsert("a"))
    good = None if good_is == "queued" else flow.start_upload()
    if good is not None and good_is == "ready":
        flow.uploaded(good, GOOD, bench.now)
    elif good is not None and good_is == "failed":
        flow.upload_failed(good, Retry("later"), bench.now)
    bench.add(upsert("a"))
    assert flow.superseded == 1
    bad = flow.start_upload()
    assert bad is not None
    if good is not None and good_is == "uploaded meanwhile":
        assert not flow.uploaded(good, GOOD, bench.now)

    if bad_ends == "at its upload":
        assert flow.upload_needless(bad, rejected=True)
    else:
        flow.uploaded(bad, Upload("urn:bad", 1), bench.now)
        batch = bench.batch()
        if bad_ends == "by its key":
            [(ended, outcome)] = flow.answered(batch, {key("a"): BAD}, bench.now)
        else:
            [(ended, outcome)] = flow.batch_refused(batch, Refused("400"))
        assert ended is bad
        assert isinstance(outcome, Reject)
    assert bad.positions == [1]

    if good is not None and good_is == "uploading":
        assert flow.start_upload() is None  # it is under way
        assert flow.uploaded(good, GOOD, bench.now)
    elif good is None or good_is == "failed":
        bench.upload()
    assert bench.deliver(bench.batch()) == [0]
    assert flow.empty
    assert (flow.superseded, flow.size, flow.uploading, flow.uploads_pending) == (0, 0, 0, 0)


def test_of_many_upserts_the_newest_that_is_not_rejected_goes_out() -> None:
    bench = Bench()
    for _ in range(5):
        bench.add(upsert("a"))
    rejected = []
    for _ in range(2):
        entry = bench.flow.start_upload()
        assert entry is not None
        assert bench.flow.upload_needless(entry, rejected=True)
        rejected += entry.positions
    assert rejected == [4, 3]
    bench.upload()
    assert bench.deliver(bench.batch()) == [0, 1, 2]
    assert bench.flow.superseded == 2
    assert bench.flow.size == 0


def test_a_deletion_takes_the_place_of_all_upserts_before_it() -> None:
    bench = Bench()
    bench.add(upsert("a"))
    bench.add(upsert("a"))
    bench.add(Delete(key("a")))
    bench.add(upsert("a"))
    entry = bench.flow.start_upload()
    assert entry is not None
    assert bench.flow.upload_needless(entry, rejected=True)
    assert entry.positions == [3]
    assert bench.deliver(bench.batch()) == [0, 1, 2]
    assert bench.flow.empty


def test_what_was_on_the_wire_goes_out_again_if_what_came_after_it_is_rejected() -> None:
    bench = Bench()
    bench.add(upsert("a"))
    bench.upload()
    batch = bench.batch()
    bench.add(upsert("a"))
    later = bench.flow.start_upload()
    assert later is not None
    assert bench.flow.batch_failed(batch, Retry("reset"), bench.now) == []
    assert bench.flow.upload_needless(later, rejected=True)
    bench.now += 100
    assert bench.deliver(bench.batch()) == [0]
    assert bench.flow.empty


def test_a_stop_keeps_what_stands_for_an_earlier_upsert() -> None:
    """All before a reject that stops the run is delivered, also what the reject had replaced."""
    bench = Bench()
    bench.add(upsert("a"))
    bench.add(upsert("a"))
    entry = bench.flow.start_upload()
    assert entry is not None
    assert bench.flow.upload_needless(entry, rejected=True)
    bench.flow.cut(entry.positions[0])
    bench.upload()
    assert bench.deliver(bench.batch()) == [0]
