"""The scheduler: one thread that alone owns what is in flight, the checkpoints and the counters.

Everything reaches it as a message in its inbox: what the reader has read, and what became of the
jobs that it gave to other threads. So no lock guards any of its state, and it does no I/O::

    reader --post--> inbox --> scheduler --> upload threads: fetch and upload one resume
                       ^          |--------> batch thread:   one batch call at a time
                       |          '--------> store thread:   write down, print states, in order
                       '----- results -----'

A run that stops drains: nothing more is read, uploads that have not begun are given up, what is
under way is brought to its end within the grace, and the last true state is printed. Where one
record is the reason, everything before that record is settled first, so that the state printed is
the last one before it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import repeat
from math import inf
from queue import Empty, SimpleQueue
from typing import Any

from target_linkedin_resumes.engine.checkpoints import Checkpoints, State
from target_linkedin_resumes.engine.counters import Counters
from target_linkedin_resumes.engine.inflight import InFlight
from target_linkedin_resumes.engine.interfaces import Confirmed, Outcomes, Ports, Sent, Store
from target_linkedin_resumes.engine.types import (
    Batch,
    Entry,
    Rejected,
    Stage,
    Unchanged,
    Upload,
    bug,
)
from target_linkedin_resumes.engine.workers import Workers, start_thread
from target_linkedin_resumes.errors import Confirmation, Failure, Refused, Reject, Retry, Stop
from target_linkedin_resumes.records import Change, Delete, ResumeKey, Upsert

logger = logging.getLogger(__name__)

# Seconds between two states on stdout.
STATE_INTERVAL = 1.0
# And, for a second that was spent on making one durable, so many without: a large rejects file
# that is written anew for each must not be all that a run does.
PAUSE_FACTOR = 9
# Seconds that an upload is kept in memory alone while no batch goes out: what a crash loses.
NOTE_INTERVAL = 1.0
# Seconds between two lines of the log about the same cause.
LOG_INTERVAL = 30
# Messages that are read before what they made possible is begun.
_MESSAGES_AT_ONCE = 100
# Settled changes that are kept in memory while no state is printed.
_SETTLED_AT_ONCE = 1000


class Scheduler:
    """The state of a run, and what is to be done next.

    Every method runs on the scheduler's own thread, except for ``start``, ``post`` and
    ``post_all``. Other threads read the public attributes and properties, whose values are at most
    a moment old.
    """

    def __init__(self, in_flight: InFlight, ports: Ports, *, uploads: int, grace: float) -> None:
        self.in_flight = in_flight
        self.checkpoints = Checkpoints()
        self.counters = Counters()
        self.failure: Failure | None = None
        self.draining = False
        self.released = 0
        """Bytes of changes that were handed in and are not in flight any more."""
        self.settled_keys: deque[ResumeKey] = deque()
        """The key of each change that has been in flight and is settled, where there is a ledger
        to be asked about the next one; the reader takes them.
        """
        self._ports = ports
        self._grace = grace
        self._inbox: SimpleQueue[Sequence[tuple[Any, ...]]] = SimpleQueue()
        self._uploads = Workers("upload", uploads, self.post, ports.clock)
        self._calls = Workers("batches", 1, self.post, ports.clock)
        self._stores = Workers("stores", 1, self.post, ports.clock)
        self._on_failure: Callable[[], None] = lambda: None
        self._received = 0  # bytes of changes that were handed in
        self._horizon = inf  # uploads that settle nothing before it are given up
        self._deadline = inf  # when what is in flight is left to itself
        self._closing = False
        self._ended = False  # nothing more is begun
        self._reader: tuple[Callable[[], bool], SimpleQueue[None]] | None = None
        self._end: SimpleQueue[None] | None = None
        self._finished = False
        self._rejecting = 0  # rejects that are being written down
        self._uploaded: dict[Entry, None] = {}  # not told to the stores yet, and not sent
        self._tell_at = inf  # when they are told of those
        self._settled: list[tuple[ResumeKey, int]] = []  # not told to the stores yet
        self._printing = False
        self._next_print = -inf
        self._log_throttle = LogThrottle()

    def start(self, on_failure: Callable[[], None]) -> None:
        """Start the thread. ``on_failure`` is called on it, at the first failure."""
        self._on_failure = on_failure
        start_thread("scheduler", self._run)

    def post(self, method: Callable[..., None], *arguments: Any) -> None:
        """Have a method called on the scheduler's thread, after those posted before."""
        self._inbox.put(((method, *arguments),))

    def post_all(self, messages: Sequence[tuple[Any, ...]]) -> None:
        """Post several messages at once, each a method and its arguments."""
        self._inbox.put(messages)

    def _run(self) -> None:
        wait: float | None = None
        while not self._finished:
            try:
                self._receive(wait)
                wait = self._advance()
            except Exception as error:  # noqa: BLE001 - the run must end, and say so
                self._stop(error)
                wait = 0.0

    def _receive(self, wait: float | None) -> None:
        """Wait for messages, and handle those that have come."""
        with suppress(Empty):
            handled, messages = 0, self._inbox.get(timeout=wait)
            while True:
                for message in messages:
                    self._handle(*message)
                handled += len(messages)
                if handled >= _MESSAGES_AT_ONCE:
                    return
                messages = self._inbox.get_nowait()

    def _handle(self, method: Callable[..., None], *arguments: Any) -> None:
        try:
            method(*arguments)
        except Exception as error:  # noqa: BLE001 - likewise
            self._stop(error)

    def _advance(self) -> float | None:
        """Begin what has become possible. Gives the seconds until there may be more to begin."""
        now = self._ports.clock()
        waits: list[float | None] = []
        if self.draining:  # also what the reader had not handed over yet when the run was stopped
            self.in_flight.cut(self._horizon)
        if not self._ended:
            self.in_flight.tick(now)
            self._begin_uploads()
            waits.append(self._begin_batch(now))
            waits.append(self.in_flight.next_tick(now))
            waits.append(self._print_due(now))
            waits.append(self._tell_due(now))
        self.released = self._received - self.in_flight.size
        if self._reader is not None:
            condition, reply = self._reader
            if condition():
                self._reader = None
                reply.put(None)
            elif self._deadline < inf:
                waits.append(max(self._deadline - now, 0.0))
        if self._end is not None and not self._stores.busy:
            self._finish(self._end)
        return min((wait for wait in waits if wait is not None), default=None)

    # What the reader posts

    def add(self, change: Change, size: int, priority: float, known: object, asked: bool) -> None:
        """Take a change that was read, or a deletion that no record ``asked`` for."""
        if asked:
            self.counters.read += 1
        else:
            self.counters.vanished += 1
        self._received += size
        position = self.checkpoints.take()
        self.in_flight.add(change, position, size, self._ports.clock(), priority, known)

    def add_unchanged(self, key: ResumeKey, asked: bool) -> None:
        """Settle what is known to be carried out already; nothing of its key is in flight."""
        if asked:
            self.counters.read += 1
            self.counters.unchanged += 1
        self._settle(key, [self.checkpoints.take()])

    def add_skipped(self, count: str) -> None:
        """Count a record that asks for nothing."""
        self.counters.read += 1
        setattr(self.counters, count, getattr(self.counters, count) + 1)

    def add_reject(self, rejected: Rejected) -> None:
        """Take a record that could not be read as a change."""
        self.counters.read += 1
        position = self.checkpoints.take()
        self._reject(replace(rejected, position=position), [position])

    def write(self, job: Callable[[], None], reply: SimpleQueue[None]) -> None:
        """Have the store thread do a job of the reader, which waits for ``reply``."""

        def failed(failure: Failure) -> None:
            self._stop(failure)
            reply.put(None)

        self._tell(job, lambda _: reply.put(None), failed)

    def answer_when(self, condition: Callable[[], bool], reply: SimpleQueue[None]) -> None:
        """Put None into ``reply``, for which the reader waits, as soon as ``condition`` holds."""
        self._reader = condition, reply

    def close(self) -> None:
        """Learn that nothing more will be read."""
        self._closing = True

    # Stopping

    def fail_here(self, failure: Failure) -> None:
        """Stop at what was read last: all before it is settled first."""
        self.fail(failure, self.checkpoints.take())

    def fail(self, failure: Failure, horizon: float = -1) -> None:
        """Remember the first failure, and drain."""
        first = self.failure is None
        if first:
            self.failure = failure
        self.drain(horizon)
        if first:
            self._on_failure()

    def drain(self, horizon: float = -1) -> None:
        """Begin to drain; positions up to ``horizon`` get the time they need, others the grace."""
        self.draining = True
        self._ports.stop_waiting()
        self._horizon = min(self._horizon, horizon)
        if horizon < 0:
            self._deadline = min(self._deadline, self._ports.clock() + self._grace)

    def end(self, reply: SimpleQueue[None]) -> None:
        """Begin nothing more, print the last true state, put None into ``reply``, and end."""
        self._ended = True
        self._end = reply

    def _stop(self, error: Exception) -> None:
        """Begin nothing more: what stands in the way concerns all that is in flight."""
        self.fail(error if isinstance(error, Failure) else bug(error))
        self._ended = True

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight, nor a reject being written down."""
        return self.in_flight.empty and not self._rejecting

    @property
    def drained(self) -> bool:
        """Whether nothing is in flight any more, or nobody waits for it any longer."""
        return self.idle or self._ended or self._ports.clock() >= self._deadline

    def _finish(self, reply: SimpleQueue[None]) -> None:
        """Print the last true state; once nothing is left to write down, end all threads."""
        if self._uploaded or self._settled:
            self._tell_uploaded()
        self._begin_print()
        if not self._stores.busy:
            for workers in (self._uploads, self._calls, self._stores):
                workers.stop()
            self._finished = True
            reply.put(None)

    # Uploads

    def _begin_uploads(self) -> None:
        while self.in_flight.uploading < self._ports.concurrency.allowed:
            entry = self.in_flight.start_upload()
            if entry is None:
                return
            self._uploads.run(partial(self._upload, entry), partial(self._upload_ended, entry))
            self.counters.most_uploads = max(self.counters.most_uploads, self.in_flight.uploading)

    def _upload(self, entry: Entry) -> Upload | Unchanged:
        """Make one attempt. On an upload thread."""
        assert isinstance(entry.change, Upsert)  # noqa: S101 - only upserts are queued for upload
        try:
            return self._ports.upload(entry.change, entry.known)
        except Failure:
            raise
        except Exception as error:  # noqa: BLE001 - say of which resume
            raise bug(error, entry.key) from None

    def _upload_ended(
        self, entry: Entry, result: Upload | Unchanged | Failure, seconds: float
    ) -> None:
        if self._ended:  # what is cut off at the end says nothing, and nobody waits for it
            return
        if isinstance(result, (Upload, Unchanged)):
            self._ports.concurrency.succeeded(seconds)
        if isinstance(result, Upload):
            self._uploaded_as(entry, result)
        elif isinstance(result, Retry):
            self._upload_failed(entry, result)
        elif isinstance(result, Unchanged):
            if self.in_flight.upload_needless(entry):
                self.counters.unchanged += 1
                self._settle_entry(entry)
        elif isinstance(result, Reject):
            if self.in_flight.upload_needless(entry, rejected=True):
                self._reject(entry.rejected(result), entry.positions)
        else:  # the change stays unsettled: the run ends before it
            self.in_flight.upload_needless(entry)
            self.fail(result)

    def _uploaded_as(self, entry: Entry, upload: Upload) -> None:
        now = self._ports.clock()
        if upload.reused:
            self.counters.reused += 1
        else:
            self.counters.uploaded += 1
            self.counters.bytes_uploaded += upload.size
        if self.in_flight.uploaded(entry, upload, now) and self._ports.stores:
            self._uploaded[entry] = None
            self._tell_at = min(self._tell_at, now + NOTE_INTERVAL)

    def _upload_failed(self, entry: Entry, retry: Retry) -> None:
        now = self._ports.clock()
        unsaid = self._log_throttle.due(retry.cause, now)
        level = logging.DEBUG if unsaid is None else logging.WARNING
        like_it = f" ({unsaid} more like it since the last such line)" if unsaid else ""
        logger.log(level, "%s: the upload is tried again: %s%s", entry.key, retry.message, like_it)
        if not retry.at_source:
            self._ports.concurrency.failed()
        if retry.tried:
            self.counters.retried[retry.cause] += 1
        ended = self.in_flight.upload_failed(entry, retry, now)
        if isinstance(ended, Reject):
            self._reject(entry.rejected(ended), entry.positions)
        elif ended is not None:
            self.fail(ended)

    # Batches

    @property
    def _flush(self) -> bool:
        """Whether a partial batch may go: nothing more is coming that could fill it."""
        if self.draining:
            return True
        return (self._closing or self._reader is not None) and self.in_flight.uploads_pending == 0

    def _begin_batch(self, now: float) -> float | None:
        """Begin the next batch, if it is time. Gives the seconds until then."""
        wait = self.in_flight.batch_wait(now, flush=self._flush)
        if wait == 0:
            wait = self._ports.rate.wait_for(self.in_flight.batch_length(now))
        if wait != 0:
            return wait
        batch = self.in_flight.take_batch(now)
        for entry in batch.entries:
            self._uploaded.pop(entry, None)
        sent = [Sent(entry.change, entry.upload) for entry in batch.entries]
        self._tell_each(lambda store: store.sending(sent), lambda: self._send(batch))
        return None

    def _send(self, batch: Batch) -> None:
        if not self._ended:
            self._ports.rate.sent(len(batch.entries))
            self._calls.run(partial(self._call, batch), partial(self._answered, batch))

    def _call(self, batch: Batch) -> Outcomes:
        """Make the call. On the batch thread."""
        if batch.kind is Delete:
            return self._ports.delete([entry.key for entry in batch.entries])
        return self._ports.update(
            [
                (entry.change, entry.upload)
                for entry in batch.entries
                if isinstance(entry.change, Upsert) and entry.upload is not None
            ]
        )

    def _answered(self, batch: Batch, result: Outcomes | Failure, _: float) -> None:
        self._ports.rate.answered()
        if self._ended:  # cut off at the end: the next run reads these records again
            return
        if isinstance(result, Retry):
            self.counters.retried[result.cause] += len(batch.entries)
            logger.warning("A batch of %d is sent again: %s", len(batch.entries), result.message)
            self._conclude(self.in_flight.batch_failed(batch, result, self._ports.clock()))
        elif isinstance(result, Refused):
            logger.warning(
                "A batch of %d was refused whole: %s", len(batch.entries), result.message
            )
            self._conclude(self.in_flight.batch_refused(batch, result))
        elif isinstance(result, Mapping):
            confirmed = [
                Confirmed(entry.change, entry.upload, outcome)
                for entry in batch.entries
                if isinstance(outcome := result.get(entry.key), Confirmation)
            ]
            done = partial(self._confirmed, batch, result)
            self._tell_each(lambda store: store.confirmed(confirmed), done)
        else:
            raise result

    def _confirmed(self, batch: Batch, outcomes: Outcomes) -> None:
        ended = self.in_flight.answered(batch, outcomes, self._ports.clock())
        for entry in {*batch.entries} - {entry for entry, _ in ended}:
            outcome = outcomes.get(entry.key)
            cause = outcome.cause if isinstance(outcome, Retry) else "unclear"
            self.counters.retried[cause] += 1
        self._conclude(ended)

    def _conclude(self, ended: Sequence[tuple[Entry, Confirmation | Failure]]) -> None:
        """Settle what was delivered, reject what was refused. Raises what stops the run."""
        for entry, outcome in ended:
            if isinstance(outcome, Confirmation):
                superseding = len(entry.positions) > 1
                self.counters.confirmed(entry.change, outcome, superseding=superseding)
                self._settle_entry(entry)
        for _, outcome in ended:
            if isinstance(outcome, Stop):
                raise outcome
        for entry, outcome in ended:
            if isinstance(outcome, Reject):
                self._reject(entry.rejected(outcome), entry.positions)

    # Settling

    def _settle_entry(self, entry: Entry) -> None:
        self._settle(entry.key, entry.positions)
        self._release(entry.key, entry.positions)

    def _settle(self, key: ResumeKey, positions: Sequence[int]) -> None:
        self.checkpoints.settle(positions)
        if self._ports.stores:
            self._settled.append((key, positions[-1]))

    def _release(self, key: ResumeKey | None, positions: Sequence[int]) -> None:
        if self._ports.look_up is not None and key is not None:
            self.settled_keys.extend(repeat(key, len(positions)))

    def _reject(self, rejected: Rejected, positions: Sequence[int]) -> None:
        """Write a reject down and settle it, or stop the run with the state before it."""
        self._rejecting += 1

        def written(failure: Failure | None = None) -> None:
            self._rejecting -= 1
            self.counters.rejected[rejected.reject.code] += 1
            if failure is None and not self._ports.keep_rejects:
                failure = rejected.failure
            if failure is not None:
                self.fail(failure, positions[0])
            else:
                self.checkpoints.settle(positions)
                self._release(rejected.key, positions)

        self._tell_each(lambda store: store.rejected(rejected), written, written)

    # States

    def _print_due(self, now: float) -> float | None:
        """Print the newest true state, if it is time. Gives the seconds until then."""
        if self._printing or not self.checkpoints.due():
            return None
        if now < self._next_print:
            return self._next_print - now
        self._begin_print()
        return None

    def _begin_print(self) -> None:
        state = self.checkpoints.take_due()
        if state is not None:
            self._printing = True
            self._tell(partial(self._print, state), self._printed)

    def _print(self, state: State) -> float:
        """Make the state durable and print it; gives when the next one may be printed.

        On the store thread. One that took long to become durable is followed by a longer pause.
        """
        clock = self._ports.clock
        begun = clock()
        for store in self._ports.stores:
            store.sync()
        next_print = next_state_at(begun, clock())
        self._ports.print_state(state)
        return next_print

    def _printed(self, next_print: float) -> None:
        self._printing = False
        self._next_print = next_print
        self.counters.states += 1

    # The stores

    def _tell_due(self, now: float) -> float | None:
        """Tell the stores what waits to be sent and what was settled, if it is time."""
        if now < self._tell_at and len(self._settled) < _SETTLED_AT_ONCE:
            return self._tell_at - now if self._tell_at < inf else None
        self._tell_uploaded()
        return None

    def _tell_uploaded(self) -> None:
        # Of changes that a later one has replaced the stores are not told.
        replaced = (Stage.DONE, Stage.SUPERSEDED)
        waiting = [entry for entry in self._uploaded if entry.stage not in replaced]
        uploaded = [Sent(entry.change, entry.upload) for entry in waiting]
        self._uploaded.clear()
        self._tell_at = inf

        def tell(store: Store) -> None:
            if uploaded:
                store.uploaded(uploaded)

        self._tell_each(tell, lambda: None, self.fail)

    def _tell_each(
        self,
        tell: Callable[[Store], None],
        done: Callable[[], None],
        failed: Callable[[Failure], None] | None = None,
    ) -> None:
        """Tell each store in turn; what one cannot write, the next ones do not hear."""
        stores = self._ports.stores

        def write() -> None:
            for store in stores:
                tell(store)

        if stores:
            self._tell(write, lambda _: done(), failed)
        else:
            done()

    def _tell(
        self,
        write: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Failure], None] | None = None,
    ) -> None:
        """Have the store thread note what was settled by now, and then write something down.

        A failure stops the run at once, unless ``failed`` takes it.
        """
        settled, self._settled = self._settled, []

        def job() -> Any:
            if settled:
                for store in self._ports.stores:
                    store.settled(settled)
            return write()

        def ended(result: Any, _: float) -> None:
            if isinstance(result, Failure):
                (failed or self._stop)(result)
            else:
                done(result)

        self._stores.run(job, ended)


def next_state_at(begun: float, synced: float) -> float:
    """When the next state may be printed, where making the last one durable took from to."""
    return max(begun + STATE_INTERVAL, synced + PAUSE_FACTOR * (synced - begun))


class LogThrottle:
    """Tells which of many lines about the same cause are to be logged."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def due(self, cause: str, now: float) -> int | None:
        """How many of this cause were left out since the last one; None if this one is as well."""
        said = self._said.get(cause)
        if said is not None and now < said + LOG_INTERVAL:
            self._unsaid[cause] = self._unsaid.get(cause, 0) + 1
            return None
        self._said[cause] = now
        return self._unsaid.pop(cause, 0)
