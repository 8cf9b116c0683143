"""The words of a report: numbers, what each reject and retry means, and how the run ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from target_linkedin_resumes.engine.counters import Counters
from target_linkedin_resumes.report.model import Figures, Kind, Records
from target_linkedin_resumes.resumes.codes import CODES as FILE_CODES
from target_linkedin_resumes.resumes.codes import Explanation

REJECTS: Mapping[str, Explanation] = {
    "invalid_record": Explanation(
        "The record, after stream maps and the setting `fields`, is not one this target can read:"
        " a field is missing, of the wrong type or empty, a deletion marker means neither yes nor"
        " no, or a stream map or template fails on it. The message names the field.",
        "Correct the mapping (`stream_maps`, `fields`), or the record in the source system.",
    ),
    "invalid_timestamp": Explanation(
        "The field `created_at` is not an epoch number and not a date that can be read without"
        " guessing. Or it is after 2099, or before 3 March 1973, where seconds and milliseconds"
        " cannot be told apart.",
        "Map `created_at` to the column that says when the resume was created.",
    ),
    "record_without_schema": Explanation(
        "The record came before the SCHEMA message of its stream.",
        "Correct the tap, or whatever cut the stream. A replay delivers such a record, because the"
        " rejects file has a SCHEMA.",
    ),
    "deletion_refused": Explanation(
        "LinkedIn refused this deletion, or gave no answer to it for `retry_seconds` while it"
        " answered others. The message has LinkedIn's status and `x-li-uuid`.",
        "Ask LinkedIn's support with the `x-li-uuid`. Each run tries it again.",
    ),
    "deletion_unresolved": Explanation(
        "The record asks for a deletion, but it is not known which resumes it means: it lacks the"
        " ids, and the ledger does not know its row or its candidate.",
        "Have the tap send both ids. Or set `ledger_path` and run one full load; after that, the"
        " row's key is enough. Each run tries it again. Or delete the resumes by their ids with the"
        " command `erase`.",
    ),
    "linkedin_refused": Explanation(
        "LinkedIn refused this resume: its upload URL, its file or its record. Trying again would"
        " not help. The message has LinkedIn's status, its names for the error, and the"
        " `x-li-uuid` that its support asks for.",
        "With status 404, sync the candidate to LinkedIn first, then replay. Otherwise correct"
        " what the message names, or ask LinkedIn's support with the `x-li-uuid`.",
    ),
    **FILE_CODES,
}
_UNKNOWN_REJECT = Explanation(
    "The record cannot be delivered as it is.", "The documentation's page on rejects explains it."
)

_NOTHING = "Nothing."
# By what came back from a call, or did not.
_RETRIES: Mapping[str, Explanation] = {
    "429": Explanation(
        "LinkedIn asked to slow down: its limit was reached, or another program uses it too.",
        "If this continues, lower `records_per_minute` or `upload_concurrency`, or ask"
        " LinkedIn which limits this application has.",
    ),
    "408": Explanation("LinkedIn did not get the whole request in time.", _NOTHING),
    "409": Explanation("Another write to the same resume was under way.", _NOTHING),
    "timeout": Explanation(
        "LinkedIn did not answer in time.",
        "If it happens often, look at the network, or raise `request_timeout_seconds`.",
    ),
    "connection": Explanation(
        "The connection to LinkedIn broke or could not be made.",
        "If it happens often, look at the network and any proxy on the way.",
    ),
    "body": Explanation("A file changed, or could not be read, while it was sent.", _NOTHING),
    "source": Explanation(
        "The source of the resume could not be reached, or the transfer broke off.",
        "If it happens often, look at the CRM or store that the files come from, or lower"
        " `upload_concurrency`.",
    ),
}
_URL_REFUSED = Explanation("Neither the signed upload URL nor a new one was accepted.", _NOTHING)
_SERVER_ERROR = Explanation(
    "LinkedIn's servers failed.",
    "If it lasts, ask LinkedIn's support; the log has each call's `x-li-uuid`.",
)
_UNCLEAR = Explanation(
    "LinkedIn's answer did not say what happened to the resume, so it did not count as delivered.",
    "Nothing: both of LinkedIn's writes can be repeated without harm.",
)
_NEW_TOKEN = Explanation("The access token was no longer accepted.", "Nothing: a new one worked.")
_NEW_URL = Explanation(
    "The signed upload URL was no longer accepted, or its connection was closed.",
    "Nothing: a new one worked.",
)
# For these outcomes a call is repeated at once, which is not counted as a try.
_AT_ONCE: Mapping[str, Mapping[str, Explanation]] = {
    "upload": dict.fromkeys(("connection", "401", "403", "410"), _NEW_URL),
    "hireMediaUrl": {"401": _NEW_TOKEN},
    "batch_update": {"401": _NEW_TOKEN},
    "batch_delete": {"401": _NEW_TOKEN},
}


def cause_of(text: str) -> tuple[str, str]:
    """Split the cause of an :class:`~target_linkedin_resumes.errors.Retry`: call and outcome."""
    call, _, outcome = text.rpartition(" ")
    return call, outcome


def of_reject(code: str) -> Explanation:
    """Explain a reject's code."""
    return REJECTS.get(code, _UNKNOWN_REJECT)


