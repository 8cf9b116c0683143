"""The job and its schedule, in one instance: ticks are evaluated, runs go on at the same time."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.sandbox.server import Running
from tests.docs.documents import ROOT
from tests.meltano.project import Project
from tests.orchestrators import customers
from tests.orchestrators.processes import Program, started

DAGSTER = ROOT / ".venv-dagster" / "bin"
EXAMPLES = ROOT / "examples" / "orchestrators"
TICK = Path(__file__).with_name("dagster_tick.py")
EVENTS = ("STEP_UP_FOR_RETRY", "RUN_SUCCESS", "RUN_FAILURE")
AGAIN = re.compile(r"the schedule loads it again after (\S+Z)")
AT_ONCE = 4
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


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
    instance = (EXAMPLES / "dagster.yaml").read_text()
    (home / "dagster.yaml").write_text(f"{instance}\ntelemetry: {{enabled: false}}\n")
    return {
        **os.environ,
        **project.environment,
        **settings,
        "DAGSTER_HOME": str(home),
        "PYTHONPATH": str(EXAMPLES),
        "LINKEDIN_CUSTOMERS": ",".join(customers.LISTED),
        "RETRY_SECONDS": "5",
    }


def tick(at: datetime, variables: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """For each customer whom the schedule has a run for at a time: the run's tags."""
    return {tags["dagster/partition"]: tags for tags in looked(at, variables)["runs"]}


def looked(at: datetime, variables: Mapping[str, str]) -> dict[str, Any]:
    """Whom the schedule has runs for at a time, and how many places the pool has."""
    ran = subprocess.run(
        [DAGSTER / "python", TICK, at.isoformat()],
        env=variables,
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(ran.stdout))


@contextmanager
def runs(
    requested: Mapping[str, Mapping[str, str]], directory: Path, variables: Mapping[str, str]
) -> Iterator[dict[str, Program]]:
    """Start the runs that the schedule has asked for, all at once."""
    command: list[str | Path] = [
        DAGSTER / "dagster",
        "job",
        "execute",
        "-m",
        "dagster_job",
        "-j",
        "every_customer",
    ]
    with ExitStack() as stack:
        yield {
            customer: stack.enter_context(
                started(
                    [*command, "--tags", json.dumps(tags)], variables, directory / f"{customer}.log"
                )
            )
            for customer, tags in requested.items()
        }


def ends(programs: Mapping[str, Program]) -> dict[str, list[str]]:
    """Wait for all; says for each which of the events it has seen."""
    logs = {customer: one.wait_for_end() for customer, one in programs.items()}
    for log in logs.values():
        customers.check_private(log)
    return {customer: [word for word in EVENTS if word in log] for customer, log in logs.items()}


@pytest.mark.timeout(900)
def test_one_customer_does_not_touch_another(
    tmp_path: Path, project: Project, sandbox: Running, clock: customers.Clock
) -> None:
    variables = environment(tmp_path, project, sandbox)
    now = datetime.now(UTC)

    requested = tick(now, variables)
    assert list(requested) == customers.LISTED
    customers.deliver_earlier(tmp_path, sandbox)
    customers.close_barrier(sandbox)
    with runs(requested, tmp_path, variables) as programs:
        failing = programs[customers.FAILING]

        def mending(condition: Callable[[], bool]) -> bool:
            if "STEP_UP_FOR_RETRY" in failing.said:
                customers.mend(tmp_path)
            return condition()

        killed = programs[customers.KILLED]
        killed.wait_for(lambda: mending(lambda: customers.all_wait(sandbox)))
        found = looked(now, variables)
        # How many places are in use is not asked: on SQLite Dagster's own count is off at times.
        assert found["limit"] == AT_ONCE
        # Whoever goes on is not started a second time.
        assert not set(customers.HELD) & {tags["dagster/partition"] for tags in found["runs"]}
        customers.kill(customers.KILLED)
        customers.open_barrier(sandbox)
        failing.wait_for(lambda: mending(lambda: not failing.running))
        assert ends(programs) == {
            customers.WELL: ["RUN_SUCCESS"],
            customers.KILLED: ["RUN_FAILURE"],
            customers.REJECTING: ["RUN_SUCCESS"],
            customers.OUTSTANDING: ["RUN_FAILURE"],
            customers.WRONG: ["RUN_FAILURE"],
            customers.SPENT: ["RUN_FAILURE"],
            customers.FAILING: ["STEP_UP_FOR_RETRY", "RUN_SUCCESS"],
            customers.FORGOTTEN: ["RUN_FAILURE"],
        }
        said = {customer: one.said for customer, one in programs.items()}
    assert "rejects were written" in said[customers.REJECTING]
    assert "ended with exit code 3: deletions are outstanding (1)" in said[customers.OUTSTANDING]
    assert "ended with exit code -9" in said[customers.KILLED]
    assert (
        f"the variable LINKEDIN_{customers.FORGOTTEN.upper()} is not" in said[customers.FORGOTTEN]
    )
    assert "ended with exit code 75" in said[customers.SPENT]
    (then,) = {datetime.fromisoformat(found) for found in AGAIN.findall(said[customers.SPENT])}
    assert (then.hour, then.minute) == (0, 1)
    assert now < then < now + timedelta(days=1, minutes=5)
    customers.check_held(sandbox, 1)

    customers.add_records_of_all(tmp_path)
    customers.let_time_pass(tmp_path)
    sandbox.set_faults()
    requested = tick(min(now + HOUR, then - SECOND), variables)
    assert list(requested) == [one for one in customers.LISTED if one != customers.SPENT]
    with runs(requested, tmp_path, variables) as programs:
        assert ends(programs) == {
            customers.WELL: ["RUN_SUCCESS"],
            customers.KILLED: ["RUN_SUCCESS"],
            customers.REJECTING: ["RUN_SUCCESS"],
            customers.OUTSTANDING: ["RUN_SUCCESS"],  # LinkedIn has taken the deletion
            customers.WRONG: ["RUN_FAILURE"],
            customers.FAILING: ["RUN_SUCCESS"],
            customers.FORGOTTEN: ["RUN_FAILURE"],
        }
    customers.check_held(sandbox, 2, customers.KILLED)

    clock.ahead += customers.DAY
    requested = tick(then, variables)
    assert list(requested) == customers.LISTED
    with runs({customers.SPENT: requested[customers.SPENT]}, tmp_path, variables) as programs:
        assert ends(programs) == {customers.SPENT: ["RUN_SUCCESS"]}
    customers.check_held(sandbox, 2, customers.KILLED, customers.SPENT)
    customers.check_apart(tmp_path, project.directory)


@pytest.mark.timeout(500)
def test_a_run_that_is_stopped_leaves_no_meltano(
    tmp_path: Path, project: Project, slow_sandbox: Running
) -> None:
    variables = environment(tmp_path, project, slow_sandbox)
    well = {customers.WELL: {"dagster/partition": customers.WELL}}
    with runs(well, tmp_path, variables) as programs:
        one = programs[customers.WELL]
        one.wait_for(lambda: f"{customers.WELL}: stream 'resumes'" in one.said)
        os.kill(one.process.pid, signal.SIGTERM)
        said = one.wait_for_end()
        assert not one.left
    assert "RUN_SUCCESS" not in said
    with closing(sqlite3.connect(tmp_path / "meltano.db")) as meltano:
        assert meltano.execute("SELECT state FROM runs").fetchall() == [("FAIL",)]
