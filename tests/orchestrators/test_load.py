"""Meltano's run of a customer whose tap dies in the middle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.sandbox.server import Running
from tests.docs.documents import example
from tests.meltano.project import Project
from tests.orchestrators import customers

LOADS = example("orchestrators/meltano_load")


def let_the_tap_die(files: Path) -> None:
    """It looks at 500 lines of each file before it starts, and sends a file once it is read."""
    line = json.dumps({"candidate_id": "1", "resume_id": "R"}).encode() + b"\n"
    (files / "records-9.jsonl").write_bytes(line * 5_000 + b"\xff\n")


@pytest.mark.parametrize("customer", [customers.REJECTING, customers.SPENT])
def test_a_tap_that_dies_is_neither_a_success_nor_waits_for_midnight(
    tmp_path: Path,
    project: Project,
    sandbox: Running,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    customer: str,
) -> None:
    variables: Mapping[str, Any] = {
        **project.environment,
        **customers.variables(customer, tmp_path, sandbox),
        f"{customers.PREFIX}CLIENT_ID": customer,
        f"{customers.PREFIX}CLIENT_SECRET": customers.secret(customer),
    }
    monkeypatch.setattr(LOADS, "MELTANO", variables["MELTANO"])
    monkeypatch.setattr(LOADS, "JOB", variables["MELTANO_JOB"])
    caplog.set_level("INFO")
    let_the_tap_die(tmp_path / customer)
    with pytest.raises(LOADS.LoadFailed) as failed:
        LOADS.load(customer, variables)
    assert failed.value.code == 1, caplog.text
    said = 3 if customer == customers.REJECTING else 75
    assert f"{customer}: exit code {said}" in caplog.text
