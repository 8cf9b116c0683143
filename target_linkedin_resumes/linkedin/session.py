"""One call to LinkedIn made, measured and read; whoever asked decides what its answer means."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from target_linkedin_resumes.errors import Failure
from target_linkedin_resumes.http.faults import TransportError
from target_linkedin_resumes.http.messages import Request
from target_linkedin_resumes.http.transport import Transport
from target_linkedin_resumes.linkedin.limits import RequestsPerDay
from target_linkedin_resumes.linkedin.outcomes import Row, describe, failure
from target_linkedin_resumes.linkedin.responses import Answer, Call, call_answer

logger = logging.getLogger(__name__)

# Told after each call: its name, its status or kind of fault, seconds, bytes of the body sent.
Observe = Callable[[str, str, float, int], None]

# LinkedIn counts requests by resource, and both batch methods go to one.
_RESOURCES = {
    Call.BATCH_UPDATE: "tcrmCandidateResumes",
    Call.BATCH_DELETE: "tcrmCandidateResumes",
}


def utc_now() -> datetime:
    """The time of day in UTC."""
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
        observe: Observe = lambda _call, _outcome, _seconds, _size: None,
    ) -> None:
        self.clock = clock
        self._transport = transport
        self._now = now
        self._requests_per_day = requests_per_day
        self._observe = observe

    def make(self, call: Call, request: Request) -> Answer:
        """Send a request; a transport's failure is an answer too.

        Raises :class:`QuotaSpent` without sending when the day's requests are used up, and
        whatever failure reading a streamed body raises.
        """
        if self._requests_per_day is not None:
            self._requests_per_day.take(_RESOURCES.get(call, call.value))
        begun = self.clock()
        try:
            answer = call_answer(call, self._transport.send(request))
            outcome = str(answer.status)
        except TransportError as fault:
            answer = Answer(call, fault=fault)
            outcome = fault.kind
        seconds = self.clock() - begun
        self._observe(call.value, outcome, seconds, request.size)
        logger.debug("%s: %s in %.3f s, x-li-uuid %s", call, outcome, seconds, answer.uuid)
        return answer

    def failure(self, answer: Answer, row: Row) -> Failure:
        """The failure that a row of the table makes of an answer."""
        return failure(answer, row, self._now)

    def unreadable(self, answer: Answer, what: str) -> str:
        """The message for a success that lacks what a success has to bring."""
        return describe(answer, f"the answer cannot be used: {what}")
