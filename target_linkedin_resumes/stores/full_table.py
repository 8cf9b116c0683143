"""ACTIVATE_VERSION: what a stream's new version no longer names is deleted.

Singer's full-table replacement. Each record of a version says which it is, and the message says
that it is the one that counts. What the ledger holds of that stream with an older version, or with
none, has vanished at the source, unless another stream has named it too, or this run has: a record
of another version, or of one that cannot be read, leaves the message's version open.

Some taps send the message after all records of the version. Others, those of Meltano's SDK among
them, send it before the first one, and then only the end of the input says that all have come;
a tap that breaks off ends the input as well. So those are decided at the end, and delete nothing
unless the operator has set a limit.
"""

from __future__ import annotations

import logging

from target_linkedin_resumes.engine.delete_limit import DeleteLimit
from target_linkedin_resumes.engine.engine import UNASKED_BYTES, Engine
from target_linkedin_resumes.errors import Stop
from target_linkedin_resumes.records import Delete, Provenance, ResumeKey
from target_linkedin_resumes.stores.ledger import Ledger

logger = logging.getLogger(__name__)

_AGAIN_AT_ONCE = 1000


class FullTables:
    """The streams' versions, for the thread that reads."""

    def __init__(self, engine: Engine, ledger: Ledger, deletions: DeleteLimit) -> None:
        self._engine = engine
        self._known = ledger.versions
        self._began_empty = ledger.began_empty
        self._deletions = deletions
        # By stream, the version of the record that came last, and those of which several have come.
        self._named: dict[str, int | None] = {}
        self._mixed: set[str] = set()
        self._early: dict[str, int] = {}  # by stream, those that came before their first record
        self._compared: set[str] = set()
        self._open: dict[str, int] = {}  # by stream, the one that was left open last
        self._again: dict[ResumeKey, tuple[str, int]] = {}  # named while a change was in flight

    def named(self, stream: str, version: int | None) -> None:
        """Note that a record of this version has come; None for one that cannot be read."""
        if stream not in self._named:
            self._named[stream] = version
        elif self._named[stream] != version:
            self._named[stream] = version
            self._mixed.add(stream)
        else:
            return
        awaited = self._early.get(stream)
        if awaited is not None and self._has_others(stream, awaited):
            self._leave_open(stream, awaited)

    def passed_over(self, stream: str, version: int, key: ResumeKey | None) -> None:
        """Note that a filter has passed over a record of this version: that deletes nothing.

        ``key`` is None where the record's ids could not be read; the version is left open then.
        Raises as :meth:`Engine.settle` does.
        """
        if key is not None:
            self._known.name(key, stream, version)
            if self._engine.holds(key):  # a change of an older version may write its own yet
                self._again[key] = (stream, version)
                if len(self._again) >= _AGAIN_AT_ONCE:
                    self._settle()
        else:
            self._leave_open(stream, version)

    def _leave_open(self, stream: str, version: int) -> None:
        if self._open.get(stream) != version:
            self._open[stream] = version
            self._known.leave_open(stream, version)

    def _has_others(self, stream: str, version: int) -> bool:
        """Tell whether this run has seen a record of the stream that is not of this version."""
        return stream in self._mixed or self._named.get(stream, version) != version

    def name_again(self) -> None:
        """Note once more what was passed over, now that nothing is in flight.

        At the end of a run too: another one may activate the version.
        """
        for key, named in self._again.items():
            self._known.name(key, *named)
        self._again.clear()

    def activate(self, stream: str, version: int) -> None:
        """Wait until all that was read is settled, then delete what is of an older version.

        Nothing is waited for where only the end of the input can decide. Raises what stopped the
        run, and :class:`Stop` before the first of too many deletions.
        """
        if self._began_empty:
            self._began_empty = False
            logger.info(
                "ACTIVATE_VERSION with a ledger that was empty when this run began: the run"
                " cannot know what the tap stopped naming earlier. If LinkedIn holds resumes"
                " already, rebuild the ledger from the audit file: target-linkedin-resumes-ledger"
                " rebuild"
            )
        if self._has_others(stream, version):  # also for a run that is killed before it decides
            self._leave_open(stream, version)
        # A tap that reads in partitions sends it before each of them.
        if self._named.get(stream) != version or self._early.get(stream) == version:
            self._early[stream] = version
            return
        self._settle()
        if self._known.is_empty(stream, version):
            self._early[stream] = version
            return
        self._early.pop(stream, None)
        count = self._outdated(stream, version)
        if count is not None:
            self._delete(stream, version, count)

    def finish(self, *, after_state: bool) -> None:
        """Decide at the end of input on the versions that were activated before their records.

        ``after_state`` says that the input ended with a STATE, as that of a tap does that has come
        to its end. Raises what stopped the run, :class:`Stop` before the first of too many
        deletions, and for a version without a resume unless a limit allows it.
        """
        for stream, version in self._early.items():
            self._settle()
            count = self._outdated(stream, version)
            if count is None:
                continue
            if not count:
                self._known.activated(stream, version)
                continue
            if not self._deletions.limited and self._known.is_empty(stream, version):
                cause = (
                    "The records that came were deletions, or were rejected or filtered out; look"
                    " there first. If what they do not name is really gone"
                    if stream in self._named
                    else "If the source is really empty"
                )
                raise Stop(
                    f"stream {stream!r}: ACTIVATE_VERSION of a version without a single resume"
                    f" would delete all {count} that LinkedIn holds of this stream. None of them"
                    f" was deleted. {cause}, set max_deletes to {count} or more, or to '100%',"
                    " and run again."
                )
            if self._deletions.limited and after_state:
                self._delete(stream, version, count)
                continue
            remedy = (
                "The input ended without a STATE after its last record, so the tap may have stopped"
                " early: run it again to its end"
                if self._deletions.limited
                else "Set max_deletes, and a run deletes them when its input ends, if they are not"
                " more than that"
            )
            logger.warning(
                "stream %r: ACTIVATE_VERSION did not come after the records of version %d in this"
                " run, and %d resumes that none of them has named are left at LinkedIn. %s",
                *(stream, version, count, remedy),
            )

    def _settle(self) -> None:
        self._engine.settle()
        self.name_again()

    def _warn_of_lower(self, stream: str, version: int) -> None:
        """Warn, once a stream, of a version that is lower than one that came before."""
        if stream in self._compared:
            return
        self._compared.add(stream)
        newest = self._known.newest(stream)
        if newest is not None and newest > version:
            logger.warning(
                "stream %r: ACTIVATE_VERSION names version %d, and the ledger knows resumes of"
                " version %d, which is higher: those that the tap no longer names stay at LinkedIn."
                " Versions have to increase; if the tap now counts in another unit, use deletion"
                " markers to delete what is gone",
                *(stream, version, newest),
            )

    def _outdated(self, stream: str, version: int) -> int | None:
        """Return how many resumes are of an older version; None, with a warning, if unclear."""
        self._warn_of_lower(stream, version)
        count = self._known.outdated(stream, version)
        if self._has_others(stream, version):
            logger.warning(
                "stream %r: ACTIVATE_VERSION of version %d deletes nothing: records of this run"
                " have another version, or none that is a whole number, and what they name is still"
                " there. Have the tap give each record the version of its ACTIVATE_VERSION; the"
                " stream's next version decides",
                *(stream, version),
            )
            return None
        if not count or not self._known.is_incomplete(stream, version):
            return count
        logger.warning(
            "stream %r: ACTIVATE_VERSION deletes nothing: of a record of version %d that was"
            " rejected or filtered out the ids could not be read, so it is not known which of %d"
            " resumes are gone. Have such records carry their ids; the stream's next version"
            " decides",
            *(stream, version, count),
        )
        return None

    def _delete(self, stream: str, version: int, count: int) -> None:
        self._deletions.take_all(count, stream)
        shared = self._known.shared(stream, version)
        if shared:
            logger.info(
                "stream %r: version %d no longer names %d resumes that another stream has named"
                " too: they are left at LinkedIn, and a record with a deletion marker deletes them",
                *(stream, version, shared),
            )
        if count:
            logger.info(
                "stream %r: version %d no longer names %d resumes: they are deleted",
                *(stream, version, count),
            )
        for key in self._known.keys_outdated(stream, version):
            self._engine.unasked(Delete(key, Provenance(stream)), UNASKED_BYTES)
        self._known.activated(stream, version)
