"""How often a state is printed, under a clock that the test moves."""

from __future__ import annotations

import pytest

from target_linkedin_resumes.engine.clerk import Clerk
from target_linkedin_resumes.engine.inflight import InFlight
from target_linkedin_resumes.engine.interfaces import Outside
from target_linkedin_resumes.engine.retries import Retries
from target_linkedin_resumes.engine.run import Run
from target_linkedin_resumes.records import Delete, ResumeKey
from tests.engine.test_engine import World


class SlowRejects(World):
    """Rejects that take ``seconds`` to become durable, and the clock that shows it."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.now = 0.0

    def sync(self) -> None:
        self.now += self.seconds


def run_in(world: SlowRejects) -> Run:
    outside = Outside(
        upload=world.upload,
        sender=world,
        pace=world,
        concurrency=world,
        print_state=world.states.append,
        rejects=world,
        clock=lambda: world.now,
    )
    flow = InFlight(batch_size=1, batch_max_age=1, retries=Retries(1))
    return Run(flow, outside, grace=1)


def printed_in_a_minute(seconds: float) -> list[object]:
    """Have a state due at each tenth of a second of a minute."""
    world = SlowRejects(seconds)
    run = run_in(world)
    clerk = Clerk(run)
    number = 0
    while world.now < 60:
        run.checkpoints.arrived({"n": number}, 1)
        clerk.print_due()
        world.now += 0.1
        number += 1
    run.checkpoints.arrived({"n": "last"}, 1)
    clerk.print_due(at_the_end=True)
    assert world.states[-1] == {"n": "last"}
    return list(world.states[:-1])


def test_a_state_is_printed_about_every_second() -> None:
    assert 54 <= len(printed_in_a_minute(0)) <= 60
    assert 54 <= len(printed_in_a_minute(0.05)) <= 60


def test_making_states_durable_takes_a_tenth_of_the_time_at_the_most() -> None:
    assert len(printed_in_a_minute(3)) == 2


def test_what_is_unchanged_wakes_the_clerk_once_for_a_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = run_in(SlowRejects(0))
    calls: list[int] = []
    monkeypatch.setattr(run.desk, "notify", lambda: calls.append(run.tally.unchanged))
    for number in range(1, 101):
        position = run.checkpoints.take()
        if number == 10:
            run.checkpoints.arrived({"n": number}, 1)
        run.settle_unchanged(Delete(ResumeKey("c", str(number))), [position])
    assert calls == [10]  # the state is printed when its time has come
