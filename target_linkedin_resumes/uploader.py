"""Brings resumes to LinkedIn: their sources on one side, LinkedIn's client on the other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from target_linkedin_resumes.confirmation import Confirmation
from target_linkedin_resumes.engine.interfaces import Outcomes
from target_linkedin_resumes.engine.types import Unchanged, Upload
from target_linkedin_resumes.errors import QuotaSpent
from target_linkedin_resumes.fetcher import Fetcher
from target_linkedin_resumes.linkedin.api import LinkedIn
from target_linkedin_resumes.linkedin.limits import seconds_until_renewal
from target_linkedin_resumes.linkedin.session import utc_now
from target_linkedin_resumes.records import ResumeKey, Upsert

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Seconds between two lines that say why nothing moves.
WAIT_INTERVAL = 600
# What a dry run takes for LinkedIn's answer.
_AS_IF = Confirmation(204)


class Uploader:
    """The engine's uploader and sender."""

    def __init__(self, fetcher: Fetcher, linkedin: LinkedIn) -> None:
        self._fetcher = fetcher
        self._linkedin = linkedin

    def upload(self, change: Upsert, known: object) -> Upload | Unchanged:
        """Open the resume and upload it, unless LinkedIn has it; one attempt. Raises Failure."""
        with ExitStack() as stack:
            fetched = self._fetcher.fetch(change, stack, alone=known is not None)
            if isinstance(fetched, Unchanged):
                return fetched
            resume, content = fetched.resume, fetched.content
            if fetched.urn is not None:
                return Upload(fetched.urn, resume.size, content, reused=True)
            urn = self._linkedin.upload_resume(
                resume.body, resume.size, resume.content_type, resume.filename
            )
            return Upload(urn, resume.size, content)

    def update(self, batch: list[tuple[Upsert, Upload]]) -> Outcomes:
        """Update up to 100 resumes. Raises Failure."""
        return self._linkedin.batch_update(
            [(change.key, upload.urn, change.created_at) for change, upload in batch]
        )

    def delete(self, keys: list[ResumeKey]) -> Outcomes:
        """Delete up to 100 resumes. Raises Failure."""
        return self._linkedin.batch_delete(keys)


class PatientUploader(Uploader):
    """Waits until 00:00 UTC when the day's quota is spent, where another would stop the run.

    ``observe`` is told of each wait in seconds.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        linkedin: LinkedIn,
        sleep: Callable[[float], None] = time.sleep,
        observe: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        super().__init__(fetcher, linkedin)
        self._sleep = sleep
        self._observe = observe
        self._lock = threading.Lock()
        self._said_at = float("-inf")

    def upload(self, change: Upsert, known: object) -> Upload | Unchanged:
        """As :meth:`Uploader.upload`."""
        return self._patiently(lambda: super(PatientUploader, self).upload(change, known))

    def update(self, batch: list[tuple[Upsert, Upload]]) -> Outcomes:
        """As :meth:`Uploader.update`."""
        return self._patiently(lambda: super(PatientUploader, self).update(batch))

    def delete(self, keys: list[ResumeKey]) -> Outcomes:
        """As :meth:`Uploader.delete`."""
        return self._patiently(lambda: super(PatientUploader, self).delete(keys))

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


class DryUploader:
    """Fetches and checks the files, and writes nothing to LinkedIn."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    def upload(self, change: Upsert, known: object) -> Upload | Unchanged:
        """Open the resume as for an upload. Raises Failure."""
        with ExitStack() as stack:
            fetched = self._fetcher.fetch(change, stack, alone=known is not None)
            if isinstance(fetched, Unchanged):
                return fetched
            return Upload("", fetched.resume.size, fetched.content)

    def update(self, batch: list[tuple[Upsert, Upload]]) -> Outcomes:
        """Take all as delivered."""
        return {change.key: _AS_IF for change, _ in batch}

    def delete(self, keys: list[ResumeKey]) -> Outcomes:
        """Take all as deleted."""
        return dict.fromkeys(keys, _AS_IF)
