"""An Airflow of its own for a test: scheduler, API server and DAG processor."""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from tests.docs.documents import ROOT
from tests.orchestrators.processes import Program, started

AIRFLOW = ROOT / ".venv-airflow" / "bin"
EXAMPLES = ROOT / "examples" / "orchestrators"
DAG = "linkedin_resumes"


def settings(home: Path) -> dict[str, str]:
    """Airflow's settings for a test alone, as environment variables."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__PARALLELISM": "8",  # processes; more than the DAG's own bound
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "false",  # the test says when it is time
        "PATH": f"{AIRFLOW}{os.pathsep}{os.environ['PATH']}",
    }


class Airflow:
    """It runs; the test triggers the DAG and looks at the tasks."""

    def __init__(self, variables: Mapping[str, str], programs: list[Program]) -> None:
        self._variables, self._programs = variables, programs
        self._home = Path(variables["AIRFLOW_HOME"])

    def trigger(self) -> None:
        """Start a DAG run, as the schedule does."""
        subprocess.run(
            [AIRFLOW / "airflow", "dags", "trigger", DAG],
            env=self._variables,
            check=True,
            capture_output=True,
        )

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so, or fail with the log of the tasks."""
        self._programs[0].wait_for(condition, said=lambda: self.said)

    @property
    def said(self) -> str:
        """What the tasks have logged."""
        logs = sorted((self._home / "logs").rglob("*.log"))
        return "\n".join(one.read_text(errors="replace") for one in logs)

    @property
    def said_of_all(self) -> str:
        """The same, and what Airflow's own programs have."""
        return "\n".join([self.said, *(one.said for one in self._programs)])

    def rows(self, query: str) -> list[tuple]:  # type: ignore[type-arg]
        """What a query finds in Airflow's database."""
        with closing(sqlite3.connect(self._home / "airflow.db", timeout=60)) as database:
            return database.execute(query).fetchall()


@contextmanager
def running(variables: Mapping[str, str], directory: Path) -> Iterator[Airflow]:
    """Airflow for the length of a ``with``, once it knows the DAG."""

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"{variables['AIRFLOW__API__BASE_URL']}/api/v2/version"):
                return True
        except (urllib.error.URLError, ConnectionError):
            return False

    with ExitStack() as stack:

        def start(name: str) -> Program:
            command: list[str | Path] = [AIRFLOW / "airflow", name]
            return stack.enter_context(started(command, variables, directory / f"{name}.log"))

        programs = [start("api-server"), start("dag-processor")]
        airflow = Airflow(variables, programs)
        programs[0].wait_for(answers)
        programs[1].wait_for(
            lambda: bool(airflow.rows(f"SELECT 1 FROM serialized_dag WHERE dag_id = '{DAG}'"))
        )
        programs.append(start("scheduler"))
        yield airflow
