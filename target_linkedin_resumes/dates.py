"""Read dates and times in the forms that taps and their sources write, without guessing. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

from target_linkedin_resumes.values import as_whole

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Stand for all times beyond the years that a datetime can hold.
FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)

_LONGEST = 64
# A double that is written with an exponent has a fraction before it.
_NUMBER = re.compile(r"[+-]?\d+(\.\d+([eE][+-]?\d{1,3})?)?")
_TIME = r"(?P<hour>\d\d?)(:?(?P<minute>\d\d)(:?(?P<second>\d\d)([.,](?P<fraction>\d+))?)?)?"
_ZONE = r"(\s*(?P<half>[AP])M)?\s*(Z|UT|(UTC|GMT)?(?P<zone>[+-]\d\d(:?\d\d)?)?)"
_LATER = rf"(\s+{_TIME}{_ZONE})"
_FORMS = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        # 2024-05-06 07:08:09 +0000, 2024/05/06, +275760-09-13T00:00:00Z
        rf"(?P<year>[+-]?\d{{4,6}})([-/])(?P<month>\d\d?)\2(?P<day>\d\d?)([T\s]\s*{_TIME}{_ZONE})?",
        # 2024-05-06+02:00, as XML writes a date
        r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(Z|(?P<zone>[+-]\d\d:\d\d))",
        # 20240506070809.123Z
        rf"(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)([T\s]?{_TIME}{_ZONE})?",
        # Mon, 06 May 2024 07:08:09 GMT, 06-May-2024
        rf"([a-z]{{3}},\s*)?(?P<day>\d\d?)([-\s])(?P<month>[a-z]{{3,9}})\3(?P<year>\d{{4}}){_LATER}?",
        # December 31, 9999; May  6 2024  7:08AM
        rf"(?P<month>[a-z]{{3,9}})\s+(?P<day>\d\d?),?\s+(?P<year>\d{{4}}){_LATER}?",
        # 06.05.2024
        rf"(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>\d{{4}}){_LATER}?",
    )
)
_NAMES = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_MONTHS = {form: at for at, name in enumerate(_NAMES, 1) for form in (name, name[:3])}
# Nothing but digits: a date alone, or with minutes, seconds, milliseconds.
_DIGITS = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
    r"((?P<hour>\d\d)(?P<minute>\d\d)((?P<second>\d\d)(?P<fraction>\d{3})?)?)?",
    re.ASCII,
)
# Twelve digits are milliseconds of 1973 to 2001 as well. Where they begin with one of these years
# they are a date: as an epoch they would be of 1976, and a date for "never" must not become one.
_YEARS = re.compile(r"0|1753|1899|1900|19[7-9]|20|9999")
# The month of one of these comes first or second, depending on the country.
_TWO_WAYS = re.compile(r"(\d\d?)([/-])(\d\d?)\2(\d{4})(\D.*)?", re.ASCII)
# How Postgres writes a time without end.
_WITHOUT_END = {"infinity": LAST, "-infinity": FIRST}
# How .NET writes a time in JSON: milliseconds, and a zone that does not change the moment.
_DOT_NET = re.compile(r"\\?/Date\(([+-]?\d{1,18})([+-]\d{4})?\)\\?/", re.ASCII)

# Below which number an epoch is in a unit, and how many microseconds the unit has.
_UNITS = ((10**11, 10**6), (10**14, 10**3), (2 * 10**17, 1), (10**20, Decimal("0.001")))
# Ranges that are no epochs. In seconds, the first would lie between 1971 and 3 March 1973: too
# early for a resume, and ids and sizes look the same. The others count from other years in 100
# nanoseconds: the times of Windows files from 1968 to 2108, and the ticks of .NET from 1965 to
# 2101. As epochs they would be of the year 5600 and later, or of 1989 to 1991.
_NO_EPOCHS = ((365 * 86_400, 10**8), (1157 * 10**14, 16 * 10**16), (62 * 10**16, 663 * 10**15))
# The last days of the year 9999 in seconds. In every unit they stand for "never"; in the next
# smaller one they would be an evening in 1978.
_LAST_DAYS = [int((LAST - EPOCH).total_seconds()) + days * 86_400 for days in (-2, 1)]


def read_moment(value: object) -> datetime | None:
    """Read a date, a time or an epoch, also as text. No zone means UTC.

    An epoch is in seconds, milliseconds, microseconds or nanoseconds, told apart by its size. None
    for what is no date, and for one whose day and month could be exchanged.
    """
    if isinstance(value, str):
        return _from_text(value.strip())
    if type(value) is int:  # nearly all numbers have 10 or 13 digits, and no written date has
        if 10**12 <= value < 10**13:
            return EPOCH + timedelta(milliseconds=value)
        if 10**9 <= value < 10**10:
            return EPOCH + timedelta(seconds=value)
    if isinstance(value, date):
        return _aware(value if isinstance(value, datetime) else datetime.combine(value, time()))
    number = read_number(value)
    if number is None:
        return None
    return _from_digits(str(as_whole(number))) or _from_epoch(number)


def readings(value: object) -> list[datetime]:
    """Return all moments that a value may mean: of 05/06/2024 and 05-06-2024 both."""
    moment = read_moment(value)
    if moment is not None:
        return [moment]
    match = _TWO_WAYS.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return []
    one, _, other, year, rest = match.groups("")
    dates = (f"{year}-{one}-{other}{rest}", f"{year}-{other}-{one}{rest}")
    return [moment for moment in map(read_moment, dates) if moment is not None]


def read_number(value: object) -> Decimal | None:
    """Read a finite number, also as text; None for anything else."""
    if isinstance(value, str):
        value = value.strip()
        if len(value) > _LONGEST or not _NUMBER.fullmatch(value):
            return None
    elif isinstance(value, float):
        value = repr(value)  # the digits that were written, not those that are held
    elif isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    return number if number.is_finite() else None


def _from_text(text: str) -> datetime | None:
    if text[4:5] == "-" and text[10:11] in ("", "T", " "):  # nearly all
        try:
            return _aware(datetime.fromisoformat(text))
        except ValueError:
            pass
    if len(text) > _LONGEST:
        return None
    if found := _from_digits(text):
        return found
    if (number := read_number(text)) is not None:
        return _from_epoch(number)
    if match := _DOT_NET.fullmatch(text):
        return _after_epoch(int(match[1]) * 1000)
    match = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    return _WITHOUT_END.get(text.lower()) if match is None else _made(match.groupdict())


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _from_digits(digits: str) -> datetime | None:
    match = _DIGITS.fullmatch(digits)
    if match is None or (len(digits) == 12 and not _YEARS.match(digits)):
        return None
    return _made(match.groupdict())


def _from_epoch(number: Decimal) -> datetime | None:
    size = number.copy_abs()  # arithmetic would fail for what Decimal can hold
    if any(first <= size < end for first, end in _NO_EPOCHS):
        return None
    if any(
        _LAST_DAYS[0] * unit <= number < _LAST_DAYS[1] * unit for unit in (1, 10**3, 10**6, 10**9)
    ):
        return LAST
    for below, microseconds in _UNITS:
        if size < below:
            return _after_epoch(int(number * microseconds))
    return None


def _after_epoch(microseconds: int) -> datetime:
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return LAST if microseconds > 0 else FIRST


def _made(parts: Mapping[str, str | None]) -> datetime | None:
    """Make a moment of its parts; None if there is none on the calendar or the clock."""
    year, month, day = (parts[name] or "" for name in ("year", "month", "day"))
    if not month.strip("0") or not day.strip("0"):  # a zero date: MySQL's, or day 0 of Excel
        return FIRST if int(year) <= 1900 else None
    if not 0 < int(year) < 10_000:
        return LAST if int(year) > 0 else FIRST
    hours, minutes, seconds = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    if half := parts.get("half"):
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + 12 * (half in "Pp")
    # ISO 8601 has 24:00 for the end of a day, and clocks have leap seconds.
    beyond = timedelta(days=hours == 24 and not minutes and not seconds, seconds=seconds == 60)
    try:
        moment = datetime(
            int(year),
            _MONTHS.get(month.lower(), 0) if month.isalpha() else int(month),
            int(day),
            0 if beyond.days else hours,
            minutes,
            59 if beyond.seconds else seconds,
            int((parts.get("fraction") or "")[:6].ljust(6, "0")),
            _offset(parts.get("zone")),
        )
    except ValueError:
        return None
    try:
        return moment + beyond
    except OverflowError:
        return LAST


def _offset(zone: str | None) -> timezone:
    digits = (zone or "+00").replace(":", "").ljust(5, "0")
    offset = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:]))
    return timezone(-offset if digits[0] == "-" else offset)
