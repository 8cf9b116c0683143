"""The lines of a rejects file: what each is about, and when it is due to be tried again.

A line is a SCHEMA or a RECORD message, see :mod:`~target_linkedin_resumes.stores.dead_letters`.
Somebody may have edited the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

from target_linkedin_resumes.engine.types import DELETIONS
from target_linkedin_resumes.records import ResumeKey, Row

# Seconds until what was rejected is tried again; twice as long each time, a week at the most.
FIRST_RETRY = 15 * 60
LONGEST_RETRY = 7 * 24 * 3600
# Codes of what may have healed, besides those of sources: the file may be there by now.
_HEALING = frozenset({"file_missing", "file_unreadable"})
_EXPIRED = "source_link_expired"
_OWN = b'{"type"'

# What lines are about: a resume or, without its ids, a record, and whether it is to be deleted.
Subject = tuple[ResumeKey | str, bool]


@dataclass(frozen=True, slots=True)
class RejectLine:
    """A line; ``about`` is what stands beside its record, and ``subject`` comes from that.

    ``is_ours`` says that it may be one of this target's, or is blank. ``stream`` is None where the
    line cannot be read.
    """

    text: bytes
    is_record: bool
    is_ours: bool
    stream: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    subject: Subject | None = None

    @property
    def is_deletion(self) -> bool:
        """Tell whether the record asks for a deletion."""
        return _is_deletion(self.about)

    @property
    def row(self) -> str | None:
        """Return the hash of the tap's row, where a later record of the row may overtake it."""
        row = self.about.get("row")
        return row if isinstance(row, str) else None

    @property
    def candidate_id(self) -> str | None:
        """Return the candidate's id, where no more is known."""
        candidate_id = None if "resume_id" in self.about else self.about.get("candidate_id")
        return candidate_id if isinstance(candidate_id, str) else None

    def is_older(self, oldest: str) -> bool:
        """Tell whether it was rejected before a time in ISO 8601, and may go."""
        at = self.about.get("at")
        return isinstance(at, str) and at < oldest and not self.is_deletion

    def is_due(self, now: float) -> bool:
        """Tell whether it is time to try it again, at ``now`` in epoch seconds."""
        if self.is_deletion:
            return True
        code, at = str(self.about.get("code")), self.about.get("at")
        healing = code in _HEALING or (code.startswith("source_") and code != _EXPIRED)
        if not healing and not (code == "linkedin_refused" and self.about.get("status") == 404):
            return False
        try:
            rejected = datetime.fromisoformat(str(at)).timestamp()
        except ValueError:
            return True  # somebody has edited it
        attempts = max(attempts_of(self.about), 1)
        wait: int = min(FIRST_RETRY << min(attempts - 1, 20), LONGEST_RETRY)
        return rejected + wait <= now


def read_reject_lines(texts: Iterable[bytes]) -> Iterator[RejectLine]:
    """Read the lines of a rejects file, whatever they hold."""
    return map(_read, texts)


def _read(text: bytes) -> RejectLine:
    message = None
    with suppress(ValueError, RecursionError):
        message = DECODER.decode(text.decode())
    if not isinstance(message, Mapping) or not isinstance(message.get("type"), str):
        is_ours = text.startswith(_OWN) or not text.strip()
        return RejectLine(text, is_record=b'"RECORD"' in text, is_ours=is_ours)
    kind, about = message["type"], message.get("reject")
    stream, is_ours = str(message.get("stream")), kind in ("SCHEMA", "RECORD")
    if not isinstance(about, Mapping):
        return RejectLine(text, kind == "RECORD", is_ours, stream)
    what: ResumeKey | str
    if "candidate_id" in about and "resume_id" in about:
        what = ResumeKey(str(about["candidate_id"]), str(about["resume_id"]))
    else:
        what = digest(message.get("stream"), message.get("record"), about.get("element"))
    return RejectLine(text, kind == "RECORD", is_ours, stream, about, (what, _is_deletion(about)))


# What is counted are small numbers; of others only the digits matter.
DECODER = json.JSONDecoder(
    parse_int=lambda digits: int(digits) if len(digits) < 20 else digits, parse_float=str
)


def digest(stream: object, record: object, element: object) -> str:
    """Return what stands for a record whose ids are not known, as :data:`DECODER` reads it."""
    parts = json.dumps((stream, record, element), sort_keys=True)
    return blake2b(parts.encode(), digest_size=16).hexdigest()


def row_hash(row: Row) -> str:
    """Return what stands for a row of the tap."""
    return blake2b(row.text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def with_schemas(lines: Iterable[RejectLine]) -> Iterator[bytes]:
    """Yield the records of some lines, each behind the SCHEMA message that it had."""
    schemas: dict[str | None, bytes] = {}
    given: dict[str | None, bytes] = {}
    for line in lines:
        if not line.is_record:
            schemas[line.stream] = line.text
            continue
        schema = schemas.get(line.stream)
        if line.stream is not None and schema is not None and given.get(line.stream) != schema:
            given[line.stream] = schema
            yield schema
        yield line.text


def outstanding_in(path: Path) -> tuple[int, int]:
    """Return how many deletions wait in a file, and of how many persons. Raises OSError."""
    with path.open("rb") as texts:
        lines = read_reject_lines(texts)
        return count_deletions({line.subject for line in lines if line.subject is not None})


def count_deletions(subjects: Iterable[Subject]) -> tuple[int, int]:
    """Return how many deletions there are, and of how many persons.

    A deletion of which the ids are not known counts as a person.
    """
    deletions = [what for what, is_deletion in subjects if is_deletion]
    persons = {what if isinstance(what, str) else (what.candidate_id,) for what in deletions}
    return len(deletions), len(persons)


# What stands beside a record that is read from a rejects file


def attempts_of(reject: object) -> int:
    """Return how often a record was tried before."""
    return max(_number(reject, "attempts") or 0, 0)


def element_of(reject: object) -> int | None:
    """Return which element of its list a record is about; None for all of it."""
    return _number(reject, "element")


def _number(reject: object, name: str) -> int | None:
    value = reject.get(name) if isinstance(reject, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def deletion_of(reject: object) -> ResumeKey | None:
    """Return which resume a record deletes, whatever the record itself says."""
    if not isinstance(reject, Mapping) or not _is_deletion(reject):
        return None
    candidate, resume = reject.get("candidate_id"), reject.get("resume_id")
    if not isinstance(candidate, str) or not isinstance(resume, str):
        return None
    return ResumeKey(candidate, resume)


def _is_deletion(about: Mapping[str, Any]) -> bool:
    return str(about.get("code")) in DELETIONS
