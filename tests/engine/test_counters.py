"""What LinkedIn confirmed is counted by what it says of the key."""

from __future__ import annotations

import pytest

from target_linkedin_resumes.engine.counters import Counters
from target_linkedin_resumes.errors import Confirmation
from target_linkedin_resumes.records import Delete, Provenance
from tests.engine.test_engine import key, upsert


@pytest.mark.parametrize(
    ("status", "counted"), [(204, (1, 0)), (200, (1, 0)), (404, (0, 1)), (410, (0, 1))]
)
def test_a_deletion_of_what_was_not_there_counts_apart(
    status: int, counted: tuple[int, int]
) -> None:
    counters = Counters()
    counters.confirmed(Delete(key(1), Provenance("resumes")), Confirmation(status))
    assert counters.missed == counted[1]
    counters.confirmed(Delete(key(3)), Confirmation(404), superseding=True)
    assert counters.missed == counted[1]
    counters.confirmed(upsert(2), Confirmation(204))
    assert (counters.deleted, counters.not_there - 1) == counted
    assert counters.delivered == 1
    assert counters.by_stream.total() == 3
