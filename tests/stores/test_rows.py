"""What rows name and let go of. The pipeline is a stand-in that carries out what it is handed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import cast

import pytest

from target_linkedin_resumes.engine import delete_limit
from target_linkedin_resumes.engine.delete_limit import DeleteLimit
from target_linkedin_resumes.engine.engine import Engine
from target_linkedin_resumes.errors import Reject, Stop
from target_linkedin_resumes.records import Change, Delete, Provenance, ResumeKey, Row, Upsert
from target_linkedin_resumes.stores.ledger import Ledger
from target_linkedin_resumes.stores.rows import Rows
from tests.stores.test_ledger import delete, deliver, ledger, opened, path, upload, upsert

__all__ = ["ledger", "path"]

KEYS = ("id",)


class FakeEngine:
    """Holds changes until :meth:`settle` carries them out in a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.in_flight: list[Change] = []
        self.deleted: list[ResumeKey] = []
        self.skipped: list[str] = []
        self.landed: Callable[[ResumeKey], None] = lambda _: None

    def holds(self, key: ResumeKey) -> bool:
        return any(change.key == key for change in self.in_flight)

    def of_candidate(self, candidate_id: str) -> Collection[ResumeKey]:
        return {one.key for one in self.in_flight if one.key.candidate_id == candidate_id}

    def add(self, change: Change, size: int) -> None:
        self.in_flight.append(change)
        if isinstance(change, Delete):
            self.deleted.append(change.key)

    unasked = add

    def skip(self, why: str = "filtered") -> None:
        self.skipped.append(why)

    def settle(self) -> None:
        done, self.in_flight = self.in_flight, []
        for change in done:
            if isinstance(change, Delete):
                delete(self._ledger, change.key)
            else:
                deliver(self._ledger, change, upload(urn=str(change.key)))
        for key in {change.key for change in done}:
            self.landed(key)


class Bench:
    """A reader of a stream whose records name one resume each."""

    def __init__(self, ledger: Ledger, *, replace: bool = False, most: int | None = None) -> None:
        self.ledger = ledger
        self.engine = FakeEngine(ledger)
        limit = DeleteLimit(most, held=ledger.held)
        self.rows = Rows(cast("Engine", self.engine), ledger, limit, replace=replace)
        self.rows.identify("s", "s", KEYS)

    def name(self, number: int, *key: str, rejected: bool = False) -> None:
        named, one = ResumeKey(*key), row(number)
        self.rows.name(one, named)
        if not rejected:
            self.engine.add(upsert(key=named, row=one), 1)
        self.rows.added(one, named)

    def name_all(self, number: int, *keys: ResumeKey, whole: bool = True) -> None:
        one = row(number)
        self.rows.name_all(one, keys, whole=whole)
        for key in keys:
            self.engine.add(upsert(key=key, row=one), 1)
            self.rows.added(one, key)

    def delete_row(self, number: int, *, again: bool = False) -> None:
        one = row(number)
        self.rows.delete_row(one, lambda key: Delete(key, Provenance("s", row=one)), 1, again=again)

    def settle(self, settles: bool = True) -> None:
        if settles:
            self.engine.settle()

    @property
    def deleted(self) -> list[tuple[str, str]]:
        return [(key.candidate_id, key.resume_id) for key in self.engine.deleted]


def row(number: int) -> Row:
    return Row(f'["s", "{number}"]', "s", KEYS)


in_flight_or_known = pytest.mark.parametrize("settles", [True, False], ids=["known", "in flight"])


@in_flight_or_known
def test_a_row_that_moves_lets_go_of_what_it_named(ledger: Ledger, settles: bool) -> None:
    bench = Bench(ledger)
    bench.name(1, "a", "r")
    bench.settle(settles)
    bench.name(1, "b", "r")
    bench.settle(settles)
    assert bench.deleted == [("a", "r")]
    bench.name(1, "b", "r")
    bench.settle()
    assert bench.deleted == [("a", "r")]
    bench.name(1, "a", "r")  # and back
    assert bench.deleted == [("a", "r"), ("b", "r")]


def test_also_where_the_new_one_is_rejected(ledger: Ledger) -> None:
    bench = Bench(ledger)
    bench.name(1, "a", "r")
    bench.settle()
    bench.name(1, "b", "r", rejected=True)
    assert bench.deleted == [("a", "r")]


@in_flight_or_known
def test_a_resume_stays_until_the_last_row_lets_go(ledger: Ledger, settles: bool) -> None:
    bench = Bench(ledger)
    for number in (1, 2, 3):
        bench.name(number, "a", "r")
        bench.settle(settles)
    bench.name(1, "b", "r")
    bench.settle(settles)
    bench.delete_row(2)
    bench.settle(settles)
    assert bench.deleted == []
    bench.name(3, "c", "r")
    assert bench.deleted == [("a", "r")]


@in_flight_or_known
@pytest.mark.parametrize("replaces", [True, False])
def test_another_resume_id_is_a_history_unless_it_replaces(
    ledger: Ledger, caplog: pytest.LogCaptureFixture, settles: bool, replaces: bool
) -> None:
    bench = Bench(ledger, replace=replaces)
    for resume in ("old", "new", "new"):
        bench.name(1, "a", resume)
        bench.settle(settles)
    bench.rows.report()
    assert bench.deleted == ([("a", "old")] if replaces else [])
    assert ("1 rows name another resume id" in caplog.text) is not replaces
    bench.delete_row(1)
    assert set(bench.deleted) == {("a", "old"), ("a", "new")}


