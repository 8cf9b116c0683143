"""The clerk: one thread that makes the batch calls, one after another, and prints the states."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Set
from math import inf

from target_linkedin_resumes.confirmation import Confirmation
from target_linkedin_resumes.engine.interfaces import Confirmed, Outcomes, Sent
from target_linkedin_resumes.engine.run import Run, bug
from target_linkedin_resumes.engine.types import Batch, Entry
from target_linkedin_resumes.errors import Failure, Refused, Reject, Retry
from target_linkedin_resumes.records import Delete, Upsert

logger = logging.getLogger(__name__)

# Seconds between two states on stdout.
STATE_INTERVAL = 1.0
# And, for a second that was spent on making one durable, so many without: a large rejects file
# that is written anew for each must not be all that a run does.
PAUSE_FACTOR = 9


class Clerk:
    """Keeps the books of a run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
        self._wakes = -inf  # when it will look by itself; -inf while it is awake
        self._printing = threading.Lock()  # keeps the states in order; taken before the run's lock
        self._next_print = -inf

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def call(self, now: float) -> None:
        """Wake the clerk if there is something to do before it looks by itself. Lock held."""
        if self._wakes == -inf:
            return
        flow = self._run.flow
        waits = (flow.batch_wait(now, flush=self._run.flush), flow.next_tick(now))
        if any(wait is not None and now + wait < self._wakes for wait in waits):
            self._wakes = -inf
            self._run.desk.notify()

    def print_due(self, *, at_the_end: bool = False) -> None:
        """Print the newest true state, at most once a second and always at the end.

        One that took long to become durable is followed by a pause that is longer still. Called
        without the lock. Raises what the outside's ``print_state`` does.
        """
        run = self._run
        with self._printing:
            with run.lock:
                now = run.outside.clock()
                if not at_the_end and (run.ended or now < self._next_print):
                    return
                state = run.checkpoints.take_due()
                if state is None:
                    return
            if run.outside.rejects is not None:
                run.outside.rejects.sync()
            if run.outside.books is not None:
                run.outside.books.sync()
            synced = run.outside.clock()
            self._next_print = max(now + STATE_INTERVAL, synced + PAUSE_FACTOR * (synced - now))
            run.outside.print_state(state)
            run.tally.states += 1

    def _work(self) -> None:
        run = self._run
        try:
            while (batch := self._next_batch()) is not None:
                self._send(batch)
                del batch  # with its records, which may hold files, before the next one comes
        except Exception as error:  # noqa: BLE001 - the clerk must not end in silence
            with run.lock:
                run.fail(error if isinstance(error, Failure) else bug(error))
                run.end()

    def _next_batch(self) -> Batch | None:
        """Wait for the next batch to go out, printing states meanwhile. None at the end."""
        run = self._run
        while True:
            with run.lock:
                if run.ended:
                    return None
                now = run.outside.clock()
                if run.flow.tick(now):
                    run.work.notify_all()
                wait = run.flow.batch_wait(now, flush=run.flush)
                if wait == 0:
                    wait = run.outside.pace.wait_for(run.flow.batch_length(now))
                    if wait == 0:
                        return run.flow.take_batch(now)
                waits = [wait, run.flow.next_tick(now)]
                if run.checkpoints.due():
                    waits.append(max(self._next_print - now, 0.0))
                timeout = min((w for w in waits if w is not None), default=None)
                if timeout != 0:
                    self._wakes = inf if timeout is None else now + timeout
                    run.desk.wait(timeout)
                    self._wakes = -inf
            self.print_due()

    def _send(self, batch: Batch) -> None:
        run, books = self._run, self._run.outside.books
        if books is not None:
            run.write_uploads_down()
            books.sending([Sent(entry.change, entry.upload) for entry in batch.entries])
        ticket = run.outside.pace.sent(len(batch.entries))
        try:
            result = self._call(batch)
        finally:
            run.outside.pace.answered(ticket)
        if books is not None and isinstance(result, Mapping):
            books.confirmed(_confirmed(batch, result))
        with run.lock:
            rejects = self._read(batch, result, run.outside.clock())
            for entry, _ in rejects:
                run.begin_reject(entry.key)
            run.room.notify_all()
        for entry, reject in rejects:
            run.settle_rejected_entry(entry, reject)
        self.print_due()

    def _call(self, batch: Batch) -> Outcomes | Retry | Refused:
        sender = self._run.outside.sender
        try:
            if batch.kind is Delete:
                return sender.delete([entry.key for entry in batch.entries])
            return sender.update(
                [
                    (entry.change, entry.upload)
                    for entry in batch.entries
                    if isinstance(entry.change, Upsert) and entry.upload is not None
                ]
            )
        except (Retry, Refused) as failure:
            return failure

    def _read(
        self, batch: Batch, result: Outcomes | Retry | Refused, now: float
    ) -> list[tuple[Entry, Reject]]:
        """Settle what was delivered; give what is to be rejected. Raises what stops the run."""
        run, length = self._run, len(batch.entries)
        if isinstance(result, Retry):
            if run.ended:  # cut off at the end: the next run reads these records again
                return []
            run.tally.retried[result.cause] += length
            logger.warning("A batch of %d is sent again: %s", length, result.message)
            run.flow.batch_failed(batch, result, now)
            return []
        if isinstance(result, Refused):
            logger.warning("A batch of %d was refused whole: %s", length, result.message)
            ended = run.flow.batch_refused(batch, result)
        else:
            ended = run.flow.answered(batch, result, now)
            if len(ended) < length:
                self._count_retries(batch, result, {entry for entry, _ in ended})
        rejects: list[tuple[Entry, Reject]] = []
        stops: list[Failure] = []
        for entry, outcome in ended:
            if isinstance(outcome, Confirmation):
                run.checkpoints.settle(entry.positions)
                run.tally.confirmed(entry.change)
                run.arrived(entry.key, entry.positions[-1])
            elif isinstance(outcome, Reject):
                rejects.append((entry, outcome))
            else:
                stops.append(outcome)
        for stop in stops:
            raise stop
        return rejects

    def _count_retries(self, batch: Batch, outcomes: Outcomes, ended: Set[Entry]) -> None:
        for entry in batch.entries:
            if entry not in ended:
                outcome = outcomes.get(entry.key)
                cause = outcome.cause if isinstance(outcome, Retry) else "unclear"
                self._run.tally.retried[cause] += 1


def _confirmed(batch: Batch, outcomes: Outcomes) -> list[Confirmed]:
    found = ((entry, outcomes.get(entry.key)) for entry in batch.entries)
    return [
        Confirmed(entry.change, entry.upload, outcome)
        for entry, outcome in found
        if isinstance(outcome, Confirmation)
    ]
