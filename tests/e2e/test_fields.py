"""The settings `fields` and `only` in a run of the command."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.support import SCHEMA, Bench, covered, record, state

PROPERTIES: dict[str, Any] = {
    "person": {"type": ["object", "null"], "properties": {"id": {"type": "integer"}}},
    "id": {"type": "string"},
    "at": {"type": ["string", "null"]},
    "path": {"type": ["string", "null"]},
    "kind": {"type": ["string", "null"]},
    "gone": {"type": ["boolean", "null"]},
}
FIELDS = {
    "candidate_id": "person.id",
    "resume_id": "id",
    "created_at": "at",
    "file": ["url", "path"],
    "deleted": "gone",
}


def schema(stream: str, **more: Any) -> dict[str, Any]:
    properties = {**PROPERTIES, **more}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "key_properties": ["id"],
        "schema": {"type": "object", "properties": properties},
    }


def row(stream: str, resume: str, path: str | None, **more: Any) -> dict[str, Any]:
    fields = {"person": {"id": 1}, "id": resume, "at": "2024-05-01", "path": path, **more}
    return {"type": "RECORD", "stream": stream, "record": fields}


@pytest.mark.parametrize("flat", [False, True])
def test_mapping_with_and_without_flattening(bench: Bench, flat: bool) -> None:
    name = bench.file("cv.pdf")
    stream = [
        schema("s"),
        row("s", "a", name, kind="resume"),
        row("s", "b", name, kind="resume"),
        row("s", "c", name, kind="letter"),
        {"type": "RECORD", "stream": "s", "record": {"person": {"id": 1}, "id": "b", "gone": True}},
        state(4),
    ]
    settings = {"flattening_enabled": True, "flattening_max_depth": 2} if flat else {}
    done = bench.run(stream, fields=FIELDS, only={"kind": "resume"}, **settings)
    assert done.code == 0, done.log
    assert bench.held().keys() == {("1", "a")}
    assert covered(done.states) == 4


def test_one_line_a_stream_says_which_field_serves(bench: Bench) -> None:
    name = bench.file("secret-name.pdf")
    stream = [
        schema("s"),
        schema("t"),
        *(row("s", f"secret-{number}", name) for number in range(3)),
        row("t", "secret-4", name),
        state(4),
    ]
    done = bench.run(stream, fields=FIELDS)
    assert done.code == 0, done.log
    for name in ("s", "t"):
        said = (
            f"stream '{name}': candidate_id from 'person.id', resume_id from 'id',"
            " created_at from 'at', file from 'path'; null in the first record: deleted"
        )
        assert done.log.count(said) == 1
    assert done.log.count("the schema of stream 's' has no 'url'") == 1
    assert "secret-" not in done.log


def test_a_wrong_mapping_ends_the_run_before_the_first_record(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    fields = {**FIELDS, "s": {"file": "pathh"}}
    done = bench.run([schema("s"), row("s", "a", name), state(1)], fields=fields)
    assert done.code == 2
    assert "setting 'fields.s.file': the schema of stream 's' has no 'pathh'" in done.log
    assert "nearest: 'path'" in done.log
    assert done.states == []
    assert bench.sandbox.journal() == []


def test_an_id_that_nothing_serves_for_ends_the_run_at_the_schema(bench: Bench) -> None:
    """Not at the first record, and not record by record."""
    name = bench.file("cv.pdf")
    fields = {field: path for field, path in FIELDS.items() if field != "candidate_id"}
    settings = {"on_reject": "continue", "rejects_path": str(bench.directory / "rejects.singer")}
    done = bench.run([schema("s"), row("s", "a", name), state(1)], fields=fields, **settings)
    assert done.code == 2
    assert "setting 'fields.candidate_id': it has no source" in done.log
    assert done.states == []
    assert bench.sandbox.journal() == []


def test_a_stream_that_is_named_and_never_comes_is_warned_of(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    stream = [schema("attachments"), row("attachments", "a", name), state(1)]
    fields = {**FIELDS, "documents": {"file": "path"}}
    done = bench.run(stream, fields=fields)
    assert done.code == 0, done.log
    assert "setting 'fields': stream 'documents' never came" in done.log
    assert "The streams were 'attachments'" in done.log
    dropped = [schema("documents"), row("documents", "b", name), *stream]
    done = bench.run(dropped, fields=fields, stream_maps={"documents": "__NULL__"})
    assert done.code == 0, done.log
    assert "stream 'documents' never came, or `stream_maps` drops it" in done.log
    failed = bench.run(stream, fields=fields, client_secret="wrong-secret")
    assert failed.code == 2
    assert "never came" not in failed.log


def test_a_schema_that_changes_is_described_again_only_where_that_says_more(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    stream = [
        schema("s"),
        row("s", "a", name),
        schema("s", extra={"type": "string"}),
        row("s", "b", name),
        schema("s"),
        row("s", "c", name),
        schema("s", url={"type": "string"}),
        row("s", "d", None, url=f"{bench.files}/{name}"),
        state(4),
    ]
    done = bench.run(stream, fields=FIELDS)
    assert done.code == 0, done.log
    assert done.log.count("file from 'path'") == 1
    assert done.log.count("file from 'url'") == 1
    said = [line.rpartition("|")[2] for line in done.log.splitlines() if "has no 'url'" in line]
    assert said
    assert len(said) == len(set(said))
    assert len(bench.held()) == 4


def test_a_stream_that_is_dropped_is_not_judged(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    other = {**schema("other"), "schema": {"properties": {"id": {"type": "string"}}}}
    stream = [
        other,
        schema("s"),
        {"type": "RECORD", "stream": "other", "record": {"id": "x"}},
        row("s", "a", name),
        state(2),
    ]
    stopped = bench.run(stream, fields=FIELDS)
    assert stopped.code == 2
    assert '`stream_maps` with {"other": "__NULL__"}' in stopped.log
    done = bench.run(stream, fields=FIELDS, stream_maps={"other": None})
    assert done.code == 0, done.log
    assert bench.held().keys() == {("1", "a")}


def test_a_mapping_names_streams_as_after_stream_maps(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    stream = [schema("raw"), row("raw", "a", name), state(1)]
    maps = {"raw": {"__alias__": "resumes", "candidate_id": "person['id']"}}
    fields = {"resumes": {"resume_id": "id", "created_at": "at", "file": "path"}}
    done = bench.run(stream, fields=fields, stream_maps=maps)
    assert done.code == 0, done.log
    assert bench.held().keys() == {("1", "a")}


def test_nested_objects_with_flattening_and_stream_maps_together(bench: Bench) -> None:
    """What a map makes is mapped; nested names are found under the names flattening makes."""
    bench.file("cv.pdf")
    files = {"type": "array", "items": {"type": "object", "properties": {"path": {}}}}
    meta = {"type": "object", "properties": {"name": {}, "made": {"type": "string"}}}
    doc = {"type": "object", "properties": {"meta": meta}}
    stream = [
        schema("raw", files=files, doc=doc),
        row(
            "raw",
            "a",
            None,
            files=[{"path": "cv.pdf"}],
            doc={"meta": {"name": "Mine.doc", "made": "2024-05-02"}},
            kind="resume",
        ),
        row("raw", "b", None, doc={"meta": {"name": "x", "made": "y"}}, kind="letter"),
        state(2),
    ]
    fields = {
        "resumes": {
            "candidate_id": "person.id",
            "resume_id": "number",
            "created_at": "doc.meta.made",
            "file": "local",
            "filename": "doc.meta.name",
        }
    }
    done = bench.run(
        stream,
        fields=fields,
        only={"resumes": {"kind": "resume"}},
        stream_maps={
            "raw": {"__alias__": "resumes", "number": "'r-' + id", "local": "files[0]['path']"}
        },
        flattening_enabled=True,
        flattening_max_depth=3,
        on_reject="continue",
        rejects_path=str(bench.directory / "rejects.singer"),
    )
    assert done.code == 0, done.log
    (held,) = bench.held().items()
    assert held[0] == ("1", "r-a")
    assert held[1]["filename"] == "Mine.pdf"
    assert held[1]["created_at"] == 1_714_608_000_000
    assert covered(done.states) == 2


def test_a_reject_names_its_key_and_replays(bench: Bench) -> None:
    rejects = bench.directory / "rejects.singer"
    settings = {"on_reject": "continue", "rejects_path": str(rejects), "fields": FIELDS}
    done = bench.run(
        [schema("s"), row("s", "a", None), row("s", "b", "x.pdf"), state(2)], **settings
    )
    assert done.code == 0, done.log
    kept = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [one["reject"]["code"] for one in kept if one["type"] == "RECORD"] == [
        "invalid_record",
        "file_missing",
    ]
    assert kept[1]["record"]["person"] == {"id": 1}
    bench.file("x.pdf")
    again = bench.run([], "--input", str(rejects), **settings)
    assert again.code == 0, again.log
    assert bench.held().keys() == {("1", "b")}


def test_the_summary_says_what_the_last_state_covers(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    stream = [
        schema("s"),
        *(row("s", str(number), name, kind="letter") for number in range(3)),
        row("s", "a", name, kind="resume"),
        state(4),
        row("s", "b", name, kind="resume"),
    ]
    done = bench.run(stream, fields=FIELDS, only={"kind": "resume"})
    assert "5 records read: 2 delivered" in done.log
    said = "The last state printed covers 1 of 2 records that were not filtered out."
    assert said in done.log
    assert "No state was printed." in bench.run(stream[:2], fields=FIELDS).log


def test_a_state_that_came_first_covers_nothing_and_that_is_said_in_words(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    done = bench.run([state(1), schema("s"), row("s", "a", name)], fields=FIELDS)
    assert done.code == 0, done.log
    said = "The last state printed came before the 1 records that were not filtered out"
    assert said in done.log


def test_the_first_line_says_what_is_written_and_none_counts_nothing(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    other = schema("s")
    other["schema"]["properties"]["more"] = {}
    stream = [schema("s"), row("s", "a", name), other, schema("s"), other, state(1)]
    done = bench.run(stream, fields=FIELDS)
    assert done.code == 0, done.log
    first, *others = done.log.splitlines()
    assert "This run writes to 127.0.0.1:" in first
    assert sum("Schema has changed" in line for line in others) == 1
    assert sum('"metric": "record_count"' in line or "record_count" in line for line in others) == 1


def test_a_stream_that_is_filtered_out_whole_still_prints_its_state(bench: Bench) -> None:
    stream = [schema("s"), *(row("s", str(n), None, kind="letter") for n in range(20)), state(20)]
    done = bench.run(stream, fields=FIELDS, only={"kind": "resume"})
    assert done.code == 0, done.log
    assert covered(done.states) == 20
    assert bench.sandbox.journal() == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"fields": {"fille": "x"}}, "setting 'fields.fille': no field of this target (did you"),
        ({"fields": {"file": "https://h/{x"}}, "setting 'fields.file': the brace at character 11"),
        ({"only": {"kind": []}}, "setting 'only.kind': expected"),
        ({"only": "nonsense"}, "setting 'only': this text is not valid JSON"),
        ({"fields": {"file": 5}}, "a template such as 'resumes/{id}.pdf', or a list of them"),
        (
            {"file_sources": [{"prefix": "crm.example.com"}]},
            "such as 's3://bucket' or 'https://crm.example.com'",
        ),
    ],
)
def test_settings_of_the_wrong_shape(bench: Bench, settings: dict[str, Any], said: str) -> None:
    done = bench.run([record("c", "r", "x")], **settings)
    assert done.code == 2
    assert said in done.log
    assert "***" not in done.log
    assert "Traceback" not in done.log


def test_settings_as_json_from_the_environment(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    bench.environment |= {
        "TARGET_LINKEDIN_RESUMES_FIELDS": json.dumps(FIELDS),
        "TARGET_LINKEDIN_RESUMES_ONLY": '{"kind": "resume"}',
    }
    stream = [
        schema("s"),
        row("s", "a", name, kind="resume"),
        row("s", "b", name, kind="letter"),
        state(2),
    ]
    done = bench.run(stream, "--config", "ENV")
    assert done.code == 0, done.log
    assert bench.held().keys() == {("1", "a")}


def test_ids_that_a_column_pads_are_told_once_and_kept(bench: Bench) -> None:
    name = bench.file("a.pdf")
    sent = [record("1", "r", name), record("2  ", "r", name), record("3  ", "r", name)]
    done = bench.run([SCHEMA, *sent, state(1)])
    assert done.code == 0, done.log
    assert done.log.count("field 'candidate_id' begins or ends with blanks") == 1
    assert set(bench.held()) == {("1", "r"), ("2  ", "r"), ("3  ", "r")}
