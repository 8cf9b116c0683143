"""One customer's Meltano run, and what its exit codes ask for. Used by both examples."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any

logger = logging.getLogger(__name__)

MELTANO = os.environ.get("MELTANO", "meltano")
JOB = os.environ.get("MELTANO_JOB", "resumes-to-linkedin")  # a job of the project's meltano.yml
SUCCESS, STOPPED_BY_AN_ERROR, REJECTS_WRITTEN, QUOTA_SPENT = 0, 1, 3, 75
SOON = timedelta(seconds=int(os.environ.get("RETRY_SECONDS", "300")))
GRACE_SECONDS = 60
"""More than the target's `shutdown_grace_seconds`."""


class LoadFailed(Exception):
    """A run that has to be repeated or looked at; ``code`` is as :func:`verdict` gives it."""

    def __init__(self, customer: str, code: int) -> None:
        super().__init__(f"the run of customer {customer} ended with exit code {code}")
        self.code = code


def check_name(customer: str) -> None:
    """A name becomes part of a variable's name, a connection's id and a state's. Or ValueError."""
    if not re.fullmatch("[a-z0-9_]+", customer):
        raise ValueError(
            f"the customer's name {customer!r} is not valid; expected lower-case letters, digits"
            " and underscores"
        )


def load(customer: str, variables: Mapping[str, str], log: logging.Logger = logger) -> None:
    """Run the job for one customer, with a state of its own. Raises :class:`LoadFailed`.

    ``variables`` are the settings of tap and target, by the names of their environment variables.
    Meltano's log goes to ``log``.
    What stops the caller, a signal say, stops Meltano before it goes on its way.
    """
    said: int | None = None
    codes: Any = None
    with (
        _alone(),
        subprocess.Popen(
            [MELTANO, "--log-format=json", "run", f"--state-id-suffix={customer}", JOB],
            env={**os.environ, **variables},
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stderr is not None
        try:
            for line in process.stderr:
                entry = _entry(line)
                log.info("%s: %s", customer, str(entry.get("event", "")).strip())
                if entry.get("producer") is False:  # what only consumes is the loader
                    said = entry.get("exit_code", said)
                codes = entry.get("exit_codes", codes)  # Meltano's, of all that failed
        except BaseException:
            _stop(process)
            raise
    code = verdict(process.returncode, said, codes)
    if code == REJECTS_WRITTEN:
        log.warning(
            "%s: rejects were written, or deletions are outstanding; its log says which", customer
        )
    elif code != SUCCESS:
        raise LoadFailed(customer, code)


def verdict(meltano: int, said: int | None, codes: Any) -> int:
    """The exit code that counts.

    Meltano ends with 1 whatever failed, so the loader's counts: what it ``said``, or what Meltano
    saw if it could not say it. Two of them are true of the whole run only if nothing else failed:
    behind a tap that died, rejects are no success, and a spent quota is no reason to wait for
    midnight. ``codes`` is None where Meltano named nothing, as when the loader ended while it still
    wrote to it.
    """
    if meltano == SUCCESS:
        return SUCCESS
    named = codes if isinstance(codes, dict) else {}
    loader = said or named.get("loaders") or meltano
    alone = set(named) == {"loaders"}
    if loader == REJECTS_WRITTEN and not alone:
        return STOPPED_BY_AN_ERROR
    if loader == QUOTA_SPENT and not alone and codes is not None:
        return STOPPED_BY_AN_ERROR
    return int(loader)


def wait_before_retry(failure: BaseException, now: datetime) -> timedelta | None:
    """How long to wait before the run is repeated; None if it is not to be repeated.

    Only 1 and 75 are. The others are for a person: a configuration to be changed, a run that
    somebody stopped, a program that is not there.
    """
    code = failure.code if isinstance(failure, LoadFailed) else None
    if code == STOPPED_BY_AN_ERROR:
        return SOON
    if code == QUOTA_SPENT:
        midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC) + timedelta(days=1)
        return midnight - now + timedelta(minutes=1)
    return None


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other load of this machine is in the project's directory.

    Meltano writes each run's catalog and configuration there. The orchestrator's own limit is not
    enough: two runs that ask at the same instant have been seen to get the one slot both.
    """
    project = os.open(os.environ.get("MELTANO_PROJECT_ROOT", "."), os.O_RDONLY)
    try:
        fcntl.flock(project, fcntl.LOCK_EX)
        yield
    finally:
        os.close(project)


def _stop(process: subprocess.Popen[str]) -> None:
    """Meltano passes SIGTERM on to tap and target; what is in flight gets the target's grace."""
    process.terminate()
    try:
        process.communicate(timeout=GRACE_SECONDS)  # reads on, or a full pipe would hold Meltano
    except subprocess.TimeoutExpired:
        process.kill()


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {"event": line}
    return entry if isinstance(entry, dict) else {"event": line}
