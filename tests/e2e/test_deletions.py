"""What is gone in the CRM goes at LinkedIn, however the CRM says it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from target_linkedin_resumes.cli.ledger import main
from tests.docs.documents import read
from tests.e2e.support import COMMAND, PDF, Bench, Finished, state

Message = dict[str, Any]
Key = tuple[str, str]
GONE = "2024-06-01T00:00:00Z"


def schema(*keys: str, stream: str = "resumes", **properties: Any) -> Message:
    names = ("id", "candidate_id", "resume_id", "created_at", "file", "_sdc_deleted_at")
    return {
        "type": "SCHEMA",
        "stream": stream,
        "key_properties": list(keys),
        "schema": {"type": "object", "properties": {**{name: {} for name in names}, **properties}},
    }


def row(identity: Any, candidate: Any, resume: Any, file: str = "a.pdf", **more: Any) -> Message:
    fields = {
        "id": identity,
        "candidate_id": candidate,
        "resume_id": resume,
        "created_at": "2024-05-01T10:00:00Z",
        "file": file,
        **more,
    }
    return {"type": "RECORD", "stream": "resumes", "record": fields}


def gone(stream: str = "resumes", **fields: Any) -> Message:
    return {"type": "RECORD", "stream": stream, "record": {**fields, "_sdc_deleted_at": GONE}}


@pytest.fixture
def tap(bench: Bench) -> Tap:
    bench.file("a.pdf")
    bench.file("b.pdf", PDF + b"% b")
    return Tap(bench)


class Tap:
    """Runs the command with a ledger and rejects, on messages that end with a STATE."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.rejects = bench.directory / "rejects.singer"
        self.settings: dict[str, Any] = {
            "ledger_path": str(bench.directory / "ledger.db"),
            "rejects_path": str(self.rejects),
            "on_reject": "continue",
        }

    def run(self, *messages: Message, **settings: Any) -> Finished:
        given = {**self.settings, **settings}
        return self.bench.run([*messages, state(len(messages))], **given)

    def well(self, *messages: Message, **settings: Any) -> Finished:
        done = self.run(*messages, **settings)
        assert done.code == 0, done.log
        assert done.states, done.log
        return done

    def held(self) -> set[Key]:
        return set(self.bench.held())

    def calls(self, endpoint: str) -> int:
        return sum(entry["endpoint"] == endpoint for entry in self.bench.sandbox.journal())

    def kept(self) -> list[dict[str, Any]]:
        if not self.rejects.exists():
            return []
        lines = map(json.loads, self.rejects.read_text().splitlines())
        return [line["reject"] for line in lines if line["type"] == "RECORD"]


# Rows


