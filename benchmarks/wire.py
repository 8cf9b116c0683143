"""The little of LinkedIn's wire that the peer and the floor need, written as one would at first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote

BATCH_SIZE = 100
MAX_QUERY = 4000
BOUNDARY = "benchmark-boundary"
ORGANIZATION = "urn:li:organization:1234567890"
CONTRACT = "urn:li:contract:123456"
UPLOAD_URL = {
    "usageParameters": {"tcrmResumeParameters": {}},
    "contentType": "application/pdf",
    "hiringContext": CONTRACT,
}

Key = tuple[str, str]


class BatchCall(NamedTuple):
    """One batch call as verb, query of the URL (empty if tunnelled), headers and body."""

    verb: str
    query: str
    headers: dict[str, str]
    body: bytes


def key_of(record: dict[str, Any]) -> Key:
    """Give a record's resume key."""
    return str(record["candidate_id"]), str(record["resume_id"])


def batch_update(resumes: Sequence[tuple[Key, str, int]]) -> BatchCall:
    """Write resumes, given as key, location of the blob and epoch milliseconds."""
    entities = {
        f"tcrmCandidateId={_quoted(candidate)}&dataProvider=PARTNER"
        f"&integrationContext={ORGANIZATION}&tcrmResumeId={_quoted(resume)}": {
            "resumeFile": f"urn:li:ambryBlob:{location}",
            "tcrmCreatedAt": created_at,
        }
        for (candidate, resume), location, created_at in resumes
    }
    query = _query(key for key, _, _ in resumes)
    body = json.dumps({"entities": entities})
    headers = _headers("batch_update")
    if len(query) <= MAX_QUERY:
        return BatchCall(
            "PUT", query, headers | {"Content-Type": "application/json"}, body.encode()
        )
    headers |= {
        "X-HTTP-Method-Override": "PUT",
        "Content-Type": f"multipart/mixed; boundary={BOUNDARY}",
    }
    parts = (
        f"--{BOUNDARY}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n{query}\r\n"
        f"--{BOUNDARY}\r\nContent-Type: application/json\r\n\r\n{body}\r\n--{BOUNDARY}--\r\n"
    )
    return BatchCall("POST", "", headers, parts.encode())


def batch_delete(keys: Sequence[Key]) -> BatchCall:
    """Delete resumes."""
    query = _query(keys)
    headers = _headers("batch_delete")
    if len(query) <= MAX_QUERY:
        return BatchCall("DELETE", query, headers, b"")
    headers |= {
        "X-HTTP-Method-Override": "DELETE",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return BatchCall("POST", "", headers, query.encode())


def check(answer: bytes, keys: Iterable[Key]) -> None:
    """Raise RuntimeError unless a batch answer confirms each key."""
    confirmed = set()
    for text, result in json.loads(answer)["results"].items():
        fields = dict(parse_qsl(text))
        if 200 <= result["status"] < 300:
            confirmed.add((fields["tcrmCandidateId"], fields["tcrmResumeId"]))
    missing = [key for key in keys if key not in confirmed]
    if missing:
        raise RuntimeError(f"{len(missing)} keys were not confirmed")


def _quoted(text: str) -> str:
    return quote(text, safe=":")


def _query(keys: Iterable[Key]) -> str:
    return "&".join(
        f"ids%5B{n}%5D.tcrmCandidateId={_quoted(candidate)}"
        f"&ids%5B{n}%5D.integrationContext={ORGANIZATION}&ids%5B{n}%5D.dataProvider=PARTNER"
        f"&ids%5B{n}%5D.tcrmResumeId={_quoted(resume)}"
        for n, (candidate, resume) in enumerate(keys)
    )


def _headers(method: str) -> dict[str, str]:
    return {
        "Accept": "application/json",
        "X-RestLi-Protocol-Version": "1.0.0",
        "X-RestLi-Method": method,
    }
