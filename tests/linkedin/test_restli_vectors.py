"""Recorded answers of LinkedIn's open-source Rest.li server, protocol 1.0.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.http.urls import parse_url
from target_linkedin_resumes.linkedin.answers import BatchAnswer, KeyResult, read_batch
from target_linkedin_resumes.linkedin.restli import (
    batch_delete,
    batch_update,
    entity_key,
    ids_query,
)
from target_linkedin_resumes.records import ResumeKey

from .test_restli import as_server_reads_key, as_server_reads_query

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "contract" / "restli-vectors.json").read_text("utf-8")
)
KEYS = {vector["id"]: vector for vector in VECTORS["vectors"]}
BATCHES = {vector["id"]: vector for vector in VECTORS["batch_vectors"]}
ANSWERS = {
    behaviour["id"]: behaviour["server"]["body"]
    for behaviour in VECTORS["server_behaviour"]
    if "results" in (behaviour["server"].get("body") or ())
}
URL = parse_url("https://api.linkedin.com/tcrmCandidateResumes")


def key_of(fields: dict[str, str]) -> ResumeKey:
    assert fields["dataProvider"] == "PARTNER"
    return ResumeKey(fields["tcrmCandidateId"], fields["tcrmResumeId"])


@pytest.mark.parametrize("name", KEYS)
def test_sends_a_key_byte_for_byte(name: str) -> None:
    vector = KEYS[name]
    key, organization = key_of(vector["key"]), vector["key"]["integrationContext"]
    expected = vector["send_protocol_1_0_sample_compatible"]
    assert ids_query([key], organization) == expected["query"]
    assert entity_key(key, organization) == expected["body_entity_key"]


@pytest.mark.parametrize("name", KEYS)
def test_reads_a_key_of_an_answer(name: str) -> None:
    vector = KEYS[name]
    key = key_of(vector["key"])
    for written in ("receive_protocol_1_0_results_key", "receive_protocol_2_0_results_key"):
        body = json.dumps({"results": {vector[written]: {"status": 204}}}).encode()
        read = read_batch(body, vector["key"]["integrationContext"], [key])
        assert read == BatchAnswer({key: KeyResult(204)})


@pytest.mark.parametrize(
    ("name", "form"),
    [
        (name, form)
        for name, vector in BATCHES.items()
        for form in ("send_query_1_0", "java_client_query_1_0")
        if form in vector
    ],
)
def test_names_the_same_keys_as_other_clients(name: str, form: str) -> None:
    vector = BATCHES[name]
    keys = [key_of(fields) for fields in vector["keys"]]
    ours = as_server_reads_query(ids_query(keys, vector["keys"][0]["integrationContext"]))
    assert ours == as_server_reads_query(vector[form])


def test_tunnels_an_update_as_linkedins_java_client_does() -> None:
    vector = next(v for v in VECTORS["tunnel_vectors"] if v["id"] == "TUN-PUT-java")
    theirs = vector["output"]
    entities = json.loads(vector["input"]["body"])["entities"]
    decoded = {text: as_server_reads_key(text) for text in entities}
    organization = next(iter(decoded.values()))["integrationContext"]
    padding = (ResumeKey("x" * 4000, "padding"), "urn:li:ambryBlob:/p.pdf", 1670935153000)
    resumes = [
        (key_of(decoded[text]), entity["resumeFile"], entity["tcrmCreatedAt"])
        for text, entity in entities.items()
    ]
    ours = batch_update(URL, organization, [*resumes, padding])
    assert (ours.method, ours.url.target) == (theirs["method"], theirs["uri"])
    for name in ("X-RestLi-Method", "X-HTTP-Method-Override", "X-RestLi-Protocol-Version"):
        assert ours.headers[name] == theirs["headers"][name]
    assert ours.headers["Content-Type"].startswith("multipart/mixed; boundary=")
    assert isinstance(ours.body, bytes)
    boundary = ours.headers["Content-Type"].partition("=")[2].encode()
    their_boundary = theirs["headers"]["Content-Type"].partition('"')[2].rstrip('"')
    # The same frame, with what differs by intent (boundary, field order, padding) taken out.
    query = ids_query([key for key, _, _ in (*resumes, padding)], organization).encode()
    data = ours.body.split(b"\r\n")[-3]
    frame = ours.body.replace(query, b"<query>").replace(data, b"<json>").replace(boundary, b"B")
    their_query = vector["input"]["uri"].partition("?")[2]
    their_frame = (
        theirs["body"]
        .replace(their_query, "<query>")
        .replace(vector["input"]["body"], "<json>")
        .replace(their_boundary, "B")
    )
    assert frame.decode() == their_frame
    sent = {
        json.dumps(as_server_reads_key(text), sort_keys=True): entity
        for text, entity in json.loads(data)["entities"].items()
    }
    for text, entity in entities.items():
        assert sent[json.dumps(decoded[text], sort_keys=True)] == entity


def test_tunnels_a_delete_as_linkedins_java_client_does() -> None:
    vector = next(v for v in VECTORS["tunnel_vectors"] if v["id"] == "TUN-DELETE-java")
    theirs = vector["output"]
    wanted = as_server_reads_query(theirs["body"])
    padding = ResumeKey("x" * 4000, "padding")
    organization = wanted[0]["integrationContext"]
    ours = batch_delete(URL, organization, [*(key_of(fields) for fields in wanted), padding])
    assert (ours.method, ours.url.target) == (theirs["method"], theirs["uri"])
    for name, value in theirs["headers"].items():
        if name != "Content-Length":
            assert ours.headers[name] == value
    assert isinstance(ours.body, bytes)
    assert as_server_reads_query(ours.body.decode())[:-1] == wanted


@pytest.mark.parametrize("name", ANSWERS)
def test_reads_recorded_answers(name: str) -> None:
    body = ANSWERS[name]
    texts = [*body["results"], *body.get("errors", {})]
    organization = as_server_reads_key(texts[0])["integrationContext"]
    ours = [text for text in texts if as_server_reads_key(text)["dataProvider"] == "PARTNER"]
    keys = {key_of(as_server_reads_key(text)) for text in ours}
    read = read_batch(json.dumps(body).encode(), organization, keys).of_keys
    assert set(read) == keys
    for text in ours:
        result = read[key_of(as_server_reads_key(text))]
        failed = text in body.get("errors", {})
        assert result.delivered is not failed


def test_there_are_recorded_answers() -> None:
    assert len(ANSWERS) >= 1
    assert len(KEYS) == 20
