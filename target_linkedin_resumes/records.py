"""Read a record into a change: an upsert or a delete of one resume key. Pure.

The record contract (fields, deletion markers, timestamps) is documented in docs/record.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from target_linkedin_resumes.dates import EPOCH, read_moment, read_number, readings
from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.values import as_text, as_whole, is_null

Record = Mapping[str, Any]


class ResumeKey(NamedTuple):
    """Identifies a resume; together with organization and PARTNER it is LinkedIn's key."""

    candidate_id: str
    resume_id: str

    @property
    def padded(self) -> list[str]:
        """The fields that begin or end with blanks."""
        parts = (("candidate_id", self.candidate_id), ("resume_id", self.resume_id))
        return [name for name, text in parts if text != text.strip()]

    def __str__(self) -> str:
        return f"candidate {self.candidate_id!r}, resume {self.resume_id!r}"


@dataclass(frozen=True, slots=True)
class ResumeFile:
    """Where a resume's bytes can be read, and what the record says of them.

    Exactly one of ``location`` (a path or a URL, ``data:`` included) and ``content`` (base64
    text, still encoded) is set. ``filename`` and ``content_type`` are hints; the bytes decide.
    ``checksum`` is any value of the source that changes whenever the bytes do, in any form.
    """

    location: str | None = field(default=None, repr=False)
    content: str | None = field(default=None, repr=False)
    filename: str | None = field(default=None, repr=False)
    content_type: str | None = None
    checksum: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent as a resume, and what it is recognized by.

    ``sha256`` is of the bytes as LinkedIn gets them, in hex; empty as long as a document is not
    converted. ``filename`` and ``content_type`` are what LinkedIn is told. ``origin`` stands for
    the bytes at the source and how they are converted, ``tag`` for what the source says of the file
    without its bytes (see etags.py); None where there is none.
    """

    sha256: str
    filename: str = field(repr=False)
    content_type: str
    tag: str | None = field(default=None, repr=False)
    origin: str | None = field(default=None, repr=False)


class Row(NamedTuple):
    """A record's identity at the tap: the values of its key properties, as ``text``.

    ``stream`` is the tap's name of its stream.
    """

    text: str
    stream: str
    properties: tuple[str, ...]


class Provenance(NamedTuple):
    """The record that a change was read from, or that was rejected.

    ``stream``, ``record`` and ``version`` are as the tap sent them, ``attempts`` is how often
    earlier runs failed to deliver the record. ``row`` is the tap's row, None where the ids are its
    identity or nothing is; ``element`` is the place of one resume in the row's list, None where the
    record is one resume.
    """

    stream: str = ""
    record: Record = {}  # noqa: RUF012 - nothing writes into a record
    attempts: int = 0
    version: int | None = None
    row: Row | None = None
    element: int | None = None

    def __repr__(self) -> str:
        return f"a record of stream {self.stream!r}"  # and nothing of what is in it


# Of a deletion that no record asks for.
NO_RECORD = Provenance()


@dataclass(frozen=True, slots=True)
class Upsert:
    """The resume of ``key`` is to be what ``file`` holds. ``created_at`` is epoch milliseconds."""

    key: ResumeKey
    created_at: int
    file: ResumeFile
    provenance: Provenance = NO_RECORD


@dataclass(frozen=True, slots=True)
class Delete:
    """The resume of ``key`` is to be gone."""

    key: ResumeKey
    provenance: Provenance = NO_RECORD


Change = Upsert | Delete

# The contract's fields, as they stand in a record after stream maps and the setting `fields`.
FIELDS = (
    "candidate_id",
    "resume_id",
    "created_at",
    "file",
    "file_base64",
    "filename",
    "content_type",
    "checksum",
)
DELETED = "_sdc_deleted_at"
_WHOLE = ("candidate_id", "resume_id", "checksum")  # a whole number counts as its text here
_NO_TEXTS = (*_WHOLE, "created_at")  # may be other than a text
_ID_TYPES = (str, int)  # no bool, which is an int

_ID = {"type": ["string", "integer"], "minLength": 1}
_TEXT = {"type": "string"}
_NUMBER_OR_TEXT = {"type": ["string", "integer"]}
_KEY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["candidate_id", "resume_id"],
    "properties": {"candidate_id": _ID, "resume_id": _ID},
}
_UPSERT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["candidate_id", "resume_id", "created_at"],
    "properties": {
        "candidate_id": _ID,
        "resume_id": _ID,
        "created_at": {},  # its many forms are for epoch_milliseconds
        "file": {
            "type": ["string", "object"],
            "minLength": 1,
            "properties": {
                "url": {"type": ["string", "null"], "minLength": 1},
                "content": {"type": ["string", "null"]},
                "filename": {"type": ["string", "null"]},
                "content_type": {"type": ["string", "null"]},
            },
        },
        "file_base64": _TEXT,
        "filename": _TEXT,
        "content_type": _TEXT,
        "checksum": _NUMBER_OR_TEXT,
    },
}
_KEY_VALIDATOR = Draft202012Validator(_KEY_SCHEMA)
_UPSERT_VALIDATOR = Draft202012Validator(_UPSERT_SCHEMA)

_TRUE_WORDS = frozenset({"true", "t", "yes", "y", "on", "d", "delete", "deleted"})
# Change-data-capture feeds say what happened with a letter or a word; only a deletion deletes.
_FALSE_WORDS = frozenset(
    {"", "false", "f", "no", "n", "off", "null", "none", "nan", "nat"}
    | {"c", "create", "i", "insert", "r", "read", "u", "update"}
)

# LinkedIn takes milliseconds; its own sample shows seconds. Anything below the first bound (3 March
# 1973 in milliseconds) is a unit mistaken for another and never goes on the wire; nor does anything
# from 2100 on.
_EARLIEST, _LATEST = 10**11, 4_102_444_800_000
# From here on a float may stand for several whole numbers, so it is no id.
_LOSSY = 2.0**53
_MILLISECOND = timedelta(milliseconds=1)
# Sources write dates before the first or from the second year on for "never".
_FIRST_YEAR, _NEVER_YEAR = 1971, 2099
# Seconds. Clocks and zones differ; a deletion that is announced for a later day has not happened.
_SOON = 86_400
# Of small numbers 0, 1 and -1 say something, and so do the midnights of 1970, and those of its
# first day in all time zones, in seconds or milliseconds. A code, a count, a year, a month such as
# 202405 or a day of Excel does not.
_YEAR = timedelta(days=365)
_DAY, _HOUR = 86_400, 3600


def read_change(record: Record, provenance: Provenance = NO_RECORD) -> Change:
    """Read a record that has the contract's fields.

    Raises :class:`Reject` (``invalid_record``, ``invalid_timestamp``) with a message that names
    the field and never quotes its value.
    """
    marker = record.get(DELETED)
    if marker is not None and is_deleted(marker):
        return Delete(_key(record), provenance)
    present = _present(record)
    if not _is_plain_upsert(present):
        _check(_UPSERT_VALIDATOR, present)
    created_at = epoch_milliseconds(present["created_at"])
    return Upsert(_checked_key(present), created_at, _file(present), provenance)


def key_of(record: Record) -> ResumeKey | None:
    """Return the resume key of a record that is no change, if at least that can be read."""
    try:
        return _key(record)
    except Reject:
        return None


def candidate_of(record: Record) -> str | None:
    """Return the candidate's id of a record, if at least that can be read."""
    key = key_of({**record, "resume_id": "any"})
    return None if key is None else key.candidate_id


