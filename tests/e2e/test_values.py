"""No value that a tap sends ends a run, and no mistake in a setting ends it with a traceback."""

from __future__ import annotations

from typing import Any

import pytest

from target_linkedin_resumes.records import DELETED, FIELDS
from tests.e2e.support import SCHEMA, Bench, line, record, state

NUMBERS = (
    *("1e9999999999999999999", "-1e9999999999999999999", "-1e999999", "-1e900000", "1e-999999"),
    *("9" * 5000, "9" * 200_000, '"' + "9" * 200_000 + '"', "1." + "0" * 200_000),
    *(
        '"\\ud800"',
        '"text/plain;charset=\\ud800"',
        "[" * 300 + "]" * 300,
        '{"a":' * 300 + "1" + "}" * 300,
    ),
)
SETTINGS: list[dict[str, Any]] = [
    {},
    {"fields": {"filename": "{other}.pdf", "checksum": ["other", "resume_id"]}},
    {"stream_maps": {"resumes": {"content_type": "'application/pdf'"}}},
    {"flattening_enabled": True, "flattening_max_depth": 3},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=["plain", "template", "maps", "flat"])
def test_no_value_ends_a_run(bench: Bench, settings: dict[str, Any]) -> None:
    good = record("good", "r", bench.file("a.pdf"))
    lines = [
        # A key of its own for each: of several changes of one key, only the last would go out.
        line(
            {**good, "record": {**good["record"], "candidate_id": f"c{n}-{field}", field: "@"}}
        ).replace(b'"@"', number.encode())
        for field in (*FIELDS, DELETED, "other")
        for n, number in enumerate(NUMBERS)
    ]
    rejects = bench.directory / "rejects.singer"
    kept = {"on_reject": "continue", "rejects_path": str(rejects), "ledger_path": None}
    schema = {**SCHEMA, "schema": {}}
    done = bench.run([schema, *lines, good, state(1)], **kept, **settings)
    assert done.code == 0, done.log
    assert ("good", "r") in bench.held()
    assert done.states == [state(1)["value"]]
    count = rejects.read_text().count('"RECORD"')
    replayed = bench.run([], "--input", str(rejects), **kept, **settings)
    assert replayed.code == 0, replayed.log
    assert rejects.read_text().count('"RECORD"') == count > 10


def test_half_a_surrogate_pair_in_the_name_of_a_stream_ends_no_run(bench: Bench) -> None:
    name, stream = bench.file("a.pdf"), {"stream": "s\ud800", "version": 1}
    messages = [
        *({**SCHEMA, **stream}, {**record("c", "r", name), **stream}),
        *({**record("", "", name), **stream}, {"type": "ACTIVATE_VERSION", **stream}, state(1)),
    ]
    paths = {one: str(bench.directory / one) for one in ("ledger_path", "rejects_path")}
    for _ in range(2):
        done = bench.run(messages, on_reject="continue", **paths)
        assert done.code == 0, done.log
    assert set(bench.held()) == {("c", "r")}


@pytest.mark.parametrize(
    "reject", [[], "x", {"code": []}, {"code": {}}, {"code": None, "attempts": []}, {"at": {}}]
)
def test_what_stands_beside_a_record_ends_no_run(bench: Bench, reject: object) -> None:
    messages = [SCHEMA, {**record("c", "r", bench.file("a.pdf")), "reject": reject}, state(1)]
    done = bench.run(messages)
    assert done.code == 0, done.log
    assert set(bench.held()) == {("c", "r")}


def test_a_state_without_a_value_is_none(bench: Bench) -> None:
    name = bench.file("a.pdf")
    nothing = {"type": "STATE", "value": None}
    messages = [nothing, SCHEMA, record("c", "1", name), state(1), record("c", "2", name), nothing]
    done = bench.run(messages)
    assert done.code == 0, done.log
    assert done.states == [state(1)["value"]]


