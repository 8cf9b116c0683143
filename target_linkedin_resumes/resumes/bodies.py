"""A resume's bytes as a file that is read from its beginning, more than once if need be."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from target_linkedin_resumes.errors import Retry

# LinkedIn's limit for a resume.
MAX_SIZE = 10 * 1024 * 1024


class Readable(Protocol):
    """A binary file that can be read at any position."""

    def read(self, size: int = -1, /) -> bytes:
        """Read up to ``size`` bytes; all that is left when negative."""
        ...

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a position."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """What a source holds: its bytes, their number, and what the source calls the file.

    ``told`` is what the source would have to tell again for the bytes to be the same; empty where
    that is not to be told.
    """

    body: Body
    size: int
    name: str | None = field(default=None, repr=False)
    told: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Described:
    """What a resume is, by which it is known again.

    ``origin`` stands for the bytes at the source and how they are converted. ``filename`` and
    ``content_type`` are those to declare to LinkedIn. ``tag`` is what the file is known again by
    without its bytes (see etags.py). ``sha256`` is of the bytes as they are sent, in hex; empty as
    long as they are not converted.
    """

    origin: str = field(repr=False)
    filename: str = field(repr=False)
    content_type: str
    tag: str | None = field(repr=False)
    sha256: str


@dataclass(frozen=True, slots=True)
class OpenedResume:
    """A resume that LinkedIn takes, ready to be sent.

    ``content_type`` is the one to declare to LinkedIn, ``size`` the exact number of bytes that
    ``body`` gives. ``body`` stands at its beginning; ``seek(0)`` takes it there again.
    ``described`` is there where it was asked for. ``converted`` says that the bytes are not those
    of the source.
    """

    content_type: str
    filename: str = field(repr=False)
    size: int
    body: Body = field(repr=False)
    described: Described | None = None
    converted: bool = False


class NotModified(Exception):  # no error: it is what was asked for
    """The file is the one that is known, by what the source says or by its bytes."""


# Tells whether a file of which its source told this is the one that is known.
IsKnown = Callable[[tuple[str, ...]], bool]


def nothing_known(told: tuple[str, ...]) -> bool:
    """Is any file the one that is known? None is."""
    del told
    return False


class Body(io.RawIOBase):
    """The first ``size`` bytes of an open file, exactly.

    A file that ends sooner, or has been changed by the time its last byte is read, would arrive
    mutilated: reading it raises :class:`Retry`. ``unchanged`` tells at the end whether the file
    is still what it was. Closing a body does not close the file.
    """

    def __init__(
        self, file: Readable, size: int, unchanged: Callable[[], bool] = lambda: True
    ) -> None:
        super().__init__()
        self._file = file
        self._size = size
        self._position = 0
        self._unchanged = unchanged

    def __len__(self) -> int:
        return self._size

    def __bool__(self) -> bool:
        return True

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read again."""
        return True

    def tell(self) -> int:
        """Tell the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to ``size`` bytes, all that is left when negative or None."""
        left = max(0, self._size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        try:
            self._file.seek(self._position)
            piece = self._file.read(wanted)
        except OSError as error:
            raise Retry(
                f"field 'file': reading the file failed ({error.strerror or 'I/O error'})"
            ) from None
        self._position += len(piece)
        if len(piece) < wanted or (self._position == self._size and not self._unchanged()):
            raise Retry("field 'file': the file was changed while it was read")
        return piece

    def readall(self) -> bytes:
        """Read all that is left."""
        return self.read()

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed has a private type here
        """Read into a buffer as much as fits."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
