"""The ledger: what LinkedIn is known to hold, kept from run to run.

One row a resume key. What is written before a batch call makes it safe: as soon as something else
was sent for a key, its row no longer says ``delivered``, and so whatever became of that call, the
key counts as changed until LinkedIn confirms one of its changes.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from typing import Any, NamedTuple

from target_linkedin_resumes.engine.interfaces import Confirmed, Sent, Store
from target_linkedin_resumes.engine.types import Rejected, Upload
from target_linkedin_resumes.records import Content, ResumeKey, Row, Upsert
from target_linkedin_resumes.stores.imported import ImportedDeliveries
from target_linkedin_resumes.stores.ledger_db import LedgerDB
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms
from target_linkedin_resumes.stores.row_links import RowLinks
from target_linkedin_resumes.stores.stream_versions import HELD, VERSION, StreamVersions

# What LinkedIn does with a file that no record names is not documented: after two days it is
# uploaded again.
REUSE_SECONDS = 48 * 3600
# Unchanged resumes that are noted in memory before their rows are touched: what a crash loses.
_SEEN_AT_ONCE = 1000
# More than are in flight, as a rule: each key is hashed once on its way.
_HASHES_AT_MOST = 12_000


class State(StrEnum):
    """How far LinkedIn is known to have come with a key."""

    UPLOADED = "uploaded"  # the bytes of a change are there, and no record names them yet
    SENDING = "sending"  # a call may have written the record, or not
    DELIVERED = "delivered"  # LinkedIn confirmed it
    DELETING = "deleting"  # a call may have deleted the record, or not
    DELETED = "deleted"  # LinkedIn confirmed it; hashes of key and row are all that is left
    REJECTED = "rejected"  # only ever rejected: LinkedIn took none of it while there was a ledger


class Known(NamedTuple):
    """What the ledger says of a key. Times are in epoch seconds, ``created_at`` as in a change.

    ``sha256``, ``origin``, ``tag`` and ``content_type`` are as in :class:`Content`; ``origin``,
    ``name`` and ``row`` are hashed with the ledger's salt. Earlier versions wrote no ``origin`` and
    no ``row``. ``shared`` says that another stream has named it too.
    """

    state: str
    stream: str | None
    version: int | None
    created_at: int | None
    sha256: bytes | None
    name: bytes | None
    content_type: str | None
    urn: str | None
    uploaded_at: int | None
    expires_at: int | None
    tag: str | None
    origin: bytes | None
    row: bytes | None
    shared: int


class Found(NamedTuple):
    """What the ledger says of a key and of the row that names it now.

    ``others`` are the other resumes that the row named before.
    """

    known: Known | None
    others: set[ResumeKey]


_FIELDS = ", ".join(Known._fields).replace("tag", "source AS tag")
_KNOWN = f"SELECT {_FIELDS} FROM resumes WHERE key = ?"  # noqa: S608 - own names
# Asked with the key, as each statement takes the interpreter's lock anew: nearly no row has others.
_WITH_OTHERS = f"""
SELECT EXISTS (SELECT 1 FROM resumes AS other WHERE other.row = ? AND other.number <> one.number),
    {_FIELDS} FROM resumes AS one WHERE key = ?
"""  # noqa: S608 - own names
_OTHERS = """
SELECT candidate_id, resume_id FROM resumes
WHERE row = ? AND key <> ? AND candidate_id IS NOT NULL
"""
_ANY_SHARED = "SELECT EXISTS (SELECT 1 FROM shared_rows)"
# Rows are numbered in the order in which their keys became known.
_NEWEST = "SELECT coalesce(max(number), 0) FROM resumes"
_HELD_AT_FIRST = f"SELECT 1 FROM resumes WHERE key = ? AND number <= ? AND {HELD}"  # noqa: S608
_COLUMNS = (
    "key, candidate_id, resume_id, stream, version, state, sha256, name, content_type, created_at,"
    " urn, expires_at, source, origin, uploaded_at, changed_at, row"
)
_VALUES = _COLUMNS.count(",") + 1
_ROW = f"({', '.join('?' * _VALUES)}, 0)"
# A statement lets go of the interpreter's lock and takes it again: with threads that compete for it
# that costs more than what SQLite does. So one statement writes many rows.
_INSERT = f"INSERT INTO resumes ({_COLUMNS}, sent) VALUES"
_ON_CONFLICT = """
ON CONFLICT (key) DO UPDATE SET candidate_id = excluded.candidate_id,
    resume_id = excluded.resume_id, version = CASE WHEN excluded.version IS NOT NULL
        OR stream IS NOT excluded.stream THEN excluded.version ELSE version END,
    shared = shared OR (stream IS NOT NULL AND stream <> excluded.stream),
    sent = sent OR state IN ('sending', 'delivered', 'deleting'),
    row = coalesce(excluded.row, row), stream = excluded.stream, state = excluded.state,
    sha256 = excluded.sha256,
    name = excluded.name, content_type = excluded.content_type,
    created_at = excluded.created_at, source = excluded.source, origin = excluded.origin,
    changed_at = excluded.changed_at,
    uploaded_at = CASE WHEN urn IS excluded.urn THEN uploaded_at ELSE excluded.uploaded_at END,
    expires_at = CASE WHEN urn IS excluded.urn THEN expires_at ELSE excluded.expires_at END,
    urn = excluded.urn
