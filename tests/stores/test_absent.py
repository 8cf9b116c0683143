"""A key that has a row is never said to have none."""

from __future__ import annotations

import secrets

from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.stores.absent import Absent

KEYS = st.binary(min_size=4, max_size=4).map(lambda key: key * 4)


@given(st.booleans(), st.lists(st.tuples(st.booleans(), KEYS)), st.lists(KEYS))
def test_what_was_written_is_not_absent(
    began_empty: bool, events: list[tuple[bool, bytes]], asked: list[bytes]
) -> None:
    absent = Absent(began_empty=began_empty)
    written: set[bytes] = set()
    for writes, key in events:
        if writes:
            written.add(key)
            absent.discard(key)
        elif key not in written:
            absent.add(key)
            assert key in absent
    assert not [key for key in written if key in absent]
    if not began_empty:
        known = {key for writes, key in events if not writes} - written
        assert {key for key in asked if key in absent} <= known


def test_a_ledger_that_began_empty_has_no_row_of_what_was_not_written() -> None:
    absent, other = Absent(began_empty=True), Absent(began_empty=False)
    keys = [secrets.token_bytes(16) for _ in range(2000)]
    for key in keys[:1000]:
        absent.discard(key)
    assert sum(key in absent for key in keys[1000:]) > 990
    assert not any(key in other for key in keys)


def test_what_was_asked_for_takes_no_more_memory_in_a_long_run() -> None:
    absent = Absent(began_empty=False)
    for number in range(100_000):
        absent.add(number.to_bytes(16, "big"))
    assert (99_999).to_bytes(16, "big") in absent
    assert len(absent._asked) <= 20_000
