"""Evaluate the schedule as the daemon does at a time; print whom it has runs for, and the pool."""

import json
import sys
from datetime import datetime

import dagster
import dagster_job

with dagster.DagsterInstance.get() as instance:
    context = dagster.build_schedule_context(
        instance=instance,
        scheduled_execution_time=datetime.fromisoformat(sys.argv[1]),
        repository_def=dagster_job.definitions.get_repository_def(),
    )
    tick = dagster_job.hourly.evaluate_tick(context)
    pool = instance.event_log_storage.get_concurrency_info("meltano")
    print(
        json.dumps(
            {
                "runs": [dict(request.tags) for request in tick.run_requests or []],
                "limit": pool.slot_count,
            }
        )
    )
