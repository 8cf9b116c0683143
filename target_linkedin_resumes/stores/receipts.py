"""What the audit file proves of one candidate. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from target_linkedin_resumes.stores.audit_log import DELETED, DELIVERED, OF_THE_RESUME, read_lines
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms

# What a receipt repeats of a line; the rest of it is what the line is found by.
_TOLD = ("at", "operation", "status", "x_li_uuid", "run", "sha256", "blob")


@dataclass(slots=True)
class ResumeReceipt:
    """What LinkedIn confirmed of one resume, in order; ``resume`` is its keyed hash.

    An event holds ``at``, ``operation``, ``status``, ``x_li_uuid`` and ``run``, and for what was
    not erased since then ``sha256`` and ``blob``.
    """

    resume: str
    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, event: dict[str, Any]) -> None:
        """Add what came next. A deletion takes along what is said of the earlier deliveries."""
        if event["operation"] == DELETED:
            for earlier in self.events:  # the file may not be scrubbed yet
                for name in OF_THE_RESUME:
                    earlier.pop(name, None)
        self.events.append(event)

    @property
    def held(self) -> bool:
        """Whether LinkedIn holds it, by what it confirmed last."""
        return bool(self.events[-1]["operation"] == DELIVERED)


@dataclass(slots=True)
class Receipt:
    """What LinkedIn confirmed of one candidate.

    ``since`` and ``until`` are when the first and the last line of the whole file were written,
    None for an empty one: the receipt says nothing of the time before.
    """

    resumes: list[ResumeReceipt]
    since: str | None
    until: str | None

    @property
    def held(self) -> int:
        """How many of the candidate's resumes LinkedIn holds."""
        return sum(one.held for one in self.resumes)


def receipt(lines: Iterable[bytes], pseudonyms: Pseudonyms, candidate_id: str) -> Receipt:
    """Read the lines of an audit file for one candidate. Raises as :func:`read_lines` does."""
    candidate = pseudonyms.candidate(candidate_id)
    resumes: dict[str, ResumeReceipt] = {}
    since = until = None
    for line in read_lines(lines, pseudonyms):
        since, until = since or line["at"], line["at"]
        if line["candidate"] == candidate:
            of_resume = resumes.setdefault(line["resume"], ResumeReceipt(line["resume"]))
            of_resume.add({name: line[name] for name in _TOLD if name in line})
    return Receipt(list(resumes.values()), since, until)
