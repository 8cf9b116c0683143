"""Airflow: one mapped task a customer, each with a Meltano run of its own.

The variable `linkedin_customers` lists the customers. Each has a connection `linkedin_<customer>`:
login and password are client id and secret of its LinkedIn application, the extra field holds the
other settings of tap and target, by the names of their environment variables.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import Connection, Context, RetryDecision, RetryPolicy, Variable, dag, task
from meltano_load import load, wait_before_retry

PREFIX = "TARGET_LINKEDIN_RESUMES_"


class AsTheExitCodeSays(RetryPolicy):
    """A spent quota is retried after 00:00 UTC, a wrong configuration never, all else soon."""

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
            return RetryDecision.fail(reason="the configuration has to be changed first")
        return RetryDecision.retry(delay=wait, reason=str(exception))

    def serialize(self) -> dict[str, Any]:
        """There is nothing to be kept."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> AsTheExitCodeSays:
        """The opposite."""
        del data
        return cls()


@dag(
    schedule="@hourly",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
)
def linkedin_resumes() -> None:
    """Load the resumes of all customers."""

    @task
    def customers() -> list[str]:
        return list(Variable.get("linkedin_customers", deserialize_json=True))

    # One at a time: two runs of a tap in one Meltano project would share its state.json. Where each
    # task has a project directory of its own, in a container say, leave the limit out.
    @task(retries=3, retry_policy=AsTheExitCodeSays(), max_active_tis_per_dag=1)
    def load_customer(customer: str) -> None:
        connection = Connection.get(f"linkedin_{customer}")
        secrets = {
            f"{PREFIX}CLIENT_ID": connection.login,
            f"{PREFIX}CLIENT_SECRET": connection.password,
        }
        load(customer, {**secrets, **connection.extra_dejson})

    load_customer.expand(customer=customers())


flow = linkedin_resumes()

if __name__ == "__main__":
    flow.test()
