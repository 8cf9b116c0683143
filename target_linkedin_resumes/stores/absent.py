"""Which keys the ledger has no row of, told without asking its file.

A resume that is new is asked for up to four times before it has a row, and a statement costs a
thread that competes for the interpreter's lock several times what SQLite takes for it.
"""

from __future__ import annotations

_ASKED_AT_MOST = 20_000
# Of two million keys one in nine has its bit set by another one, and is asked for.
_PREFIX_BYTES = 3


class Absent:
    """Hashes of keys. From any thread, one of them at a time where it writes.

    ``began_empty`` says that there was no row when the ledger was opened: then a key is absent
    until it is written, also where nobody has asked for it yet. In 2 MiB, however many there are.
    """

    def __init__(self, *, began_empty: bool) -> None:
        self._asked: set[bytes] = set()
        self._written = bytearray(1 << (8 * _PREFIX_BYTES - 3)) if began_empty else None

    def __contains__(self, key: bytes) -> bool:
        """Whether there is no row, for sure; where not, there may be none either."""
        if self._written is not None:
            place = int.from_bytes(key[:_PREFIX_BYTES], "big")
            if not self._written[place >> 3] >> (place & 7) & 1:
                return True
        return key in self._asked

    def add(self, key: bytes) -> None:
        """Note that there is no row of a key."""
        if len(self._asked) >= _ASKED_AT_MOST:
            self._asked.clear()
        self._asked.add(key)

    def discard(self, key: bytes) -> None:
        """Note that there is to be a row of a key."""
        self._asked.discard(key)
        if self._written is not None:
            place = int.from_bytes(key[:_PREFIX_BYTES], "big")
            self._written[place >> 3] |= 1 << (place & 7)
