from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.errors import QuotaSpent
from target_linkedin_resumes.linkedin.limits import RequestsPerDay, seconds_until_renewal


def test_counts_by_resource_and_refuses_beyond_the_limit() -> None:
    quota = RequestsPerDay({"batches": 2}, lambda: datetime(2026, 3, 1, 23, 0, tzinfo=UTC))
    for _ in range(5):
        quota.take("others")
    for _ in range(2):
        quota.take("batches")
    with pytest.raises(QuotaSpent, match=r"today's 2 requests to batches.*requests_per_day.*00:00"):
        quota.take("batches")
    assert quota.save() == {"day": "2026-03-01", "used": {"others": 5, "batches": 2}}


def test_a_new_day_in_utc_renews_it() -> None:
    now = [datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)]
    quota = RequestsPerDay({"batches": 1}, lambda: now[0])
    quota.take("batches")
    assert seconds_until_renewal(now[0]) == 1
    now[0] += timedelta(seconds=1)
    quota.take("batches")
    with pytest.raises(QuotaSpent):
        quota.take("batches")


def test_the_day_is_utcs_whatever_the_clocks_zone() -> None:
    zone = timezone(timedelta(hours=9))
    now = datetime(2026, 3, 2, 3, 0, tzinfo=zone)
    quota = RequestsPerDay({}, lambda: now)
    assert quota.save()["day"] == "2026-03-01"
    assert seconds_until_renewal(now) == 6 * 3600


def test_goes_on_from_saved_counts() -> None:
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    quota = RequestsPerDay({"batches": 3}, lambda: now)
    quota.load({"day": "2026-03-01", "used": {"batches": 2}})
    quota.take("batches")
    with pytest.raises(QuotaSpent):
        quota.take("batches")


@pytest.mark.parametrize(
    "saved",
    [
        {},
        {"day": "2026-02-28", "used": {"batches": 2}},
        {"day": "2026-03-01", "used": [1]},
        {"day": "2026-03-01", "used": {"batches": "2"}},
        {"day": "2026-03-01", "used": {"batches": -2}},
    ],
)
def test_other_days_and_nonsense_do_not_count(saved: dict[str, object]) -> None:
    quota = RequestsPerDay({}, lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
    quota.load(saved)
    assert quota.save()["used"] == {}


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year < 9999))
def test_renewal_is_always_ahead_and_never_far(now: datetime) -> None:
    assert 1 <= seconds_until_renewal(now) <= 24 * 3600
