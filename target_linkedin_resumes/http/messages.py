"""Requests and responses as plain values, before any socket. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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

    ``repeatable`` tells whether the transport may send it once more when a kept connection turns
    out to be closed: whether the server saw it is then unknown.
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

    def bearing(self, token: str) -> Request:
        """The same request with an access token."""
        return replace(self, headers={"Authorization": f"Bearer {token}", **self.headers})


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, read whole. The names in ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """A header's value, whatever the case of its name."""
        return self.headers.get(name.lower())
