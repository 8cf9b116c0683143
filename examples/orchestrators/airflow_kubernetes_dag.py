"""Airflow: one mapped task a customer, each in a pod of its own.

The variable `linkedin_customers` lists the customers. Each has in Kubernetes, by the names that
`kubernetes.yaml` beside this file shows, a secret with the settings of tap and target, by the names
of their environment variables, and a volume claim for what is to outlast the pod.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import Context, Variable, dag, task
from airflow_turns import AT_ONCE, RESUMES, AsTheExitCodeSays, take_turn
from kubernetes.client import models as k8s
from meltano_load import GRACE_SECONDS, check_name

IMAGE = "registry.example.com/linkedin-resumes:1"  # from the Containerfile beside this file
NAMESPACE = "linkedin"


class CustomerPod(KubernetesPodOperator):
    """The pod of one customer: ``meltano_load.py``, which ends with the code that counts."""

    def __init__(self, *, customer: str, **more: Any) -> None:
        check_name(customer)
        self.customer = customer
        name = f"linkedin-{customer.replace('_', '-')}"
        super().__init__(
            name=name,
            namespace=NAMESPACE,
            image=IMAGE,
            arguments=[customer],
            env_from=[
                # MELTANO_DATABASE_URI, which is the same for all
                k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="linkedin-meltano")),
                k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=name)),
            ],
            volumes=[
                k8s.V1Volume(
                    name="data",
                    persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(
                        claim_name=name
                    ),
                ),
                k8s.V1Volume(name="tmp", empty_dir=k8s.V1EmptyDirVolumeSource()),
            ],
            volume_mounts=[
                k8s.V1VolumeMount(name="data", mount_path="/data"),
                k8s.V1VolumeMount(name="tmp", mount_path="/tmp"),
            ],
            container_resources=k8s.V1ResourceRequirements(
                requests={"cpu": "250m", "memory": "512Mi"}, limits={"memory": "1Gi"}
            ),
            security_context=k8s.V1PodSecurityContext(
                run_as_non_root=True, run_as_user=10001, fs_group=10001
            ),
            container_security_context=k8s.V1SecurityContext(
                allow_privilege_escalation=False,
                capabilities=k8s.V1Capabilities(drop=["ALL"]),
            ),
            automount_service_account_token=False,
            termination_grace_period=GRACE_SECONDS + 10,
            log_pod_spec_on_failure=False,  # the exception shall hold the last words alone
            **more,
        )

    def execute(self, context: Context) -> Any:
        """As Airflow asks."""
        take_turn(self.customer, context)
        return super().execute(context)


# As many as in airflow_dag.py, for the same reason.
@dag(
    schedule="@hourly",
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=500,
)
def linkedin_resumes_in_pods() -> None:
    """Load the resumes of all customers."""

    @task
    def customers() -> list[str]:
        return list(Variable.get("linkedin_customers", deserialize_json=True))

    CustomerPod.partial(
        task_id="load_customer",
        retries=3,
        retry_policy=AsTheExitCodeSays(),
        max_active_tis_per_dag=AT_ONCE,
        outlets=[RESUMES],
        map_index_template="{{ task.customer }}",
    ).expand(customer=customers())


flow = linkedin_resumes_in_pods()
