"""The DAG, run by Airflow's own local runner."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from target_linkedin_resumes.sandbox.server import Running
from tests.docs.documents import ROOT
from tests.meltano.project import Project
from tests.orchestrators import customers

AIRFLOW = ROOT / ".venv-airflow" / "bin"
EXAMPLES = ROOT / "examples" / "orchestrators"
STATES = (
    "SELECT map_index, state, try_number FROM task_instance WHERE task_id = 'load_customer'"
    " AND map_index >= 0"
)


def environment(directory: Path, project: Project, sandbox: Running) -> dict[str, str]:
    """Airflow in a directory of its own, with connections for the customers."""
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
        "AIRFLOW_HOME": str(directory / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW_VAR_LINKEDIN_CUSTOMERS": json.dumps(customers.CUSTOMERS),
        "RETRY_SECONDS": "5",
    }


def states(directory: Path) -> dict[str, tuple[str, int]]:
    """What became of each customer's task, and in which try."""
    with closing(sqlite3.connect(directory / "airflow" / "airflow.db")) as database:
        rows = database.execute(STATES).fetchall()
    return {customers.CUSTOMERS[index]: (state, tries) for index, state, tries in rows}


@pytest.mark.timeout(500)
def test_one_customer_does_not_touch_another(
    tmp_path: Path, project: Project, sandbox: Running
) -> None:
    variables = environment(tmp_path, project, sandbox)
    subprocess.run(
        [AIRFLOW / "airflow", "db", "migrate"], env=variables, check=True, capture_output=True
    )
    expected = {
        customers.WELL: ("success", 1),
        customers.WRONG: ("failed", 1),  # nothing changes by repeating it
        customers.SPENT: ("up_for_retry", 1),
        customers.REJECTING: ("success", 1),  # with a warning
        customers.FAILING: ("success", 2),
    }
    log = tmp_path / "log"
    with log.open("wb") as out:
        runner = subprocess.Popen(
            [AIRFLOW / "python", EXAMPLES / "airflow_dag.py"], env=variables, stdout=out, stderr=out
        )
        try:
            deadline = time.monotonic() + 300
            while runner.poll() is None and time.monotonic() < deadline:
                time.sleep(0.2)
                if f"{customers.FAILING}: exit code 1 " in log.read_text():
                    customers.mend(tmp_path)
                if states(tmp_path) == expected:
                    break
        finally:
            runner.kill()  # it would wait for midnight
            runner.wait()
    said = log.read_text()
    assert states(tmp_path) == expected, said
    customers.check_held(sandbox)
    assert f"{customers.REJECTING}: rejects were written" in said
    assert f"the run of customer {customers.SPENT} ended with exit code 75" in said
    for customer in customers.CUSTOMERS:
        assert f"secret-of-{customer}" not in said
