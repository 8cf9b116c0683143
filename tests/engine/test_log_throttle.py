"""Of many like remarks some are made, and the rest is counted."""

from __future__ import annotations

from target_linkedin_resumes.engine.log_throttle import INTERVAL, LogThrottle


def test_the_first_is_made_and_what_follows_is_counted() -> None:
    remarks = LogThrottle()
    assert remarks.due("upload 503", 0.0) == 0
    assert [remarks.due("upload 503", at) for at in (0.1, 5.0, INTERVAL - 0.1)] == [None] * 3
    assert remarks.due("upload 503", float(INTERVAL)) == 3
    assert remarks.due("upload 503", INTERVAL * 1.5) is None
    assert remarks.due("upload 503", INTERVAL * 2.0) == 1


def test_each_cause_is_remarked_on_by_itself() -> None:
    remarks = LogThrottle()
    assert remarks.due("upload 503", 0.0) == 0
    assert remarks.due("token connection", 0.0) == 0
    assert remarks.due("upload 503", 1.0) is None
