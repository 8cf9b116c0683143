"""What happened in one sentence, what to do next, and what is worth knowing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from target_linkedin_resumes.report.model import Figures, Kind
from target_linkedin_resumes.report.remedies import of_reject
from target_linkedin_resumes.report.words import count, duration

# What failures say themselves, for the log, and a report says under what to do.
_SAID_BELOW = (
    " Run again later: it goes on from the last state.",
    "; the quota is renewed at 00:00 UTC, run again then",
    "; it is renewed at 00:00 UTC, run again then",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``tone`` is ``good``, ``attention`` or ``bad``; ``title`` two or three words."""

    tone: str
    title: str
    happened: str
    next: str
    notes: tuple[str, ...]


class _Said(NamedTuple):
    tone: str
    title: str
    happened: str
    next: str


def outcome_of(figures: Figures) -> Outcome:
    """Say how a run ended."""
    said = _dry(figures) if figures.dry_run else _real(figures)
    return Outcome(*said, notes=tuple(_notes(figures)))


def _real(figures: Figures) -> _Said:
    end, records = figures.end, figures.records
    if end.kind is not Kind.FINISHED:
        return _stopped(figures)
    if not records.read:
        return _Said(
            "good",
            "Nothing to do",
            "The run read no records, so it sent nothing to LinkedIn.",
            "Nothing, if none were due. Otherwise look at the tap: it sent no records.",
        )
    if records.read == records.filtered:
        return _Said(
            "attention",
            "Nothing delivered",
            f"All {count(records.read, 'record')} read were passed over by the setting `only`, so"
            " nothing was sent to LinkedIn.",
            "Nothing, if that was meant. Otherwise correct the setting `only`.",
        )
    if records.unchanged and not (records.delivered or records.deleted or records.rejected):
        return _Said(
            "good",
            "Nothing had changed",
            "LinkedIn holds everything that was read as it is already, so nothing was sent.",
            "Nothing.",
        )
    if records.rejected:
        return _Said(
            "attention",
            "Finished with rejects",
            f"{count(records.rejected)} of {count(records.read, 'record')} could not be delivered"
            f" and {'is' if records.rejected == 1 else 'are'} kept for later; all others are"
            f" done: {_done(figures)}.",
            f"Mend the causes listed under Rejects, then {_replay(figures)}.",
        )
    return _Said(
        "good",
        "All delivered",
        f"LinkedIn has confirmed everything that was read: {_done(figures)}.",
        "Nothing.",
    )


def _stopped(figures: Figures) -> _Said:
    end, again = figures.end, f"Run it again: {_begins(figures)}."
    kept = _kept(figures)
    before = f"Before that, {_done(figures)}."
    if end.kind is Kind.REJECTED:
        return _Said(
            "bad",
            "Stopped at a record",
            f"The run stopped at a record that cannot be delivered: {_sentence(end.message)}"
            f" {before}",
            f"{of_reject(end.code).remedy} Then run again: {_begins(figures)}. To go on past such"
            " records and keep them for later, set `on_reject` to `continue`.",
        )
    if end.kind is Kind.MISCONFIGURED:
        return _Said(
            "bad",
            "Stopped: configuration",
            f"A setting or a right has to be changed first: {_sentence(end.message)} {before}",
            f"Change what the message names. {again}{kept}",
        )
    if end.kind is Kind.QUOTA:
        return _Said(
            "attention",
            "Daily quota spent",
            f"LinkedIn takes no more requests today: {_sentence(end.message)} {before}",
            f"Run it again after {_renewal(figures)}: {_begins(figures)}.{kept}",
        )
    if end.kind is Kind.SIGNAL:
        return _Said(
            "attention",
            "Stopped by a signal",
            f"The run was told to stop ({end.message}) and did so in order. {before}",
            f"{again}{kept}",
        )
    return _Said(
        "bad",
        "Stopped by an error",
        f"The run could not go on: {_sentence(end.message)} {before}",
        f"See to what the message names. {again}{kept}",
    )


def _begins(figures: Figures) -> str:
    """Where the next run begins: states may have been printed, or none."""
    if figures.states_printed:
        return "it goes on from the last state"
    return "no state was printed, so it begins where this run began"


def _replay(figures: Figures) -> str:
    return f"replay them: the same command with `--input {figures.rejects_path}`"


