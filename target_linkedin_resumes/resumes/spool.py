"""A resume's bytes between source and LinkedIn: a sized reader, and the place they are kept in.

A resume of up to 1 MiB is kept in memory while all of them together take no more than 16 MiB. A
larger one, or one too many, is written to a temporary file. So memory does not grow with the
number of workers, and no worker waits for another. The file has no name from the moment it is
made, so nothing of it is left behind, however the process ends.
"""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Self

from target_linkedin_resumes.errors import Failure, Reject, Retry, Stop
from target_linkedin_resumes.http.messages import Readable
from target_linkedin_resumes.records import Content

# LinkedIn's limit for a resume.
MAX_SIZE = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a source: its bytes, their number, and the name that the source gives it.

    ``validators`` are what the source says of the bytes: while they are the same, so are the
    bytes. Empty where the source says nothing that holds so much. ``content_type`` is the one that
    it declares; of that only the charset counts.
    """

    body: SizedReader
    size: int
    name: str | None = field(default=None, repr=False)
    validators: tuple[str, ...] = field(default=(), repr=False)
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class OpenedResume:
    """A resume that LinkedIn takes, ready to be sent.

    ``content_type`` is the one to declare to LinkedIn, ``size`` the exact number of bytes that
    ``body`` yields. ``body`` stands at its beginning; ``seek(0)`` takes it there again.
    ``content`` is set where it was asked for. ``converted`` says that the bytes are not those of
    the source.
    """

    content_type: str
    filename: str = field(repr=False)
    size: int
    body: SizedReader = field(repr=False)
    content: Content | None = None
    converted: bool = False


class NotModified(Exception):
    """The file is the known one, by its validators or by its bytes. Not an error."""


# Tells by its validators whether a file is the one that is known.
IsKnown = Callable[[tuple[str, ...]], bool]


def nothing_known(_validators: tuple[str, ...]) -> bool:
    """Answer that no file is known."""
    return False


class SizedReader:
    """Read the first ``size`` bytes of an open file, exactly, as often as need be.

    A file that ends sooner, or has been changed by the time its last byte is read, would arrive
    mutilated: reading it raises :class:`Retry`. ``unchanged`` tells at the end whether the file
    is still what it was. The file is closed by whoever opened it.
    """

    def __init__(
        self, file: Readable, size: int, unchanged: Callable[[], bool] = lambda: True
    ) -> None:
        self._file = file
        self.size = size
        self._position = 0
        self._unchanged = unchanged

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True: it can be read again."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to ``size`` bytes, all that is left when negative or None."""
        left = max(0, self.size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        try:
            self._file.seek(self._position)
            piece = self._file.read(wanted)
        except OSError as error:
            raise Retry(
                f"field 'file': reading the file failed ({error.strerror or 'I/O error'})"
            ) from None
        self._position += len(piece)
        if len(piece) < wanted or (self._position == self.size and not self._unchanged()):
            raise Retry("field 'file': the file was changed while it was read")
        return piece

    def readinto(self, buffer: bytearray | memoryview, /) -> int:
        """Read into a buffer as much as fits."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


IN_MEMORY = 1024 * 1024
ALL_IN_MEMORY = 16 * 1024 * 1024


class Budget:
    """The bytes that all spools may hold in memory together. May be used by many threads."""

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
    pieces: Generator[bytes, None, None],
    name: str | None = None,
    validators: tuple[str, ...] = (),
    content_type: str | None = None,
) -> Iterator[Found]:
    """Take in all pieces, close their source, then yield them as one file of it.

    Raises :class:`Reject` (``file_too_large``) as soon as there is a byte more than LinkedIn
    takes, whatever was announced, and :class:`Stop` when the disk is full: all records that need
    it would fail, and none of them is to blame.
    """
    with _Spool() as spool:
        try:
            spool.fill(pieces)
        finally:
            with suppress(Failure):  # a source may object to being left early
                pieces.close()
        yield Found(SizedReader(spool.file, spool.size), spool.size, name, validators, content_type)


class _Spool:
    """A temporary file that is in memory while it is small and the budget lasts."""

    def __init__(self) -> None:
        self.file: IO[bytes] = io.BytesIO()
        self.size = 0
        self._in_memory = True
        self._taken = 0  # bytes of the budget

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        BUDGET.give_back(self._taken)

    def fill(self, pieces: Iterable[bytes]) -> None:
        """Write all pieces; no reference to the last of them is kept."""
        for piece in pieces:
            self._write(piece)

    def _write(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > MAX_SIZE:
            raise too_large()
        try:
            if self._in_memory and self.size <= IN_MEMORY and BUDGET.take(len(piece)):
                self._taken += len(piece)
            elif self._in_memory:
                self._go_to_disk()
            self.file.write(piece)
        except OSError as error:
            raise no_room(error.strerror) from None

    def _go_to_disk(self) -> None:
        self._in_memory = False
        held = self.file
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the spool
        with held:
            held.seek(0)
            self.file.write(held.read())
        BUDGET.give_back(self._taken)
        self._taken = 0


def no_room(reason: str | None) -> Stop:
    """Return what stops the run where there is no room for temporary files."""
    return Stop(
        f"the directory for temporary files cannot be written to ({reason or 'I/O error'}): free"
        " some space there, or name another directory in TMPDIR"
    )


def too_large() -> Reject:
    """Return the reject for a file of more than 10 MiB."""
    return Reject(
        "file_too_large",
        f"field 'file': the file is larger than the {MAX_SIZE} bytes that LinkedIn takes; replace"
        " it with a smaller one",
    )
