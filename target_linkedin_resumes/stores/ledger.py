"""The ledger: what LinkedIn is known to hold, kept from run to run.

One row a resume key. What is written before a batch call makes it safe: as soon as something else
was sent for a key, its row no longer says ``delivered``, and so whatever became of that call, the
key counts as changed until LinkedIn confirms one of its changes.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from target_linkedin_resumes.engine.interfaces import Confirmed, Sent
from target_linkedin_resumes.engine.types import Content, Rejected, Upload
from target_linkedin_resumes.records import Change, Delete, ResumeKey, Upsert
from target_linkedin_resumes.stores.absent import Absent
from target_linkedin_resumes.stores.ledger_db import LedgerDB
from target_linkedin_resumes.stores.ledgerrows import (
    DELETED,
    DELETING,
    HELD_AT_FIRST,
    KNOWN,
    NEWEST,
    REJECTED,
    SEEN,
    SENDING,
    Known,
    Note,
    Rows,
    State,
    deliver,
    write,
)
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms
from target_linkedin_resumes.stores.recovered import Recovered
from target_linkedin_resumes.stores.streamversions import StreamVersions

# Seconds between two commits while nothing but uploads is noted: what a crash loses of them.
COMMIT_INTERVAL = 1.0
# What LinkedIn does with a file that no record names is not documented: after two days it is
# uploaded again.
REUSE_SECONDS = 48 * 3600
_SEEN_AT_ONCE = 1000


class Ledger:
    """What LinkedIn holds. From any thread; raises :class:`Stop` when it cannot be written.

    ``now`` gives epoch seconds, ``clock`` seconds that never go back. ``blob_life`` is after how
    many seconds LinkedIn removes a file, if it does. ``resend`` says that nothing counts as
    unchanged. ``quota`` gives the day's requests so far, as ``RequestsPerDay.save``.
    ``pseudonyms`` finds what was recovered from an audit file. ``versions`` says which version of
    its stream a resume is of, ``began_empty`` that nothing was known when the ledger was opened.
    """

    def __init__(
        self,
        file: LedgerDB,
        *,
        now: Callable[[], float],
        clock: Callable[[], float],
        blob_life: float | None = None,
        resend: bool = False,
        quota: Callable[[], Mapping[str, Any]] | None = None,
        pseudonyms: Pseudonyms | None = None,
    ) -> None:
        self._file = file
        self._connection = file.connection
        self._now = now
        self._clock = clock
        self._resend = resend
        self._quota = quota
        self._quota_saved: Mapping[str, Any] = {}
        self._lock = threading.Lock()
        self._committed = clock()
        self._rows = Rows(file.salt, blob_life)
        self.key: Callable[[ResumeKey], bytes] = self._rows.key
        self._uploads: dict[bytes, Note] = {}  # the oldest first
        self._seen: dict[bytes, dict[str, Any]] = {}
        self.versions = StreamVersions(self._writing, self.key)
        with file.written() as connection:
            self.recovered = Recovered(connection, pseudonyms)
            self._newest: int = connection.execute(NEWEST).fetchone()[0]
        self.began_empty = not self._newest and not self.recovered.count
        self._absent = Absent(began_empty=self.began_empty)

    @property
    def salt(self) -> bytes:
        """This ledger's own, for hashes of what it must not hold."""
        return self._file.salt

    def known(self, key: ResumeKey) -> Known | None:
        """What is known of a key."""
        hashed = self.key(key)
        if hashed in self._absent:
            return None
        with self._lock:
            try:
                if hashed in self._uploads:
                    self._begin()
                    self._flush()
                row = self._connection.execute(KNOWN, (hashed,)).fetchone()
            except sqlite3.Error as error:
                raise self._file.failure(error) from None
            if row is not None:
                return Known._make(row)
            self._absent.add(hashed)
        return None

    def is_new(self, key: ResumeKey) -> bool:
        """Whether nothing is known of a key, for sure; where not, there may be nothing either."""
        return self.key(key) in self._absent and not self.recovered.count

    # Unchanged. All of it holds only while nothing of the key is in flight.

    def is_deleted(self, change: Delete) -> bool:
        """Whether what is to be deleted is known to be."""
        known = None if self._resend else self.known(change.key)
        return known is not None and known.state == State.DELETED

    def source_of(self, change: Upsert) -> str | None:
        """What the source said of the file that LinkedIn has confirmed for this key.

        None too where LinkedIn has confirmed another ``created_at``.
        """
        known = None if self._resend else self.known(change.key)
        if known is None or not _is_delivered(known, change):
            return None
        if (known.stream, known.version) != (change.stream, change.version or known.version):
            self._remember(change, known, None)
        return known.source

    def is_delivered(self, change: Upsert, content: Content) -> bool:
        """Whether LinkedIn has confirmed this very content, name and ``created_at``."""
        if self._resend:
            return False
        known = self.known(change.key)
        if known is None:
            return self.recovered.count > 0 and self._adopted(change, content)
        if not _is_delivered(known, change) or not self._rows.same(known, content):
            return False
        self._remember(change, known, content.source)
        return True

    def _adopted(self, change: Upsert, content: Content) -> bool:
        """Take over what was recovered of a resume, if it is this very one."""
        with self._writing() as connection:
            found = self.recovered.find(change, content)
            if found is None:
                return False
            self._absent.discard(self.key(change.key))
            upload = Upload(found.urn, 0, content)
            note = Note(change, upload, found.delivered_at, 0.0, State.DELIVERED)
            write(connection, [self._rows.of(note)])
            self.recovered.drop(change.key)
        return True

    def uploaded_before(self, change: Upsert, content: Content) -> str | None:
        """The URN of a blob with this content that no confirmed record names; None without one."""
        known = self.known(change.key)
        if known is None or known.state not in (State.UPLOADED, State.SENDING):
            return None
        if known.uploaded_at is None or not self._rows.same(known, content):
            return None
        if known.expires_at != self._rows.expiry(known.uploaded_at):
            return None  # LinkedIn was told to keep it for another time than it is told now
        life = REUSE_SECONDS
        if known.expires_at is not None:  # half of it is left for LinkedIn to fetch the file
            life = min(life, (known.expires_at - known.uploaded_at) // 2)
        return known.urn if self._now() < known.uploaded_at + life else None

    def _remember(self, change: Upsert, known: Known, source: str | None) -> None:
        key = self.key(change.key)
        about = {"stream": change.stream, "version": change.version, "source": source}
        with self._lock:
            self._seen[key] = {"key": key, "urn": known.urn, **about}
            if len(self._seen) >= _SEEN_AT_ONCE:
                with self._file.written():
                    self._begin()
                    self._flush()
                    if self._clock() - self._committed >= COMMIT_INTERVAL:
                        self._commit()

    # Books

    def uploaded(self, change: Upsert, upload: Upload) -> None:
        """As :meth:`Books.uploaded`."""
        key = self.key(change.key)
        clock = self._clock()
        with self._lock:
            self._absent.discard(key)
            self._uploads.pop(key, None)  # the newest stands last
            self._uploads[key] = Note(change, upload, int(self._now()), clock)
            if clock - next(iter(self._uploads.values())).clock >= COMMIT_INTERVAL:
                with self._file.written():
                    self._begin()
                    self._flush()
                    self._commit()

    def sending(self, batch: Sequence[Sent]) -> None:
        """As :meth:`Books.sending`."""
        now = int(self._now())
        keys: list[bytes] = []
        deletions: list[dict[str, Any]] = []
        others: list[Note] = []  # what is in the file already
        with self._lock, self._file.written() as connection:
            self._begin()
            for sent in batch:
                change, upload, key = sent.change, sent.upload, self.key(sent.change.key)
                keys.append(key)
                self._absent.discard(key)
                self.recovered.drop(change.key)
                if not isinstance(change, Upsert) or upload is None:
                    deletions.append({"key": key, "now": now})
                    continue
                note = self._uploads.get(key)
                if note is not None and note.change is change and note.upload is upload:
                    note.state = State.SENDING  # and is written down once, as such
                else:
                    others.append(Note(change, upload, now, 0.0, State.SENDING))
            self._flush(keys)
            connection.executemany(DELETING, deletions)
            updates = [
                {
                    "key": self.key(note.change.key),
                    "now": now,
                    "urn": note.upload.urn,
                    "created_at": note.change.created_at,
                }
                for note in others
            ]
            if updates and connection.executemany(SENDING, updates).rowcount < len(updates):
                write(connection, [self._rows.of(note) for note in others])
            self._commit()

    def confirmed(self, batch: Sequence[Confirmed]) -> None:
        """As :meth:`Books.confirmed`."""
        now = int(self._now())
        deleted: list[dict[str, Any]] = []
        delivered: dict[bytes, str] = {}
        for one in batch:
            key = self.key(one.change.key)
            if one.upload is None:
                deleted.append({"key": key, "now": now})
            else:
                delivered[key] = one.upload.urn
        with self._writing([row["key"] for row in deleted] + list(delivered)) as connection:
            connection.executemany(DELETED, deleted)
            deliver(connection, delivered, now)
            self._commit()

    def rejected(self, rejected: Rejected) -> None:
        """As :meth:`Books.rejected`. A record without a readable key leaves its version open."""
        stream, version = rejected.stream, rejected.version
        if rejected.key is not None:
            about = {"key": self.key(rejected.key), "stream": stream, "version": version}
            with self._writing() as connection:
                connection.execute(REJECTED, about)
        elif version is not None:
            self.versions.leave_open(stream, version)

    def sync(self) -> None:
        """As :meth:`Books.sync`."""
        with self._writing():
            self._commit()

    # What it holds

    def held(self) -> int:
        """How many resumes LinkedIn holds, or may hold."""
        with self._writing() as connection:
            [count] = connection.execute(
                "SELECT count(*) FROM resumes WHERE state <> 'deleted'"
            ).fetchone()
        return int(count) + self.recovered.count

    def held_at_first(self, key: ResumeKey) -> bool:
        """Whether LinkedIn holds, or may hold, a resume that it held when the ledger was opened."""
        with self._writing() as connection:
            found = connection.execute(HELD_AT_FIRST, (self.key(key), self._newest)).fetchone()
            return found is not None or self.recovered.knows(key)

    def forget(self, key: ResumeKey) -> bool:
        """Know nothing of a resume any more; tell whether anything was known."""
        with self._writing() as connection:
            known = connection.execute("DELETE FROM resumes WHERE key = ?", (self.key(key),))
            recovered = self.recovered.drop(key)
            self._commit()
        return known.rowcount > 0 or recovered

    # The day's quota

    def quota(self) -> Mapping[str, Any]:
        """The requests of the last day there were any, as ``RequestsPerDay.load`` takes them."""
        with self._writing() as connection:
            rows = connection.execute("SELECT resource, day, used FROM quota").fetchall()
        days = [day for _, day, _ in rows]
        latest = max(days, default="")
        return {"day": latest, "used": {name: used for name, day, used in rows if day == latest}}

    # The file

    def close(self) -> None:
        """Write down what is left and let go of the file. Raises :class:`Stop`.

        Whoever comes later (a worker whose upload has outlasted the run's grace) is kept waiting
        for the end of the process.
        """
        self._lock.acquire()
        try:
            with self._file.written():
                self._begin()
                self._flush()
                self._commit()
        finally:
            self._file.close()

    @contextmanager
    def _writing(self, only: Iterable[bytes] | None = None) -> Iterator[sqlite3.Connection]:
        """A transaction in which all that was noted is written down, or that of some keys."""
        with self._lock, self._file.written() as connection:
            self._begin()
            self._flush(only)
            yield connection

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")

    def _flush(self, only: Iterable[bytes] | None = None) -> None:
        """Write down what was only noted.

        What is not of these keys waits for the batch it is of, so that it is written once.
        """
        if self._uploads:
            keys = list(self._uploads) if only is None else only
            notes = [self._uploads.pop(key) for key in keys if key in self._uploads]
            write(self._connection, [self._rows.of(note) for note in notes])
        if only is None and self._seen:
            self._connection.executemany(SEEN, list(self._seen.values()))
            self._seen.clear()

    def _commit(self) -> None:
        self._save_quota()
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")
        self._committed = self._clock()

    def _save_quota(self) -> None:
        saved = self._quota() if self._quota is not None else {}
        if saved != self._quota_saved:
            self._quota_saved = saved
            self._connection.executemany(
                "INSERT OR REPLACE INTO quota VALUES (?, ?, ?)",
                [(resource, saved["day"], used) for resource, used in saved["used"].items()],
            )


def _is_delivered(known: Known, change: Change) -> bool:
    return (
        isinstance(change, Upsert)
        and known.state == State.DELIVERED
        and known.created_at == change.created_at
    )
