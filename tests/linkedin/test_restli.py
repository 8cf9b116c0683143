from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.http.messages import Request
from target_linkedin_resumes.http.urls import parse_url
from target_linkedin_resumes.linkedin.answers import BatchAnswer, KeyResult, read_batch
from target_linkedin_resumes.linkedin.restli import (
    MAX_QUERY_BYTES,
    batch_delete,
    batch_update,
    direct_parts,
    entity_key,
    ids_query,
    is_tunnelled,
)
from target_linkedin_resumes.records import ResumeKey

from .fakes import ORGANIZATION

URL = parse_url("https://api.linkedin.com/v2/tcrmCandidateResumes")
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
KEYS = st.lists(st.builds(ResumeKey, IDS, IDS), min_size=1, max_size=30, unique=True)
BLOB = "urn:li:ambryBlob:/AAYU.pdf"


# How Rest.li reads a request and writes an answer, with nothing of the code under test.


def form_decoded(text: str) -> str:
    """As java.net.URLDecoder."""
    raw = re.sub(
        rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), text.encode().replace(b"+", b" ")
    )
    return raw.decode("utf-8")


def form_encoded(text: str) -> str:
    """As java.net.URLEncoder."""
    plain = re.compile(r"[A-Za-z0-9.*_-]")
    return "".join(
        c
        if plain.fullmatch(c)
        else "+"
        if c == " "
        else "".join(f"%{byte:02X}" for byte in c.encode())
        for c in text
    )


def as_server_reads_key(text: str) -> dict[str, str]:
    pairs = [pair.split("=", 1) for pair in text.split("&")]
    assert len({name for name, _ in pairs}) == len(pairs)
    return {name: form_decoded(value) for name, value in pairs}


def as_server_reads_query(query: str) -> list[dict[str, str]]:
    assert re.fullmatch(r"[!-~]*", query)
    assert "#" not in query
    keys: dict[int, dict[str, str]] = {}
    for pair in query.split("&"):
        name, value = pair.split("=", 1)
        match = re.fullmatch(r"ids\[(\d+)\]\.(\w+)", form_decoded(name))
        assert match is not None
        key = keys.setdefault(int(match[1]), {})
        assert match[2] not in key
        key[match[2]] = form_decoded(value)
    return [keys[n] for n in range(len(keys))]


def as_server_writes_key(fields: dict[str, str]) -> str:
    return "&".join(f"{name}={form_encoded(fields[name])}" for name in sorted(fields))


def fields_of(key: ResumeKey) -> dict[str, str]:
    return {
        "tcrmCandidateId": key.candidate_id,
        "dataProvider": "PARTNER",
        "integrationContext": ORGANIZATION,
        "tcrmResumeId": key.resume_id,
    }


def as_server_reads(request: Request) -> tuple[str, str, dict[str, Any] | None]:
    """Method, query and JSON of a request, tunnelled or not."""
    path, _, query = request.url.target.partition("?")
    assert path == "/v2/tcrmCandidateResumes"
    body = request.body or b""
    assert isinstance(body, bytes)
    if request.method != "POST":
        return request.method, query, json.loads(body) if body else None
    assert not query
    content_type = request.headers["Content-Type"]
    if content_type == "application/x-www-form-urlencoded":
        return request.headers["X-HTTP-Method-Override"], body.decode("ascii"), None
    boundary = content_type.removeprefix("multipart/mixed; boundary=").encode()
    first, form, data, last = body.split(b"--" + boundary)
    assert (first, last) == (b"", b"--\r\n")
    form_head, _, form_body = form.strip(b"\r\n").partition(b"\r\n\r\n")
    data_head, _, data_body = data.strip(b"\r\n").partition(b"\r\n\r\n")
    assert form_head == b"Content-Type: application/x-www-form-urlencoded"
    assert data_head == b"Content-Type: application/json"
    assert b"\n" not in data_body
    return (
        request.headers["X-HTTP-Method-Override"],
        form_body.decode("ascii"),
        json.loads(data_body),
    )


@given(KEYS)
def test_any_ids_survive_an_update(keys: list[ResumeKey]) -> None:
    request = batch_update(URL, ORGANIZATION, [(key, BLOB, 1670935153000) for key in keys])
    method, query, body = as_server_reads(request)
    assert method == "PUT"
    assert body is not None
    wanted = [fields_of(key) for key in keys]
    assert as_server_reads_query(query) == wanted
    assert [as_server_reads_key(key) for key in body["entities"]] == wanted
    assert all(
        value == {"resumeFile": BLOB, "tcrmCreatedAt": 1670935153000}
        for value in body["entities"].values()
    )


