from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.http.messages import retry_after

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        (" ", None),
        ("0", 0),
        (" 30 ", 30),
        ("120", 120),
        ("9999999999999999999", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("Wed, 99 Foo 2026 25:61:61 GMT", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2027 00:00:00 +99999999999999999999", None),
        (f"Mon, 01 Jan {'9' * 5000} 00:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 251_630_020_739),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(days=9), usegmt=True), 0),
        ("Sun, 01 Mar 2026 12:01:00", 60),
        ("Sunday, 01-Mar-26 12:01:00 GMT", 60),
        ("Sun, 01 Mar 2026 12:01:00 -0000", 60),
    ],
)
def test_reads_retry_after_in_both_forms(value: str | None, seconds: int | None) -> None:
    assert retry_after(value, NOW) == seconds


DATES = st.from_regex(
    r"(Mon, )?[0-9]{1,3}[ -](Jan|Foo)[ -][0-9]{1,25} [0-9]{1,3}:[0-9]{1,3}(:[0-9]{1,3})?"
    r" ([+-][0-9]{1,25}|GMT|)",
    fullmatch=True,
)


@given(st.text() | DATES, st.datetimes(timezones=st.just(UTC)))
def test_any_retry_after_is_read_or_not(value: str, now: datetime) -> None:
    seconds = retry_after(value, now)
    assert seconds is None or seconds >= 0
