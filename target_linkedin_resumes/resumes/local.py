"""Read files below one directory, and no others."""

from __future__ import annotations

import errno
import io
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize
from urllib.parse import unquote

from target_linkedin_resumes.errors import Failure, Misconfigured, Reject, Retry
from target_linkedin_resumes.resumes.spool import Found, SizedReader

_OUTSIDE_ROOT = (
    "field 'file': the path leads out of the directory of the setting `file_root`, or over a"
    " symbolic link that leads nowhere; move the file below that directory, or set `file_root`"
    " to one that holds all files"
)
# Linux can pass a directory without the right to list it; elsewhere that right is needed.
_DIRECTORY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a named pipe waits for a writer.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
# Most resumes are smaller. In memory, once for each upload at a time: such a file is looked at,
# hashed and sent from one reading, and what is sent is what was looked at.
WHOLE_BYTES = 128 * 1024
# File systems count time in steps of up to two seconds: a file that was changed so shortly before
# it was read may be changed once more without its times telling.
_RACY_NANOSECONDS = 2 * 10**9
# For names in another form or case, so many entries of a directory are looked at.
_MOST_ENTRIES = 10_000


class LocalFiles:
    """The files below ``root``. Raises :class:`Misconfigured` when that is no directory.

    ``wall_clock`` gives epoch seconds.
    """

    def __init__(self, root: Path, wall_clock: Callable[[], float] = time.time) -> None:
        self._wall_clock = wall_clock
        self._root = Path(os.path.realpath(root))
        self._begin = str(self._root / "_")[:-1]  # of the path of every file below it
        if not self._root.is_dir():
            raise Misconfigured(
                f"setting `file_root`: {str(root)!r} is no directory; give the directory below"
                " which the resumes are"
            )

    def validators(self, reference: str) -> tuple[str, ...]:
        """Return a file's validators without opening it; empty if it cannot be had.

        If they are those of the time when the file was read, it is that very file. Nothing is
        read, so it does not matter where the path leads.
        """
        try:
            path = _path_of(reference)
            return _validators(os.stat(path if path.startswith("/") else self._begin + path))  # noqa: PTH116 - ten times as quick
        except (OSError, ValueError, Reject):
            return ()

    @contextmanager
    def open(self, reference: str) -> Iterator[Found]:
        """Open a path or a ``file:`` URL.

        Raises :class:`Reject` for what cannot or may not be read, :class:`Retry` for what may be
        read later.
        """
        path = _path_of(reference)
        descriptor = self._open_plain(path)
        if descriptor is None:
            try:
                try:
                    descriptor = self._open_below(self._parts(path))
                except FileNotFoundError:
                    path = self._in_its_form(path)
                    descriptor = self._open_below(self._parts(path))
            except OSError as error:
                raise _failure(error) from None
        try:
            was = os.fstat(descriptor)
            if not stat.S_ISREG(was.st_mode):
                raise _not_a_file()
            body = SizedReader(
                _PositionedFile(descriptor), was.st_size, lambda: _same(descriptor, was)
            )
            if was.st_size <= WHOLE_BYTES:
                body = SizedReader(io.BytesIO(body.read()), was.st_size)
            yield Found(body, was.st_size, path, self._settled_validators(was))
        finally:
            os.close(descriptor)

    def _settled_validators(self, was: os.stat_result) -> tuple[str, ...]:
        """Return the validators of an open file, unless it has changed a moment ago."""
        age = int(self._wall_clock() * 10**9) - max(was.st_mtime_ns, was.st_ctime_ns)
        return _validators(was) if age >= _RACY_NANOSECONDS else ()

    def _open_plain(self, path: str) -> int | None:
        """Open a plain path below the root; None if it is none, or if anything is in the way.

        Resolving a path asks for each of its parts, which costs more than opening it. Where no part
        leads upwards and none turns out to be a link, there is nothing to resolve.
        """
        parts = tuple(part for part in path.split("/") if part)
        if path.startswith("/") or ".." in parts or not parts:
            return None
        try:
            return self._open_below(parts)
        except (OSError, ValueError):
            return None

    def _parts(self, path: str) -> tuple[str, ...]:
        """Resolve a path, links included, into its parts below the root."""
        try:
            resolved = Path(os.path.realpath(self._root / path))
        except (ValueError, OSError):
            raise Reject(
                "invalid_source", "field 'file': holds characters that no path can hold"
            ) from None
        if not resolved.is_relative_to(self._root):
            raise Reject("outside_root", _OUTSIDE_ROOT)
        return resolved.relative_to(self._root).parts

    def _in_its_form(self, path: str) -> str:
        """Find a path whose names are on the disk in another Unicode form, as macOS writes them.

        Raises :class:`Reject` (``file_missing``), which says if upper and lower case are all that
        differs.
        """
        found = self._root / path[: path.startswith("/")]
        for name in path.split("/"):
            forms = dict.fromkeys((name, *(normalize(form, name) for form in ("NFC", "NFD"))))
            there = next((form for form in forms if os.path.lexists(found / form)), None)
            if there is None:
                names = self._names(found)
                there = names.in_nfc.get(normalize("NFC", name))
                if there is None:
                    raise _missing(differs_in_case=_folded(name) in names.folded)
            found /= there
        return str(found)

    def _names(self, directory: Path) -> _Names:
        """Look at what there is in a directory below the root; at none else."""
        with suppress(OSError, ValueError):
            resolved = Path(os.path.realpath(directory))
            if resolved.is_relative_to(self._root):
                return _names_in(resolved, resolved.stat().st_mtime_ns)
        return _Names({}, frozenset())

    def _open_below(self, parts: tuple[str, ...]) -> int:
        """Open step by step from the root, following no link.

        Of a path that was resolved, a link that turns up now was put there in between, and is
        refused.
        """
        if not parts:
            raise _not_a_file()
        directory = os.open(self._root, _DIRECTORY)
        try:
            for part in parts[:-1]:
                inner = os.open(part, _DIRECTORY, dir_fd=directory)
                os.close(directory)
                directory = inner
            return os.open(parts[-1], _FILE, dir_fd=directory)
        finally:
            os.close(directory)


