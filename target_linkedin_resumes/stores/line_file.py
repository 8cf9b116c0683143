"""A file of lines that belongs to one run at a time and survives whatever ends that run.

Mode 0600, locked, only ever appended to or replaced as a whole. What a killed run left half-done
beside it, or as a torn last line, is removed when the file is opened. Whoever else deletes, moves
or changes the file during a run stops the run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from target_linkedin_resumes.errors import Misconfigured, Stop
from target_linkedin_resumes.stores.owned_file import check, lock, open_private, usable

# What is written in the place of the file before it takes it. The name is nobody else's, so that
# what a killed run left of it can be removed.
NEW = ".target-linkedin-resumes.new"


class LineFile:
    """Lines of bytes, each with its newline; for one thread at a time.

    ``setting`` names the path in messages, ``loss`` says what would be lost if it could not be
    written. Each line begins with ``begin``. Raises :class:`Misconfigured` for a path that cannot
    be written or that another run uses, and for a file that holds something else.
    """

    def __init__(self, path: Path, setting: str, loss: str, *, begin: bytes = b"") -> None:
        self.path = path.resolve()  # to replace a link would leave the file it leads to
        self._setting = setting
        self._loss = loss
        self._dirty = False
        self._failed: Stop | None = None
        with usable(self.path, setting):
            self._descriptor = self._own()
            self._size = self._cut_torn_line(begin)
            self._beside.unlink(missing_ok=True)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines."""
        with self.path.open("rb") as lines:
            yield from lines

    @property
    def empty(self) -> bool:
        """Tell whether there is no line."""
        return not self._size

    def append(self, lines: bytes) -> None:
        """Append whole lines. Durable after :meth:`sync`. Raises :class:`Stop`."""
        with self._written():
            try:
                _write_all(self._descriptor, lines)
            except OSError:
                with suppress(OSError):  # what is appended later must not stand on a torn line
                    os.ftruncate(self._descriptor, self._size)
                raise
        self._size += len(lines)
        self._dirty = True

    def sync(self) -> None:
        """Return once all lines are on the disk, at the file's path. Raises :class:`Stop`."""
        if self._failed is not None:
            raise self._failed  # another fsync would succeed, and say nothing of what was lost
        self._check()
        if self._dirty:
            try:
                with self._written():
                    os.fsync(self._descriptor)
            except Stop as stop:
                self._failed = stop
                raise
            self._dirty = False

    def replace(self, lines: Iterable[bytes]) -> None:
        """Replace the file as a whole; it is the old one or the new one at any instant.

        ``lines`` may be read from this very file meanwhile. Raises :class:`Stop`, and what
        ``lines`` raises.
        """
        self._check()
        with self._written():
            descriptor = open_private(self._beside, os.O_APPEND | os.O_EXCL)
            try:
                lock(descriptor, self._beside, self._setting)
                with open(descriptor, "wb", closefd=False) as new:
                    new.writelines(lines)
                os.fsync(descriptor)
                self._beside.replace(self.path)
                _sync_directory(self.path)
            except BaseException:
                os.close(descriptor)
                self._beside.unlink(missing_ok=True)
                raise
        os.close(self._descriptor)
        self._descriptor, self._dirty = descriptor, False
        self._size = os.fstat(descriptor).st_size

    def become(self, path: Path) -> None:
        """Take the place of another file. Raises :class:`Stop`."""
        self._check()
        with self._written():
            self.path.replace(path)
            self.path = path
            _sync_directory(path)

    def remove(self) -> None:
        """Remove the file. Raises :class:`Stop`."""
        self._check()
        with self._written():
            self.path.unlink()

    def close(self) -> None:
        """Let go of the file. What is appended later fails: its number may be another's by then."""
        os.close(self._descriptor)
        self._descriptor = -1

    @property
    def _beside(self) -> Path:
        return self.path.with_name(self.path.name + NEW)

    def _own(self) -> int:
        """Open and lock the file; gives the descriptor."""
        while True:
            descriptor = open_private(self.path, os.O_APPEND)
            try:
                lock(descriptor, self.path, self._setting)
                if os.path.samestat(os.fstat(descriptor), self.path.stat()):
                    return descriptor
            except Misconfigured:
                os.close(descriptor)
                raise
            except FileNotFoundError:
                pass
            os.close(descriptor)  # another run replaced or removed the file meanwhile: look again

    def _cut_torn_line(self, begin: bytes) -> int:
        """Cut what a killed run left of a line: no state covers it, so it is made again."""
        try:
            whole = _whole_size(self.path, self._setting, begin)
        except Misconfigured:
            self.close()
            raise
        os.ftruncate(self._descriptor, whole)
        return whole

    def _check(self) -> None:
        """Raise :class:`Stop` if the path does not lead to what was written any more."""
        ours = os.fstat(self._descriptor)
        with suppress(OSError):
            found = self.path.stat()
            if os.path.samestat(ours, found) and found.st_size == self._size:
                return
        raise Stop(
            f"setting '{self._setting}': another program has deleted, moved or changed the"
            f" file during the run, and {self._loss}. Do not touch it during a run, and run again."
        )

    @contextmanager
    def _written(self) -> Iterator[None]:
        """Make a :class:`Stop` of what keeps the file from being written."""
        try:
            yield
        except OSError as error:
            raise Stop(
                f"setting '{self._setting}': the file cannot be written ({error.strerror}), and"
                f" {self._loss}. Free some space or change the path, and run again."
            ) from None


def checked_lines(path: Path, setting: str, *, begin: bytes = b"") -> Iterator[bytes]:
    """Yield the whole lines of a file, if there is one, and change nothing.

    Raises the :class:`Misconfigured` that opening the file would.
    """
    path = path.resolve()
    if check(path, setting):
        with usable(path, setting):
            _whole_size(path, setting, begin)
            with path.open("rb") as lines:
                yield from (line for line in lines if line.endswith(b"\n"))


def something_else(path: Path, setting: str) -> Misconfigured:
    """Make the error for a file that this target has not written."""
    return Misconfigured(
        f"setting '{setting}': {path.name!r} holds something else; expected the path of a file"
        " that this target has written, or where there is none yet"
    )


def _whole_size(path: Path, setting: str, begin: bytes) -> int:
    """Return how many bytes the whole lines of a file have, behind which a torn one may stand."""
    whole, torn = 0, b""
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                whole += len(line)
            else:
                torn = line
    # A disk that lost its power may show zeros for what was not written.
    if torn.strip(b"\0") and torn[: len(begin)] != begin[: len(torn)]:
        raise something_else(path, setting)
    return whole


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
