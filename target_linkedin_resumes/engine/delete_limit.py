"""How many deletions one run may make. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from target_linkedin_resumes.errors import Stop
from target_linkedin_resumes.records import ResumeKey

# Deletions that no record asks for and that a run may make without a limit, however few are held.
FEWEST_UNASKED = 100


class DeleteLimit:
    """Counts deletions, and stops the run before one too many. ``most`` None is no limit.

    Where the limit is a share of what was held when the run began, ``share`` says of what, for the
    messages, and ``counts`` whether a key was among it: only the deletions of such keys count then.
    ``held`` gives how many resumes LinkedIn holds: without a limit, the deletions that no record
    asks for may be one in a hundred of them, and ``FEWEST_UNASKED`` at the least.
    """

    def __init__(
        self,
        most: int | None = None,
        *,
        share: str = "",
        counts: Callable[[ResumeKey], bool] = lambda _: True,
        held: Callable[[], int] = lambda: 0,
    ) -> None:
        self._most = most
        self._share = share
        self._counts = counts
        self._held = held
        self._most_unasked: int | None = None
        self._unasked = 0
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
        who = f"stream {stream!r}: ACTIVATE_VERSION would delete {count} resumes"
        self._check(count, f"{who} that the tap no longer names")
        self.count += count

    def check_all(self, keys: Collection[ResumeKey], what: str) -> None:
        """Raise :class:`Stop` if the deletions that one record asks for are too many together."""
        if self._most is not None:
            count = sum(map(self._counts, keys))
            self._check(count, f"{what} would delete {count} resumes")

    def _check(self, count: int, said: str) -> None:
        if self._most is not None and self.count + count > self._most:
            raise Stop(
                f"{said}, after {self.count} that this run has deleted; the setting max_deletes"
                f" allows {self._most}{self._share}. None of them was deleted. If it is right,"
                " raise max_deletes and run again."
            )

    def take_unasked(self, count: int, stream: str, properties: Sequence[str]) -> None:
        """Count deletions of what a stream's rows have let go. Raises :class:`Stop` instead of that
        when they are too many; none of them is made then.
        """
        if self._most is not None:
            most, used = self._most, self.count
            allows = f"the setting max_deletes allows {self._most}{self._share}"
        else:
            if self._most_unasked is None:
                self._most_unasked = max(self._held() // 100, FEWEST_UNASKED)
            most, used = self._most_unasked, self._unasked
            allows = (
                f"without the setting max_deletes a run makes {most} of them at the most, 1% of the"
                f" resumes that the ledger held or {FEWEST_UNASKED}"
            )
        if used + count > most:
            names = ", ".join(map(repr, properties))
            raise Stop(
                f"stream {stream!r}: its rows, told apart by the key properties {names}, no longer"
                f" name {self._unasked + count} resumes that they named before; {allows}. The next"
                f" {count} were not deleted. Check that the key properties are the identity of the"
                " records: where they are not, different records count as one row that moves to and"
                " fro. If it is right, set max_deletes high enough and run again."
            )
        self.count += count
        self._unasked += count

    @property
    def limited(self) -> bool:
        """Whether there is a limit."""
        return self._most is not None
