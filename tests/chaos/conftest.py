"""The long storms are run on demand: `pytest -m chaos_long`."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "chaos_long: 200 heavy storms; half an hour or so")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "chaos_long" in config.option.markexpr:
        return
    long = [item for item in items if item.get_closest_marker("chaos_long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]
