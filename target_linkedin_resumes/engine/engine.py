"""The delivery engine: uploads in parallel, batches in order, states as soon as they are true.

Four parties meet in a :class:`~target_linkedin_resumes.engine.run.Run`: the reader, which hands
in changes and states and is held back when too much is in flight; the workers, which upload; the
clerk, which makes the batch calls and prints the states; and whoever stops the run.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from target_linkedin_resumes.engine.checkpoints import State
from target_linkedin_resumes.engine.clerk import Clerk
from target_linkedin_resumes.engine.counters import Counters
from target_linkedin_resumes.engine.delete_limit import DeleteLimit
from target_linkedin_resumes.engine.inflight import InFlight
from target_linkedin_resumes.engine.interfaces import Outside
from target_linkedin_resumes.engine.run import Draining, Run
from target_linkedin_resumes.engine.types import Rejected
from target_linkedin_resumes.engine.workers import Workers
from target_linkedin_resumes.errors import Failure, Reject
from target_linkedin_resumes.records import Change, Delete, Record, ResumeKey, Upsert

__all__ = ["Draining", "Engine"]

# Records between the oldest unsettled one and the newest read: one minute at LinkedIn's limit. It
# is what a killed run reads again, and with WINDOW_BYTES what bounds memory: WINDOW times 1 KiB or
# so of bookkeeping, plus WINDOW_BYTES of records (resumes inside records count in full).
WINDOW = 10_000
WINDOW_BYTES = 48 * 1024 * 1024


class Engine:
    """The engine as its user sees it.

    ``workers`` is the most uploads at a time, ``grace`` the seconds that what is in flight gets
    once the run is asked to stop. ``deletions`` counts those that records ask for. The methods
    under "Reading", ``settle`` and ``close`` are for one thread.
    """

    def __init__(
        self,
        flow: InFlight,
        outside: Outside,
        *,
        workers: int,
        grace: float,
        window: int = WINDOW,
        window_bytes: int = WINDOW_BYTES,
        deletions: DeleteLimit | None = None,
    ) -> None:
        self._run = Run(flow, outside, grace)
        self._clerk = Clerk(self._run)
        self._workers = Workers(self._run, workers, self._clerk.call)
        self._window = window
        self._window_bytes = window_bytes
        self._deletions = deletions or DeleteLimit()

    @property
    def failure(self) -> Failure | None:
        """What stopped the run."""
        return self._run.failure

    @property
    def tally(self) -> Counters:
        """The counts so far."""
        return self._run.tally

    @property
    def superseded(self) -> int:
        """How many changes a later one of the same key has replaced."""
        return self._run.flow.superseded

    @property
    def covered(self) -> int:
        """How many records the state printed last covers."""
        return self._run.checkpoints.covered

    @property
    def unsettled(self) -> int:
        """How many records are in flight."""
        return self._run.checkpoints.unsettled

    def start(self, on_failure: Callable[[], None] = lambda: None) -> None:
        """Start. ``on_failure`` is called once, on whichever thread meets the first failure."""
        self._run.on_failure = on_failure
        self._clerk.start()

    # Reading

    def add(self, change: Change, size: int, rank: float = inf) -> None:
        """Hand in a change of ``size`` bytes; waits for room.

        Of the uploads that have not begun, those of a lower ``rank`` go first.

        Raises the failure that stopped the run, or :class:`Draining` once it was asked to stop.
        """
        run = self._run
        if self._is_unchanged(change):
            with run.lock:
                self._wait_for_room()
                run.tally.read += 1
                run.settle_unchanged(change, [run.checkpoints.take()])
            return
        if isinstance(change, Delete):
            self._deletions.take(change.key)
        with run.lock:
            self._wait_for_room()
            run.tally.read += 1
            self._add(change, size, rank)

    def vanished(self, change: Delete, size: int) -> None:
        """Hand in a deletion that no record asks for. Raises as :meth:`add` does."""
        run = self._run
        with run.lock:
            self._wait_for_room()
            run.tally.vanished += 1
            self._add(change, size)

    def _add(self, change: Change, size: int, rank: float = inf) -> None:
        run, now = self._run, self._run.outside.clock()
        alone = not run.holds(change.key)
        run.flow.add(change, run.checkpoints.take(), size, now, rank, alone=alone)
        if isinstance(change, Upsert):
            self._workers.call()
        else:
            self._clerk.call(now)

    def holds(self, key: ResumeKey) -> bool:
        """Whether a change of a key is in flight, or its reject is being written down."""
        with self._run.lock:
            return self._run.holds(key)

    def skip(self) -> None:
        """Count a record that a filter passes over. Raises as :meth:`add` does."""
        run = self._run
        with run.lock:
            run.raise_if_stopped()
            run.tally.read += 1
            run.tally.filtered += 1

    def reject(
        self,
        stream: str,
        record: Record,
        reject: Reject,
        *,
        attempts: int = 1,
        key: ResumeKey | None = None,
        version: int | None = None,
    ) -> None:
        """Hand in a record that could not be read as a change. Raises as :meth:`add` does."""
        run = self._run
        with run.lock:
            self._wait_for_room()
            run.tally.read += 1
            position = run.checkpoints.take()
            run.begin_reject(key)
        rejected = Rejected(stream, record, reject, position, attempts, key, version)
        run.settle_reject(rejected, [position])
        with run.lock:
            run.raise_if_stopped()

    def state(self, state: State, size: int = 0) -> None:
        """Hand in a STATE of ``size`` bytes; it is printed once all before it is settled."""
        run = self._run
        with run.lock:
            run.raise_if_stopped()
            run.checkpoints.arrived(state, size)
            if run.checkpoints.due():
                run.desk.notify()

    def settle(self) -> None:
        """Wait until all that was read so far is settled. Raises as :meth:`add` does."""
        run = self._run
        with run.lock:
            run.reader_waits = True
            self._wait_until_idle()
            run.reader_waits = False

    def close(self) -> None:
        """Wait until all that was read is settled. Raises as :meth:`add` does."""
        with self._run.lock:
            self._run.closing = True
            self._wait_until_idle()

    def _wait_until_idle(self) -> None:
        run = self._run
        run.desk.notify()
        while not (run.idle or run.draining):
            run.room.wait()
        run.raise_if_stopped()

    # Stopping

    def stop(self) -> None:
        """Begin to drain. From any thread; the reader learns it from its next call."""
        with self._run.lock:
            self._run.drain()

    def fail(self, failure: Failure) -> None:
        """Stop at what was read last: all before it is settled first."""
        run = self._run
        with run.lock:
            run.fail(failure, run.checkpoints.take())

    def drain(self) -> None:
        """Wait until what is in flight has come to its end, or its grace is over."""
        with self._run.lock:
            self._run.wait_until_drained()

    def end(self) -> None:
        """Stop all threads and print the last true state. Raises what ``print_state`` does."""
        with self._run.lock:
            self._run.end()
        self._clerk.print_due(at_the_end=True)

    def _is_unchanged(self, change: Change) -> bool:
        """Whether a change is known to be carried out. Only the reader adds: what nothing of a key
        is in flight for stays so meanwhile.
        """
        unchanged = self._run.outside.unchanged
        if unchanged is None:
            return False
        return not self.holds(change.key) and unchanged(change)

    def _wait_for_room(self) -> None:
        run = self._run
        run.raise_if_stopped()
        while run.checkpoints.span >= self._window or run.flow.size >= self._window_bytes:
            run.reader_waits = True
            run.desk.notify()
            run.room.wait()
            run.reader_waits = False
            run.raise_if_stopped()
