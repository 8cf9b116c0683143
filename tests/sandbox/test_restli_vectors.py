"""The framework part answers as LinkedIn's open-source server did, message for message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from target_linkedin_resumes.sandbox.keys import read_key, write_key
from target_linkedin_resumes.sandbox.restli import decode
from target_linkedin_resumes.sandbox.tunnel import Request, unpacked

from .vectors import ENTITY, PATH, VECTORS, key_from, request_from, stand_in

KEYS = VECTORS["vectors"]
FORMS = [
    ("send_protocol_1_0_sample_compatible", "1.0.0"),
    ("send_protocol_1_0", "1.0.0"),
    ("send_protocol_2_0", "2.0.0"),
    ("java_client_protocol_2_0", "2.0.0"),
]


@pytest.mark.parametrize("case", VECTORS["server_behaviour"], ids=lambda case: case["id"])
def test_server_behaviour(case: dict[str, Any]) -> None:
    expected = case["server"]
    status, message, body = stand_in(request_from(case["request"]))
    assert status == expected["http"]
    if "message" in expected:
        assert message is not None
        recorded = expected["message"]
        # Records cut messages off; the two Java dumps differ in where their modules were loaded.
        shown = recorded.partition(" (java.lang")[0]
        assert message.startswith(shown)
    if "results" in expected:
        assert len(body["results"]) == expected["results"]
        assert len(body["errors"]) == expected["errors"]
    if "body" in expected:
        assert body == expected["body"]


@pytest.mark.parametrize("vector", KEYS, ids=lambda vector: vector["id"])
@pytest.mark.parametrize(("form", "protocol"), FORMS)
def test_key_survives_query_body_and_answer(
    vector: dict[str, Any], form: str, protocol: str
) -> None:
    sent, key = vector[form], key_from(vector["key"])
    body = json.dumps({"entities": {sent["body_entity_key"]: ENTITY}}).encode()
    headers = {"x-restli-protocol-version": protocol}
    uri = f"{PATH}?{sent['query']}"
    update = decode(Request("PUT", uri, headers, body), path=PATH, largest=100)
    assert update.keys == (key,)
    assert update.entities == {key: ENTITY}
    assert decode(Request("DELETE", uri, headers, b""), path=PATH, largest=100).keys == (key,)
    received = vector[f"receive_protocol_{protocol[:3].replace('.', '_')}_results_key"]
    assert write_key(key, protocol=protocol) == received
    assert read_key(received, protocol=protocol) == key


@pytest.mark.parametrize("vector", KEYS, ids=lambda vector: vector["id"])
def test_java_clients_query_is_read(vector: dict[str, Any]) -> None:
    uri = f"{PATH}?{vector['java_client_protocol_1_0']['query']}"
    batch = decode(Request("DELETE", uri, {}, b""), path=PATH, largest=100)
    assert batch.keys == (key_from(vector["key"]),)


@pytest.mark.parametrize("vector", KEYS, ids=lambda vector: vector["id"])
def test_unescaped_body_key(vector: dict[str, Any]) -> None:
    sample = vector["unescaped_body_key_as_in_linkedin_sample"]
    body = json.dumps({"entities": {sample["body_entity_key"]: ENTITY}}).encode()
    uri = f"{PATH}?{vector['send_protocol_1_0']['query']}"
    status, message, _ = stand_in(Request("PUT", uri, {}, body))
    assert status == sample["server"]["http"]
    if "message" in sample["server"]:
        assert message is not None
        assert message.startswith(sample["server"]["message"])


@pytest.mark.parametrize("vector", VECTORS["batch_vectors"], ids=lambda vector: vector["id"])
def test_batch_queries(vector: dict[str, Any]) -> None:
    queries = {name: text for name, text in vector.items() if "query" in name}
    assert queries
    for name, query in queries.items():
        protocol = "2.0.0" if name.endswith("2_0") else "1.0.0"
        headers = {"x-restli-protocol-version": protocol}
        batch = decode(Request("DELETE", f"{PATH}?{query}", headers, b""), path=PATH, largest=100)
        assert set(batch.keys) == {key_from(key) for key in vector["keys"]}


@pytest.mark.parametrize("vector", VECTORS["tunnel_vectors"], ids=lambda vector: vector["id"])
def test_tunnelled_requests_unpack(vector: dict[str, Any]) -> None:
    original, tunnelled = request_from(vector["input"]), request_from(vector["output"])
    found = unpacked(tunnelled)
    assert (found.method, found.uri, found.body) == (original.method, original.uri, original.body)
    assert stand_in(tunnelled) == stand_in(original)
