"""How many deletions one run may make, and what a share of the ledger counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from target_linkedin_resumes.engine.delete_limit import DeleteLimit
from target_linkedin_resumes.errors import Stop
from target_linkedin_resumes.records import ResumeKey
from tests.stores.test_ledger import delete, deliver, opened, upsert

KEYS = [ResumeKey("c", str(number)) for number in range(4)]


def test_a_number_counts_all_and_a_share_what_was_held() -> None:
    all_of_them = DeleteLimit(2)
    some = DeleteLimit(1, share=", 50% of the 2 resumes", counts=lambda key: key in KEYS[2:])
    for key in KEYS[:2]:
        all_of_them.take(key)
        some.take(key)
    assert (all_of_them.count, some.count) == (2, 0)
    with pytest.raises(Stop, match=r"the 2 that the setting max_deletes allows\. The state"):
        all_of_them.take(KEYS[2])
    some.take(KEYS[2])
    with pytest.raises(Stop, match=r"max_deletes allows, 50% of the 2 resumes\. The state"):
        some.take(KEYS[3])
    with pytest.raises(Stop, match=r"max_deletes allows 1, 50% of the 2 resumes\. None"):
        some.take_all(1, "s")


def test_held_at_first_is_what_the_ledger_held_when_it_was_opened(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with opened(path) as ledger:
        for key in KEYS[:2]:
            deliver(ledger, upsert(key=key))
        delete(ledger, KEYS[1])
        assert not ledger.held_at_first(KEYS[0])
    with opened(path) as ledger:
        deliver(ledger, upsert(key=KEYS[2]))
        assert [ledger.held_at_first(key) for key in KEYS] == [True, False, False, False]
        delete(ledger, KEYS[0])
        assert not ledger.held_at_first(KEYS[0])
