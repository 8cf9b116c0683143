from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.linkedin.answers import BatchAnswer, KeyResult, read_batch
from target_linkedin_resumes.records import ResumeKey

from .fakes import ORGANIZATION
from .test_restli import as_server_writes_key, fields_of

KEY = ResumeKey("c 1", "r&1")
OTHER = ResumeKey("c2", "r2")
FIELDS = fields_of(KEY)
ENCODED = as_server_writes_key(FIELDS)
DONE = {"status": 204}


def read(body: object, *keys: ResumeKey) -> BatchAnswer:
    return read_batch(json.dumps(body).encode(), ORGANIZATION, keys or (KEY, OTHER))


def in_2_0(fields: dict[str, str]) -> str:
    return "(" + ",".join(f"{name}:{quote(value, safe='')}" for name, value in fields.items()) + ")"


def in_java(fields: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}={value}" for name, value in fields.items()) + "}"


@pytest.mark.parametrize(
    ("body", "status", "delivered"),
    [
        ({"results": {ENCODED: {"status": 204}}, "errors": {}}, 204, True),
        ({"results": {ENCODED: {"status": 200}}, "errors": None}, 200, True),
        ({"results": {ENCODED: {"status": "204"}}}, 204, True),
        ({"results": {ENCODED: {"status": 299}}}, 299, True),
        ({"results": {ENCODED: {}}}, None, False),
        ({"results": {ENCODED: None}}, None, False),
        ({"results": {ENCODED: 204}}, None, False),
        ({"results": {ENCODED: {"status": True}}}, None, False),
        ({"results": {ENCODED: {"status": 204.0}}}, None, False),
        ({"results": {ENCODED: {"status": 10**30}}}, None, False),
        ({"results": {ENCODED: {"status": -204}}}, None, False),
        ({"results": {ENCODED: {"status": "\uff12\uff10\uff14"}}}, None, False),
        ({"results": {ENCODED: {"status": [204]}}}, None, False),
        ({"results": {ENCODED: {"status": 404}}}, 404, False),
        ({"errors": {ENCODED: {"status": 204}}}, 204, False),
        ({"errors": {ENCODED: {"status": 500}}}, 500, False),
        ({"errors": {ENCODED: {}}}, None, False),
        ({"errors": {ENCODED: "broken"}}, None, False),
    ],
)
def test_reads_what_became_of_a_key(body: object, status: int | None, delivered: bool) -> None:
    result = read(body).of_keys[KEY]
    assert (result.status, result.delivered) == (status, delivered)


@pytest.mark.parametrize(
    "text",
    [
        ENCODED,
        ENCODED.replace("+", "%20"),
        "&".join(reversed(ENCODED.split("&"))),
        ENCODED + "&dataRegion=EU",
        ENCODED + "&broken=%FF",
        "%24params.x=1&" + ENCODED,
        ENCODED.replace("tcrmResumeId", "tcrmresumeid"),
        in_2_0(FIELDS),
        in_2_0(FIELDS | {"dataRegion": "''"}),
        in_2_0(FIELDS).replace("(", "($params:(),", 1),
        in_2_0(FIELDS).replace("(", "($params:(a:(b:List(1,(tcrmResumeId:x)))),", 1),
        in_2_0(FIELDS).replace("urn%3Ali%3Aorganization%3A", "urn:li:organization:"),
    ],
)
def test_knows_a_key_by_its_two_ids(text: str) -> None:
    assert read({"results": {text: DONE}}) == BatchAnswer({KEY: KeyResult(204)})


@pytest.mark.parametrize(
    "fields",
    [
        FIELDS | {"integrationContext": "urn:li:organization:1000"},
        FIELDS | {"integrationContext": ""},
        FIELDS | {"dataProvider": "partner"},
        {name: value for name, value in FIELDS.items() if name != "dataProvider"},
        {name: value for name, value in FIELDS.items() if name.startswith("tcrm")},
    ],
)
def test_tells_that_the_rest_differs(fields: dict[str, str]) -> None:
    for text in (as_server_writes_key(fields), in_2_0(fields)):
        assert read({"results": {text: DONE}}) == BatchAnswer({KEY: KeyResult(204)}, differs=True)


@pytest.mark.parametrize(
    "text",
    [
        ENCODED.replace("tcrmResumeId=", "tcrmResumeIdId="),
        ENCODED + "&tcrmResumeId=r%261",
        ENCODED + "&tcrmresumeid=r%261",
        ENCODED.replace("r%261", "r1"),
        as_server_writes_key({k: v for k, v in FIELDS.items() if k != "tcrmCandidateId"}),
        ENCODED.replace("c+1", "c%FF1"),
        in_2_0(FIELDS).replace("c%201", "c%FF1"),
        in_2_0(FIELDS).replace("c%201", "c+1"),
        in_2_0(FIELDS)[:-1],
        in_2_0(FIELDS).replace("(", "((", 1),
        in_2_0(FIELDS).replace("(", "($params:(tcrmResumeId:x,", 1),
        in_java(FIELDS),
        "",
        "&&&",
        "no pairs",
        "(dataProvider:PARTNER)",
        "()",
        "(:::,,,)",
        "(" * 100_000 + ")" * 100_000,
    ],
)
def test_a_key_that_was_not_asked_for_confirms_nothing(text: str) -> None:
    assert read({"results": {text: DONE}}) == BatchAnswer({}, strange=True)
    assert read({"results": {text: DONE, as_server_writes_key(fields_of(OTHER)): DONE}}) == (
        BatchAnswer({OTHER: KeyResult(204)})
    )


