"""What the tests of the certification note is kept for the report."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conftest import bench, make_bench

__all__ = ["bench", "make_bench", "note"]

Note = Callable[[str, object], None]


@pytest.fixture
def note(record_property: Note) -> Note:
    """Note something that was seen, and what it was."""
    return record_property
