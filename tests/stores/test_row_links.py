"""What the ledger knows of rows: which resumes each names, alone or with others."""

from __future__ import annotations

from pathlib import Path

import pytest

from target_linkedin_resumes.engine.interfaces import Sent
from target_linkedin_resumes.engine.types import Rejected
from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.records import Provenance, ResumeKey, Row
from target_linkedin_resumes.stores.ledger import Ledger
from tests.stores.test_ledger import KEY, delete, deliver, ledger, opened, path, upload, upsert

__all__ = ["ledger", "path"]

OTHER = ResumeKey("candidate-31415", "resume-2")


def row(name: str) -> Row:
    return Row(f'["s", "{name}"]', "s", ("id",))


ONE, TWO, THREE = row("1"), row("2"), row("3")


def name(ledger: Ledger, one: Row, key: ResumeKey = KEY) -> None:
    """Deliver a resume that a row names."""
    change = upsert(key=key, row=one)
    deliver(ledger, change, upload(urn=f"urn:{key.resume_id}"))


def share(ledger: Ledger, *rows: Row, key: ResumeKey = KEY) -> None:
    for one in rows:
        name(ledger, one, key)
    ledger.rows.share(key, [ledger.row_hash(one.text) for one in rows])


def test_a_row_names_what_it_delivered(ledger: Ledger) -> None:
    name(ledger, ONE)
    name(ledger, ONE, OTHER)
    assert ledger.rows.named_by(ONE) == {KEY, OTHER}
    assert ledger.rows.named_by(TWO) == set()
    assert ledger.rows.also_name(KEY) == set()
    assert ledger.look_up(KEY, ONE).others == {OTHER}


def test_of_what_was_deleted_the_row_is_known_and_names_nothing(ledger: Ledger) -> None:
    name(ledger, ONE)
    assert not ledger.rows.is_gone(ONE)
    delete(ledger)
    assert ledger.rows.named_by(ONE) == set()
    assert ledger.rows.is_gone(ONE)
    assert not ledger.rows.is_gone(TWO)


def test_what_is_being_deleted_is_still_named(path: Path) -> None:
    with opened(path) as ledger:
        name(ledger, ONE)
        ledger.rows.leave_to(KEY, ledger.row_hash(ONE.text))
    with opened(path) as ledger:  # as after a kill
        assert ledger.rows.named_by(ONE) == {KEY}


def test_each_of_several_rows_names_a_resume_until_it_lets_go(path: Path) -> None:
    with opened(path) as ledger:
        share(ledger, ONE, TWO, THREE)
    with opened(path) as ledger:
        assert all(ledger.rows.named_by(one) == {KEY} for one in (ONE, TWO, THREE))
        assert len(ledger.rows.also_name(KEY)) == 3
        ledger.rows.let_go(KEY, ledger.row_hash(THREE.text))  # the one beside the resume
        assert ledger.rows.named_by(THREE) == set()
        assert ledger.rows.named_by(ONE) == ledger.rows.named_by(TWO) == {KEY}
        ledger.rows.let_go(KEY, ledger.row_hash(TWO.text))
    with opened(path) as ledger:
        assert ledger.rows.named_by(TWO) == set()
        assert ledger.rows.named_by(ONE) == {KEY}


@pytest.mark.parametrize("last", [ONE, TWO])
def test_what_is_to_be_deleted_is_left_to_the_last_row(ledger: Ledger, last: Row) -> None:
    share(ledger, ONE, TWO)
    ledger.rows.leave_to(KEY, ledger.row_hash(last.text))
    assert ledger.rows.also_name(KEY) == set()
    assert [one for one in (ONE, TWO) if ledger.rows.named_by(one)] == [last]


def test_a_deletion_by_both_ids_leaves_no_row_behind(ledger: Ledger) -> None:
    share(ledger, ONE, TWO)
    ledger.rows.leave_to(KEY, None)
    delete(ledger)
    assert ledger.rows.named_by(ONE) == ledger.rows.named_by(TWO) == set()


def test_a_stream_is_learned_once_each_of_its_resumes_has_a_row(ledger: Ledger) -> None:
    deliver(ledger)
    name(ledger, ONE, OTHER)
    assert ledger.rows.is_unlearned("s")
    assert not ledger.rows.is_unlearned("t")
    name(ledger, TWO)
    assert not ledger.rows.is_unlearned("s")


@pytest.mark.parametrize("how", ["deleted", "rejected"])
def test_what_linkedin_does_not_hold_needs_no_row(ledger: Ledger, how: str) -> None:
    if how == "deleted":
        deliver(ledger)
        delete(ledger)
    else:
        ledger.rejected(Rejected(Provenance("s"), Reject("file_missing", ""), 0, key=KEY))
    assert not ledger.rows.is_unlearned("s")


def test_other_key_properties_forget_the_rows_of_that_stream(ledger: Ledger) -> None:
    assert not ledger.rows.identify("s", "mapped", ("id",))
    share(ledger, ONE, TWO)
    name(ledger, ONE, OTHER)
    elsewhere = ResumeKey("c", "of another stream")
    deliver(ledger, upsert(key=elsewhere, stream="t", row=THREE), upload(urn="urn:t"))
    assert not ledger.rows.identify("s", "mapped", ("id",))
    assert ledger.rows.properties_of("mapped") == ["id"]
    assert ledger.rows.identify("s", "mapped", ("id", "line"))
    assert ledger.rows.named_by(ONE) == ledger.rows.named_by(TWO) == set()
    assert ledger.rows.also_name(KEY) == set()
    assert ledger.rows.named_by(THREE) == {elsewhere}
    assert ledger.rows.is_unlearned("s")
    assert not ledger.rows.identify("s", "unknown", ("id",))


def test_the_resumes_of_a_candidate(ledger: Ledger) -> None:
    rejected = ResumeKey(KEY.candidate_id, "rejected")
    deliver(ledger)
    deliver(ledger, upsert(key=OTHER), upload(urn="urn:2"))
    deliver(ledger, upsert(key=ResumeKey("somebody else", "r")), upload(urn="urn:3"))
    ledger.rejected(Rejected(Provenance("s"), Reject("file_missing", ""), 0, key=rejected))
    ledger.rows.index_candidates()
    assert set(ledger.rows.of_candidate(KEY.candidate_id)) == {KEY, OTHER, rejected}
    delete(ledger)
    assert set(ledger.rows.of_candidate(KEY.candidate_id)) == {OTHER, rejected}
    assert not ledger.rows.of_candidate("nobody")


def test_what_is_not_learned_is_searched_for_once(ledger: Ledger) -> None:
    known = [
        upsert(key=ResumeKey("candidate", str(number)), row=row(str(number)))
        for number in range(3000)
    ]
    ledger.sending([Sent(change, upload()) for change in known])
    deliver(ledger, upsert(), upload())  # the last one, without a row
    searched = 0

    def count() -> None:
        nonlocal searched
        searched += 1

    with ledger._writing() as connection:
        connection.set_progress_handler(count, 100)
    assert ledger.rows.is_unlearned("s")
    first, searched = searched, 0
    for _ in range(10):
        assert ledger.rows.is_unlearned("s")
    assert searched * 10 < first
    name(ledger, ONE)
    assert not ledger.rows.is_unlearned("s")
    ledger.rows.identify("s", "s", ["id"])
    ledger.rows.identify("s", "s", ["number"])
    assert ledger.rows.is_unlearned("s")
