"""Rows: which resumes the tap's records named before, and which of them they have let go.

A row is a record's identity at the tap: its stream and the values of its key properties. A resume
that no row names any more is deleted. The ledger knows what rows named in earlier runs and what is
settled; what is in flight is kept here.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence

from target_linkedin_resumes.engine.delete_limit import DeleteLimit
from target_linkedin_resumes.engine.engine import UNASKED_BYTES, Engine
from target_linkedin_resumes.engine.types import DELETION_UNRESOLVED
from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.records import Delete, Provenance, ResumeKey, Row
from target_linkedin_resumes.stores.ledger import Found, Known, Ledger, State

logger = logging.getLogger(__name__)


class Rows:
    """The rows of all streams, for the thread that reads.

    ``replace`` deletes the resume that a row named before it named one of another resume id. All
    methods raise as :meth:`Engine.add` does, and :class:`Stop` before too many deletions.
    """

    def __init__(
        self, engine: Engine, ledger: Ledger, limit: DeleteLimit, *, replace: bool = False
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._limit = limit
        self._replace = replace
        # Of keys in flight: the rows that name them since they were read (True) or no longer do.
        self._links: dict[ResumeKey, dict[bytes, bool]] = {}
        self._keys: dict[bytes, set[ResumeKey]] = {}
        self._unidentified: set[str] = set()  # streams that have sent a record without a row
        self._kept: Counter[str] = Counter()  # by stream, rows that name another resume id now
        self._unknown: Counter[str] = Counter()
        engine.landed = self._landed

    def identify(self, stream: str, name: str, properties: Sequence[str]) -> None:
        """Note what identifies the rows of a stream, called ``name`` after stream maps."""
        if self._ledger.rows.identify(stream, name, properties):
            logger.warning(
                "stream %r: its rows have other key properties than in earlier runs (%s now): one"
                " full load lets the ledger learn again which row names which resume",
                *(stream, ", ".join(map(repr, properties))),
            )

    def properties_of(self, name: str) -> Sequence[str]:
        """Return the key properties that a stream had in earlier runs."""
        return self._ledger.rows.properties_of(name)

    # What names resumes

    def name(self, row: Row, key: ResumeKey) -> Found | None:
        """Note that a row names one resume, and delete what it named before it moved.

        Gives what the ledger knows, for :meth:`Engine.add`, unless something of the resume is in
        flight. Call :meth:`added` after that.
        """
        in_flight = self._engine.holds(key)
        found = self._ledger.look_up(key, row)
        hashed = self._ledger.row_hash(row.text)
        before = self._before(hashed, found.others, key)
        is_new = self._link(key, hashed, found.known)
        if before:
            gone = [one for one in before if one.resume_id == key.resume_id]
            others = len(before) - len(gone)
            if others and self._replace:
                gone = list(before)
            elif others and is_new:
                self._kept[row.stream] += 1
            self._let_go(row, gone)
        return None if in_flight else found

    def name_all(self, row: Row, keys: Collection[ResumeKey], *, whole: bool) -> None:
        """Note that a row names these resumes; what else it named is deleted if they are ``whole``.

        Call :meth:`added` for each that is handed in.
        """
        hashed = self._ledger.row_hash(row.text)
        before = self._before(hashed, self._ledger.rows.named_by(row), None)
        for key in keys:
            self._link(key, hashed, self._ledger.known(key))
        if whole:
            self._let_go(row, [one for one in before if one not in keys])

    def added(self, row: Row, key: ResumeKey) -> None:
        """Note that what names a resume was handed in, and may be in flight."""
        if self._engine.holds(key):
            hashed = self._ledger.row_hash(row.text)
            self._links.setdefault(key, {})[hashed] = True
            self._keys.setdefault(hashed, set()).add(key)

    def named_by(self, row: Row) -> set[ResumeKey]:
        """Return the resumes that a row names."""
        return self._before(self._ledger.row_hash(row.text), self._ledger.rows.named_by(row), None)

    def unidentified(self, stream: str) -> None:
        """Note that a record has no row, so that its resume is found by its ids alone."""
        self._unidentified.add(stream)

    # What deletes

    def delete(self, change: Delete, size: int) -> None:
        """Hand in a deletion of one resume, and delete what its row named before it moved."""
        key, row = change.key, change.provenance.row
        if row is not None:
            before = self.named_by(row) - {key}
            gone = [one for one in before if one.resume_id == key.resume_id]
            self._let_go(row, gone)
        self._hand_in(change, size)

    def delete_row(
        self,
        row: Row,
        make: Callable[[ResumeKey], Delete],
        size: int,
        also: Collection[ResumeKey] = (),
        *,
        again: bool = False,
    ) -> None:
        """Delete all that a row names, and ``also`` these; what other rows name stays.

        ``again`` says that an earlier run could not tell what the row names: that the ledger has
        not seen it says nothing then.

        Raises :class:`Reject` where it cannot be known what the row names.
        """
        hashed = self._ledger.row_hash(row.text)
        named = self.named_by(row)
        gone = [key for key in {*named, *also} if not self._leave_to_others(key, hashed)]
        if not named and not also:
            if self._ledger.rows.is_gone(row):
                self._engine.skip("unchanged")
                return
            if again or self._is_unlearned(row.stream):
                names = ", ".join(map(repr, row.properties))
                raise Reject(
                    DELETION_UNRESOLVED,
                    f"it deletes a row by its key ({names}), and the ledger does not know of all"
                    " resumes which row names them; one full load of the stream has it learn that",
                )
            self._say_unknown(row.stream)
            return
        if not gone:
            self._engine.skip("unchanged")
        self._delete_all(gone, make, size, f"stream {row.stream!r}: the deletion of one row")

    def delete_candidate(
        self,
        candidate_id: str,
        make: Callable[[ResumeKey], Delete],
        size: int,
        stream: str,
        also: Collection[ResumeKey] = (),
        *,
        again: bool = False,
    ) -> None:
        """Delete all resumes of a candidate that the ledger holds or that are in flight, and
        ``also`` these. ``again`` as in :meth:`delete_row`.

        Raises :class:`Reject` where resumes of the candidate may be there that cannot be named.
        """
        keys = {*also, *self._ledger.rows.of_candidate(candidate_id)}
        keys.update(self._engine.of_candidate(candidate_id))
        self._delete_all(keys, make, size, f"stream {stream!r}: the deletion of one candidate")
        if self._ledger.may_hold_more(candidate_id):
            raise Reject(
                DELETION_UNRESOLVED,
                f"it deletes candidate {candidate_id!r}, of whom the ledger, which was rebuilt from"
                " an audit file, knows resumes by a keyed hash alone; one full load of the resumes"
                " has it learn their ids",
            )
        if not keys and again:
            raise Reject(
                DELETION_UNRESOLVED,
                f"it deletes candidate {candidate_id!r}, of whom the ledger knows no resume, and an"
                " earlier run could not name all of them; delete them by their ids with the command"
                " `erase`",
            )
        if not keys:
            self._say_unknown(stream)

    def of_candidate(self, candidate_id: str) -> set[ResumeKey]:
        """Return the known resumes of a candidate, also those that were only ever rejected."""
        return set(self._ledger.rows.of_candidate(candidate_id))

    def is_gone(self, key: ResumeKey) -> bool:
        """Tell whether LinkedIn has confirmed the deletion of a resume."""
        known = self._ledger.known(key)
        return known is not None and known.state == State.DELETED

    def may_hold_more(self, candidate_id: str) -> bool:
        """Tell whether LinkedIn may hold resumes of a candidate whose ids are not known."""
        return self._ledger.may_hold_more(candidate_id)

    def report(self) -> None:
        """Log, at the end of the input, what was kept and what was not known."""
        for stream, count in self._kept.items():
            logger.warning(
                "stream %r: %d rows name another resume id than before; what they named before is"
                " left at LinkedIn. If such a row has replaced its resume, set replace_rows; if the"
                " key properties do not identify the records, do nothing",
                *(stream, count),
            )
        for stream, count in self._unknown.items():
            logger.warning(
                "stream %r: %d deletions name what the ledger never saw: nothing of it is at"
                " LinkedIn, unless it was delivered before there was a ledger",
                *(stream, count),
            )

    def _delete_all(
        self,
        keys: Collection[ResumeKey],
        make: Callable[[ResumeKey], Delete],
        size: int,
        what: str,
    ) -> None:
        self._limit.check_all(keys, what)
        for key in keys:
            self._hand_in(make(key), size // len(keys))

    def _hand_in(self, change: Delete, size: int) -> None:
        """Hand in a deletion that a record asks for: no row names the resume from then on."""
        rows = self._live(change.key, self._ledger.known(change.key))
        self._ledger.rows.leave_to(change.key, next(iter(rows), None))
        self._engine.add(change, size)
        if self._engine.holds(change.key):
            self._unlink(change.key, rows)

    def _let_go(self, row: Row, keys: Collection[ResumeKey]) -> None:
        """Delete what a row no longer names, unless another row does."""
        hashed = self._ledger.row_hash(row.text)
        gone = [key for key in keys if not self._leave_to_others(key, hashed, asked=False)]
        if gone:
            self._limit.take_unasked(len(gone), row.stream, row.properties)
        for key in gone:
            self._ledger.rows.leave_to(key, hashed)
            self._engine.unasked(Delete(key, Provenance(row.stream)), UNASKED_BYTES)
            if self._engine.holds(key):
                self._unlink(key, [hashed])

    def _leave_to_others(self, key: ResumeKey, row: bytes, *, asked: bool = True) -> bool:
        """Have a row let go of a resume that other rows name; False if there are none.

        A stream of which no rows are kept, and that has named the resume too, keeps it unless its
        deletion was ``asked`` for.
        """
        known = self._ledger.known(key)
        if not self._live(key, known) - {row}:
            if asked or known is None or not known.shared:
                return False
            return not self._ledger.rows.also_name(key)
        if self._engine.holds(key):  # what is in flight would write down the row once more
            self._engine.settle()
        self._ledger.rows.let_go(key, row)
        return True

    def _say_unknown(self, stream: str) -> None:
        self._unknown[stream] += 1
        self._engine.skip("unknown")

    def _is_unlearned(self, stream: str) -> bool:
        if stream in self._unidentified or self._ledger.imported.count:
            return True
        return self._ledger.rows.is_unlearned(stream)

    # Links

    def _before(self, row: bytes, others: set[ResumeKey], key: ResumeKey | None) -> set[ResumeKey]:
        """Return what a row named before it named ``key``."""
        in_flight = self._keys.get(row)
        if not others and in_flight is None:
            return others
        found = {one for one in others if self._links.get(one, {}).get(row, True)}
        found.update(one for one in in_flight or () if self._links[one][row])
        return found - {key}

    def _link(self, key: ResumeKey, row: bytes, known: Known | None) -> bool:
        """Have a row name a resume; tell whether it did not before.

        The change that is handed in writes down its own row: of several, all are noted here.
        """
        live = self._live(key, known)
        if row in live:
            return False
        if live:
            self._ledger.rows.share(key, {*live, row})
        return True

    def _live(self, key: ResumeKey, known: Known | None) -> set[bytes]:
        """Return the rows that name a resume."""
        rows = self._ledger.rows.also_name(key)
        if known is not None and known.row is not None and known.state != State.DELETED:
            rows.add(known.row)
        for row, names in self._links.get(key, {}).items():
            (rows.add if names else rows.discard)(row)
        return rows

    def _unlink(self, key: ResumeKey, rows: Collection[bytes]) -> None:
        links = self._links.setdefault(key, {})
        for row in rows:
            links[row] = False
            self._keys.setdefault(row, set()).add(key)

    def _landed(self, key: ResumeKey) -> None:
        for row in self._links.pop(key, ()):
            keys = self._keys[row]
            keys.discard(key)
            if not keys:
                del self._keys[row]
