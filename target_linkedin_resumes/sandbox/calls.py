"""One call while it is worked on: what the journal will say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .exchange import new_uuid

if TYPE_CHECKING:
    from .faults import Pair
    from .tokens import Token


@dataclass(slots=True)
class Call:
    """A call; times are in milliseconds, ``at`` since the epoch."""

    endpoint: str
    method: str
    at: int
    tunnelled: bool = False
    client: str | None = None
    token: Token | None = None
    minted: bool = False
    refused: bool = False
    """Whether ``token`` has expired."""
    status: int | None = None
    fault: str | None = None
    rules: list[dict[str, Any]] = field(default_factory=list)
    keys: list[Pair] = field(default_factory=list)
    key_statuses: list[int | None] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)
    """Which of ``keys``, from 0, were worked on and then left out of the answer."""
    gone: bool = False
    uuid: str = field(default_factory=new_uuid)

    def entry(self, duration_ms: int, bytes_in: int) -> dict[str, Any]:
        """The journal's entry; ``status`` is null if no answer was sent whole."""
        return {
            "at": self.at,
            "endpoint": self.endpoint,
            "client": self.client,
            "method": self.method,
            "tunnelled": self.tunnelled,
            "status": self.status,
            "duration_ms": duration_ms,
            "bytes_in": bytes_in,
            "ids": len(self.keys),
            "keys": self.keys,
            "key_statuses": self.key_statuses,
            "left_out": self.left_out,
            "fault": self.fault,
            "rules": self.rules,
            "gone": self.gone,
            "x_li_uuid": self.uuid,
        }
