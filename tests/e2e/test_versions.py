"""ACTIVATE_VERSION and max_deletes, against the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.support import PDF, SCHEMA, Bench, Finished, deletion, record, state

Message = dict[str, Any]


def run(bench: Bench, messages: list[Message], **settings: Any) -> Finished:
    path = str(bench.directory / "ledger.db")
    return bench.run(messages, **{"ledger_path": path, **settings})


def activate(version: int) -> Message:
    return {"type": "ACTIVATE_VERSION", "stream": "resumes", "version": version}


def of(version: int, numbers: range, bench: Bench) -> list[Message]:
    name = bench.file("a.pdf", PDF)
    return [{**record(f"c{number}", "r", name), "version": version} for number in numbers]


def deletes(bench: Bench) -> int:
    """How many resumes LinkedIn was asked to delete."""
    calls = bench.sandbox.journal()
    return sum(len(call["keys"]) for call in calls if call["endpoint"] == "batch_delete")


def test_just_those_that_have_vanished_are_deleted(bench: Bench) -> None:
    everything = [SCHEMA, *of(1, range(200), bench), activate(1), state(1)]
    assert run(bench, everything).code == 0
    assert len(bench.held()) == 200
    fewer = [SCHEMA, *of(2, range(20, 200), bench), activate(2), state(2)]
    limited = run(bench, fewer, max_deletes="10")
    assert limited.code == 1
    assert limited.states == []
    assert "ACTIVATE_VERSION would delete 20 resumes" in limited.log
    assert "max_deletes allows 10" in limited.log
    assert (len(bench.held()), deletes(bench)) == (200, 0)

    dry = run(bench, fewer, dry_run=True)
    assert dry.code == 0
    assert "20 would be deleted, 180 unchanged" in dry.log
    assert deletes(bench) == 0

    done = run(bench, fewer, max_deletes="10%")
    assert done.code == 0, done.log
    assert done.states == [{"bookmarks": {"resumes": 2}}]
    assert {key[0] for key in bench.held()} == {f"c{number}" for number in range(20, 200)}
    assert deletes(bench) == 20
    again = run(bench, [SCHEMA, *of(3, range(20, 200), bench), activate(3), state(3)])
    assert again.code == 0
    assert deletes(bench) == 20


def test_a_state_waits_for_the_deletions_before_it(bench: Bench) -> None:
    run(bench, [SCHEMA, *of(1, range(20), bench), activate(1)])
    bench.sandbox.set_faults(
        {"endpoint": "batch_delete", "kind": "status", "status": 503, "rate": 1.0}
    )
    stream = [SCHEMA, *of(2, range(5), bench), state(1), activate(2), state(2)]
    failed = run(bench, stream, retry_seconds=1)
    assert failed.code == 1
    assert failed.states == [{"bookmarks": {"resumes": 1}}]
    bench.sandbox.set_faults()
    assert run(bench, stream).states[-1] == {"bookmarks": {"resumes": 2}}
    assert len(bench.held()) == 5


def test_a_message_before_the_records_deletes_at_the_end_and_within_a_limit(bench: Bench) -> None:
    """Taps of Meltano's SDK send it first, and before each partition."""
    run(bench, [SCHEMA, activate(1), *of(1, range(20), bench), state(1)])
    half, rest = of(2, range(5), bench), of(2, range(5, 15), bench)
    stream = [SCHEMA, activate(2), *half, activate(2), *rest, state(2)]
    warned = run(bench, stream)
    assert warned.code == 0
    assert "5 resumes that none of them has named are left" in warned.log
    assert len(bench.held()) == 20
    broken_off = run(bench, stream[:-1], max_deletes="5")
    assert "the tap may have stopped early" in broken_off.log
    assert len(bench.held()) == 20
    assert run(bench, stream, max_deletes="4").code == 1
    assert len(bench.held()) == 20
    done = run(bench, stream, max_deletes="5")
    assert done.code == 0, done.log
    assert len(bench.held()) == 15
    assert (deletes(bench), done.states[-1]) == (5, {"bookmarks": {"resumes": 2}})


def test_a_run_that_goes_on_with_the_message_alone_says_what_to_do(bench: Bench) -> None:
    """As after a kill between the last STATE and ACTIVATE_VERSION."""
    run(bench, [SCHEMA, *of(1, range(4), bench), activate(1), state(1)])
    run(bench, [SCHEMA, *of(2, range(3), bench), state(2)])
    rest = [SCHEMA, activate(2), state(3)]
    done = run(bench, rest)
    assert done.code == 0, done.log
    assert "did not come after the records of version 2 in this run, and 1 resumes" in done.log
    assert "Set max_deletes" in done.log
    assert len(bench.held()) == 4
    assert run(bench, rest, max_deletes="1").code == 0
    assert {key[0] for key in bench.held()} == {"c0", "c1", "c2"}


