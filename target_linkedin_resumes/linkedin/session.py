"""One customer's session with LinkedIn: its settings, and the one place where each call is made."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

from target_linkedin_resumes.errors import Failure, Misconfigured
from target_linkedin_resumes.http.client import Transport
from target_linkedin_resumes.http.messages import Request, TransportError
from target_linkedin_resumes.http.urls import Url, parse_url
from target_linkedin_resumes.linkedin.gates import Gates
from target_linkedin_resumes.linkedin.limits import RequestsPerDay
from target_linkedin_resumes.linkedin.outcomes import Rule, describe, failure
from target_linkedin_resumes.linkedin.responses import ApiResponse, Call, read_response

logger = logging.getLogger(__name__)

API_URL = "https://api.linkedin.com"
TOKEN_URL = "https://www.linkedin.com/oauth/v2/accessToken"  # noqa: S105 - an address

# Python and platform are left out: LinkedIn needs to know who calls, not from what machine.
USER_AGENT = f"target-linkedin-resumes/{version('target-linkedin-resumes')}"

# Called after each call with its name, its status or kind of error, seconds, bytes of the body.
Observe = Callable[[str, str, float, int], None]


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Settings of one customer.

    ``organization`` and ``contract`` are URNs (``urn:li:organization:1``, ``urn:li:contract:1``).
    ``blob_ttl`` is LinkedIn's ``{"duration": 72, "unit": "HOUR"}``; None keeps the file.
    ``api_version`` is the month of a version of LinkedIn's API, ``202604``; None is the one
    without versions.
    """

    organization: str
    contract: str
    client_id: str
    client_secret: str = field(repr=False)
    api_url: str = API_URL
    token_url: str = TOKEN_URL
    blob_ttl: Mapping[str, int | str] | None = None
    api_version: str | None = None


def endpoint(setting: str, value: str, path: str = "") -> Url:
    """Return the URL of ``path`` below the value of a setting, which may end in a slash.

    Raises :class:`Misconfigured` unless it is an https URL without a query; http is for loopback.
    """
    expectation = "an https URL such as https://api.linkedin.com, without user name, '?' and '#'"
    try:
        url = parse_url(value.strip().rstrip("/") + path)
    except ValueError as error:
        raise Misconfigured(f"setting {setting}: expected {expectation}; {error}") from None
    if "?" in url.target:
        raise Misconfigured(f"setting {setting}: expected {expectation}")
    if not url.origin.is_secure:
        raise Misconfigured(
            f"setting {setting}: expected an https URL (http is for this machine's loopback"
            f" alone), not {url.origin}"
        )
    return url


def resource(settings: ClientSettings, name: str) -> Url:
    """Return the URL of a resource of the API. Raises as :func:`endpoint` does."""
    prefix = "v2" if settings.api_version is None else "rest"
    return endpoint("api_url", settings.api_url, f"/{prefix}/{name}")


def utc_now() -> datetime:
    """Return the time of day in UTC."""
    return datetime.now(UTC)


class Session:
    """Makes calls. May be used by many threads at once, as its parts may.

    ``clock`` gives seconds that never go back, ``now`` the time in UTC.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
        requests_per_day: RequestsPerDay | None = None,
        gates: Gates | None = None,
        observe: Observe = lambda _call, _outcome, _seconds, _size: None,
    ) -> None:
        self.clock = clock
        self._transport = transport
        self._now = now
        self._requests_per_day = requests_per_day
        self.gates = gates or Gates(clock, now)
        self._observe = observe

    def send(
        self, call: Call, request: Request, more: Callable[[], Mapping[str, str]] = dict
    ) -> ApiResponse:
        """Send a request; a transport error comes back as a response without a status.

        Waits while the endpoint is out. ``more`` gives further headers after that: an access token
        that was fetched before could be refused by then. Raises without sending :class:`Retry` when
        the wait takes too long, and :class:`QuotaSpent` when the day's requests are used up; and
        whatever failure ``more`` or reading a streamed body raises.
        """

        def send() -> ApiResponse:
            return self._send(call, request.with_headers({"User-Agent": USER_AGENT, **more()}))

        return self.gates.send(call, request.url.origin, send)

    def _send(self, call: Call, request: Request) -> ApiResponse:
        if self._requests_per_day is not None:
            self._requests_per_day.take(call.resource)
        begun = self.clock()
        try:
            response = read_response(call, self._transport.send(request))
            outcome = str(response.status)
        except TransportError as error:
            response = ApiResponse(call, error=error)
            outcome = error.kind
        seconds = self.clock() - begun
        self._observe(call, outcome, seconds, request.size)
        logger.debug("%s: %s in %.3f s, x-li-uuid %s", call, outcome, seconds, response.uuid)
        return response

    def failure(self, response: ApiResponse, rule: Rule) -> Failure:
        """Make the failure that a rule of the table makes of a response."""
        return failure(response, rule, self._now())

    def unreadable(self, response: ApiResponse, what: str) -> str:
        """Say that a success lacks what a success has to bring."""
        return describe(response, f"the answer cannot be used: {what}")
