"""Values of a record as texts, for templates and filters. Pure."""

from __future__ import annotations

from decimal import Decimal

# Numbers from here on keep the notation they came in; written out, 1e999999 would fill memory.
_LARGEST = 10**17


def as_text(value: object) -> str | None:
    """Give the text of a scalar: `true` and `false` for booleans, `1` for 1.0.

    None for null, and for objects and lists, which have no text of their own.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Python's own str() refuses numbers of more than 4300 digits.
        return str(value) if abs(value) < _LARGEST else f"{Decimal(value):f}"
    if isinstance(value, float | Decimal):
        exact = Decimal(value)
        whole = exact.is_finite() and abs(exact) < _LARGEST and exact == int(exact)
        return str(int(exact)) if whole else str(value)
    return None
