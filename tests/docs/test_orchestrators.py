"""What the examples for orchestrators make of Meltano's runs and their exit codes."""

from __future__ import annotations

import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.docs.documents import example

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


@pytest.mark.parametrize(
    ("codes", "code"), [({"loaders": 3}, None), ({"extractors": 1, "loaders": 3}, 1)]
)
def test_the_codes_are_read_from_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codes: dict[str, int], code: int | None
) -> None:
    lines = [
        'print("no JSON", file=sys.stderr)',
        'print("[]", file=sys.stderr)',
        "say(event=None)",
        'say(event="a tap has fields of its own", producer=True, exit_code="none")',
        'say(event="exit code 3", producer=False, exit_code=3)',
        f'say(event="Block run completed", exit_codes={json.dumps(codes)})',
        "sys.exit(1)",
    ]
    meltano(tmp_path, monkeypatch, "\n".join(lines))
    if code is None:
        LOADS.load("acme", {})
        return
    with pytest.raises(LOADS.LoadFailed, match="acme ended with exit code 1") as failed:
        LOADS.load("acme", {})
    assert failed.value.code == code


def test_two_loads_are_never_in_one_project_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = """
here = __import__("pathlib").Path("here")
here.touch(exist_ok=False)
time.sleep(0.2)
here.unlink()
"""
    meltano(tmp_path, monkeypatch, body)
    with ThreadPoolExecutor() as pool:
        loads = [pool.submit(LOADS.load, customer, {}) for customer in ("a", "b", "c")]
        for one in loads:
            one.result()
