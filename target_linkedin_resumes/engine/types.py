"""What the engine passes around: uploads, changes in flight, batches, rejects."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from target_linkedin_resumes.errors import Reject, Stop
from target_linkedin_resumes.records import (
    Change,
    Content,
    Delete,
    Provenance,
    ResumeKey,
    Upsert,
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A resume whose bytes LinkedIn holds: its blob's URN and how many bytes it has.

    ``content`` is there when a store needs it. ``reused`` says that an earlier run uploaded it.
    """

    urn: str = field(repr=False)
    size: int
    content: Content | None = None
    reused: bool = False


# The codes of rejects that are deletions.
DELETION_REFUSED = "deletion_refused"
DELETION_UNRESOLVED = "deletion_unresolved"
DELETIONS = frozenset({DELETION_REFUSED, DELETION_UNRESOLVED})


class Unchanged:
    """What takes the place of an upload where LinkedIn holds the resume as it is to be."""


class Stage(Enum):
    """Where a change is."""

    QUEUED = auto()  # an upsert whose upload has not begun
    UPLOADING = auto()
    BACKOFF = auto()  # failed, and waits for its next try
    READY = auto()  # in the open batch of its kind
    BLOCKED = auto()  # uploaded, behind a delete of the same key that is not settled
    BISECTING = auto()  # in a half of a batch that LinkedIn refused as a whole
    SENDING = auto()  # in the batch that is on the wire
    SUPERSEDED = auto()  # an upsert that goes out if the later one in its place is rejected
    DONE = auto()  # settled, rejected, superseded or given up


@dataclass(slots=True, eq=False)
class Entry:
    """A change in flight.

    ``known`` is what the ledger knew of its key when it was read, for the uploader; None where a
    change of the key was still in flight then. ``positions`` are its own and those of the changes
    it superseded for good, in order; ``superseded`` are the upserts that it stands for as long as
    it is not rejected, oldest first. ``under_way`` says that an upload of it is. ``size`` is an
    estimate of the record's bytes in memory. ``since`` is when the first of the changes it stands
    for entered an open batch, ``failing_since`` when it first failed; both in seconds on the
    engine's clock.
    """

    change: Change
    positions: list[int]
    size: int
    known: object = None
    stage: Stage = Stage.QUEUED
    upload: Upload | None = None
    since: float | None = None
    failing_since: float | None = None
    waits: Generator[float, Any, None] | None = None
    attempts: int = 0
    superseded: list[Entry] = field(default_factory=list)
    under_way: bool = False
    key: ResumeKey = field(init=False)
    kind: type[Upsert] | type[Delete] = field(init=False)
    """What batch it belongs to."""

    def __post_init__(self) -> None:
        # Both are asked for a dozen times on the way of an entry.
        self.key = self.change.key
        self.kind = type(self.change)

    def rejected(self, reject: Reject) -> Rejected:
        """Give the record of this change as a reject."""
        provenance = self.change.provenance
        attempts = provenance.attempts + self.attempts + 1
        return Rejected(provenance, reject, self.positions[-1], attempts, self.key)


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to 100 changes of one kind for one Rest.li call; no key twice."""

    kind: type[Upsert] | type[Delete]
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be delivered.

    ``position`` is its place in the stream, ``attempts`` how often it was tried, in this run and
    in earlier ones. ``key`` is None where the record's ids could not be read, and ``candidate_id``
    is the candidate's where that is all there is of it.
    """

    provenance: Provenance
    reject: Reject
    position: int = -1
    attempts: int = 1
    key: ResumeKey | None = None
    candidate_id: str | None = None

    @property
    def is_deletion(self) -> bool:
        """Whether the record asks for a deletion, which stays outstanding until it is done."""
        return self.reject.code in DELETIONS

    @property
    def failure(self) -> Reject:
        """What stops a run that keeps no rejects."""
        where = f"{self.key or f'a record of stream {self.provenance.stream!r}'}: "
        return Reject(self.reject.code, where + self.reject.message)


def bug(error: BaseException, key: ResumeKey | None = None) -> Stop:
    """Wrap an unforeseen exception. Its text may quote a file's name or a URL; its type cannot."""
    where = f"{key}: " if key else ""
    if isinstance(error, MemoryError):
        return Stop(
            f"{where}this process gets no more memory: raise the limit, or lower upload_concurrency"
        )
    return Stop(f"{where}unforeseen {type(error).__name__}; please report it as a bug")
