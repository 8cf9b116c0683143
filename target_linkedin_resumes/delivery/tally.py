"""What a run has done so far, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from target_linkedin_resumes.changes import Delete, Upsert


@dataclass(slots=True)
class Tally:
    """Counts of changes; delivered and deleted are those that LinkedIn confirmed by key."""

    read: int = 0
    uploaded: int = 0
    bytes_uploaded: int = 0
    delivered: int = 0
    deleted: int = 0
    retried: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    def confirmed(self, kind: type[Upsert] | type[Delete]) -> None:
        """Count a change that LinkedIn confirmed."""
        if kind is Delete:
            self.deleted += 1
        else:
            self.delivered += 1
