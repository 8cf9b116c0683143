"""Rest.li 1.0 as `tcrmCandidateResumes` speaks it: keys, query, tunnelling, batch responses. Pure.

Sources: linkedin.github.io/rest.li/spec/protocol, LinkedIn's page "Sync Candidate Resumes", and
the responses of LinkedIn's open-source Rest.li server in `tests/contract/restli-vectors.json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote_plus

from target_linkedin_resumes.http.messages import Request
from target_linkedin_resumes.http.urls import Url
from target_linkedin_resumes.records import ResumeKey

# LinkedIn answers 414 past 4 KB of query; its own clients tunnel above 4,000.
MAX_QUERY_BYTES = 4000

_DATA_PROVIDER = "PARTNER"
_KEY_FIELDS = frozenset({"tcrmCandidateId", "integrationContext", "dataProvider", "tcrmResumeId"})
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_STATUS = re.compile(r"[1-5][0-9][0-9]")


@dataclass(frozen=True, slots=True)
class Resume:
    """What a batch update writes for one key; ``created_at`` in epoch milliseconds."""

    key: ResumeKey
    blob: str
    created_at: int


@dataclass(frozen=True, slots=True)
class KeyResult:
    """What a batch response says of one key.

    ``status`` is None where it was absent or no HTTP status. ``error`` is None for a key that
    stands in ``results``; all its fields are optional.
    """

    status: int | None
    error: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def delivered(self) -> bool:
        """Whether LinkedIn confirmed the write for this very key."""
        return self.error is None and self.status is not None and 200 <= self.status < 300


def entity_key(key: ResumeKey, organization: str) -> str:
    """Return a key as it stands in the body, in the field order of LinkedIn's sample.

    Values are escaped as in the query, although the sample shows them raw: the server decodes
    them. The colon alone stays raw, so that ordinary keys are the sample byte for byte.
    """
    return (
        f"tcrmCandidateId={_value(key.candidate_id)}&dataProvider={_DATA_PROVIDER}"
        f"&integrationContext={_value(organization)}&tcrmResumeId={_value(key.resume_id)}"
    )


def ids_query(keys: Sequence[ResumeKey], organization: str) -> str:
    """Return the query that names the keys of a batch, in the field order of LinkedIn's sample."""
    context = _value(organization)
    return "&".join(
        f"ids%5B{n}%5D.tcrmCandidateId={_value(key.candidate_id)}"
        f"&ids%5B{n}%5D.integrationContext={context}"
        f"&ids%5B{n}%5D.dataProvider={_DATA_PROVIDER}"
        f"&ids%5B{n}%5D.tcrmResumeId={_value(key.resume_id)}"
        for n, key in enumerate(keys)
    )


def batch_update(url: Url, organization: str, resumes: Sequence[Resume]) -> Request:
    """Make the request that writes up to 100 resumes; each key may occur once."""
    query = ids_query([resume.key for resume in resumes], organization)
    entities = {
        entity_key(resume.key, organization): {
            "resumeFile": resume.blob,
            "tcrmCreatedAt": resume.created_at,
        }
        for resume in resumes
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


def read_batch(body: bytes, organization: str) -> dict[ResumeKey, KeyResult]:
    """Read the body of a batch's response, key by key.

    Keys come form-encoded in an order of their own and are compared decoded. Those of another
    organization or provider, and those that cannot be read, are left out: a key that is not in
    the result was not delivered. Raises ValueError for a body that is no batch response.
    """
    try:
        content = json.loads(body, object_pairs_hook=_unique)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - a body, not an argument, is wrong
    results, errors = content.get("results"), content.get("errors")
    if results is None and errors is None:
        raise ValueError("neither 'results' nor 'errors'")
    read: dict[ResumeKey, KeyResult] = {}
    for text, value in _entries(results):
        result = KeyResult(_status(value.get("status")))
        key = _decode(text, organization)
        # One key in two spellings: the worse result counts.
        if key is not None and (key not in read or not result.delivered):
            read[key] = result
    for text, value in _entries(errors):
        key = _decode(text, organization)
        if key is not None:
            read[key] = KeyResult(_status(value.get("status")), value)
    return read


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


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of unique names: of two values for one key, neither is to be believed."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return read


def _entries(section: object) -> list[tuple[str, Mapping[str, Any]]]:
    if section is None:
        return []
    if not isinstance(section, dict):
        raise ValueError("a section is no object")  # noqa: TRY004 - as above
    return [(key, value if isinstance(value, dict) else {}) for key, value in section.items()]


def _decode(text: str, organization: str) -> ResumeKey | None:
    pairs = [pair.partition("=") for pair in text.split("&")]
    try:
        fields = {_decoded(name): _decoded(value) for name, _, value in pairs}
    except UnicodeDecodeError:
        return None
    if len(pairs) != len(_KEY_FIELDS) or fields.keys() != _KEY_FIELDS:
        return None
    if (fields["dataProvider"], fields["integrationContext"]) != (_DATA_PROVIDER, organization):
        return None
    return ResumeKey(fields["tcrmCandidateId"], fields["tcrmResumeId"])


def _decoded(text: str) -> str:
    return _unescaped(text) if "%" in text or "+" in text else text


@lru_cache(maxsize=256)  # each key of each response names the same organization
def _unescaped(text: str) -> str:
    # Strict: with replacement characters, a broken key could pass for another.
    return unquote_plus(text, errors="strict")


def _status(value: object) -> int | None:
    if isinstance(value, str) and _STATUS.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:
        return value
    return None
