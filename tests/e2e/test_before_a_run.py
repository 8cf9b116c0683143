"""Before anything is delivered: configuration errors, --check, a dry run, --about."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.cli.ledger import main as ledger
from target_linkedin_resumes.cli.receipt import main as receipt
from target_linkedin_resumes.sandbox.__main__ import main as sandbox
from tests.e2e.inprocess import invoke
from tests.e2e.support import COMMAND, SCHEMA, Bench, deletion, line, record, state

SECRET = "sandbox-secret"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"client_secret": None}, "setting 'client_secret': required"),
        ({"organization": "acme"}, "setting 'organization': 'acme' is not valid"),
        ({"batch_size_rows": 500}, "setting 'batch_size_rows': 500 is not valid"),
        ({"file_root": "/no/such"}, "setting 'file_root'"),
        ({"api_url": "http://api.linkedin.com"}, "setting 'api_url'"),
        (
            {"token_url": "http://www.linkedin.com/oauth/v2"},
            "setting 'token_url': a URL that begins with 'http://www.linkedin.com' is not valid",
        ),
        ({"api_url": "api.linkedin.com"}, "setting 'api_url': this text is not valid"),
        ({"api_url": "https://[::1"}, "setting 'api_url': this text is not valid"),
        ({"on_reject": "continue"}, "setting 'rejects_path'"),
        ({"flattening_enabled": True}, "setting 'flattening_max_depth': required by"),
        ({"client_secret": "wrong-secret-x"}, "client_secret"),
        ({"client_id": "wrong-client-x"}, "client_id"),
    ],
)
def test_a_wrong_configuration_ends_with_2(
    bench: Bench, settings: dict[str, Any], says: str
) -> None:
    name = bench.file("cv.pdf")
    done = bench.run([SCHEMA, record(1, "r", name), state(1)], **settings)
    assert done.code == 2
    assert says in done.log
    assert done.log.endswith("exit code 2\n")
    assert "***" not in done.log
    assert done.states == []
    for secret in (SECRET, "wrong-secret-x"):
        assert secret not in done.log
    assert "Traceback" not in done.log


@pytest.mark.parametrize("name", ["LOGLEVEL", "TARGET_LINKEDIN_RESUMES_LOGLEVEL"])
@pytest.mark.parametrize("value", ["", " ", "debug", "WARN", "s3cret", "-1", "[]", "\x1b[31m", "٣"])
def test_a_level_of_the_log_that_is_none(bench: Bench, name: str, value: str) -> None:
    bench.environment = {name: value}
    done = bench.run([SCHEMA, record(1, "r", bench.file("cv.pdf")), state(1)])
    if not value.strip() or value in ("debug", "WARN"):
        assert done.code == 0, done.log
        assert len(bench.held()) == 1
    else:
        assert done.code == 2
        assert done.log == (
            f"environment variable {name}: expected DEBUG, INFO, WARNING or ERROR\n"
        )


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, 0), (b"", 2), (b"version: 1\nroot: s3cret", 2), (b"{", 2), (b"\xff", 2), ("", 0)],
    ids=["no file", "empty", "wrong", "broken", "bytes", "no name"],
)
def test_a_configuration_of_the_log_that_is_none(
    bench: Bench, content: bytes | str | None, code: int
) -> None:
    path = bench.directory / "log.yaml"
    if isinstance(content, bytes):
        path.write_bytes(content)
    bench.environment = {"SINGER_SDK_LOG_CONFIG": "" if content == "" else str(path)}
    done = bench.run([SCHEMA, record(1, "r", bench.file("cv.pdf")), state(1)])
    assert done.code == code, done.log
    assert "Traceback" not in done.log
    assert "s3cret" not in done.log
    assert ("environment variable SINGER_SDK_LOG_CONFIG: expected the path" in done.log) == bool(
        code
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file"),
        (b'{\n"client_secret": s3cret}', "not valid JSON in line 2"),
        (b"[1]", "no JSON object"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "not valid JSON"),
    ],
    ids=["missing", "json", "list", "bytes", "deep"],
)
def test_a_configuration_file_that_cannot_be_read(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content)
    done = invoke(["--config", str(path)])
    assert done.code == 2
    assert f"'{path}' cannot be used: {says}" in done.stderr
    assert "s3cret" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "given",
    [
        '{"client_secret": "s3cret"}',
        "client_secret=s3cret",
        "s3cret",
        '{"client_secret": "s3cret", "fields": "' + "x" * 5000 + '"}',
        "s3cret\nconfig.json",
    ],
)
def test_settings_in_place_of_a_file_are_not_printed(given: str) -> None:
    done = invoke(["--config", given])
    assert done.code == 2
    assert "--config: what was given cannot be used: " in done.stderr
    assert "s3cret" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--colour"], "no such option ("),
        (["--s3cret"], "no such option ("),
        (["--confg", "s3cret"], "no such option; did you mean --config? ("),
        (['--confg={"client_secret": "s3cret"}'], "no such option; did you mean --config? ("),
        (['{"client_secret": "s3cret"}'], "an argument too many; settings are given in a file"),
        (["--about", "--", "s3cret", "-s3cret"], "an argument too many"),
        (["--about=s3cret"], "Option '--about' does not take a value"),
        (["--about", "--format", "s3cret: is"], "'--format': expected one of json, markdown; what"),
        (["--input", "s3cret: s3cret"], "'--input': the file cannot be opened (No such file or"),
        (["--input"], "Option '--input' requires an argument"),
    ],
)
def test_a_usage_error_repeats_nothing_that_was_given(given: list[str], says: str) -> None:
    done = invoke(given)
    assert done.code == 2
    assert f"Error: {says}" in done.stderr
    assert "s3cret" not in done.stderr
    assert "colour" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "given", "says"),
    [
        (ledger, ["s3cret"], "no such command; expected one of erase, export, "),
        (ledger, ["forget", "c1", "r1", "s3cret"], "an argument too many"),
        (ledger, ["status", "--s3cret"], "no such option ("),
        (ledger, ["forget"], "Missing argument 'CANDIDATE_ID'."),
        (receipt, ["c1", "--config", "c.json", "s3cret"], "an argument too many"),
    ],
)
def test_nor_does_one_of_the_operators_commands(
    command: Callable[[], object], given: list[str], says: str
) -> None:
    done = invoke(given, command=command)
    assert done.code == 2
    assert f"Error: {says}" in done.stderr
    assert "s3cret" not in done.stderr


def test_nor_does_the_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        sandbox(["--client-secrt", "s3cret"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "arguments that are not known; --help lists those that are" in said
    assert "s3cret" not in said


def test_an_unknown_setting_is_told(bench: Bench) -> None:
    done = bench.run([], on_rejects="continue")
    assert done.code == 0
    assert "did you mean 'on_reject'" in done.log


def test_check_says_what_is_well(bench: Bench) -> None:
    done = bench.invoke(
        [],
        "--check",
        rejects_path=str(bench.directory / "r"),
        report_path=str(bench.directory / "r.html"),
    )
    out = done.stdout
    assert done.code == 0, out.decode()
    for finding in (
        "configuration: valid",
        "file_root",
        "rejects_path",
        "report_path",
        "token",
        "uploads",
    ):
        assert finding in out.decode()
    assert bench.held() == {}


@pytest.mark.parametrize(
    ("settings", "faults", "says"),
    [
        ({"client_secret": "wrong-secret-x"}, [], "FAIL  token"),
        ({}, [{"endpoint": "url", "kind": "status", "status": 403}], "FAIL  uploads"),
    ],
)
def test_check_says_what_is_not(
    bench: Bench, settings: dict[str, Any], faults: list[dict[str, Any]], says: str
) -> None:
    bench.sandbox.set_faults(*faults)
    done = bench.invoke([], "--check", **settings)
    assert done.code == 2
    assert says in done.stdout.decode()
    assert "wrong-secret-x" not in done.stdout.decode() + done.stderr


def test_a_dry_run_sends_nothing_and_says_what_it_would(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    stream = [
        SCHEMA,
        *(record(n, "r", name) for n in range(30)),
        deletion(3, "r"),
        record("c", "gone", "missing.pdf"),
        state(32),
    ]
    done = bench.run(stream, dry_run=True)
    assert done.code == 0, done.log
    assert done.states == []
    assert "would be delivered" in done.log
    assert "resume 'gone' would be rejected [file_missing]" in done.log
    assert "32 records read" in done.log
    assert "1 file_missing" in done.log
    assert bench.sandbox.snapshot()["calls"] == {}


def test_the_environment_serves_as_configuration(bench: Bench) -> None:
    name = bench.file("cv.pdf")
    config = json.loads(bench.config().read_text())
    bench.environment = {
        f"TARGET_LINKEDIN_RESUMES_{key.upper()}": str(value) for key, value in config.items()
    }
    bench.environment["TARGET_LINKEDIN_RESUMES_BATCH_SIZE_ROWS"] = "10"
    stream = b"".join(map(line, [SCHEMA, record(1, "r", name)]))
    done = invoke(["--config=ENV"], stream, bench.environment)
    assert done.code == 0, done.stderr
    assert len(bench.held()) == 1


def test_a_number_in_the_environment_that_is_none(bench: Bench) -> None:
    bench.environment = {"TARGET_LINKEDIN_RESUMES_BATCH_SIZE_ROWS": "many"}
    done = bench.run([], "--config=ENV")
    assert done.code == 2
    assert "TARGET_LINKEDIN_RESUMES_BATCH_SIZE_ROWS: expected a whole number" in done.log
    assert "Traceback" not in done.log


def test_about_names_what_works_and_only_that() -> None:
    done = invoke(["--about", "--format=json"])
    assert done.code == 0
    about = json.loads(done.stdout)
    assert set(about["capabilities"]) == {
        "about",
        "stream-maps",
        "schema-flattening",
        "structured-logging",
        "activate-version",
        "batch",
    }
    properties = about["settings"]["properties"]
    for name in ("load_method", "add_record_metadata", "validate_records"):
        assert name not in properties
    assert properties["client_secret"]["secret"] is True
    assert properties["batch_size_rows"]["maximum"] == 100


def test_version() -> None:
    done = subprocess.run([COMMAND, "--version"], capture_output=True, check=True, input=b"")
    assert done.stdout.startswith(b"target-linkedin-resumes v")
