"""The one table from what came back to what is to be done, and its interpreter. Pure.

Rules are tried from the top; the first that fits decides. Each names its source: `error-handling`,
`rate-limits`, `query-tunneling` are pages below
learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts, `client-credentials-flow` is
learn.microsoft.com/en-us/linkedin/shared/authentication/client-credentials-flow, `sync` is
LinkedIn's page "Sync Candidate Resumes", `ambry` is LinkedIn's blob store
(github.com/linkedin/ambry), `rest.li` its server (github.com/linkedin/rest.li), `HTTP` is RFC 9110,
`policy` is this project's own.

A deletion that is rejected is not dropped: the engine keeps it outstanding, or stops.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from target_linkedin_resumes.errors import (
    NOT_THERE,
    Failure,
    Misconfigured,
    QuotaSpent,
    Refused,
    Reject,
    Retry,
    Stop,
)
from target_linkedin_resumes.http.messages import (
    BodyChanged,
    InvalidRequest,
    ProxyRefused,
    Stale,
    TransportError,
    Untrusted,
    retry_after,
)
from target_linkedin_resumes.linkedin.responses import ApiResponse, Call

# Seconds. A server that asks for more is asked again after this; its answer then tells.
LONGEST_RETRY_AFTER = 900


class Action(Enum):
    """What is to be done about an response."""

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
class Rule:
    """A rule fits when all that it names fits; what it leaves out does not matter.

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
    errors: tuple[type[TransportError], ...] = ()
    code: str = "linkedin_refused"

    def fits(self, response: ApiResponse) -> bool:
        """Tell whether this rule is that of a response."""
        if response.call not in self.calls:
            return False
        if self.prose is not None and not self.prose.search(response.prose):
            return False
        if self.names or self.service_codes:
            named = response.code in self.names or response.service_code in self.service_codes
            if not named:
                return False
        if response.error is not None:
            return isinstance(response.error, self.errors)
        if response.status is None:
            return self.statuses is None
        return self.statuses is not None and response.status in self.statuses


_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_CLIENT_ERROR = range(400, 500)
_SERVER_ERROR = range(500, 1000)
TRANSIENT = frozenset({408, 425, 429, *_SERVER_ERROR})
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

_NO_TRUST = (
    "check api_url and token_url; behind a proxy that decrypts TLS, name its CA bundle in the"
    " environment variable REQUESTS_CA_BUNDLE"
)
_PROXY = "check HTTPS_PROXY and its credentials, or name LinkedIn's hosts in NO_PROXY"
_DAY = "LinkedIn's daily quota is spent; it is renewed at 00:00 UTC, run again then"
_SECRET = "LinkedIn does not accept the setting client_secret for this client_id; copy both again"  # noqa: S105 - advice
_ID = "LinkedIn does not know the setting client_id; copy it again from the developer portal"
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
_VERSION = (
    "LinkedIn no longer serves this version of its API; set api_version to one that it serves,"
    " such as '202604'"
)
_DENIED = (
    "LinkedIn refuses calls from this program or this address, whatever they ask for; ask its"
    " support with the address that you call from, and stop schedules until then"
)
_TRANSIENT_ADVICE = "a transient failure"
_NO_ANSWER = "if it lasts, check the network, api_url and token_url"
_UNKNOWN = "an undocumented answer"

