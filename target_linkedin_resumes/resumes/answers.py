"""What it means that a web server's answer is not the file, or that none came. Pure."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.exceptions import TimeoutError as TimedOut

from target_linkedin_resumes.errors import Failure, Reject, Retry
from target_linkedin_resumes.http.messages import retry_after
from target_linkedin_resumes.resumes.etags import expires_at

CHECK_ACCESS = "check the `headers` or `oauth` for this source in the setting `file_sources`"
# Those that may be so for one request alone, as those of 500 and above.
DOUBTFUL = frozenset({408, 425})
_TRY_AGAIN = frozenset({420, 429, *DOUBTFUL})
# The file is being made, or somebody works on it.
_NOT_YET = frozenset({202, 423})
# The last three are what IIS, Laravel and others send for a session or a token that has ended.
_DENIED = frozenset({401, 403, 407, 419, 440, 498})
_SAYS_WHY = frozenset({400, 401, 403})
# Of a signed link, and of an access token or a session: that of a link, if none was sent with it.
_LINK_EXPIRED = re.compile(
    rb"request has expired|signature expired|not valid in the specified time frame|<code>expired",
    re.IGNORECASE,
)
_TOKEN_EXPIRED = re.compile(
    rb"expired[\s_-]?\w{0,20}[\s_-]?token|token (?:has |is )?expired", re.IGNORECASE
)
# What Google, Salesforce, Amazon and others write where 429 was meant.
_CALLS = r"(?:requests|calls|queries|operations|connections|attempts|api[\s_-]usage)"
_COUNTED = r"(?:request|call|query|connection)[\s_-]?(?:count|rate|quota)"
_LIMITED = r"(?:requests?|calls?|queries|concurrency|api|bandwidth)"
_PERIOD = r"(?:secondly|minutely|hourly|daily|monthly|concurrent)"
_NEAR = r"[^<>\"]{0,40}"
_PHRASES = (
    r"rate[\s_-]?(?:limit|exceeded)|rate is too|exceeded the (?:request )?rate",
    r"(?:limit|quota)(?:[\s_-]?|[\s_-]has been[\s_-])(?:exceeded|reached|exhausted)",
    r"exceeded your quota|over[\s_-]?(?:quota|rate)|exceeded[\s_-]?connection",
    rf"too[\s_-]?many[\s_-]?(?:\w+[\s_-]){{0,2}}{_CALLS}|too many times",
    r"throttl|slow[\s_-]?down|enhance your calm|code: 1015|resource[\s_-]exhausted",
    r"server[\s_-]?(?:is[\s_-])?busy|reduce your (?:request )?rate",
    r"temporarily (?:blocked|locked|suspended|banned)",
    rf"{_LIMITED}[\s_-]?(?:per[\s_-](?:second|minute|hour|day)|limit|exceeded)",
    rf"{_PERIOD}[\s_-](?:\w+[\s_-])?(?:limit|quota|rolling)",
    rf"(?:exceeded|maximum number of|limit of|limit for){_NEAR}{_CALLS}",
    rf"(?:{_CALLS}|{_COUNTED}){_NEAR}(?:exceeded|exhausted|over limit|too (?:high|large)|is large)",
)
_THROTTLED = re.compile("|".join(_PHRASES).encode(), re.IGNORECASE)
_REMAINING = ("X-RateLimit-Remaining", "X-Rate-Limit-Remaining", "RateLimit-Remaining")


def failure_of_answer(
    status: int,
    headers: Mapping[str, str],
    url: str,
    beginning: Callable[[], bytes],
    now: float,
    *,
    has_credentials: bool = False,
) -> Failure | None:
    """Tell what an answer means; None is the file.

    ``beginning`` reads the first bytes of the body; ``now`` is in epoch seconds. A token that has
    expired is that of the request, if it had credentials, and else a part of the link.
    """
    if status in (200, 203):
        return None
    asked = retry_after(headers.get("Retry-After"), datetime.fromtimestamp(now, UTC))
    if status in _TRY_AGAIN or status in _NOT_YET or status >= 500:
        of_file = status in _NOT_YET
        answered = f"field 'file': the source answered {status}"
        message = f"{answered}, the file is not ready" if of_file else answered
        return Retry(message, retry_after=asked, of_file=of_file)
    if status in (404, 410):
        return Reject(
            "source_gone", f"field 'file': there is no longer anything at the URL ({status})"
        )
    words = beginning() if status >= 400 else b""
    says_why = status in _SAYS_WHY
    token_expired = says_why and _TOKEN_EXPIRED.search(words) is not None
    link_expired = says_why and (has_expired(url, now) or _LINK_EXPIRED.search(words))
    if link_expired or (token_expired and not has_credentials):
        return expired()
    is_spent = says_why and any(headers.get(name) == "0" for name in _REMAINING)
    if asked is not None or is_spent or _THROTTLED.search(words):
        return Retry(f"field 'file': the source throttles ({status})", retry_after=asked or None)
    return _refusal(status, is_denied=token_expired or status in _DENIED)


def _refusal(status: int, *, is_denied: bool) -> Reject:
    if is_denied:
        return Reject(
            "source_denied", f"field 'file': the source denies access ({status}); {CHECK_ACCESS}"
        )
    return Reject(
        "source_refused",
        f"field 'file': the source answered {status}, where 200 and the file were expected",
    )


def has_expired(url: str, now: float) -> bool:
    """Tell whether a link says of itself that its time has passed."""
    moment = expires_at(url)
    return moment is not None and moment <= now


def expired() -> Reject:
    """Make the reject for such a link."""
    return Reject(
        "source_link_expired",
        "field 'file': the link has expired; let the tap extract the record again, shortly before"
        " it is loaded, so that it holds a fresh link",
    )


def unreadable() -> Reject:
    """Make the reject for what is no URL."""
    return Reject("invalid_source", "field 'file': the URL is not valid")


def failure_of_error(error: Exception) -> Failure:
    """Tell what will be so the next time from what may pass."""
    causes = list(causes_of(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Reject(
            "source_unreachable",
            "field 'file': the certificate of the source cannot be verified; if it is your own,"
            " name its CA in the environment variable REQUESTS_CA_BUNDLE",
        )
    for cause in causes:
        if isinstance(cause, socket.gaierror) and cause.errno in (
            socket.EAI_NONAME,
            getattr(socket, "EAI_NODATA", socket.EAI_NONAME),
        ):
            return Reject("source_unreachable", "field 'file': the host in the URL does not exist")
    if isinstance(error, ValueError):  # urllib3 and the codecs agree in this
        return unreadable()
    if isinstance(error, TimedOut):
        return Retry("field 'file': the source did not answer in time")
    return Retry(f"field 'file': the source cannot be reached ({type(error).__name__})")


def never_connected(error: Exception) -> bool:
    """Tell whether it failed before a word was said, and so whatever the file."""
    return any(
        isinstance(cause, (NewConnectionError, ConnectTimeoutError)) for cause in causes_of(error)
    )


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Unwrap what libraries wrapped, in the several ways in which they do."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        item = waiting.pop()
        if isinstance(item, BaseException) and id(item) not in seen:
            seen.add(id(item))
            yield item
            waiting += [item.__cause__, item.__context__, *item.args, getattr(item, "reason", None)]
