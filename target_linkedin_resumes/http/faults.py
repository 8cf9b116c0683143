"""What can come instead of a response. One family::

TransportError        the connection failed, or what came is not HTTP
├── TimedOut          no answer in time: whether the server did the work is unknown
├── Stale             the server closed a kept connection; it may or may not have done the work
├── Untrusted         the server's TLS certificate is not trusted
├── ProxyRefused      the proxy does not let this request through (401, 403, 407)
├── BodyChanged       the body was shorter or longer than announced, or could not be read
└── InvalidRequest    the URL or a header holds what may not go on the wire
"""

from __future__ import annotations


class TransportError(Exception):
    """No response. ``reason`` names no more of the URL than its host."""

    kind = "connection"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TimedOut(TransportError):
    """No answer in time."""

    kind = "timeout"


class Stale(TransportError):
    """The server closed a kept connection instead of answering."""


class Untrusted(TransportError):
    """The server's TLS certificate is not trusted."""

    kind = "certificate"


class ProxyRefused(TransportError):
    """The proxy does not let this request through."""

    kind = "proxy"


class BodyChanged(TransportError):
    """The body is not what it was announced to be."""

    kind = "body"


class InvalidRequest(TransportError):
    """The URL or a header holds what may not go on the wire."""

    kind = "request"
