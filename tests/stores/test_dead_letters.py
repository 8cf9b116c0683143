"""The rejects file: what it holds, when it is durable, what a replay leaves."""

from __future__ import annotations

import json
import resource
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.engine.types import Rejected
from target_linkedin_resumes.errors import Misconfigured, Reject, Stop
from target_linkedin_resumes.records import Provenance, ResumeKey, Row
from target_linkedin_resumes.stores.dead_letters import REPLAY, DeadLetters, check_dead_letters
from target_linkedin_resumes.stores.reject_lines import FIRST_RETRY, outstanding_in

SCHEMA = {"type": "SCHEMA", "stream": "s", "schema": {"properties": {"id": {}}}}


def rejects(path: Path, **options: Any) -> DeadLetters:
    file = DeadLetters(path, encode=json.dumps, now=lambda: "2026-01-02T03:04:05+00:00", **options)
    file.schema(SCHEMA)
    return file


def rejected(name: str, position: int = 0, **more: Any) -> Rejected:
    reject = Reject("file_missing", "field 'file': no such file")
    return Rejected(
        Provenance("s", {"id": name}), reject, position, key=ResumeKey("c", name), **more
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def names(path: Path) -> list[str]:
    return [line["record"]["id"] for line in lines(path) if line["type"] == "RECORD"]


def test_a_singer_stream_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "rejects.singer"
    file = rejects(path)
    file.rejected(rejected("a"))
    file.rejected(rejected("b", attempts=3))
    file.close(complete=True)
    schema, first, second = lines(path)
    assert schema == SCHEMA
    assert first == {
        "type": "RECORD",
        "stream": "s",
        "record": {"id": "a"},
        "reject": {
            "code": "file_missing",
            "message": "field 'file': no such file",
            "at": "2026-01-02T03:04:05+00:00",
            "attempts": 1,
            "candidate_id": "c",
            "resume_id": "a",
        },
    }
    assert second["reject"]["attempts"] == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_changed_schema_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a"))
    file.schema({**SCHEMA, "key_properties": ["id"]})
    file.rejected(rejected("b"))
    file.close(complete=True)
    assert [line["type"] for line in lines(path)] == ["SCHEMA", "RECORD", "SCHEMA", "RECORD"]


def test_a_record_without_schema_is_replayable_too(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = DeadLetters(path, encode=json.dumps, now=lambda: "")
    file.rejected(Rejected(Provenance("other", {"id": 1}), Reject("record_without_schema", ""), 0))
    file.close(complete=True)
    assert lines(path)[0] == {"type": "SCHEMA", "stream": "other", "schema": {"properties": {}}}


def test_no_rejects_leave_no_file(tmp_path: Path) -> None:
    path = tmp_path / "r"
    rejects(path).close(complete=True)
    assert list(tmp_path.iterdir()) == []


def test_a_later_run_appends(tmp_path: Path) -> None:
    path = tmp_path / "r"
    for name in "ab":
        file = rejects(path)
        file.rejected(rejected(name))
        file.close(complete=True)
    assert names(path) == ["a", "b"]


def test_a_lax_mode_is_corrected(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.touch(mode=0o644)
    file = rejects(path)
    file.rejected(rejected("a"))
    file.close(complete=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_torn_line_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a"))
    file.close(complete=True)
    with path.open("a") as torn:
        torn.write('{"type": "RECORD", "stream": "s", "rec')
    file = rejects(path)
    file.rejected(rejected("b"))
    file.close(complete=True)
    assert names(path) == ["a", "b"]


def test_more_than_the_most_stop_the_run(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path, most=2)
    file.rejected(rejected("a"))
    file.rejected(rejected("b"))
    with pytest.raises(Stop, match="max_rejects"):
        file.rejected(rejected("c"))
    file.close(complete=False)
    assert names(path) == ["a", "b"]


def test_a_reject_that_a_later_change_has_overtaken_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a", position=5))
    file.rejected(rejected("b", position=6))
    file.settled([(ResumeKey("c", "a"), 9)])
    file.settled([(ResumeKey("c", "b"), 3)])  # an earlier change, delivered later
    file.close(complete=True)
    assert names(path) == ["b"]


def test_a_reject_of_an_earlier_run_is_overtaken_too(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a", position=50))
    file.close(complete=True)
    file = rejects(path)
    file.settled([(ResumeKey("c", "a"), 0)])
    file.close(complete=True)
    assert not path.exists()


def test_a_reject_after_the_settled_change_stays(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a", position=1))
    file.settled([(ResumeKey("c", "a"), 2)])
    file.rejected(rejected("a", position=3, attempts=2))
    file.close(complete=True)
    [kept] = [line for line in lines(path) if line["type"] == "RECORD"]
    assert kept["reject"]["attempts"] == 2


def test_of_one_key_the_last_record_is_the_one_that_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a", position=2, attempts=2))
    file.rejected(rejected("a", position=1))  # its worker was slower
    file.rejected(rejected("a", position=3, attempts=3))
    file.close(complete=True)
    kept = [line["reject"]["attempts"] for line in lines(path) if line["type"] == "RECORD"]
    assert kept == [3]


def test_a_complete_replay_leaves_what_was_rejected_again(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    for position, name in enumerate("abc"):
        file.rejected(rejected(name, position))
    file.close(complete=True)
    replay = rejects(path, replaying=True)
    replay.rejected(rejected("b", attempts=2))
    assert names(path) == ["a", "b", "c"]  # nothing is lost before the end
    replay.close(complete=True)
    assert names(path) == ["b"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    replay = rejects(path, replaying=True)
    replay.close(complete=True)
    assert list(tmp_path.iterdir()) == []


def test_a_replay_that_stops_leaves_everything(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a"))
    file.close(complete=True)
    replay = rejects(path, replaying=True)
    replay.rejected(rejected("a", attempts=2))
    replay.close(complete=False)
    assert names(path) == ["a"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["r"]


def test_two_runs_do_not_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    with pytest.raises(Misconfigured, match="in use by another run"):
        rejects(path)
    file.close(complete=True)


def test_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="rejects_path"):
        rejects(tmp_path / "missing" / "r")


@pytest.mark.parametrize(
    "content",
    [
        *(b"id,name\n1,x\n", b'{"id": 1}\n', b"[1]\n", b'{\n "a": 1\n}\n'),
        # What a tap has printed.
        b'{"type": "SCHEMA", "stream": "s"}\n{"type": "RECORD", "stream": "s", "record": {}}\n',
        b'{"type": "STATE", "value": {}}\n',
    ],
)
def test_a_file_that_holds_something_else_is_refused_and_left(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "r"
    path.write_bytes(content)
    path.chmod(0o644)
    beside = path.with_name(f"r{REPLAY}")
    beside.touch()
    for act in (check_dead_letters, rejects):
        with pytest.raises(Misconfigured, match="'r' holds something else"):
            act(path)
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert beside.exists()


def test_a_file_that_somebody_has_edited_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "r"
    edited = (
        b'\n{"stream": "s", "type": "RECORD", "record": {}}\n'
        b'{"stream": "s", "type": "RECORD", "record": {}, "reject": {}}\n'
    )
    path.write_bytes(edited)
    check_dead_letters(path)
    rejects(path).close(complete=True)
    assert path.read_bytes() == edited


def test_a_path_that_is_no_regular_file() -> None:
    with pytest.raises(Misconfigured, match="regular file"):
        rejects(Path("/dev/full"))


def test_a_disk_without_room_stops_the_run_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, before[1]))
    try:
        with pytest.raises(Stop, match="rejects_path"):
            file.rejected(rejected("b"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    file.close(complete=False)
    file = rejects(path)
    file.close(complete=False)
    assert names(path) == ["a"]


def test_what_a_later_change_overtook_is_gone_before_the_state_that_covers_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a", position=1))
    file.rejected(rejected("b", position=2))
    file.settled([(ResumeKey("c", "a"), 3)])
    file.sync()  # a kill after this leaves nothing of it
    assert names(path) == ["b"]
    file.settled([(ResumeKey("c", "b"), 4)])
    file.sync()
    assert path.read_bytes() == b""
    file.rejected(rejected("d", position=5))
    file.close(complete=True)
    assert [line["type"] for line in lines(path)] == ["SCHEMA", "RECORD"]


def test_a_killed_replay_leaves_nothing_that_the_next_run_does_not_remove(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a"))
    file.close(complete=True)
    (tmp_path / f"r{REPLAY}").write_bytes(path.read_bytes())
    rejects(path).close(complete=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["r"]


def test_a_run_that_keeps_no_rejects_drops_those_it_overtakes(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a"))
    file.rejected(rejected("b"))
    file.close(complete=True)
    file = rejects(path, keeping=False)
    file.rejected(rejected("d"))
    file.settled([(ResumeKey("c", "a"), 0)])
    file.close(complete=False)
    assert names(path) == ["b"]
    assert file.count == 0


def test_rejects_older_than_they_may_be_are_dropped_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "r"
    for name, at in (("a", "2026-01-01"), ("b", "2026-01-03"), ("a", "2026-01-05")):
        file = DeadLetters(path, encode=json.dumps, now=lambda at=at: f"{at}T00:00:00+00:00")  # type: ignore[misc]
        file.schema(SCHEMA)
        file.rejected(rejected(name))
        file.close(complete=True)
    file = rejects(path, oldest="2026-01-03T00:00:00+00:00")
    assert file.expired == 0  # the first one was rejected again since
    file.close(complete=True)
    assert names(path) == ["b", "a"]
    file = rejects(path, oldest="2026-01-04T00:00:00+00:00")
    assert file.expired == 1
    file.close(complete=True)
    assert names(path) == ["a"]
    file = rejects(path, oldest="2027")
    assert file.expired == 1
    file.close(complete=True)
    assert list(tmp_path.iterdir()) == []


def test_what_says_no_time_does_not_expire(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_text('{"type": "RECORD", "stream": "s", "record": {"id": "a"}, "reject": {}}\n')
    file = rejects(path, oldest="2027")
    file.close(complete=True)
    assert names(path) == ["a"]


# Deletions, and what is tried again

REFUSED = Reject("deletion_refused", "LinkedIn does not take it")
UNRESOLVED = Reject("deletion_unresolved", "its ids cannot be read")
ROW = Row('["s", "1"]', "s", ("id",))
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()  # when `rejects` rejects


def deletion(name: str, position: int = 0, **more: Any) -> Rejected:
    return Rejected(
        Provenance("s", {"id": name}), REFUSED, position, key=ResumeKey("c", name), **more
    )


def due(file: DeadLetters, now: float = NOW) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.due(now, lambda: 1)]


def due_names(file: DeadLetters, now: float = NOW) -> list[str]:
    return [line["record"]["id"] for line in due(file, now) if line["type"] == "RECORD"]


def test_deletions_are_tried_again_first_and_each_after_its_schema(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a", 1))
    file.rejected(deletion("b", 2))
    other = {**SCHEMA, "stream": "t"}
    file.schema(other)
    file.rejected(replace(deletion("d", 3), provenance=Provenance("t", {"id": "d"})))
    file.close()
    file = rejects(path)
    again = due(file, NOW + FIRST_RETRY)
    assert [line["record"]["id"] for line in again if line["type"] == "RECORD"] == ["b", "d", "a"]
    assert [line["stream"] for line in again] == ["s", "s", "t", "t", "s", "s"]
    file.close()


@pytest.mark.parametrize(
    ("attempts", "wait"),
    [(1, 15 * 60), (2, 30 * 60), (3, 3600), (10, 15 * 60 * 2**9), (11, 604_800), (1000, 604_800)],
)
def test_a_file_is_tried_again_after_twice_as_long_each_time(
    tmp_path: Path, attempts: int, wait: int
) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a", attempts=attempts))
    file.close()
    file = rejects(path)
    assert due_names(file, NOW + wait - 1) == []
    assert due_names(file, NOW + wait) == ["a"]
    file.close()


@pytest.mark.parametrize(
    ("code", "status", "heals"),
    [
        *(("linkedin_refused", 404, True), ("linkedin_refused", 400, False)),
        *(("linkedin_refused", None, False), ("source_unreachable", None, True)),
        *(("source_denied", None, True), ("source_link_expired", None, False)),
        *(("file_missing", None, True), ("file_unreadable", None, True)),
        *(("file_empty", None, False), ("invalid_record", None, False)),
        *(("deletion_refused", 403, True), ("deletion_unresolved", None, True)),
    ],
)
def test_what_may_have_healed_is_tried_again(
    tmp_path: Path, code: str, status: int | None, heals: bool
) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    reject = Reject(code, "it failed", status=status)
    file.rejected(Rejected(Provenance("s", {"id": "a"}), reject, 0, key=ResumeKey("c", "a")))
    file.close()
    file = rejects(path)
    assert due_names(file, NOW + 365 * 86400) == (["a"] if heals else [])
    file.close()


def test_what_is_rejected_meanwhile_is_not_tried_again_at_once(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(deletion("a"))
    file.rejected(deletion("b"))
    file.close()
    file = rejects(path)
    seen = []
    for number, line in enumerate(file.due(NOW, lambda: 0)):
        seen.append(json.loads(line))
        file.rejected(deletion(f"new {number}", number))
    assert [one["record"]["id"] for one in seen if one["type"] == "RECORD"] == ["a", "b"]
    file.close()


def test_no_deletion_expires(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a"))
    file.rejected(deletion("b"))
    file.rejected(Rejected(Provenance("s", {"id": "d"}, row=ROW), UNRESOLVED, 0))
    file.close()
    file = rejects(path, oldest="2027")
    assert (file.expired, file.outstanding) == (1, (2, 2))
    file.close()
    assert names(path) == ["b", "d"]


def test_the_most_counts_what_a_run_adds(tmp_path: Path) -> None:
    path = tmp_path / "r"
    for name in "abc":
        file = rejects(path, most=1)
        file.rejected(rejected(name))
        file.rejected(rejected("a", position=5))  # of an earlier run, rejected again
        file.close()
    assert names(path) == ["b", "c", "a"]
    file = rejects(path, most=1)
    file.rejected(deletion("d", 1))
    with pytest.raises(Stop, match="max_rejects"):
        file.rejected(deletion("e", 2))
    file.close(complete=False)
    assert names(path) == ["d", "b", "c", "a"]


def test_persons_are_counted_once(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(deletion("a", 1))
    file.rejected(deletion("b", 2))
    file.rejected(Rejected(Provenance("s", {"id": "x"}), UNRESOLVED, 3))
    assert file.outstanding == outstanding_in(path) == (3, 2)
    file.settled([(ResumeKey("c", "a"), 4)])
    assert file.outstanding == (2, 2)
    file.close()
    assert outstanding_in(path) == (2, 2)


def test_a_deletion_outlives_an_upsert_that_is_rejected_and_not_one_that_arrives(
    tmp_path: Path,
) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a", 1))
    file.rejected(deletion("a", 2))  # takes the place of the upsert before it
    assert names(path) == ["a", "a"]
    file.rejected(rejected("a", 3))
    file.close()
    codes = [line["reject"]["code"] for line in lines(path) if line["type"] == "RECORD"]
    assert codes == ["deletion_refused", "file_missing"]
    file = rejects(path)
    file.settled([(ResumeKey("c", "a"), 0)])
    file.close()
    assert not path.exists()


def test_a_deletion_that_is_carried_out_later_leaves_the_upsert_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(deletion("a", 1))
    file.rejected(rejected("a", 2))
    file.close()
    file = rejects(path)
    assert due_names(file) == ["a"]
    file.settled([(ResumeKey("c", "a"), 0)])  # what comes after it begins at 1
    file.close()
    [kept] = [line["reject"] for line in lines(path) if line["type"] == "RECORD"]
    assert kept["code"] == "file_missing"


def test_deletions_stand_before_what_came_after_them_also_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(rejected("a", 2))
    file.rejected(deletion("a", 1))  # LinkedIn's answer took longer
    file.sync()
    killed = path.read_bytes()
    file.close()
    whole = path.read_bytes()
    path.write_bytes(killed)
    rejects(path).close()
    assert path.read_bytes() == whole
    codes = [line["reject"]["code"] for line in lines(path) if line["type"] == "RECORD"]
    assert codes == ["deletion_refused", "file_missing"]
    assert [line["type"] for line in lines(path)] == ["SCHEMA", "RECORD", "RECORD"]


def test_a_later_record_of_a_row_takes_the_place_of_its_deletion_once_it_arrives(
    tmp_path: Path,
) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(Rejected(Provenance("s", {"id": "1"}, row=ROW), UNRESOLVED, 3))
    key = ResumeKey("c", "a")
    for position in (1, 5, 7):
        file.succeeds(ROW, position)
    file.rejected(rejected("a", 5))
    file.settled([(key, 1), (key, 6)])  # before the deletion, and what is not of the row
    assert file.outstanding == (1, 1)
    file.settled([(key, 7)])
    assert file.outstanding == (0, 0)
    file.close()
    assert not path.exists()


def test_what_names_a_resume_is_not_of_its_candidate_alone(tmp_path: Path) -> None:
    file = rejects(tmp_path / "r")
    file.rejected(rejected("a", 1, candidate_id="c"))
    file.drop_unnamed("c")
    assert file.of_candidate("c") == {ResumeKey("c", "a")}
    file.close()


def test_a_later_record_of_a_row_overtakes_its_deletion(tmp_path: Path) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(Rejected(Provenance("s", {"id": "1"}, row=ROW), UNRESOLVED, 0))
    file.close()
    file = rejects(path)
    assert file.keeps(ROW, named=False)
    assert not file.keeps(ROW._replace(text='["s", "2"]'), named=False)
    file.overtaken(ROW, deletions=False, named=False)
    assert file.outstanding == (1, 1)
    for _ in range(2):
        file.overtaken(ROW, deletions=True, named=False)
        assert file.outstanding == (0, 0)
    file.close()
    assert not path.exists()


@pytest.mark.parametrize("again", [True, False])
def test_a_deletion_without_ids_leaves_once_it_was_tried_again(tmp_path: Path, again: bool) -> None:
    path = tmp_path / "r"
    file = rejects(path)
    file.rejected(Rejected(Provenance("s", {"id": "1"}, row=ROW), UNRESOLVED, 0))
    file.rejected(deletion("a", 1))
    file.close()
    file = rejects(path)
    assert due_names(file) == ["1", "a"]
    if again:
        file.rejected(Rejected(Provenance("s", {"id": "1"}, row=ROW), UNRESOLVED, 0, attempts=2))
    file.tried_again()
    file.close()
    assert names(path) == (["a", "1"] if again else ["a"])
