"""HTTP requests and responses as plain values, and the errors that come instead. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from target_linkedin_resumes.http.urls import Url


class Readable(Protocol):
    """A binary file that can be read from its beginning, more than once."""

    def read(self, size: int = -1, /) -> bytes:
        """Read up to ``size`` bytes."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a position."""
        ...


@dataclass(frozen=True, slots=True)
class Stream:
    """A body that is read while it is sent: exactly ``size`` bytes of ``file``, from its start."""

    file: Readable = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. ``body`` None sends no Content-Length, empty bytes send 0.

    ``repeatable`` allows the transport to send it once more when a kept connection turns out to
    be closed: whether the server saw it is then unknown.
    """

    method: str
    url: Url
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | Stream | None = field(default=None, repr=False)
    repeatable: bool = True

    @property
    def size(self) -> int:
        """Bytes of the body."""
        if self.body is None:
            return 0
        return len(self.body) if isinstance(self.body, bytes) else self.body.size

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """Return the same request with headers before its own, which win."""
        both = {**headers, **self.headers}
        return Request(self.method, self.url, both, self.body, self.repeatable)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, read whole. The names in ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """Return a header's value, whatever the case of its name."""
        return self.headers.get(name.lower())


def retry_after(value: str | None, now: datetime) -> int | None:
    """Read the header ``Retry-After`` (RFC 9110, 10.2.3), seconds or a date, into whole seconds.

    ``now`` is an aware time. A date in the past gives 0, and what cannot be read None: dates of
    servers hold years and time zones of any number of digits.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    try:
        date = parsedate_to_datetime(text)
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0, math.ceil((aware - now).total_seconds()))
    except (ValueError, OverflowError):
        return None


class TransportError(Exception):
    """No response: the connection failed, or what came is not HTTP.

    ``reason`` names no more of the URL than its host. ``kind`` is for metrics.
    """

    kind = "connection"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TimedOut(TransportError):
    """No response in time: whether the server did the work is unknown."""

    kind = "timeout"


class Stale(TransportError):
    """The server closed a kept connection; it may or may not have done the work."""


class Untrusted(TransportError):
    """The server's TLS certificate is not trusted."""

    kind = "certificate"


class ProxyRefused(TransportError):
    """The proxy does not let this request through (401, 403, 407)."""

    kind = "proxy"


class BodyChanged(TransportError):
    """The body was shorter or longer than announced, or could not be read."""

    kind = "body"


class InvalidRequest(TransportError):
    """The URL or a header holds what may not go on the wire."""

    kind = "request"