@in_flight_or_known
@pytest.mark.parametrize("whole", [True, False])
def test_what_leaves_a_list_is_deleted_if_all_of_it_can_be_read(
    ledger: Ledger, settles: bool, whole: bool
) -> None:
    bench = Bench(ledger)
    first, second, third = (ResumeKey("a", name) for name in "xyz")
    bench.name_all(1, first, second)
    bench.settle(settles)
    bench.name_all(1, second, third, whole=whole)
    assert bench.deleted == ([("a", "x")] if whole else [])
    assert bench.rows.named_by(row(1)) == ({second, third} if whole else {first, second, third})


def test_both_ids_delete_what_other_rows_name_and_what_the_row_named_before(
    ledger: Ledger,
) -> None:
    bench = Bench(ledger)
    bench.name(1, "a", "r")
    bench.name(1, "a", "other")
    bench.name(2, "b", "r")
    bench.settle()
    bench.rows.delete(Delete(ResumeKey("b", "r"), Provenance("s", row=row(1))), 1)
    assert set(bench.deleted) == {("a", "r"), ("b", "r")}
    assert bench.rows.named_by(row(1)) == {ResumeKey("a", "other")}
    assert bench.rows.named_by(row(2)) == set()


@in_flight_or_known
def test_a_row_is_deleted_once(ledger: Ledger, settles: bool) -> None:
    bench = Bench(ledger)
    bench.name(1, "a", "r")
    bench.settle(settles)
    bench.delete_row(1)
    bench.settle()
    bench.delete_row(1)
    assert bench.deleted == [("a", "r")]
    assert bench.engine.skipped == ["unchanged"]


def test_a_row_that_was_never_seen(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(ledger)
    bench.name(1, "a", "r")
    bench.settle()
    bench.delete_row(7)
    bench.delete_row(8)
    assert bench.engine.skipped == ["unknown", "unknown"]
    bench.rows.report()
    assert caplog.text.count("2 deletions name what the ledger never saw") == 1
    with pytest.raises(Reject, match="one full load") as rejected:
        bench.delete_row(7, again=True)  # an earlier run could not tell, and it has not come since
    assert rejected.value.code == "deletion_unresolved"


@pytest.mark.parametrize("how", ["earlier version", "record without its key"])
def test_a_row_of_a_stream_that_is_not_learned_is_unresolved(ledger: Ledger, how: str) -> None:
    if how == "earlier version":
        deliver(ledger)
    bench = Bench(ledger)
    if how == "record without its key":
        bench.rows.unidentified("s")
    with pytest.raises(Reject, match="'id'"):
        bench.delete_row(1)
    assert (bench.deleted, bench.engine.skipped) == ([], [])


def test_a_candidate_has_what_is_known_and_what_is_in_flight(ledger: Ledger) -> None:
    bench = Bench(ledger)
    bench.name(1, "a", "known")
    bench.settle()
    bench.name(2, "a", "in flight")
    bench.name(3, "b", "r")
    bench.rows.delete_candidate("a", Delete, 2, "people")
    assert set(bench.deleted) == {("a", "known"), ("a", "in flight")}
    bench.rows.delete_candidate("nobody", Delete, 2, "people")
    assert bench.engine.skipped == ["unknown"]


def test_none_is_deleted_where_all_are_too_many(ledger: Ledger) -> None:
    bench = Bench(ledger, most=1)
    bench.name(1, "a", "x")
    bench.name(1, "a", "y")
    bench.settle()
    with pytest.raises(Stop, match="the deletion of one candidate would delete 2"):
        bench.rows.delete_candidate("a", Delete, 2, "people")
    with pytest.raises(Stop, match="the deletion of one row would delete 2"):
        bench.delete_row(1)
    assert bench.deleted == []


def test_rows_that_seem_to_move_stop_the_run_in_time(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delete_limit, "FEWEST_UNASKED", 2)
    bench = Bench(ledger)
    for number in range(3):
        bench.name(number, "a", str(number))
    bench.settle()
    for number in range(2):
        bench.name(number, "b", str(number))
    with pytest.raises(Stop, match="told apart by the key properties 'id'"):
        bench.name(2, "b", "2")
    assert bench.deleted == [("a", "0"), ("a", "1")]


def test_a_stream_without_rows_keeps_what_a_row_lets_go(ledger: Ledger) -> None:
    bench = Bench(ledger)
    shared = ResumeKey("a", "r")
    bench.name(1, "a", "r")
    bench.settle()
    deliver(ledger, upsert(key=shared, stream="t"), upload(urn="urn:t"))
    bench.name(1, "b", "r")
    bench.settle()
    assert bench.deleted == []
    bench.rows.delete(Delete(shared, Provenance("t")), 1)
    assert bench.deleted == [("a", "r")]


def test_what_a_killed_run_let_go_is_let_go_by_the_next(path: Path) -> None:
    with opened(path) as first:
        bench = Bench(first)
        bench.name(1, "a", "r")
        bench.settle()
        bench.name(1, "b", "r")
        # The upsert is confirmed, and the deletion is not: it stands in no call yet.
        [moved] = [one for one in bench.engine.in_flight if isinstance(one, Upsert)]
        deliver(first, moved, upload(urn="urn:moved"))
    with opened(path) as second:
        bench = Bench(second)
        bench.name(1, "b", "r")
        assert bench.deleted == [("a", "r")]
