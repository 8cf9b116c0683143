"""When ACTIVATE_VERSION is decided. The pipeline is a stand-in that counts what is asked of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from target_linkedin_resumes.engine.delete_limit import DeleteLimit
from target_linkedin_resumes.engine.engine import Engine
from target_linkedin_resumes.errors import Stop
from target_linkedin_resumes.records import Delete, ResumeKey
from target_linkedin_resumes.stores.full_table import FullTables
from target_linkedin_resumes.stores.ledger import Ledger
from tests.stores.test_ledger import deliver, opened, upload, upsert


class FakeEngine:
    """Counts how often the reader has waited, and what vanishes."""

    def __init__(self) -> None:
        self.settled = 0
        self.gone: list[ResumeKey] = []
        self.in_flight: dict[ResumeKey, Callable[[], None]] = {}  # and what it comes to

    def holds(self, key: ResumeKey) -> bool:
        return key in self.in_flight

    def settle(self) -> None:
        self.settled += 1
        for settled in self.in_flight.values():
            settled()
        self.in_flight.clear()

    def unasked(self, change: Delete, size: int) -> None:
        self.gone.append(change.key)


def versions(ledger: Ledger, most: int | None = None) -> tuple[FullTables, FakeEngine]:
    engine = FakeEngine()
    return FullTables(cast("Engine", engine), ledger, DeleteLimit(most)), engine


def test_nothing_is_waited_for_where_only_the_end_decides(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger.db") as ledger:
        old = ResumeKey("c", "old")
        deliver(ledger, upsert(key=old, version=1))
        made, engine = versions(ledger, most=1)
        for partition in range(20):
            made.activate("s", 2)
            made.named("s", 2)
            deliver(ledger, upsert(key=ResumeKey("c", str(partition)), version=2))
        assert (engine.settled, engine.gone) == (0, [])
        made.finish(after_state=True)
        assert (engine.settled, engine.gone) == (1, [old])


def test_what_comes_after_its_records_is_decided_at_once(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger.db") as ledger:
        old = ResumeKey("c", "old")
        deliver(ledger, upsert(key=old, version=1))
        made, engine = versions(ledger)
        made.named("s", 2)
        deliver(ledger, upsert(version=2))
        made.activate("s", 2)
        assert (engine.settled, engine.gone) == (1, [old])


@pytest.mark.parametrize("first", [True, False], ids=["message first", "records first"])
@pytest.mark.parametrize(
    "sent",
    [(None,), (None, 2), (2, None), (1,), (1, 2), (2, 1), (3,), (3, 2), (2, 3), (4, 2, 2)],
)
def test_what_the_run_has_named_by_another_version_has_not_vanished(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, sent: tuple[int | None, ...], first: bool
) -> None:
    with opened(tmp_path / "ledger.db") as ledger:
        deliver(ledger, upsert(key=ResumeKey("c", "old"), version=1))
        made, engine = versions(ledger, most=100)
        if first:
            made.activate("s", 2)
        for number, version in enumerate(sent):
            made.named("s", version)
            deliver(ledger, upsert(key=ResumeKey("c", str(number)), version=version))
        made.named("other", 7)
        if not first:
            made.activate("s", 2)
            made.activate("s", 2)
        # A run that is killed here leaves it to the next one, with the message alone.
        next_run, its_engine = versions(ledger, most=100)
        next_run.activate("s", 2)
        next_run.finish(after_state=True)
        made.finish(after_state=True)
        assert (engine.gone, its_engine.gone) == ([], [])
        assert any("of version 2 deletes nothing" in text for text in caplog.messages)
        made, engine = versions(ledger, most=100)
        made.named("s", 5)
        deliver(ledger, upsert(key=ResumeKey("c", "0"), version=5))
        made.activate("s", 5)
        assert len(engine.gone) == len(sent)


@pytest.mark.parametrize("came", [True, False])
def test_an_empty_version_is_told_by_what_has_come_of_it(tmp_path: Path, came: bool) -> None:
    with opened(tmp_path / "ledger.db") as ledger:
        deliver(ledger, upsert(version=1))
        made, engine = versions(ledger)
        if came:
            made.named("s", 2)
        made.activate("s", 2)
        with pytest.raises(Stop, match="of a version without a single resume") as stopped:
            made.finish(after_state=True)
        assert ("were rejected or filtered out" in stopped.value.message) is came
        assert ("If the source is really empty" in stopped.value.message) is not came
        assert engine.gone == []


@pytest.mark.parametrize("when", ["activate", "finish", "many", "the next run"])
def test_what_is_passed_over_while_an_older_version_of_it_is_in_flight_stays(
    tmp_path: Path, when: str
) -> None:
    with opened(tmp_path / "ledger.db") as ledger:
        made, engine = versions(ledger, most=1)
        names = range(1500 if when == "many" else 1)
        keys = [ResumeKey("c", str(number)) for number in names]
        if when == "finish":
            made.activate("s", 2)
        for key in keys:
            change = upsert(key=key, version=1)
            engine.in_flight[key] = partial(deliver, ledger, change, upload(urn=str(key)))
            made.passed_over("s", 2, key)
        assert engine.settled == (1 if when == "many" else 0)
        made.named("s", 2)
        deliver(ledger, upsert(key=ResumeKey("c", "other"), version=2))
        if when == "the next run":
            engine.settle()
            made.name_again()
            made, engine = versions(ledger, most=1)
            made.named("s", 2)
        if when == "finish":
            made.finish(after_state=True)
        else:
            made.activate("s", 2)
        assert engine.gone == []
        assert all(ledger.known(key) is not None for key in keys)


def test_a_version_that_is_lower_than_an_earlier_one_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path / "ledger.db") as ledger:
        deliver(ledger, upsert(key=ResumeKey("c", "old"), version=1_764_000_000_000))
        deliver(ledger, upsert(key=ResumeKey("c", "other"), stream="t", version=1_764_100_000))
        made, engine = versions(ledger)
        for stream in "st":
            made.named(stream, 1_764_100_000)
            deliver(ledger, upsert(stream=stream, version=1_764_100_000))
            made.activate(stream, 1_764_100_000)
        assert engine.gone == []
        [told] = caplog.messages
        assert "stream 's': ACTIVATE_VERSION names version 1764100000" in told
        assert "resumes of version 1764000000000, which is higher" in told


def test_a_ledger_that_knows_nothing_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for time in range(2):
        with opened(tmp_path / "ledger.db") as ledger:
            made, _ = versions(ledger)
            for stream in "st":
                made.activate(stream, time)
            deliver(ledger)
        told = [text for text in caplog.messages if "was empty when this run began" in text]
        assert len(told) == 1, time
        assert "target-linkedin-resumes-ledger rebuild" in told[0]


def test_a_stream_of_which_nothing_is_known_leaves_nothing_behind(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger.db") as ledger:
        made, _ = versions(ledger)
        for stream in ("unwanted", "s"):
            deliver(ledger, upsert(version=1))
            made.activate(stream, 2)
            made.passed_over(stream, 2, None)
            assert ledger.versions.is_incomplete(stream, 2)
        made.finish(after_state=True)
        assert not ledger.versions.is_incomplete("unwanted", 2)
        assert ledger.versions.is_incomplete("s", 2)  # one of which may have vanished
