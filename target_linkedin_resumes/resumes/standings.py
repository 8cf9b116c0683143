"""How the sources do: a gate for each host, and listed sources that refuse everything. Pure."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import backoff

from target_linkedin_resumes.errors import Reject, Retry, Stop
from target_linkedin_resumes.http.gate import Call, Gate, Shut
from target_linkedin_resumes.resumes.spool import NotModified

# Records may name any number of hosts. What is forgotten is no more than a wait.
_MOST_HOSTS = 1000
# So many files in a row, and it is no longer the file.
_IN_A_ROW = 10
# What a source answers that has lost its credentials, its name or its certificate.
_REFUSALS = frozenset(
    {"source_denied", "source_error_page", "source_login_page", "source_unreachable"}
)


class NotAsked(Retry):
    """The source is spared for now."""

    tried = False


@dataclass(slots=True)
class _Door:
    """A gate, and why it is shut."""

    gate: Gate
    why: str = ""


class Gates:
    """A gate for each host. May be used by many threads.

    ``longest_asked`` is how many seconds a server may ask for at most; the rest is as with
    :class:`Gate`.
    """

    def __init__(
        self,
        longest_asked: int = 900,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float], float] = backoff.full_jitter,
    ) -> None:
        self.longest_asked = longest_asked
        self.clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._doors: OrderedDict[str, _Door] = OrderedDict()

    @contextmanager
    def call(self, host: str, subject: str) -> Iterator[Call]:
        """Pass the gate of a host, to ask for one file. Raises :class:`NotAsked` if it is shut."""
        door = self._door(host)
        try:
            call = door.gate.call(hash(subject))
        except Shut as shut:
            seconds = math.ceil(shut.seconds)
            raise NotAsked(f"{door.why}; it is not called for now", retry_after=seconds) from None
        with call:
            try:
                yield call
            except Retry as retry:
                if call.success is False:
                    door.why = retry.message
                raise

    def _door(self, host: str) -> _Door:
        with self._lock:
            door = self._doors.get(host)
            if door is None:
                gate = Gate(self.clock, jitter=self._jitter, longest_asked=self.longest_asked)
                door = self._doors[host] = _Door(gate)
            self._doors.move_to_end(host)
            if len(self._doors) > _MOST_HOSTS:
                self._doors.popitem(last=False)
        return door


class Standing:
    """Whether a listed source as a whole gives nothing. May be used by many threads.

    One file that is denied is a reject. Where the source denies one file after another, the
    credentials have expired or all of it is throttled: then it is asked now and then, and after
    ``retry_seconds`` the run stops, rather than make a reject of each record.
    """

    def __init__(self, setting: str, gates: Gates, retry_seconds: int) -> None:
        self._setting = setting
        self._gates = gates
        self._retry_seconds = retry_seconds
        self._lock = threading.Lock()
        self._failed: set[int] = set()  # files since the last that came
        self._since = 0.0

    @contextmanager
    def fetching(self, location: str) -> Iterator[None]:
        """Fetch one file of this source; what it raises is judged by how the others fared."""
        try:
            with self._gates.call(self._setting, location) as call:
                try:
                    yield
                except NotModified:
                    self._came(call)
                    raise
                except Reject as reject:
                    if not reject.code.startswith("source_"):
                        self._came(call)  # it is the file that is not taken
                    if reject.code not in _REFUSALS or not self._all_fail(location):
                        raise
                    call.failed()
                    raise Retry(reject.message) from None
                self._came(call)
        except Retry as retry:
            if not retry.of_file and self._all_fail(
                None if isinstance(retry, NotAsked) else location
            ):
                self._stop_if_it_lasts(retry)
            raise

    def _came(self, call: Call) -> None:
        call.succeeded()
        if self._failed:
            with self._lock:
                self._failed.clear()

    def _all_fail(self, location: str | None) -> bool:
        """Note a failure; tell whether so many have failed in a row that it is the source's."""
        with self._lock:
            if not self._failed:
                self._since = self._gates.clock()
            if location is not None and len(self._failed) < _IN_A_ROW:
                self._failed.add(hash(location))
            return len(self._failed) >= _IN_A_ROW

    def _stop_if_it_lasts(self, retry: Retry) -> None:
        lasted = self._gates.clock() - self._since
        if lasted >= self._retry_seconds:
            raise Stop(
                f"setting `{self._setting}`: the source has given no file for {lasted:.0f} s"
                f" (setting retry_seconds={self._retry_seconds}). Last reason: {retry.message}."
                " Run again later: it goes on from the last state."
            ) from None
