"""What each code of a reject and each cause of a retry means, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from target_linkedin_resumes.resumes.codes import CODES as FILE_CODES
from target_linkedin_resumes.resumes.codes import Explanation

_RECORD_CODES: Mapping[str, Explanation] = {
    "invalid_record": Explanation(
        "The record, after stream maps and the setting `fields`, is not one this target can read: a"
        " field is missing, of the wrong type or empty, a deletion marker says neither yes nor no,"
        " or a stream map or template fails on it. The message names the field.",
        "Correct the mapping (`stream_maps`, `fields`), or the record in the source system.",
    ),
    "invalid_timestamp": Explanation(
        "The field `created_at` is no ISO 8601 date or time and no epoch number, or it is before"
        " 3 March 1973, where seconds and milliseconds cannot be told apart.",
        "Map `created_at` to the column that says when the resume was made.",
    ),
    "record_without_schema": Explanation(
        "The record came before the SCHEMA message of its stream.",
        "Correct the tap, or whatever cut the stream. A replay delivers such a record: the rejects"
        " file brings a SCHEMA.",
    ),
    "linkedin_refused": Explanation(
        "LinkedIn does not take this resume: its upload URL, its file or its record was refused,"
        " and would be again. The message holds LinkedIn's status, its names for the error, and the"
        " `x-li-uuid` that its support asks for.",
        "With 404 sync the candidate to LinkedIn first, then replay. Else correct what the message"
        " names, or ask LinkedIn's support with the `x-li-uuid`.",
    ),
}
REJECTS: Mapping[str, Explanation] = {**_RECORD_CODES, **FILE_CODES}
_UNKNOWN_REJECT = Explanation(
    "The record cannot be delivered as it is.", "The documentation's page on rejects explains it."
)

_NOTHING = "Nothing."
_RETRIES: Mapping[str, Explanation] = {
    "429": Explanation(
        "LinkedIn asked to slow down: its limit was reached, or others use it too.",
        "If it goes on for long, lower `records_per_minute` or `upload_concurrency`, or ask"
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
        "The place where the resume lies could not be reached, or broke off.",
        "If it happens often, look at the CRM or store that the files come from, or lower"
        " `upload_concurrency`.",
    ),
}
_URL_REFUSED = Explanation("The signed upload URL was not accepted, nor a new one.", _NOTHING)
_SERVER_ERROR = Explanation(
    "LinkedIn's servers failed.",
    "If it lasts, ask LinkedIn's support; the log has each call's `x-li-uuid`.",
)
_UNCLEAR = Explanation(
    "LinkedIn's answer did not say what had become of it, so it did not count as delivered.",
    "Nothing: both of LinkedIn's writes may be repeated without harm.",
)
_NEW_TOKEN = Explanation("The access token was no longer accepted.", "Nothing: a new one served.")
_NEW_URL = Explanation(
    "The signed upload URL was no longer accepted, or its connection was closed.",
    "Nothing: a new one served.",
)
# What a call is repeated for at once, without being a try of its own.
_AT_ONCE: Mapping[str, Mapping[str, Explanation]] = {
    "upload": dict.fromkeys(("connection", "401", "403", "410"), _NEW_URL),
    "hireMediaUrl": {"401": _NEW_TOKEN},
    "batch_update": {"401": _NEW_TOKEN},
    "batch_delete": {"401": _NEW_TOKEN},
}


class Cause(NamedTuple):
    """Why something was tried again: at which call, and what came back from it."""

    call: str
    outcome: str


def cause_of(text: str) -> Cause:
    """Read a cause as :class:`~target_linkedin_resumes.errors.Retry` has it."""
    call, _, outcome = text.rpartition(" ")
    return Cause(call, outcome)


def of_reject(code: str) -> Explanation:
    """Explain a reject's code."""
    return REJECTS.get(code, _UNKNOWN_REJECT)


def of_retry(cause: str) -> Explanation:
    """Explain a retry's cause."""
    outcome = cause_of(cause).outcome
    if outcome in _RETRIES:
        return _RETRIES[outcome]
    if outcome.isdecimal():
        return _SERVER_ERROR if outcome.startswith("5") else _URL_REFUSED
    return _UNCLEAR


def at_once(
    outcomes: Mapping[str, Mapping[str, int]], retried: Mapping[str, int]
) -> list[tuple[str, int, Explanation]]:
    """Find the calls that were repeated at once: cause, calls, and what it means.

    ``outcomes`` counts calls by endpoint and outcome. Such a call is counted nowhere among the
    tries ``retried``, unless it went on to fail.
    """
    found = []
    for call, explained in _AT_ONCE.items():
        for outcome, explanation in explained.items():
            cause = f"{call} {outcome}"
            number = outcomes.get(call, {}).get(outcome, 0) - retried.get(cause, 0)
            if number > 0:
                found.append((cause, number, explanation))
    return found
