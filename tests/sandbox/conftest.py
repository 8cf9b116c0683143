from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from target_linkedin_resumes.sandbox.server import Running, running

from .client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared: Running) -> Running:
    """The one sandbox of these tests, empty."""
    shared.reset()
    return shared


@pytest.fixture
def client(sandbox: Running) -> Iterator[Client]:
    """A client with a token."""
    found = Client(sandbox)
    with closing(found.connection):
        assert found.mint().status == 200
        yield found
