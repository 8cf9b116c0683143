"""The resumes that the page lists, ten at a time, and a search over their candidates' ids."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..resumes import Resume, Resumes

ROWS = 10
MOST = 1000
"""More resumes than this are not looked through page by page in a search."""


class Listed(NamedTuple):
    """One page of resumes, ``number`` of ``pages``, newest first."""

    rows: list[Resume]
    total: int
    more: bool
    """Whether a search has more results than ``total``."""
    number: int
    pages: int


def listed(resumes: Resumes, query: str, number: int) -> Listed:
    """Page ``number``, from 1; with a query those whose candidate id contains it.

    Candidates of exactly that id come first. A number beyond the last page gives the last.
    """
    newest_first = reversed(resumes.held.values())
    if not query:
        total = len(resumes.held)
        pages = max(1, -(-total // ROWS))
        number = min(number, pages)
        start = (number - 1) * ROWS
        return Listed(list(islice(newest_first, start, start + ROWS)), total, False, number, pages)
    exact: list[Resume] = []
    others: list[Resume] = []
    for resume in newest_first:
        if query in resume.candidate_id:
            found = exact if resume.candidate_id == query else others
            if len(found) <= MOST:
                found.append(resume)
    matching = exact + others
    more = len(matching) > MOST
    matching = matching[:MOST]
    pages = max(1, -(-len(matching) // ROWS))
    number = min(number, pages)
    rows = matching[(number - 1) * ROWS : number * ROWS]
    return Listed(rows, len(matching), more, number, pages)
