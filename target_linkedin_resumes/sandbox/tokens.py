"""Access tokens of the client-credentials flow."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakSet

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_LENGTH = 840  # bytes of randomness: 1,120 characters; LinkedIn asks to be ready for 1,000
_REMEMBERED = 1000
_CLOSE_TO_END = 120
_GRACE = 5
_PATIENCE = 2


@dataclass(slots=True)
class Token:
    """A token and what has been done with it; times are epoch seconds."""

    client: str
    minted_at: float
    expires_at: float
    delivered: bool = True
    """False when a fault kept the client from receiving it."""
    rejected_at: float | None = None
    connections: WeakSet[asyncio.Transport] = field(default_factory=WeakSet)
    """Where it was minted or used: shows whether its holder still runs."""
    refusals: WeakKeyDictionary[asyncio.Transport, int] = field(default_factory=WeakKeyDictionary)


class Tokens:
    """All tokens of a sandbox. ``ttl`` is in seconds, ``clock`` gives epoch seconds."""

    def __init__(self, ttl: int, clock: Callable[[], float]) -> None:
        self.ttl = ttl
        self.minted = 0
        self._clock = clock
        self._tokens: dict[str, Token] = {}
        self._newest: dict[str, Token] = {}

    def clear(self) -> None:
        """Forget all; what is in use becomes unknown."""
        self.minted = 0
        self._tokens.clear()
        self._newest.clear()

    def get(self, text: str) -> Token | None:
        """The token of this text."""
        return self._tokens.get(text)

    def mint(self, client: str, connection: asyncio.Transport) -> tuple[str, Token, int | None]:
        """Text, token, and the seconds an earlier one had left if it should have been used.

        An earlier token counts while its holder is still connected, has been given it, was not
        refused with it, and has more than two minutes and more than half of its life left.
        """
        now = self._clock()
        earlier, wasted = self._newest.get(client), None
        if earlier is not None and earlier.delivered and earlier.rejected_at is None:
            left = earlier.expires_at - now
            running = any(not used.is_closing() for used in earlier.connections)
            if running and left > _CLOSE_TO_END and left > self.ttl / 2:
                wasted = int(left)
        text = "AQV" + secrets.token_urlsafe(_LENGTH)
        token = Token(client, now, now + self.ttl)
        token.connections.add(connection)
        self._tokens[text] = self._newest[client] = token
        self.minted += 1
        if len(self._tokens) > _REMEMBERED:
            self._tokens.pop(next(iter(self._tokens)))
        return text, token, wasted

    def valid(self, token: Token, connection: asyncio.Transport) -> bool:
        """Use a token over a connection; whether it still lives."""
        now = self._clock()
        token.connections.add(connection)
        return now < token.expires_at

    def refused(self, token: Token, connection: asyncio.Transport) -> None:
        """Note that a client was told over a connection that its token is refused."""
        if token.rejected_at is None:
            token.rejected_at = self._clock()
        token.refusals[connection] = token.refusals.get(connection, 0) + 1

    def stubborn(self, token: Token, connection: asyncio.Transport) -> bool:
        """Whether a token keeps being sent although its client was told that it is refused.

        Calls under way when a token ends are fair: three on one connection, and any within five
        seconds of the first refusal.
        """
        if token.rejected_at is None:
            return False
        since = self._clock() - token.rejected_at
        return token.refusals.get(connection, 0) >= _PATIENCE or since > _GRACE

    def expire(self, token: Token) -> None:
        """End a token's life now."""
        token.expires_at = min(token.expires_at, self._clock())