@given(KEYS)
def test_any_ids_survive_a_delete_and_its_answer(keys: list[ResumeKey]) -> None:
    request = batch_delete(URL, ORGANIZATION, keys)
    method, query, body = as_server_reads(request)
    assert (method, body) == ("DELETE", None)
    asked = as_server_reads_query(query)
    answer = {"results": {as_server_writes_key(key): {"status": 204} for key in reversed(asked)}}
    read = read_batch(json.dumps(answer).encode(), ORGANIZATION, keys)
    assert read == BatchAnswer(dict.fromkeys(keys, KeyResult(204)))


def key_of_query_length(length: int) -> list[ResumeKey]:
    short = len(ids_query([ResumeKey("c", "r")], ORGANIZATION))
    return [ResumeKey("c" * (1 + length - short), "r")]


def test_a_query_of_4000_bytes_goes_directly() -> None:
    keys = key_of_query_length(MAX_QUERY_BYTES)
    update = batch_update(URL, ORGANIZATION, [(keys[0], BLOB, 1670935153000)])
    delete = batch_delete(URL, ORGANIZATION, keys)
    for request, method in ((update, "PUT"), (delete, "DELETE")):
        assert request.method == method
        assert len(request.url.target.partition("?")[2]) == MAX_QUERY_BYTES == 4000
        assert "X-HTTP-Method-Override" not in request.headers
    assert update.headers["Content-Type"] == "application/json"
    assert delete.body is None
    assert "Content-Type" not in delete.headers


def test_a_query_of_4001_bytes_is_tunnelled() -> None:
    keys = key_of_query_length(MAX_QUERY_BYTES + 1)
    update = batch_update(URL, ORGANIZATION, [(keys[0], BLOB, 1670935153000)])
    delete = batch_delete(URL, ORGANIZATION, keys)
    for request, method in ((update, "PUT"), (delete, "DELETE")):
        assert request.method == "POST"
        assert request.url.target == "/v2/tcrmCandidateResumes"
        assert request.headers["X-HTTP-Method-Override"] == method
        assert len(as_server_reads(request)[1]) == 4001


def test_says_protocol_and_method_in_each_form() -> None:
    long, short = [ResumeKey("c" * 4000, "r")], [ResumeKey("c", "r")]
    for keys in (long, short):
        update = batch_update(URL, ORGANIZATION, [(keys[0], BLOB, 1670935153000)])
        delete = batch_delete(URL, ORGANIZATION, keys)
        for request, method in ((update, "batch_update"), (delete, "batch_delete")):
            assert request.headers["X-RestLi-Method"] == method
            assert request.headers["X-RestLi-Protocol-Version"] == "1.0.0"
            assert request.headers["Accept"] == "application/json"


def test_the_boundary_occurs_in_neither_part() -> None:
    keys = [ResumeKey("resumes-0 --resumes-1" + "x" * 4000, "resumes-3")]
    request = batch_update(URL, ORGANIZATION, [(keys[0], "--resumes-2", 1670935153000)])
    assert request.headers["Content-Type"] == "multipart/mixed; boundary=resumes-4"
    method, query, body = as_server_reads(request)
    assert method == "PUT"
    assert as_server_reads_query(query) == [fields_of(keys[0])]
    assert body is not None


def test_ordinary_keys_are_as_in_linkedins_sample() -> None:
    key = ResumeKey("tcrmCandidateId100", "resumeid100")
    assert entity_key(key, ORGANIZATION) == (
        "tcrmCandidateId=tcrmCandidateId100&dataProvider=PARTNER"
        "&integrationContext=urn:li:organization:1234567890&tcrmResumeId=resumeid100"
    )


@given(KEYS)
def test_parts_hold_each_key_once_and_need_no_tunnel(keys: list[ResumeKey]) -> None:
    many = [ResumeKey(key.candidate_id, f"{n}{key.resume_id}") for n in range(4) for key in keys]
    many = many[:100]
    parts = list(direct_parts(many, ORGANIZATION))
    assert [key for part in parts for key in part] == many
    assert not any(is_tunnelled(batch_delete(URL, ORGANIZATION, part)) for part in parts)


def test_a_key_too_long_for_a_direct_call_is_a_part_of_its_own() -> None:
    short, long = ResumeKey("c", "r"), ResumeKey("c" * 4000, "r")
    parts = list(direct_parts([short, long, short], ORGANIZATION))
    assert parts == [[short], [long], [short]]
    assert is_tunnelled(batch_delete(URL, ORGANIZATION, [long]))
