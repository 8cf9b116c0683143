"""What all tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings
from xdist.workermanage import NodeManager  # type: ignore[import-untyped]

from tests.sandboxes import Sandboxes

# Time limits of hypothesis measure the machine's load, not the code.
settings.register_profile(
    "project", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("project")

# Seconds. A worker writes down what it has covered when it exits; on a busy machine xdist kills it
# after ten, and what it has covered counts as not covered.
NodeManager.EXIT_TIMEOUT = 120


@pytest.fixture(scope="session", autouse=True)
def _nothing_launched_is_measured() -> None:
    """Coverage in a subprocess doubles what a launch costs. xdist's workers run by now."""
    for name in [name for name in os.environ if name.startswith("COVERAGE")]:
        del os.environ[name]


@pytest.fixture(scope="session")
def sandboxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandboxes]:
    """The sandboxes of this worker."""
    with ExitStack() as stack:
        yield Sandboxes(tmp_path_factory.mktemp("sandboxes"), stack)


def pytest_collection_finish() -> None:
    """Leave what collection has made out of every later look for garbage: it stays to the end.

    A full look takes a third of a second otherwise, and each run that fails wants one.
    """
    gc.collect()
    gc.freeze()