def test_an_empty_version_deletes_all_only_when_told_to(bench: Bench) -> None:
    run(bench, [SCHEMA, *of(1, range(10), bench), activate(1), state(1)])
    empty = [SCHEMA, activate(2), state(2)]
    stopped = run(bench, empty)
    assert stopped.code == 1
    assert "would delete all 10 that LinkedIn holds of this stream" in stopped.log
    assert run(bench, empty, max_deletes="90%").code == 1
    assert (len(bench.held()), deletes(bench)) == (10, 0)
    assert run(bench, empty, max_deletes="100%").code == 0
    assert bench.held() == {}
    assert run(bench, empty).code == 0  # there is nothing left to lose


@pytest.mark.parametrize("version", [None, "v900", "", 900.5, True, 899, 901, "901", [900]])
def test_what_this_run_has_delivered_is_not_deleted(bench: Bench, version: Any) -> None:
    name = bench.file("a.pdf", PDF)
    sent = [{**record(f"c{number}", "r", name), "version": version} for number in range(5)]
    if version is None:
        del sent[0]["version"]
    for stream in ([*sent, activate(900)], [activate(900), *sent], [activate(900), *sent] * 2):
        done = run(bench, [SCHEMA, *stream, state(1)], max_deletes="100")
        assert done.code == 0, done.log
        assert "ACTIVATE_VERSION of version 900 deletes nothing" in done.log
        assert "set max_deletes" not in done.log
        assert (len(bench.held()), deletes(bench)) == (5, 0)


@pytest.mark.parametrize("form", ["{}", " {} ", "{}.0", "0{}"])
def test_versions_that_are_whole_numbers_in_another_form_are_read(bench: Bench, form: str) -> None:
    for version, numbers in ((900, range(5)), (901, range(3))):
        sent = [{**one, "version": form.format(version)} for one in of(version, numbers, bench)]
        message = {**activate(version), "version": float(version)}
        assert run(bench, [SCHEMA, *sent, message, state(version)]).code == 0
    assert {key[0] for key in bench.held()} == {"c0", "c1", "c2"}


def test_a_rejected_record_keeps_its_resume_and_one_without_ids_keeps_all(bench: Bench) -> None:
    run(bench, [SCHEMA, *of(1, range(10), bench), activate(1), state(1)])
    kept = {"on_reject": "continue", "rejects_path": str(bench.directory / "rejects.singer")}
    missing = {**record("c0", "r", "gone.pdf"), "version": 2}
    stream = [SCHEMA, missing, *of(2, range(1, 8), bench), activate(2), state(2)]
    assert run(bench, stream, **kept).code == 0
    assert {key[0] for key in bench.held()} == {f"c{number}" for number in range(8)}
    nameless: Message = {"type": "RECORD", "stream": "resumes", "record": {"file": "a.pdf"}}
    stream = [SCHEMA, {**nameless, "version": 3}, *of(3, range(2), bench), activate(3), state(3)]
    done = run(bench, stream, **kept)
    assert done.code == 0
    assert "ACTIVATE_VERSION deletes nothing" in done.log
    assert len(bench.held()) == 8
    assert '"version": 3' in (bench.directory / "rejects.singer").read_text().replace(":3", ": 3")


FILTERS: list[dict[str, Any]] = [
    {"only": {"type": "resume"}},
    {"stream_maps": {"resumes": {"__filter__": "type == 'resume'"}}},
]
TYPED = {
    **SCHEMA,
    "schema": {"properties": {name: {} for name in ("candidate_id", "resume_id", "file", "type")}},
}


def typed(version: int, kinds: dict[int, str], bench: Bench) -> list[Message]:
    name = bench.file("a.pdf", PDF)
    return [
        {**record(f"c{number}", "r", name, type=kind), "version": version}
        for number, kind in kinds.items()
    ]


@pytest.mark.parametrize("filters", FILTERS, ids=["only", "stream map"])
def test_a_filter_deletes_nothing(bench: Bench, filters: dict[str, Any]) -> None:
    first = typed(1, dict.fromkeys(range(4), "resume"), bench)
    assert run(bench, [TYPED, *first, activate(1), state(1)], **filters).code == 0
    second = typed(2, {0: "letter", 1: "resume", 2: "letter"}, bench)
    done = run(bench, [TYPED, *second, activate(2), state(2)], **filters)
    assert done.code == 0, done.log
    assert {key[0] for key in bench.held()} == {"c0", "c1", "c2"}
    assert deletes(bench) == 1


def test_what_a_filter_passes_over_while_it_is_in_flight_stays_in_the_next_run(
    bench: Bench,
) -> None:
    first = typed(1, {0: "resume", 1: "resume"}, bench)
    again = typed(2, {0: "letter"}, bench)
    assert run(bench, [TYPED, *first, *again, state(1)], **FILTERS[0]).code == 0
    second = typed(2, {2: "resume"}, bench)
    done = run(bench, [TYPED, *second, activate(2), state(2)], **FILTERS[0])
    assert done.code == 0, done.log
    assert {key[0] for key in bench.held()} == {"c0", "c2"}


