"""Brings resumes to LinkedIn: their sources on one side, LinkedIn's client on the other."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from target_linkedin_resumes.changes import ResumeKey, Upsert
from target_linkedin_resumes.confirmation import Confirmation
from target_linkedin_resumes.delivery.entries import Content, Upload
from target_linkedin_resumes.delivery.outside import Outcomes
from target_linkedin_resumes.failures import QuotaSpent, Retry
from target_linkedin_resumes.linkedin.api import LinkedIn
from target_linkedin_resumes.linkedin.calls import utc_now
from target_linkedin_resumes.linkedin.limits import seconds_until_renewal
from target_linkedin_resumes.resumes.bodies import OpenedResume
from target_linkedin_resumes.resumes.sources import Sources

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Seconds between two lines that say why nothing moves.
WAIT_INTERVAL = 600
# What a dry run takes for LinkedIn's answer.
_AS_IF = Confirmation(204)


class Courier:
    """The engine's uploader and sender. ``books`` says that books are kept of what is sent."""

    def __init__(self, sources: Sources, linkedin: LinkedIn, *, books: bool = False) -> None:
        self._sources = sources
        self._linkedin = linkedin
        self._books = books

    def upload(self, change: Upsert) -> Upload:
        """Open the resume and upload it; one attempt. Raises Failure."""
        with ExitStack() as stack:
            try:
                resume = stack.enter_context(self._sources.open(change.file))
            except Retry as retry:
                retry.at_source, retry.cause = True, "source"
                raise
            content = self._content(resume) if self._books else None
            urn = self._linkedin.upload_resume(
                resume.body, resume.size, resume.content_type, resume.filename
            )
            return Upload(urn, resume.size, content)

    def _content(self, resume: OpenedResume) -> Content:
        """Hash the bytes that are to be sent. Raises Retry."""
        resume.body.seek(0)
        sha256 = hashlib.file_digest(resume.body, "sha256").hexdigest()
        resume.body.seek(0)
        return Content(sha256, resume.filename, resume.content_type)

    def update(self, batch: list[tuple[Upsert, Upload]]) -> Outcomes:
        """Update up to 100 resumes. Raises Failure."""
        return self._linkedin.batch_update(
            [(change.key, upload.urn, change.created_at) for change, upload in batch]
        )

    def delete(self, keys: list[ResumeKey]) -> Outcomes:
        """Delete up to 100 resumes. Raises Failure."""
        return self._linkedin.batch_delete(keys)


class PatientCourier(Courier):
    """Waits until 00:00 UTC when the day's quota is spent, where another would stop the run.

    ``observe`` is told of each wait in seconds.
    """

    def __init__(
        self,
        sources: Sources,
        linkedin: LinkedIn,
        *,
        books: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        observe: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        super().__init__(sources, linkedin, books=books)
        self._sleep = sleep
        self._observe = observe
        self._lock = threading.Lock()
        self._said_at = float("-inf")

    def upload(self, change: Upsert) -> Upload:
        """As :meth:`Courier.upload`."""
        return self._patiently(lambda: super(PatientCourier, self).upload(change))

    def update(self, batch: list[tuple[Upsert, Upload]]) -> Outcomes:
        """As :meth:`Courier.update`."""
        return self._patiently(lambda: super(PatientCourier, self).update(batch))

    def delete(self, keys: list[ResumeKey]) -> Outcomes:
        """As :meth:`Courier.delete`."""
        return self._patiently(lambda: super(PatientCourier, self).delete(keys))

    def _patiently(self, call: Callable[[], T]) -> T:
        while True:
            try:
                return call()
            except QuotaSpent as spent:
                left = seconds_until_renewal(utc_now())
                self._say(spent, left)
                self._observe(min(left, WAIT_INTERVAL))
                self._sleep(min(left, WAIT_INTERVAL))

    def _say(self, spent: QuotaSpent, left: int) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._said_at >= WAIT_INTERVAL - 1:
                self._said_at = now
                logger.warning(
                    "%s. Waiting for it, %d min more (setting on_quota=wait)", spent, left // 60
                )


class DryCourier:
    """Fetches and checks the files, and writes nothing to LinkedIn."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def upload(self, change: Upsert) -> Upload:
        """Open the resume as for an upload. Raises Failure."""
        with self._sources.open(change.file) as resume:
            return Upload("", resume.size)

    def update(self, batch: list[tuple[Upsert, Upload]]) -> Outcomes:
        """Take all as delivered."""
        return {change.key: _AS_IF for change, _ in batch}

    def delete(self, keys: list[ResumeKey]) -> Outcomes:
        """Take all as deleted."""
        return dict.fromkeys(keys, _AS_IF)
