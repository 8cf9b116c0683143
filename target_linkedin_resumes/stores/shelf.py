"""The books of a run as one: the audit file, then the ledger.

What is confirmed is proven first and known second: a run that is killed in between finds a change
that is not settled, sends it again, and both say so. The other way round the proof would be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol

from target_linkedin_resumes.engine.interfaces import Confirmed, Sent
from target_linkedin_resumes.engine.types import Rejected, Upload
from target_linkedin_resumes.records import Upsert


class Book(Protocol):
    """Interim."""

    def uploaded(self, change: Upsert, upload: Upload) -> None: ...
    def sending(self, batch: Sequence[Sent]) -> None: ...
    def confirmed(self, batch: Sequence[Confirmed]) -> None: ...
    def rejected(self, rejected: Rejected) -> None: ...
    def sync(self) -> None: ...

    def close(self) -> None:
        """Close them. Raises Stop."""
        ...


class Shelf:
    """Several books, each told in turn; what one cannot write, the next ones do not hear."""

    def __init__(self, books: Sequence[Book]) -> None:
        self._books = books

    def uploaded(self, change: Upsert, upload: Upload) -> None:
        """As :meth:`Books.uploaded`."""
        for book in self._books:
            book.uploaded(change, upload)

    def sending(self, batch: Sequence[Sent]) -> None:
        """As :meth:`Books.sending`."""
        for book in self._books:
            book.sending(batch)

    def confirmed(self, batch: Sequence[Confirmed]) -> None:
        """As :meth:`Books.confirmed`."""
        for book in self._books:
            book.confirmed(batch)

    def rejected(self, rejected: Rejected) -> None:
        """As :meth:`Books.rejected`."""
        for book in self._books:
            book.rejected(rejected)

    def sync(self) -> None:
        """As :meth:`Books.sync`."""
        for book in self._books:
            book.sync()

    def close(self) -> None:
        """Close all of them, the first one last. Raises Stop if one cannot be closed."""
        with ExitStack() as closing:
            for book in self._books:
                closing.callback(book.close)
