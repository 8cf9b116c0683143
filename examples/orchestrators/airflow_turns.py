"""Airflow: whose turn it is, and when a task is tried again. Used by both DAGs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import (
    Asset,
    Context,
    RetryDecision,
    RetryPolicy,
    TaskInstanceState,
)
from airflow.sdk.exceptions import AirflowSkipException
from meltano_load import wait_before_retry

AT_ONCE = 4
"""How many customers are loaded at the same time."""
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


def take_turn(customer: str, context: Context) -> None:
    """Skip the task while an earlier DAG run's for this customer runs or waits for its retry."""
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
