"""Delete what LinkedIn holds of one candidate, now: between two runs, and without the tap."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial

from singer_sdk.singerlib.json import serialize_json

from target_linkedin_resumes.app import Runtime, build
from target_linkedin_resumes.engine.engine import UNASKED_BYTES
from target_linkedin_resumes.errors import Failure, Misconfigured
from target_linkedin_resumes.records import Delete, ResumeKey
from target_linkedin_resumes.settings import Settings
from target_linkedin_resumes.stores.rows import Rows


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of an erasure: the resumes that are ``gone``, and those that are not.

    ``failure`` says why, if something stopped it. ``unnamed`` says that LinkedIn may hold more of
    the candidate, of which the ledger does not know the ids.
    """

    gone: Collection[ResumeKey]
    left: Collection[ResumeKey]
    failure: Failure | None
    unnamed: bool


class Erasure:
    """An erasure of one candidate, or of one of the candidate's resumes, with the files it needs.

    Takes the ledger's lock. Raises :class:`Misconfigured`, and :class:`Stop` where a file cannot be
    used. :meth:`close` it.
    """

    def __init__(self, settings: Settings, candidate_id: str, resume_id: str | None) -> None:
        if settings.dry_run:
            raise Misconfigured(
                "setting 'dry_run': it is set, so nothing would be erased; expected it not to be"
                " set. To list what would be erased, use the option --dry-run"
            )
        if settings.ledger_path is None:
            raise Misconfigured(
                "setting 'ledger_path': required for erase: only the ledger knows which resumes a"
                " candidate has"
            )
        self._candidate_id = candidate_id
        # An operator has asked for it by name: no limit of a run stands in the way.
        settings = replace(settings, max_deletes=None, report_path=None)
        self._runtime: Runtime = build(settings, print_state=lambda _: None, encode=serialize_json)
        self._rejects = rejects = self._runtime.rejects
        self.keys = self._rows.of_candidate(candidate_id)
        """The resumes that are to be erased."""
        if rejects is not None:
            self.keys |= rejects.of_candidate(candidate_id)
        if resume_id is not None:
            self.keys = {ResumeKey(candidate_id, resume_id)}
        self._whole = resume_id is None

    @property
    def _rows(self) -> Rows:
        rows = self._runtime.rows
        assert rows is not None  # noqa: S101 - there is a ledger
        return rows

    def run(self) -> Erased:
        """Delete the resumes and wait for LinkedIn's answers. Rejects of them go as well, and so do
        deletions of the candidate that waited for an operator.
        """
        engine = self._runtime.engine
        engine.start()
        try:
            for key in sorted(self.keys, key=str):
                self._rows.delete(Delete(key), UNASKED_BYTES)
            if self._rejects is not None and self._whole:
                engine.write(partial(self._rejects.drop_unnamed, self._candidate_id))
            engine.close()
        except Failure as failure:
            engine.fail(failure)
        engine.drain()
        engine.end()
        gone = {key for key in self.keys if self._rows.is_gone(key)}
        unnamed = self._rows.may_hold_more(self._candidate_id)
        if self._rejects is not None and self.keys and gone == self.keys and not unnamed:
            self._rejects.drop_unnamed(self._candidate_id, deletions=True)
        unnamed = unnamed and self._whole
        return Erased(gone, self.keys - gone, engine.failure, unnamed)

    def close(self) -> None:
        """Let go of the files. Raises :class:`Stop` if one cannot be written."""
        self._runtime.close(complete=True)
