"""What the examples for orchestrators make of Meltano's runs and their exit codes."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.docs.documents import EXAMPLES, example

LOADS = example("orchestrators/meltano_load")
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        (datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)),
        (datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)),
        (
            datetime(2026, 11, 24, 20, tzinfo=timezone(timedelta(hours=-8))),
            datetime(2026, 11, 26, tzinfo=UTC),
        ),
    ],
)
def test_a_spent_quota_waits_for_the_next_day_in_utc(now: datetime, midnight: datetime) -> None:
    wait = LOADS.wait_before_retry(LOADS.LoadFailed("acme", 75), now)
    assert now + wait == midnight + timedelta(minutes=1)


def test_an_error_is_repeated_soon() -> None:
    assert LOADS.wait_before_retry(LOADS.LoadFailed("acme", 1), NOW) == timedelta(minutes=5)


@pytest.mark.parametrize("code", [2, 3, 130, 143, -9, 137])
def test_no_other_exit_code_is_repeated(code: int) -> None:
    assert LOADS.wait_before_retry(LOADS.LoadFailed("acme", code), NOW) is None


@pytest.mark.parametrize("failure", [FileNotFoundError("meltano"), KeyError(), SystemExit(143)])
def test_what_is_no_exit_code_is_not_repeated(failure: BaseException) -> None:
    assert LOADS.wait_before_retry(failure, NOW) is None


@pytest.mark.parametrize(
    ("meltano", "said", "codes", "counts"),
    [
        (0, 0, None, 0),
        # The loader alone ended otherwise, and Meltano says 1 for it.
        (1, 3, {"loaders": 3}, 3),
        (1, 75, {"loaders": 75}, 75),
        (1, 2, {"loaders": 2}, 2),
        (1, 1, {"loaders": 1}, 1),
        (1, None, {"loaders": -9}, -9),  # killed, so that it could not say it
        # The tap or a mapper failed, whatever the loader made of what had come until then.
        (1, 0, {"extractors": 1}, 1),
        (1, 3, {"extractors": 1, "loaders": 3}, 1),
        (1, 75, {"extractors": 1, "loaders": 75}, 1),
        (1, 2, {"extractors": 1, "loaders": 2}, 2),
        (1, 0, [{"mapper": 1}], 1),
        (1, 3, [{"mapper": 1}], 1),
        (1, 75, [{"mapper": 1}], 1),
        # The loader ended while Meltano wrote to it, and Meltano broke off.
        (1, 75, None, 75),
        (1, 2, None, 2),
        (1, 3, None, 1),  # then it had not read all
        # Meltano ended before its loader did.
        (1, None, None, 1),
        (1, None, {}, 1),
        (-9, None, None, -9),
        # Stopped.
        (143, 143, None, 143),
        (1, 130, None, 130),
        (1, 143, {"extractors": 143, "loaders": 143}, 143),
    ],
)
def test_the_exit_code_that_counts(meltano: int, said: int | None, codes: Any, counts: int) -> None:
    assert LOADS.verdict(meltano, said, codes) == counts


@pytest.mark.parametrize("name", ["acme", "acme_de", "4711"])
def test_a_name_fits_into_a_variable(name: str) -> None:
    LOADS.check_name(name)


@pytest.mark.parametrize("name", ["", "acme-de", "Acme", "a:b", "ä", "acme\n"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected lower-case letters, digits and underscores"):
        LOADS.check_name(name)


MELTANO = """#!{python}
import json, os, signal, sys, time
def say(**entry):  # not with print, within which no signal's handler may print
    line = json.dumps(entry).encode() + b"\\n"
    while line:
        line = line[os.write(2, line):]
def stop(signum, frame):
    say(event="x" * 1_000_000)  # more than a pipe holds
    open("stopped", "w").close()
    sys.exit(143)
signal.signal(signal.SIGTERM, stop)
{body}
"""


def meltano(directory: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Put a program of a test's own in Meltano's place."""
    program = directory / "meltano"
    program.write_text(MELTANO.format(python=sys.executable, body=body))
    program.chmod(0o700)
    monkeypatch.setattr(LOADS, "MELTANO", str(program))
    monkeypatch.chdir(directory)


