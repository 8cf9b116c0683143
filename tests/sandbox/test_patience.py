"""What counts as leaving an endpoint alone, by a clock that the tests hold."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest

from target_linkedin_resumes.sandbox.breaches import Breaches
from target_linkedin_resumes.sandbox.patience import Patience

START = 1_800_000_000.0


class Watched:
    """Calls of one client over two connections, each a failure unless told otherwise."""

    def __init__(self) -> None:
        self.now = START
        self.breaches = Breaches(lambda: self.now)
        self.patience = Patience(self.breaches, lambda: self.now)
        self.connections: Any = [Connection(), Connection()]

    def call(
        self,
        retry_after: str | None = None,
        *,
        failed: bool = True,
        connection: int = 0,
        client: str | None = "one",
        endpoint: str = "url",
    ) -> None:
        transport = self.connections[connection]
        self.patience.arrived(endpoint, client, transport)
        self.patience.ended(endpoint, client, transport, failed=failed, retry_after=retry_after)

    @property
    def noted(self) -> dict[str, int]:
        return dict(self.breaches.counts)


class Connection:
    """As a transport it can be told from others, and referred to weakly."""


@pytest.mark.parametrize(
    "retry_after", ["30", format_datetime(datetime.fromtimestamp(START + 30, UTC), usegmt=True)]
)
def test_a_call_before_its_time(retry_after: str) -> None:
    watched = Watched()
    watched.call(retry_after)
    watched.now += 29
    watched.call()
    assert watched.noted == {"retry_after_ignored": 1}
    watched.now += 1
    watched.call()
    assert watched.noted == {"retry_after_ignored": 1}


@pytest.mark.parametrize("retry_after", ["soon", "", "-5", "Mon, 99 Jan 99999999999", "٣٠"])
def test_a_time_that_is_none_is_not_asked_for(retry_after: str) -> None:
    watched = Watched()
    watched.call(retry_after)
    watched.call()
    assert watched.noted == {}


def test_what_was_under_way_is_fair() -> None:
    watched = Watched()
    watched.call("30")
    watched.now += 5
    watched.call(connection=1)
    assert watched.noted == {}
    watched.now += 1
    watched.call(connection=1)
    assert watched.noted == {"retry_after_ignored": 1}


def test_what_another_connection_is_told_was_not_heard_over_this_one() -> None:
    """Also where this one was told to wait before: that is over."""
    watched = Watched()
    watched.call("1")
    watched.now += 2
    watched.call("30", connection=1)
    watched.call()
    assert watched.noted == {}
    watched.call(connection=1)
    assert watched.noted == {"retry_after_ignored": 1}


def test_others_are_not_told() -> None:
    watched = Watched()
    watched.call("30")
    watched.now += 10
    watched.call(connection=1, client="two")
    watched.call(endpoint="upload")
    assert watched.noted == {}
    watched.call("30", client=None)
    watched.now += 10
    watched.call(client=None, connection=1)
    assert watched.noted == {}


def test_hammering_is_noted_once_an_outage() -> None:
    watched = Watched()
    for _ in range(2):
        for _ in range(100):
            watched.call()  # at once, as what was under way
        watched.now += 6
        for _ in range(20):
            watched.call()
            watched.now += 0.5
        before = watched.noted.get("hammering", 0)
        for _ in range(20):
            watched.call()
            watched.now += 0.5
        assert watched.noted == {"hammering": before + 1}
        watched.call(failed=False)
    assert watched.noted == {"hammering": 2}


def test_asking_now_and_then_is_not_hammering() -> None:
    watched = Watched()
    for _ in range(1000):
        watched.call()
        watched.now += 1
    assert watched.noted == {}


def test_failures_among_successes_are_not_hammering() -> None:
    watched = Watched()
    for number in range(1000):
        watched.call(failed=number % 10 > 0)
        watched.now += 0.1
    assert watched.noted == {}


def test_a_reset_forgets() -> None:
    watched = Watched()
    watched.call("30")
    watched.patience.clear()
    watched.call()
    assert watched.noted == {}