def test_a_deletion_with_the_key_of_the_row_alone(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c1", "r1"), row(2, "c2", "r2"))
    done = tap.well(schema("id"), gone(id=1))
    assert tap.held() == {("c2", "r2")}
    assert not tap.kept()
    assert "never saw" not in done.log
    again = tap.well(schema("id"), gone(id="1"))  # as another tap types it
    assert "never saw" not in again.log
    assert tap.calls("batch_delete") == 1


def test_a_key_with_a_time_is_the_same_however_the_tap_writes_it(tap: Tap) -> None:
    """As a tap does that reads whole tables by queries, and changes from the database's log."""
    whole, log = "2024-05-06T07:08:09.500000+00:00", "2024-05-06 07:08:09.5+00"
    described = schema("id", "at", at={})
    tap.well(described, row(1, "c", "r", at=whole), row(1, "d", "s", at="2024-05-06 07:08:09"))
    tap.well(described, gone(id=1, at=log))
    assert tap.held() == {("d", "s")}
    moved = row(1, "e", "s", at="2024-05-06T09:08:09+02:00")
    tap.well(described, moved, row(2, "c", "r", at="0001-01-01 00:00:00+14:00"))
    assert tap.held() == {("e", "s"), ("c", "r")}


def test_in_one_run_with_all_in_flight(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c1", "r1"), gone(id=1), row(2, "c2", "r2"))
    assert tap.held() == {("c2", "r2")}
    tap.well(schema("id"), row(3, "c3", "r"), row(3, "c4", "r"), row(3, "c5", "r"))
    assert tap.held() == {("c2", "r2"), ("c5", "r")}


def test_a_row_that_moves_to_another_candidate(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c1", "r1"))
    tap.well(schema("id"), row(1, "merged", "r1"))
    assert tap.held() == {("merged", "r1")}
    tap.well(schema("id"), row(1, "c1", "r1"))  # and back
    assert tap.held() == {("c1", "r1")}
    before = tap.calls("batch_delete")
    tap.well(schema("id"), row(1, "c1", "r1"))
    assert tap.calls("batch_delete") == before


def test_a_row_that_moves_and_is_rejected_there(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c1", "r1"), row(2, "c2", "r2"))
    tap.well(schema("id"), row(1, "merged", "r1", "missing.pdf"))
    tap.well(schema("id"), row(2, "merged", "r2", created_at="never"))
    assert tap.held() == set()
    assert [one["code"] for one in tap.kept()] == ["file_missing", "invalid_timestamp"]
    tap.well(schema("id"), gone(id=1), gone(id=2))
    assert not tap.kept()


def test_a_key_stays_until_the_last_row_lets_go(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r"), row(2, "c", "r"), row(3, "c", "r"))
    tap.well(schema("id"), row(1, "d", "r"))
    assert tap.held() == {("c", "r"), ("d", "r")}
    tap.well(schema("id"), gone(id=2))
    assert tap.held() == {("c", "r"), ("d", "r")}
    tap.well(schema("id"), gone(id=3))
    assert tap.held() == {("d", "r")}


def test_a_key_that_rows_share_in_one_run(tap: Tap) -> None:
    tap.well(
        *(schema("id"), row(1, "c", "r"), row(2, "c", "r"), row(1, "d", "r"), row(3, "c", "r")),
        *(gone(id=2), row(4, "e", "r"), row(4, "d", "r"), gone(id=1)),
    )
    assert tap.held() == {("c", "r"), ("d", "r")}
    tap.well(schema("id"), gone(id=3), gone(id=4))
    assert tap.held() == set()


@pytest.mark.parametrize("last", [gone(id=2), row(2, "d", "r")], ids=["deleted", "moved"])
def test_a_key_that_rows_share_is_let_go_by_one_right_after_the_other(
    tap: Tap, last: Message
) -> None:
    tap.well(schema("id"), row(1, "c", "r"), row(2, "c", "r"), gone(id=1), last)
    assert ("c", "r") not in tap.held()


def test_a_row_that_only_ever_named_a_reject_lets_go_of_it_at_once(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r", "missing.pdf"))
    tap.well(schema("id"), gone(id=1), row(2, "c", "r"), gone(id=2))
    assert tap.held() == set()
    assert not tap.kept()


def test_both_ids_delete_whatever_other_rows_name(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r"), row(2, "c", "r"), row(1, "c", "other"))
    tap.well(schema("id"), gone(id=1, candidate_id="c", resume_id="r"))
    assert tap.held() == {("c", "other")}
    tap.well(schema("id"), row(2, "c", "r"))
    assert tap.held() == {("c", "other"), ("c", "r")}


def test_another_resume_id_keeps_the_earlier_one_unless_it_is_replaced(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "old"), row(2, "d", "old"))
    done = tap.well(schema("id"), row(1, "c", "new"), row(2, "d", "new"))
    assert len(tap.held()) == 4
    assert done.log.count("2 rows name another resume id than before") == 1
    quiet = tap.well(schema("id"), row(1, "c", "new"), row(2, "d", "new"))
    assert "another resume id" not in quiet.log
    tap.well(schema("id"), row(1, "c", "newer"), replace_rows=True)
    assert tap.held() == {("c", "newer"), ("d", "old"), ("d", "new")}
    tap.well(schema("id"), gone(id=2))
    assert tap.held() == {("c", "newer")}


def test_a_row_that_the_ledger_never_saw(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r"))
    done = tap.well(schema("id"), gone(id=7), gone(id=8))
    assert done.log.count("2 deletions name what the ledger never saw") == 1
    assert tap.held() == {("c", "r")}
    assert tap.calls("batch_delete") == 0


def test_without_a_ledger_a_row_is_kept_as_a_deletion_that_waits(tap: Tap) -> None:
    done = tap.run(schema("id"), row(1, "c", "r"), gone(id=1), ledger_path=None)
    assert done.code == 3
    assert done.states
    assert [one["code"] for one in tap.kept()] == ["deletion_unresolved"]
    assert "ledger_path" in tap.kept()[0]["message"]
    assert "1 deletion of 1 person is outstanding" in done.log
    stopped = tap.run(schema("id"), gone(id=1), ledger_path=None, on_reject="fail")
    assert stopped.code == 1
    # What the row names is learned, and a later event of the row takes the deletion's place.
    tap.well(schema("id"), row(1, "c", "r"), gone(id=1))
    assert tap.held() == set()
    assert not tap.kept()


def test_a_deletion_that_waits_is_not_forgotten_by_a_new_ledger(tap: Tap) -> None:
    tap.run(schema("id"), row(1, "c", "r"), gone(id=1), ledger_path=None)
    done = tap.run(schema("id"), row(2, "d", "r"))
    assert done.code == 3
    assert [one["code"] for one in tap.kept()] == ["deletion_unresolved"]
    assert tap.held() == {("c", "r"), ("d", "r")}


def test_a_row_that_has_come_back_is_not_deleted_by_an_older_deletion(tap: Tap) -> None:
    tap.run(schema("id"), gone(id=1), ledger_path=None)
    tap.well(schema("id"), row(1, "c", "r"), ledger_path=None)
    tap.well(schema("id"), row(1, "c", "r"))
    assert tap.held() == {("c", "r")}


def test_a_row_that_comes_back_in_the_run_in_which_it_could_not_be_deleted(tap: Tap) -> None:
    tap.run(schema("id"), row(None, "x", "r"))  # so it is not known of each resume which row it has
    tap.well(schema("id"), gone(id=1), row(1, "c", "r"))
    assert not tap.kept()
    tap.well(schema("id"))
    assert tap.held() == {("x", "r"), ("c", "r")}


@pytest.mark.parametrize("settings", [{"ledger_path": None}, {}], ids=["no ledger", "ledger"])
@pytest.mark.parametrize("file", ["b.pdf", "missing.pdf"], ids=["late", "early"])
def test_a_row_that_comes_back_and_is_rejected_keeps_its_deletion(
    tap: Tap, file: str, settings: dict[str, Any]
) -> None:
    tap.run(schema("id"), row(None, "x", "r"), gone(id=1), **settings)
    assert [one["code"] for one in tap.kept()] == ["deletion_unresolved"]
    refuse(tap, ("c", "r"), endpoint="batch_update")
    done = tap.run(schema("id"), row(1, "c", "r", file), **settings)
    assert done.code == 3
    codes = [one["code"] for one in tap.kept()]
    assert codes in (
        ["deletion_unresolved", "linkedin_refused"],
        ["deletion_unresolved", "file_missing"],
    )
    # The next record of the row settles both.
    tap.bench.sandbox.set_faults()
    tap.well(schema("id"), row(1, "c", "r"), retry_rejects=False, **settings)
    assert not tap.kept()
    assert tap.held() == {("x", "r"), ("c", "r")}


def test_a_row_that_moves_on_at_once_and_is_rejected_there_keeps_its_deletion(tap: Tap) -> None:
    tap.run(schema("id"), row(None, "x", "r"), gone(id=1))
    refuse(tap, ("d", "r"), endpoint="batch_update")
    done = tap.run(schema("id"), row(1, "c", "r"), row(1, "d", "r"))
    assert done.code == 3
    codes = [one["code"] for one in tap.kept()]
    assert codes == ["deletion_unresolved", "linkedin_refused"]


def test_a_deletion_by_a_row_that_is_carried_out_later_leaves_the_record_behind_it(
    tap: Tap,
) -> None:
    tap.well(schema("uuid", uuid={}), row(1, "c", "r", uuid="u"))
    assert tap.run(schema("id"), gone(id=1)).code == 3
    tap.run(schema("id"), row(1, "c", "r", "late.pdf"))
    assert [one["code"] for one in tap.kept()] == ["deletion_unresolved", "file_missing"]
    tap.well(schema("id"))  # from the record the ledger has learned what the row names
    assert tap.held() == set()
    assert [one["code"] for one in tap.kept()] == ["file_missing"]


@pytest.mark.parametrize("file", ["b.pdf", "missing.pdf"], ids=["late", "early"])
def test_a_reject_says_nothing_of_what_was_there_before_the_ledger(tap: Tap, file: str) -> None:
    tap.well(schema("id"), row(1, "c", "r"), ledger_path=None)
    refuse(tap, ("c", "r"), endpoint="batch_update")
    tap.run(schema("id"), row(1, "c", "r", file))
    assert len(tap.kept()) == 1
    tap.well(schema("id"), gone(id=1, candidate_id="c", resume_id="r"))
    assert tap.held() == set()
    assert not tap.kept()


def test_keys_that_are_the_ids_are_no_rows(tap: Tap) -> None:
    done = tap.run(schema("candidate_id", "resume_id"), gone(candidate_id="c"))
    assert done.code == 3
    assert [one["code"] for one in tap.kept()] == ["deletion_unresolved"]
    tap.rejects.unlink()
    done = tap.run(schema(), gone(id=1))
    assert done.code == 3
    assert "candidate_id and resume_id" in tap.kept()[0]["message"]


def test_other_key_properties_are_learned_anew(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r", uuid="u1"))
    done = tap.run(schema("uuid", uuid={}), gone(uuid="u1"))
    assert done.code == 3  # the ledger knows the resume, and not by this key
    assert "other key properties" in done.log
    tap.rejects.unlink()
    tap.well(schema("uuid", uuid={}), row(1, "c", "r", uuid="u1"), gone(uuid="u1"))
    assert tap.held() == set()


def test_the_order_of_key_properties_says_nothing(tap: Tap) -> None:
    tap.well(schema("id", "seq", seq={}), row(1, "c", "r", seq=2), row(2, "c", "s", seq=1))
    tap.well(schema("seq", "id", seq={}), gone(id=1, seq=2))
    assert tap.held() == {("c", "s")}


def test_a_key_that_schema_flattening_brings_to_light(tap: Tap) -> None:
    described = schema("about__id", about={"type": "object", "properties": {"id": {}}})
    flat = {"flattening_enabled": True, "flattening_max_depth": 1}
    tap.well(described, row(None, "c", "r", about={"id": 1}), **flat)
    tap.well(described, gone(about={"id": 1}), **flat)
    assert tap.held() == set()


def test_what_is_tried_again_does_not_change_what_identifies_rows(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r"), row(2, "d", "r", "missing.pdf"))
    for _ in range(2):
        again(tap)
        told = schema("uuid", uuid={})
        tap.well(told, row(1, "c", "r", uuid="u1"), row(3, "e", "r", uuid="u3"))
    again(tap)
    done = tap.well(schema("uuid", uuid={}), gone(uuid="u1"), gone(uuid="u3"))
    assert "1 rejected records of earlier runs are tried again" in done.log
    assert "other key properties" not in done.log
    assert tap.held() == set()


def again(tap: Tap) -> None:
    """Have it be time to try again what was rejected."""
    text = tap.rejects.read_text()
    for one in tap.kept():
        text = text.replace(one["at"], "2024-01-01T00:00:00+00:00")
    tap.rejects.write_text(text)


def of(stream: str, message: Message) -> Message:
    return {**message, "stream": stream}


@pytest.mark.parametrize("other", ["id", "uuid"])
def test_streams_that_are_named_alike_have_rows_of_their_own(tap: Tap, other: str) -> None:
    alias = {"__alias__": "resumes"}
    maps = {"stream_maps": {"a": alias, "b": alias}}
    a, b = of("a", schema("id")), of("b", schema(other, uuid={}))
    loaded = (a, of("a", row(1, "c", "r")), b, of("b", row(1, "d", "s", uuid=1)))
    for _ in range(2):
        done = tap.well(*loaded, **maps)
        assert "other key properties" not in done.log
    tap.well(a, of("a", gone(id=1)), **maps)
    assert tap.held() == {("d", "s")}
    key: dict[str, Any] = {other: 1}
    tap.well(b, of("b", gone(**key)), **maps)
    assert tap.held() == set()


def test_rows_that_move_to_and_fro_stop_the_run_before_they_delete(tap: Tap) -> None:
    several = [row(number, "old", f"r{number}") for number in range(120)]
    tap.well(schema("id"), *several)
    moved = [row(number, "new", f"r{number}") for number in range(120)]
    done = tap.run(schema("id"), *moved)
    assert done.code == 1
    assert "stream 'resumes'" in done.log
    assert "'id'" in done.log
    assert "101" in done.log
    assert len([key for key in tap.held() if key[0] == "old"]) >= 20
    assert tap.run(schema("id"), *moved, max_deletes="10").code == 1
    tap.well(schema("id"), *moved, max_deletes="120")
    assert tap.held() == {("new", f"r{number}") for number in range(120)}


# Candidates

CANDIDATES = {
    "fields": {"people": {"candidate_id": "id", "resume_id": "*", "deleted": "is_deleted"}}
}
PEOPLE: Message = {
    "type": "SCHEMA",
    "stream": "people",
    "key_properties": ["id"],
    "schema": {"type": "object", "properties": {"id": {}, "is_deleted": {}}},
}


def person(identity: Any, *, deleted: Any) -> Message:
    fields = {"id": identity, "is_deleted": deleted}
    return {"type": "RECORD", "stream": "people", "record": fields}


def test_a_deleted_candidate_deletes_all_resumes(tap: Tap) -> None:
    tap.well(schema("id"), row(1, 7, "a"), row(2, 7, "b"), row(3, 8, "a"), **CANDIDATES)
    done = tap.well(
        *(PEOPLE, schema("id"), row(4, 7, "in flight"), person(8, deleted=False)),
        *(person(7, deleted=True), row(5, 7, "back"), person(9, deleted="Y")),
        **CANDIDATES,
    )
    assert tap.held() == {("8", "a"), ("7", "back")}
    assert "1 deletions name what the ledger never saw" in done.log


def test_candidates_need_a_ledger_and_the_name_of_their_stream(tap: Tap) -> None:
    done = tap.run(PEOPLE, ledger_path=None, **CANDIDATES)
    assert done.code == 2
    assert "setting 'ledger_path'" in done.log
    done = tap.run(PEOPLE, fields={"resume_id": "*"})
    assert done.code == 2
    assert "setting 'fields.resume_id'" in done.log


def test_of_one_candidate_none_is_deleted_if_all_are_too_many(tap: Tap) -> None:
    tap.well(schema("id"), *(row(number, 7, f"r{number}") for number in range(3)))
    done = tap.run(PEOPLE, person(7, deleted=True), max_deletes="2", **CANDIDATES)
    assert done.code == 1
    assert "max_deletes" in done.log
    assert len(tap.held()) == 3


def test_a_candidate_whose_resumes_cannot_be_named_waits_for_an_operator(tap: Tap) -> None:
    audit = {"audit_path": str(tap.bench.directory / "audit.jsonl"), "audit_key": "k" * 32}
    tap.settings |= {**audit, **CANDIDATES}
    tap.well(schema("id"), row(1, 7, "r"), row(2, 8, "r"))
    lost = Path(tap.settings["ledger_path"])
    lost.unlink()
    assert operator(tap, "rebuild").exit_code == 0
    assert tap.run(PEOPLE, person(7, deleted=True)).code == 3
    assert operator(tap, "erase", "7", "--yes").exit_code == 3
    for part in lost.parent.glob(f"{lost.name}*"):
        part.unlink()
    # A new ledger knows nothing of the candidate, and that says nothing.
    for _ in range(2):
        assert tap.run(schema("id"), row(2, 8, "r")).code == 3
        assert [one["code"] for one in tap.kept()] == ["deletion_unresolved"]
    assert operator(tap, "erase", "7", "r", "--yes").exit_code == 0
    assert tap.held() == {("8", "r")}
    assert not tap.kept()


def operator(tap: Tap, *arguments: str) -> Result:
    config = tap.bench.config(**tap.settings)
    return CliRunner().invoke(main, ["--config", str(config), *arguments])


def test_a_status_that_a_stream_map_makes_a_marker_of(tap: Tap) -> None:
    tap.well(schema("id"), row(1, 7, "a"), row(2, 8, "a"), row(3, 9, "a"))
    page = read("docs/field-mapping.md")
    [shown] = [one for one in re.findall(r"```json\n(.*?)```", page, re.S) if "anonymised" in one]
    settings = {**json.loads(shown), "ledger_path": tap.settings["ledger_path"]}
    told = {**PEOPLE, "schema": {"type": "object", "properties": {"id": {}, "status": {}}}}
    several = [(7, "archived"), (8, "active"), (9, "anonymised")]
    people = [{"id": number, "status": status} for number, status in several]
    records = [{"type": "RECORD", "stream": "people", "record": one} for one in people]
    tap.well(told, *records, **settings)
    assert tap.held() == {("8", "a")}
    assert not tap.kept()


def test_a_marker_that_says_neither_deletes_no_candidate(tap: Tap) -> None:
    tap.well(schema("id"), row(1, 7, "a"))
    done = tap.well(PEOPLE, person(7, deleted="active"), **CANDIDATES)
    assert tap.held() == {("7", "a")}
    assert [one["code"] for one in tap.kept()] == ["invalid_record"], done.log


# Lists

LISTS: dict[str, Any] = {
    "fields": {
        "candidates": {
            "candidate_id": "id",
            "each": "attachments",
            "resume_id": "each.id",
            "created_at": "each.created_at",
            "file": "each.url",
            "deleted": "gone",
        }
    },
    "only": {"candidates": {"each.type": "resume"}},
}
WITH_LISTS: Message = {
    "type": "SCHEMA",
    "stream": "candidates",
    "key_properties": ["id"],
    "schema": {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "gone": {"type": ["boolean", "null"]},
            "attachments": {
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "properties": {"id": {}, "created_at": {}, "url": {}, "type": {}},
                },
            },
        },
    },
}


def candidate(identity: int, attachments: Any, **more: Any) -> Message:
    fields = {"id": identity, "attachments": attachments, **more}
    return {"type": "RECORD", "stream": "candidates", "record": fields}


def attachment(identity: Any, url: str = "a.pdf", kind: str = "resume") -> dict[str, Any]:
    return {"id": identity, "created_at": "2024-05-01T10:00:00Z", "url": url, "type": kind}


def test_a_list_makes_one_resume_of_each_element(tap: Tap) -> None:
    several = [attachment(1), attachment(2), attachment(3, kind="cover_letter"), None]
    tap.well(WITH_LISTS, candidate(7, several), **LISTS)
    assert tap.held() == {("7", "1"), ("7", "2")}
    before = tap.calls("upload")
    tap.well(WITH_LISTS, candidate(7, [attachment(2), attachment(4)]), **LISTS)
    assert tap.held() == {("7", "2"), ("7", "4")}
    assert tap.calls("upload") == before + 1
    tap.well(WITH_LISTS, candidate(7, None), **LISTS)
    tap.well(WITH_LISTS, {**candidate(7, 0), "record": {"id": 7}}, **LISTS)
    assert tap.held() == {("7", "2"), ("7", "4")}
    tap.well(WITH_LISTS, candidate(7, []), **LISTS)
    assert tap.held() == set()


@pytest.mark.parametrize("how", [json.dumps, lambda several: several[0]], ids=["text", "object"])
def test_a_list_in_another_form(tap: Tap, how: Any) -> None:
    tap.well(WITH_LISTS, candidate(7, how([attachment(1)])), **LISTS)
    assert tap.held() == {("7", "1")}
    tap.well(WITH_LISTS, candidate(7, "[]"), **LISTS)
    assert tap.held() == set()


@pytest.mark.parametrize("value", [1, True, "one, two", "12", '"text"'])
def test_what_is_no_list_is_a_reject_and_deletes_nothing(tap: Tap, value: Any) -> None:
    tap.well(WITH_LISTS, candidate(7, [attachment(1)]), **LISTS)
    tap.well(WITH_LISTS, candidate(7, value), **LISTS)
    assert tap.held() == {("7", "1")}
    assert [one["code"] for one in tap.kept()] == ["invalid_record"]
    assert "'each'" in tap.kept()[0]["message"]


def test_what_a_filter_passes_over_is_no_deletion(tap: Tap) -> None:
    tap.well(WITH_LISTS, candidate(7, [attachment(1)]), **LISTS)
    tap.well(WITH_LISTS, candidate(7, [attachment(1, kind="cover_letter")]), **LISTS)
    assert tap.held() == {("7", "1")}


def test_an_element_without_an_id_leaves_all_as_it_is(tap: Tap) -> None:
    tap.well(WITH_LISTS, candidate(7, [attachment(1), attachment(2)]), **LISTS)
    tap.well(WITH_LISTS, candidate(7, [attachment(None)]), **LISTS)
    assert tap.held() == {("7", "1"), ("7", "2")}


def test_a_deletion_of_the_record_deletes_all_of_it(tap: Tap) -> None:
    tap.well(WITH_LISTS, candidate(7, [attachment(1), attachment(2)]), **LISTS)
    tap.well(WITH_LISTS, candidate(7, None, gone=True), **LISTS)
    assert tap.held() == set()
    tap.well(WITH_LISTS, candidate(8, [attachment(1)]), **LISTS)
    with_list = candidate(8, [attachment(1), attachment(2)], gone=True)
    tap.well(WITH_LISTS, with_list, ledger_path=None, **LISTS)
    assert tap.held() == set()
    done = tap.run(WITH_LISTS, candidate(9, None, gone=True), ledger_path=None, **LISTS)
    assert done.code == 3
    assert [one["code"] for one in tap.kept()] == ["deletion_unresolved"]


def test_a_reject_of_a_list_is_one_elements(tap: Tap) -> None:
    several = [attachment(1), attachment(2, "late.pdf"), attachment(3)]
    tap.well(WITH_LISTS, candidate(7, several), **LISTS)
    assert tap.held() == {("7", "1"), ("7", "3")}
    assert [(one["resume_id"], one["element"]) for one in tap.kept()] == [("2", 1)]
    tap.bench.file("late.pdf")
    settings = {**tap.settings, **LISTS, "ledger_path": None}
    before = tap.calls("upload")
    done = tap.bench.run([], "--input", str(tap.rejects), **settings)
    assert done.code == 0, done.log
    assert tap.held() == {("7", "1"), ("7", "2"), ("7", "3")}
    assert tap.calls("upload") == before + 1
    assert not tap.kept()


@pytest.mark.parametrize("second", ["missing.pdf", "a.pdf"], ids=["all rejected", "one arrives"])
def test_a_list_that_comes_back_keeps_its_deletion_until_some_of_it_arrives(
    tap: Tap, second: str
) -> None:
    alone: dict[str, Any] = {**LISTS, "ledger_path": None}
    tap.run(WITH_LISTS, candidate(7, None, gone=True), **alone)
    assert [one["code"] for one in tap.kept()] == ["deletion_unresolved"]
    several = [attachment(1, "missing.pdf"), attachment(2, second)]
    done = tap.run(WITH_LISTS, candidate(7, several), **alone)
    waits = "deletion_unresolved" in [one["code"] for one in tap.kept()]
    assert (waits, done.code) == ((True, 3) if second == "missing.pdf" else (False, 0))


def test_a_list_that_deletes_each_of_its_resumes_takes_the_place_of_its_deletion(tap: Tap) -> None:
    alone: dict[str, Any] = {**LISTS, "ledger_path": None}
    tap.run(WITH_LISTS, candidate(7, None, gone=True), **alone)
    fields = {"candidates": {**LISTS["fields"]["candidates"], "deleted": "each.type"}}
    tap.well(
        WITH_LISTS, candidate(7, [attachment(1, kind="deleted")]), ledger_path=None, fields=fields
    )
    assert not tap.kept()


def test_a_list_of_links(tap: Tap) -> None:
    fields = {
        "candidates": {
            "candidate_id": "id",
            "each": "profile.links",
            "resume_id": "{id}-{each}",
            "created_at": "at",
            "file": "each",
        }
    }
    profile = {"type": "object", "properties": {"links": {"type": "array", "items": {}}}}
    described = {**WITH_LISTS, "schema": {"properties": {"id": {}, "at": {}, "profile": profile}}}
    sent = {"id": 7, "at": 1_700_000_000, "profile": {"links": ["a.pdf", "b.pdf"]}}
    record = {"type": "RECORD", "stream": "candidates", "record": sent}
    tap.well(described, record, fields=fields)
    assert tap.held() == {("7", "7-a.pdf"), ("7", "7-b.pdf")}


# What cannot be read is asked first whether it deletes

MAPS = {"stream_maps": {"resumes": {"created_at": "x['y']", "__filter__": "int(nothing) > 1"}}}


def test_a_deletion_on_which_a_stream_map_or_a_filter_fails(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r"), row(2, "d", "r"))
    by_key = gone(id=2)
    tap.well(schema("id"), gone(id=1, candidate_id="c", resume_id="r"), by_key, **MAPS)
    assert tap.held() == set()
    assert not tap.kept()


def test_a_deletion_before_its_schema(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r"), row(2, "d", "r"))
    tap.well(gone(id=1, candidate_id="c", resume_id="r"), gone(id=2))
    assert tap.held() == set()
    assert not tap.kept()


def test_an_upsert_on_which_a_stream_map_fails_carries_its_ids(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r"), **MAPS)
    tap.well(row(2, "d", "r"))
    ids = [(one["code"], one["candidate_id"], one["resume_id"]) for one in tap.kept()]
    assert ids == [("invalid_record", "c", "r"), ("record_without_schema", "d", "r")]
    tap.well(schema("id"), gone(id=1), gone(candidate_id="d", resume_id="r"))
    assert not tap.kept()


def test_a_row_that_moves_and_on_which_a_stream_map_fails_there(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r"), row(2, "d", "r2"))
    tap.well(schema("id"), row(1, "merged", "r"), **MAPS)
    assert tap.held() == {("d", "r2")}
    # Where the map of an id fails, the id as the tap sent it is no sign of a move.
    fails = {"stream_maps": {"resumes": {"candidate_id": "int(candidate_id)"}}}
    tap.well(schema("id"), row(2, "e", "r2"), **fails)
    assert tap.held() == {("d", "r2")}


def test_a_list_that_gets_shorter_and_on_which_a_stream_map_fails(tap: Tap) -> None:
    tap.well(WITH_LISTS, candidate(7, [attachment(1), attachment(2)]), **LISTS)
    fails = {"stream_maps": {"candidates": {"more": "int('no number')"}}}
    for several, left in [(None, {"1", "2"}), ([attachment(1)], {"1"}), ([], set())]:
        tap.well(WITH_LISTS, candidate(7, several), **LISTS, **fails)
        assert tap.held() == {("7", one) for one in left}


# What deletes also drops what was rejected before, or a replay would bring it back

FAILS: dict[str, Any] = {
    "a stream map": {"stream_maps": {"resumes": {"resume_id": "int(resume_id)"}}},
    "a mapping": {"fields": {"resume_id": "{file_base64}"}},
}
WIDE = schema("id", file_base64={})


@pytest.mark.parametrize("settings", FAILS.values(), ids=FAILS)
def test_a_row_that_is_deleted_takes_what_was_rejected_without_ids(
    tap: Tap, settings: dict[str, Any]
) -> None:
    tap.well(WIDE, row(1, "c", "r"), row(2, "d", "r"), **settings)
    assert len(tap.kept()) == 2
    tap.well(WIDE, gone(id=1), **settings)
    assert [one["candidate_id"] for one in tap.kept()] == ["d"]
    done = tap.bench.run([], "--input", str(tap.rejects), **tap.settings)
    assert done.code == 0, done.log
    assert tap.held() == {("d", "r")}


@pytest.mark.parametrize("settings", FAILS.values(), ids=FAILS)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_candidate_who_is_deleted_takes_what_was_rejected_without_ids(
    tap: Tap, settings: dict[str, Any], at_once: bool
) -> None:
    mapping = {**CANDIDATES["fields"], **settings.get("fields", {})}
    settings = {**settings, "fields": mapping}
    first = [WIDE, row(1, "7", "r"), row(2, "8", "r")]
    last = [PEOPLE, person(7, deleted=True)]
    for some in [first + last] if at_once else [first, last]:
        tap.well(*some, **settings)
    assert [one["candidate_id"] for one in tap.kept()] == ["8"]


def test_what_was_rejected_without_a_ledger_goes_with_its_row_or_its_candidate(tap: Tap) -> None:
    bad = [row(number, number, "r", "missing.pdf") for number in (1, 2, 3)]
    tap.well(schema("id"), *bad, ledger_path=None)
    tap.well(schema("id"), gone(id=1), PEOPLE, person(2, deleted=True), **CANDIDATES)
    assert [one["candidate_id"] for one in tap.kept()] == ["3"]


def test_a_later_record_of_a_row_takes_the_place_of_what_was_rejected_without_ids(tap: Tap) -> None:
    tap.well(WIDE, row(1, "c", "r", "b.pdf"), **FAILS["a mapping"])
    tap.well(WIDE, row(1, "c", "r", "missing.pdf"))
    assert [one["code"] for one in tap.kept()] == ["file_missing"]
    tap.well(WIDE, row(1, "c", "r"))
    assert not tap.kept()


# Refused and failed deletions


def refuse(tap: Tap, *keys: Key, status: int = 400, endpoint: str = "batch_delete") -> None:
    rules = [
        {"endpoint": endpoint, "kind": "key_status", "status": status, "keys": [list(key)]}
        for key in keys
    ]
    tap.bench.sandbox.set_faults(*rules)


@pytest.mark.parametrize("status", [400, 403, 405, 412, 422])
def test_a_refused_deletion_is_kept_and_tried_again(tap: Tap, status: int) -> None:
    tap.well(schema("id"), row(1, "c", "r"), row(2, "d", "r"), row(3, "e", "r"))
    refuse(tap, ("c", "r"), status=status)
    done = tap.run(schema("id"), gone(id=1), gone(id=2))
    assert done.code == 3
    assert done.states
    assert tap.held() == {("c", "r"), ("e", "r")}
    assert [one["code"] for one in tap.kept()] == ["deletion_refused"]
    assert "1 deletion of 1 person is outstanding" in done.log
    assert "'c'" not in done.log.split("outstanding")[-1]
    again = tap.run(schema("id"), row(3, "e", "r"))
    assert again.code == 3
    assert [one["attempts"] for one in tap.kept()] == [2]
    tap.bench.sandbox.set_faults()
    tap.well(schema("id"), row(3, "e", "r"))
    assert tap.held() == {("e", "r")}
    assert not tap.kept()


def test_a_later_event_takes_the_place_of_a_refused_deletion(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r"))
    refuse(tap, ("c", "r"))
    assert tap.run(schema("id"), gone(id=1)).code == 3
    tap.well(schema("id"), row(1, "c", "r", "b.pdf"))
    assert not tap.kept()
    assert tap.held() == {("c", "r")}
    # A rejected one does not: what it follows has not happened yet.
    assert tap.run(schema("id"), gone(id=1)).code == 3
    assert tap.run(schema("id"), row(1, "c", "r", "missing.pdf")).code == 3
    assert sorted(one["code"] for one in tap.kept()) == ["deletion_refused", "file_missing"]
    tap.bench.sandbox.set_faults()
    tap.well(schema("id"))
    assert tap.held() == set()
    assert [one["code"] for one in tap.kept()] == ["file_missing"]


def test_a_replay_carries_a_deletion_out_before_the_record_that_came_after_it(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r"))
    refuse(tap, ("c", "r"))
    tap.run(schema("id"), gone(id=1))
    tap.run(schema("id"), row(1, "c", "r", "late.pdf"))
    tap.run(schema("id"))  # which tries the deletion again
    assert [one["code"] for one in tap.kept()] == ["deletion_refused", "file_missing"]
    tap.bench.sandbox.set_faults()
    tap.bench.file("late.pdf")
    done = tap.bench.invoke([], "--input", str(tap.rejects), **tap.settings)
    assert done.code == 0, done.stderr
    assert tap.held() == {("c", "r")}
    assert not tap.kept()


def test_a_dry_run_says_who_waits(tap: Tap) -> None:
    tap.run(schema("id"), gone(id=1), ledger_path=None)
    before = tap.rejects.read_bytes()
    done = tap.run(schema("id"), row(2, "d", "r"), dry_run=True)
    assert done.code == 3
    assert not done.states
    assert "1 deletion of 1 person is outstanding" in done.log
    assert tap.rejects.read_bytes() == before
    tap.rejects.unlink()
    dry = tap.run(schema("id"), row(2, "d", "r"), dry_run=True)
    assert dry.code == 0
    tap.rejects.mkdir()
    assert tap.run(schema("id"), dry_run=True).code == 2


def test_the_check_says_who_waits(tap: Tap) -> None:
    tap.run(schema("id"), gone(id=1), ledger_path=None)
    config = tap.bench.config(**tap.settings)
    checked = tap.bench.invoke([], "--check", **tap.settings)
    assert "1 deletion of 1 person is outstanding" in checked.stdout.decode(), config


# Rejects heal


def test_what_may_have_healed_is_tried_again(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r", "late.pdf"), row(2, "d", "r", created_at="never"))
    tap.bench.file("late.pdf")
    tap.well(schema("id"))
    assert tap.held() == set()  # not yet: it was rejected a moment ago
    lines = tap.rejects.read_text()
    at = tap.kept()[0]["at"]
    tap.rejects.write_text(lines.replace(at, "2024-01-01T00:00:00+00:00"))
    tap.well(schema("id"), retry_rejects=False)
    assert tap.held() == set()
    tap.well(schema("id"))
    assert tap.held() == {("c", "r")}
    assert [one["code"] for one in tap.kept()] == ["invalid_timestamp"]


def test_what_is_tried_again_is_not_judged_by_its_old_schema(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r"))
    refuse(tap, ("c", "r"))
    assert tap.run(schema("id"), gone(id=1)).code == 3
    tap.bench.sandbox.set_faults()
    renamed = {"fields": {"candidate_id": "person", "resume_id": "document"}}
    other: dict[str, Any] = {"properties": {name: {} for name in ("id", "person", "document")}}
    described = {**schema("id"), "schema": {"type": "object", **other}}
    tap.well(described, **renamed)
    assert tap.held() == set()
    # And the schema of this run is judged all the same.
    refuse(tap, ("d", "r"))
    assert tap.run(schema("id"), row(2, "d", "r"), gone(id=2)).code == 3
    done = tap.run(schema("id"), **renamed)
    assert done.code == 2
    assert "'person'" in done.log


def test_what_is_tried_again_has_the_schema_of_its_stream(tap: Tap) -> None:
    other = {**row(2, "d", "r", "missing.pdf"), "stream": "others"}
    rejected = [row(1, "c", "r", "missing.pdf"), other, row(3, "e", "r", "missing.pdf")]
    tap.well(schema("id"), schema("id", stream="others"), *rejected)
    tap.well(schema("id"), row(1, "c", "r"))  # the first record behind the first SCHEMA goes
    again(tap)
    tap.rejects.write_text(tap.rejects.read_text().replace("\n", "\n\n"))
    tap.bench.file("missing.pdf")
    done = tap.well(schema("id"))
    assert "2 rejected records of earlier runs are tried again" in done.log
    assert tap.held() == {("c", "r"), ("d", "r"), ("e", "r")}
    assert not tap.kept()


def test_what_is_tried_again_under_another_mapping_is_kept_once(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r", "missing.pdf"), row(2, "d", "r", "late.pdf"))
    again(tap)
    tap.bench.file("late.pdf")
    described = schema("id", person={})
    fields = {"candidate_id": ["person", "id"]}
    done = tap.well(described, fields=fields)
    assert "2 rejected records of earlier runs are tried again" in done.log
    assert tap.held() == {("2", "r")}
    assert [one["candidate_id"] for one in tap.kept()] == ["1"]
    again(tap)
    tap.well(described, fields={"candidate_id": "person"})
    assert [one["code"] for one in tap.kept()] == ["invalid_record"]


def test_what_is_outstanding_was_counted_when_it_came(tap: Tap) -> None:
    tap.well(schema("id"), row(1, "c", "r"), row(2, "d", "r"))
    refuse(tap, ("c", "r"))
    assert tap.run(schema("id"), gone(id=1), max_deletes="1").code == 3
    done = tap.run(schema("id"), gone(id=2), row(3, "e", "r"), max_deletes="1")
    assert done.code == 3
    assert tap.held() == {("c", "r"), ("e", "r")}
    tap.bench.sandbox.set_faults()
    tap.well(schema("id"), max_deletes="0")
    assert tap.held() == {("e", "r")}


@pytest.mark.parametrize("how", ["cat {0} |", "< {0}"])
def test_a_replay_does_not_read_what_it_appends(tap: Tap, how: str) -> None:
    tap.well(schema("id"), *(row(number, "c", f"r{number}", "missing.pdf") for number in range(40)))
    config = tap.bench.config(**tap.settings)
    command = f"{COMMAND} --config {config}"
    line = how.format(tap.rejects)
    line = f"{line} {command}" if line.endswith("|") else f"{command} {line}"
    done = subprocess.run(line, shell=True, timeout=60, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(tap.kept()) == 40
    assert {one["attempts"] for one in tap.kept()} == {2}
