"""The one table from what came back to what is to be done, and its interpreter. Pure.

Rows are tried from the top; the first that fits decides. Each names its source: `error-handling`,
`rate-limits`, `query-tunneling` are pages below
learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts, `client-credentials-flow` is
learn.microsoft.com/en-us/linkedin/shared/authentication/client-credentials-flow, `sync` is
LinkedIn's page "Sync Candidate Resumes", `ambry` is LinkedIn's blob store
(github.com/linkedin/ambry), `rest.li` its server (github.com/linkedin/rest.li), `HTTP` is RFC 9110,
`policy` is this project's own.

A deletion is never rejected: no row for one says so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto

from target_linkedin_resumes.errors import (
    Failure,
    Misconfigured,
    QuotaSpent,
    Refused,
    Reject,
    Retry,
    Stop,
)
from target_linkedin_resumes.http.faults import (
    BodyChanged,
    InvalidRequest,
    ProxyRefused,
    Stale,
    TransportError,
    Untrusted,
)
from target_linkedin_resumes.linkedin.responses import Answer, Call

# Seconds. A server that asks for more is asked again after this; its answer then tells.
LONGEST_RETRY_AFTER = 900


class Action(Enum):
    """What is to be done about an answer."""

    DELIVER = auto()  # it is done
    GONE = auto()  # it is done already: what was to be deleted is not there
    RETRY = auto()
    REFRESH_TOKEN = auto()  # a new token and the same call again; once, then stop
    NEW_URL = auto()  # a new signed URL and the upload again; then a new token; then retry
    SPLIT = auto()  # halve the batch until the poisonous record stands alone
    REJECT = auto()
    STOP = auto()
    STOP_CONFIGURATION = auto()
    STOP_QUOTA = auto()


@dataclass(frozen=True, slots=True)
class Row:
    """A row fits when all that it names fits; what it leaves out does not matter.

    ``statuses`` None is an answer without a status. ``names`` are values of ``code``, ``prose``
    must occur in the body. ``advice`` says what is wrong and what to do.
    """

    action: Action
    calls: frozenset[Call]
    statuses: Collection[int] | None
    advice: str
    source: str
    names: frozenset[str] = frozenset()
    service_codes: frozenset[int] = frozenset()
    prose: re.Pattern[str] | None = None
    faults: tuple[type[TransportError], ...] = ()
    code: str = "linkedin_refused"

    def fits(self, answer: Answer) -> bool:
        """Whether this row is the answer's."""
        if answer.call not in self.calls:
            return False
        if self.prose is not None and not self.prose.search(answer.prose):
            return False
        if self.names or self.service_codes:
            named = answer.code in self.names or answer.service_code in self.service_codes
            if not named:
                return False
        if answer.fault is not None:
            return isinstance(answer.fault, self.faults)
        if answer.status is None:
            return self.statuses is None
        return self.statuses is not None and answer.status in self.statuses


_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_CLIENT_ERROR = range(400, 500)
_SERVER_ERROR = range(500, 1000)
_TRANSIENT = frozenset({408, 425, 429, *_SERVER_ERROR})
_ANY_STATUS = range(1000)

_ALL = frozenset(Call)
_OAUTH = frozenset({Call.TOKEN, Call.INTROSPECTION})
_URL = frozenset({Call.UPLOAD_URL})
_UPLOAD = frozenset({Call.UPLOAD})
_BATCH = frozenset({Call.BATCH_UPDATE, Call.BATCH_DELETE})
_API = _URL | _BATCH
_WHOLE = _OAUTH | _API | _UPLOAD
_UPDATED = frozenset({Call.UPDATED_KEY})
_DELETED = frozenset({Call.DELETED_KEY})
_KEY = _UPDATED | _DELETED

# "Resource level throttle APPLICATION DAY limit for calls to this resource is reached."
_DAY_LIMIT = re.compile(r"(?<![A-Z])DAY(?![A-Z])")
_ACCESS_DENIED = frozenset({"ACCESS_DENIED"})
_ACCESS_DENIED_CODE = frozenset({100})

