"""The settings `fields` and `only`, and what they make of records."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.errors import Misconfigured, Reject
from target_linkedin_resumes.mapping.config import NAMES, read_fields, read_only
from target_linkedin_resumes.mapping.mapper import Mapper, StreamMapping
from target_linkedin_resumes.records import DELETED, FIELDS, Delete, Upsert, read_change


def mapper(fields: object = None, only: object = None) -> Mapper:
    return Mapper(read_fields(fields), read_only(only))


def mapping(fields: object = None, only: object = None, stream: str = "s") -> StreamMapping:
    return mapper(fields, only).for_stream(stream)


def schema(*names: str, **nested: Any) -> dict[str, Any]:
    properties = {name: {"type": ["string", "null"]} for name in names}
    return {"type": "object", "properties": {**properties, **nested}}


# What a stream without a mapping must have.
REQUIRED = ("candidate_id", "resume_id", "created_at", "file_base64")

LEVER = {
    "candidate_id": "opportunity_id",
    "resume_id": "id",
    "created_at": "createdAt",
    "file": "https://api.lever.co/v1/opportunities/{opportunity_id}/resumes/{id}/download",
    "filename": ["file.name", "name"],
}


def test_a_record_gets_this_targets_names() -> None:
    record = {"id": "r1", "opportunity_id": "o/1", "createdAt": 1, "file": {"name": "cv.pdf"}}
    assert mapping(LEVER).apply(record) == {
        "candidate_id": "o/1",
        "resume_id": "r1",
        "created_at": 1,
        "file": "https://api.lever.co/v1/opportunities/o%2F1/resumes/r1/download",
        "filename": "cv.pdf",
    }


RECORDS = st.dictionaries(
    st.sampled_from([*FIELDS, DELETED, "other"]), st.none() | st.text() | st.integers()
)


@given(RECORDS)
def test_without_settings_the_record_itself_is_read(record: dict[str, Any]) -> None:
    assert mapping().apply(record) is record
    assert mapping({"elsewhere": {"file": "x"}}, {"elsewhere": {"x": 1}}).apply(record) is record


def outcome(record: Any) -> object:
    try:
        change = read_change(record)
    except Reject as reject:
        return reject.code, reject.message
    return change


@given(RECORDS, st.permutations(FIELDS))
def test_renaming_and_mapping_back_changes_nothing(
    record: dict[str, Any], names: list[str]
) -> None:
    """A record whose fields have changed places reads as before once they are mapped."""
    places = dict(zip(FIELDS, names, strict=True))
    renamed = {places.get(name, name): value for name, value in record.items()}
    mapped = mapping(places).apply(renamed)
    assert mapped is not None
    assert outcome(mapped) == outcome(record)


def test_unmapped_fields_keep_their_names() -> None:
    record = {"id": 1, "resume_id": 2, "filename": "f", "unknown": 5, "file": None}
    assert mapping({"candidate_id": "id"}).apply(record) == {
        "candidate_id": 1,
        "resume_id": 2,
        "filename": "f",
    }


def test_what_is_set_for_a_stream_goes_before_what_is_set_for_all() -> None:
    fields = {
        "candidate_id": "person",
        "created_at": "at",
        "attachments": {"candidate_id": "owner.id"},
    }
    record = {"person": 1, "at": 2, "owner": {"id": 3}}
    general = mapping(fields).apply(record)
    special = mapping(fields, stream="attachments").apply(record)
    assert general == {"candidate_id": 1, "created_at": 2}
    assert special == {"candidate_id": 3, "created_at": 2}


def test_a_stream_may_be_called_like_a_field() -> None:
    fields = {"file": {"file": "url"}, "candidate_id": "id"}
    assert mapping(fields, stream="file").apply({"id": 1, "url": "u"}) == {
        "candidate_id": 1,
        "file": "u",
    }
    assert mapping(fields, stream="other").apply({"id": 1, "url": "u"}) == {"candidate_id": 1}


def test_null_maps_nothing() -> None:
    record = {"file": "f"}
    assert mapping({"file": None}).apply(record) is record
    assert read_fields({}) == read_fields(None) == read_fields("{}") == {None: {}}


def test_settings_as_json_text() -> None:
    record = {"id": 1, "opportunity_id": 2, "createdAt": 3, "kind": "resume"}
    written = mapping(json.dumps(LEVER), '{"kind": "resume"}').apply(record)
    assert written == mapping(LEVER, {"kind": "resume"}).apply(record)


# DeleteLimit


@pytest.mark.parametrize(
    ("record", "marker"),
    [
        ({"is_deleted": False, "gone_at": "2024-01-01"}, "2024-01-01"),
        ({"is_deleted": "N", "gone_at": None}, "N"),
        ({"is_deleted": None, "gone_at": None}, None),
        ({"is_deleted": "", "gone_at": "2024-01-01"}, "2024-01-01"),
        ({"is_deleted": "pending", "gone_at": "2024-01-01"}, "2024-01-01"),
        ({"is_deleted": False, "gone_at": "pending"}, "pending"),
        ({"is_deleted": True}, True),
        ({"is_deleted": False, DELETED: "2024-01-01"}, "2024-01-01"),
        ({DELETED: "2024-01-01"}, "2024-01-01"),
    ],
)
def test_of_several_markers_one_that_deletes_serves(record: dict[str, Any], marker: object) -> None:
    mapped = mapping({"deleted": ["is_deleted", "gone_at"]}).apply(record)
    assert mapped is not None
    assert mapped.get(DELETED) == marker


def test_a_deletion_needs_its_ids_alone() -> None:
    fields = {**LEVER, "file": "https://host/{id}/{opportunity_id}/{name}", "deleted": "gone"}
    gone = {"id": "r", "opportunity_id": "..", "name": "x", "gone": True}
    mapped = mapping(fields).apply(gone)
    assert mapped == {"candidate_id": "..", "resume_id": "r", DELETED: True}
    assert isinstance(read_change(mapped), Delete)
    with pytest.raises(Reject):
        mapping(fields).apply({**gone, "gone": False})


def test_ids_are_had_as_far_as_possible() -> None:
    fields = {"candidate_id": "https://host/{a}", "resume_id": "id"}
    assert mapping(fields).ids({"a": "..", "id": 5}) == {"resume_id": 5}
    assert mapping().ids({"candidate_id": 1, "resume_id": 2}) == {
        "candidate_id": 1,
        "resume_id": 2,
    }


# Filters


@pytest.mark.parametrize(
    ("only", "record", "passes"),
    [
        ({"type": "resume"}, {"type": "resume"}, True),
        ({"type": "resume"}, {"type": "Resume"}, False),
        ({"type": "resume"}, {"type": None}, False),
        ({"type": "resume"}, {}, False),
        ({"type": ["resume", "cv"]}, {"type": "cv"}, True),
        ({"type": ["resume", None]}, {}, True),
        ({"type": None}, {"type": None}, True),
        ({"type": None}, {"type": "resume"}, False),
        ({"a": 1}, {"a": "1"}, True),
        ({"a": "1"}, {"a": 1}, True),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": True}, {"a": "true"}, True),
        ({"a": "1"}, {"a": "01"}, False),
        ({"a": "x"}, {"a": ["x"]}, False),
        ({"a": "x"}, {"a": {"x": 1}}, False),
        ({"a": None}, {"a": {"x": 1}}, False),
        ({"a.b": "x"}, {"a": {"b": "x"}}, True),
        ({"a.b": "x"}, {"a__b": "x"}, True),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, False),
        ({"s": {"a": 1}}, {"a": 1}, True),
        ({"s": {"a": 1}}, {"a": 2}, False),
        ({"t": {"a": 1}}, {"a": 2}, True),
        ({"a": 1, "s": {"b": 2}}, {"a": 3, "b": 2}, False),
        ({"a": 1, "s": {"a": 2}}, {"a": 2}, True),
    ],
)
def test_filters(only: dict[str, Any], record: dict[str, Any], passes: bool) -> None:
    assert (mapping(only=only).apply(record) is not None) == passes


def test_a_deletion_with_nothing_but_its_key_passes() -> None:
    only = {"type": "resume"}
    gone = {"candidate_id": 1, "resume_id": 2, DELETED: "2024-01-01"}
    assert mapping(only=only).apply(gone) == gone
    assert mapping(only=only).apply({**gone, "type": None}) is not None
    assert mapping(only=only).apply({**gone, "type": "cover_letter"}) is None
    assert mapping(only=only).apply({**gone, DELETED: False}) is None
    unclear = {**gone, DELETED: "pending"}
    assert mapping(only=only).apply(unclear) == unclear  # to be rejected, not dropped


def test_a_filter_sees_the_names_of_the_record() -> None:
    assert mapping({"file": "url"}, {"file": "attached"}).apply({"file": "attached", "url": "u"})


# Schemas


def test_a_name_that_cannot_exist_stops_with_the_nearest() -> None:
    with pytest.raises(Misconfigured) as caught:
        mapper({"candidate_id": "candidate"}).for_stream("s", schema("candidateId", "created"))
    said = str(caught.value)
    assert said.startswith("setting 'fields.candidate_id': the schema of stream 's' has no")
    assert "'candidate'; nearest: 'candidateId'" in said
    assert 'stream_maps` with {"s": "__NULL__"}' in said


@pytest.mark.parametrize(
    ("fields", "setting", "nearest"),
    [
        ({"s": {"file": "fille.downloadUrl"}}, "fields.s.file", "'file.downloadUrl'"),
        ({"file": "downloadUrl"}, "fields.file", "'file.downloadUrl'"),
        ({"file": "file.downloadUrls"}, "fields.file", "'file.downloadUrl'"),
        ({"file": "https://host/{ids}"}, "fields.file", "'id'"),
        ({"file": "id.x"}, "fields.file", "'id'"),
        ({"file": "tags.0.nam"}, "fields.file", "'tags.0.name'"),
        ({"file": ["one", "two"]}, "fields.file", "it has 'id', 'file'"),
    ],
)
def test_nearest_names(fields: dict[str, Any], setting: str, nearest: str) -> None:
    known = schema(
        "id",
        file=schema("downloadUrl"),
        tags={"type": ["array", "null"], "items": schema("name")},
    )
    with pytest.raises(Misconfigured, match=re.escape(f"setting '{setting}'")) as caught:
        mapper(fields).for_stream("s", known)
    assert nearest in str(caught.value)


def test_one_alternative_is_enough_and_the_others_are_warned_of() -> None:
    made = mapper({"file": ["file.url", "resume_url"]}).for_stream(
        "s", schema("resume_url", *REQUIRED)
    )
    (warning,) = made.warnings
    assert warning.startswith("setting 'fields.file': the schema of stream 's' has no 'file.url'")


@pytest.mark.parametrize(
    "known",
    [
        schema("file.downloadUrl", *REQUIRED),
        schema("file__downloadUrl", *REQUIRED),
        schema(*REQUIRED, file=schema("downloadUrl")),
        schema(*REQUIRED, file={}),
        schema(*REQUIRED, file={"type": ["object", "null"], "properties": {}}),
        schema(*REQUIRED, file={"anyOf": [{"type": "object"}]}),
        {**schema("other"), "additionalProperties": True},
        {"type": "object", "properties": {}},
        {"type": "object"},
        {},
        None,
    ],
)
def test_what_may_exist_is_not_refused(known: dict[str, Any] | None) -> None:
    assert mapper({"file": "file.downloadUrl"}).for_stream("s", known).warnings == ()


def test_lists_in_schemas() -> None:
    tags = {"type": ["array", "null"], "items": schema("name")}
    assert (
        mapper({"file": "tags.0.name"}).for_stream("s", schema(*REQUIRED, tags=tags)).warnings == ()
    )
    anything = schema(*REQUIRED, tags={"type": "array"})
    assert mapper({"file": "tags.0.name"}).for_stream("s", anything).warnings == ()


def test_other_streams_are_not_judged_by_a_streams_mapping() -> None:
    fields = {"attachments": {"file": "url"}}
    assert mapper(fields).for_stream("candidates", schema("id", *REQUIRED)).warnings == ()


def test_a_stream_that_is_called_nearly_as_in_the_settings_is_warned_of() -> None:
    made = mapper(only={"attachmets": {"type": "resume"}})
    (warning,) = made.for_stream("attachments", schema("type", *REQUIRED)).warnings
    assert "name a stream 'attachmets', and this one is 'attachments'" in warning
    assert made.for_stream("attachmets", schema("type", *REQUIRED)).warnings == ()
    assert made.for_stream("candidates", schema("type", *REQUIRED)).warnings == ()
    assert made.for_stream("attachments", None).warnings == ()


def test_a_filter_on_a_name_that_cannot_exist_stops() -> None:
    with pytest.raises(Misconfigured, match=r"setting 'only\.typ': .*nearest: 'type'"):
        mapper(only={"typ": "resume"}).for_stream("s", schema("type"))
    with pytest.raises(Misconfigured, match=r"setting 'only\.s\.typ'"):
        mapper(only={"s": {"typ": "resume"}}).for_stream("s", schema("type"))


@pytest.mark.parametrize(
    ("fields", "known", "said"),
    [
        ({}, schema("candidateId", "id"), "'fields.candidate_id': it has no source"),
        ({}, schema("candidateId", "id"), "has no 'candidate_id'; nearest: 'candidateId'"),
        ({"candidate_id": "candidateId"}, schema("candidateId", "id"), "'fields.resume_id'"),
        ({"t": {"candidate_id": "id"}}, schema("resume_id", "id"), "'fields.candidate_id'"),
        ({}, schema("id"), 'stream_maps` with {"s": "__NULL__"}'),
        ({"t": {"file": "id"}}, schema("id"), "`only` name 't', and not this stream. Name what"),
    ],
)
def test_ids_that_nothing_serves_for_stop(
    fields: dict[str, Any], known: dict[str, Any], said: str
) -> None:
    with pytest.raises(Misconfigured, match=re.escape(said)):
        mapper(fields).for_stream("s", known)


@pytest.mark.parametrize(
    ("fields", "names", "warned"),
    [
        ({}, REQUIRED, []),
        ({}, ("candidate_id", "resume_id", "created_at", "file"), []),
        ({"file": "url", "created_at": "url"}, ("candidate_id", "resume_id", "url"), []),
        ({}, ("candidate_id", "resume_id", "file"), ["created_at"]),
        ({}, ("candidate_id", "resume_id", "created_at"), ["file"]),
        ({}, ("candidate_id", "resume_id", "createdAt"), ["created_at", "file"]),
    ],
)
def test_what_upserts_need_and_nothing_serves_for_is_warned_of(
    fields: dict[str, Any], names: tuple[str, ...], warned: list[str]
) -> None:
    warnings = mapper(fields).for_stream("s", schema(*names)).warnings
    assert [warning.partition("'")[2].partition("'")[0] for warning in warnings] == [
        f"fields.{name}" for name in warned
    ]
    assert all("can delete, and nothing else" in warning for warning in warnings)


@pytest.mark.parametrize("known", [None, {}, {**schema("id"), "additionalProperties": True}])
def test_what_a_schema_leaves_open_may_be_an_id(known: dict[str, Any] | None) -> None:
    assert mapper().for_stream("s", known).warnings == ()


def test_streams_that_are_named_and_never_came() -> None:
    made = mapper({"a": {"file": "x"}}, {"c": {"type": 1}, "type": 1})
    first, second = made.never_came({"d", "e"})
    assert first.startswith("setting 'fields': stream 'a' never came")
    assert second.startswith("setting 'only': stream 'c' never came")
    assert "The streams were 'd', 'e'" in second
    assert "The streams were none" in made.never_came(())[0]


def test_streams_of_a_parent_configuration_need_not_come() -> None:
    made = mapper({"a": {"file": "x"}, "b": {"file": "x"}}, {"c": {"type": 1}})
    assert made.never_came({"a"}) == made.never_came({"c", "d"}) == []


# Configurations that are none


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([], "setting 'fields': expected an object, not a list"),
        (5, "setting 'fields': expected an object, not a int"),
        ("{", "setting 'fields': this text is not valid JSON"),
        ("[]", "setting 'fields': expected an object, not a list"),
        ({"fille": "x"}, "setting 'fields.fille': no field of this target (did you mean 'file'?)"),
        ({DELETED: "x"}, "did you mean 'deleted'?"),
        ({"zzzzzz": "x"}, "setting 'fields.zzzzzz': no field of this target; expected candid"),
        ({"s": {"fille": "x"}}, "setting 'fields.s.fille': no field of this target (did you"),
        ({"file": {"url": "x"}}, "setting 'fields.file.url': no field of this target"),
        ({"file": []}, "setting 'fields.file': the list is empty"),
        ({"file": [["x"]]}, "setting 'fields.file': expected a name"),
        ({"file": 5}, "setting 'fields.file': expected a name"),
        ({"file": "{"}, "setting 'fields.file': the brace at character 1"),
    ],
)
def test_fields_that_are_none(fields: object, said: str) -> None:
    with pytest.raises(Misconfigured, match=re.escape(said)):
        read_fields(fields)


@pytest.mark.parametrize(
    ("only", "said"),
    [
        ([], "setting 'only': expected an object, not a list"),
        ({"type": []}, "setting 'only.type': expected a text"),
        ({"type": [["x"]]}, "setting 'only.type': expected a text"),
        ({"type": [{}]}, "setting 'only.type': expected a text"),
        ({"s": {"type": {"x": 1}}}, "setting 'only.s.type': expected a text"),
        ({"": "x"}, "setting 'only.': expected the name of a field"),
        ({"{type}": "x"}, "setting 'only.{type}': expected the name of a field"),
    ],
)
def test_filters_that_are_none(only: object, said: str) -> None:
    with pytest.raises(Misconfigured, match=re.escape(said)):
        read_only(only)


# The log


def test_the_description_names_fields_and_no_values() -> None:
    record = {
        "id": "secret-1",
        "opportunity_id": "secret-2",
        "createdAt": None,
        "file": {"name": "secret-3"},
        "content_type": "secret-4",
    }
    said = mapping(LEVER, {"file.name": "x"}).describe(record)
    assert said == (
        "stream 's': candidate_id from 'opportunity_id', resume_id from 'id',"
        " file from a template of 'opportunity_id' and 'id', filename from 'file.name',"
        " content_type from 'content_type'; null in the first record: created_at ('createdAt');"
        " filtered by 'file.name'"
    )


def test_the_description_of_a_deletion_and_of_nothing() -> None:
    gone = {"candidate_id": 1, "resume_id": 2, "gone": True}
    said = mapping({"deleted": "gone"}).describe(gone)
    assert said == (
        "stream 's': candidate_id from 'candidate_id', resume_id from 'resume_id',"
        " deleted from 'gone'"
    )
    assert mapping().describe({}) == (
        "stream 's': no field serves; required and without a source: candidate_id, resume_id,"
        " created_at, file"
    )
    said = mapping({"created_at": "at"}).describe({"resume_id": 1, "file_base64": "x"})
    assert said == (
        "stream 's': resume_id from 'resume_id', file_base64 from 'file_base64'; null in the first"
        " record: created_at ('at'); required and without a source: candidate_id"
    )
    assert "deleted from '_sdc_deleted_at'" in mapping().describe({DELETED: True})


@given(
    st.dictionaries(
        st.sampled_from(["a", "b.c", "b"]),
        st.recursive(
            st.none() | st.text() | st.integers(),
            lambda inner: st.dictionaries(st.just("c"), inner),
        ),
    )
)
def test_no_record_breaks_a_mapping(record: dict[str, Any]) -> None:
    fields = {name: ["https://host/{a}/{b.c}", "b.c", "a"] for name in NAMES if name != "each"}
    made = mapping(fields, {"a": ["x", None]})
    assert isinstance(made.describe(record), str)
    made.ids(record)
    with suppress(Reject):
        mapped = made.apply(record)
        if mapped is not None:
            assert isinstance(read_change(mapped), Upsert | Delete)


# Lists, and candidates

LIST = {
    "s": {
        "candidate_id": "id",
        "each": "profile.files",
        "resume_id": ["each.id", "{id}-{each.name}"],
        "file": "each.url",
        "deleted": "gone",
    }
}


def with_files(files: object) -> dict[str, Any]:
    return {"id": 7, "profile": {"files": files}}


@pytest.mark.parametrize(
    ("files", "ids"),
    [
        ([{"id": 1}, {"name": "cv"}], [1, "7-cv"]),
        ('[{"id": 1}]', [1]),
        ({"id": 1}, [1]),
        ('{"id": 1}', [1]),
        ([], []),
        ("[]", []),
        ([{}], [None]),
    ],
)
def test_each_element_of_a_list_is_a_resume(files: object, ids: list[object]) -> None:
    mapped = mapping(LIST)
    assert mapped.is_list
    views = mapped.elements(with_files(files))
    assert views is not None
    assert [mapped.ids(view).get("resume_id") for view in views] == ids
    assert {mapped.ids(view)["candidate_id"] for view in views} <= {7}


@pytest.mark.parametrize("record", [{}, {"profile": None}, {"profile": {}}])
@pytest.mark.parametrize("null", [None, "", " ", float("nan")])
def test_no_list_says_nothing(record: dict[str, Any], null: object) -> None:
    assert mapping(LIST).elements({"id": 7, **record}) is None
    assert mapping(LIST).elements(with_files(null)) is None


@pytest.mark.parametrize("value", [1, 0, True, False, "one, two", "12", '"x"', "[", "[" * 5000])
def test_what_is_no_list_is_rejected(value: object) -> None:
    with pytest.raises(Reject, match="'each'") as rejected:
        mapping(LIST).elements(with_files(value))
    assert rejected.value.code == "invalid_record"


def test_a_list_of_plain_texts() -> None:
    fields = {"candidate_id": "id", "each": "links", "resume_id": "{id}-{each}", "file": "each"}
    mapped = mapping({"s": fields})
    views = mapped.elements({"id": 7, "links": ["a.pdf", "b.pdf"]}) or []
    made = [mapped.apply(view) for view in views]
    assert made == [
        {"candidate_id": 7, "resume_id": "7-a.pdf", "file": "a.pdf"},
        {"candidate_id": 7, "resume_id": "7-b.pdf", "file": "b.pdf"},
    ]


def test_a_filter_looks_at_the_element() -> None:
    mapped = mapping(LIST, {"s": {"each.type": "resume"}})
    views = mapped.elements(with_files([{"id": 1, "type": "resume"}, {"id": 2, "type": "letter"}]))
    assert [mapped.apply(view) is None for view in views or []] == [False, True]
    assert mapped.deletes({"id": 7, "gone": True})
    assert not mapped.is_filtered({"id": 7, "gone": True}, deletes=True)


def test_a_field_called_each_is_one_like_another_without_a_list() -> None:
    fields = {"resume_id": "each.id", "candidate_id": "each.owner"}
    assert mapping(fields).ids({"each": {"id": 1, "owner": 2}}) == {
        "candidate_id": 2,
        "resume_id": 1,
    }
    assert not mapping(fields).is_list


def test_the_schema_of_a_list_is_checked() -> None:
    files = {"type": "array", "items": schema("id", "url", "name")}
    profile = {"type": "object", "properties": {"files": files}}
    mapper(LIST).for_stream("s", schema("id", "created_at", "gone", profile=profile))
    without = {"type": "array", "items": schema("id", "name")}
    profile = {"type": "object", "properties": {"files": without}}
    with pytest.raises(Misconfigured, match=r"no 'each\.url'"):
        mapper(LIST).for_stream("s", schema("id", "created_at", "gone", profile=profile))
    with pytest.raises(Misconfigured, match=r"each': .* no 'profile\.files'"):
        mapper(LIST).for_stream("s", schema("id", "created_at", "gone"))


PEOPLE = {"people": {"candidate_id": "id", "resume_id": "*", "deleted": "is_deleted"}}


@pytest.mark.parametrize(
    ("marker", "deletes"), [(True, True), ("Y", True), (False, False), (None, False)]
)
def test_a_record_of_a_stream_of_candidates(marker: object, deletes: bool) -> None:
    mapped = mapping(PEOPLE, stream="people")
    record = {"id": 7, "is_deleted": marker, "resume_id": "a column of the source"}
    assert mapped.is_of_candidates
    assert mapped.deletes(record) is deletes
    assert mapped.ids(record)["candidate_id"] == 7
    assert not mapping(PEOPLE, stream="other").is_of_candidates


def test_a_marker_of_a_candidate_that_says_neither() -> None:
    with pytest.raises(Reject) as rejected:
        mapping(PEOPLE, stream="people").deletes({"id": 7, "is_deleted": "active"})
    assert rejected.value.code == "invalid_record"
    assert mapping(PEOPLE, stream="people").deletes({"is_deleted": "active", DELETED: True})


def test_the_schema_of_candidates_needs_no_resumes() -> None:
    mapped = mapper(PEOPLE).for_stream("people", schema("id", "is_deleted"))
    assert mapped.warnings == ()
    with pytest.raises(Misconfigured, match="candidate_id"):
        mapper(PEOPLE).for_stream("people", schema("uuid", "is_deleted"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        *[
            (fields, "'fields.resume_id'.*under the name of the stream")
            for fields in ({"resume_id": "*"}, {"resume_id": ["*"]}, '{"resume_id": "*"}')
        ],
        ({"people": {"resume_id": ["*", "id"]}}, "stands alone"),
        ({"people": {"resume_id": ["id", "*"]}}, "stands alone"),
        ({"people": {"resume_id": "*", "each": "files"}}, "has no list"),
        ({"s": {"each": "each"}}, "names itself"),
        ({"s": {"each": "each.files"}}, "names itself"),
        *[({"s": {"each": value}}, "the name of a list") for value in ("{files}", ["x"], " ")],
    ],
)
def test_what_makes_no_list_and_no_candidates(fields: object, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        mapping(fields)


def test_rows_are_kept_unless_the_ids_are_the_key() -> None:
    by_ids = {"candidate_id": "owner", "resume_id": "id"}
    assert mapping(by_ids).is_identified_by_ids(["id", "owner"])
    assert mapping().is_identified_by_ids(["resume_id", "candidate_id"])
    for keys in (["id"], ["id", "owner", "line"], [], ["candidate_id", "resume_id"]):
        assert not mapping(by_ids).is_identified_by_ids(keys)
    assert not mapping({"s": {**by_ids, "each": "files"}}).is_identified_by_ids(["id", "owner"])
    assert not mapping({**by_ids, "resume_id": ["id", "x"]}).is_identified_by_ids(["id", "owner"])
