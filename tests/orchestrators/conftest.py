"""What the tests of both orchestrators share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from target_linkedin_resumes.sandbox.server import Running
from tests.meltano.project import MELTANO, Project
from tests.orchestrators import customers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is in this directory needs Airflow, Dagster and Meltano: a make target of its own."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("orchestrators")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The repository's own Meltano project after `meltano install`."""
    project = Project.copy_of_repository(tmp_path_factory.mktemp("repository") / "clone")
    ran = project.run(command="install")
    assert ran.code == 0, ran.text
    return project


@pytest.fixture
def project(installed: Project, tmp_path: Path) -> Project:
    """The project with a system database for this test alone, as `meltano install` has made it."""
    shutil.copy(installed.directory / ".meltano" / "meltano.db", tmp_path)
    return installed.having(
        MELTANO=str(MELTANO),
        MELTANO_PROJECT_ROOT=str(installed.directory),
        MELTANO_JOB="resumes-to-sandbox",
        MELTANO_DATABASE_URI=f"sqlite:///{tmp_path}/meltano.db",
        MELTANO_SEND_ANONYMOUS_USAGE_STATS="false",
    )


@pytest.fixture
def clock() -> customers.Clock:
    """LinkedIn's clock."""
    return customers.Clock()


@pytest.fixture
def sandbox(tmp_path: Path, clock: customers.Clock) -> Iterator[Running]:
    """The customers' LinkedIn."""
    with customers.linkedin(tmp_path / "linkedin", clock) as sandbox:
        yield sandbox


@pytest.fixture
def slow_sandbox(tmp_path: Path, clock: customers.Clock) -> Iterator[Running]:
    """The same, where an upload takes longer than anybody waits."""
    with customers.linkedin(
        tmp_path / "linkedin", clock, latency={"url": 0, "upload": 60_000, "batch": 0}
    ) as sandbox:
        yield sandbox
