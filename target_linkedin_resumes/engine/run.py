"""What the reader, the workers and the clerk of one run share, and how the run stops.

One lock guards all of it; no I/O happens under the lock. A run that stops drains: nothing more is
read, uploads that have not begun are given up, what is under way is brought to its end within the
grace, and the last true state is printed. Where one record is the reason, everything before that
record is settled first, so that the state printed is the last one before it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from math import inf

from target_linkedin_resumes.engine.checkpoints import Checkpoints
from target_linkedin_resumes.engine.counters import Counters
from target_linkedin_resumes.engine.inflight import InFlight
from target_linkedin_resumes.engine.interfaces import Outside
from target_linkedin_resumes.engine.types import Entry, Rejected, Upload
from target_linkedin_resumes.errors import Failure, Reject, Stop
from target_linkedin_resumes.records import Change, ResumeKey, Upsert


class Draining(Exception):  # no error: the run was asked to stop
    """Nothing more is to be read."""


class Run:
    """The shared state of a run. Unless a method says otherwise, the lock is held by its caller."""

    def __init__(self, flow: InFlight, outside: Outside, grace: float) -> None:
        self.flow = flow
        self.outside = outside
        self.checkpoints = Checkpoints()
        self.tally = Counters()
        self.lock = threading.Lock()
        self.room = threading.Condition(self.lock)  # the reader waits for room, or for the end
        self.work = threading.Condition(self.lock)  # workers wait for an upload to begin
        self.desk = threading.Condition(self.lock)  # the clerk waits for a batch or a state
        self.reader_waits = False
        self.closing = False
        # By key, rejects that are being written down; None stands for keys that cannot be read.
        self._rejecting: Counter[ResumeKey | None] = Counter()
        self._arrived: dict[ResumeKey, int] = {}  # and the changes behind them, by position
        self.uploads_to_write: list[tuple[Upsert, Upload]] = []  # for the books, once unlocked
        self._writing = threading.Lock()  # keeps them in order; taken before the lock
        self.failure: Failure | None = None
        self.on_failure: Callable[[], None] = lambda: None
        self.ended = False
        self._grace = grace
        self._horizon = inf  # uploads that settle nothing before it are given up
        self._deadline = inf  # when what is in flight is left to itself

    @property
    def draining(self) -> bool:
        """Whether nothing more is read."""
        return self._horizon != inf

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight."""
        return self.flow.empty and not self._rejecting

    def holds(self, key: ResumeKey) -> bool:
        """Whether a change of a key is in flight, or its reject is being written down."""
        return self.flow.holds(key) or key in self._rejecting

    @property
    def flush(self) -> bool:
        """Whether a partial batch may go: nothing more is coming that could fill it."""
        if self.draining:
            return True
        return (self.closing or self.reader_waits) and self.flow.uploads_pending == 0

    def raise_if_stopped(self) -> None:
        """Raise the failure that stops the run, or Draining if it was asked to stop."""
        if self.failure is not None:
            raise self.failure
        if self.draining:
            raise Draining

    def drain(self, horizon: float = -1) -> None:
        """Begin to drain; positions up to ``horizon`` get the time they need, others the grace."""
        self._horizon = min(self._horizon, horizon)
        if horizon < 0:
            self._deadline = min(self._deadline, self.outside.clock() + self._grace)
        self.give_up_uploads()
        self.room.notify_all()
        self.desk.notify()

    def give_up_uploads(self) -> None:
        """While draining, give up the uploads that are not wanted any more."""
        if self.draining:
            self.flow.cut(self._horizon)

    def fail(self, failure: Failure, horizon: float = -1) -> None:
        """Remember the first failure, and drain."""
        first = self.failure is None
        if first:
            self.failure = failure
        self.drain(horizon)
        if first:
            self.on_failure()

    def end(self) -> None:
        """Have the workers and the clerk stop where they are."""
        self.ended = True
        self.desk.notify_all()
        self.work.notify_all()
        self.room.notify_all()

    def wait_until_drained(self) -> None:
        """Wait for what is in flight, or for the end of its grace."""
        while not (self.idle or self.ended):
            left = self._deadline - self.outside.clock()
            if left <= 0:
                break
            self.room.wait(None if left == inf else left)

    def settle_unchanged(self, change: Change, positions: Sequence[int]) -> None:
        """Settle a change that is known to be carried out."""
        self.tally.unchanged += 1
        known = self.checkpoints.due()  # then the clerk waits for its time to be printed
        self.checkpoints.settle(positions)
        self.arrived(change.key, positions[-1])
        if not known and self.checkpoints.due():
            self.desk.notify()

    def arrived(self, key: ResumeKey, position: int) -> None:
        """Tell the rejects that a change has arrived: once an earlier one of its key is kept."""
        if self.outside.rejects is None:
            return
        if key in self._rejecting:
            self._arrived[key] = max(position, self._arrived.get(key, position))
        else:
            self.outside.rejects.settled(key, position)

    def write_uploads_down(self) -> None:
        """Have the books note the uploads that have ended. Called without the lock. Raises Stop.

        Once it returns, all that had ended when it was called are noted, whoever has done it.
        """
        books = self.outside.books
        if books is None or self.ended:
            return
        with self._writing:
            with self.lock:
                ended, self.uploads_to_write = self.uploads_to_write, []
            for change, upload in ended:
                books.uploaded(change, upload)

    def begin_reject(self, key: ResumeKey | None) -> None:
        """Note that a reject is about to be settled: until then its key counts as in flight."""
        self._rejecting[key] += 1

    def _end_reject(self, key: ResumeKey | None) -> None:
        self._rejecting[key] -= 1
        if not self._rejecting[key]:
            del self._rejecting[key]
            if key in self._arrived:
                self.arrived(key, self._arrived.pop(key))

    def settle_reject(self, rejected: Rejected, positions: Sequence[int]) -> None:
        """Keep a reject and settle it, or stop the run with the state before it.

        Called without the lock, after :meth:`begin_reject`.
        """
        rejects, books = self.outside.rejects, self.outside.books
        failure: Failure | None = None
        try:
            if books is not None:
                books.rejected(rejected)  # of one that stops the run too
            if rejects is None:
                raise rejected.failure
            rejects.keep(rejected)
        except Failure as stop:
            failure = stop
        with self.lock:
            self._end_reject(rejected.key)
            self.tally.rejected[rejected.reject.code] += 1
            if failure is None:
                self.checkpoints.settle(positions)
                self.desk.notify()
            else:
                self.fail(failure, positions[0])
            self.room.notify_all()

    def settle_rejected_entry(self, entry: Entry, reject: Reject) -> None:
        """:meth:`settle_reject` for a change that was in flight."""
        change = entry.change
        attempts = change.attempts + entry.attempts + 1
        rejected = Rejected(
            change.stream,
            change.record,
            reject,
            entry.positions[-1],
            attempts,
            entry.key,
            change.version,
        )
        self.settle_reject(rejected, entry.positions)


def bug(error: Exception, entry: Entry | None = None) -> Stop:
    """Wrap an unforeseen exception. Its text may quote a file's name or a URL; its type cannot."""
    where = f"{entry.key}: " if entry else ""
    return Stop(f"{where}unforeseen {type(error).__name__}; please report it as a bug")
