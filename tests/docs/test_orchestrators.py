"""What the examples for orchestrators make of an exit code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.docs.documents import example

LOADS = example("orchestrators/meltano_load")


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        (datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)),
        (datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)),
        (
            datetime(2026, 11, 24, 20, tzinfo=timezone(timedelta(hours=-8))),
            datetime(2026, 11, 26, tzinfo=UTC),
        ),
    ],
)
def test_a_spent_quota_waits_for_the_next_day_in_utc(now: datetime, midnight: datetime) -> None:
    wait = LOADS.wait_before_retry(LOADS.LoadFailed("acme", 75), now)
    assert midnight <= now + wait <= midnight + timedelta(minutes=5)


def test_a_wrong_configuration_is_not_repeated() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert LOADS.wait_before_retry(LOADS.LoadFailed("acme", 2), now) is None


@pytest.mark.parametrize("code", [1, 130, 143])
def test_all_else_is_repeated_soon(code: int) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert LOADS.wait_before_retry(LOADS.LoadFailed("acme", code), now) == timedelta(minutes=5)
