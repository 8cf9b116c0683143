"""Airflow: one mapped task a customer, each with a Meltano run of its own.

The variable `linkedin_customers` lists the customers. Each has a connection `linkedin_<customer>`:
login and password are client id and secret of its LinkedIn application, the extra field holds the
other settings of tap and target, by the names of their environment variables.
"""

from __future__ import annotations

import signal
from datetime import UTC, datetime

from airflow.sdk import Connection, Variable, dag, get_current_context, task
from airflow_turns import AT_ONCE, RESUMES, AsTheExitCodeSays, take_turn
from meltano_load import check_name, load, stop

PREFIX = "TARGET_LINKEDIN_RESUMES_"


# A customer whose quota is spent holds its DAG run open until midnight. That must not keep the next
# ones from starting: more runs than customers, as each customer holds one at the most.
@dag(
    schedule="@hourly",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=500,
)
def linkedin_resumes() -> None:
    """Load the resumes of all customers."""

    @task
    def customers() -> list[str]:
        return list(Variable.get("linkedin_customers", deserialize_json=True))

    @task(
        retries=3,
        retry_policy=AsTheExitCodeSays(),
        max_active_tis_per_dag=AT_ONCE,
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
        take_turn(customer, get_current_context())
        load(customer, {**secrets, **connection.extra_dejson})

    load_customer.expand(customer=customers())


flow = linkedin_resumes()

if __name__ == "__main__":
    flow.test()