def is_deleted(marker: object, clock: Callable[[], float] = time.time) -> bool:
    """Tell whether a deletion marker deletes: null, false, 0, "N", "" do not; a date does.

    A date before 1971 or from 2099 on stands for "never" and does not. ``clock`` gives epoch
    seconds. Raises :class:`Reject` for a value that says neither: a column mapped by mistake
    ("1 - Active", "pending", a date to come) must not delete a customer's resumes, nor may a
    deletion be dropped.
    """
    if marker is None or is_null(marker):
        return False
    if isinstance(marker, bool):
        return marker
    if isinstance(marker, str):
        word = marker.strip().lower()
        if word in _TRUE_WORDS:
            return True
        if word in _FALSE_WORDS:
            return False
    moment = read_moment(marker)
    if moment is not None and _has_come(moment, clock()):  # nearly all markers
        return True
    moments = readings(marker)
    says = {_has_come(moment, clock()) for moment in moments}
    if moments and abs(moments[0] - EPOCH) < _YEAR:
        number = read_number(marker)
        seconds = (moments[0] - EPOCH).total_seconds()
        if number is not None and abs(number - int(seconds)) < 1:
            says = {number == 1} if number in (1, -1) or _is_first_day(number) else set()
    if len(says) == 1 and None not in says:
        return True in says
    raise Reject(
        "invalid_record",
        f"field '{DELETED}': expected a date from 1971 on that has come, a boolean, 0 or 1, or a"
        " word like 'true', 'Y' or 'd' as deletion marker; this value says neither that the resume"
        " is deleted nor that it is not. Map the setting `fields.deleted` to the column that marks"
        " deletions.",
    )


