"""One customer's Meltano run, and what its exit codes ask for. Used by all examples.

In a container of its own: ``python meltano_load.py CUSTOMER``, which ends with the exit code that
counts.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

logger = logging.getLogger(__name__)

MELTANO = os.environ.get("MELTANO", "meltano")
JOB = os.environ.get("MELTANO_JOB", "resumes-to-linkedin")  # a job of the project's meltano.yml
SUCCESS, STOPPED_BY_AN_ERROR, MISCONFIGURED, REJECTS_OR_DELETIONS, QUOTA_SPENT = 0, 1, 2, 3, 75
SOON = timedelta(seconds=int(os.environ.get("RETRY_SECONDS", "300")))
SYSTEM_DIRECTORY = "MELTANO_SYS_DIR_ROOT"
LAST_WORDS = Path("/dev/termination-log")
GRACE_SECONDS = 60
"""More than the target's `shutdown_grace_seconds`."""


class LoadFailed(Exception):
    """A run that has to be repeated or looked at.

    ``code`` is as :func:`verdict` gives it. ``outstanding`` is how many deletions LinkedIn has not
    taken, where the run has said so.
    """

    def __init__(
        self, customer: str, code: int, why: str = "", outstanding: int | None = None
    ) -> None:
        super().__init__(
            f"the run of customer {customer} ended with exit code {code}{why and f': {why}'}"
        )
        self.code, self.outstanding = code, outstanding


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
    outstanding: int | None = None
    with (
        own_directory(customer) as (directory, lock),
        subprocess.Popen(
            [MELTANO, "--log-format=json", "run", f"--state-id-suffix={customer}", JOB],
            env={**os.environ, **variables, SYSTEM_DIRECTORY: str(directory)},
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=[lock],
        ) as process,
    ):
        assert process.stderr is not None
        try:
            for line in process.stderr:
                entry = _entry(line)
                log.info("%s: %s", customer, str(entry.get("event", "")).strip())
                if entry.get("producer") is False:  # what only consumes is the loader
                    said = entry.get("exit_code", said)
                    outstanding = _outstanding(entry, outstanding)
                codes = entry.get("exit_codes", codes)  # Meltano's, of all that failed
        except BaseException:
            _stop(process)
            raise
    code = verdict(process.returncode, said, codes)
    if code == REJECTS_OR_DELETIONS and outstanding == 0:
        log.warning("%s: rejects were written; its log says which file holds them", customer)
    elif code == REJECTS_OR_DELETIONS:
        raise LoadFailed(customer, code, _why(outstanding), outstanding)
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
    if loader == REJECTS_OR_DELETIONS and not alone:
        return STOPPED_BY_AN_ERROR
    if loader == QUOTA_SPENT and not alone and codes is not None:
        return STOPPED_BY_AN_ERROR
    return int(loader)


def code_of(failure: BaseException) -> int | None:
    """The exit code that counts; None if nothing has ended with one.

    Of a container the last words say it, which Airflow quotes in its own exception.
    """
    if isinstance(failure, LoadFailed):
        return failure.code
    said = re.search(r"the run of customer \w+ ended with exit code (-?\d+)", str(failure))
    return int(said[1]) if said else None


def wait_before_retry(failure: BaseException, now: datetime) -> timedelta | None:
    """How long to wait before the run is repeated; None if it is not to be repeated.

    Only 1 and 75 are. The others are for a person: a configuration to be changed, a run that
    somebody stopped, a program that is not there.
    """
    code = code_of(failure)
    if code == STOPPED_BY_AN_ERROR:
        return SOON
    if code == QUOTA_SPENT:
        midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC) + timedelta(days=1)
        return midnight - now + timedelta(minutes=1)
    return None


@contextmanager
def own_directory(customer: str) -> Iterator[tuple[Path, int]]:
    """Make a directory for what Meltano writes during a run, and remove it at the end.

    Meltano keeps a tap's `state.json` and catalog in `.meltano`, whatever the state's name, so two
    runs at a time need one each. The project itself stays where it is, and with it all that is
    named by a relative path. The plugins' environments and the system database are links.

    Gives the directory and the descriptor of its lock. Meltano inherits that, so that the customer
    is locked as long as Meltano goes on, also if it has outlived the caller. Raises
    :class:`LoadFailed` if it does. What a killed run has left is removed.
    """
    project = Path(os.environ.get("MELTANO_PROJECT_ROOT", "."))
    shared = Path(os.environ.get(SYSTEM_DIRECTORY, project / ".meltano")).resolve()
    runs = Path(os.environ.get("MELTANO_RUNS", shared / "customers"))
    runs.mkdir(mode=0o700, parents=True, exist_ok=True)  # configurations hold secrets
    lock = os.open(runs / f"{customer}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    own = runs / customer
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LoadFailed(customer, STOPPED_BY_AN_ERROR, "an earlier one goes on") from None
        if own.exists():
            shutil.rmtree(own)
        own.mkdir(mode=0o700)
        for environment in shared.glob("*/*/venv"):
            link = own / environment.relative_to(shared)
            link.parent.mkdir(parents=True)
            link.symlink_to(environment)
        (own / "meltano.db").symlink_to(shared / "meltano.db")
        try:
            yield own, lock
        finally:
            shutil.rmtree(own, ignore_errors=True)  # or the next run does it
    finally:
        os.close(lock)


def _outstanding(entry: Mapping[str, Any], before: int | None) -> int | None:
    """How many deletions are outstanding, as the loader's summary at its end says."""
    summary = entry.get("summary")
    found = summary.get("outstanding") if isinstance(summary, dict) else None
    return found if isinstance(found, int) else before


def _why(outstanding: int | None) -> str:
    how_many = f"deletions are outstanding ({outstanding})"
    if outstanding is None:  # then nobody has said that it was rejects alone
        how_many = "deletions may be outstanding"
    return (
        f"{how_many}, so persons' resumes may still be at LinkedIn; the reasons are in the file of"
        " rejects_path, and each run tries again"
    )


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


def stop(signum: int, frame: FrameType | None) -> NoReturn:
    """Let go of what is being waited for. A handler of SIGTERM, which raises nothing by itself."""
    del frame
    raise SystemExit(128 + signum)


def main(arguments: Sequence[str]) -> int:
    """Load one customer, whose variables are this process's; gives the exit code that counts.

    Kubernetes shows the last words in the pod's status, where the orchestrator reads them.
    """
    signal.signal(signal.SIGTERM, stop)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        customer = _only(arguments)
        check_name(customer)
        load(customer, {})
    except (ValueError, OSError, LoadFailed) as error:
        logger.error("%s", error)  # noqa: TRY400 - a traceback would not help the operator
        if LAST_WORDS.exists():
            LAST_WORDS.write_text(f"{error}\n")
        code = error.code if isinstance(error, LoadFailed) else MISCONFIGURED
        return code if code >= 0 else 128 - code  # as a shell says by which signal it was killed
    return SUCCESS


def _only(arguments: Sequence[str]) -> str:
    if len(arguments) != 1:
        raise ValueError(f"{len(arguments)} arguments; expected one, the customer's name")
    return arguments[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