def _kept(figures: Figures) -> str:
    """What becomes of the rejects that a run has kept before it was stopped."""
    number = figures.records.rejected
    if figures.rejects_path is None or not number:
        return ""
    rejected = "rejected record" if number == 1 else f"{number:,} rejected records"
    if not figures.states_printed:
        return f" It reads the {rejected} again too: first mend the causes listed under Rejects."
    return (
        f" What the last state covers is not read again, and the {rejected} may be among it:"
        f" mend the causes listed under Rejects, then {_replay(figures)}."
    )


def _dry(figures: Figures) -> _Said:
    end, records = figures.end, figures.records
    would = (
        f"{count(records.delivered, 'resume')} would be delivered and"
        f" {count(records.deleted)} deleted; {count(records.rejected)} would be rejected"
    )
    if end.kind is not Kind.FINISHED:
        return _Said(
            "attention",
            "Dry run, stopped",
            f"This dry run sent nothing and ended early: {_sentence(end.message)} Until then,"
            f" {would}.",
            "See to what the message names, and try again.",
        )
    if not records.read:
        return _Said(
            "good",
            "Dry run, nothing read",
            "This dry run read no records and sent nothing.",
            "Nothing, if none were due. Otherwise look at the tap: it sent no records.",
        )
    if records.rejected:
        return _Said(
            "attention",
            "Dry run",
            f"Nothing was sent. {would}.",
            "Mend the causes listed under Rejects, then run it without `dry_run`.",
        )
    return _Said("good", "Dry run", f"Nothing was sent. {would}.", "Run it without `dry_run`.")


def _notes(figures: Figures) -> list[str]:
    """What is worth knowing beside the outcome."""
    waits, records, notes = figures.waits, figures.records, []
    if figures.retried:
        tries = sum(figures.retried.values())
        notes.append(
            f"{count(tries, 'try', 'tries')} failed for the moment and"
            f" {'was' if tries == 1 else 'were'} repeated, counted for each record; the causes are"
            " under Retries."
        )
    if waits.throttle:
        notes.append(
            f"LinkedIn asked to slow down; the run held back for {duration(waits.throttle)} in"
            " all and went on."
        )
    if waits.limit:
        notes.append(
            f"The run waited {duration(waits.limit)} in all so as not to exceed"
            f" {count(figures.records_per_minute, 'record')} a minute."
        )
    if waits.quota:
        notes.append(
            f"The day's requests were used up; the run waited {duration(waits.quota)} for"
            " 00:00 UTC."
        )
    if records.unchanged:
        notes.append(
            f"{count(records.unchanged, 'record')} did not have to be sent: LinkedIn holds those"
            " resumes as they are, or has deleted them."
        )
    if records.vanished:
        notes.append(
            f"{count(records.vanished, 'deletion')} came from ACTIVATE_VERSION: the tap no longer"
            " names those resumes."
        )
    if records.superseded:
        notes.append(
            f"{count(records.superseded, 'record')} did not have to be sent: a later record of the"
            " same resume took the place."
        )
    if records.filtered:
        notes.append(f"{count(records.filtered, 'record')} were passed over by the setting `only`.")
    if records.left and not figures.dry_run:
        notes.append(
            f"{count(records.left, 'record')} were read but not finished; the next run reads them"
            " again. Nothing is lost."
        )
    return notes


def _done(figures: Figures) -> str:
    """``1,234 resumes were delivered and 5 deleted``; what there was none of is left out."""
    delivered, deleted = figures.records.delivered, figures.records.deleted
    if not delivered and not deleted:
        return (
            "nothing else had to be sent" if figures.records.unchanged else "nothing was delivered"
        )
    first, verb = (delivered, "delivered") if delivered else (deleted, "deleted")
    also = f" and {count(deleted)} deleted" if delivered and deleted else ""
    return f"{count(first, 'resume')} {'was' if first == 1 else 'were'} {verb}{also}"


def _sentence(message: str) -> str:
    text = message.strip()
    for advice in _SAID_BELOW:
        text = text.removesuffix(advice).removesuffix(advice + ".")
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _renewal(figures: Figures) -> str:
    ended = datetime.fromisoformat(figures.ended)
    midnight = ended.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return f"{midnight:%Y-%m-%d %H:%M} UTC"
