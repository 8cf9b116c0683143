"""How many deletions one run may make. Pure."""

from __future__ import annotations

from target_linkedin_resumes.failures import Stop


class Deletions:
    """Counts deletions, and stops the run before one too many. ``most`` None is no limit."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self.count = 0

    def take(self) -> None:
        """Count one that a record asks for. Raises :class:`Stop` instead if it is one too many."""
        if self._most is not None and self.count >= self._most:
            raise Stop(
                f"this run has deleted {self.count} resumes, and the next record asks for one more"
                f" than the {self._most} that the setting max_deletes allows. The state printed is"
                " the one before it. If it is right, raise max_deletes and run again."
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
                f" max_deletes allows {self._most}. None of them was deleted. If it is right, raise"
                " max_deletes and run again."
            )
        self.count += count

    @property
    def limited(self) -> bool:
        """Whether there is a limit."""
        return self._most is not None
