"""Brings one resume to LinkedIn: its source on one side, LinkedIn's client on the other."""

from __future__ import annotations

from target_linkedin_resumes.changes import ResumeKey, Upsert
from target_linkedin_resumes.delivery.entries import Upload
from target_linkedin_resumes.delivery.outside import Outcomes
from target_linkedin_resumes.linkedin.api import LinkedIn
from target_linkedin_resumes.resumes.sources import Sources


class Courier:
    """The engine's uploader and sender."""

    def __init__(self, sources: Sources, linkedin: LinkedIn) -> None:
        self._sources = sources
        self._linkedin = linkedin

    def upload(self, change: Upsert) -> Upload:
        """Open the resume and upload it; one attempt. Raises Failure."""
        with self._sources.open(change.file) as resume:
            urn = self._linkedin.upload_resume(
                resume.body, resume.size, resume.content_type, resume.filename
            )
            return Upload(urn, resume.size)

    def update(self, batch: list[tuple[Upsert, Upload]]) -> Outcomes:
        """Update up to 100 resumes. Raises Failure."""
        return self._linkedin.batch_update(
            [(change.key, upload.urn, change.created_at) for change, upload in batch]
        )

    def delete(self, keys: list[ResumeKey]) -> Outcomes:
        """Delete up to 100 resumes. Raises Failure."""
        return self._linkedin.batch_delete(keys)
