"""The journal of every call: a file that has all, and a window in memory."""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from itertools import islice
from typing import TYPE_CHECKING, Any

from .pace import failed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_NOT_THERE = {404, 410}
_WINDOW = 100_000
_WINDOW_BYTES = 64 * 1024 * 1024


def not_there(entry: Mapping[str, Any]) -> list[int]:
    """Which records of a batch, from 0, were to be deleted and are not there: no failure."""
    if entry["endpoint"] != "batch_delete":
        return []
    answered = set(range(len(entry["key_statuses"]))).difference(entry["left_out"])
    return [n for n in sorted(answered) if entry["key_statuses"][n] in _NOT_THERE]


def failed_records(entry: Mapping[str, Any]) -> list[int]:
    """Which records a batch did not confirm: they failed, or the answer left them out."""
    refused = {n for n, status in enumerate(entry["key_statuses"]) if failed(status)}
    return sorted(refused.union(entry["left_out"]).difference(not_there(entry)))


class Journal:
    """Entries in the order in which calls ended, numbered from 1; begins anew with the sandbox.

    An entry never holds a token, a secret, a signed URL, a file name or a file's content.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def _open(self) -> None:
        self._path.touch(mode=0o600)
        self._path.chmod(0o600)
        self._file = self._path.open("wb", buffering=0)
        self._window: deque[bytes] = deque()
        self._bytes = 0
        self.last = 0
        self.calls: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.failed_records = 0
        self.not_there = 0

    def append(self, entry: dict[str, Any]) -> None:
        """Write an entry; it is given its ``seq``."""
        self.last += 1
        status = entry["status"]
        self.calls[entry["endpoint"]]["none" if status is None else str(status)] += 1
        self.failed_records += len(failed_records(entry))
        self.not_there += len(not_there(entry))
        line = json.dumps({"seq": self.last, **entry}, separators=(",", ":")).encode()
        self._file.write(line + b"\n")
        self._window.append(line)
        self._bytes += len(line)
        while len(self._window) > _WINDOW or self._bytes > _WINDOW_BYTES:
            self._bytes -= len(self._window.popleft())

    def page(self, after: int, limit: int) -> bytes:
        """JSON: ``{"first": n, "last": n, "entries": [...]}``, entries with a seq above ``after``.

        ``first`` is the oldest entry still in memory; older ones are in the file.
        """
        first = self.first
        start = max(after + 1, first) - first
        stop = min(start + limit, len(self._window))
        entries = b",".join(self._window[index] for index in range(start, stop))
        return b'{"first":%d,"last":%d,"entries":[%s]}' % (first, self.last, entries)

    @property
    def first(self) -> int:
        """The seq of the oldest entry still in memory, one more than ``last`` if there is none."""
        return self.last - len(self._window) + 1

    def newest(
        self, limit: int, first: int, before: int, wanted: Callable[[bytes], bool] | None
    ) -> list[dict[str, Any]]:
        """At most ``limit`` entries in memory, newest first, from ``before`` (not it) to ``first``.

        ``wanted`` is asked about an entry's line of JSON; None takes all.
        """
        start, stop = max(0, self.last + 1 - before), max(0, self.last + 1 - first)
        lines = islice(reversed(self._window), start, stop)
        # A line is never empty, so that without a question all lines stay.
        return [json.loads(line) for line in islice(filter(wanted, lines), limit)]

    def get(self, seq: int) -> dict[str, Any] | None:
        """The entry with this seq, if it is still in memory."""
        if not self.first <= seq <= self.last:
            return None
        entry: dict[str, Any] = json.loads(self._window[seq - self.first])
        return entry

    def clear(self) -> None:
        """Begin anew, in the file too."""
        self._file.close()
        self._open()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
