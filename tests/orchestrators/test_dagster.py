"""The asset, materialized by Dagster's own command for one partition after another."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from target_linkedin_resumes.sandbox.server import Running
from tests.docs.documents import ROOT
from tests.meltano.project import Project
from tests.orchestrators import customers

DAGSTER = ROOT / ".venv-dagster" / "bin" / "dagster"
EXAMPLES = ROOT / "examples" / "orchestrators"


def environment(directory: Path, project: Project, sandbox: Running) -> dict[str, str]:
    """Dagster in a directory of its own, with the customers' settings."""
    settings = {
        f"LINKEDIN_{customer.upper()}": json.dumps(
            {
                f"{customers.PREFIX}CLIENT_ID": customer,
                f"{customers.PREFIX}CLIENT_SECRET": customers.secret(customer),
                **customers.variables(customer, directory, sandbox),
            }
        )
        for customer in customers.CUSTOMERS
    }
    home = directory / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return {
        **os.environ,
        **project.environment,
        **settings,
        "DAGSTER_HOME": str(home),
        "PYTHONPATH": str(EXAMPLES),
        "LINKEDIN_CUSTOMERS": ",".join(customers.CUSTOMERS),
        "RETRY_SECONDS": "5",
    }


def materialize(customer: str, directory: Path, variables: Mapping[str, str]) -> str:
    """Materialize a customer's partition; gives the log. Midnight is not waited for."""
    log = directory / f"{customer}.log"
    command = [str(DAGSTER), "asset", "materialize", "-m", "dagster_job", "--select", "resumes"]
    command += ["--partition", customer]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--partition", customer],
            env=variables,
            cwd=directory,
            stdout=out,
            stderr=out,
        )
        try:
            deadline = time.monotonic() + 120
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.2)
                said = log.read_text()
                if customer == customers.FAILING and "STEP_UP_FOR_RETRY" in said:
                    customers.mend(directory)
                if customer == customers.SPENT and "STEP_UP_FOR_RETRY" in said:
                    break
        finally:
            process.kill()
            process.wait()
    return log.read_text()


@pytest.mark.timeout(500)
def test_one_customer_does_not_touch_another(
    tmp_path: Path, project: Project, sandbox: Running
) -> None:
    variables = environment(tmp_path, project, sandbox)
    logs = {one: materialize(one, tmp_path, variables) for one in customers.CUSTOMERS}
    ends = {one: [word for word in EVENTS if word in log] for one, log in logs.items()}
    assert ends == {
        customers.WELL: ["RUN_SUCCESS"],
        customers.WRONG: ["RUN_FAILURE"],
        customers.SPENT: ["STEP_UP_FOR_RETRY"],
        customers.REJECTING: ["RUN_SUCCESS"],
        customers.FAILING: ["STEP_UP_FOR_RETRY", "RUN_SUCCESS"],
    }, logs
    customers.check_held(sandbox)
    assert "ended with exit code 75" in logs[customers.SPENT]
    for customer, log in logs.items():
        assert f"secret-of-{customer}" not in log


EVENTS = ("STEP_UP_FOR_RETRY", "RUN_SUCCESS", "RUN_FAILURE")
