"""Print the pod that Airflow asks Kubernetes for, and what becomes of its ends."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import airflow_kubernetes_dag as dags
import yaml
from airflow.exceptions import AirflowException
from airflow_turns import AsTheExitCodeSays
from kubernetes import client

api = client.ApiClient()


def again(document: dict[str, Any], kind: str) -> Any:
    """Read by the client's own models, which know what is required, and written again."""
    return api.sanitize_for_serialization(
        api.deserialize(SimpleNamespace(data=json.dumps(document)), kind)
    )


def after(code: int) -> list[str | None]:
    """What Airflow does after a pod that has ended with this code."""
    words = f"the run of customer acme ended with exit code {code}\n" if code else None
    ended = client.V1ContainerStateTerminated(exit_code=code, message=words)
    base = client.V1ContainerStatus(
        name="base",
        image="",
        image_id="",
        ready=False,
        restart_count=0,
        state=client.V1ContainerState(terminated=ended),
    )
    remote = client.V1Pod(
        metadata=client.V1ObjectMeta(name="pod", namespace="linkedin"),
        status=client.V1PodStatus(
            phase="Failed" if code else "Succeeded", container_statuses=[base]
        ),
    )
    pod = dags.CustomerPod(task_id="load", customer="acme", on_finish_action="keep_pod")
    # What asks a cluster, and there is none.
    pod.is_istio_enabled = pod.patch_already_checked = lambda *_, **__: None
    pod.process_pod_deletion = lambda *_, **__: None
    try:
        pod.cleanup(remote, remote, xcom_result=None)
    except AirflowException as error:
        decision = AsTheExitCodeSays().evaluate(error, 1, 3)
        then = decision.retry_delay and datetime.now(UTC) + decision.retry_delay
        return [decision.action.value, then and then.strftime("%H:%M")]
    return ["success", None]


def pods(customer: str, *codes: str) -> dict[str, Any]:
    """The pod of a customer, and what follows on each exit code."""
    task = dags.flow.get_task("load_customer")
    pod = dags.CustomerPod(task_id="load", customer=customer).build_pod_request_obj()
    pod = api.sanitize_for_serialization(pod)
    return {
        "pod": pod,
        "again": again(pod, "V1Pod"),
        "at_once": task.max_active_tis_per_dag,
        "retries": task.retries,
        "ends": {code: after(int(code)) for code in codes},
    }


def read(path: str) -> dict[str, Any]:
    """The documents of a file of Kubernetes's, and what its models make of them."""
    given = list(yaml.safe_load_all(Path(path).read_text()))
    return {"given": given, "again": [again(one, f"V1{one['kind']}") for one in given]}


found = read(sys.argv[2]) if sys.argv[1] == "--read" else pods(*sys.argv[1:])
json.dump(found, sys.stdout)
