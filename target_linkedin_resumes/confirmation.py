"""What LinkedIn said of a key that it has delivered or deleted; otherwise there is a failure."""

from __future__ import annotations

from dataclasses import dataclass

from target_linkedin_resumes.errors import Failure


@dataclass(frozen=True, slots=True)
class Confirmation:
    """LinkedIn's word that a change of one key is carried out.

    ``status`` is that key's own. ``request_id`` is ``x-li-uuid`` of the answer, what LinkedIn's
    support asks for; None where the answer has none.
    """

    status: int
    request_id: str | None = None


Outcome = Confirmation | Failure