def of_retry(cause: str) -> Explanation:
    """Explain a retry's cause."""
    _, outcome = cause_of(cause)
    if outcome in _RETRIES:
        return _RETRIES[outcome]
    if outcome.isdecimal():
        return _SERVER_ERROR if outcome.startswith("5") else _URL_REFUSED
    return _UNCLEAR


def at_once(
    outcomes: Mapping[str, Mapping[str, int]], retried: Mapping[str, int]
) -> list[tuple[str, int, Explanation]]:
    """Find the calls that were repeated at once: cause, number of calls, explanation.

    ``outcomes`` counts calls by endpoint and outcome. The tries ``retried`` count such a call only
    if it went on to fail.
    """
    found = []
    for call, explained in _AT_ONCE.items():
        for outcome, explanation in explained.items():
            cause = f"{call} {outcome}"
            number = outcomes.get(call, {}).get(outcome, 0) - retried.get(cause, 0)
            if number > 0:
                found.append((cause, number, explanation))
    return found


def count(number: int, noun: str = "", plural: str = "") -> str:
    """``1,234 records``, ``1 record``."""
    text = f"{number:,}"
    return f"{text} {noun if number == 1 else plural or noun + 's'}" if noun else text


def duration(seconds: float) -> str:
    """``40 ms``, ``1.4 s``, ``12 s``, ``3 min``, ``3 min 5 s``, ``2 h 7 min``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms" if seconds else "0 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    if not minutes:
        return f"{whole} s"
    return f"{minutes} min {whole % 60} s" if whole % 60 else f"{minutes} min"


# What becomes of a record, in the order in which it is said.
_COUNTED: Mapping[str, str] = {
    "read": "read",
    "delivered": "delivered",
    "deleted": "deleted",
    "unchanged": "unchanged",
    "superseded": "superseded by a later record",
    "filtered": "filtered",
    "not_there": "were not there",
    "unknown": "not known to the ledger",
    "rejected": "rejected",
    "left": "left for the next run",
}
_WOULD_BE = frozenset({"delivered", "deleted", "rejected"})
# With more deletions it is suspicious that none found what it was to delete. One that took the
# place of a delivery of the same run had nothing to find.
_SUSPICIOUS = 20
WHILE_OUTSTANDING = (
    "LinkedIn refused them, or what they delete is not known. They are kept in the file of"
    " rejects_path with their reasons and tried again by each run, which ends with exit code 3"
    " until all are confirmed."
)


def counted(records: Records, *, dry: bool) -> list[tuple[str, int, str]]:
    """Return each count of the records: its name, the number, and what it is called."""
    return [
        (name, getattr(records, name), f"would be {words}" if dry and name in _WOULD_BE else words)
        for name, words in _COUNTED.items()
    ]


def outstanding_deletions(deletions: int, persons: int) -> str:
    """``3 deletions of 2 persons are outstanding``."""
    verb = "is" if deletions == 1 else "are"
    return f"{count(deletions, 'deletion')} of {count(persons, 'person')} {verb} outstanding"


def nothing_was_there(counters: Counters) -> str:
    """Say what is suspicious about a run none of whose many deletions found something."""
    if counters.deleted or counters.missed <= _SUSPICIOUS:
        return ""
    return (
        f"None of the {count(counters.not_there)} resumes to be deleted was there. A wrong setting"
        " organization looks the same: compare it with that of the runs that delivered them."
    )


# What the messages of failures advise, for the log, and the report says under what to do.
_REPEATED_ADVICE = (
    " Run again later: it goes on from the last state.",
    "; the quota is renewed at 00:00 UTC, run again then",
    "; it is renewed at 00:00 UTC, run again then",
)
_NO_RECORDS = "Nothing, if none were due. Otherwise look at the tap: it sent no records."


class Outcome(NamedTuple):
    """How a run ended. ``tone`` is ``good``, ``attention`` or ``bad``, ``title`` a few words."""

    tone: str
    title: str
    happened: str
    next: str
    notes: tuple[str, ...] = ()


def outcome_of(figures: Figures) -> Outcome:
    """Say how a run ended, what to do next, and what is worth knowing. For page and JSON."""
    outcome = _of_dry_run(figures) if figures.dry_run else _of_run(figures)
    if figures.outstanding:
        waiting = outstanding_deletions(figures.outstanding, figures.persons)
        title = "Deletions are outstanding"
        if figures.dry_run or figures.end.kind is not Kind.OUTSTANDING:
            title = f"{title}. {outcome.title}"
        outcome = Outcome(
            "bad",
            title,
            f"{waiting}. {WHILE_OUTSTANDING} {outcome.happened}",
            "Look at the reasons of the outstanding deletions, and ask LinkedIn's support with the"
            f" `x-li-uuid` of those that it refuses. {outcome.next}".removesuffix(" Nothing."),
        )
    return outcome._replace(notes=tuple(_notes(figures)))


def _of_run(figures: Figures) -> Outcome:
    records = figures.records
    if figures.end.kind not in {Kind.FINISHED, Kind.OUTSTANDING}:
        return _of_stopped_run(figures)
    if not records.read:
        return Outcome(
            "good",
            "Nothing to do",
            "The run read no records, so it sent nothing to LinkedIn.",
            _NO_RECORDS,
        )
    if records.read == records.filtered:
        return Outcome(
            "attention",
            "Nothing delivered",
            f"All {count(records.read, 'record')} read were passed over by the setting `only`, so"
            " nothing was sent to LinkedIn.",
            "Nothing, if this is intended. Otherwise correct the setting `only`.",
        )
    sent = records.delivered or records.deleted or records.not_there
    if records.unchanged and not sent and not records.rejected:
        return Outcome(
            "good",
            "Nothing had changed",
            "LinkedIn already holds everything that was read, so nothing was sent.",
            "Nothing.",
        )
    if records.rejected:
        return Outcome(
            "attention",
            "Finished with rejects",
            f"{count(records.rejected)} of {count(records.read, 'record')} could not be delivered"
            f" and {'is' if records.rejected == 1 else 'are'} kept for later; all others are"
            f" done: {_done(figures)}.",
            f"Fix the causes listed under Rejects, then {_replay(figures)}.",
        )
    return Outcome(
        "good",
        "All delivered",
        f"LinkedIn has confirmed everything that was read: {_done(figures)}.",
        "Nothing.",
    )


def _of_stopped_run(figures: Figures) -> Outcome:
    end, again = figures.end, f"Run it again: {_begins(figures)}."
    kept = _kept(figures)
    before = f"Before that, {_done(figures)}."
    if end.kind is Kind.REJECTED:
        return Outcome(
            "bad",
            "Stopped at a record",
            f"The run stopped at a record that cannot be delivered: {_sentence(end.message)}"
            f" {before}",
            f"{of_reject(end.code).remedy} Then run again: {_begins(figures)}. To go on past such"
            " records and keep them for later, set `on_reject` to `continue`.",
        )
    if end.kind is Kind.MISCONFIGURED:
        return Outcome(
            "bad",
            "Stopped: configuration",
            f"A setting or a right has to be changed first: {_sentence(end.message)} {before}",
            f"Change what the message names. {again}{kept}",
        )
    if end.kind is Kind.QUOTA:
        return Outcome(
            "attention",
            "Daily quota spent",
            f"LinkedIn takes no more requests today: {_sentence(end.message)} {before}",
            f"Run it again after {renewal_after(datetime.fromisoformat(figures.ended))}:"
            f" {_begins(figures)}.{kept}",
        )
    if end.kind is Kind.SIGNAL:
        return Outcome(
            "attention",
            "Stopped by a signal",
            f"The run was told to stop ({end.message}) and did so in order. {before}",
            f"{again}{kept}",
        )
    return Outcome(
        "bad",
        "Stopped by an error",
        f"The run could not go on: {_sentence(end.message)} {before}",
        f"Fix what the message names. {again}{kept}",
    )


def _begins(figures: Figures) -> str:
    """Return where the next run begins: states may have been printed, or none."""
    if figures.states_printed:
        return "it goes on from the last state"
    return "no state was printed, so it begins where this run began"


def _replay(figures: Figures) -> str:
    return f"replay them: the same command with `--input {figures.rejects_path}`"


def _kept(figures: Figures) -> str:
    """Say what becomes of the rejects that a run has kept before it was stopped."""
    number = figures.counters.rejected.total()
    if figures.rejects_path is None or not number:
        return ""
    rejected = "rejected record" if number == 1 else f"{number:,} rejected records"
    if not figures.states_printed:
        return f" It reads the {rejected} again too: first fix the causes listed under Rejects."
    return (
        f" What the last state covers is not read again, and the {rejected} may be among it:"
        f" fix the causes listed under Rejects, then {_replay(figures)}."
    )


def _of_dry_run(figures: Figures) -> Outcome:
    end, records = figures.end, figures.records
    would = (
        f"{count(records.delivered, 'resume')} would be delivered and"
        f" {count(records.deleted)} deleted; {count(records.rejected)} would be rejected"
    )
    if end.kind not in {Kind.FINISHED, Kind.OUTSTANDING}:
        return Outcome(
            "attention",
            "Dry run, stopped",
            f"This dry run sent nothing and ended early: {_sentence(end.message)} Until then,"
            f" {would}.",
            "Fix what the message names, and try again.",
        )
    if not records.read:
        return Outcome(
            "good",
            "Dry run, nothing read",
            "This dry run read no records and sent nothing.",
            _NO_RECORDS,
        )
    tone, then = "good", "Run"
    if records.rejected:
        tone, then = "attention", "Fix the causes listed under Rejects, then run"
    return Outcome(tone, "Dry run", f"Nothing was sent. {would}.", f"{then} it without `dry_run`.")


def _notes(figures: Figures) -> list[str]:
    waits, records, tries = figures.waits, figures.records, figures.counters.retried.total()
    notes: list[str] = []

    def note(number: float, text: str) -> None:
        if number:
            notes.append(text)

    suspicious = nothing_was_there(figures.counters)
    note(bool(suspicious), suspicious)
    note(
        tries,
        f"{count(tries, 'try', 'tries')} failed for the moment and"
        f" {_was(tries)} repeated, counted for each record; the causes are under Retries.",
    )
    note(
        waits.throttle,
        f"LinkedIn asked to slow down; the run held back for {duration(waits.throttle)} in"
        " all and went on.",
    )
    note(
        waits.limit,
        f"The run waited {duration(waits.limit)} in all so as not to exceed"
        f" {count(figures.settings['records_per_minute'], 'record')} a minute.",
    )
    note(
        waits.quota,
        f"The day's requests were used up; the run waited {duration(waits.quota)} for 00:00 UTC.",
    )
    note(
        records.unchanged,
        f"{count(records.unchanged, 'record')} did not have to be sent: LinkedIn holds those"
        " resumes as they are, or has deleted them.",
    )
    note(
        records.unknown,
        f"{count(records.unknown, 'deletion')} named what the ledger has never seen, so that"
        " there was nothing to delete.",
    )
    note(
        records.vanished,
        f"{count(records.vanished, 'deletion')} came from ACTIVATE_VERSION: the tap no longer"
        " names those resumes.",
    )
    note(
        records.superseded,
        f"{count(records.superseded, 'record')} did not have to be sent: a later record of the"
        " same resume replaced them.",
    )
    note(
        records.filtered,
        f"{count(records.filtered, 'record')} {_was(records.filtered)} passed over by the"
        " setting `only`.",
    )
    note(
        0 if figures.dry_run else records.left,
        f"{count(records.left, 'record')} {_was(records.left)} read but not finished; the next"
        " run reads them again. Nothing is lost.",
    )
    return notes


def _done(figures: Figures) -> str:
    """Say ``1,234 resumes were delivered and 5 deleted``, and leave out what there was none of."""
    records = figures.records
    numbers = {"delivered": records.delivered, "deleted": records.deleted}
    done = [(number, verb) for verb, number in numbers.items() if number]
    said = []
    if done:
        number, verb = done[0]
        also = "".join(f" and {count(number)} {verb}" for number, verb in done[1:])
        said.append(f"{count(number, 'resume')} {_was(number)} {verb}{also}")
    if records.not_there:
        missing = count(records.not_there, "resume")
        said.append(f"{missing} to be deleted {_was(records.not_there)} not there")
    spared = records.unchanged or records.unknown
    return "; ".join(said) or ("nothing else had to be sent" if spared else "nothing was delivered")


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _sentence(message: str) -> str:
    text = message.strip()
    for advice in _REPEATED_ADVICE:
        text = text.removesuffix(advice).removesuffix(advice + ".")
    return text if text.endswith((".", "!", "?")) else f"{text}."


def renewal_after(moment: datetime) -> str:
    """Say when the quota of the day of a moment in UTC is renewed."""
    return f"{moment + timedelta(days=1):%Y-%m-%d} 00:00 UTC"
