"""How a run came to its end: its exit code, its last words, its report."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from target_linkedin_resumes.app import Runtime
from target_linkedin_resumes.errors import Failure, Misconfigured, QuotaSpent, Reject, Stop
from target_linkedin_resumes.log_masking import MaskingFormatter
from target_linkedin_resumes.report.model import End, Figures, Kind
from target_linkedin_resumes.report.page import as_html, as_json
from target_linkedin_resumes.report.wording import renewal_after

logger = logging.getLogger(__name__)

# Rejects were written, or deletions are outstanding.
REJECTS_WRITTEN = 3


def exit_status(
    failure: Failure | None,
    signum: int | None,
    *,
    rejects_fail: bool,
    outstanding: bool = False,
) -> End:
    """Say how a run came to its end.

    ``rejects_fail`` says that rejects count as a failure; deletions that are ``outstanding`` always
    do.
    """
    if isinstance(failure, Reject):
        return End(Kind.REJECTED, Stop.exit_code, failure.message, failure.code)
    if failure is not None:
        kinds: dict[type[Failure], Kind] = {
            Misconfigured: Kind.MISCONFIGURED,
            QuotaSpent: Kind.QUOTA,
        }
        kind = kinds.get(type(failure), Kind.STOPPED)
        code = failure.exit_code if isinstance(failure, Stop) else Stop.exit_code
        return End(kind, code, failure.message)
    if signum is not None:
        return End(Kind.SIGNAL, 128 + signum, signal.Signals(signum).name)
    if outstanding:
        return End(Kind.OUTSTANDING, REJECTS_WRITTEN)
    return End(Kind.FINISHED, REJECTS_WRITTEN if rejects_fail else 0)


def explain(failure: Failure) -> str:
    """Return the last line of the log about what stopped a run."""
    if isinstance(failure, Reject):
        return (
            f"Stopped at a record that cannot be delivered [{failure.code}]: {failure}. No state"
            " that covers it was printed. The documentation's page on rejects explains the code; or"
            " go on past such records with the setting on_reject=continue."
        )
    if isinstance(failure, QuotaSpent):
        return f"Stopped: {failure}. Run again after {renewal_after(datetime.now(UTC))}."
    return f"Stopped: {failure}"


def write_report(runtime: Runtime, figures: Figures, secrets: Iterable[str]) -> None:
    """Write the report, if one is asked for. What goes wrong with it does not fail the run."""
    if runtime.report is None:
        return
    # No message holds what a log must not hold; this is for the day somebody forgets.
    message = MaskingFormatter(logging.Formatter(), secrets).mask(figures.end.message)
    figures = replace(figures, end=replace(figures.end, message=message))
    try:
        runtime.report.write(as_html(figures), as_json(figures))
    except OSError as error:
        logger.error(  # noqa: TRY400 - a traceback would not help the operator
            "setting 'report_path': the report could not be written (%s); all else is as the"
            " messages above say",
            error.strerror,
        )
    except Exception as error:  # noqa: BLE001 - a report does not decide how a run ends
        logger.error(  # noqa: TRY400 - the exception may quote what it was made of
            "setting 'report_path': unforeseen %s, no report was written; please report it as a"
            " bug",
            type(error).__name__,
        )
