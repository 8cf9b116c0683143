"""Records read into changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.records import (
    _FALSE_WORDS,
    _TRUE_WORDS,
    Delete,
    ResumeKey,
    Upsert,
    epoch_milliseconds,
    is_deleted,
    read_change,
)

GOOD: dict[str, Any] = {
    "candidate_id": "c1",
    "resume_id": 7,
    "created_at": "2022-12-13T12:25:53Z",
    "file": "cv/c1.pdf",
}
MOMENT = 1670934353000


def test_an_upsert() -> None:
    change = read_change(GOOD, stream="resumes")
    assert isinstance(change, Upsert)
    assert change.key == ResumeKey("c1", "7")
    assert change.created_at == MOMENT
    assert change.file.location == "cv/c1.pdf"
    assert change.stream == "resumes"
    assert change.record == GOOD


def test_a_delete_needs_nothing_but_its_key() -> None:
    record = {"candidate_id": 1, "resume_id": "r", "_sdc_deleted_at": "2024-01-01", "file": 5}
    change = read_change(record)
    assert isinstance(change, Delete)
    assert change.key == ResumeKey("1", "r")


@pytest.mark.parametrize(
    "marker",
    [
        "2024-05-01T00:00:00Z",
        "2024-05-01",
        "05/01/2024",
        True,
        "true",
        "TRUE",
        " t ",
        "Y",
        "yes",
        1,
        "1",
        Decimal(1),
        "d",
        "D",
        "delete",
        1714521600,
        "1714521600",
        datetime(2024, 5, 1, tzinfo=UTC),
        date(2024, 5, 1),
    ],
)
def test_markers_that_delete(marker: object) -> None:
    assert is_deleted(marker)


@pytest.mark.parametrize(
    "marker",
    [
        None,
        False,
        "false",
        "False",
        "N",
        "no",
        0,
        "0",
        Decimal("0.0"),
        float("nan"),
        "",
        "  ",
        "null",
        "0000-00-00 00:00:00",
        "c",
        "u",
        "r",
        "i",
    ],
)
def test_markers_that_do_not_delete(marker: object) -> None:
    assert not is_deleted(marker)


_WORDS = st.sampled_from(["", "false", "N", "true", "Yes", "d", "u", "null", "NaN", "active"])


@given(
    st.text()
    | st.text("0123456789 :-T/\u0660\u0663\u00b2", max_size=12)
    | st.builds(
        "{}{}{}".format, st.sampled_from(["", " ", "\t"]), _WORDS, st.sampled_from(["", " "])
    )
)
@example("0000-00-00")
@example("\u0660")  # a zero of another script is none to whoever compares with "0"
def test_a_text_deletes_if_it_is_a_word_that_says_so_or_has_a_digit_but_zero(text: str) -> None:
    word = text.strip().lower()
    digits = [character for character in word if character.isdigit()]
    if word in _FALSE_WORDS:
        expected = False
    elif word in _TRUE_WORDS:
        expected = True
    elif digits:
        expected = any(digit != "0" for digit in digits)
    else:
        with pytest.raises(Reject):
            is_deleted(text)
        return
    assert is_deleted(text) is expected


@pytest.mark.parametrize("marker", ["active", "pending", [], {}, ["x"]])
def test_a_marker_that_says_neither_is_refused(marker: object) -> None:
    with pytest.raises(Reject, match="_sdc_deleted_at") as caught:
        read_change({**GOOD, "_sdc_deleted_at": marker})
    assert caught.value.code == "invalid_record"
    assert "active" not in caught.value.message.replace("'true'", "")


@pytest.mark.parametrize(
    "value",
    [
        "2022-12-13T12:25:53Z",
        "2022-12-13T12:25:53",
        "2022-12-13 12:25:53",
        "2022-12-13T12:25:53.000+0000",
        "2022-12-13T13:25:53+01:00",
        "20221213T122553Z",
        1670934353,
        1670934353000,
        1670934353000000,
        "1670934353",
        "1670934353000",
        " 1670934353000000 ",
        Decimal("1670934353.000"),
        1670934353.0,
        "1670934353.0",
        datetime(2022, 12, 13, 12, 25, 53, tzinfo=UTC),
    ],
)
def test_timestamps_in_all_their_forms(value: object) -> None:
    assert epoch_milliseconds(value) == MOMENT


@pytest.mark.parametrize("value", ["2022-12-13", "20221213", date(2022, 12, 13)])
def test_a_date_is_its_midnight_in_utc(value: object) -> None:
    assert epoch_milliseconds(value) == 1670889600000


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "",
        "2022-13-01",
        True,
        [],
        {},
        0,
        -1670934353,
        5,
        "1969-12-31",
        "1970-01-02T00:00:00Z",
        10**17,
        10**30,
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        "1e12",
        "٢٠٢٢١٢١٣٠٠",
    ],
)
def test_what_is_no_timestamp(value: object) -> None:
    if value == "٢٠٢٢١٢١٣٠٠":  # digits of another script are digits: an epoch in seconds
        assert epoch_milliseconds(value) == 2022121300000
        return
    with pytest.raises(Reject, match="created_at") as caught:
        epoch_milliseconds(value)
    assert caught.value.code == "invalid_timestamp"


@given(
    st.datetimes(min_value=datetime(1974, 1, 1), max_value=datetime(5000, 1, 1)),  # noqa: DTZ001 - the zone is drawn apart
    st.integers(-14 * 60, 14 * 60),
)
def test_any_moment_in_any_zone(moment: datetime, offset: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    expected = (zoned - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert epoch_milliseconds(zoned.isoformat()) == expected


@given(st.integers(min_value=10**11, max_value=10**14 - 1))
def test_no_unit_is_mistaken(milliseconds: int) -> None:
    assert epoch_milliseconds(milliseconds) == milliseconds
    assert epoch_milliseconds(milliseconds // 1000) == milliseconds // 1000 * 1000
    assert epoch_milliseconds(milliseconds * 1000) == milliseconds


@pytest.mark.parametrize(
    ("record", "names"),
    [
        ({**GOOD, "candidate_id": None}, "candidate_id"),
        ({**GOOD, "candidate_id": ""}, "candidate_id"),
        ({**GOOD, "candidate_id": 1.5}, "candidate_id"),
        ({**GOOD, "candidate_id": True}, "candidate_id"),
        ({**GOOD, "candidate_id": "\ud800"}, "candidate_id"),
        ({**GOOD, "resume_id": {"id": 1}}, "resume_id"),
        ({**GOOD, "file": None}, "'file'"),
        ({**GOOD, "file": ""}, "'file'"),
        ({**GOOD, "file": ["a"]}, "'file'"),
        ({**GOOD, "file": {}}, "'file'"),
        ({**GOOD, "file": {"url": "a", "content": "b"}}, "'file'"),
        ({**GOOD, "file": {"url": 3}}, "file.url"),
        ({**GOOD, "filename": 3}, "filename"),
        ({**GOOD, "file_base64": "QQ=="}, "file_base64"),
        ({**GOOD, "file_base64": 3, "file": None}, "file_base64"),
        ({**GOOD, "checksum": 1.5}, "checksum"),
        ({**GOOD, "checksum": True}, "checksum"),
        ({**GOOD, "created_at": None}, "created_at"),
        ({}, "candidate_id"),
    ],
)
def test_a_bad_record_names_its_field(record: dict[str, Any], names: str) -> None:
    with pytest.raises(Reject) as caught:
        read_change(record)
    assert names in caught.value.message


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"file": {"url": "https://x/y", "filename": "a.pdf"}}, ("https://x/y", None, "a.pdf")),
        ({"file": {"content": "QQ==", "filename": "a.txt"}}, (None, "QQ==", "a.txt")),
        ({"file": None, "file_base64": "QQ==", "filename": "b.txt"}, (None, "QQ==", "b.txt")),
        (
            {"file": {"url": "u", "filename": "inner"}, "filename": "outer"},
            ("u", None, "outer"),
        ),
    ],
)
def test_files(record: dict[str, Any], expected: tuple[str | None, str | None, str]) -> None:
    change = read_change({**GOOD, **record})
    assert isinstance(change, Upsert)
    assert (change.file.location, change.file.content, change.file.filename) == expected


@pytest.mark.parametrize(
    ("told", "checksum"),
    [
        *(("0f3a", "0f3a"), (" 0f3a ", "0f3a"), ('"0f3a"', '"0f3a"'), (77, "77"), (0, "0")),
        *(("", None), (None, None), ('W/"0f3a"', None)),
    ],
)
def test_checksums(told: object, checksum: str | None) -> None:
    change = read_change({**GOOD, "checksum": told})
    assert isinstance(change, Upsert)
    assert change.file.checksum == checksum


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
# Each field with values of its own among any others, so that plain records are drawn too.
_IDS = st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from(["\ud800", "é"]) | _JSON
_RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "candidate_id": _IDS,
        "resume_id": _IDS,
        "created_at": st.sampled_from(["2024-05-01", MOMENT, "soon"]) | _JSON,
        "file": st.sampled_from(["a.pdf", "", {"url": "u"}, {"content": "QQ==", "url": None}])
        | _JSON,
        "file_base64": st.sampled_from(["QQ==", ""]) | _JSON,
        "filename": st.text() | _JSON,
        "content_type": st.text() | _JSON,
        "checksum": st.text() | st.integers() | _JSON,
        "_sdc_deleted_at": st.sampled_from(["2024-05-01", True, False, "active"]) | _JSON,
    },
)


def outcome(record: dict[str, Any]) -> Upsert | Delete | tuple[str, str]:
    try:
        return read_change(record, original={})
    except Reject as reject:
        return reject.code, reject.message


@given(_RECORDS)
def test_any_record_is_a_change_or_a_reject(record: dict[str, Any]) -> None:
    given = outcome(record)
    assert isinstance(given, Upsert | Delete) or given[0] in {"invalid_record", "invalid_timestamp"}


class Text(str):
    """A text that is not plainly one: whoever meets it has to ask jsonschema."""

    __slots__ = ()


class Number(int):
    """As Text."""

    __slots__ = ()


def disguised(value: Any) -> Any:
    if type(value) is str:
        return Text(value)
    return Number(value) if type(value) is int else value


@given(_RECORDS)
@example({**GOOD, "file": ""})
@example({**GOOD, "filename": None, "content_type": 3})
@example({**GOOD, "candidate_id": True})
def test_what_is_seen_at_a_glance_is_what_jsonschema_finds(record: dict[str, Any]) -> None:
    asked = {name: disguised(value) for name, value in record.items()}
    assert outcome(record) == outcome(asked)
