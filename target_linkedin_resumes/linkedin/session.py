"""The one place where each call to LinkedIn is made: behind its endpoint's gate, and counted.

LinkedIn counts calls by application and day, and bars what hammers. Waits that grow for each record
do not spare an endpoint that thousands of records wait for; its gate does (`http/gate.py`). Who
comes while it is shut waits there: the source of a resume is opened by then, and another resume in
its place would be stopped at the same gate.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import ceil, inf

from target_linkedin_resumes.errors import Failure, Retry
from target_linkedin_resumes.http.client import Transport
from target_linkedin_resumes.http.gate import Call as Passage
from target_linkedin_resumes.http.gate import Gate, Shut
from target_linkedin_resumes.http.messages import (
    BodyChanged,
    Request,
    TimedOut,
    TransportError,
    retry_after,
)
from target_linkedin_resumes.http.urls import Origin
from target_linkedin_resumes.linkedin.limits import RequestsPerDay
from target_linkedin_resumes.linkedin.outcomes import (
    LONGEST_RETRY_AFTER,
    TRANSIENT,
    Action,
    Rule,
    decide,
    describe,
    failure,
)
from target_linkedin_resumes.linkedin.responses import ApiResponse, Call, read_response

logger = logging.getLogger(__name__)

# Python and platform are left out: LinkedIn needs to know who calls, not from what machine.
USER_AGENT = f"target-linkedin-resumes/{version('target-linkedin-resumes')}"

# Seconds that a thread waits at a gate that shuts again and again. The first wait is as long as it
# takes; then the record has to count its tries, so that the run ends if they have been enough.
_PATIENCE = 30
# Seconds without a single success until that is said as an error.
_SILENCE = 5
# Seconds between two lines of the log about the same endpoint.
_LOG_INTERVAL = 30
_TOO_MANY_REQUESTS = 429
_OUT = "calls to it wait, and one call at a time tests whether it works again"
# With a capital: the sandbox's client id, which is masked in the log, is the word itself.
_NEVER_HERE = (
    "no call has succeeded yet. Sandbox or proxy: check whether it runs on this machine, and the"
    " settings api_url and token_url"
)
_NEVER = (
    "no call has succeeded yet; check the network, the proxy if there is one (HTTPS_PROXY), and the"
    " settings api_url and token_url"
)

# Called after each call with its name, its status or kind of error, seconds, bytes of the body.
Observe = Callable[[str, str, float, int], None]


def utc_now() -> datetime:
    """Return the time of day in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class _Endpoint:
    gate: Gate
    came: str = "nothing yet"  # instead of a success, at last; empty after one
    said: bool = False  # that it is out
    said_at: float = -inf


class Session:
    """Makes calls. May be used by many threads at once, as its parts may.

    ``clock`` gives seconds that never go back, ``now`` the time in UTC. ``longest_asked`` bounds a
    server's ``Retry-After``, in seconds. ``wait`` lets seconds pass.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
        requests_per_day: RequestsPerDay | None = None,
        observe: Observe = lambda _call, _outcome, _seconds, _size: None,
        longest_asked: float = LONGEST_RETRY_AFTER,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self.clock = clock
        self._transport = transport
        self._now = now
        self._requests_per_day = requests_per_day
        self._observe = observe
        self._patience = min(_PATIENCE, longest_asked)
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._lock = threading.Lock()
        self._endpoints = {
            call.resource: _Endpoint(Gate(clock, longest_asked=longest_asked)) for call in Call
        }
        self._first_call: tuple[float, Call, Origin] | None = None  # and when it began
        self._silent = True  # no call has succeeded yet, nor was that said
        self._failed: ApiResponse | None = None  # the last call that did

    def stop_waiting(self) -> None:
        """From now on nobody waits at a gate that is shut: the run is to end."""
        self._stopping.set()

    def send(
        self, call: Call, request: Request, more: Callable[[], Mapping[str, str]] = dict
    ) -> ApiResponse:
        """Send a request; a transport error comes back as a response without a status.

        Waits while the endpoint is out. ``more`` gives further headers after that: an access token
        that was fetched before could be refused by then. Raises without sending :class:`Retry` when
        the wait takes too long, and :class:`QuotaSpent` when the day's requests are used up; and
        whatever failure ``more`` or reading a streamed body raises.
        """
        endpoint = self._endpoints[call.resource]
        if self._first_call is None:
            self._first_call = (self.clock(), call, request.url.origin)
        waited = 0.0
        while True:
            try:
                with endpoint.gate.call() as passage:
                    headers = {"User-Agent": USER_AGENT, **more()}
                    response = self._send(call, request.with_headers(headers))
                    self._note(endpoint, passage, response)
                    return response
            except Shut as shut:
                enough = waited and waited + shut.seconds > self._patience
                if enough or self._stopping.is_set():
                    raise Retry(
                        f"{call} was not called: it is failing, and one call at a time tests"
                        " whether it works again",
                        retry_after=ceil(shut.seconds),
                        cause=f"{call} {endpoint.came}",
                    ) from None
                self._wait_at(shut.seconds)
                waited += shut.seconds

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

    def _wait_at(self, seconds: float) -> None:
        while seconds > 0 and not self._stopping.is_set():
            part = min(seconds, _SILENCE)
            self._wait(part)
            seconds -= part
            self.look()

    def _note(self, endpoint: _Endpoint, passage: Passage, response: ApiResponse) -> None:
        came = _failure(response)
        if came is None:
            passage.succeeded()
            if endpoint.came or self._silent:
                self._works(endpoint, response)
            return
        asked = retry_after(response.retry_after, self._now())
        doubtful = response.status != _TOO_MANY_REQUESTS
        passage.failed(asked, doubtful=doubtful)
        with self._lock:
            self._failed = response
            # As the gate has it: one failure among successes may be that of one call alone.
            out = not doubtful or asked is not None or bool(endpoint.came)
            endpoint.came = came
            say = out and not endpoint.said and self.clock() >= endpoint.said_at + _LOG_INTERVAL
            if say:
                endpoint.said, endpoint.said_at = True, self.clock()
        if say:
            logger.warning("%s", describe(response, _OUT))
        self.look()

    def _works(self, endpoint: _Endpoint, response: ApiResponse) -> None:
        with self._lock:
            self._silent = False
            said, endpoint.said, endpoint.came = endpoint.said, False, ""
        if said:
            logger.info("%s works again", response.call)

    def look(self) -> None:
        """Say once, after a few seconds, that no call has succeeded: that is no outage.

        To be called now and then, since the first call may have no answer for as long as it lasts.
        """
        with self._lock:
            if not self._silent or self._first_call is None:
                return
            begun, call, origin = self._first_call
            if self.clock() < begun + _SILENCE:
                return
            self._silent = False
            failed = self._failed
        hangs = TimedOut(f"{origin.host} has not answered for {_SILENCE} s")
        came = failed or ApiResponse(call, error=hangs)
        logger.error("%s", describe(came, _NEVER_HERE if origin.is_loopback else _NEVER))


def _failure(response: ApiResponse) -> str | None:
    """Name what came where the endpoint itself failed, and not this one request."""
    failed = response.error is not None or response.status in TRANSIENT
    if not failed or isinstance(response.error, BodyChanged):
        return None
    return response.came if decide(response).action in {Action.RETRY, Action.NEW_URL} else None
