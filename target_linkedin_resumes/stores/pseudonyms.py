"""What stands for an id where no plain id may stand: HMAC-SHA-256 with the operator's key. Pure.

Each kind of hash is made of its own name and its parts as a JSON array, so that no two kinds and no
two ways to cut the parts can meet.
"""

from __future__ import annotations

import hmac
import json

from target_linkedin_resumes.records import Content, ResumeKey


class Pseudonyms:
    """Keyed hashes in hex, 64 digits each. ``key`` is the setting `audit_key`.

    ``key_id`` names the key without giving it away.
    """

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self.key_id = self._hash("key")[:16]

    def candidate(self, candidate_id: str) -> str:
        """Hash a candidate, whatever the resume."""
        return self._hash("candidate", candidate_id)

    def resume(self, key: ResumeKey) -> str:
        """Hash a resume key; the same resume id of another candidate has another hash."""
        return self._hash("resume", key.candidate_id, key.resume_id)

    def fingerprint(self, content: Content, created_at: int) -> str:
        """Hash all that makes a delivery the same as an earlier one; ``created_at`` in epoch ms."""
        parts = (content.sha256, content.filename, content.content_type)
        return self._hash("fingerprint", *parts, str(created_at))

    def _hash(self, *parts: str) -> str:
        return hmac.digest(self._key, json.dumps(parts).encode(), "sha256").hex()
