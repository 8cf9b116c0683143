"""A place for bytes on their way from a source to LinkedIn.

Up to 1 MiB is kept in memory, more on disk: 64 workers at once take 64 MiB at most. The file on
disk has no name from the moment it is made, so nothing of it is left when the process ends,
in whatever way.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from target_linkedin_resumes.failures import Failure, Reject, Retry
from target_linkedin_resumes.resumes.bodies import MAX_SIZE, Body, Found

IN_MEMORY = 1024 * 1024


@contextmanager
def spooled(pieces: Generator[bytes, None, None], name: str | None = None) -> Iterator[Found]:
    """Take in all pieces, close their source, then give them as a body.

    Raises :class:`Reject` (``file_too_large``) as soon as there is a byte more than LinkedIn
    takes, whatever was announced, and :class:`Retry` when the disk is full.
    """
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        try:
            size = _filled(file, pieces)
        finally:
            with suppress(Failure):  # what the source makes of its being left alone
                pieces.close()
        yield Found(Body(file, size), size, name)


def _filled(file: IO[bytes], pieces: Iterable[bytes]) -> int:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_SIZE:
            raise too_large()
        try:
            file.write(piece)
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
