"""What the engine reaches the world through; ``app.py`` hands it in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from target_linkedin_resumes.engine.checkpoints import State
from target_linkedin_resumes.engine.throttling import Concurrency, RecordsPerMinute
from target_linkedin_resumes.engine.types import Rejected, Unchanged, Upload
from target_linkedin_resumes.errors import Confirmation, Outcome
from target_linkedin_resumes.records import Change, ResumeKey, Upsert

Outcomes = Mapping[ResumeKey, Outcome]


class Sent(NamedTuple):
    """A change whose bytes are at LinkedIn, or that goes out in a batch call.

    ``upload`` is None for a deletion.
    """

    change: Change
    upload: Upload | None


class Confirmed(NamedTuple):
    """A change that LinkedIn confirmed by its key; ``upload`` is None for a deletion."""

    change: Change
    upload: Upload | None
    confirmation: Confirmation


class Store:
    """One place where a run writes down what happens; every method does nothing by default.

    Audit log, dead letters and ledger are stores, told in that order. The engine calls all methods
    on one thread, in the order in which things happened; only what a store answers to the reader
    (the ledger's look-up) is called beside it. Each method raises :class:`Stop` when the store
    cannot be written: the run then stops, and the stores after it are not told.
    """

    def uploaded(self, uploads: Sequence[Sent]) -> None:
        """The bytes of these resumes are at LinkedIn, and their records wait to be sent.

        Told of uploads that wait for a second or so; of others ``sending`` is the first that is
        told. Not told of changes that a later one has replaced.
        """

    def sending(self, batch: Sequence[Sent]) -> None:
        """A batch call is about to be made, whose outcome may never be known. Make it durable."""

    def confirmed(self, batch: Sequence[Confirmed]) -> None:
        """LinkedIn has carried out these changes of a batch. Make it durable."""

    def rejected(self, rejected: Rejected) -> None:
        """A record cannot be delivered as it is. Durable after ``sync``."""

    def settled(self, changes: Sequence[tuple[ResumeKey, int]]) -> None:
        """The changes of these keys at these positions are delivered, deleted or unchanged."""

    def sync(self) -> None:
        """Return once all that was told is durable; called before a state is printed."""

    def close(self, *, complete: bool) -> None:
        """Let go of the file; ``complete`` says that all that was read is settled."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The world around the engine.

    ``upload`` makes one attempt to bring a resume's bytes to LinkedIn and raises Failure; it is
    handed what ``look_up`` gave for the change. ``look_up`` is asked once a change, on the reader's
    thread and only where no change of the key is in flight, with what the reader has found already
    or None; it gives :class:`Unchanged` where the change is known to be carried out.
    ``update`` and ``delete`` make one batch call each for up to 100 resumes, and raise Failure if
    it failed whole. ``print_state`` returns once the state is written. ``keep_rejects`` is false
    where the first reject stops the run. ``stop_waiting`` is called when the run is to end: an
    upload or a call that waits for its turn then fails for now. ``clock`` gives seconds that never
    go back.
    """

    upload: Callable[[Upsert, object], Upload | Unchanged]
    update: Callable[[list[tuple[Upsert, Upload]]], Outcomes]
    delete: Callable[[list[ResumeKey]], Outcomes]
    rate: RecordsPerMinute
    concurrency: Concurrency
    print_state: Callable[[State], None]
    stores: Sequence[Store] = ()
    keep_rejects: bool = False
    look_up: Callable[[Change, object], object] | None = None
    stop_waiting: Callable[[], None] = lambda: None
    clock: Callable[[], float] = time.monotonic
