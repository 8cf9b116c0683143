"""Recorded answers of LinkedIn's open-source Rest.li server, and a stand-in for its resource."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from target_linkedin_resumes.sandbox.keys import Key
from target_linkedin_resumes.sandbox.restli import Batch, Outcome, Refusal, decode, encode
from target_linkedin_resumes.sandbox.tunnel import Request, TunnelFault

_FILE = Path(__file__).parents[1] / "contract" / "restli-vectors.json"
VECTORS: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
FIELDS = ("dataProvider", "integrationContext", "tcrmCandidateId", "tcrmResumeId")
PATH = "/tcrmCandidateResumes"
ENTITY = {"resumeFile": "urn:li:ambryBlob:/AAY.txt", "tcrmCreatedAt": 1670935153000}


def key_from(vector: dict[str, str]) -> Key:
    return tuple(sorted(vector.items()))


def request_from(recorded: dict[str, Any]) -> Request:
    uri = recorded["uri"]
    if uri == "(101 ids)":
        uri = PATH + "?" + query_of([f"c{n}" for n in range(101)])
    headers = {name.lower(): value for name, value in recorded["headers"].items()}
    return Request(recorded["method"], uri, headers, (recorded.get("body") or "").encode())


def query_of(candidates: list[str]) -> str:
    return "&".join(
        f"ids%5B{n}%5D.tcrmCandidateId={candidate}"
        f"&ids%5B{n}%5D.integrationContext=urn:li:organization:1"
        f"&ids%5B{n}%5D.dataProvider=PARTNER&ids%5B{n}%5D.tcrmResumeId=r"
        for n, candidate in enumerate(candidates)
    )


def stand_in(request: Request) -> tuple[int, str | None, dict[str, Any]]:
    """Status, message and body of the framework over the resource the vectors were recorded with.

    That resource answers 204 unless the resume's id starts with ``err``, takes any key that has
    the four fields, and looks at no entity.
    """
    try:
        batch = decode(request, path=PATH, largest=100)
    except (Refusal, TunnelFault) as fault:
        return fault.status, fault.message, {}
    if any(field not in dict(key) for key in batch.keys for field in FIELDS):
        return 500, "INTERNAL SERVER ERROR", {}
    answer = encode(((key, _outcome(batch, key)) for key in batch.keys), protocol=batch.protocol)
    return 200, None, json.loads(answer)


def _outcome(batch: Batch, key: Key) -> Outcome:
    if not dict(key)["tcrmResumeId"].startswith("err"):
        return Outcome(204)
    if batch.operation == "batch_delete":
        return Outcome(404, "no such resume")
    return Outcome(400, "bad one")