class _PositionedFile:
    """An open file that is read by `pread`: with no buffer, and fewer calls than `open` makes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = 0

    def seek(self, offset: int, _whence: int = os.SEEK_SET, /) -> int:
        self._position = offset
        return offset

    def read(self, size: int = -1, /) -> bytes:
        piece = os.pread(self._descriptor, size, self._position)
        self._position += len(piece)
        return piece


class _Names(NamedTuple):
    """The names in a directory: those in other forms by the usual one, all without their case."""

    in_nfc: Mapping[str, str]
    folded: frozenset[str]


@lru_cache(maxsize=8)
def _names_in(directory: Path, _changed_at: int) -> _Names:
    """List a directory, once while it is as it is: it takes long, and many files may be missing."""
    with os.scandir(directory) as entries:
        names = [entry.name for entry in islice(entries, _MOST_ENTRIES)]
    in_nfc = {normalize("NFC", name): name for name in names if not name.isascii()}
    return _Names(in_nfc, frozenset(map(_folded, names)))


def _path_of(reference: str) -> str:
    """Take the path out of a ``file:`` URL (RFC 8089); leave a path as it is."""
    url = reference.lstrip()
    if url[:5].lower() != "file:":
        return reference
    rest = url[5:].rstrip("\r\n")
    if rest.startswith("//"):
        host, slash, rest = rest[2:].partition("/")
        rest = slash + rest
        if host.lower() not in ("", "localhost"):
            raise Reject("unsupported_source", "field 'file': the file: URL names another computer")
    if not rest.startswith("/"):
        raise Reject("invalid_source", "field 'file': the file: URL holds no absolute path")
    return unquote(rest, errors="surrogateescape")


def _validators(status: os.stat_result) -> tuple[str, ...]:
    # Renaming or replacing a file changes its ctime or its inode, whatever its mtime is set to.
    numbers = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    return ("stat", *map(str, numbers))


def _same(descriptor: int, was: os.stat_result) -> bool:
    now = os.fstat(descriptor)
    return (now.st_size, now.st_mtime_ns) == (was.st_size, was.st_mtime_ns)


def _not_a_file() -> Reject:
    return Reject(
        "not_a_file",
        "field 'file': the path leads to a directory, a pipe, a device or a socket, not to a file",
    )


def _folded(name: str) -> str:
    return normalize("NFKC", name).casefold()


def _missing(*, differs_in_case: bool = False) -> Reject:
    there = "; there is one whose name differs in upper and lower case" if differs_in_case else ""
    return Reject(
        "file_missing",
        f"field 'file': no such file below the directory of the setting `file_root`{there}",
    )


def _failure(error: OSError) -> Failure:
    """Map an error of the system to a reject, or to a retry where it may pass."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR | errno.ENAMETOOLONG | errno.EILSEQ:
            return _missing()
        case errno.EACCES | errno.EPERM:
            return Reject(
                "file_unreadable",
                "field 'file': the user that runs the target may not read the file or pass a"
                " directory above it",
            )
        case errno.ELOOP | errno.EMLINK:
            return Reject("outside_root", _OUTSIDE_ROOT)
        case errno.ENXIO | errno.EISDIR | errno.ENODEV | errno.EOPNOTSUPP:
            return _not_a_file()
        case _:
            return Retry(f"field 'file': opening the file failed ({error.strerror})")
