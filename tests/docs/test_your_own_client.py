"""docs/your-own-client.md can be followed as it stands, and so can its tests."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from target_linkedin_resumes.sandbox.server import Running
from tests.docs.documents import blocks, read
from tests.sandbox.client import Client
from tests.sandboxes import Sandboxes

PAGE = read("docs/your-own-client.md")
URL = "http://127.0.0.1:8765"


@pytest.fixture
def sandbox(sandboxes: Sandboxes) -> Running:
    return sandboxes.get()


def test_each_call_works_without_a_breach(sandbox: Running) -> None:
    scripts = [block.replace(URL, sandbox.url) for block in blocks(PAGE, "shell")]
    done = subprocess.run(
        ["sh", "-eu"],
        input="\n".join(scripts),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    calls = {entry["endpoint"]: entry["status"] for entry in sandbox.journal()}
    created = {"url": 201, "upload": 201}
    assert calls == dict.fromkeys(calls, 200) | created
    assert calls.keys() - created == {"token", "introspect", "batch_update", "batch_delete"}
    statuses = [entry["key_statuses"] for entry in sandbox.journal() if entry["ids"]]
    assert [status for one in statuses for status in one] == [204, 204]
    state = sandbox.snapshot()
    assert (state["breaches"], state["resumes"]) == ([], [])
    assert '"sha256"' in done.stdout  # it was held when the page looks at what is


def my_pipeline(api_url: str) -> None:
    """Stand for a client of the reader's, that tries an upload once more."""
    sandbox = Running(api_url, Path(), None)  # type: ignore[arg-type] # its URL is all that is asked
    client = Client(sandbox)
    client.mint()
    answer = client.upload()
    if answer.status == 503:
        answer = client.upload()
    client.update([("c1", "r1")], f"urn:li:ambryBlob:{answer.headers['location']}")
    client.connection.close()


@pytest.fixture
def shown() -> dict[str, object]:
    (code,) = blocks(PAGE, "python")
    names: dict[str, object] = {"my_pipeline": my_pipeline}
    exec(compile(code, "docs/your-own-client.md", "exec"), names)
    return names


@pytest.mark.parametrize("name", ["test_my_pipeline_delivers", "test_my_pipeline_tries_again"])
def test_the_tests_that_are_shown_pass(
    shown: dict[str, object], linkedin_sandbox: Running, name: str
) -> None:
    test = shown[name]
    assert callable(test)
    test(linkedin_sandbox)


def test_the_faults_that_are_shown_are_in_force(sandbox: Running) -> None:
    (script,) = (block for block in blocks(PAGE, "shell") if "/sandbox/faults" in block)
    rules = json.loads(script.partition("--data '")[2].partition("'")[0])
    sandbox.set_faults(*rules["rules"])
