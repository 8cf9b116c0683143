"""A temporary directory of this process, which the next run removes if this one is killed.

Apart from libreoffice.py, because leftovers are removed also where the extra is not installed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "target-linkedin-resumes-convert-"


class Workspace:
    """A directory for temporary files, mode 0700. ``path`` is where.

    It goes when it is removed, and at the latest with the process. A lock is held on it for as
    long as the process lives: one without a lock was left by a process that was killed, see
    :func:`remove_leftovers`. Raises :class:`OSError`.
    """

    def __init__(self) -> None:
        while True:
            self._directory = tempfile.TemporaryDirectory(
                prefix=_PREFIX, ignore_cleanup_errors=True
            )
            self.path = Path(self._directory.name)
            descriptor = _locked(self.path)
            # In between, another process may have taken it for a leftover.
            if descriptor is not None:
                self._descriptor = descriptor
                return

    def remove(self) -> None:
        """Remove it with all that is in it."""
        self._directory.cleanup()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def remove_leftovers() -> None:
    """Remove what processes that were killed have left in the directory for temporary files."""
    try:
        paths = list(Path(tempfile.gettempdir()).glob(_PREFIX + "*"))
    except OSError:  # who needs that directory will say so
        return
    for path in paths:
        descriptor = _locked(path)
        if descriptor is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(descriptor)


def _locked(path: Path) -> int | None:
    """Lock a directory of ours; None when another holds it, or it is gone, or not ours."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        opened = os.fstat(descriptor)
        if opened.st_uid == os.getuid() and os.path.samestat(opened, path.lstat()):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None
