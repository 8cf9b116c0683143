"""Which state may be printed. Pure.

Everything read that has to be settled takes a position; a STATE is remembered with the position
at which it arrived. It may be printed once every lower position is settled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

State = Mapping[str, Any]

# Bytes of JSON in all waiting states together; in memory they take some five times as much. Beyond
# it every second waiting state is forgotten: those that remain are as true, only further apart.
MAX_WAITING_BYTES = 4 * 1024 * 1024


class Checkpoints:
    """Positions read, positions settled, and the states between them."""

    def __init__(self) -> None:
        self._next = 0
        self.settled = 0
        """How many positions there are before the lowest one that is not settled."""
        self._settled_above: set[int] = set()
        self._waiting: list[tuple[int, State, int]] = []
        self._waiting_bytes = 0
        self.covered = 0
        """How many positions the state that was given last covers."""

    def take(self) -> int:
        """Take the next position; it is unsettled."""
        position = self._next
        self._next += 1
        return position

    def arrived(self, state: State, size: int) -> None:
        """Remember a state of ``size`` bytes that covers all positions taken so far."""
        if self._waiting and self._waiting[-1][0] == self._next:
            self._waiting_bytes -= self._waiting.pop()[2]
        self._waiting.append((self._next, state, size))
        self._waiting_bytes += size
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self._waiting = self._waiting[-1::-2][::-1]
            self._waiting_bytes = sum(kept for _, _, kept in self._waiting)

    def settle(self, positions: Iterable[int]) -> None:
        """Mark positions as settled. Each position is settled once."""
        self._settled_above.update(positions)
        while self.settled in self._settled_above:
            self._settled_above.remove(self.settled)
            self.settled += 1

    def due(self) -> bool:
        """Tell whether a state may be printed."""
        return bool(self._waiting) and self._waiting[0][0] <= self.settled

    def take_due(self) -> State | None:
        """Give the newest state that may be printed, once, and forget the older ones."""
        newest: State | None = None
        covered = 0
        for position, state, size in self._waiting:
            if position > self.settled:
                break
            newest = state
            covered += 1
            self.covered = position
            self._waiting_bytes -= size
        del self._waiting[:covered]
        return newest

    @property
    def span(self) -> int:
        """How many positions a run that is killed now would have to read again."""
        return self._next - self.settled

    @property
    def unsettled(self) -> int:
        """How many positions are not settled."""
        return self.span - len(self._settled_above)
