"""The order of changes: what supersedes what, and what may go out when. Pure.

For one key at most three changes are alive, in this order:

    sending   on the wire, in the one batch call that is under way
    delete    waiting for a batch of deletes
    upsert    being uploaded, or waiting for a batch of upserts

A later change takes the place of what stands behind the wire: an upsert replaces an upsert, a
delete replaces both. An upsert does not replace a delete but follows it: whatever becomes of the
upsert, the deletion has happened. A replaced change is settled when the one in its place is.
But a reject takes the place of no upsert: the one that it had replaced goes out instead.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from itertools import count, islice
from math import inf
from typing import Any

import backoff

from target_linkedin_resumes.engine.types import DELETION_REFUSED, Batch, Entry, Stage, Upload
from target_linkedin_resumes.errors import Confirmation, Outcome, Refused, Reject, Retry, Stop
from target_linkedin_resumes.records import Change, Delete, ResumeKey, Upsert

# Seconds. Full jitter draws from 0 to the exponential value, so 64 workers do not come back at
# once; a minute is as long as LinkedIn's own window.
FIRST_WAIT = 1
LONGEST_WAIT = 60

_UNNAMED = Retry("LinkedIn's answer does not name this key")


class Retries:
    """Exponential waits with full jitter, and a deadline for each change.

    ``retry_seconds`` is how long one change may be retried before the run stops; ``jitter`` maps
    the exponential wait to the one that is used; ``observe`` is told of each wait in seconds and
    why.
    """

    def __init__(
        self,
        retry_seconds: int,
        jitter: Callable[[float], float] = backoff.full_jitter,
        observe: Callable[[Retry, float], None] = lambda _failure, _seconds: None,
    ) -> None:
        self._retry_seconds = retry_seconds
        self._jitter = jitter
        self._observe = observe

    def waits(self) -> Generator[float, Any, None]:
        """A fresh sequence of exponential waits in seconds, before jitter."""
        sequence = backoff.expo(factor=FIRST_WAIT, max_value=LONGEST_WAIT)
        next(sequence)  # the library's generators start with an empty value
        return sequence

    def wait(self, waits: Generator[float, Any, None], failure: Retry) -> float:
        """Seconds until the next try: what the server asks for, or the jittered exponential.

        The jitter comes on top of a ``Retry-After``: all workers are told the same instant. No
        server holds a run for longer than the change may be retried.
        """
        drawn = self._jitter(next(waits))
        asked = failure.retry_after
        wait = drawn if asked is None else min(asked, self._retry_seconds) + min(drawn, 1)
        self._observe(failure, wait)
        return wait

    def note(self, entry: Entry, failure: Retry, now: float) -> Stop | None:
        """Count a failed try. Gives what stops the run once the change failed for too long."""
        entry.attempts += failure.tried
        if entry.failing_since is None:
            entry.failing_since = now
        lasted = now - entry.failing_since
        if lasted < self._retry_seconds:
            return None
        return Stop(
            f"{entry.key}: not delivered after {entry.attempts} tries in {lasted:.0f} s"
            f" (setting retry_seconds={self._retry_seconds}). Last reason: {failure.message}."
            " Run again later: it goes on from the last state."
        )


@dataclass(slots=True)
class _KeyState:
    sending: Entry | None = None
    delete: Entry | None = None
    upsert: Entry | None = None

    @property
    def waiting(self) -> Entry | None:
        """The first change behind the one on the wire."""
        return self.delete or self.upsert


class InFlight:
    """All changes in flight. Every method that takes ``now`` takes seconds on one clock.

    ``keep_deletions`` says that a deletion which LinkedIn does not take becomes a reject, which
    stays outstanding; otherwise it stops the run.
    """

    def __init__(
        self,
        *,
        batch_size: int,
        batch_max_age: float,
        retries: Retries,
        keep_deletions: bool = False,
    ) -> None:
        self._batch_size = batch_size
        self._batch_max_age = batch_max_age
        self._retries = retries
        self._keep_deletions = keep_deletions
        self._keys: dict[ResumeKey, _KeyState] = {}
        self._queue: list[tuple[float, int, Entry]] = []  # a heap: priority, order of arrival
        self._backoff: list[tuple[float, int, Entry]] = []
        self._serial = count()
        self._ready: dict[type[Change], dict[ResumeKey, Entry]] = {Upsert: {}, Delete: {}}
        self._bisecting: deque[list[Entry]] = deque()
        self._call_waits = retries.waits()
        self._no_call_before = 0.0
        self._uploaded_at = -inf
        self._confirmed_at = -inf
        self._calling = False
        self.uploading = 0
        self.uploads_pending = 0  # queued, under way, or waiting for another try
        self.size = 0
        self.superseded = 0

    # Reading

    def add(
        self,
        change: Change,
        position: int,
        size: int,
        now: float,
        priority: float = inf,
        known: object = None,
    ) -> None:
        """Take a change that was just read; it supersedes earlier ones of its key.

        The uploads of a lower ``priority`` begin first, those of one priority in their order.
        ``known`` as in :class:`Entry`.
        """
        entry = Entry(change, [position], size, known)
        self.size += size
        state = self._keys.setdefault(change.key, _KeyState())
        if isinstance(change, Upsert):
            self._supersede(state.upsert, entry)
            state.upsert = entry
            self.uploads_pending += 1
            self._enqueue(entry, priority)
        else:
            self._supersede(state.delete, entry)
            self._supersede(state.upsert, entry)
            state.delete, state.upsert = entry, None
            self._make_ready(entry, now)

    def cut(self, horizon: float) -> None:
        """Give up the uploads that have not begun and that settle nothing up to ``horizon``."""
        for _, _, entry in (*self._queue, *self._backoff):
            waits = entry.stage in (Stage.QUEUED, Stage.BACKOFF)
            begun = entry.kind is Delete or entry.upload is not None
            first = entry.superseded[0] if entry.superseded else entry
            if waits and not begun and first.positions[0] > horizon:
                self._drop(entry)

    # Uploads

    def start_upload(self) -> Entry | None:
        """Give the next upsert whose upload should begin."""
        while self._queue:
            _, _, entry = heapq.heappop(self._queue)
            if entry.stage is Stage.QUEUED:
                entry.stage = Stage.UPLOADING
                entry.under_way = True
                self.uploading += 1
                return entry
        return None

    def uploaded(self, entry: Entry, upload: Upload, now: float) -> bool:
        """An upload succeeded. False if a later change has taken its place meanwhile."""
        if not self._upload_ended(entry):
            if entry.stage is Stage.SUPERSEDED:  # for the day that it is wanted again
                entry.upload, entry.since = upload, entry.since or now
            return False
        self.uploads_pending -= 1
        self._uploaded_at = now
        entry.upload = upload
        self._make_ready(entry, now)
        return True

    def upload_failed(self, entry: Entry, failure: Retry, now: float) -> Stop | Reject | None:
        """An upload failed for now. Gives what it comes to once it has failed for too long.

        A reject, where its source is to blame and others have been uploaded meanwhile, or where it
        is this file alone: one dead link must not stop each run, nor an outage make rejects of all
        there is.
        """
        if not self._upload_ended(entry):
            return None
        stop = self._try_later(entry, failure, now)
        others = "" if self._uploaded_at < (entry.failing_since or 0) else " while others arrived"
        if stop is None or not failure.at_source or not (others or failure.of_file):
            return stop
        self._drop(entry, rejected=True)
        tries = f"{entry.attempts} tries failed{others}"
        return Reject("source_unreachable", f"{tries}; the last: {failure.message}")

    def upload_needless(self, entry: Entry, *, rejected: bool = False) -> bool:
        """An upload can never succeed, or LinkedIn holds the resume as it is to be.

        False if a later change has taken its place meanwhile.
        """
        if not self._upload_ended(entry):
            return False
        self._drop(entry, rejected=rejected)
        return True

    def _upload_ended(self, entry: Entry) -> bool:
        self.uploading -= 1
        entry.under_way = False
        return entry.stage is Stage.UPLOADING

    # Batches

    def batch_wait(self, now: float, *, flush: bool) -> float | None:
        """Seconds until a batch is to go out: 0 now, None while there is none.

        ``flush`` lets a partial batch go at once.
        """
        if self._calling or not (self._bisecting or any(self._ready.values())):
            return None
        full = any(len(ready) >= self._batch_size for ready in self._ready.values())
        wait = 0.0 if flush or full or self._bisecting else self._age_wait(now)
        return max(wait, self._no_call_before - now, 0.0)

    def batch_length(self, now: float) -> int:
        """How many changes :meth:`take_batch` would take."""
        return len(self._bisecting[0]) if self._bisecting else len(self._next_ready(now))

    def take_batch(self, now: float) -> Batch:
        """Take the batch that is to go out; its changes are on the wire until it is answered."""
        entries = self._bisecting.popleft() if self._bisecting else self._next_ready(now)
        for entry in entries:
            state = self._keys[entry.key]
            self._ready[entry.kind].pop(entry.key, None)
            if entry.kind is Delete:
                state.delete = None
            else:
                state.upsert = None
            state.sending = entry
            entry.stage = Stage.SENDING
        self._calling = True
        return Batch(entries[0].kind, tuple(entries))

    def answered(
        self, batch: Batch, outcomes: Mapping[ResumeKey, Outcome], now: float
    ) -> list[tuple[Entry, Outcome]]:
        """Read LinkedIn's answer, key by key.

        Returns what has come to its end: confirmed, or failed for good. What failed for now waits
        for its next try, unless a later change has taken its place. A key without an outcome was
        not delivered.
        """
        self._calling = False
        self._call_waits = self._retries.waits()
        ended: list[tuple[Entry, Outcome]] = []
        for entry in batch.entries:
            outcome = outcomes.get(entry.key, _UNNAMED)
            if isinstance(outcome, Confirmation):
                self._confirmed_at = now
            if isinstance(outcome, Reject) and self._takes_its_place(entry):
                outcome = Retry(outcome.message)  # what comes after it settles it
            if isinstance(outcome, Reject) and entry.kind is Delete:
                outcome = self._refused_deletion(entry, outcome.message)
            if isinstance(outcome, Stop):
                self._put_back(entry)  # and there it stays: nothing may overtake it
                ended.append((entry, type(outcome)(f"{entry.key}: {outcome.message}")))
            elif isinstance(outcome, Retry):
                if self._put_back(entry) and (failed := self._try_later(entry, outcome, now)):
                    ended.append((entry, failed))
            else:
                self._off_the_wire(entry, rejected=isinstance(outcome, Reject))
                ended.append((entry, outcome))
        return ended

    def batch_failed(self, batch: Batch, failure: Retry, now: float) -> list[tuple[Entry, Outcome]]:
        """The call failed as a whole, for now; none of its changes counts as delivered.

        Gives what stops the run once one of them has failed for too long. Deletions that fail while
        others get through do not: they are halved until the one that is the cause stands alone, and
        that is a reject.
        """
        self._calling = False
        self._no_call_before = now + self._retries.wait(self._call_waits, failure)
        entries = [entry for entry in batch.entries if self._put_back(entry)]
        failed = [(entry, self._retries.note(entry, failure, now)) for entry in entries]
        stops = [(entry, stop) for entry, stop in failed if stop is not None]
        if stops and all(self._may_be_kept(entry) for entry, _ in stops):
            if len(entries) > 1:
                self._halve(entries)
                return []
            [(entry, stop)] = stops
            return [(entry, self._keep_deletion(entry, stop))]
        for entry in entries:
            entry.since = None  # behind what is ready of the other kind, which may get through
            self._make_ready(entry, now)
        return list(stops[:1])

    def batch_refused(self, batch: Batch, failure: Refused) -> list[tuple[Entry, Outcome]]:
        """LinkedIn refused the call as a whole: halve it, or give the record that stands alone."""
        self._calling = False
        entries = [entry for entry in batch.entries if self._put_back(entry)]
        if len(batch.entries) == 1 and entries:
            [entry] = entries
            refused: Reject | Stop = Reject("linkedin_refused", failure.message)
            if entry.kind is Delete:
                refused = self._refused_deletion(entry, failure.message)
            if isinstance(refused, Reject):
                self._drop(entry, rejected=True)
            return [(entry, refused)]
        self._halve(entries)
        return []

    def _halve(self, entries: list[Entry]) -> None:
        middle = (len(entries) + 1) // 2
        for half in (entries[:middle], entries[middle:]):
            if half:
                self._bisecting.append(half)
                for entry in half:
                    entry.stage = Stage.BISECTING

    # Time

    def tick(self, now: float) -> None:
        """Bring back what has waited long enough."""
        while self._backoff and self._backoff[0][0] <= now:
            _, _, entry = heapq.heappop(self._backoff)
            if entry.stage is not Stage.BACKOFF:
                continue
            if entry.kind is Upsert and entry.upload is None:
                # Ahead of what has not been tried: its deadline runs, and states wait for it.
                entry.stage = Stage.QUEUED
                self._enqueue(entry, -inf)
            else:
                self._make_ready(entry, now)

    def next_tick(self, now: float) -> float | None:
        """Seconds until :meth:`tick` has something to do."""
        return max(self._backoff[0][0] - now, 0.0) if self._backoff else None

    @property
    def empty(self) -> bool:
        """Whether nothing is in flight but uploads whose result nobody wants any more."""
        return not self._keys

    # One key

    def _enqueue(self, entry: Entry, priority: float) -> None:
        heapq.heappush(self._queue, (priority, next(self._serial), entry))

    def _supersede(self, earlier: Entry | None, later: Entry) -> None:
        if earlier is None:
            return
        if self._ready[earlier.kind].get(earlier.key) is earlier:
            del self._ready[earlier.kind][earlier.key]
        if earlier.since is not None:
            later.since = earlier.since
        self.superseded += 1
        if later.kind is Delete:
            self._retire(earlier)
            earlier.positions.extend(later.positions)
            later.positions = earlier.positions
            return
        self._withdraw(earlier, Stage.SUPERSEDED)
        chain, earlier.superseded = earlier.superseded, []
        chain += (earlier, *later.superseded)
        later.superseded = chain

    def _revived(self, entry: Entry) -> Entry | None:
        """Bring back what a rejected upsert took the place of."""
        if not entry.superseded:
            return None
        earlier = entry.superseded.pop()
        earlier.superseded, entry.superseded = entry.superseded, []
        self.superseded -= 1
        if earlier.upload is not None:
            assert earlier.since is not None  # noqa: S101 - since its upload has ended
            self._make_ready(earlier, earlier.since)
            return earlier
        self.uploads_pending += 1
        earlier.stage = Stage.UPLOADING if earlier.under_way else Stage.QUEUED
        if not earlier.under_way:
            self._enqueue(earlier, -inf)
        return earlier

    def _retire(self, entry: Entry) -> None:
        """Let an entry go, with those that it took the place of."""
        self._withdraw(entry, Stage.DONE)
        gone = [*entry.superseded, entry]
        for one in gone:
            one.stage = Stage.DONE
            self.size -= one.size
        if entry.superseded:
            entry.positions = [position for one in gone for position in one.positions]
            entry.superseded = []

    def _withdraw(self, entry: Entry, stage: Stage) -> None:
        if entry.kind is Upsert and entry.upload is None:
            self.uploads_pending -= 1
        if entry.stage is Stage.BISECTING:
            groups = ([one for one in group if one is not entry] for group in self._bisecting)
            self._bisecting = deque(group for group in groups if group)
        entry.stage = stage

    def _make_ready(self, entry: Entry, now: float) -> None:
        if entry.since is None:
            entry.since = now
        state = self._keys[entry.key]
        if entry.kind is Upsert and state.delete is not None:
            entry.stage = Stage.BLOCKED
            return
        entry.stage = Stage.READY
        self._ready[entry.kind][entry.key] = entry

    def _put_back(self, entry: Entry) -> bool:
        """Take an entry off the wire and back into its state; False if it was superseded."""
        state = self._keys[entry.key]
        state.sending = None
        if entry.kind is Upsert:
            if state.waiting is not None:
                self._supersede(entry, state.waiting)
                return False
            state.upsert = entry
            return True
        if state.delete is not None:
            self._supersede(entry, state.delete)
            return False
        state.delete = entry
        if state.upsert is not None and state.upsert.stage is Stage.READY:
            del self._ready[Upsert][entry.key]
            state.upsert.stage = Stage.BLOCKED
        return True

    def _off_the_wire(self, entry: Entry, *, rejected: bool) -> None:
        """Let an entry go that is delivered or failed for good."""
        state = self._keys[entry.key]
        state.sending = None
        if rejected and entry.superseded:  # nothing waits, or that would have taken its place
            state.upsert = self._revived(entry)
        self._leave(entry, state)

    def _takes_its_place(self, entry: Entry) -> bool:
        """Whether a change that waits replaces one on the wire, rather than follow it."""
        state = self._keys[entry.key]
        return state.delete is not None or (entry.kind is Upsert and state.upsert is not None)

    def _refused_deletion(self, entry: Entry, reason: str) -> Reject | Stop:
        """Give what becomes of a deletion that LinkedIn does not take."""
        if self._keep_deletions:
            return Reject(DELETION_REFUSED, reason)
        return Stop(
            f"{entry.key}: LinkedIn refuses this deletion: {reason}. A deletion is never dropped,"
            " so the run stops with the state before it. Or have it kept and tried again by each"
            " run, with the setting on_reject=continue."
        )

    def _drop(self, entry: Entry, *, rejected: bool = False) -> None:
        """Let an entry go that is not on the wire."""
        state = self._keys[entry.key]
        if entry.kind is Delete:
            state.delete = None
        else:
            state.upsert = self._revived(entry) if rejected else None
        self._leave(entry, state)

    def _leave(self, entry: Entry, state: _KeyState) -> None:
        """Let an entry go that its key's state no longer has, and with it what waits for it."""
        self._retire(entry)
        upsert = state.upsert
        if upsert is not None and upsert.stage is Stage.BLOCKED and state.delete is None:
            upsert.stage = Stage.READY
            self._ready[Upsert][upsert.key] = upsert
        if state.sending is None and state.waiting is None:
            del self._keys[entry.key]

    def _try_later(self, entry: Entry, failure: Retry, now: float) -> Stop | Reject | None:
        """Have a change wait for its next try. Gives what it comes to, failing for too long.

        A deletion that stays unanswered while others are confirmed holds up nobody.
        """
        entry.stage = Stage.BACKOFF
        if entry.waits is None:
            entry.waits = self._retries.waits()
        due = now + self._retries.wait(entry.waits, failure)
        heapq.heappush(self._backoff, (due, next(self._serial), entry))
        stop = self._retries.note(entry, failure, now)
        if stop is None or not self._may_be_kept(entry):
            return stop
        return self._keep_deletion(entry, stop)

    def _may_be_kept(self, entry: Entry) -> bool:
        """Whether an entry is a deletion that has failed while others got through."""
        got_through = self._confirmed_at >= (entry.failing_since or inf)
        return self._keep_deletions and entry.kind is Delete and got_through

    def _keep_deletion(self, entry: Entry, stop: Stop) -> Reject:
        self._drop(entry)
        return Reject(DELETION_REFUSED, stop.message.removeprefix(f"{entry.key}: "))

    # The open batches

    def _age_wait(self, now: float) -> float:
        oldest = (next(iter(r.values())).since for r in self._ready.values() if r)
        return min((s for s in oldest if s is not None), default=now) + self._batch_max_age - now

    def _next_ready(self, now: float) -> list[Entry]:
        """The fuller kind first; between partial batches, the older."""
        upserts, deletes = self._ready[Upsert], self._ready[Delete]

        def urgency(ready: dict[ResumeKey, Entry]) -> tuple[bool, float]:
            oldest = next(iter(ready.values())).since if ready else None
            return len(ready) >= self._batch_size, now - oldest if oldest is not None else -1.0

        chosen = max(upserts, deletes, key=urgency)
        return list(islice(chosen.values(), self._batch_size))
