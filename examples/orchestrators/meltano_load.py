"""One customer's Meltano run, and what its loader's exit code asks for. Used by both examples."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

logger = logging.getLogger(__name__)

MELTANO = os.environ.get("MELTANO", "meltano")
JOB = os.environ.get("MELTANO_JOB", "resumes-to-linkedin")  # a job of the project's meltano.yml
REJECTS_WRITTEN, MISCONFIGURED, QUOTA_SPENT = 3, 2, 75
SOON = timedelta(seconds=int(os.environ.get("RETRY_SECONDS", "300")))


class LoadFailed(Exception):
    """A run that has to be repeated or looked at; ``code`` is the loader's exit code."""

    def __init__(self, customer: str, code: int) -> None:
        super().__init__(f"the run of customer {customer} ended with exit code {code}")
        self.code = code


def load(customer: str, variables: Mapping[str, str]) -> None:
    """Run the job for one customer, with a state of its own. Raises :class:`LoadFailed`.

    ``variables`` are the settings of tap and target, by the names of their environment variables.
    """
    process = subprocess.Popen(
        [MELTANO, "--log-format=json", "run", f"--state-id-suffix={customer}", JOB],
        env={**os.environ, **variables},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    code = 0
    with process:
        for line in process.stderr:
            entry = _entry(line)
            logger.info("%s: %s", customer, entry.get("event", "").strip())
            # Meltano ends with 1 whatever its loader says; the loader's last line says it.
            code = entry.get("exit_code", code)
    if code == REJECTS_WRITTEN:
        logger.warning("%s: rejects were written; mend their cause and replay them", customer)
    elif process.returncode != 0:
        raise LoadFailed(customer, code or 1)


def wait_before_retry(failure: BaseException, now: datetime) -> timedelta | None:
    """How long to wait before the run is repeated; None if that would not help."""
    code = failure.code if isinstance(failure, LoadFailed) else 1
    if code == MISCONFIGURED:
        return None
    if code == QUOTA_SPENT:
        midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC) + timedelta(days=1)
        return midnight - now + timedelta(minutes=1)
    return SOON


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {"event": line}
    return entry if isinstance(entry, dict) else {"event": line}
