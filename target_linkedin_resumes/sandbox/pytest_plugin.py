"""The fixture `linkedin_sandbox`, for the tests of whoever has this package and pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .server import Running


@pytest.fixture
def linkedin_sandbox(tmp_path: Path) -> Iterator[Running]:
    """Run a LinkedIn on a free port of this machine, which holds nothing yet."""
    from .server import running  # noqa: PLC0415 - only who asks for it needs the extra

    data = tmp_path / "linkedin"
    data.mkdir()
    with running(data) as sandbox:
        yield sandbox
