"""What happened and what to do, for a stranger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from target_linkedin_resumes.report.model import End, Figures, Kind, Waits
from target_linkedin_resumes.report.page import as_json, document
from target_linkedin_resumes.report.wording import (
    REJECTS,
    nothing_was_there,
    of_reject,
    of_retry,
    outcome_of,
)
from tests.report.samples import PERFECT, SAMPLES, counting, rough


def ended(kind: Kind, code: int, message: str = "", reject: str = "") -> Figures:
    counted = counting(read=100, delivered=60, deleted=10)
    return replace(counted, end=End(kind, code, message, reject))


def test_all_delivered() -> None:
    said = outcome_of(PERFECT)
    assert said.tone == "good"
    assert said.happened.endswith("everything that was read: 12,345 resumes were delivered.")
    assert said.next == "Nothing."


def test_rejects_are_to_be_replayed() -> None:
    said = outcome_of(rough())
    assert said.tone == "attention"
    assert said.happened.startswith("94 of 12,345 records could not be delivered")
    assert "--input" in said.next
    assert any("303 tries" in note for note in said.notes)
    assert any("slow down" in note and "32 s" in note for note in said.notes)


def test_one_record_that_stopped_the_run_brings_its_remedy() -> None:
    said = outcome_of(ended(Kind.REJECTED, 1, "candidate 'c', resume 'r': gone", "source_gone"))
    assert said.tone == "bad"
    assert "candidate 'c', resume 'r': gone. Before that, 60 resumes were" in said.happened
    assert said.next.startswith(REJECTS["source_gone"].remedy)
    assert "`on_reject` to `continue`" in said.next
    assert any("20" not in note and "30 records were read but not" in note for note in said.notes)


@pytest.mark.parametrize(
    ("kind", "code", "message", "tone", "then"),
    [
        (Kind.STOPPED, 1, "no more disk", "bad", "Run it again"),
        (Kind.MISCONFIGURED, 2, "setting 'x': wrong", "bad", "Change what the message names"),
        (Kind.QUOTA, 75, "spent", "attention", "Run it again after 2026-11-25 00:00 UTC"),
        (Kind.SIGNAL, 143, "SIGTERM", "attention", "Run it again"),
    ],
)
def test_what_stopped_a_run_and_what_to_do(
    kind: Kind, code: int, message: str, tone: str, then: str
) -> None:
    said = outcome_of(ended(kind, code, message))
    assert said.tone == tone
    assert message in said.happened
    assert "Before that, 60 resumes were delivered and 10 deleted." in said.happened
    assert then in said.next


@pytest.mark.parametrize(
    ("delivered", "deleted", "missing", "words"),
    [
        (0, 0, 0, "nothing was delivered."),
        (1, 0, 0, "1 resume was delivered."),
        (0, 2, 0, "2 resumes were deleted."),
        (1, 1, 0, "1 resume was delivered and 1 deleted."),
        (0, 0, 1, "1 resume to be deleted was not there."),
        (3, 0, 2, "3 resumes were delivered; 2 resumes to be deleted were not there."),
    ],
)
def test_what_there_was_none_of_is_left_out(
    delivered: int, deleted: int, missing: int, words: str
) -> None:
    counted = counting(read=9, delivered=delivered, deleted=deleted, not_there=missing)
    figures = replace(counted, end=End(Kind.SIGNAL, 143, "SIGTERM"))
    assert outcome_of(figures).happened.endswith(f"Before that, {words}")


def test_a_stopped_run_without_a_state_begins_anew() -> None:
    for kind in (Kind.STOPPED, Kind.MISCONFIGURED, Kind.QUOTA, Kind.SIGNAL, Kind.REJECTED):
        stopped = ended(kind, 1, "SIGTERM", "file_empty")
        assert "it goes on from the last state" in outcome_of(stopped).next
        said = outcome_of(counting(stopped, states=0)).next
        assert "no state was printed, so it begins where this run began" in said
        assert "last state" not in said


@pytest.mark.parametrize("kind", [Kind.STOPPED, Kind.MISCONFIGURED, Kind.QUOTA, Kind.SIGNAL])
def test_rejects_that_a_stopped_run_has_kept_are_told_as_the_state_has_it(kind: Kind) -> None:
    stopped = counting(ended(kind, 1, "SIGTERM"), rejected=Counter(file_missing=3))
    said = outcome_of(stopped).next
    assert "the 3 rejected records may be among it" in said
    assert "`--input rejects.singer`" in said
    said = outcome_of(counting(stopped, states=0)).next
    assert "It reads the 3 rejected records again too" in said
    assert "--input" not in said
    assert "reject" not in outcome_of(replace(stopped, rejects_path=None)).next
    assert "reject" not in outcome_of(ended(kind, 1, "SIGTERM")).next


@pytest.mark.parametrize(
    "message",
    [
        "not delivered. Last reason: none. Run again later: it goes on from the last state.",
        "today's requests are used up; the quota is renewed at 00:00 UTC, run again then",
        "LinkedIn's daily quota is spent; it is renewed at 00:00 UTC, run again then.",
    ],
)
def test_what_is_to_be_done_is_said_in_one_place(message: str) -> None:
    said = outcome_of(ended(Kind.STOPPED, 1, message)).happened.lower()
    assert "run again" not in said
    assert said.count(".. ") == 0
    assert "before that, 60 resumes were delivered" in said


def test_a_run_in_which_nothing_had_changed() -> None:
    said = outcome_of(counting(read=9, delivered=0, unchanged=9))
    assert (said.tone, said.title, said.next) == ("good", "Nothing had changed", "Nothing.")
    rejected = Counter(file_missing=1)
    said = outcome_of(counting(read=9, delivered=0, unchanged=8, rejected=rejected))
    assert said.happened.endswith("all others are done: nothing else had to be sent.")


def test_a_run_that_read_nothing() -> None:
    said = outcome_of(SAMPLES["empty"]())
    assert "read no records" in said.happened
    assert "look at the tap" in said.next


def test_a_run_whose_filter_passed_over_all() -> None:
    said = outcome_of(counting(read=7, delivered=0, filtered=7))
    assert said.tone == "attention"
    assert "setting `only`" in said.happened


@pytest.mark.parametrize("rejected", [0, 3])
@pytest.mark.parametrize("make", list(SAMPLES.values()), ids=list(SAMPLES))
def test_a_dry_run_says_that_nothing_was_sent(make: Callable[[], Figures], rejected: int) -> None:
    sample = make()
    counted = counting(sample, rejected=Counter(file_missing=rejected))
    said = outcome_of(replace(counted, dry_run=True))
    assert "dry run" in f"{said.title} {said.happened}".lower()
    assert "sent nothing" in said.happened or "Nothing was sent" in said.happened
    assert "were delivered" not in said.happened


def test_waits_are_told() -> None:
    waited = replace(PERFECT, waits=Waits(limit=61, throttle=2, quota=4_000))
    notes = " ".join(outcome_of(waited).notes)
    assert "1 min 1 s" in notes
    assert "10,000 records a minute" in notes
    assert "2.0 s" in notes
    assert "1 h 6 min" in notes


@pytest.mark.parametrize(
    ("cause", "word"),
    [
        ("batch_update 429", "slow down"),
        ("upload 503", "servers failed"),
        ("upload timeout", "in time"),
        ("hireMediaUrl connection", "connection"),
        ("batch_update, this key 409", "Another write"),
        ("upload 403", "URL"),
        ("source", "source of the resume"),
        ("unclear", "did not say"),
        ("batch_update, this key unclear", "did not say"),
    ],
)
def test_each_cause_of_a_retry_is_explained(cause: str, word: str) -> None:
    assert word in of_retry(cause).meaning
    assert of_retry(cause).remedy


def test_a_code_that_is_not_known_is_explained_too() -> None:
    assert of_reject("of_tomorrow").remedy == "The documentation's page on rejects explains it."


def test_the_document_holds_the_outcome_and_adds_up() -> None:
    made = document(rough())
    records = made["records"]
    assert sum(records.values()) - records["read"] == records["read"]
    assert made["outcome"]["exit_code"] == 0
    assert made["outcome"]["kind"] == "finished"
    assert made["waited_seconds"] == {"limit": 0.0, "throttle": 32.4, "quota": 0.0}
    assert made["calls"]["upload"]["outcomes"] == {"201": 11_843, "503": 88, "timeout": 3}
    assert made["timeline"][-1]["seconds"] == made["seconds"]
    assert as_json(rough()).endswith("}\n")


def test_what_the_ledger_spared_and_what_had_vanished_are_told() -> None:
    figures = counting(read=100, delivered=10, deleted=25, unchanged=90, vanished=25)
    assert figures.records.left == 0
    notes = " ".join(outcome_of(figures).notes)
    assert "90 records did not have to be sent" in notes
    assert "25 deletions came from ACTIVATE_VERSION" in notes


def test_what_was_not_there_and_what_the_ledger_never_saw_add_up() -> None:
    figures = counting(read=20, delivered=5, deleted=3, not_there=8, unknown=4)
    assert figures.records.left == 0
    said = outcome_of(figures)
    assert (said.tone, said.next) == ("good", "Nothing.")
    assert "delivered and 3 deleted; 8 resumes to be deleted were not there." in said.happened
    assert said.notes[-1].startswith("4 deletions named what the ledger has never seen")


@pytest.mark.parametrize(
    ("deleted", "missed", "warned"),
    [(0, 21, True), (0, 20, False), (1, 500, False), (0, 0, False)],
)
def test_many_deletions_of_which_none_found_something_are_suspicious(
    deleted: int, missed: int, warned: bool
) -> None:
    figures = counting(read=600, delivered=50, deleted=deleted, not_there=500, missed=missed)
    counters = figures.counters
    assert ("setting organization" in nothing_was_there(counters)) is warned
    notes = outcome_of(replace(PERFECT, counters=counters)).notes
    assert any("setting organization" in note for note in notes) is warned


@pytest.mark.parametrize("kind", [Kind.OUTSTANDING, Kind.STOPPED, Kind.SIGNAL, Kind.QUOTA])
def test_outstanding_deletions_are_said_first(kind: Kind) -> None:
    said = outcome_of(replace(ended(kind, 3, "no more disk"), outstanding=1, persons=1))
    assert said.tone == "bad"
    assert said.title.startswith("Deletions are outstanding")
    assert said.happened.startswith("1 deletion of 1 person is outstanding. LinkedIn refused")
    assert "60 resumes were delivered and 10 deleted" in said.happened
    assert said.next.startswith("Look at the reasons of the outstanding deletions")
    assert not said.next.endswith("Nothing.")
    assert (said.title == "Deletions are outstanding") is (kind is Kind.OUTSTANDING)


def test_the_document_says_what_is_outstanding() -> None:
    made = document(SAMPLES["outstanding"]())
    assert (made["outstanding"], made["persons"]) == (3, 2)
    assert (made["outcome"]["kind"], made["outcome"]["exit_code"]) == ("outstanding", 3)
    assert made["records"]["not_there"] == 40
    assert made["timeline"][-1]["not_there"] == 40
