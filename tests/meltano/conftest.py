"""Meltano, installed by `make test-meltano`; its projects, and a sandbox for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from target_linkedin_resumes.sandbox.server import Running, running
from tests.e2e.support import PDF
from tests.meltano.crm import TABLE
from tests.meltano.postgres import Database, cluster
from tests.meltano.project import Project
from tests.recipes.recipes import Recipe


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is in this directory needs Meltano, and runs by its own make target."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("meltano")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Running]:
    """A LinkedIn on loopback."""
    data = tmp_path / "linkedin"
    data.mkdir()
    with running(data) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def installed_repository(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The repository's own project after `meltano install`."""
    project = Project.copy_of_repository(tmp_path_factory.mktemp("repository") / "clone")
    return _install(project)


@pytest.fixture(scope="session")
def installed_crm(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A user's project with taps for Postgres and JSON lines, and a mapper."""
    definition = Path(__file__).with_name("crm.meltano.yml")
    return _install(Project.of_user(tmp_path_factory.mktemp("crm") / "project", definition))


def _install(project: Project) -> Project:
    ran = project.run(command="install")
    assert ran.code == 0, ran.text
    return project


@pytest.fixture
def repository(installed_repository: Project, sandbox: Running, tmp_path: Path) -> Project:
    """The repository's project, pointed at the sandbox."""
    return _pointed(installed_repository, sandbox, tmp_path)


@pytest.fixture
def crm(installed_crm: Project, sandbox: Running, tmp_path: Path) -> Project:
    """The user's project, pointed at the sandbox."""
    project = _pointed(installed_crm, sandbox, tmp_path)
    return project.loading(
        client_id="sandbox",
        client_secret="sandbox-secret",
        organization="1234567890",
        contract="123456",
        batch_max_age_seconds="1",
    )


def _pointed(project: Project, sandbox: Running, tmp_path: Path) -> Project:
    """With a system database for this test alone, so that no test sees another's state."""
    return project.having(MELTANO_DATABASE_URI=f"sqlite:///{tmp_path}/meltano.db").loading(
        api_url=sandbox.url, token_url=f"{sandbox.url}/oauth/v2/accessToken"
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Database]:
    """A Postgres for all tests."""
    with cluster() as database:
        yield database


@pytest.fixture
def database(postgres: Database) -> Iterator[Database]:
    """A database with the table of the recipe."""
    name = f"crm_{uuid.uuid4().hex}"
    postgres.sql(f"CREATE DATABASE {name}")
    database = Database(postgres.port, name)
    database.sql(TABLE)
    yield database
    slots = f"FROM pg_replication_slots WHERE database = '{name}'"
    postgres.sql(
        f"SELECT pg_drop_replication_slot(slot_name) {slots}", f"DROP DATABASE {name} (FORCE)"
    )


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Where the CRM keeps its files: 2024/0001.pdf to 0009.pdf, each of its own length."""
    files = tmp_path / "files"
    (files / "2024").mkdir(parents=True)
    for number in range(1, 10):
        (files / "2024" / f"{number:04}.pdf").write_bytes(PDF + b"%" * number)
    return files


@pytest.fixture
def project(crm: Project, database: Database, files: Path) -> Project:
    """The user's project with the configuration of the recipe."""
    ledger = str(files.with_name("ledger.sqlite"))
    places = {"/srv/crm/resumes": str(files), "/srv/crm/ledger.sqlite": ledger}
    recipe = Recipe.read("postgres-log-based", places)
    tap = {
        "TAP_POSTGRES_PORT": str(database.port),
        "TAP_POSTGRES_DATABASE": database.name,
        "TAP_POSTGRES_REPLICATION_SLOT_NAME": database.name,
    }
    return crm.having(**tap).loading(**recipe.settings)