_NO_TRUST = (
    "check api_url and token_url; behind a proxy that opens TLS, name its CA bundle in the"
    " environment variable REQUESTS_CA_BUNDLE"
)
_PROXY = "check HTTPS_PROXY and its credentials, or name LinkedIn's hosts in NO_PROXY"
_DAY = "LinkedIn's daily quota is spent; it is renewed at 00:00 UTC, run again then"
_SECRET = "LinkedIn does not accept the setting client_secret for this client_id; copy both anew"  # noqa: S105 - advice
_ID = "LinkedIn does not know the setting client_id; copy it anew from the developer portal"
_GRANT = (
    "the application of the setting client_id may not use client credentials;"
    " have LinkedIn enable them for it"
)
_OAUTH_WRONG = "check the settings client_id, client_secret and token_url"
_RIGHTS = (
    "the application of the setting client_id has no right to this; have LinkedIn grant it access,"
    " and check the settings organization and contract"
)
_TOKEN = "LinkedIn refuses the access token, also a new one; check client_id, api_url, token_url"  # noqa: S105 - advice
_NO_RESOURCE = "there is no such resource, or it is hidden; check api_url and the access granted"
_NOT_API = "this is not how LinkedIn's API answers; check api_url and any proxy on the way"
_NOT_OAUTH = "this is not how LinkedIn's token endpoint answers; check token_url and any proxy"
_VERSION = "LinkedIn no longer serves this version of its API; update this program"
_TRANSIENT_ADVICE = "a transient failure"
_NO_ANSWER = "if it lasts, check the network, api_url and token_url"
_UNKNOWN = "an answer that is not documented"

TABLE: tuple[Row, ...] = (
    # What came instead of an answer
    Row(Action.STOP_CONFIGURATION, _ALL, (), _NO_TRUST, "HTTP", faults=(Untrusted,)),
    Row(Action.STOP_CONFIGURATION, _ALL, (), _PROXY, "HTTP", faults=(ProxyRefused,)),
    Row(Action.STOP, _ALL, (), "check api_url and token_url", "HTTP", faults=(InvalidRequest,)),
    Row(Action.NEW_URL, _UPLOAD, (), _TRANSIENT_ADVICE, "ambry", faults=(Stale,)),
    Row(Action.RETRY, _ALL, (), _TRANSIENT_ADVICE, "policy", faults=(BodyChanged,)),
    Row(Action.RETRY, _ALL, (), _NO_ANSWER, "error-handling", faults=(TransportError,)),
    # Any call, or any key
    Row(Action.DELIVER, _ALL, _SUCCESS, "", "rest.li"),
    Row(Action.STOP_QUOTA, _ALL, (429,), _DAY, "rate-limits", prose=_DAY_LIMIT),
    Row(Action.RETRY, _ALL, _TRANSIENT, _TRANSIENT_ADVICE, "error-handling"),
    Row(Action.STOP_CONFIGURATION, _WHOLE, (407,), _PROXY, "HTTP"),
    # Token and introspection
    Row(
        Action.STOP_CONFIGURATION,
        _OAUTH,
        (401,),
        _SECRET,
        "client-credentials-flow",
        names=frozenset({"invalid_client_id", "invalid_client"}),
    ),
    Row(
        Action.STOP_CONFIGURATION,
        _OAUTH,
        (401,),
        _GRANT,
        "client-credentials-flow",
        names=frozenset({"access_denied"}),
    ),
    Row(
        Action.STOP_CONFIGURATION,
        _OAUTH,
        (400,),
        _ID,
        "client-credentials-flow",
        names=frozenset({"invalid_client_id"}),
    ),
    Row(Action.STOP_CONFIGURATION, _OAUTH, (400, 401), _OAUTH_WRONG, "client-credentials-flow"),
    Row(Action.STOP_CONFIGURATION, _OAUTH, (*_REDIRECT, *_CLIENT_ERROR), _NOT_OAUTH, "policy"),
    # The API's calls as a whole
    Row(Action.REFRESH_TOKEN, _API, (401,), _TOKEN, "client-credentials-flow"),
    Row(Action.STOP_CONFIGURATION, _API, (403,), _RIGHTS, "error-handling"),
    Row(Action.STOP_CONFIGURATION, _API, (404,), _NO_RESOURCE, "error-handling"),
    Row(Action.STOP_CONFIGURATION, _API, (426,), _VERSION, "error-handling"),
    Row(Action.STOP_CONFIGURATION, _API, (*_REDIRECT, 405, 406, 411), _NOT_API, "error-handling"),
    Row(
        Action.SPLIT,
        _BATCH,
        (400, 413, 414, 422),
        "a record in the batch, or the batch as a whole, is not accepted",
        "rest.li, query-tunneling",
    ),
    Row(Action.STOP_CONFIGURATION, _BATCH, (415,), _NOT_API, "error-handling"),
    Row(
        Action.REJECT,
        _URL,
        (400, 413, 414, 415, 422),
        "LinkedIn gives no upload URL for this resume; check the setting contract if it says so"
        " of every resume",
        "error-handling",
    ),
    # The upload to the signed URL
    Row(Action.NEW_URL, _UPLOAD, (401, 403, 410), "the signed URL is not accepted", "ambry"),
    Row(
        Action.REJECT,
        _UPLOAD,
        (413,),
        "LinkedIn does not take a file of this size; its limit is 10 MB",
        "ambry, sync",
        code="file_too_large",
    ),
    Row(
        Action.REJECT,
        _UPLOAD,
        (400, 414, 415, 422),
        "LinkedIn does not take this file; it takes PDF, DOC and plain text",
        "ambry, sync",
    ),
    Row(Action.STOP_CONFIGURATION, _UPLOAD, (405, 406, 411, 426), _NOT_API, "error-handling"),
    # One key of a batch
    Row(
        Action.REFRESH_TOKEN, _KEY, (401,), "the access token is refused", "client-credentials-flow"
    ),
    Row(
        Action.STOP_CONFIGURATION,
        _KEY,
        (403,),
        _RIGHTS,
        "error-handling",
        names=_ACCESS_DENIED,
        service_codes=_ACCESS_DENIED_CODE,
    ),
    Row(Action.RETRY, _KEY, (409,), "another write to the same resume is under way", "rest.li"),
    Row(Action.GONE, _DELETED, (404, 410), "", "policy"),
    Row(
        Action.REJECT,
        _UPDATED,
        (404,),
        "LinkedIn does not know the candidate or the uploaded file; candidates are to be synced"
        " before their resumes",
        "error-handling",
    ),
    Row(
        Action.REJECT,
        _UPDATED,
        _CLIENT_ERROR,
        "LinkedIn does not take this resume's record",
        "error-handling",
    ),
    Row(
        Action.STOP,
        _DELETED,
        _CLIENT_ERROR,
        "LinkedIn refuses this deletion, and a deletion is never dropped; ask its support",
        "policy",
    ),
    Row(
        Action.RETRY,
        _KEY,
        None,
        "the answer does not say what became of this resume",
        "rest.li",
    ),
    # Whatever else: what is tried again is lost in no case, and ends with `retry_seconds`
    Row(Action.RETRY, _ALL, _ANY_STATUS, _UNKNOWN, "policy"),
)


