"""The resource: candidates' resumes as LinkedIn holds them, and the rules for changing them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .restli import MalformedIds, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .blobs import Blob, Blobs
    from .breaches import Breaches
    from .keys import Key

_KEY_FIELDS = ("dataProvider", "integrationContext", "tcrmCandidateId", "tcrmResumeId")
_ENTITY_FIELDS = {"resumeFile", "tcrmCreatedAt"}
_ORGANIZATION = re.compile(r"urn:li:organization:[0-9]+\Z")
# Below: seconds, or before March 1973. From the second on: microseconds, or after the year 2286.
_EARLIEST, _LATEST = 10**11, 10**13


@dataclass(frozen=True, slots=True)
class Resume:
    """A resume held; times are in epoch milliseconds."""

    candidate_id: str
    resume_id: str
    integration_context: str
    created_at: int
    blob: Blob
    written_at: int
    """When a batch update wrote it last."""

    def shown(self) -> dict[str, Any]:
        """As ``GET /sandbox/state`` shows it."""
        return {
            "candidate_id": self.candidate_id,
            "resume_id": self.resume_id,
            "integration_context": self.integration_context,
            "resume_file": self.blob.urn,
            "created_at": self.created_at,
            "sha256": self.blob.sha256,
            "size": self.blob.size,
            "content_type": self.blob.content_type,
            "filename": self.blob.filename,
        }


def pair_of(key: Key) -> tuple[str, str]:
    """Candidate id and resume id of a key; what is missing is empty."""
    fields = dict(key)
    return fields.get("tcrmCandidateId", ""), fields.get("tcrmResumeId", "")


def check_complete(keys: tuple[Key, ...]) -> None:
    """Raise MalformedIds for a key that lacks a field."""
    for key in keys:
        names = [field for field, _ in key]
        if any(names.count(field) != 1 for field in _KEY_FIELDS):
            raise MalformedIds(500, "INTERNAL SERVER ERROR")


class Resumes:
    """All resumes held, by key, in the order in which they were written last.

    ``held`` may be read at any time; ``changes`` counts what was done to it.
    """

    def __init__(self, blobs: Blobs, breaches: Breaches) -> None:
        self.held: dict[Key, Resume] = {}
        self.changes = 0
        self._blobs = blobs
        self._breaches = breaches

    def update(self, key: Key, entity: Mapping[str, Any], client: str, now: float) -> Outcome:
        """Create or replace one resume."""
        fault = self._key_fault(key, "batch_update") or self._entity_fault(entity)
        if fault is not None:
            return fault
        blob = self._blobs.get(entity["resumeFile"])
        if blob is None or blob.client != client:
            return Outcome(400, "resumeFile does not exist")
        if blob.expires_at is not None and blob.expires_at <= now:
            return Outcome(400, "resumeFile has expired")
        fields = dict(key)
        self.changes += 1
        self.held.pop(key, None)
        self.held[key] = Resume(
            candidate_id=fields["tcrmCandidateId"],
            resume_id=fields["tcrmResumeId"],
            integration_context=fields["integrationContext"],
            created_at=entity["tcrmCreatedAt"],
            blob=blob,
            written_at=int(now * 1000),
        )
        return Outcome(204)

    def delete(self, key: Key) -> Outcome:
        """Delete one resume; 404 if there is none."""
        fault = self._key_fault(key, "batch_delete")
        if fault is not None:
            return fault
        if self.held.pop(key, None) is None:
            return Outcome(404, "The resume does not exist")
        self.changes += 1
        return Outcome(204)

    def clear(self) -> None:
        """Forget all."""
        self.held.clear()
        self.changes = 0

    def _key_fault(self, key: Key, endpoint: str) -> Outcome | None:
        fields = dict(key)
        if len(fields) != len(_KEY_FIELDS):
            wrong = "the key has an unknown field"
        elif fields["dataProvider"] != "PARTNER":
            wrong = "dataProvider is not PARTNER"
        elif not _ORGANIZATION.match(fields["integrationContext"]):
            wrong = "integrationContext is not an organization's URN"
        else:
            return None
        self._breaches.add(endpoint, "key_fields", wrong)
        return Outcome(400, wrong)

    def _entity_fault(self, entity: Mapping[str, Any]) -> Outcome | None:
        if set(entity) != _ENTITY_FIELDS:
            wrong = "the entity's fields are not resumeFile and tcrmCreatedAt"
            self._breaches.add("batch_update", "entity_fields", wrong)
            return Outcome(400, wrong)
        created_at = entity["tcrmCreatedAt"]
        if type(created_at) is not int:
            self._breaches.add("batch_update", "entity_fields", "tcrmCreatedAt is not a long")
            return Outcome(400, "tcrmCreatedAt is not a long")
        if not _EARLIEST <= created_at < _LATEST:
            code = "timestamp_in_seconds" if 0 < created_at < _EARLIEST else "entity_fields"
            self._breaches.add("batch_update", code, "tcrmCreatedAt is out of range")
            return Outcome(400, "tcrmCreatedAt is not in milliseconds since the epoch")
        return None
