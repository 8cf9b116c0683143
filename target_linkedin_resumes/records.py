"""Read a record into a change: an upsert or a delete of one resume key. Pure.

The record contract (fields, deletion markers, timestamps) is documented in docs/record.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from target_linkedin_resumes.errors import Reject

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ResumeKey:
    """Identifies a resume; together with organization and PARTNER it is LinkedIn's key."""

    candidate_id: str
    resume_id: str

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


class Row(NamedTuple):
    """A record's identity at the tap: the values of its key properties, as ``text``.

    ``stream`` is the tap's name of its stream.
    """

    text: str
    stream: str
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Upsert:
    """The resume of ``key`` is to be what ``file`` holds. ``created_at`` is epoch milliseconds.

    ``stream``, ``record`` and ``version`` are as the tap sent them, ``attempts`` is how often
    earlier runs failed to deliver the record. ``row`` is the tap's row that names the resume, None
    where the ids are its identity or nothing is; ``element`` is the place in the
    row's list, None where the record is one resume.
    """

    key: ResumeKey
    created_at: int
    file: ResumeFile
    stream: str = ""
    record: Record = field(default_factory=dict, repr=False)
    attempts: int = 0
    version: int | None = None
    row: Row | None = field(default=None, repr=False)
    element: int | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """The resume of ``key`` is to be gone. The other fields are those of :class:`Upsert`."""

    key: ResumeKey
    stream: str = ""
    record: Record = field(default_factory=dict, repr=False)
    attempts: int = 0
    version: int | None = None
    row: Row | None = field(default=None, repr=False)
    element: int | None = None


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
_TEXTS = FIELDS[3:7]

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

_DIGIT_BUT_ZERO = re.compile(r"[1-9]")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# LinkedIn takes milliseconds; its own sample shows seconds. Anything below this bound (3 March
# 1973 in milliseconds) is a unit mistaken for another and never goes on the wire.
_EARLIEST = 10**11
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def read_change(
    record: Record,
    *,
    stream: str = "",
    original: Record | None = None,
    attempts: int = 0,
    version: int | None = None,
    row: Row | None = None,
    element: int | None = None,
) -> Change:
    """Read a record that has the contract's fields.

    ``original`` is the record as the tap sent it, kept for the rejects; ``record`` unless given.
    Raises :class:`Reject` (``invalid_record``, ``invalid_timestamp``) with a message that names
    the field and never quotes its value.
    """
    kept = record if original is None else original
    if is_deleted(record.get(DELETED)):
        if not _has_plain_key(record):
            _check(_KEY_VALIDATOR, _present(record))
        return Delete(_key(record), stream, kept, attempts, version, row, element)
    present = _present(record)
    if not _is_plain_upsert(present):
        _check(_UPSERT_VALIDATOR, present)
    created_at = epoch_milliseconds(present["created_at"])
    about = (stream, kept, attempts, version, row, element)
    return Upsert(_key(present), created_at, _file(present), *about)


def key_of(record: Record) -> ResumeKey | None:
    """Return the resume key of a record that is no change, if at least that can be read."""
    try:
        if not _has_plain_key(record):
            _check(_KEY_VALIDATOR, record)
        return _key(record)
    except Reject:
        return None


def is_deleted(marker: object) -> bool:
    """Tell whether a deletion marker deletes: null, false, 0, "N", "" do not; a date does.

    Raises :class:`Reject` for a value that is neither: a column mapped by mistake ("active",
    "pending") must not delete a customer's resumes, nor may a deletion be dropped.
    """
    if marker is None or isinstance(marker, bool):
        return bool(marker)
    if isinstance(marker, date | time):
        return True
    if isinstance(marker, int | float | Decimal):
        return marker == marker and marker != 0  # noqa: PLR0124 - NaN is no deletion
    if isinstance(marker, str):
        word = marker.strip().lower()
        # The digit first: nearly all are a date or an epoch, and no word has one.
        if _DIGIT_BUT_ZERO.search(word) or word in _TRUE_WORDS:
            return True
        if word in _FALSE_WORDS:
            return False
        digits = [character for character in word if character.isdigit()]
        if digits:  # a date or an epoch in some notation, unless it is a zero date
            return any(digit != "0" for digit in digits)
    raise Reject(
        "invalid_record",
        f"field '{DELETED}': expected a date, a boolean, 0 or 1, or a word like 'true', 'Y' or 'd'"
        " as deletion marker; this value says neither that the resume is deleted nor that it is"
        " not. Map the setting `fields.deleted` to the column that marks deletions.",
    )


def epoch_milliseconds(value: object) -> int:
    """Read ISO 8601, or an epoch in s, ms or µs told apart by its size; no zone means UTC.

    Raises :class:`Reject` with the code ``invalid_timestamp``.
    """
    milliseconds = _milliseconds(value)
    if milliseconds is None:
        raise Reject(
            "invalid_timestamp",
            "field 'created_at': expected an ISO 8601 date or time, or an epoch in seconds,"
            " milliseconds or microseconds",
        )
    if milliseconds < _EARLIEST:
        raise Reject(
            "invalid_timestamp",
            "field 'created_at': expected a time after 3 March 1973; LinkedIn takes epoch"
            " milliseconds, and a smaller number is another unit",
        )
    return milliseconds


def _milliseconds(value: object) -> int | None:
    if isinstance(value, str):
        return _from_text(value.strip())
    if isinstance(value, datetime):
        return _from_datetime(value)
    if isinstance(value, date):
        return _from_datetime(datetime.combine(value, time()))
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _from_number(value)
    return None


def _from_text(text: str) -> int | None:
    # Eight digits are a date in ISO's basic form (20221213); as an epoch they would be 1970.
    if _NUMBER.fullmatch(text) and not (len(text) == 8 and text.isdigit()):
        return _from_number(text)
    try:
        return _from_datetime(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _from_datetime(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MILLISECOND


def _from_number(number: float | Decimal | str) -> int | None:
    try:
        exact = Decimal(number)
    except InvalidOperation:
        return None
    if not exact.is_finite() or exact >= 10**17:
        return None
    if exact < 10**11:
        return int(exact * 1000)
    if exact < 10**14:
        return int(exact)
    return int(exact // 1000)


def _present(record: Record) -> dict[str, Any]:
    return {name: record[name] for name in FIELDS if record.get(name) is not None}


# Most records pass these plain checks; jsonschema takes four times as long as all the rest. It
# decides, and words the error, for records that do not pass.


def _has_plain_key(record: Record) -> bool:
    return _is_plain_id(record.get("candidate_id")) and _is_plain_id(record.get("resume_id"))


def _is_plain_id(value: object) -> bool:
    return type(value) is int or (type(value) is str and value != "")


def _is_plain_upsert(present: Record) -> bool:
    return (
        _has_plain_key(present)
        and "created_at" in present
        and present.get("file") != ""
        and all(type(present[name]) is str for name in _TEXTS if name in present)
        and type(present.get("checksum", "")) in (str, int)
    )


def _key(record: Record) -> ResumeKey:
    parts = []
    for name in ("candidate_id", "resume_id"):
        text = str(record[name])
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise Reject(
                "invalid_record",
                f"field '{name}': holds half of a surrogate pair, which is no Unicode text",
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
    text = str(record.get("checksum", "")).strip()
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
