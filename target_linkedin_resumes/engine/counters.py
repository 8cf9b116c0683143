"""What a run has done so far, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from target_linkedin_resumes.records import Change, Delete


@dataclass(slots=True)
class Counters:
    """Counts of changes; delivered and deleted are those that LinkedIn confirmed by key.

    ``rejected`` counts by code, ``retried`` the tries that are repeated by cause.
    ``by_stream`` counts the confirmed ones by the stream of the tap, ``most_uploads`` is how many
    uploads were under way at once. ``unchanged`` are those that LinkedIn was known to hold already,
    ``reused`` the files that an earlier run had uploaded, ``vanished`` the deletions that no record
    asked for, ``unknown`` the records that delete what was never sent to LinkedIn.
    """

    read: int = 0
    filtered: int = 0
    uploaded: int = 0
    bytes_uploaded: int = 0
    delivered: int = 0
    deleted: int = 0
    unchanged: int = 0
    reused: int = 0
    vanished: int = 0
    unknown: int = 0
    states: int = 0
    most_uploads: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    retried: Counter[str] = field(default_factory=Counter)
    by_stream: Counter[str] = field(default_factory=Counter)

    def confirmed(self, change: Change) -> None:
        """Count a change that LinkedIn confirmed."""
        self.by_stream[change.stream] += 1
        if isinstance(change, Delete):
            self.deleted += 1
        else:
            self.delivered += 1
