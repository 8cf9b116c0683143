"""What it means that a web server's answer is not the file, or that none came. Pure."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from target_linkedin_resumes.errors import Failure, Reject, Retry
from target_linkedin_resumes.http.messages import retry_after
from target_linkedin_resumes.resumes.etags import expires_at

CHECK_ACCESS = "check the `headers` or `oauth` for this source in the setting `file_sources`"
# Those that may be so for one request alone, as those of 500 and above.
DOUBTFUL = frozenset({408, 425})
TRY_AGAIN = frozenset({429, *DOUBTFUL})
# The file is being made, or somebody works on it.
_NOT_YET = frozenset({202, 423})
_SAYS_WHY = frozenset({400, 401, 403})
_EXPIRED = re.compile(
    rb"request has expired|expiredtoken|token (?:has )?expired|signature expired"
    rb"|not valid in the specified time frame|<code>expired",
    re.IGNORECASE,
)
# What Google, Salesforce, Amazon and others write where 429 was meant.
_THROTTLED = re.compile(
    rb"rate[\s_-]?limit|limit[\s_-]?(?:exceeded|reached)|quota[\s_-]?exceeded|exceeded your quota"
    rb"|too[\s_-]?many[\s_-]?requests|throttl|slow[\s_-]?down|over[\s_-]?quota|code: 1015"
    rb"|(?:requests?|calls?|queries|concurrency|api)[\s_-]?(?:per[\s_-]second|limit|exceeded)"
    rb"|exceeded[^<>\"]{0,40}(?:requests|calls|queries)",
    re.IGNORECASE,
)


_REMAINING = ("X-RateLimit-Remaining", "X-Rate-Limit-Remaining", "RateLimit-Remaining")


def failure_of_answer(
    status: int,
    headers: Mapping[str, str],
    url: str,
    beginning: Callable[[], bytes],
    now: float,
) -> Failure | None:
    """Tell what an answer means; None is the file.

    ``beginning`` reads the first bytes of the body; ``now`` is in epoch seconds.
    """
    if status in (200, 203):
        return None
    asked = retry_after(headers.get("Retry-After"), datetime.fromtimestamp(now, UTC))
    answered = f"field 'file': the source answered {status}"
    if status in TRY_AGAIN or status >= 500:
        return Retry(answered, retry_after=asked)
    if status in _NOT_YET:
        return Retry(f"{answered}, the file is not ready", retry_after=asked, of_file=True)
    if status in (404, 410):
        return Reject(
            "source_gone", f"field 'file': there is no longer anything at the URL ({status})"
        )
    if status in _SAYS_WHY:
        words = beginning()
        if has_expired(url, now) or _EXPIRED.search(words):
            return expired()
        if throttles(words) or any(headers.get(name) == "0" for name in _REMAINING):
            asked = asked or 0
    return _refusal(status, asked)


def _refusal(status: int, asked: int | None) -> Failure:
    """Tell throttling, which asks to wait, from a refusal that stays."""
    if asked is not None:
        return Retry(f"field 'file': the source throttles ({status})", retry_after=asked or None)
    if status in (401, 403, 407):
        return Reject(
            "source_denied", f"field 'file': the source denies access ({status}); {CHECK_ACCESS}"
        )
    return Reject(
        "source_refused",
        f"field 'file': the source answered {status}, where 200 and the file were expected",
    )


def throttles(words: bytes) -> bool:
    """Tell whether the words of a refusal are those of throttling."""
    return _THROTTLED.search(words) is not None


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
    causes = list(_causes(error))
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
    if isinstance(error, ValueError):  # requests, urllib3 and the codecs agree in this
        return unreadable()
    if isinstance(error, requests.Timeout):
        return Retry("field 'file': the source did not answer in time")
    return Retry(f"field 'file': the source cannot be reached ({type(error).__name__})")


def never_connected(error: Exception) -> bool:
    """Tell whether it failed before a word was said, and so whatever the file."""
    return any(
        isinstance(cause, (NewConnectionError, ConnectTimeoutError)) for cause in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Unwrap what requests and urllib3 wrapped, in the several ways they do."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        item = waiting.pop()
        if isinstance(item, BaseException) and id(item) not in seen:
            seen.add(id(item))
            yield item
            waiting += [item.__cause__, item.__context__, *item.args, getattr(item, "reason", None)]
