"""The delivery engine: uploads in parallel, batches in order, states as soon as they are true.

:class:`Engine` is its face to the thread that reads; the :class:`~.scheduler.Scheduler` behind it
does the work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import inf
from queue import SimpleQueue
from typing import Any

from target_linkedin_resumes.engine.checkpoints import State
from target_linkedin_resumes.engine.counters import Counters
from target_linkedin_resumes.engine.delete_limit import DeleteLimit
from target_linkedin_resumes.engine.inflight import InFlight
from target_linkedin_resumes.engine.interfaces import Ports
from target_linkedin_resumes.engine.scheduler import Scheduler
from target_linkedin_resumes.engine.types import Rejected, Unchanged
from target_linkedin_resumes.errors import Failure
from target_linkedin_resumes.records import Change, Delete, ResumeKey

# Records between the oldest unsettled one and the newest read: one minute at LinkedIn's limit. It
# is what a killed run reads again, and with WINDOW_BYTES what bounds memory: WINDOW times 1 KiB or
# so of bookkeeping, plus WINDOW_BYTES of records (resumes inside records count in full).
WINDOW = 10_000
WINDOW_BYTES = 48 * 1024 * 1024
# Messages of the reader that are posted together: each post may cost a switch between threads.
GROUP = 100
# What a deletion without a record holds in memory, roughly.
UNASKED_BYTES = 500
# A reader that is held back goes on once so much of a window is free: not for each record anew.
_FREE_AGAIN = 0.1


class Draining(Exception):  # no error: the run was asked to stop
    """Nothing more is to be read."""


class Engine:
    """The engine as its user sees it.

    ``uploads`` is the most uploads at a time, ``grace`` the seconds that what is in flight gets
    once the run is asked to stop. ``delete_limit`` counts the deletions that records ask for.
    ``group`` is how many records are handed to the scheduler at once; with more than 1, call
    :meth:`flush` before waiting for input. Only the thread that reads may call its methods, except
    for :meth:`stop`.
    """

    def __init__(
        self,
        in_flight: InFlight,
        ports: Ports,
        *,
        uploads: int,
        grace: float,
        window: int = WINDOW,
        window_bytes: int = WINDOW_BYTES,
        delete_limit: DeleteLimit | None = None,
        group: int = 1,
    ) -> None:
        self._scheduler = Scheduler(in_flight, ports, uploads=uploads, grace=grace)
        self._look_up = ports.look_up
        self._window = window
        self._window_bytes = window_bytes
        self._delete_limit = delete_limit or DeleteLimit()
        self._group = group
        self._unposted: list[tuple[Any, ...]] = []
        self._posted = 0
        self._posted_bytes = 0
        self._in_flight: Counter[ResumeKey] = Counter()
        self.landed: Callable[[ResumeKey], None] = lambda _: None
        """Called on the reader's thread with each key of which nothing is in flight any more."""
        self._stopping = False
        self._ended = False
        self._late_failure: Failure | None = None

    # What may be asked at any time, from any thread

    @property
    def failure(self) -> Failure | None:
        """What stopped the run."""
        return self._scheduler.failure or self._late_failure

    @property
    def counters(self) -> Counters:
        """The counts so far."""
        return self._scheduler.counters

    @property
    def superseded(self) -> int:
        """How many changes a later one of the same key has replaced."""
        return self._scheduler.in_flight.superseded

    @property
    def covered(self) -> int:
        """How many records the state printed last covers."""
        return self._scheduler.checkpoints.covered

    @property
    def unsettled(self) -> int:
        """How many records are in flight."""
        return self._scheduler.checkpoints.unsettled

    @property
    def position(self) -> int:
        """The position that the next change will have."""
        return self._posted

    # Reading

    def start(self, on_failure: Callable[[], None] = lambda: None) -> None:
        """Start. ``on_failure`` is called once, on another thread, at the first failure."""
        self._scheduler.start(on_failure)

    def add(
        self,
        change: Change,
        size: int | Callable[[], int],
        priority: float = inf,
        found: object = None,
    ) -> None:
        """Hand in a change of ``size`` bytes, or what gives them; waits for room.

        Of the uploads that have not begun, those of a lower ``priority`` go first. ``found`` is
        what was looked up of the change already, for ``look_up``.

        Raises the failure that stopped the run, or :class:`Draining` once it was asked to stop.
        """
        self._hand_in(change, size, priority, found, asked=True)

    def unasked(self, change: Delete, size: int) -> None:
        """Hand in a deletion that no record asks for. Raises as :meth:`add` does."""
        self._hand_in(change, size, inf, None, asked=False)

    def _hand_in(
        self,
        change: Change,
        size: int | Callable[[], int],
        priority: float,
        found: object,
        *,
        asked: bool,
    ) -> None:
        self._wait_for_room()
        known = None
        if self._look_up is not None and not self.holds(change.key):
            known = self._look_up(change, found)
        if isinstance(known, Unchanged):
            self._posted += 1
            self._post(self._scheduler.add_unchanged, change.key, asked)
            return
        # What is tried again was counted by an earlier run.
        if asked and isinstance(change, Delete) and not change.provenance.attempts:
            self._delete_limit.take(change.key)
        in_bytes = size if isinstance(size, int) else size()
        self._posted += 1
        self._posted_bytes += in_bytes
        if self._look_up is not None:
            self._in_flight[change.key] += 1
        self._post(self._scheduler.add, change, in_bytes, priority, known, asked)

    def holds(self, key: ResumeKey) -> bool:
        """Whether a change of a key is in flight, or its reject is being written down.

        Known only where there is a ledger to look up what came before.
        """
        self._take_settled()
        return key in self._in_flight

    def of_candidate(self, candidate_id: str) -> list[ResumeKey]:
        """The keys of a candidate of which a change is in flight, as far as :meth:`holds` knows."""
        self._take_settled()
        return [key for key in self._in_flight if key.candidate_id == candidate_id]

    def skip(self, count: str = "filtered") -> None:
        """Count a record that asks for nothing, as that. Raises as :meth:`add` does.

        ``count`` is ``filtered``, ``unchanged``, or ``unknown`` for a deletion of what LinkedIn was
        never sent.
        """
        self._raise_if_stopped()
        self._post(self._scheduler.add_skipped, count)

    def reject(self, rejected: Rejected) -> None:
        """Hand in a record that could not be read as a change; its position is given here.

        Raises as :meth:`add` does.
        """
        self._wait_for_room()
        self._posted += 1
        if rejected.key is not None and self._look_up is not None:
            self._in_flight[rejected.key] += 1
        self._post(self._scheduler.add_reject, rejected)

    def state(self, state: State, size: int = 0) -> None:
        """Hand in a STATE of ``size`` bytes; it is printed once all before it is settled."""
        self._raise_if_stopped()
        self._post(self._scheduler.checkpoints.arrived, state, size)

    def settle(self) -> None:
        """Wait until all that was read so far is settled. Raises as :meth:`add` does."""
        self._wait_until(lambda: self._scheduler.idle or self._scheduler.draining)
        self._raise_if_stopped()
        self._take_settled()

    def close(self) -> None:
        """Wait until all that was read is settled; nothing more will be. Raises as :meth:`add`."""
        self._post(self._scheduler.close)
        self.settle()

    def write(self, job: Callable[[], None]) -> None:
        """Have a job of a store done in its turn, and wait for it. Raises as :meth:`add` does."""
        reply: SimpleQueue[None] = SimpleQueue()
        self._post(self._scheduler.write, job, reply)
        self.flush()
        reply.get()
        self._raise_if_stopped()

    def flush(self) -> None:
        """Hand over what was read: nothing more may come for a while."""
        if self._unposted:
            self._scheduler.post_all(self._unposted)
            self._unposted = []

    # Stopping

    def stop(self) -> None:
        """Begin to drain. From any thread; the reader learns it from its next call."""
        self._stopping = True
        self._scheduler.post(self._scheduler.drain)

    def fail(self, failure: Failure) -> None:
        """Stop at what was read last: all before it is settled first."""
        if self._ended:
            self._late_failure = self._late_failure or failure
        else:
            self._post(self._scheduler.fail_here, failure)
            self.flush()

    def drain(self) -> None:
        """Wait until what is in flight has come to its end, or its grace is over."""
        self._wait_until(lambda: self._scheduler.drained)

    def end(self) -> None:
        """Print the last true state, and stop all threads. What goes wrong is in ``failure``."""
        reply: SimpleQueue[None] = SimpleQueue()
        self._post(self._scheduler.end, reply)
        self.flush()
        reply.get()
        self._ended = True

    def _raise_if_stopped(self) -> None:
        if self._scheduler.failure is not None:
            raise self._scheduler.failure
        if self._stopping or self._scheduler.draining:
            raise Draining

    def _wait_for_room(self) -> None:
        self._raise_if_stopped()
        self._take_settled()
        scheduler = self._scheduler
        span = self._posted - scheduler.checkpoints.settled
        size = self._posted_bytes - scheduler.released
        if span < self._window and size < self._window_bytes:
            return
        room = self._window - max(int(self._window * _FREE_AGAIN), 1)
        room_bytes = self._window_bytes - max(int(self._window_bytes * _FREE_AGAIN), 1)
        self._wait_until(
            lambda: (
                scheduler.draining
                or (scheduler.checkpoints.span <= room and scheduler.in_flight.size <= room_bytes)
            )
        )
        self._raise_if_stopped()

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that the scheduler checks, after all that was posted before."""
        reply: SimpleQueue[None] = SimpleQueue()
        self._post(self._scheduler.answer_when, condition, reply)
        self.flush()
        reply.get()

    def _post(self, method: Callable[..., None], *arguments: Any) -> None:
        self._unposted.append((method, *arguments))
        if len(self._unposted) >= self._group:
            self.flush()

    def _take_settled(self) -> None:
        settled = self._scheduler.settled_keys
        while settled:
            key = settled.popleft()
            self._in_flight[key] -= 1
            if not self._in_flight[key]:
                del self._in_flight[key]
                self.landed(key)
