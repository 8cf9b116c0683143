"""The two files of a report: whole or as they were, and for their owner alone.

They take the place of an earlier report, and of nothing else.
"""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from target_linkedin_resumes.errors import Misconfigured

# What a report has near its beginning, as HTML or as JSON.
GENERATOR = b'<meta name="generator" content="target-linkedin-resumes">'
_JSON = b'"report_version":'
_HEAD = 4096


class ReportFiles:
    """The HTML file at ``path`` and the JSON file beside it.

    Raises :class:`Misconfigured` if they cannot be written, before a run rather than after it, and
    for files that are no reports.
    """

    def __init__(self, path: Path) -> None:
        self._html, self._json = path, path.with_suffix(".json")
        for one in (self._html, self._json):
            if one.exists() and not one.is_file():
                raise Misconfigured(
                    f"setting 'report_path': {one.name!r} exists and is not a regular file;"
                    " expected the path of an HTML file, next to which a JSON file can be written"
                )
        try:
            for one in (self._html, self._json):
                if not _is_report(one):
                    raise Misconfigured(
                        f"setting 'report_path': {one.name!r} exists and is not a report of this"
                        " target; expected the path of an HTML file, next to which a JSON file of"
                        " the same name can be written"
                    )
            descriptor, name = self._beside(self._html)
            os.close(descriptor)
            Path(name).unlink()
        except OSError as error:
            raise Misconfigured(
                f"setting 'report_path': {path.name!r} cannot be written ({error.strerror});"
                " expected a path in a directory that this user may write to"
            ) from None

    def write(self, html: str, json: str) -> None:
        """Put both in their places. Raises OSError; what was there before is then still there."""
        for path in (self._json, self._html):
            if not _is_report(path):
                raise FileExistsError(errno.EEXIST, "another file has taken its place")
        for path, text in ((self._json, json), (self._html, html)):
            self._replace(path, text.encode())

    def _replace(self, path: Path, data: bytes) -> None:
        descriptor, name = self._beside(path)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            Path(name).replace(path)
        except OSError:
            with suppress(OSError):
                Path(name).unlink()
            raise

    @staticmethod
    def _beside(path: Path) -> tuple[int, str]:
        # Made with mode 0600: nobody else may look at it while it is written either.
        return tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)


def _is_report(path: Path) -> bool:
    """Tell whether nothing is lost where a report takes the place of a file. Raises OSError."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        return True
    return not head or GENERATOR in head or head.lstrip(b"{ \n").startswith(_JSON)