_FAILURES: Mapping[Action, type[Failure]] = {
    Action.SPLIT: Refused,
    Action.STOP: Stop,
    Action.STOP_CONFIGURATION: Misconfigured,
    Action.STOP_QUOTA: QuotaSpent,
}


def decide(answer: Answer) -> Row:
    """The row that decides what is to be done."""
    return next(row for row in TABLE if row.fits(answer))


def failure(answer: Answer, row: Row, now: Callable[[], datetime]) -> Failure:
    """The failure that ``row`` makes of ``answer``; ``now`` gives the time in UTC.

    For a row whose remedy (a new token, a new URL) is used up, or belongs to the whole batch, it
    is what remains: a stop for a token that is refused however new, another try for the rest.
    """
    message = describe(answer, row.advice)
    if row.action is Action.REJECT:
        return Reject(row.code, message)
    if row.action is Action.REFRESH_TOKEN and answer.call not in _KEY:
        return Misconfigured(message)
    if row.action in _FAILURES:
        return _FAILURES[row.action](message)
    came = answer.fault.kind if answer.fault is not None else answer.status or "unclear"
    return Retry(
        message, retry_after=retry_after(answer.retry_after, now), cause=f"{answer.call} {came}"
    )


def describe(answer: Answer, advice: str) -> str:
    """Say what came back and what it means, with what LinkedIn's support asks for at the end."""
    if answer.fault is not None:
        came = f"{answer.call}: {answer.fault.reason}"
    else:
        service = f"serviceErrorCode {answer.service_code}" if answer.service_code else None
        named = ", ".join(name for name in (answer.code, service, *answer.details) if name)
        status = "gave no status" if answer.status is None else f"answered {answer.status}"
        came = f"LinkedIn {status} to {answer.call}{f' ({named})' if named else ''}"
    if answer.said:
        came = f"{came}, saying {answer.said!r}"
    message = f"{came}: {advice}" if advice else came
    return f"{message} (x-li-uuid: {answer.uuid})" if answer.uuid else message


def retry_after(value: str | None, now: Callable[[], datetime]) -> int | None:
    """Seconds that a ``Retry-After`` asks for, in either form; None for one that makes no sense."""
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        seconds = int(text)
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = math.ceil((aware - now()).total_seconds())
    return min(max(seconds, 0), LONGEST_RETRY_AFTER)
