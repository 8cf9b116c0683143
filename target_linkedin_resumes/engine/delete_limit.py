"""How many deletions one run may make. Pure."""

from __future__ import annotations

from collections.abc import Callable

from target_linkedin_resumes.errors import Stop
from target_linkedin_resumes.records import ResumeKey


class DeleteLimit:
    """Counts deletions, and stops the run before one too many. ``most`` None is no limit.

    Where the limit is a share of what was held when the run began, ``share`` says of what, for the
    messages, and ``counts`` whether a key was among it: only the deletions of such keys count then.
    """

    def __init__(
        self,
        most: int | None = None,
        *,
        share: str = "",
        counts: Callable[[ResumeKey], bool] = lambda _: True,
    ) -> None:
        self._most = most
        self._share = share
        self._counts = counts
        self.count = 0

    def take(self, key: ResumeKey) -> None:
        """Count one that a record asks for. Raises :class:`Stop` instead if it is one too many."""
        if self._most is not None and not self._counts(key):
            return
        if self._most is not None and self.count >= self._most:
            raise Stop(
                f"this run has deleted {self.count} resumes, and the next record asks for one more"
                f" than the {self._most} that the setting max_deletes allows{self._share}. The"
                " state printed is the one before it. If it is right, raise max_deletes and run"
                " again."
            )
        self.count += 1

    def take_all(self, count: int, stream: str) -> None:
        """Count those that a stream's new version asks for. Raises :class:`Stop` instead of that
        when they are too many; none of them is made then.
        """
        if self._most is not None and self.count + count > self._most:
            raise Stop(
                f"stream {stream!r}: ACTIVATE_VERSION would delete {count} resumes that the tap no"
                f" longer names, after {self.count} that this run has deleted; the setting"
                f" max_deletes allows {self._most}{self._share}. None of them was deleted. If it is"
                " right, raise max_deletes and run again."
            )
        self.count += count

    @property
    def limited(self) -> bool:
        """Whether there is a limit."""
        return self._most is not None
