"""Dagster: one partition a customer, each with a Meltano run of its own.

The variable `LINKEDIN_CUSTOMERS` lists the customers with commas between. Each has a variable
`LINKEDIN_<CUSTOMER>`, JSON with the settings of tap and target by the names of their environment
variables; keep it in the place where your deployment keeps secrets.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster
from meltano_load import LoadFailed, load, wait_before_retry

CUSTOMERS = [name for name in os.environ.get("LINKEDIN_CUSTOMERS", "").split(",") if name]


# One at a time: two runs of a tap in one Meltano project would share its state.json. Where each
# run has a project directory of its own, in a container say, leave the pool out.
@dagster.asset(partitions_def=dagster.StaticPartitionsDefinition(CUSTOMERS), pool="meltano")
def resumes(context: dagster.AssetExecutionContext) -> None:
    """A customer's resumes at LinkedIn."""
    customer = context.partition_key
    try:
        load(customer, json.loads(os.environ[f"LINKEDIN_{customer.upper()}"]))
    except LoadFailed as failure:
        wait = wait_before_retry(failure, datetime.now(UTC))
        if wait is None:
            raise dagster.Failure(str(failure), allow_retries=False) from failure
        raise dagster.RetryRequested(3, wait.total_seconds()) from failure


every_customer = dagster.define_asset_job("every_customer", selection=[resumes])


@dagster.schedule(job=every_customer, cron_schedule="5 * * * *", execution_timezone="UTC")
def hourly(context: dagster.ScheduleEvaluationContext) -> Iterator[dagster.RunRequest]:
    """A run a customer, every hour."""
    tick = f"{context.scheduled_execution_time:%Y-%m-%dT%H}"
    for customer in CUSTOMERS:
        yield dagster.RunRequest(run_key=f"{customer}-{tick}", partition_key=customer)


definitions = dagster.Definitions(assets=[resumes], jobs=[every_customer], schedules=[hourly])
