"""Dagster in Kubernetes: the asset of ``dagster_job.py``, each run in a pod of its customer.

The instance starts a pod a run, as `dagster_kubernetes.yaml` beside this file says. The pod gets
its customer's secret, here with the variable `LINKEDIN_<CUSTOMER>`, and its volume claim for what
is to outlast the pod, both by the name that `kubernetes.yaml` shows.
"""

import json
from collections.abc import Iterator
from typing import Any

import dagster
from dagster_job import due, every_customer, resumes


def of_customer(customer: str) -> dict[str, Any]:
    """What the pod of a run has besides what all have, in Dagster's form."""
    name = f"linkedin-{customer.replace('_', '-')}"
    claim = {"name": "data", "persistent_volume_claim": {"claim_name": name}}
    return {
        "container_config": {
            "env_from": [{"secret_ref": {"name": name}}],
            "volume_mounts": [{"name": "data", "mount_path": "/data"}],
        },
        "pod_spec_config": {"volumes": [claim]},
    }


@dagster.schedule(job=every_customer, cron_schedule="5 * * * *", execution_timezone="UTC")
def hourly_in_pods(context: dagster.ScheduleEvaluationContext) -> Iterator[dagster.RunRequest]:
    """A run a customer, every hour."""
    for request in due(context):
        pod = {"dagster-k8s/config": json.dumps(of_customer(str(request.partition_key)))}
        yield request.with_replaced_attrs(tags={**request.tags, **pod})


definitions = dagster.Definitions(
    assets=[resumes], jobs=[every_customer], schedules=[hourly_in_pods]
)
