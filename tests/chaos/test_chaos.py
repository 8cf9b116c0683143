"""Whatever LinkedIn and the way to it do, all arrives, in order, and the state says so.

A failure names its seed; `weather(seed, directory)` repeats it, up to the order in which calls of
several threads reach the sandbox.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.chaos.storm import Storm, weather

# Storms are mostly waiting: for time-outs, and for the next try.
AT_ONCE = 5
GROUP = 10
SEEDS = 10
LONG_SEEDS = 200


def storms(first: int, count: int, directory: Path, *, heavy: bool) -> list[Storm]:
    def one(seed: int) -> Storm:
        return weather(seed, directory / str(seed), heavy=heavy)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(first, first + count)))


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_400_records_arrive_whatever_happens(tmp_path: Path, first: int) -> None:
    made = storms(first, AT_ONCE, tmp_path, heavy=False)
    kinds = set().union(*(storm.kinds for storm in made))
    assert len(kinds) >= 12, f"seeds from {first}: only {sorted(kinds)}"


@pytest.mark.chaos_long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, LONG_SEEDS, GROUP))
def test_400_records_arrive_though_one_kind_of_fault_is_frequent(
    tmp_path: Path, first: int
) -> None:
    made = storms(first, GROUP, tmp_path, heavy=True)
    assert sum(storm.faults for storm in made) >= 400, f"seeds from {first}"