"""
_DELETING = "UPDATE resumes SET state = 'deleting', changed_at = ? WHERE state <> 'deleted'"
# A change that was uploaded while the call was under way has taken the row: it is not confirmed.
_DELIVERED = "UPDATE resumes SET state = 'delivered', changed_at = ? WHERE state = 'sending'"
_DELETED = "INSERT INTO resumes (state, changed_at, key, sent) VALUES"
_ON_DELETED = """
ON CONFLICT (key) DO UPDATE SET state = 'deleted', changed_at = excluded.changed_at,
    candidate_id = NULL, resume_id = NULL, stream = NULL, version = NULL, sha256 = NULL,
    name = NULL, content_type = NULL, created_at = NULL, urn = NULL, uploaded_at = NULL,
    expires_at = NULL, source = NULL, origin = NULL, shared = 0, sent = 0
WHERE state = 'deleting'
"""
# Written some time after it was read: the row may be that of another upload by then.
_SEEN = f"""
UPDATE resumes SET {VERSION}, source = coalesce(:tag, source), origin = coalesce(:origin, origin),
    row = coalesce(:row, row)
WHERE key = :key AND state = 'delivered' AND urn = :urn
"""  # noqa: S608 - own words
# What LinkedIn refused, it may have refused for its file: that is not used again. A resume of which
# no earlier call can have written the record has only ever been rejected.
_REJECTED = f"""
INSERT INTO resumes
    (key, candidate_id, resume_id, stream, version, row, state, changed_at, sent)
VALUES (:key, :candidate_id, :resume_id, :stream, :version, :row, 'rejected', :now, 0)
ON CONFLICT (key) DO UPDATE SET {VERSION}, row = coalesce(:row, row),
    candidate_id = :candidate_id, resume_id = :resume_id,
    urn = CASE WHEN state = 'sending' THEN NULL ELSE urn END,
    state = CASE WHEN state = 'deleted' OR (state IN ('uploaded', 'sending') AND NOT sent)
        THEN 'rejected' ELSE state END
