"""Opens resumes, and tells which of them LinkedIn holds as they are."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack

from target_linkedin_resumes.changes import Change, Delete, Upsert
from target_linkedin_resumes.delivery.entries import Content, Unchanged
from target_linkedin_resumes.delivery.ledger import Ledger
from target_linkedin_resumes.failures import Retry
from target_linkedin_resumes.resumes.bodies import NotModified, OpenedResume
from target_linkedin_resumes.resumes.sources import Sources


class Fetcher:
    """The sources, beside the ledger if there is one.

    ``describe`` says that books are kept, which want to know what is sent.
    """

    def __init__(
        self, sources: Sources, ledger: Ledger | None = None, *, describe: bool = False
    ) -> None:
        self._sources = sources
        self._ledger = ledger
        self._describe = describe or ledger is not None

    def is_unchanged(self, change: Change) -> bool:
        """Whether a change is known to be carried out, by what costs next to nothing to ask.

        Nothing of its key may be in flight. Raises Stop if the ledger cannot be read.
        """
        if self._ledger is None:
            return False
        if isinstance(change, Delete):
            return self._ledger.is_deleted(change)
        known = self._ledger.source_of(change)
        return known is not None and known == self._sources.tag(change.file)

    def fetch(
        self, change: Upsert, stack: ExitStack, *, alone: bool
    ) -> Unchanged | tuple[OpenedResume, Content | None]:
        """Open a resume for the length of ``stack``.

        Only where the change is ``alone`` it may be found unchanged: where nothing else of its key
        is in flight. Raises Failure.
        """
        try:
            return self._fetch(change, stack, alone=alone)
        except NotModified:
            return Unchanged()
        except Retry as retry:
            retry.at_source, retry.cause = True, "source"
            raise

    def uploaded_before(self, change: Upsert, content: Content | None) -> str | None:
        """The URN of this resume's bytes where they are at LinkedIn, and no record names them."""
        if self._ledger is None or content is None:
            return None
        return self._ledger.uploaded_before(change, content)

    def _fetch(
        self, change: Upsert, stack: ExitStack, *, alone: bool
    ) -> Unchanged | tuple[OpenedResume, Content | None]:
        ledger = self._ledger
        known = ledger.source_of(change) if ledger is not None and alone else None
        resume = stack.enter_context(self._sources.open(change.file, known))
        if not self._describe:
            return resume, None
        resume.body.seek(0)
        sha256 = hashlib.file_digest(resume.body, "sha256").hexdigest()
        resume.body.seek(0)
        content = Content(sha256, resume.filename, resume.content_type, resume.tag)
        if ledger is not None and alone and ledger.is_delivered(change, content):
            return Unchanged()
        return resume, content