def test_what_stops_a_task_stops_meltano(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meltano(tmp_path, monkeypatch, 'say(event="begun")\ntime.sleep(600)')

    class Impatient(logging.Logger):
        def info(self, msg: object, *args: Any, **more: Any) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LOADS.load("acme", {}, Impatient("impatient"))
    assert (tmp_path / "stopped").exists()


def test_a_meltano_that_does_not_stop_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = 'signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsay(event="begun")\ntime.sleep(600)'
    meltano(tmp_path, monkeypatch, body)
    monkeypatch.setattr(LOADS, "GRACE_SECONDS", 0)

    class Impatient(logging.Logger):
        def info(self, msg: object, *args: Any, **more: Any) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LOADS.load("acme", {}, Impatient("impatient"))


SUMMARY = 'say(event="...", producer=False, summary={{"outstanding": {}}})'


@pytest.mark.parametrize(
    ("codes", "summary", "fails"),
    [
        ({"loaders": 3}, SUMMARY.format(0), None),
        ({"loaders": 3}, SUMMARY.format(2), "acme ended with exit code 3: deletions are .*2"),
        # Then nobody has said that it was rejects alone.
        ({"loaders": 3}, "", "acme ended with exit code 3: deletions may be outstanding"),
        ({"loaders": 3}, 'say(producer=False, summary="?")', "code 3: deletions may be"),
        ({"loaders": 3}, SUMMARY.format('"?"'), "code 3: deletions may be"),
        ({"extractors": 1, "loaders": 3}, SUMMARY.format(0), "acme ended with exit code 1$"),
    ],
)
def test_the_codes_are_read_from_the_log(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    codes: dict[str, int],
    summary: str,
    fails: str | None,
) -> None:
    lines = [
        'print("no JSON", file=sys.stderr)',
        'print("[]", file=sys.stderr)',
        "say(event=None)",
        'say(event="a tap has fields of its own", producer=True, exit_code="none")',
        'say(producer=True, summary={"outstanding": 0})',
        summary,
        'say(event="exit code 3", producer=False, exit_code=3)',
        f'say(event="Block run completed", exit_codes={json.dumps(codes)})',
        "sys.exit(1)",
    ]
    meltano(tmp_path, monkeypatch, "\n".join(lines))
    if fails is None:
        LOADS.load("acme", {})
        assert "acme: rejects were written" in caplog.text
        return
    with pytest.raises(LOADS.LoadFailed, match=fails) as failed:
        LOADS.load("acme", {})
    assert failed.value.outstanding == (2 if "2" in fails else None)


# A directory for each customer.

WRITES = """
own = __import__("pathlib").Path(os.environ["MELTANO_SYS_DIR_ROOT"])
(own / "state.json").touch(exist_ok=False)
say(event=sys.argv[3])
"""


def project(directory: Path) -> Path:
    """What `meltano install` leaves of a plugin; gives `.meltano`."""
    environment = directory / ".meltano" / "loaders" / "target" / "venv"
    environment.mkdir(parents=True)
    (environment / "pyvenv.cfg").touch()
    return directory / ".meltano"


def test_customers_go_side_by_side_in_directories_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = project(tmp_path)
    meet = """
(own / "loaders/target/venv/pyvenv.cfg").stat()
(own / "meltano.db").write_text("state")
while len(list(own.parent.glob("*/state.json"))) < 3: time.sleep(0.01)
(own / "met").touch()
while len(list(own.parent.glob("*/met"))) < 3: time.sleep(0.01)
"""
    meltano(tmp_path, monkeypatch, WRITES + meet + "time.sleep(0.1)")
    with ThreadPoolExecutor() as pool:
        loads = [pool.submit(LOADS.load, customer, {}) for customer in ("a", "b", "c")]
        for one in loads:
            one.result()
    assert {one.name for one in (shared / "customers").iterdir()} == {"a.lock", "b.lock", "c.lock"}
    assert (shared / "loaders" / "target" / "venv" / "pyvenv.cfg").exists()
    assert (shared / "meltano.db").read_text() == "state"


def test_the_directory_goes_also_after_a_failure_and_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = project(tmp_path)
    mode = "assert own.stat().st_mode & 0o077 == 0\n"
    meltano(tmp_path, monkeypatch, WRITES + mode + "sys.exit(2)")
    with pytest.raises(LOADS.LoadFailed, match="exit code 2"):
        LOADS.load("acme", {})
    assert not (shared / "customers" / "acme").exists()


def test_what_a_killed_run_has_left_is_removed_by_the_next_of_that_customer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = project(tmp_path)
    for customer in ("acme", "other"):
        left = shared / "customers" / customer
        left.mkdir(parents=True)
        (left / "state.json").write_text("of a killed run")
    meltano(tmp_path, monkeypatch, WRITES)
    LOADS.load("acme", {})
    assert not (shared / "customers" / "acme").exists()
    assert (shared / "customers" / "other" / "state.json").exists()


def test_a_meltano_that_outlives_its_caller_keeps_its_customer_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path)
    meltano(tmp_path, monkeypatch, WRITES + 'open("begun", "w").close()\nsys.stdin.read()')
    program = (
        f"import sys; sys.path.insert(0, {str(EXAMPLES / 'orchestrators')!r}); import meltano_load"
    )
    with subprocess.Popen(
        [sys.executable, "-c", f"{program}; meltano_load.load('acme', {{}})"],
        stdin=subprocess.PIPE,
        env={**os.environ, "MELTANO": str(tmp_path / "meltano")},
    ) as caller:
        assert caller.stdin is not None
        while not (tmp_path / "begun").exists():
            assert caller.poll() is None
            time.sleep(0.01)
        caller.kill()
        caller.wait()
        with pytest.raises(LOADS.LoadFailed, match="1: an earlier one goes on") as failed:
            LOADS.load("acme", {})
        assert LOADS.wait_before_retry(failed.value, NOW) == timedelta(minutes=5)
        caller.stdin.close()  # lets Meltano end
    (tmp_path / "begun").unlink()
    meltano(tmp_path, monkeypatch, WRITES)
    for _ in range(500):
        try:
            LOADS.load("acme", {})
        except LOADS.LoadFailed:
            time.sleep(0.01)
        else:
            return
    pytest.fail("the lock has outlived Meltano")