def test_filtered_records_whose_ids_cannot_be_read_keep_all(bench: Bench) -> None:
    first = typed(1, dict.fromkeys(range(4), "resume"), bench)
    assert run(bench, [TYPED, *first, activate(1), state(1)]).code == 0
    letters = typed(2, {0: "letter"}, bench)
    nameless = [{**letters[0], "record": {"type": "letter"}}]
    failing = {"__filter__": "type == 'resume'", "resume_id": "1 / 0"}
    for filters, records in (
        (FILTERS[0], nameless),
        (FILTERS[1], nameless),
        ({"stream_maps": {"resumes": failing}}, letters),
        ({"stream_maps": {"resumes": None}}, letters),
    ):
        done = run(bench, [TYPED, *records, activate(2), state(2)], **filters, max_deletes="100%")
        assert done.code == 0, done.log
        assert "ACTIVATE_VERSION deletes nothing" in done.log
        assert (len(bench.held()), deletes(bench)) == (4, 0)


def test_ids_that_a_stream_map_makes_are_read_as_it_makes_them(bench: Bench) -> None:
    mapped = {"resumes": {"resume_id": "resume_id + '-' + type", "__filter__": "created_at > '2'"}}
    first = typed(1, {0: "cv", 1: "cv"}, bench)
    run(bench, [TYPED, *first, activate(1), state(1)], stream_maps=mapped)
    assert set(bench.held()) == {("c0", "r-cv"), ("c1", "r-cv")}
    second = typed(2, {0: "cv", 1: "cv"}, bench)
    second[0]["record"]["created_at"] = "1999-01-01"
    done = run(bench, [TYPED, *second, activate(2), state(2)], stream_maps=mapped)
    assert done.code == 0, done.log
    assert set(bench.held()) == {("c0", "r-cv"), ("c1", "r-cv")}


def test_what_another_stream_names_too_is_left(bench: Bench) -> None:
    def other(message: Message) -> Message:
        return {**message, "stream": "other"}

    shared, own = of(1, range(2), bench)
    run(bench, [SCHEMA, record("c0", "r", "a.pdf"), state(1)])
    run(bench, [other(SCHEMA), other(shared), other(own), other(activate(1)), state(2)])
    last = {**record("c2", "r", "a.pdf"), "version": 2}
    stream = [other(SCHEMA), other(last), other(activate(2)), state(3)]
    for _ in range(2):
        done = run(bench, stream)
        assert done.code == 0, done.log
        assert "no longer names 1 resumes that another stream has named too" in done.log
        assert {key[0] for key in bench.held()} == {"c0", "c2"}
    assert run(bench, [SCHEMA, deletion("c0", "r"), state(4)]).code == 0
    assert {key[0] for key in bench.held()} == {"c2"}


@pytest.mark.parametrize("setting", [{}, {"process_activate_version_messages": False}])
def test_it_is_ignored_without_a_ledger_or_where_that_is_said(
    bench: Bench, setting: dict[str, Any]
) -> None:
    run(bench, [SCHEMA, *of(1, range(3), bench), activate(1), state(1)])
    path = {} if setting else {"ledger_path": None}
    done = run(bench, [SCHEMA, *of(2, range(1), bench), activate(2), state(2)], **setting, **path)
    assert done.code == 0
    assert ("ACTIVATE_VERSION is ignored without the setting ledger_path" in done.log) != bool(
        setting
    )
    assert len(bench.held()) == 3


@pytest.mark.parametrize("version", [{}, {"version": None}, {"version": "v2"}, {"version": 2.5}])
def test_it_is_ignored_with_a_version_that_is_none(bench: Bench, version: dict[str, Any]) -> None:
    run(bench, [SCHEMA, *of(1, range(3), bench), activate(1), state(1)])
    message = {"type": "ACTIVATE_VERSION", "stream": "resumes", **version}
    done = run(bench, [SCHEMA, message, state(2)], max_deletes="100%")
    assert done.code == 0, done.log
    assert "ACTIVATE_VERSION is ignored: its version is no whole number" in done.log
    assert len(bench.held()) == 3


def test_deletion_markers_are_limited_too(bench: Bench) -> None:
    stream = [SCHEMA, *(deletion(f"c{number}", "r") for number in range(5))]
    with_states = [message for n, one in enumerate(stream) for message in (one, state(n))]
    stopped = run(bench, with_states, max_deletes=3, ledger_path=None)
    assert stopped.code == 1
    assert stopped.states[-1] == {"bookmarks": {"resumes": 3}}
    assert "the 3 that the setting max_deletes allows" in stopped.log
    assert deletes(bench) == 3


def test_a_share_counts_what_the_ledger_held(bench: Bench) -> None:
    """A first run of a log: what was never sent, or only in this run, is no share of anything."""
    name = bench.file("a.pdf")
    log = [record("c0", "r", name), deletion("c0", "r"), deletion("never", "sent")]
    first = run(bench, [SCHEMA, *log, *of(1, range(1, 6), bench), state(1)], max_deletes="20%")
    assert first.code == 0, first.log
    assert len(bench.held()) == 5
    gone = [deletion(f"c{number}", "r") for number in range(1, 3)]
    stopped = run(bench, [SCHEMA, deletion("other", "r"), *gone, state(2)], max_deletes="20%")
    assert stopped.code == 1
    assert "max_deletes allows, 20% of the 5 resumes that the ledger held" in stopped.log
    assert len(bench.held()) == 4
