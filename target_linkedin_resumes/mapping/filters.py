"""The setting `only`: which records of a stream are resumes at all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.mapping.expressions import Path
from target_linkedin_resumes.mapping.values import as_text
from target_linkedin_resumes.records import Record


class Filter:
    """One field and the values it may have.

    Values are compared as texts, so that 1 and "1", true and "true" are the same: a tap for a
    database, for an API and for CSV give the same column in different types, and a filter that
    meets the wrong one would drop every record without a sound. Null equals null and what is not
    there. Upper and lower case differ.
    """

    def __init__(self, path: Path, values: frozenset[str | None]) -> None:
        self.path = path
        self._values = values

    def passes(self, record: Record, *, absent_passes: bool) -> bool:
        """Tell whether a record passes; one without the field does if ``absent_passes``."""
        value = self.path.get(record)
        if value is None:
            return absent_passes or None in self._values
        text = as_text(value)
        return text is not None and text in self._values


def read_filter(name: str, given: Any, setting: str, separator: str) -> Filter:
    """Read one entry of `only`. Raises :class:`Misconfigured`."""
    values = given if isinstance(given, list) else [given]
    if not values or any(isinstance(value, Mapping | list) for value in values):
        raise Misconfigured(
            f"setting '{setting}': expected a text, a number, true, false, null, or a list of"
            " them that is not empty"
        )
    if not name.strip() or "{" in name:
        raise Misconfigured(f"setting '{setting}': expected the name of a field or a dotted path")
    return Filter(Path(name, separator), frozenset(map(as_text, values)))
