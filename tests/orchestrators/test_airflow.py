"""The DAG: seven customers by Airflow's scheduler, one of them by its local runner."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from target_linkedin_resumes.sandbox.server import Running
from tests.meltano.project import Project
from tests.orchestrators import customers
from tests.orchestrators.airflow_instance import AIRFLOW, EXAMPLES, Airflow, running, settings
from tests.orchestrators.processes import started

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
AT_ONCE = 4


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
        **settings(home),
        "AIRFLOW_VAR_LINKEDIN_CUSTOMERS": json.dumps(customers.LISTED),
        "RETRY_SECONDS": "5",
    }


def states(airflow: Airflow) -> list[dict[str, tuple[str | None, int]]]:
    """For each DAG run, what became of each customer's task, and in which try."""
    runs: dict[int, dict[str, tuple[str | None, int]]] = {}
    for run, index, state, tries in airflow.rows(STATES):
        runs.setdefault(run, {})[customers.LISTED[index]] = (state, tries)
    return list(runs.values())


def retries(airflow: Airflow) -> dict[str, datetime]:
    """When the tasks that wait for it are tried again."""
    return {
        customers.LISTED[index]: datetime.fromisoformat(end).replace(tzinfo=UTC)
        + timedelta(seconds=delay)
        for index, end, delay in airflow.rows(RETRIES)
    }


@pytest.mark.timeout(900)
def test_one_customer_does_not_touch_another(
    tmp_path: Path, project: Project, sandbox: Running, database: Path
) -> None:
    variables = environment(tmp_path, project, sandbox, database)
    first = {
        customers.WELL: ("success", 1),
        customers.KILLED: ("failed", 1),  # the next hour's run is its next
        customers.REJECTING: ("success", 1),  # with a warning
        customers.OUTSTANDING: ("failed", 1),  # LinkedIn would refuse it again at once
        customers.WRONG: ("failed", 1),  # nothing changes by repeating it
        customers.SPENT: ("up_for_retry", 1),
        customers.FAILING: ("success", 2),
        customers.FORGOTTEN: ("failed", 1),
    }
    second = {
        customers.WELL: ("success", 1),
        customers.KILLED: ("success", 1),
        customers.REJECTING: ("success", 1),
        customers.OUTSTANDING: ("success", 1),  # LinkedIn has taken the deletion
        customers.WRONG: ("failed", 1),
        customers.SPENT: ("skipped", 1),
        customers.FAILING: ("success", 1),
        customers.FORGOTTEN: ("failed", 1),
    }
    customers.deliver_earlier(tmp_path, sandbox)
    customers.close_barrier(sandbox)
    with running(variables, tmp_path) as airflow:

        def mending(condition: Callable[[], bool]) -> bool:
            if f"{customers.FAILING}: exit code 1" in airflow.said:
                customers.mend(tmp_path)
            return condition()

        airflow.trigger()
        airflow.wait_for(lambda: mending(lambda: customers.all_wait(sandbox)))
        now = states(airflow)[0]
        assert {one for one in now if now[one][0] == "running"} == set(customers.HELD)
        customers.kill(customers.KILLED)
        customers.open_barrier(sandbox)
        airflow.wait_for(lambda: mending(lambda: states(airflow)[0] == first))
        customers.check_held(sandbox, 1)
        assert customers.most_at_once(tmp_path) == AT_ONCE
        said = airflow.said
        assert f"{customers.REJECTING}: rejects were written" in said
        assert f"customer {customers.OUTSTANDING} ended with exit code 3: deletions are" in said
        assert f"the run of customer {customers.SPENT} ended with exit code 75" in said
        assert f"the run of customer {customers.KILLED} ended with exit code -9" in said

        then = retries(airflow)[customers.SPENT]
        assert then.hour == 0
        assert 1 <= then.minute < 5  # counted from the end of the task, which comes a little later
        assert datetime.now(UTC) < then < datetime.now(UTC) + timedelta(days=1, minutes=5)

        # The next one starts although this one goes on, also if each customer holds one.
        assert airflow.rows(LIMIT)[0][0] > len(customers.LISTED)
        customers.add_records_of_all(tmp_path)
        customers.let_time_pass(tmp_path)
        sandbox.set_faults()
        airflow.trigger()
        airflow.wait_for(lambda: states(airflow)[1:] == [second])
        assert states(airflow)[0] == first
        said = airflow.said_of_all
    customers.check_held(sandbox, 2, customers.KILLED)
    customers.check_apart(tmp_path, project.directory)
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
    assert states(Airflow(variables, [])) == [{customers.WELL: ("failed", 1)}], said
    with closing(sqlite3.connect(tmp_path / "meltano.db")) as meltano:
        assert meltano.execute("SELECT state FROM runs").fetchall() == [("FAIL",)]
