"""Dagster: one partition a customer, each with a Meltano run of its own.

The variable `LINKEDIN_CUSTOMERS` lists the customers with commas between. Each has a variable
`LINKEDIN_<CUSTOMER>`, JSON with the settings of tap and target by the names of their environment
variables; keep it in the place where your deployment keeps secrets. The pool needs the limit that
`dagster.yaml` beside this file gives it.
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster
from meltano_load import QUOTA_SPENT, LoadFailed, check_name, load, wait_before_retry

CUSTOMERS = [name for name in os.environ.get("LINKEDIN_CUSTOMERS", "").split(",") if name]
NOT_BEFORE = "linkedin/not_before"
PARTITION = "dagster/partition"
FINISHED = {
    dagster.DagsterRunStatus.SUCCESS,
    dagster.DagsterRunStatus.FAILURE,
    dagster.DagsterRunStatus.CANCELED,
}


@dagster.asset(partitions_def=dagster.StaticPartitionsDefinition(CUSTOMERS), pool="meltano")
def resumes(context: dagster.AssetExecutionContext) -> None:
    """A customer's resumes at LinkedIn."""
    customer = context.partition_key
    try:
        load(customer, settings(customer), context.log)
    except ValueError as error:
        raise dagster.Failure(str(error), allow_retries=False) from None
    except LoadFailed as failure:
        wait = wait_before_retry(failure, datetime.now(UTC))
        if wait is None:
            # Of an outstanding deletion too: a retry would only meet the same refusal, and the
            # next hour's run tries again.
            facts = {"exit_code": failure.code, "outstanding_deletions": failure.outstanding}
            raise dagster.Failure(
                str(failure),
                metadata={name: fact for name, fact in facts.items() if fact is not None},
                allow_retries=False,
            ) from failure
        if failure.code != QUOTA_SPENT:
            raise dagster.RetryRequested(3, wait.total_seconds()) from failure
        # A retry that waits keeps a process and one of the runs that may go on at a time, for
        # hours. The schedule comes by every hour anyway.
        then = f"{datetime.now(UTC) + wait:%Y-%m-%dT%H:%M:%SZ}"
        context.instance.add_run_tags(context.run_id, {NOT_BEFORE: then})
        raise dagster.Failure(
            f"{failure}; the schedule loads it again after {then}", allow_retries=False
        ) from failure


def settings(customer: str) -> dict[str, str]:
    """A customer's variables for tap and target. Raises ValueError."""
    check_name(customer)
    name = f"LINKEDIN_{customer.upper()}"
    try:
        return dict(json.loads(os.environ[name]))
    except KeyError:
        raise ValueError(f"the variable {name} is not set") from None
    except (TypeError, ValueError):
        raise ValueError(f"the variable {name} is not valid; expected a JSON object") from None


every_customer = dagster.define_asset_job(
    "every_customer", selection=[resumes], executor_def=dagster.in_process_executor
)


@dagster.schedule(job=every_customer, cron_schedule="5 * * * *", execution_timezone="UTC")
def hourly(context: dagster.ScheduleEvaluationContext) -> Iterator[dagster.RunRequest]:
    """A run a customer, every hour."""
    yield from due(context)


def due(context: dagster.ScheduleEvaluationContext) -> Iterator[dagster.RunRequest]:
    """A run a customer; none where the last goes on or found the quota spent."""
    tick = context.scheduled_execution_time.astimezone(UTC)
    for customer in CUSTOMERS:
        reason = reason_to_wait(context.instance, customer, tick)
        if reason is None:
            yield dagster.RunRequest(
                run_key=f"{customer}-{tick:%Y-%m-%dT%H}", partition_key=customer
            )
        else:
            context.log.info("%s: %s", customer, reason)


def reason_to_wait(instance: Any, customer: str, now: datetime) -> str | None:
    """Why a customer is left out this time; None if it is not."""
    of_customer = {"job_name": every_customer.name, "tags": {PARTITION: customer}}
    statuses = [one for one in dagster.DagsterRunStatus if one not in FINISHED]
    if instance.get_runs(dagster.RunsFilter(statuses=statuses, **of_customer), limit=1):
        return "its last run has not ended"
    for run in instance.get_runs(dagster.RunsFilter(**of_customer), limit=1):  # the newest
        then = run.tags.get(NOT_BEFORE)
        if then is not None and now < datetime.fromisoformat(then):
            return f"its quota is spent until {then}"
    return None


definitions = dagster.Definitions(assets=[resumes], jobs=[every_customer], schedules=[hourly])