def test_an_answer_without_entries_is_not_strange() -> None:
    assert read({"results": {}, "errors": {}}) == BatchAnswer({})


def test_a_broken_escape_does_not_pass_for_a_replacement_character() -> None:
    broken = ENCODED.replace("c+1", "c%FF1")
    assert not read({"results": {broken: DONE}}, ResumeKey("c\ufffd1", "r&1")).of_keys


@pytest.mark.parametrize(
    "body",
    [
        {"results": {ENCODED: DONE, in_2_0(FIELDS): DONE}},
        {"results": {ENCODED: DONE, ENCODED.replace("1234567890", "1000"): {"status": 500}}},
        {"results": {ENCODED: DONE}, "errors": {ENCODED: {"status": 404}}},
        {"results": {ENCODED: DONE}, "errors": {ENCODED: {"status": 204}}},
        {"errors": {ENCODED: {"status": 404}, in_java(FIELDS): {"status": 404}}},
    ],
)
def test_of_two_entries_of_one_key_neither_is_believed(body: object) -> None:
    result = read(body).of_keys[KEY]
    assert (result.status, result.delivered) == (None, False)


@pytest.mark.parametrize(
    "twice",
    [
        '{"results": {KEY: {"status": 204}, KEY: {"status": 204}, OTHER: {"status": 204}}}',
        '{"results": {KEY: {"status": 204, "status": 204}, OTHER: {"status": 204}}}',
        '{"results": {OTHER: {"status": 204}}, "errors": {KEY: {}, KEY: {"status": 404}}}',
    ],
)
def test_of_two_values_of_one_name_neither_is_believed(twice: str) -> None:
    other = as_server_writes_key(fields_of(OTHER))
    body = twice.replace("KEY", json.dumps(ENCODED)).replace("OTHER", json.dumps(other))
    of_keys = read_batch(body.encode(), ORGANIZATION, [KEY, OTHER]).of_keys
    assert (of_keys[KEY].status, of_keys[OTHER]) == (None, KeyResult(204))


def test_reads_a_refused_key_as_java_prints_it() -> None:
    refused = {"status": 400}
    for text in (
        in_java(FIELDS),
        in_java({"tcrmResumeId": "r&1", "tcrmCandidateId": "c 1"}),
        in_java({"$params": "{}", **FIELDS, "dataRegion": "EU"}),
    ):
        body = {
            "results": {as_server_writes_key(fields_of(OTHER)): DONE},
            "errors": {text: refused},
        }
        read_keys = read(body).of_keys
        assert read_keys == {KEY: KeyResult(400, refused), OTHER: KeyResult(204)}


def test_what_java_prints_is_not_guessed_at() -> None:
    """With an id that holds a comma, the text may be that of either key."""
    plain, sly = ResumeKey("c", "r"), ResumeKey("c", "r, x=1")
    body = {"errors": {in_java(fields_of(sly)): {"status": 400}}}
    assert read(body, plain, sly) == BatchAnswer({})
    assert set(read(body, sly, OTHER).of_keys) == {sly}


@pytest.mark.parametrize(
    "text", ["{", "{}", in_java(FIELDS)[:-1], in_java(FIELDS).replace("r&1", "r&12")]
)
def test_leaves_out_what_java_prints_of_other_keys(text: str) -> None:
    assert read({"errors": {text: {"status": 400}}}) == BatchAnswer({}, strange=True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad gateway</html>",
        b"null",
        b"[]",
        b"42",
        b'"results"',
        b"{}",
        b'{"message": "odd"}',
        b'{"results": []}',
        b'{"results": {}, "errors": "x"}',
        b'{"results": {"k": {"status": 204}',
        b'{"results": {}, "results": {}}',
        b"\xff\xfe\x00",
        b"[" * 200_000,
        b'{"results": {"k": {"status": ' + b"9" * 5000 + b"}}}",
    ],
)
def test_refuses_what_is_no_batch_answer(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words of the JSON parser do not matter
        read_batch(body, ORGANIZATION, [KEY])


@given(st.binary())
def test_any_body_is_read_or_refused(body: bytes) -> None:
    try:
        read_batch(body, ORGANIZATION, [KEY])
    except ValueError:
        return


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just(ENCODED), inner),
    max_leaves=10,
)


@given(JSON, JSON)
def test_no_shape_of_an_answer_is_a_crash(results: object, errors: object) -> None:
    body = json.dumps({"results": results, "errors": errors}).encode()
    try:
        read_batch(body, ORGANIZATION, [KEY])
    except ValueError:
        return
