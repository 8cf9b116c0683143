"""Brings resumes to LinkedIn: their sources on one side, LinkedIn's client on the other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import ParamSpec, Protocol, TypeVar

from target_linkedin_resumes.engine.interfaces import Outcomes
from target_linkedin_resumes.engine.types import Unchanged, Upload
from target_linkedin_resumes.errors import Confirmation, QuotaSpent, Retry
from target_linkedin_resumes.linkedin.limits import seconds_until_renewal
from target_linkedin_resumes.linkedin.restli import Resume
from target_linkedin_resumes.linkedin.session import utc_now
from target_linkedin_resumes.records import Change, Content, Delete, ResumeKey, Upsert
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.resumes.spool import NotModified, SizedReader
from target_linkedin_resumes.stores.ledger import Found, Known, Ledger

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

# Seconds between two lines that say why nothing moves.
WAIT_INTERVAL = 600
# What a dry run takes for LinkedIn's answer.
_AS_IF = Confirmation(204)
# A key was looked up, and the ledger has no row of it. None says that it was not looked up.
NOTHING_KNOWN = object()


class Client(Protocol):
    """LinkedIn's client, or what stands in its place. Each method raises Failure."""

    def upload_resume(self, body: SizedReader, size: int, content_type: str, filename: str) -> str:
        """Upload a file of ``size`` bytes; gives its blob URN."""
        ...

    def batch_update(self, resumes: Sequence[Resume]) -> Outcomes:
        """Write up to 100 resumes."""
        ...

    def batch_delete(self, keys: Sequence[ResumeKey]) -> Outcomes:
        """Delete up to 100 resumes."""
        ...


class Uploader:
    """What the engine uploads and sends with; its methods are called on many threads at once.

    ``describe`` says that a store wants to know what is sent, as a ledger does.
    """

    def __init__(
        self,
        sources: Sources,
        client: Client,
        ledger: Ledger | None = None,
        *,
        describe: bool = False,
    ) -> None:
        self._sources = sources
        self._client = client
        self._ledger = ledger
        self._describe = describe or ledger is not None

    def look_up(self, change: Change, found: object = None) -> object:
        """Give what is known of a change's key; Unchanged where the change is carried out.

        A :class:`Known`, or NOTHING_KNOWN; None where there is no ledger. ``found`` is the
        :class:`Found` of the change where it was looked up with its row already.

        The reader calls it while nothing of the key is in flight. It takes a look-up in the ledger
        and at a local file's times, no more. Raises Stop if the ledger cannot be read.
        """
        if self._ledger is None:
            return None
        known = found.known if isinstance(found, Found) else self._ledger.known(change.key)
        if known is None:
            return NOTHING_KNOWN
        if isinstance(change, Delete):
            unchanged = self._ledger.is_deleted(known)
        else:
            unchanged = self._ledger.has_tag(change, known, self._sources.fingerprint(change.file))
        return Unchanged() if unchanged else known

    def upload(self, change: Upsert, known: object) -> Upload | Unchanged:
        """Open the resume and upload it, unless LinkedIn has it; one attempt. Raises Failure.

        ``known`` is what :meth:`look_up` gave, None where it was not asked: then a change of the
        key was in flight, and nothing counts as unchanged.
        """
        ledger = None if known is None else self._ledger
        row = known if isinstance(known, Known) else None
        tag = ledger.tag_of(change, row) if ledger is not None and row else None

        def is_unchanged(content: Content) -> bool:
            return ledger is not None and ledger.is_delivered(change, row, content)

        with ExitStack() as stack:
            opened = self._sources.open(change.file, tag, is_unchanged if self._describe else None)
            try:
                resume = stack.enter_context(opened)
            except NotModified:
                return Unchanged()
            except Retry as retry:
                retry.at_source, retry.cause = True, "source"
                raise
            content = resume.content
            if ledger is not None and content is not None:
                if resume.converted and ledger.is_delivered(change, row, content):
                    return Unchanged()
                earlier = ledger.uploaded_before(row, content)
                if earlier is not None:
                    return earlier
            urn = self._client.upload_resume(
                resume.body, resume.size, resume.content_type, resume.filename
            )
            return Upload(urn, resume.size, content)

    def update(self, batch: list[tuple[Upsert, Upload]]) -> Outcomes:
        """Update up to 100 resumes. Raises Failure."""
        return self._client.batch_update(
            [(change.key, upload.urn, change.created_at) for change, upload in batch]
        )


class QuotaWait:
    """A client that waits until 00:00 UTC when the day's quota is spent (setting on_quota=wait).

    ``observe`` is told of each wait in seconds.
    """

    def __init__(
        self,
        client: Client,
        sleep: Callable[[float], None] = time.sleep,
        observe: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._sleep = sleep
        self._observe = observe
        self._lock = threading.Lock()
        self._said_at = float("-inf")
        self.upload_resume = self._patient(client.upload_resume)
        self.batch_update = self._patient(client.batch_update)
        self.batch_delete = self._patient(client.batch_delete)

    def _patient(self, call: Callable[P, T]) -> Callable[P, T]:
        def called(*args: P.args, **kwargs: P.kwargs) -> T:
            while True:
                try:
                    return call(*args, **kwargs)
                except QuotaSpent as spent:
                    left = seconds_until_renewal(utc_now())
                    self._say(spent, left)
                    self._observe(min(left, WAIT_INTERVAL))
                    self._sleep(min(left, WAIT_INTERVAL))

        return called

    def _say(self, spent: QuotaSpent, left: int) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._said_at >= WAIT_INTERVAL - 1:
                self._said_at = now
                logger.warning(
                    "%s. Waiting for it, %d min more (setting on_quota=wait)", spent, left // 60
                )


class DryRun:
    """A client that writes nothing to LinkedIn and takes all as done."""

    def upload_resume(self, body: SizedReader, size: int, content_type: str, filename: str) -> str:
        """Take a file as uploaded."""
        del body, size, content_type, filename
        return ""

    def batch_update(self, resumes: Sequence[Resume]) -> Outcomes:
        """Take all as delivered."""
        return {key: _AS_IF for key, _, _ in resumes}

    def batch_delete(self, keys: Sequence[ResumeKey]) -> Outcomes:
        """Take all as deleted."""
        return dict.fromkeys(keys, _AS_IF)
