"""Evaluate the schedule as the daemon does at a time, and print whom it has runs for."""

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
    print(json.dumps([dict(request.tags) for request in tick.run_requests or []]))
