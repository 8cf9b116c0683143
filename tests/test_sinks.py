"""What a sink tells the engine of a change."""

from math import inf

import pytest

from target_linkedin_resumes.changes import Change, Delete, ResumeFile, ResumeKey, Upsert
from target_linkedin_resumes.sinks import rank

KEY = ResumeKey("c", "r")


def upsert(**file: str) -> Upsert:
    return Upsert(KEY, 1670935153000, ResumeFile(**file))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (upsert(location="https://b.example.com/cv?se=2026-11-24T00:00:10Z&sig=x"), 1795478410),
        (upsert(location="https://b.example.com/cv?v=1"), inf),
        (upsert(location="cv.pdf"), inf),
        (upsert(content="AAAA"), inf),
        (Delete(KEY), inf),
    ],
)
def test_what_expires_goes_first(change: Change, expected: float) -> None:
    assert rank(change) == expected