DEEP: dict[str, Any] = {}
for _ in range(300):
    DEEP = {"type": "object", "properties": {"a": DEEP}}


@pytest.mark.parametrize(
    "schema",
    [None, {}, [], {"$ref": "#/definitions/x"}, {"type": "object"}, {"properties": None}, DEEP],
    ids=["null", "empty", "list", "reference", "no properties", "null properties", "deep"],
)
@pytest.mark.parametrize("settings", [{}, *SETTINGS[2:], {"stream_maps": {"other": None}}])
def test_a_schema_that_says_nothing_is_not_judged(
    bench: Bench, schema: Any, settings: dict[str, Any]
) -> None:
    name = bench.file("a.pdf")
    if schema is DEEP:
        schema = {"properties": {**SCHEMA["schema"]["properties"], "deep": DEEP}}
    said = {**SCHEMA, "schema": schema}
    other = {**said, "stream": "other"}
    messages = [said, record("c", "r", name), state(1)]
    if "other" in settings.get("stream_maps", {}):
        messages = [SCHEMA, other, {**record("c", "r", name), "stream": "other"}, *messages[1:]]
    done = bench.run(messages, **settings)
    assert done.code == 0, done.log
    assert set(bench.held()) == {("c", "r")}


@pytest.mark.parametrize("fields", [{}, {"filename": "file", "checksum": "created_at"}])
def test_a_later_schema_may_list_some_properties_alone(
    bench: Bench, fields: dict[str, str]
) -> None:
    name = bench.file("a.pdf")
    later = {**SCHEMA, "schema": {"properties": {"candidate_id": {}}}}
    messages = [SCHEMA, record("c", "1", name), later, record("c", "2", name), state(2)]
    done = bench.run(messages, fields=fields)
    assert done.code == 0, done.log
    assert len(bench.held()) == 2


@pytest.mark.parametrize(
    "maps",
    [
        *({"resumes": {"x": 5}}, {"resumes": {"x": ["a"]}}, {"resumes": {"__filter__": 5}}),
        *({"resumes": {"__alias__": 5}}, {"a": {"__source__": 5}}, {"resumes": {"x": "a +"}}),
    ],
)
def test_a_stream_map_that_cannot_be_used_is_a_mistake_of_the_setting(
    bench: Bench, maps: dict[str, Any]
) -> None:
    done = bench.run([SCHEMA, record("c", "r", bench.file("a.pdf"))], stream_maps=maps)
    assert done.code == 2
    assert "setting 'stream_maps" in done.log
    assert "expected" in done.log


def test_empty_variables_of_the_environment_are_not_set(bench: Bench) -> None:
    config = {"client_id": "sandbox", "client_secret": "sandbox-secret", "contract": "123456"}
    config |= {"organization": "1234567890", "api_url": bench.sandbox.url}
    config |= {"token_url": f"{bench.sandbox.url}/oauth/v2/accessToken"}
    empty = ("stream_maps", "flattening_max_depth", "audit_path", "fields", "max_rejects")
    variables = {**config, **dict.fromkeys(empty, ""), "file_root": str(bench.files)}
    bench.environment = {
        f"TARGET_LINKEDIN_RESUMES_{name.upper()}": value for name, value in variables.items()
    }
    messages = [SCHEMA, record("c", "r", bench.file("a.pdf")), state(1)]
    done = bench.run(messages, "--config", "ENV")
    assert done.code == 0, done.log
    assert len(bench.held()) == 1


def test_a_line_without_an_end_stops_the_run_with_its_number(bench: Bench) -> None:
    good = record("c", "r", bench.file("a.pdf"))
    done = bench.run([SCHEMA, good, state(1), b" " * 3_000_000], max_line_bytes=2_000_000)
    assert done.code == 1
    assert "line 4 of the input: longer than the 2000000 bytes" in done.log
    assert done.states == [state(1)["value"]]
