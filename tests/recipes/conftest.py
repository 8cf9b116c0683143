"""A sandbox of LinkedIn, a vendor, and the store that the vendor's links lead to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.support import Bench
from tests.recipes.vendors import Vendor
from tests.resumes.server import serving
from tests.sandboxes import Sandboxes


@pytest.fixture
def bench(tmp_path: Path, sandboxes: Sandboxes) -> Bench:
    """A bench whose rejects do not stop the run."""
    rejects = str(tmp_path / "rejects.singer")
    settings = {"on_reject": "continue", "rejects_path": rejects, "batch_max_age_seconds": 1}
    return Bench(tmp_path, sandboxes.get(), settings)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """The vendor's API."""
    with serving() as server:
        yield Vendor(server)


@pytest.fixture
def store() -> Iterator[Vendor]:
    """An object store that serves signed links to everybody."""
    with serving() as server:
        yield Vendor(server)
