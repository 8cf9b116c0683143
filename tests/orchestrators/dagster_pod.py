"""Print the Kubernetes job that Dagster's run launcher asks for, for a run of the schedule."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import dagster
import dagster_kubernetes
import yaml
from dagster._config import process_config, resolve_to_config_type
from dagster._core.instance.config import dagster_instance_config
from dagster._core.storage.dagster_run import DagsterRun
from dagster_k8s import K8sRunLauncher
from dagster_k8s.job import construct_dagster_k8s_job
from kubernetes import client

api = client.ApiClient()
home, kubeconfig = sys.argv[1:]

instance_config, _ = dagster_instance_config(home)  # raises what is no dagster.yaml
given = yaml.safe_load((Path(home) / "dagster.yaml").read_text())["run_launcher"]["config"]
outside = {**given, "load_incluster_config": False, "kubeconfig_file": kubeconfig}
checked = process_config(resolve_to_config_type(K8sRunLauncher.config_type()), outside)
if not checked.success:
    sys.exit(str(checked.errors))
launcher = K8sRunLauncher(**checked.value)

with dagster.instance_for_test() as instance:
    schedule = dagster_kubernetes.hourly_in_pods.evaluate_tick(
        dagster.build_schedule_context(
            instance=instance,
            scheduled_execution_time=datetime.now(UTC),
            repository_def=dagster_kubernetes.definitions.get_repository_def(),
        )
    )
(request,) = schedule.run_requests
run = DagsterRun(job_name="every_customer", tags=dict(request.tags))
context = launcher.get_container_context_for_run(run)
job = construct_dagster_k8s_job(
    job_config=context.get_k8s_job_config(job_image=None, run_launcher=launcher),
    args=["dagster", "api", "execute_run"],
    job_name="run",
    user_defined_k8s_config=context.run_k8s_config,
)
job = api.sanitize_for_serialization(job)
again = api.deserialize(SimpleNamespace(data=json.dumps(job)), "V1Job")
json.dump(
    {
        "job": job,
        "again": api.sanitize_for_serialization(again),
        "pools": instance_config["concurrency"]["pools"],
        "run_key": request.run_key,
        "partition": request.tags["dagster/partition"],
    },
    sys.stdout,
)
