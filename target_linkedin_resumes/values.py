"""Read JSON values whatever type a tap has given them. Pure."""

from __future__ import annotations

import re
from decimal import Decimal
from math import isnan

# Numbers from here on keep the notation they came in; written out, 1e999999 would fill memory.
_LARGEST = 10**20
_WHOLE = re.compile(r"\s*[0-9]{1,20}(\.0{0,20})?\s*", re.ASCII)


def is_null(value: object) -> bool:
    """Tell whether a value counts as null: null, NaN, and a text that is empty or blank."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, float) and isnan(value)


def as_text(value: object) -> str | None:
    """Return the text of a scalar: `true` and `false` for booleans, `1` for 1.0.

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
        whole = as_whole(value)
        return str(value if whole is None else whole)
    return None


def as_whole(number: float | Decimal) -> int | None:
    """Return a number with no fraction as an integer; None for any other, and past 20 digits."""
    # No arithmetic before the bounds: it raises for exponents that Decimal can hold.
    exact = Decimal(number)
    if exact.is_finite() and exact.copy_abs() < _LARGEST and exact == int(exact):
        return int(exact)
    return None


def version_of(value: object) -> int | None:
    """Read the version of a record or a stream, a whole number in any form.

    None for any other value, and for a number that does not fit the 64 bits of SQLite.
    """
    if value is None:
        return None
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    whole = as_whole(value)
    return whole if whole is not None and 0 <= whole < 2**63 else None
