"""A file that belongs to one run at a time: opened, locked and looked at in one way.

Ledger, audit log and dead letters are such files. Mode 0600, and locked as long as they are open.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from target_linkedin_resumes.errors import Misconfigured


@contextmanager
def usable(path: Path, setting: str) -> Iterator[None]:
    """Make a :class:`Misconfigured` of what keeps the file of a setting from being written."""
    try:
        if path.exists() and not path.is_file():
            raise Misconfigured(f"setting '{setting}': expected the path of a regular file")
        yield
    except OSError as error:
        raise Misconfigured(
            f"setting '{setting}': the file cannot be written ({error.strerror});"
            " expected a path in a directory that this user may write to"
        ) from None


def open_private(path: Path, flags: int = 0) -> int:
    """Open a file for reading and writing, and make it if need be; for its owner alone."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def lock(descriptor: int, path: Path, setting: str, *, shared: bool = False) -> None:
    """Lock an open file. Raises :class:`Misconfigured` where another run uses it."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Misconfigured(
            f"setting '{setting}': {path.name!r} is in use by another run; wait for it, or give"
            " each pipeline its own path"
        ) from None


def check(path: Path, setting: str) -> bool:
    """Raise the :class:`Misconfigured` that using the file would; tell whether there is one.

    Nothing is changed.
    """
    with usable(path, setting):
        if not path.exists():
            tempfile.TemporaryFile(dir=path.parent).close()
            return False
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            lock(descriptor, path, setting, shared=True)
        finally:
            os.close(descriptor)
    return True
