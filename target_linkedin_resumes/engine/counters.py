"""What a run has done so far, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from target_linkedin_resumes.errors import NOT_THERE, Confirmation
from target_linkedin_resumes.records import Change, Delete


@dataclass(slots=True)
class Counters:
    """Counts of changes; delivered and deleted are those that LinkedIn confirmed by key.

    ``not_there`` are deletions of what LinkedIn does not hold, by its answer; ``missed`` those of
    them that took no other change's place, so that there should have been something. ``unknown``
    are deletions of what the ledger has never seen, which are not sent. ``rejected`` counts by
    code, ``retried`` the tries that are repeated by cause. ``by_stream`` counts the confirmed ones
    by the stream of the tap, ``most_uploads`` is how many uploads were under way at once.
    ``unchanged`` are those that LinkedIn was known to hold already, ``reused`` the files that an
    earlier run had uploaded, ``vanished`` the deletions that no record asked
    for.
    """

    read: int = 0
    filtered: int = 0
    uploaded: int = 0
    bytes_uploaded: int = 0
    delivered: int = 0
    deleted: int = 0
    not_there: int = 0
    missed: int = 0
    unchanged: int = 0
    reused: int = 0
    vanished: int = 0
    unknown: int = 0
    states: int = 0
    most_uploads: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    retried: Counter[str] = field(default_factory=Counter)
    by_stream: Counter[str] = field(default_factory=Counter)

    def confirmed(
        self, change: Change, confirmation: Confirmation, *, superseding: bool = False
    ) -> None:
        """Count a change that LinkedIn confirmed; it may have superseded earlier ones."""
        self.by_stream[change.provenance.stream] += 1
        if not isinstance(change, Delete):
            self.delivered += 1
        elif confirmation.status in NOT_THERE:
            self.not_there += 1
            self.missed += not superseding
        else:
            self.deleted += 1
