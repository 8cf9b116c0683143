"""The report of real runs: what happened and what to do, without the log."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import MakeBench
from tests.e2e.support import SCHEMA, Bench, deletion, line, record, state


def written(bench: Bench) -> tuple[dict[str, Any], str]:
    """The report of the last run, as JSON and as HTML."""
    paths = bench.directory / "report.json", bench.directory / "report.html"
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    return json.loads(paths[0].read_text()), paths[1].read_text()


def stream(bench: Bench, count: int) -> list[dict[str, Any]]:
    name = bench.file("secret-name-of-a-file.pdf")
    return [SCHEMA, *(record(f"c{n}", "r", name) for n in range(count)), state(count)]


def reporting(bench: Bench) -> dict[str, Any]:
    return {"report_path": str(bench.directory / "report.html")}


def test_a_run_with_retries_rejects_and_a_throttle_wait(bench: Bench) -> None:
    bench.sandbox.set_faults(
        {"endpoint": "batch_update", "kind": "status", "status": 429, "times": 1, "retry_after": 1},
        {"endpoint": "upload", "kind": "status", "status": 503, "times": 2},
        {
            "endpoint": "batch_update",
            "kind": "key_status",
            "status": 409,
            "times": 1,
            "keys": [["c7", "r"]],
        },
    )
    messages = [*stream(bench, 150), record("c1", "gone", "no-such.pdf"), deletion("c2", "r")]
    done = bench.run(
        [*messages, state(152)],
        **reporting(bench),
        on_reject="continue",
        rejects_path=str(bench.directory / "rejects.singer"),
    )
    assert done.code == 0, done.log
    report, html = written(bench)
    assert report["outcome"]["exit_code"] == 0
    assert report["outcome"]["title"] == "Finished with rejects"
    assert "1 of 152 records could not be delivered" in report["outcome"]["happened"]
    assert "--input" in report["outcome"]["next"]
    assert any("slow down" in note for note in report["outcome"]["notes"])
    assert report["rejected"] == {"file_missing": 1}
    assert report["retried"]["upload 503"] == 2
    assert report["retried"]["batch_update 429"] > 0
    assert report["waited_seconds"]["throttle"] >= 1
    records = report["records"]
    assert records["left"] == 0
    assert records["read"] == 152
    assert records["delivered"] + records["superseded"] == 150
    assert report["calls"]["upload"]["outcomes"]["503"] == 2
    assert 0 < report["calls"]["upload"]["median_seconds"] < 60
    assert report["records_covered_by_last_state"] == 152
    last = report["timeline"][-1]
    assert (last["delivered"], last["rejected"]) == (records["delivered"], 1)
    for shown in ("Finished with rejects", "file_missing", "batch_update answered 429"):
        assert shown in html


@pytest.mark.parametrize(("organization", "missing"), [(None, 0), ("1234567899", 21)])
def test_deletions_with_a_wrong_organization_are_warned_of(
    bench: Bench, organization: str | None, missing: int
) -> None:
    assert bench.run(stream(bench, 21)).code == 0
    other = {} if organization is None else {"organization": organization}
    gone = [SCHEMA, *(deletion(f"c{n}", "r") for n in range(21)), state(42)]
    done = bench.run(gone, **reporting(bench), **other)
    assert done.code == 0, done.log
    assert len(bench.held()) == missing
    report, html = written(bench)
    records = report["records"]
    assert (records["deleted"], records["not_there"]) == (21 - missing, missing)
    assert f"{21 - missing} deleted, " in done.log
    assert f"{missing} were not there, " in done.log
    for said in (done.log, html, " ".join(report["outcome"]["notes"])):
        warned = "None of the 21 resumes to be deleted was there" in said
        assert warned is (missing > 0)


def test_nothing_private_is_in_a_report(bench: Bench) -> None:
    secrets = ["sandbox-secret", "secret-name-of-a-file", "no-such-file-4711", "x-ambry", "Bearer"]
    messages = [*stream(bench, 3), record("c9", "r", "no-such-file-4711.pdf", note="canary-4711")]
    done = bench.run(messages, **reporting(bench))
    assert done.code == 1
    report, html = written(bench)
    assert report["outcome"]["kind"] == "rejected"
    assert "candidate 'c9', resume 'r'" in report["outcome"]["happened"]
    for secret in [*secrets, "canary-4711", str(bench.files), "api_url"]:
        assert secret not in html
        assert secret not in json.dumps(report)


@pytest.mark.parametrize("dry", [False, True])
def test_a_run_that_reads_nothing(bench: Bench, dry: bool) -> None:
    done = bench.run([], **reporting(bench), dry_run=dry)
    assert done.code == 0, done.log
    report, _ = written(bench)
    assert "read no records" in report["outcome"]["happened"]
    assert report["dry_run"] is dry
    assert report["records"]["read"] == 0


def test_a_dry_run_says_what_would_happen(bench: Bench) -> None:
    messages = [*stream(bench, 4), record("c9", "r", "missing.pdf"), deletion("c3", "x")]
    done = bench.run(messages, **reporting(bench), dry_run=True)
    assert done.code == 0, done.log
    report, html = written(bench)
    assert report["outcome"]["happened"] == (
        "Nothing was sent. 4 resumes would be delivered and 1 deleted; 1 would be rejected."
    )
    assert report["states_printed"] == 0
    assert "would be delivered" in html
    assert bench.held() == {}


@pytest.mark.parametrize(
    ("settings", "code", "kind"),
    [
        ({"client_secret": "wrong-secret"}, 2, "misconfigured"),
        ({"requests_per_day": 1, "batch_size_rows": 10}, 75, "quota"),
        ({"api_url": "http://127.0.0.1:9", "retry_seconds": 0}, 1, "stopped"),
    ],
)
def test_a_run_that_fails_has_a_report(
    bench: Bench, settings: dict[str, Any], code: int, kind: str
) -> None:
    done = bench.run(stream(bench, 30), **reporting(bench), **settings)
    assert done.code == code, done.log
    report, html = written(bench)
    assert report["outcome"]["exit_code"] == code
    assert report["outcome"]["kind"] == kind
    assert report["outcome"]["next"]
    # What the end itself has cut off is not told as a failure of LinkedIn's.
    retries = {"hireMediaUrl connection"} if kind == "stopped" else set()
    assert set(report["retried"]) <= retries
    assert report["records"]["left"] + report["records"]["delivered"] == report["records"]["read"]
    assert "wrong-secret" not in html


def test_what_the_end_cuts_off_is_no_retry(make_bench: MakeBench) -> None:
    """A quota that is spent ends the run while uploads are under way."""
    bench = make_bench(latency={"upload": 400})
    settings = {"requests_per_day": 1, "batch_size_rows": 5, "upload_concurrency": 8}
    done = bench.run(stream(bench, 60), **reporting(bench), **settings)
    assert done.code == 75, done.log
    report, _ = written(bench)
    assert report["retried"] == {}
    assert all(set(one["outcomes"]) <= {"200", "201"} for one in report["calls"].values())
    assert "tried again" not in done.log


def test_a_batch_that_outlasts_the_grace_is_no_retry(make_bench: MakeBench) -> None:
    bench = make_bench(latency={"batch": 5_000})
    settings = {"shutdown_grace_seconds": 1, "retry_seconds": 0, "batch_size_rows": 5}
    with bench.start(**reporting(bench), **settings) as process:
        assert process.stdin is not None
        process.stdin.write(b"".join(map(line, stream(bench, 5))))
        process.stdin.flush()
        deadline = time.monotonic() + 30
        # The batch goes out as soon as all five are uploaded; its call is noted when it has ended.
        while len(bench.sandbox.journal()) < 11 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
        done = bench.finished(process.returncode, out)
    assert done.code == 143, done.log
    report, _ = written(bench)
    assert report["outcome"]["kind"] == "signal"
    assert report["retried"] == {}
    assert report["records"]["left"] == 5
    assert "sent again" not in done.log


def test_a_signal_leaves_a_report_and_a_kill_the_old_one(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.sandbox.set_faults({"endpoint": "upload", "kind": "delay", "ms": 300})
    data = b"".join(map(line, stream(bench, 400)))
    for last, code in ((signal.SIGTERM, 143), (signal.SIGKILL, -9)):
        with bench.start(**reporting(bench)) as process:
            assert process.stdin is not None
            process.stdin.write(data)
            process.stdin.flush()
            before = len(bench.sandbox.journal())
            deadline = time.monotonic() + 30
            while len(bench.sandbox.journal()) < before + 20 and time.monotonic() < deadline:
                time.sleep(0.05)
            process.send_signal(last)
            assert process.wait(60) == code
        report, html = written(bench)
        assert report["outcome"]["kind"] == "signal"
        assert "SIGTERM" in html
        left = sorted(p.name for p in bench.directory.iterdir() if "report" in p.name)
        assert left == ["report.html", "report.json"]


def test_a_path_that_cannot_be_written_is_told_before_the_run(bench: Bench) -> None:
    done = bench.run(stream(bench, 1), report_path="/proc/report.html")
    assert done.code == 2
    assert "setting 'report_path': 'report.html' cannot be written" in done.log
    assert bench.sandbox.journal() == []


def test_a_report_that_cannot_be_written_in_the_end_fails_nothing(bench: Bench) -> None:
    directory = bench.directory / "reports"
    directory.mkdir()
    with bench.start(report_path=str(directory / "report.html")) as process:
        assert process.stdin is not None
        process.stdin.write(b"".join(map(line, stream(bench, 2))))
        process.stdin.flush()
        deadline = time.monotonic() + 30
        while not bench.sandbox.journal() and time.monotonic() < deadline:
            time.sleep(0.05)
        Path(directory).rmdir()
        out, _ = process.communicate(timeout=60)
        done = bench.finished(process.returncode, out)
    assert done.code == 0
    assert "setting 'report_path': the report could not be written (No such file" in done.log
    assert "Traceback" not in done.log
    assert len(bench.held()) == 2


def test_a_bug_in_the_report_does_not_decide_how_a_run_ends(bench: Bench) -> None:
    """A mistake in the page is one line of the log."""
    bench.environment["PYTHONPATH"] = str(bench.directory)
    (bench.directory / "sitecustomize.py").write_text(
        "import target_linkedin_resumes.report.wording as outcome\n"
        "def fail(figures): raise KeyError('canary-4712')\n"
        "outcome.outcome_of = fail\n"
    )
    done = bench.launch(stream(bench, 2), **reporting(bench))
    assert done.code == 0, done.log
    assert "unforeseen KeyError, no report was written" in done.log
    assert "canary-4712" not in done.log
    assert not (bench.directory / "report.html").exists()
