"""The rows of the ledger, and the statements that read and change them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """How far LinkedIn is known to have come with a key."""

    UPLOADED = "uploaded"  # the bytes of a change are there, and no record names them yet
    SENDING = "sending"  # a call may have written the record, or not
    DELIVERED = "delivered"  # LinkedIn confirmed it
    DELETING = "deleting"  # a call may have deleted the record, or not
    DELETED = "deleted"  # LinkedIn confirmed it; a hash of the key is all that is left


class Known(NamedTuple):
    """What the ledger says of a key. Times are in epoch seconds, ``created_at`` as in a change."""

    state: str
    stream: str | None
    version: int | None
    created_at: int | None
    sha256: bytes | None
    name: bytes | None
    content_type: str | None
    urn: str | None
    uploaded_at: int | None
    expires_at: int | None
    source: str | None


KNOWN = f"SELECT {', '.join(Known._fields)} FROM resumes WHERE key = ?"  # noqa: S608 - own names
# Rows are numbered in the order in which their keys became known.
NEWEST = "SELECT coalesce(max(number), 0) FROM resumes"
HELD_AT_FIRST = "SELECT 1 FROM resumes WHERE key = ? AND number <= ? AND state <> 'deleted'"
# A change without a version (a reject that is replayed) leaves the row's. A row that a second
# stream names is shared from then on: no one stream can say that the resume has vanished.
_VERSION = (
    "version = CASE WHEN :version IS NOT NULL OR stream IS NOT :stream THEN :version"
    " ELSE version END, shared = shared OR (stream IS NOT NULL AND stream <> :stream),"
    " stream = :stream"
)
WRITE = """
INSERT INTO resumes (key, candidate_id, resume_id, stream, version, state, sha256, name,
    content_type, created_at, urn, uploaded_at, expires_at, source, changed_at)
VALUES (:key, :candidate_id, :resume_id, :stream, :version, :state, :sha256, :name,
    :content_type, :created_at, :urn, :now, :expires_at, :source, :now)
ON CONFLICT (key) DO UPDATE SET candidate_id = excluded.candidate_id,
    resume_id = excluded.resume_id, version = CASE WHEN excluded.version IS NOT NULL
        OR stream IS NOT excluded.stream THEN excluded.version ELSE version END,
    shared = shared OR (stream IS NOT NULL AND stream <> excluded.stream),
    stream = excluded.stream, state = excluded.state, sha256 = excluded.sha256,
    name = excluded.name, content_type = excluded.content_type,
    created_at = excluded.created_at, source = excluded.source, changed_at = excluded.changed_at,
    uploaded_at = CASE WHEN urn IS excluded.urn THEN uploaded_at ELSE excluded.uploaded_at END,
    expires_at = CASE WHEN urn IS excluded.urn THEN expires_at ELSE excluded.expires_at END,
    urn = excluded.urn
"""
# What is in the row already need not be written once more.
SENDING = """
UPDATE resumes SET state = 'sending', changed_at = :now
WHERE key = :key AND state = 'uploaded' AND urn = :urn AND created_at = :created_at
"""
DELETING = """
UPDATE resumes SET state = 'deleting', changed_at = :now WHERE key = :key AND state <> 'deleted'
"""
# A change that was noted while the call was under way has taken the row: it is not confirmed.
DELIVERED = """
UPDATE resumes SET state = 'delivered', changed_at = :now
WHERE key = :key AND state = 'sending' AND urn = :urn
"""
DELETED = """
INSERT INTO resumes (key, state, changed_at) VALUES (:key, 'deleted', :now)
ON CONFLICT (key) DO UPDATE SET state = 'deleted', changed_at = excluded.changed_at,
    candidate_id = NULL, resume_id = NULL, stream = NULL, version = NULL, sha256 = NULL,
    name = NULL, content_type = NULL, created_at = NULL, urn = NULL, uploaded_at = NULL,
    expires_at = NULL, source = NULL, shared = 0
WHERE state = 'deleting'
"""
# Written some time after it was read: the row may be that of another upload by then.
SEEN = f"""
UPDATE resumes SET {_VERSION}, source = coalesce(:source, source)
WHERE key = :key AND state = 'delivered' AND urn = :urn
"""  # noqa: S608 - own words
# What LinkedIn refused, it may have refused for its file: that is not used again.
REJECTED = f"""
UPDATE resumes SET {_VERSION},
    urn = CASE WHEN state = 'sending' THEN NULL ELSE urn END
WHERE key = :key AND state <> 'deleted'
"""  # noqa: S608 - own words
# A record that a filter passes over takes no resume over from another stream.
NAMED = """
UPDATE resumes SET version = :version
WHERE key = :key AND stream = :stream AND state <> 'deleted'
"""
_OLDER = (
    "FROM resumes WHERE stream = :stream AND (version IS NULL OR version < :version)"
    " AND state <> 'deleted'"
)
OUTDATED = f"{_OLDER} AND NOT shared"
SHARED = f"{_OLDER} AND shared"