TABLE: tuple[Rule, ...] = (
    Rule(Action.DELIVER, _ALL, _SUCCESS, "", "rest.li"),
    # What came instead of an answer
    Rule(Action.STOP_CONFIGURATION, _ALL, (), _NO_TRUST, "HTTP", errors=(Untrusted,)),
    Rule(Action.STOP_CONFIGURATION, _ALL, (), _PROXY, "HTTP", errors=(ProxyRefused,)),
    Rule(Action.STOP, _ALL, (), "check api_url and token_url", "HTTP", errors=(InvalidRequest,)),
    Rule(Action.NEW_URL, _UPLOAD, (), _TRANSIENT_ADVICE, "ambry", errors=(Stale,)),
    Rule(Action.RETRY, _ALL, (), _TRANSIENT_ADVICE, "policy", errors=(BodyChanged,)),
    Rule(Action.RETRY, _ALL, (), _NO_ANSWER, "error-handling", errors=(TransportError,)),
    # Any call, or any key
    Rule(Action.STOP_QUOTA, _ALL, (429,), _DAY, "rate-limits", prose=_DAY_LIMIT),
    Rule(Action.STOP, _WHOLE, (999,), _DENIED, "policy"),
    Rule(Action.RETRY, _ALL, TRANSIENT, _TRANSIENT_ADVICE, "error-handling"),
    Rule(Action.STOP_CONFIGURATION, _WHOLE, (407,), _PROXY, "HTTP"),
    # Token and introspection
    Rule(
        Action.STOP_CONFIGURATION,
        _OAUTH,
        (401,),
        _SECRET,
        "client-credentials-flow",
        names=frozenset({"invalid_client_id", "invalid_client"}),
    ),
    Rule(
        Action.STOP_CONFIGURATION,
        _OAUTH,
        (401,),
        _GRANT,
        "client-credentials-flow",
        names=frozenset({"access_denied"}),
    ),
    Rule(
        Action.STOP_CONFIGURATION,
        _OAUTH,
        (400,),
        _ID,
        "client-credentials-flow",
        names=frozenset({"invalid_client_id"}),
    ),
    Rule(Action.STOP_CONFIGURATION, _OAUTH, (400, 401), _OAUTH_WRONG, "client-credentials-flow"),
    Rule(Action.STOP_CONFIGURATION, _OAUTH, (*_REDIRECT, *_CLIENT_ERROR), _NOT_OAUTH, "policy"),
    # The API's calls as a whole
    Rule(Action.REFRESH_TOKEN, _API, (401,), _TOKEN, "client-credentials-flow"),
    Rule(Action.STOP_CONFIGURATION, _API, (403,), _RIGHTS, "error-handling"),
    Rule(Action.STOP_CONFIGURATION, _API, (404,), _NO_RESOURCE, "error-handling"),
    Rule(Action.STOP_CONFIGURATION, _API, (426,), _VERSION, "error-handling"),
    Rule(Action.STOP_CONFIGURATION, _API, (*_REDIRECT, 405, 406, 411), _NOT_API, "error-handling"),
    Rule(
        Action.SPLIT,
        _BATCH,
        (400, 413, 414, 422),
        "a record in the batch, or the batch as a whole, is not accepted",
        "rest.li, query-tunneling",
    ),
    Rule(Action.STOP_CONFIGURATION, _BATCH, (415,), _NOT_API, "error-handling"),
    Rule(
        Action.REJECT,
        _URL,
        (400, 413, 414, 415, 422),
        "LinkedIn gives no upload URL for this resume; check the setting contract if this"
        " happens with every resume",
        "error-handling",
    ),
    # The upload to the signed URL
    Rule(Action.NEW_URL, _UPLOAD, (401, 403, 410), "the signed URL is not accepted", "ambry"),
    Rule(
        Action.REJECT,
        _UPLOAD,
        (413,),
        "LinkedIn does not accept a file of this size; its limit is 10 MB",
        "ambry, sync",
        code="file_too_large",
    ),
    Rule(
        Action.REJECT,
        _UPLOAD,
        (400, 414, 415, 422),
        "LinkedIn does not accept this file; it accepts PDF, DOC and plain text",
        "ambry, sync",
    ),
    Rule(Action.STOP_CONFIGURATION, _UPLOAD, (405, 406, 411, 426), _NOT_API, "error-handling"),
    # One key of a batch
    Rule(
        Action.REFRESH_TOKEN, _KEY, (401,), "the access token is refused", "client-credentials-flow"
    ),
    Rule(
        Action.STOP_CONFIGURATION,
        _UPDATED,
        (403,),
        _RIGHTS,
        "error-handling",
        names=frozenset({"ACCESS_DENIED"}),
        service_codes=frozenset({100}),
    ),
    Rule(Action.RETRY, _KEY, (409,), "another write to the same resume is under way", "rest.li"),
    Rule(Action.GONE, _DELETED, NOT_THERE, "", "policy"),
    Rule(
        Action.REJECT,
        _UPDATED,
        (404,),
        "LinkedIn does not know the candidate or the uploaded file; sync candidates before their"
        " resumes",
        "error-handling",
    ),
    Rule(
        Action.REJECT,
        _UPDATED,
        _CLIENT_ERROR,
        "LinkedIn does not accept this resume's record",
        "error-handling",
    ),
    Rule(
        Action.REJECT,
        _DELETED,
        _CLIENT_ERROR,
        "LinkedIn does not carry out this deletion; check the rights of the application, or ask"
        " LinkedIn's support",
        "policy",
    ),
    Rule(
        Action.RETRY,
        _KEY,
        None,
        "the answer does not say what became of this resume",
        "rest.li",
    ),
    # Whatever else: what is tried again is lost in no case, and ends with `retry_seconds`
    Rule(Action.RETRY, _ALL, _ANY_STATUS, _UNKNOWN, "policy"),
)


_FAILURES: Mapping[Action, type[Failure]] = {
    Action.SPLIT: Refused,
    Action.STOP: Stop,
    Action.STOP_CONFIGURATION: Misconfigured,
    Action.STOP_QUOTA: QuotaSpent,
}


def decide(response: ApiResponse) -> Rule:
    """Return the rule that decides what is to be done."""
    return next(rule for rule in TABLE if rule.fits(response))


def failure(response: ApiResponse, rule: Rule, now: datetime) -> Failure:
    """Return the failure that ``rule`` makes of ``response``; ``now`` is an aware time.

    For a rule whose remedy (a new token, a new URL) is used up, or belongs to the whole batch, it
    is what remains: a stop for a token that is refused however new, another try for the rest.
    """
    message = describe(response, rule.advice)
    if rule.action is Action.REJECT:
        return Reject(rule.code, message, status=response.status)
    if rule.action is Action.REFRESH_TOKEN and response.call not in _KEY:
        return Misconfigured(message)
    if rule.action in _FAILURES:
        return _FAILURES[rule.action](message)
    wait = retry_after(response.retry_after, now)
    if wait is not None:
        wait = min(wait, LONGEST_RETRY_AFTER)
    return Retry(message, retry_after=wait, cause=f"{response.call} {response.came}")


def describe(response: ApiResponse, advice: str) -> str:
    """Say what came back and what it means, with what LinkedIn's support asks for at the end."""
    if response.error is not None:
        came = f"{response.call}: {response.error.reason}"
    else:
        service = f"serviceErrorCode {response.service_code}" if response.service_code else None
        named = ", ".join(name for name in (response.code, service, *response.details) if name)
        status = "gave no status" if response.status is None else f"answered {response.status}"
        came = f"LinkedIn {status} to {response.call}{f' ({named})' if named else ''}"
    if response.description:
        came = f"{came}, saying {response.description!r}"
    message = f"{came}: {advice}" if advice else came
    return f"{message} (x-li-uuid: {response.uuid})" if response.uuid else message


def unreadable(response: ApiResponse, what: str) -> str:
    """Say that a success lacks what a success has to bring."""
    return describe(response, f"the answer cannot be used: {what}")
