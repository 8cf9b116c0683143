"""The DAG, run by Airflow's own local runner."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from target_linkedin_resumes.sandbox.server import Running
from tests.docs.documents import ROOT
from tests.meltano.project import Project
from tests.orchestrators import customers
from tests.orchestrators.processes import started

AIRFLOW = ROOT / ".venv-airflow" / "bin"
EXAMPLES = ROOT / "examples" / "orchestrators"
RUNNER = (AIRFLOW / "python", EXAMPLES / "airflow_dag.py")
LIMIT = "SELECT max_active_runs FROM dag WHERE dag_id = 'linkedin_resumes'"
STATES = (
    "SELECT dag_run.id, map_index, task_instance.state, try_number FROM task_instance"
    " JOIN dag_run USING (dag_id, run_id) WHERE task_id = 'load_customer' AND map_index >= 0"
    " ORDER BY dag_run.id"
)
RETRIES = (
    "SELECT map_index, end_date, retry_delay_override FROM task_instance"
    " WHERE state = 'up_for_retry'"
)


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Airflow's database, as it is before anything has run."""
    home = tmp_path_factory.mktemp("airflow")
    subprocess.run(
        [AIRFLOW / "airflow", "db", "migrate"],
        env={**os.environ, "AIRFLOW_HOME": str(home)},
        check=True,
        capture_output=True,
    )
    return home / "airflow.db"


def environment(
    directory: Path, project: Project, sandbox: Running, database: Path
) -> dict[str, str]:
    """Airflow in a directory of its own, with connections for the customers."""
    home = directory / "airflow"
    home.mkdir()
    shutil.copy(database, home)
    connections = {
        f"AIRFLOW_CONN_LINKEDIN_{customer.upper()}": json.dumps(
            {
                "conn_type": "generic",
                "login": customer,
                "password": customers.secret(customer),
                "extra": customers.variables(customer, directory, sandbox),
            }
        )
        for customer in customers.CUSTOMERS
    }
    return {
        **os.environ,
        **project.environment,
        **connections,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW_VAR_LINKEDIN_CUSTOMERS": json.dumps(customers.LISTED),
        "RETRY_SECONDS": "5",
    }


def states(directory: Path) -> list[dict[str, tuple[str, int]]]:
    """For each DAG run, what became of each customer's task, and in which try."""
    runs: dict[int, dict[str, tuple[str, int]]] = {}
    for run, index, state, tries in _rows(directory, STATES):
        runs.setdefault(run, {})[customers.LISTED[index]] = (state, tries)
    return list(runs.values())


def retries(directory: Path) -> dict[str, datetime]:
    """When the tasks that wait for it are tried again."""
    return {
        customers.LISTED[index]: datetime.fromisoformat(end).replace(tzinfo=UTC)
        + timedelta(seconds=delay)
        for index, end, delay in _rows(directory, RETRIES)
    }


def _rows(directory: Path, query: str) -> list[tuple]:  # type: ignore[type-arg]
    with closing(sqlite3.connect(directory / "airflow" / "airflow.db")) as database:
        return database.execute(query).fetchall()


@pytest.mark.timeout(500)
def test_one_customer_does_not_touch_another(
    tmp_path: Path, project: Project, sandbox: Running, database: Path
) -> None:
    variables = environment(tmp_path, project, sandbox, database)
    first = {
        customers.WELL: ("success", 1),
        customers.WRONG: ("failed", 1),  # nothing changes by repeating it
        customers.SPENT: ("up_for_retry", 1),
        customers.REJECTING: ("success", 1),  # with a warning
        customers.FAILING: ("success", 2),
        customers.FORGOTTEN: ("failed", 1),
    }

    def mended() -> bool:
        if f"{customers.FAILING}: exit code 1" in one.said:
            customers.mend(tmp_path)
        return states(tmp_path) == [first]

    with started(RUNNER, variables, tmp_path / "first.log") as one:
        one.wait_for(mended)
        said = one.said
        assert one.running  # it waits for midnight, and the next one does not wait for it
    customers.check_held(sandbox, 1)
    assert f"{customers.REJECTING}: rejects were written" in said
    assert f"the run of customer {customers.SPENT} ended with exit code 75" in said
    customers.check_private(said)

    then = retries(tmp_path)[customers.SPENT]
    assert then.hour == 0
    assert 1 <= then.minute < 5  # counted from the end of the task, which comes a little later
    assert datetime.now(UTC) < then < datetime.now(UTC) + timedelta(days=1, minutes=5)

    # The scheduler starts the next one although this one goes on, also if each customer holds one.
    assert _rows(tmp_path, LIMIT)[0][0] > len(customers.LISTED)
    customers.add_records_of_all(tmp_path)
    with started(RUNNER, variables, tmp_path / "second.log") as one:
        said = one.wait_for_end()
    assert states(tmp_path) == [
        first,
        {
            customers.WELL: ("success", 1),
            customers.WRONG: ("failed", 1),
            customers.SPENT: ("skipped", 1),
            customers.REJECTING: ("success", 1),
            customers.FAILING: ("success", 1),
            customers.FORGOTTEN: ("failed", 1),
        },
    ], said
    customers.check_held(sandbox, 2)
    customers.check_private(said)


@pytest.mark.timeout(500)
def test_a_task_that_is_stopped_leaves_no_meltano(
    tmp_path: Path, project: Project, slow_sandbox: Running, database: Path
) -> None:
    variables = environment(tmp_path, project, slow_sandbox, database)
    variables["AIRFLOW_VAR_LINKEDIN_CUSTOMERS"] = json.dumps([customers.WELL])
    with started(RUNNER, variables, tmp_path / "log") as one:
        one.wait_for(lambda: f"{customers.WELL}: stream 'resumes'" in one.said)
        os.kill(one.process.pid, signal.SIGTERM)  # as Airflow stops a task: it alone
        said = one.wait_for_end()
        assert not one.left
    assert states(tmp_path) == [{customers.WELL: ("failed", 1)}], said
    with closing(sqlite3.connect(tmp_path / "meltano.db")) as meltano:
        assert meltano.execute("SELECT state FROM runs").fetchall() == [("FAIL",)]