"""  # noqa: S608 - own words


class Ledger(Store):
    """What LinkedIn holds. Each method raises :class:`Stop` when the file cannot be used.

    The engine tells it what happens on one thread; the reader looks up keys and asks about versions
    of streams meanwhile, and upload threads ask whether a resume is unchanged.

    ``now`` gives epoch seconds. ``blob_life`` is after how many seconds LinkedIn removes a file, if
    it does. ``resend`` says that nothing counts as unchanged. ``quota`` gives the day's requests so
    far, as ``RequestsPerDay.save``. ``pseudonyms`` finds what was imported from an audit file.
    ``versions`` says which version of its stream a resume is of, ``began_empty`` that nothing was
    known when the ledger was opened.
    """

    def __init__(
        self,
        file: LedgerDB,
        *,
        now: Callable[[], float],
        blob_life: float | None = None,
        resend: bool = False,
        quota: Callable[[], Mapping[str, Any]] | None = None,
        pseudonyms: Pseudonyms | None = None,
    ) -> None:
        self._file = file
        self._connection = file.connection
        self._now = now
        self._blob_life = blob_life
        self._resend = resend
        self._quota = quota
        self._quota_saved: Mapping[str, Any] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._rows_at_once = _most_values(self._connection) // _VALUES
        self._seen: dict[bytes, dict[str, Any]] = {}
        self._seen_rows: set[bytes] = set()
        self.hash_of: Callable[[ResumeKey], bytes] = lru_cache(_HASHES_AT_MOST)(self._hash_of)
        """Gives the hash by which a resume key is found."""
        self.row_hash: Callable[[str], bytes] = lru_cache(_HASHES_AT_MOST)(self._hash)
        """Gives the hash by which a row of the tap is found."""
        self.versions = StreamVersions(self._writing, self.hash_of)
        with file.written() as connection:
            any_shared = bool(connection.execute(_ANY_SHARED).fetchone()[0])
            self.imported = ImportedDeliveries(connection, pseudonyms)
            self._newest: int = connection.execute(_NEWEST).fetchone()[0]
        self.rows = RowLinks(self._writing, self.hash_of, self.row_hash, any_shared=any_shared)
        self.began_empty = not self._newest and not self.imported.count

    @property
    def salt(self) -> bytes:
        """Return this ledger's salt, for hashes of what it must not hold."""
        return self._file.salt

    def _hash_of(self, key: ResumeKey) -> bytes:
        return self._hash(f"{len(key.candidate_id)}:{key.candidate_id}{key.resume_id}")

    def known(self, key: ResumeKey) -> Known | None:
        """Return what is known of a key. It holds as long as no change of the key is in flight."""
        hashed = self.hash_of(key)
        try:  # no context manager: it would cost as much as the look-up
            with self._lock:
                row = self._connection.execute(_KNOWN, (hashed,)).fetchone()
        except sqlite3.Error as error:
            raise self._file.failure(error) from None
        return None if row is None else Known._make(row)

    def look_up(self, key: ResumeKey, row: Row) -> Found:
        """Return what is known of a key, as :meth:`known`, and what ``row`` named before."""
        hashed, hashed_row = self.hash_of(key), self.row_hash(row.text)
        others: list[tuple[str, str]] = []
        try:  # as in :meth:`known`
            with self._lock:
                if hashed_row in self._seen_rows:
                    self._begin(self._connection)
                found = self._connection.execute(_WITH_OTHERS, (hashed_row, hashed)).fetchone()
                if found is None or found[0]:
                    others = self._connection.execute(_OTHERS, (hashed_row, hashed)).fetchall()
        except sqlite3.Error as error:
            raise self._file.failure(error) from None
        named = self.rows.shared_by(row)
        if others or named:
            named.update(ResumeKey(*ids) for ids in others)
            named.discard(key)
        return Found(None if found is None else Known._make(found[1:]), named)

    # What is unchanged; asked with what was known when the change was read

    def is_deleted(self, known: Known) -> bool:
        """Tell whether LinkedIn has confirmed the deletion of what is to be deleted.

        Of what was only ever rejected it has not: it may have been there before the ledger was.
        """
        return known.state == State.DELETED and not self._resend

    def has_tag(self, change: Upsert, known: Known, tag: str | None) -> bool:
        """Tell whether the source says by this tag that LinkedIn has confirmed the file."""
        return tag is not None and self.tag_of(change, known) == tag

    def tag_of(self, change: Upsert, known: Known) -> str | None:
        """Return the tag of the file that LinkedIn has confirmed; None for another change.

        Whatever becomes of it, a record of this stream and version has named the resume.
        """
        if not self._is_delivered(change, known):
            return None
        named = change.provenance
        seen = (known.stream, known.version) == (named.stream, named.version or known.version)
        if not seen or (known.row is None and named.row is not None):
            self._remember(change, known)
        return known.tag

    def is_delivered(self, change: Upsert, known: Known | None, content: Content) -> bool:
        """Tell whether LinkedIn has confirmed this very content, name and ``created_at``.

        By the bytes at the source; where the row is of an earlier version, or was imported, by the
        bytes as they are sent: ask again once they are known.
        """
        if self._resend:
            return False
        if known is None:
            return bool(content.sha256) and self._take_over(change, content)
        if not self._is_delivered(change, known) or not self._same(known, content):
            return False
        self._remember(change, known, content)
        return True

    def uploaded_before(self, known: Known | None, content: Content) -> Upload | None:
        """Return an upload of this content that no confirmed record names; None if it is gone."""
        if known is None or known.state not in (State.UPLOADED, State.SENDING):
            return None
        if known.urn is None or known.uploaded_at is None or not self._same(known, content):
            return None
        if known.expires_at != self._expiry(known.uploaded_at):
            return None  # LinkedIn was told to keep it for another time than it is told now
        life = REUSE_SECONDS
        if known.expires_at is not None:  # half of it is left for LinkedIn to fetch the file
            life = min(life, (known.expires_at - known.uploaded_at) // 2)
        if self._now() >= known.uploaded_at + life:
            return None
        # A converter may make other bytes each time: what was sent is what the row says.
        if known.sha256 is not None:
            content = replace(content, sha256=known.sha256.hex())
        return Upload(known.urn, 0, content, reused=True)

    def _is_delivered(self, change: Upsert, known: Known) -> bool:
        delivered = known.state == State.DELIVERED and known.created_at == change.created_at
        return delivered and not self._resend

    def _same(self, known: Known, content: Content) -> bool:
        if (known.name, known.content_type) != (self._hash(content.filename), content.content_type):
            return False
        if known.origin is not None and content.origin is not None:
            return known.origin == self._hash(content.origin)
        return bool(content.sha256) and known.sha256 == bytes.fromhex(content.sha256)

    def _take_over(self, change: Upsert, content: Content) -> bool:
        """Make a row of what was imported of a resume, if it is this very one."""
        if not self.imported.count:
            return False
        with self._writing() as connection:
            found = self.imported.find(change, content)
            if found is None:
                return False
            urn, delivered_at = found
            sent = Sent(change, Upload(urn, 0, content))
            self._write(connection, [sent], State.DELIVERED, delivered_at)
            self.imported.drop(change.key)
        return True

    def _remember(self, change: Upsert, known: Known, content: Content | None = None) -> None:
        """Note that a record has named a resume, and what its source says now."""
        origin = None if content is None or content.origin is None else self._hash(content.origin)
        key, named = self.hash_of(change.key), change.provenance
        row = None if named.row is None else self.row_hash(named.row.text)
        seen = {
            "key": key,
            "urn": known.urn,
            "stream": named.stream,
            "version": named.version,
            "tag": None if content is None else content.tag,
            "origin": origin,
            "row": row,
        }
        with self._lock:
            if self._closed:  # an upload that has outlasted the run's grace
                return
            self._seen[key] = seen
            if row is not None:
                self._seen_rows.add(row)
            if len(self._seen) >= _SEEN_AT_ONCE:
                with self._file.written() as connection:
                    self._begin(connection)

    # What the engine tells

    def uploaded(self, uploads: Sequence[Sent]) -> None:
        """As :meth:`Store.uploaded`."""
        with self._writing(commit=True) as connection:
            self._write(connection, uploads, State.UPLOADED, int(self._now()))

    def sending(self, batch: Sequence[Sent]) -> None:
        """As :meth:`Store.sending`."""
        now = int(self._now())
        deletions = [self.hash_of(one.change.key) for one in batch if one.upload is None]
        upserts = [one for one in batch if one.upload is not None]
        with self._writing(commit=True) as connection:
            if self.imported.count:
                for one in batch:
                    self.imported.drop(one.change.key)
            if deletions:
                connection.execute(f"{_DELETING} AND key IN {_some(deletions)}", (now, *deletions))
            self._write(connection, upserts, State.SENDING, now)

    def confirmed(self, batch: Sequence[Confirmed]) -> None:
        """As :meth:`Store.confirmed`."""
        now = int(self._now())
        deleted = [self.hash_of(one.change.key) for one in batch if one.upload is None]
        urns = {
            self.hash_of(one.change.key): one.upload.urn for one in batch if one.upload is not None
        }
        with self._writing(commit=True) as connection:
            if deleted:
                rows = ", ".join(["('deleted', ?, ?, 0)"] * len(deleted))
                values = chain.from_iterable((now, key) for key in deleted)
                connection.execute(f"{_DELETED} {rows} {_ON_DELETED}", tuple(values))
            if urns:  # a row with the URN of another key there is not: each key has its own blobs
                statement = f"{_DELIVERED} AND key IN {_some(urns)} AND urn IN {_some(urns)}"
                connection.execute(statement, (now, *urns, *urns.values()))

    def rejected(self, rejected: Rejected) -> None:
        """As :meth:`Store.rejected`. A record without a readable key leaves its version open."""
        if rejected.is_deletion:
            return
        named = rejected.provenance
        if rejected.key is not None:
            about = {
                "key": self.hash_of(rejected.key),
                "candidate_id": rejected.key.candidate_id,
                "resume_id": rejected.key.resume_id,
                "stream": named.stream,
                "version": named.version,
                "row": None if named.row is None else self.row_hash(named.row.text),
                "now": int(self._now()),
            }
            with self._writing() as connection:
                connection.execute(_REJECTED, about)
        elif named.version is not None:
            self.versions.leave_open(named.stream, named.version)

    def sync(self) -> None:
        """As :meth:`Store.sync`."""
        with self._writing(commit=True):
            pass

    def close(self, *, complete: bool = True) -> None:
        """Write down what is left and let go of the file."""
        del complete
        try:
            self.sync()
        finally:
            with self._lock:
                self._closed = True
                self._file.close()

    # What it holds

    def held(self) -> int:
        """Return how many resumes LinkedIn holds, or may hold."""
        with self._writing() as connection:
            query = f"SELECT count(*) FROM resumes WHERE {HELD}"  # noqa: S608 - own words
            [count] = connection.execute(query).fetchone()
        return int(count) + self.imported.count

    def held_at_first(self, key: ResumeKey) -> bool:
        """Tell whether LinkedIn may hold a resume that it held when the ledger was opened."""
        with self._writing() as connection:
            found = connection.execute(_HELD_AT_FIRST, (self.hash_of(key), self._newest)).fetchone()
            return found is not None or self.imported.knows(key)

    def may_hold_more(self, candidate_id: str) -> bool:
        """Tell whether resumes of a candidate may be known by a keyed hash alone."""
        with self._writing():
            return self.imported.may_hold(candidate_id)

    def forget(self, key: ResumeKey) -> bool:
        """Forget all about a resume; tell whether anything was known."""
        with self._writing(commit=True) as connection:
            hashed = (self.hash_of(key),)
            known = connection.execute("DELETE FROM resumes WHERE key = ?", hashed)
            connection.execute("DELETE FROM shared_rows WHERE key = ?", hashed)
            imported = self.imported.drop(key)
        return known.rowcount > 0 or imported

    def quota(self) -> Mapping[str, Any]:
        """Return the requests of the last day with any, as ``RequestsPerDay.load`` takes them."""
        with self._writing() as connection:
            rows = connection.execute("SELECT resource, day, used FROM quota").fetchall()
        latest = max((day for _, day, _ in rows), default="")
        return {"day": latest, "used": {name: used for name, day, used in rows if day == latest}}

    # The file

    @contextmanager
    def _writing(self, *, commit: bool = False) -> Iterator[sqlite3.Connection]:
        """Give the connection in a transaction, with all that was noted written down."""
        with self._lock, self._file.written() as connection:
            self._begin(connection)
            yield connection
            if commit:
                self._save_quota(connection)
                connection.execute("COMMIT")

    def _begin(self, connection: sqlite3.Connection) -> None:
        if not connection.in_transaction:
            connection.execute("BEGIN IMMEDIATE")
        if self._seen:
            connection.executemany(_SEEN, list(self._seen.values()))
            self._seen.clear()
            self._seen_rows.clear()

    def _write(
        self, connection: sqlite3.Connection, uploads: Iterable[Sent], state: State, at: int
    ) -> None:
        """Write the rows of uploads made ``at`` epoch seconds."""
        rows = [self._row(one, state, at) for one in uploads]
        for start in range(0, len(rows), self._rows_at_once):
            some = rows[start : start + self._rows_at_once]
            statement = f"{_INSERT} {', '.join([_ROW] * len(some))} {_ON_CONFLICT}"
            connection.execute(statement, tuple(chain.from_iterable(some)))

    def _row(self, sent: Sent, state: State, at: int) -> tuple[Any, ...]:
        """Return the values of the columns in their order."""
        change, upload = sent.change, sent.upload
        assert isinstance(change, Upsert)  # noqa: S101 - only upserts are uploaded
        assert upload is not None  # noqa: S101 - likewise
        content, named = upload.content, change.provenance
        assert content is not None  # noqa: S101 - the uploader describes it where there are stores
        return (
            self.hash_of(change.key),
            change.key.candidate_id,
            change.key.resume_id,
            named.stream,
            named.version,
            state,
            bytes.fromhex(content.sha256),
            self._hash(content.filename),
            content.content_type,
            change.created_at,
            upload.urn,
            self._expiry(at),
            content.tag,
            None if content.origin is None else self._hash(content.origin),
            at,
            at,
            None if named.row is None else self.row_hash(named.row.text),
        )

    def _expiry(self, uploaded_at: int) -> int | None:
        return None if self._blob_life is None else uploaded_at + int(self._blob_life)

    def _hash(self, text: str) -> bytes:
        return blake2b(text.encode("utf-8", "replace"), key=self.salt, digest_size=16).digest()

    def _save_quota(self, connection: sqlite3.Connection) -> None:
        saved = self._quota() if self._quota is not None else {}
        if saved != self._quota_saved:
            self._quota_saved = saved
            connection.executemany(
                "INSERT OR REPLACE INTO quota VALUES (?, ?, ?)",
                [(resource, saved["day"], used) for resource, used in saved["used"].items()],
            )


def _some(values: Collection[object]) -> str:
    return f"({', '.join('?' * len(values))})"


def _most_values(connection: sqlite3.Connection) -> int:
    """Return how many values a statement takes: 999 before SQLite 3.32."""
    return connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
