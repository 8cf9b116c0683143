"""All that a sandbox knows. It is touched by the server's event loop alone."""

from __future__ import annotations

import random
import secrets
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .blobs import Blobs
from .breaches import Breaches
from .faults import Faults
from .journal import Journal
from .limits import Limits
from .pace import Pace
from .patience import Patience
from .resumes import Resumes
from .signing import Signer
from .tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from .config import Config


@dataclass(slots=True, eq=False)
class Passage:
    """A call under way; ``peak`` is how many there were at once, itself included."""

    client: str
    peak: int = 1


@dataclass(slots=True)
class Traffic:
    """Calls of one surface that are under way at the same time, client by client.

    A call counts for itself when it ends, and only if its client was still there: who gives a
    call up and sends the next one has not sent two at a time.
    """

    highest: int = 0
    _under_way: defaultdict[str, list[Passage]] = field(default_factory=lambda: defaultdict(list))

    def enter(self, client: str) -> Passage:
        """A call arrives."""
        passage, others = Passage(client), self._under_way[client]
        others.append(passage)
        for other in others[:-1]:
            other.peak = max(other.peak, len(others))
        return passage

    def leave(self, passage: Passage, *, gone: bool) -> int:
        """A call ends; how many were under way at once, 0 if its client had given up."""
        self._under_way[passage.client].remove(passage)
        if gone:
            return 0
        self.highest = max(self.highest, passage.peak)
        return passage.peak


class State:
    """A LinkedIn: its applications' tokens, files, resumes, limits, faults and records."""

    def __init__(self, config: Config, clock: Callable[[], float]) -> None:
        self.config = config
        self.clock = clock
        self.blobs = Blobs(config.data)
        self.breaches = Breaches(clock)
        self.faults = Faults()
        self.journal = Journal(config.data / "journal.jsonl")
        self.limits = Limits(config.records_per_minute, config.requests_per_day, clock)
        self.pace = Pace()
        self.patience = Patience(self.breaches, clock)
        self.resumes = Resumes(self.blobs, self.breaches)
        self.signer = Signer()
        self.tokens = Tokens(config.token_ttl, clock)
        # Fixes the order of batch answers, which is not the order asked in.
        self.random = random.Random(config.seed)  # noqa: S311 - not for secrets, and repeatable
        self._begin()

    def _begin(self) -> None:
        self.batches, self.uploads = Traffic(), Traffic()
        self.throttled: Counter[str] = Counter()
        self.used_urls: dict[str, float] = {}
        self.beginning = secrets.token_hex(4)
        """Names this beginning: what was counted before a reset or a restart has another."""

    def reset(self) -> None:
        """Forget everything but the settings."""
        for counted in (self.breaches, self.faults, self.journal, self.limits, self.pace):
            counted.clear()
        for kept in (self.blobs, self.patience, self.resumes, self.tokens):
            kept.clear()
        self._begin()

    def snapshot(self, *, resumes: bool = True) -> dict[str, Any]:
        """What ``GET /sandbox/state`` answers; without ``resumes`` their list is left out."""
        shown: dict[str, Any] = {
            "resume_count": len(self.resumes.held),
            "file_count": len(self.blobs),
            "tokens_minted": self.tokens.minted,
            "calls": {name: dict(counts) for name, counts in self.journal.calls.items()},
            "throttled": {limit: self.throttled[limit] for limit in ("minute", "day")},
            "highest_concurrency": {
                "batch": self.batches.highest,
                "upload": self.uploads.highest,
            },
            "limits_used": self.limits.used(),
            "breach_counts": dict(self.breaches.counts),
            "breaches": list(self.breaches.kept),
        }
        if resumes:
            shown["resumes"] = [resume.shown() for resume in self.resumes.held.values()]
        return shown
