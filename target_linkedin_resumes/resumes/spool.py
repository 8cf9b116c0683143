"""A place for bytes on their way from a source to LinkedIn.

A resume of up to 1 MiB is kept in memory as long as all of them together take no more than 32 MiB;
what is larger, or one too many, is kept on disk. So memory does not grow with the number of
workers, and none of them has to wait for another. The file on disk has no name from the moment it
is made, so nothing of it is left when the process ends, in whatever way.
"""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Self

from target_linkedin_resumes.errors import Failure, Reject, Retry
from target_linkedin_resumes.resumes.bodies import MAX_SIZE, Body, Found

IN_MEMORY = 1024 * 1024
ALL_IN_MEMORY = 16 * 1024 * 1024


class Budget:
    """Bytes that all spools may hold in memory together. For many threads at once."""

    def __init__(self, total: int) -> None:
        self._left = total
        self._lock = threading.Lock()

    def take(self, count: int) -> bool:
        """Take so many bytes, if they are there."""
        with self._lock:
            taken = count <= self._left
            self._left -= count if taken else 0
            return taken

    def give_back(self, count: int) -> None:
        """Give back what was taken."""
        with self._lock:
            self._left += count


BUDGET = Budget(ALL_IN_MEMORY)


@contextmanager
def spooled(
    pieces: Generator[bytes, None, None], name: str | None = None, told: tuple[str, ...] = ()
) -> Iterator[Found]:
    """Take in all pieces, close their source, then give them as a body; the rest as in Found.

    Raises :class:`Reject` (``file_too_large``) as soon as there is a byte more than LinkedIn
    takes, whatever was announced, and :class:`Retry` when the disk is full.
    """
    with _Spool(BUDGET) as spool:
        try:
            size = _fill(spool, pieces)
        finally:
            with suppress(Failure):  # what the source makes of its being left alone
                pieces.close()
        yield Found(Body(spool.file, size), size, name, told)


class _Spool:
    """A temporary file that is in memory while it is small and the budget lasts."""

    def __init__(self, budget: Budget) -> None:
        self.file: IO[bytes] = io.BytesIO()
        self._budget = budget
        self._taken = 0
        self._in_memory = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self._budget.give_back(self._taken)

    def write(self, piece: bytes) -> None:
        """Write at the end. Raises :class:`OSError`."""
        if self._in_memory:
            small = self._taken + len(piece) <= IN_MEMORY
            self._in_memory = small and self._budget.take(len(piece))
            if self._in_memory:
                self._taken += len(piece)
            else:
                self._go_to_disk()
        self.file.write(piece)

    def _go_to_disk(self) -> None:
        held = self.file
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the spool
        with held:
            held.seek(0)
            self.file.write(held.read())
        self._budget.give_back(self._taken)
        self._taken = 0


def _fill(spool: _Spool, pieces: Iterable[bytes]) -> int:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_SIZE:
            raise too_large()
        try:
            spool.write(piece)
        except OSError as error:
            raise Retry(
                f"writing to the directory for temporary files (TMPDIR) failed ({error.strerror})"
            ) from None
    return size


def too_large() -> Reject:
    """Make the reject for a file of more than 10 MiB."""
    return Reject(
        "file_too_large",
        f"field 'file': the file is larger than the {MAX_SIZE} bytes that LinkedIn takes; replace"
        " it by a smaller one",
    )