# In a container of its own.


@pytest.mark.parametrize(("ends", "code"), [(0, 0), (75, 75), (2, 2)])
def test_a_container_ends_with_the_code_that_counts_and_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: int, code: int
) -> None:
    project(tmp_path)
    meltano(tmp_path, monkeypatch, f"say(producer=False, exit_code={ends})\nsys.exit({ends} > 0)")
    words = tmp_path / "termination-log"
    words.touch()
    monkeypatch.setattr(LOADS, "LAST_WORDS", words)
    monkeypatch.setattr(LOADS.signal, "signal", lambda *_: None)
    assert LOADS.main(["acme"]) == code
    if code:
        assert LOADS.code_of(RuntimeError(f"Pod x failed.\n{words.read_text()}")) == code
    else:
        assert words.read_text() == ""


def test_a_container_whose_meltano_is_killed_says_so_as_a_shell_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path)
    meltano(tmp_path, monkeypatch, "os.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setattr(LOADS.signal, "signal", lambda *_: None)
    assert LOADS.main(["acme"]) == 137


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["Acme"], "expected lower-case letters, digits and underscores"),
        ([], "expected one, the customer's name"),
        (["acme", "other"], "expected one, the customer's name"),
        (["acme"], "No such file or directory: 'no-meltano'"),
    ],
)
def test_a_container_that_cannot_load_is_a_configuration_to_be_changed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(LOADS, "MELTANO", "no-meltano")
    monkeypatch.setattr(LOADS.signal, "signal", lambda *_: None)
    assert LOADS.main(arguments) == 2
    assert says in caplog.text
