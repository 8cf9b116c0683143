"""How the page writes times, sizes, and ids that may hold any character."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

# Joiners belong to words and emoji; what else cannot be seen could make an id look like another.
_JOINERS = frozenset("\u200c\u200d")
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def plain(text: str) -> str:
    """A text with its invisible characters spelled out, such as ``<U+202E>``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"<U+{ord(character):04X}>"
        if unicodedata.category(character) in _UNSEEN and character not in _JOINERS
        else character
        for character in text
    )


def moment(ms: float) -> str:
    """A date and time in UTC, to the second."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def instant(ms: int) -> str:
    """A date and time in UTC, with milliseconds."""
    return f"{moment(ms // 1000 * 1000)}.{ms % 1000:03d}"


def clock(ms: int) -> str:
    """The time of day in UTC, with milliseconds."""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%H:%M:%S.") + f"{ms % 1000:03d}"


def duration(ms: int) -> str:
    """Milliseconds, or from a second on seconds."""
    if ms < 1000:
        return f"{ms} ms"
    return f"{ms / 1000:.1f} s" if ms < 100_000 else f"{ms / 1000:,.0f} s"


def size(count: int) -> str:
    """Bytes in the unit that suits them."""
    if count < 1000:
        return f"{count} B"
    value = count / 1024
    return f"{value:,.1f} KiB" if value < 1000 else f"{value / 1024:,.1f} MiB"