def _is_first_day(seconds: Decimal) -> bool:
    """Tell whether a small number is a midnight of 1970, or of its first day in a time zone."""
    return seconds % _DAY == 0 or any(
        abs(seconds) % (_HOUR // 4 * unit) == 0 and _HOUR <= abs(seconds) / unit <= 14 * _HOUR
        for unit in (1, 1000)
    )


def _has_come(moment: datetime, now: float) -> bool | None:
    """Tell whether a date has come: False for one that means "never", None for a future one."""
    if not _FIRST_YEAR <= moment.year < _NEVER_YEAR:
        return False
    return True if moment.timestamp() <= now + _SOON else None


def epoch_milliseconds(value: object) -> int:
    """Read a date, a time or an epoch, see :func:`read_moment`, as epoch milliseconds.

    Raises :class:`Reject` with the code ``invalid_timestamp``.
    """
    moment = read_moment(value)
    if moment is None:
        raise Reject(
            "invalid_timestamp",
            "field 'created_at': expected an ISO 8601 date or time, or an epoch in seconds,"
            " milliseconds, microseconds or nanoseconds",
        )
    milliseconds = (moment - EPOCH) // _MILLISECOND
    if milliseconds < _EARLIEST:
        raise Reject(
            "invalid_timestamp",
            "field 'created_at': expected a time after 3 March 1973; LinkedIn takes epoch"
            " milliseconds, and a smaller number is another unit",
        )
    if milliseconds >= _LATEST:
        raise Reject(
            "invalid_timestamp",
            "field 'created_at': expected a time before the year 2100; a source that has none"
            " writes a date that stands for it",
        )
    return milliseconds


def _present(record: Record) -> dict[str, Any]:
    """Return the fields that are not null, with 42.0 as 42 where a text or whole number is due."""
    present: dict[str, Any] = {}
    for name in FIELDS:
        value = record.get(name)
        if type(value) is str:  # nearly all are
            if value and not value.isspace():
                present[name] = value
        elif value is not None and not is_null(value):
            present[name] = _said(name, value)
    return present


def _said(name: str, value: object) -> object:
    if isinstance(value, (float, Decimal)) and name in _WHOLE:
        whole = as_whole(value)
        lossy = isinstance(value, float) and abs(value) >= _LOSSY
        return Decimal(value) if whole is None or lossy else whole
    if isinstance(value, Mapping) and name == "file":
        return {part: one for part, one in value.items() if not is_null(one)}
    return value


# Most records pass these plain checks; jsonschema takes four times as long as all the rest. It
# decides, and words the error, for records that do not pass.


def _is_plain_upsert(present: Record) -> bool:
    if "created_at" not in present or not _has_plain_ids(present):
        return False
    for name, value in present.items():
        if type(value) is not str and name not in _NO_TEXTS:
            return False
    return type(present.get("checksum", "")) in _ID_TYPES


def _has_plain_ids(present: Record) -> bool:
    return (
        type(present.get("candidate_id")) in _ID_TYPES
        and type(present.get("resume_id")) in _ID_TYPES
    )


def _key(record: Record) -> ResumeKey:
    ids = [record.get("candidate_id"), record.get("resume_id")]
    if not _has_plain_ids(record) or any(map(is_null, ids)):
        record = _present(record)
        _check(_KEY_VALIDATOR, record)
    return _checked_key(record)


def _checked_key(record: Record) -> ResumeKey:
    parts = []
    for name in ("candidate_id", "resume_id"):
        text = as_text(record[name]) or ""
        try:
            if not text.isascii():
                text.encode("utf-8")
        except UnicodeEncodeError:
            raise Reject(
                "invalid_record",
                f"field '{name}': holds half of a surrogate pair, which is not valid Unicode text",
            ) from None
        parts.append(text)
    return ResumeKey(*parts)


def _file(record: Record) -> ResumeFile:
    reference = record.get("file")
    hints = (record.get("filename"), record.get("content_type"), _checksum(record))
    if "file_base64" in record:
        if reference is not None and not isinstance(reference, Mapping):
            raise Reject("invalid_record", "field 'file_base64': give either it or 'file'")
        return ResumeFile(None, record["file_base64"], *hints)
    if reference is None:
        raise Reject(
            "invalid_record",
            "field 'file': required for an upsert (a path, a URL, a data: URI, or an object with"
            " 'url' or 'content'), or 'file_base64' instead",
        )
    if isinstance(reference, str):
        return ResumeFile(reference, None, *hints)
    url, content = reference.get("url"), reference.get("content")
    if (url is None) == (content is None):
        raise Reject("invalid_record", "field 'file': expected exactly one of 'url' and 'content'")
    return ResumeFile(
        url,
        content,
        hints[0] or reference.get("filename"),
        hints[1] or reference.get("content_type"),
        hints[2],
    )


def _checksum(record: Record) -> str | None:
    text = (as_text(record.get("checksum")) or "").strip()
    # A weak ETag (RFC 9110) says that two files serve the same end, not that their bytes are equal.
    return text if text and not text.startswith("W/") else None


def _check(validator: Draft202012Validator, record: Record) -> None:
    if validator.is_valid(record):
        return
    error = best_match(validator.iter_errors(record))
    if error is not None:
        raise Reject("invalid_record", _message(error))


def _message(error: ValidationError) -> str:
    """Describe what was expected of which field. jsonschema's message would quote the record."""
    expected: Any = error.validator_value
    if error.validator == "required":
        record: Any = error.instance
        missing = next(name for name in expected if name not in record)
        return f"field '{missing}': required and missing or null"
    name = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "type":
        names = [expected] if isinstance(expected, str) else expected
        return f"field '{name}': expected {' or '.join(names)}"
    return f"field '{name}': expected a value that is not empty"
