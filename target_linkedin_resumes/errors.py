"""The failures of a change, named by what to do about them, and its confirmation.

Engine, sources, stores and LinkedIn's client do not know each other; they share these types::

    Failure
    ├── Retry    try again later: the outcome is unknown or the cause is transient
    ├── Refused  LinkedIn refused a batch as a whole: halve it until the poisonous record is alone
    ├── Reject   this record cannot be delivered as it is
    └── Stop     the run cannot go on
        ├── Misconfigured   an operator has to change a setting or a right
        └── QuotaSpent      LinkedIn's daily quota is spent until 00:00 UTC

A message says what is wrong and what to do. It never holds a secret, a signed URL, a file's name
or the content of a record: whatever is raised here may be logged.
"""

from __future__ import annotations

from dataclasses import dataclass


class Failure(Exception):
    """Base class of all failures of a change."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Retry(Failure):
    """Transient, or the outcome is unknown; both of LinkedIn's writes are idempotent by key.

    ``retry_after`` is in seconds and comes from the server; None leaves the wait to the caller.
    ``cause`` is what such failures are counted by: the call and its status or kind of error, or
    ``unclear``. ``at_source`` says that a resume's source is the cause, and not LinkedIn;
    ``of_file`` that it is this one file: if it lasts, the record is a reject. ``tried`` is False
    where nobody was asked, because others have found out that it is of no use for now.
    """

    at_source = False
    tried = True

    def __init__(
        self,
        message: str,
        *,
        retry_after: int | None = None,
        cause: str = "unclear",
        of_file: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.cause = cause
        self.of_file = of_file


class Refused(Failure):
    """A batch was refused as a whole (400); one of its records is the cause."""


class Reject(Failure):
    """One record cannot be delivered as it is. ``code`` is one of the documented, stable codes.

    ``status`` is LinkedIn's where LinkedIn refused it.
    """

    def __init__(self, code: str, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Stop(Failure):
    """The run cannot go on. What was printed as state stays true."""

    exit_code = 1


class Misconfigured(Stop):
    """The run cannot go on before an operator changes a setting or a right."""

    exit_code = 2


class QuotaSpent(Stop):
    """LinkedIn's daily quota is spent; it is renewed at 00:00 UTC."""

    exit_code = 75


# What LinkedIn answers to a deletion of what it does not hold.
NOT_THERE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Confirmation:
    """LinkedIn's confirmation that a change of one key is carried out.

    ``status`` is that key's own. ``request_id`` is the header
    ``x-li-uuid`` of the response, which LinkedIn's support asks for; None where there is none.
    """

    status: int
    request_id: str | None = None


Outcome = Confirmation | Failure
