"""The one place where each call to LinkedIn is made."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version

from target_linkedin_resumes.errors import Failure
from target_linkedin_resumes.http.client import Transport
from target_linkedin_resumes.http.messages import Request, TransportError
from target_linkedin_resumes.linkedin.gates import Gates
from target_linkedin_resumes.linkedin.limits import RequestsPerDay
from target_linkedin_resumes.linkedin.outcomes import Rule, describe, failure
from target_linkedin_resumes.linkedin.responses import ApiResponse, Call, read_response

logger = logging.getLogger(__name__)

# Python and platform are left out: LinkedIn needs to know who calls, not from what machine.
USER_AGENT = f"target-linkedin-resumes/{version('target-linkedin-resumes')}"

# Called after each call with its name, its status or kind of error, seconds, bytes of the body.
Observe = Callable[[str, str, float, int], None]


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
        except TransportError as error:
            response = ApiResponse(call, error=error)
        seconds, came = self.clock() - begun, response.came
        self._observe(call, came, seconds, request.size)
        logger.debug("%s: %s in %.3f s, x-li-uuid %s", call, came, seconds, response.uuid)
        return response

    def failure(self, response: ApiResponse, rule: Rule) -> Failure:
        """Make the failure that a rule of the table makes of a response."""
        return failure(response, rule, self._now())

    def unreadable(self, response: ApiResponse, what: str) -> str:
        """Say that a success lacks what a success has to bring."""
        return describe(response, f"the answer cannot be used: {what}")
