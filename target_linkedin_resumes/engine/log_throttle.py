"""Says the same thing once in a while, so that an outage does not fill the log. Pure."""

from __future__ import annotations

# Seconds between two lines about the same cause.
INTERVAL = 30


class LogThrottle:
    """Which of many like remarks are to be made."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def due(self, cause: str, now: float) -> int | None:
        """How many of this cause were left out since the last one; None if this one is as well."""
        said = self._said.get(cause)
        if said is not None and now < said + INTERVAL:
            self._unsaid[cause] = self._unsaid.get(cause, 0) + 1
            return None
        self._said[cause] = now
        return self._unsaid.pop(cause, 0)
