"""A bench for each end-to-end test, on a sandbox of its worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from target_linkedin_resumes.sandbox.server import Running
from tests.e2e.support import Bench, apart
from tests.sandboxes import Sandboxes

MakeBench = Callable[..., Bench]


@pytest.fixture
def make_bench(tmp_path: Path, sandboxes: Sandboxes) -> MakeBench:
    """Benches for sandboxes with options of their own."""

    def make(**options: Any) -> Bench:
        return Bench(tmp_path, sandboxes.get(**options))

    return make


@pytest.fixture
def measured_bench(tmp_path: Path) -> Iterator[MakeBench]:
    """Benches for measuring: the sandbox has a process of its own, as the command has."""
    with ExitStack() as stack:

        def make(*options: str) -> Bench:
            sandbox = stack.enter_context(apart(tmp_path / "linkedin", *options))
            # What such tests ask of a sandbox, it answers as one in this process does.
            return Bench(tmp_path, cast("Running", sandbox))

        yield make


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    """A bench for a sandbox as it comes."""
    return make_bench()
