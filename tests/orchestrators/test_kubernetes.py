"""The examples for Kubernetes: what they ask it for, read by its client's models. No cluster."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.documents import ROOT

EXAMPLES = ROOT / "examples" / "orchestrators"
CUSTOMER = "acme_de"
NAME = "linkedin-acme-de"


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """Of a cluster that nobody calls."""
    named = {"name": "none"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "none",
        "clusters": [{**named, "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{**named, "user": {}}],
        "contexts": [{**named, "context": {"cluster": "none", "user": "none"}}],
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def printed(tool: str, *arguments: str | Path, **variables: str) -> dict[str, Any]:
    """What a program prints that runs where Airflow or Dagster is installed."""
    program = Path(__file__).with_name(f"{tool}_pod.py")
    ran = subprocess.run(
        [ROOT / f".venv-{tool}" / "bin" / "python", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(EXAMPLES), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout))


def check_pod(spec: dict[str, Any]) -> None:
    """What the pods of both have: a customer's own secret and volume, and few rights."""
    (container,) = spec["containers"]
    secrets = [one["secretRef"]["name"] for one in container["envFrom"]]
    assert secrets == ["linkedin-meltano", NAME]
    for variable in container.get("env", []):  # no secret stands in the file
        assert "SECRET" not in variable["name"]
        assert "PASSWORD" not in variable["name"] or "secretKeyRef" in variable["valueFrom"]
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert mounts == {"data": "/data", "tmp": "/tmp"}
    volumes = {one.pop("name"): one for one in spec["volumes"]}
    assert volumes["data"] == {"persistentVolumeClaim": {"claimName": NAME}}
    assert volumes["tmp"] == {"emptyDir": {}}
    assert spec["restartPolicy"] == "Never"  # the orchestrator repeats, as the exit code says
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"] == {"fsGroup": 10001, "runAsNonRoot": True, "runAsUser": 10001}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["terminationGracePeriodSeconds"] > 60  # GRACE_SECONDS of meltano_load.py


@pytest.mark.timeout(300)
def test_the_pod_of_airflow(tmp_path: Path, kubeconfig: Path) -> None:
    asked = printed(
        "airflow",
        CUSTOMER,
        *map(str, (0, 1, 2, 3, 75, 137)),
        KUBECONFIG=str(kubeconfig),
        AIRFLOW_HOME=str(tmp_path / "airflow"),
        AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
    )
    assert asked["again"] == asked["pod"]  # there is no field that Kubernetes does not know
    check_pod(asked["pod"]["spec"])
    (container,) = asked["pod"]["spec"]["containers"]
    assert container["args"] == [CUSTOMER]
    assert container["terminationMessagePolicy"] == "File"
    assert (asked["at_once"], asked["retries"]) == (4, 3)
    ends = asked["ends"]
    assert ends["1"][0] == "retry"
    assert ends.pop("75") == ["retry", "00:01"]
    assert {code: end[0] for code, end in ends.items()} == {
        "0": "success",
        "1": "retry",
        "2": "fail",
        "3": "fail",  # deletions are outstanding
        "137": "fail",
    }


@pytest.mark.timeout(300)
def test_the_pod_of_dagster(tmp_path: Path, kubeconfig: Path) -> None:
    files = ("dagster.yaml", "dagster_kubernetes.yaml")
    whole = "\n".join((EXAMPLES / name).read_text() for name in files)
    (tmp_path / "dagster.yaml").write_text(whole)
    asked = printed(
        "dagster",
        tmp_path,
        kubeconfig,
        DAGSTER_HOME=str(tmp_path),
        DAGSTER_PG_PASSWORD="not used",
        LINKEDIN_CUSTOMERS=CUSTOMER,
    )
    assert asked["again"] == asked["job"]
    assert asked["job"]["spec"]["backoffLimit"] == 0
    check_pod(asked["job"]["spec"]["template"]["spec"])
    assert asked["pools"] == {"default_limit": 4, "granularity": "op"}
    assert asked["partition"] == CUSTOMER


def test_what_a_customer_has(kubeconfig: Path) -> None:
    found = printed("airflow", "--read", EXAMPLES / "kubernetes.yaml", KUBECONFIG=str(kubeconfig))
    secret, claim = found["again"]
    assert [secret, claim] == found["given"]
    assert (secret["kind"], claim["kind"]) == ("Secret", "PersistentVolumeClaim")
    assert (
        secret["metadata"]
        == claim["metadata"]
        == {"name": "linkedin-acme", "namespace": "linkedin"}
    )
    # One pod at a time is what keeps a second run of a customer out.
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    for name, text in secret["stringData"].items():
        if name.endswith(("_PATH",)):
            assert text.startswith("/data/")
        if name.endswith(("SECRET", "KEY", "CLIENT_ID")):
            assert text == ""
