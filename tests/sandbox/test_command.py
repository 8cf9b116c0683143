"""The command, as a process."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from target_linkedin_resumes.sandbox.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = [sys.executable, "-m", "target_linkedin_resumes.sandbox"]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    pipe = subprocess.PIPE
    with subprocess.Popen([*COMMAND, *arguments], stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    data = tmp_path / "new" / "data"
    with started("--port", "0", "--data", str(data)) as (process, line):
        assert set(line) == {"url", "page", "data"}
        assert line["page"] == line["url"] + "/"
        assert line["data"] == str(data)
        with urllib.request.urlopen(line["url"] + "/healthz") as answer:
            assert json.load(answer) == {"status": "ok"}
        process.send_signal(number)
        rest, errors = process.communicate(timeout=10)
    assert (process.returncode, rest, errors) == (0, "", "")
    assert (data / "journal.jsonl").exists()


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_a_closed_standard_output_is_told(closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND, "--port", "0"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr in (b"", b"linkedin-resumes-sandbox: standard output is closed\n")


def test_without_a_directory_nothing_is_left() -> None:
    with started("--port", "0") as (process, line):
        data = Path(line["data"])
        assert data.is_dir()
        process.terminate()
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert not data.exists()


def test_stops_while_a_call_is_under_way(tmp_path: Path) -> None:
    with started("--port", "0", "--data", str(tmp_path)) as (process, line):
        rules = {"rules": [{"endpoint": "*", "kind": "black_hole"}]}
        body = json.dumps(rules).encode()
        urllib.request.urlopen(line["url"] + "/sandbox/faults", body).close()
        host, _, port = line["url"].removeprefix("http://").partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        connection.request("GET", "/v2/hireMediaUrl")
        process.terminate()
        _, errors = process.communicate(timeout=10)
        connection.close()
    assert (process.returncode, errors) == (0, "")


def test_settings_arrive(tmp_path: Path) -> None:
    arguments = (
        *("--port", "0", "--data", str(tmp_path), "--client-id", "me", "--client-secret", "mine"),
        *("--token-ttl", "60", "--records-per-minute", "5", "--requests-per-day", "batch=4"),
        *("--latency", "token=100,url=1", "--url-ttl", "9"),
    )
    with started(*arguments) as (process, line):
        form = b"grant_type=client_credentials&client_id=me&client_secret=mine"
        with urllib.request.urlopen(line["url"] + "/oauth/v2/accessToken", form) as answer:
            assert json.load(answer)["expires_in"] == "60"
        with urllib.request.urlopen(line["url"] + "/sandbox/journal") as answer:
            (entry,) = json.load(answer)["entries"]
        assert entry["duration_ms"] >= 100
        process.terminate()
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "x"], "'x': expected a whole number from 0 to 65535"),
        (["--token-ttl", "0"], "'0': expected a whole number from 1"),
        (["--latency", "urls=1"], "'urls=1': expected name=number, the name one of token"),
        (["--requests-per-day", "batch=many"], "'batch=many': expected name=number"),
        (["--requests-per-day", "token=1"], "'token=1': expected name=number"),
    ],
)
def test_bad_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--data", str(tmp_path), *arguments])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_port_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with started("--port", "0", "--data", str(tmp_path)) as (_, line):
        port = line["url"].rpartition(":")[2]
        assert main(["--data", str(tmp_path), "--port", port]) == 2
    assert f"--port {port}" in capsys.readouterr().err


def test_data_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "blobs"
    file.touch()
    for data in (file, tmp_path):
        assert main(["--data", str(data), "--port", "0"]) == 2
        assert f"--data {data}: " in capsys.readouterr().err


def test_extra_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "target_linkedin_resumes.sandbox.server", raising=False)
    assert main(["--data", str(tmp_path)]) == 2
    assert "pip install 'target-linkedin-resumes[sandbox]'" in capsys.readouterr().err
