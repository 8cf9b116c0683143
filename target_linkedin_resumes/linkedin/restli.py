"""Rest.li 1.0 as `tcrmCandidateResumes` speaks it: keys, query, tunnelling. Pure.

Sources: linkedin.github.io/rest.li/spec/protocol, LinkedIn's page "Sync Candidate Resumes", and
the responses of LinkedIn's open-source Rest.li server in `tests/contract/restli-vectors.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from target_linkedin_resumes.http.messages import Request
from target_linkedin_resumes.http.urls import Url
from target_linkedin_resumes.records import ResumeKey

# LinkedIn answers 414 past 4 KB of query; its own clients tunnel above 4,000.
MAX_QUERY_BYTES = 4000

DATA_PROVIDER = "PARTNER"
_KEY_FIELDS = 4
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"

# What a batch update writes: the key, the blob's URN, and the creation in epoch milliseconds.
Resume = tuple[ResumeKey, str, int]


def entity_key(key: ResumeKey, organization: str) -> str:
    """Return a key as it stands in the body, in the field order of LinkedIn's sample.

    Values are escaped as in the query, although the sample shows them raw: the server decodes
    them. The colon alone stays raw, so that ordinary keys are the sample byte for byte.
    """
    return (
        f"tcrmCandidateId={_value(key.candidate_id)}&dataProvider={DATA_PROVIDER}"
        f"&integrationContext={_value(organization)}&tcrmResumeId={_value(key.resume_id)}"
    )


def ids_query(keys: Sequence[ResumeKey], organization: str) -> str:
    """Return the query that names the keys of a batch, in the field order of LinkedIn's sample."""
    context = _value(organization)
    return "&".join(
        f"ids%5B{n}%5D.tcrmCandidateId={_value(key.candidate_id)}"
        f"&ids%5B{n}%5D.integrationContext={context}"
        f"&ids%5B{n}%5D.dataProvider={DATA_PROVIDER}"
        f"&ids%5B{n}%5D.tcrmResumeId={_value(key.resume_id)}"
        for n, key in enumerate(keys)
    )


def batch_update(url: Url, organization: str, resumes: Sequence[Resume]) -> Request:
    """Make the request that writes up to 100 resumes; each key may occur once."""
    query = ids_query([key for key, _, _ in resumes], organization)
    entities = {
        entity_key(key, organization): {"resumeFile": blob, "tcrmCreatedAt": created_at}
        for key, blob, created_at in resumes
    }
    # On one line: Rest.li cuts a tunnelled body at a line that begins like the boundary.
    body = json.dumps({"entities": entities}, separators=(",", ":"))
    headers = _headers("batch_update")
    if len(query) <= MAX_QUERY_BYTES:
        direct = Url(url.origin, f"{url.target}?{query}")
        return Request("PUT", direct, headers | {"Content-Type": _JSON}, body.encode())
    boundary = _boundary(query, body)
    parts = (
        f"--{boundary}\r\nContent-Type: {_FORM}\r\n\r\n{query}\r\n"
        f"--{boundary}\r\nContent-Type: {_JSON}\r\n\r\n{body}\r\n"
        f"--{boundary}--\r\n"
    )
    headers |= {
        "X-HTTP-Method-Override": "PUT",
        "Content-Type": f"multipart/mixed; boundary={boundary}",
    }
    return Request("POST", url, headers, parts.encode())


def batch_delete(url: Url, organization: str, keys: Sequence[ResumeKey]) -> Request:
    """Make the request that deletes up to 100 resumes; each key may occur once."""
    query = ids_query(keys, organization)
    headers = _headers("batch_delete")
    if len(query) <= MAX_QUERY_BYTES:
        return Request("DELETE", Url(url.origin, f"{url.target}?{query}"), headers)
    headers |= {"X-HTTP-Method-Override": "DELETE", "Content-Type": _FORM}
    return Request("POST", url, headers, query.encode())


def is_tunnelled(request: Request) -> bool:
    """Tell whether a request carries its query in its body."""
    return "X-HTTP-Method-Override" in request.headers


def direct_parts(keys: Sequence[ResumeKey], organization: str) -> Iterator[list[ResumeKey]]:
    """Cut a batch into parts whose queries need no tunnelling; an overlong key is one of its own.

    Indices grow by a digit at the most, so that each key is counted with two.
    """
    part: list[ResumeKey] = []
    length = 0
    for key in keys:
        more = len(ids_query([key], organization)) + 1 + _KEY_FIELDS
        if part and length + more > MAX_QUERY_BYTES:
            yield part
            part, length = [], 0
        part.append(key)
        length += more
    if part:
        yield part


def _value(text: str) -> str:
    return quote(text, safe=":")


def _headers(method: str) -> dict[str, str]:
    return {
        "Accept": _JSON,
        "X-RestLi-Protocol-Version": "1.0.0",
        "X-RestLi-Method": method,
    }


def _boundary(query: str, body: str) -> str:
    n = 0
    while (boundary := f"resumes-{n}") in query or boundary in body:
        n += 1
    return boundary
