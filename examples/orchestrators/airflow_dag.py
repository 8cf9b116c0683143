"""Airflow: one mapped task a customer, each with a Meltano run of its own.

The variable `linkedin_customers` lists the customers. Each has a connection `linkedin_<customer>`:
login and password are client id and secret of its LinkedIn application, the extra field holds the
other settings of tap and target, by the names of their environment variables.
"""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from types import FrameType
from typing import Any, NoReturn

from airflow.sdk import (
    Asset,
    Connection,
    Context,
    RetryDecision,
    RetryPolicy,
    TaskInstanceState,
    Variable,
    dag,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowSkipException
from meltano_load import check_name, load, wait_before_retry

PREFIX = "TARGET_LINKEDIN_RESUMES_"
RESUMES = Asset("linkedin_resumes")
UNFINISHED = [
    "null",  # cleared by somebody and not yet scheduled again
    TaskInstanceState.SCHEDULED,
    TaskInstanceState.QUEUED,
    TaskInstanceState.RUNNING,
    TaskInstanceState.RESTARTING,
    TaskInstanceState.UP_FOR_RETRY,
]


class AsTheExitCodeSays(RetryPolicy):
    """A spent quota is retried after 00:00 UTC, an error soon, and all else never."""

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        """As Airflow asks."""
        del try_number, max_tries, context
        wait = wait_before_retry(exception, datetime.now(UTC))
        if wait is None:
            return RetryDecision.fail(reason="a repetition would not help")
        return RetryDecision.retry(delay=wait, reason=str(exception))

    def serialize(self) -> dict[str, Any]:
        """There is nothing to be kept."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> AsTheExitCodeSays:
        """The opposite."""
        del data
        return cls()


def take_turn(customer: str) -> None:
    """Skip the task while an earlier DAG run's for this customer runs or waits for its retry."""
    context = get_current_context()
    ti, turns = context["ti"], context["asset_state_store"][RESUMES]
    last = turns.get(customer)
    if last is not None and last["run_id"] != ti.run_id:
        unfinished = ti.get_ti_count(
            dag_id=ti.dag_id,
            task_ids=[ti.task_id],
            states=UNFINISHED,
            run_ids=[last["run_id"]],
            map_index=last["map_index"],
        )
        if unfinished:
            raise AirflowSkipException(f"{customer}: {last['run_id']} has not ended with it")
    turns.set(customer, {"run_id": ti.run_id, "map_index": ti.map_index})


def stop(signum: int, frame: FrameType | None) -> NoReturn:
    """Let go of what is being waited for."""
    del frame
    raise SystemExit(128 + signum)


# A customer whose quota is spent holds its DAG run open until midnight. That must not keep the next
# ones from starting: more runs than customers, as each customer holds one at the most.
@dag(
    schedule="@hourly",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=200,
)
def linkedin_resumes() -> None:
    """Load the resumes of all customers."""

    @task
    def customers() -> list[str]:
        return list(Variable.get("linkedin_customers", deserialize_json=True))

    # One at a time: two runs of a tap in one Meltano project would share its state.json. Where each
    # task has a project directory of its own, in a container say, leave the limit out.
    @task(
        retries=3,
        retry_policy=AsTheExitCodeSays(),
        max_active_tis_per_dag=1,
        outlets=[RESUMES],
        map_index_template="{{ task.op_kwargs['customer'] }}",
    )
    def load_customer(customer: str) -> None:
        check_name(customer)
        # Airflow stops a task by SIGTERM, which raises nothing by itself, and kills it after five
        # seconds. Nobody would tell Meltano.
        signal.signal(signal.SIGTERM, stop)
        connection = Connection.get(f"linkedin_{customer}")
        secrets = {
            f"{PREFIX}CLIENT_ID": connection.login,
            f"{PREFIX}CLIENT_SECRET": connection.password,
        }
        take_turn(customer)
        load(customer, {**secrets, **connection.extra_dejson})

    load_customer.expand(customer=customers())


flow = linkedin_resumes()

if __name__ == "__main__":
    flow.test()
