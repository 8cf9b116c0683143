"""A sample of the recorded behaviour over HTTP, with the resource that LinkedIn's page describes.

The whole is in test_restli_vectors.py, without HTTP. That resource is stricter than the stand-in
the vectors were recorded with, and a gateway stands before it; ``DIFFERENT`` names each case where
this shows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from target_linkedin_resumes.sandbox.blobs import Blob

from .client import Client
from .vectors import ENTITY, PATH, VECTORS, request_from

if TYPE_CHECKING:
    from target_linkedin_resumes.sandbox.server import Running
    from target_linkedin_resumes.sandbox.state import State

DIFFERENT: dict[str, tuple[int, int, int, str]] = {
    # case: status, results, errors, reason
    "delete-101": (414, 0, 0, "the gateway refuses a query beyond 4 KB before it is read"),
    "missing-required-in-entity": (200, 1, 1, "entities are validated"),
    "wrongtype-in-entity": (200, 1, 1, "entities are validated"),
    "partial-error-put": (200, 2, 0, "ids that begin with err are ids like others"),
    "missing-key-field": (400, 0, 0, "a gateway refuses ids that are none"),
    "b-ids-scalar": (400, 0, 0, "likewise"),
    "b-ids-list-1.0": (400, 0, 0, "likewise"),
    "b-2.0-encoded-structure": (400, 0, 0, "likewise"),
    "unknown-field-in-key": (200, 0, 1, "keys have the four documented fields"),
}

# And of each kind one that does what was recorded: tunnelled and not, refused and not, by header,
# by query and by body.
ALIKE = {
    "t-crlf",
    "t-quoted-boundary",
    "t-no-override",
    "t-newline-after-query",
    "t-query-in-url-too",
    "t-del-form",
    "t-del-multipart",
    "b-dup-encodings",
    "b-ids-reversed",
    "seed-put",
    "seed-delete",
    "no-ids-put",
    "protocol-3",
    "bad-json",
    "content-type-form",
    "accept-xml",
    "unknown-resource",
    "post-batch",
}
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in VECTORS["server_behaviour"]}


def with_file(state: State) -> None:
    state.blobs.add(Blob(ENTITY["resumeFile"], "sandbox", "0" * 64, 1, "text/plain", "a.txt"))  # type: ignore[arg-type] # the urn is a text


@pytest.mark.parametrize("name", [*DIFFERENT, *sorted(ALIKE)])
def test_server_behaviour(client: Client, sandbox: Running, name: str) -> None:
    case = CASES[name]
    sandbox.ask(with_file)
    request, expected = request_from(case["request"]), case["server"]
    answer = client.call(request.method, f"/v2{request.uri}", request.body, request.headers)
    counts = (expected.get("results", 0), expected.get("errors", 0))
    status, results, errors, _ = DIFFERENT.get(name, (expected["http"], *counts, ""))
    assert answer.status == status
    if status != 200:
        return
    document = answer.document
    found = (len(document["results"]), len(document["errors"]))
    statuses = {error["status"] for error in document["errors"].values()}
    if statuses == {404}:
        # The stand-in deletes what is not there.
        assert sum(found) == results + errors
    else:
        assert found == (results, errors)


@pytest.mark.parametrize("form", ["send_protocol_1_0_sample_compatible", "send_protocol_1_0"])
def test_every_key_is_held_under_its_own_ids(client: Client, sandbox: Running, form: str) -> None:
    sandbox.ask(with_file)
    headers = {"content-type": "application/json", "x-restli-method": "batch_update"}
    for vector in VECTORS["vectors"]:
        body = json.dumps({"entities": {vector[form]["body_entity_key"]: ENTITY}})
        answer = client.batch("PUT", f"/v2{PATH}?{vector[form]['query']}", body, headers)
        assert answer.document["results"] == {
            vector["receive_protocol_1_0_results_key"]: {"status": 204}
        }
    held = {(r["candidate_id"], r["resume_id"]) for r in sandbox.snapshot()["resumes"]}
    keys = [vector["key"] for vector in VECTORS["vectors"]]
    assert held == {(key["tcrmCandidateId"], key["tcrmResumeId"]) for key in keys}


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pairs=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=60, unique=True))
def test_any_ids_survive(client: Client, sandbox: Running, pairs: list[tuple[str, str]]) -> None:
    sandbox.ask(with_file)
    urn = str(ENTITY["resumeFile"])
    assert client.update(pairs, urn).statuses() == dict.fromkeys(pairs, 204)
    held = {(r["candidate_id"], r["resume_id"]) for r in sandbox.snapshot()["resumes"]}
    assert held == set(pairs)
    assert client.delete(pairs).statuses() == dict.fromkeys(pairs, 204)
    assert sandbox.snapshot()["resume_count"] == 0
    assert sandbox.snapshot()["breaches"] == []
