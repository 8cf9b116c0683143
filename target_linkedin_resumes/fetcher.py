"""Opens resumes, and tells which of them LinkedIn holds as they are."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass

from target_linkedin_resumes.engine.types import Content, Unchanged
from target_linkedin_resumes.errors import Retry
from target_linkedin_resumes.records import Change, Delete, Upsert
from target_linkedin_resumes.resumes.bodies import NotModified, OpenedResume
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.stores.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Fetched:
    """A resume that is to be sent; ``content`` says what it is, where books are kept.

    ``urn`` is that of its bytes where they are at LinkedIn, and no record names them.
    """

    resume: OpenedResume
    content: Content | None = None
    urn: str | None = None


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

    def fetch(self, change: Upsert, stack: ExitStack, *, alone: bool) -> Unchanged | Fetched:
        """Open a resume for the length of ``stack``.

        Only where the change is ``alone`` the ledger is asked: where nothing else of its key is in
        flight. Raises Failure.
        """
        try:
            return self._fetch(change, stack, alone=alone)
        except NotModified:
            return Unchanged()
        except Retry as retry:
            retry.at_source, retry.cause = True, "source"
            raise

    def _fetch(self, change: Upsert, stack: ExitStack, *, alone: bool) -> Unchanged | Fetched:
        ledger = self._ledger if alone else None
        if ledger is not None and ledger.is_new(change.key):
            ledger = None
        known = ledger.source_of(change) if ledger is not None else None
        resume = stack.enter_context(self._sources.open(change.file, known))
        if not self._describe:
            return Fetched(resume)
        resume.body.seek(0)
        sha256 = hashlib.file_digest(resume.body, "sha256").hexdigest()
        resume.body.seek(0)
        content = Content(sha256, resume.filename, resume.content_type, resume.tag)
        if ledger is None:
            return Fetched(resume, content)
        if ledger.is_delivered(change, content):
            return Unchanged()
        return Fetched(resume, content, ledger.uploaded_before(change, content))
