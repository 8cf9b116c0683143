"""Records read into changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from target_linkedin_resumes.dates import read_number, readings
from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.records import (
    _FALSE_WORDS,
    _TRUE_WORDS,
    Delete,
    Provenance,
    ResumeFile,
    ResumeKey,
    Upsert,
    epoch_milliseconds,
    is_deleted,
    key_of,
    read_change,
)
from target_linkedin_resumes.singer.reader import Unbounded

GOOD: dict[str, Any] = {
    "candidate_id": "c1",
    "resume_id": 7,
    "created_at": "2022-12-13T12:25:53Z",
    "file": "cv/c1.pdf",
}
MOMENT = 1670934353000


def test_an_upsert() -> None:
    change = read_change(GOOD, Provenance("resumes", GOOD))
    assert isinstance(change, Upsert)
    assert change.key == ResumeKey("c1", "7")
    assert change.created_at == MOMENT
    assert change.file.location == "cv/c1.pdf"
    assert change.provenance.stream == "resumes"
    assert change.provenance.record == GOOD


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


# What stands for "never", in the forms in which dates are written.
NEVER = [
    *("9999-12-31", "0001-01-01", "1970-01-01", "1900-01-01", "1899-12-30", "1753-01-01"),
    *("2099-01-01", "1970-12-31", "0000-00-00", "2099-12-31"),
]


def label(value: object) -> str:
    """A short name for a case."""
    return repr(Decimal(value) if type(value) is int else value)[:40]


def forms(day: str) -> list[object]:
    year, month, date_ = day.split("-")
    texts = [
        day,
        *(f"{day}{rest}" for rest in ("T00:00:00", "T00:00:00Z", " 00:00:00", " 00:00:00 UTC")),
        *(f"{day}T{rest}" for rest in ("00:00:00.000+00:00", "23:59:59.9999999", "23:59:59.999Z")),
        *(f"{day} 00:00:00{zone}" for zone in ("+00", "+0000", "-14:00", "+14:00", " +0000")),
        *(f"{year}/{month}/{date_}", f"{date_}/{month}/{year}", f"{month}/{date_}/{year}"),
        *(f"{date_}-{month}-{year}", f"{month}-{date_}-{year} 00:00:00", f"{day}Z", f"{day}+02:00"),
        *(f"{month}/{date_}/{year} 00:00:00", f"{date_}.{month}.{year}", f"{year}{month}{date_}"),
        *(f"{year}{month}{date_}{rest}" for rest in ("0000", "235959", "235959999", "T000000Z")),
    ]
    if day == "0000-00-00":
        return [*texts]
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    name = moment.strftime("%b")
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    epochs = [seconds * unit for unit in (1, 10**3, 10**6)]
    return [
        *(*texts, f"{date_}-{name}-{year}", f"{date_}-{name.upper()}-{year} 00:00:00"),
        *(f"Fri, {date_} {name} {year} 00:00:00 GMT", f"/Date({seconds * 1000})/"),
        *(moment, moment.date(), *epochs, *map(str, epochs), *map(Decimal, epochs)),
    ]


@pytest.mark.parametrize("day", NEVER)
def test_a_date_that_means_never_does_not_delete(day: str) -> None:
    assert [form for form in forms(day) if is_deleted(form)] == []


@pytest.mark.parametrize("day", ["1973-03-04", "1999-12-31", "2001-09-10", "2024-05-06"])
def test_a_date_that_has_come_deletes_in_any_form(day: str) -> None:
    assert [form for form in forms(day) if not is_deleted(form)] == []


@pytest.mark.parametrize(
    "marker",
    [
        *(-1, "-1", -86_400, 253_402_300_799, 253_402_300_799_999, 253_402_300_799_999_999),
        *(9_223_372_036_825_200_000, -9_223_372_036_832_400_000, 2**63 - 1, "294276-12-31"),
        *("+275760-09-13T00:00:00.000Z", "-0001-11-30T00:00:00+00:00", "10000-01-01"),
        *("9999-12-31T24:00:00", "2099-01-01T00:00:00+14:00", "0", "0.0", "00000000"),
        "\u0660",  # a zero in any script
        *(3600, 50_400, -19_800, 18_000_000, 86_400 * 3, "December 31, 9999", "31 December 9999"),
        *("Jan  1 1900 12:00AM", "12/31/9999 11:59:59 PM"),
        *("infinity", "-infinity", "Infinity", "1900-01-00", "1/0/1900", "1900-00-00 00:00:00"),
    ],
)
def test_what_else_means_never(marker: object) -> None:
    assert not is_deleted(marker)


@pytest.mark.parametrize(
    "marker",
    [
        *("1 - Active", "Stage 1", "Hired 2024", "A1", "false1", "v2", "1st", "no. 5", "2024-Q1"),
        *("2024-00-00", "2024-05-00", "5/0/2024", "00.05.2024", "infinite", "2024-05-06+99:00"),
        *("2024", 2024, 2, 7, "2", 0.5, 50_000_000, "50000000", "\u00b2", "2024-05", "24:00:00"),
        *("2024-13-01", "2024-02-30", "2024-05-01a10", "2024-05-01 active", "active 2024-05-01"),
        *("9" * 200_000, 10**5000, float("inf"), Decimal("1e999999"), Decimal("-1e999999999")),
        # A month, a day of Excel, the times of Windows and the ticks of .NET.
        *(
            900,
            1800,
            202405,
            "202405",
            45418,
            "45418.297",
            5000,
            -7,
            133594528890000000,
            638505828890000000,
        ),
        *("May 6 2024 13:00PM", "Maybe 6 2024", "6 Smarch 2024"),
        *(time(1), "1999", "1e3", "1e-3", "/Date()/", "2024-05-01T10:00:00+25:00"),
    ],
    ids=label,
)
def test_a_value_that_is_no_date_is_refused(marker: object) -> None:
    with pytest.raises(Reject, match="says neither"):
        is_deleted(marker)


NOW = datetime(2026, 3, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        *(("2026-03-01", True), ("2026-03-02", True), ("2026-03-02T00:00:01Z", None)),
        *(("2026-03-02T12:00:00+14:00", True), ("2027-01-01", None), ("2098-12-31", None)),
        *(("2099-01-01", False), ("1971-01-01", True), ("1970-12-31", False)),
        *((1_772_323_200, True), (1_772_409_601, None), (4_070_908_799, None)),
        *(
            ("02/04/2026", None),
            ("02/03/2026", True),
            ("01/02/2026", True),
            ("13/02/2026", True),
            ("13/13/2026", None),
        ),
    ],
)
def test_a_date_to_come_says_neither(marker: object, says: bool | None) -> None:
    if says is None:
        with pytest.raises(Reject):
            is_deleted(marker, lambda: NOW)
    else:
        assert is_deleted(marker, lambda: NOW) is says


@given(st.text() | st.text("0123456789 :-T/.ZE+\u0660\u0663\u00b2", max_size=20))
@example("0" * 64)
@example("9999-12-31T23:59:60")
def test_a_text_deletes_only_if_it_is_a_word_for_it_or_a_date(text: str) -> None:
    word = text.strip().lower()
    try:
        deletes = is_deleted(text)
    except Reject:
        assert word not in _FALSE_WORDS | _TRUE_WORDS
        return
    if word not in _FALSE_WORDS | _TRUE_WORDS:
        years = [moment.year for moment in readings(text)]
        assert deletes is (read_number(text) == 1 or bool(years and 1971 <= years[0] < 2099))


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
        1670934353000000000,
        "1670934353000000000",
        "1.670934353E12",
        "1.670934353e+9",
        Decimal("1.670934353E12"),
        1.670934353e12,
        "20221213122553",
        20221213122553,
        "20221213122553000",
        20221213122553000,
        "20221213122553Z",
        "20221213132553+0100",
        "Tue, 13 Dec 2022 12:25:53 +0000",
        "Tue, 13 Dec 2022 12:25:53 GMT",
        "13 Dec 2022 07:25:53 -0500",
        "13-DEC-2022 12:25:53",
        "2022-12-13 12:25:53 UTC",
        "2022-12-13T12:25:53UTC",
        "2022-12-13 12:25:53 +0000",
        "2022-12-13t12:25:53z",
        "2022-12-13T14:25:53 GMT+0200",
        "2022/12/13 12:25:53",
        "13.12.2022 12:25:53",
        "/Date(1670934353000)/",
        "/Date(1670934353000+0100)/",
        r"\/Date(1670934353000)\/",
        "2022-12-13T12:25:53.000000999Z",
        "2022-12-13T12:25:53,000Z",
        Decimal("1670934353.000"),
        1670934353.0,
        "1670934353.0",
        datetime(2022, 12, 13, 12, 25, 53, tzinfo=UTC),
    ],
)
def test_timestamps_in_all_their_forms(value: object) -> None:
    assert epoch_milliseconds(value) == MOMENT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(("202212131225", 1670934300000), (202212131225, 1670934300000)),
        *(("20221213122553123", 1670934353123), (20221213122553123, 1670934353123)),
        *(("2022-12-13T12:25:53.123456789Z", 1670934353123), (1670934353123456789, 1670934353123)),
        *(("May  6 2024  7:08AM", 1714979280000), ("6 May 2024 07:08:00 PM", 1715022480000)),
        *(("May 6, 2024 12:00 AM", 1714953600000), ("1 september 2024", 1725148800000)),
        *(("2022-12-13T24:00:00", 1670976000000), ("2022-12-31T24:00:00Z", 1672531200000)),
        *(("2016-12-31T23:59:60Z", 1483228800000), ("2022-12-13 12:25:60", 1670934360000)),
        *(("852012011200", 852012011200), (999999999999, 999999999999), (10**11, 10**11)),
        *((4102444799, 4102444799000), ("2099-12-31T23:59:59Z", 4102444799000)),
    ],
)
def test_timestamps_of_other_moments(value: object, expected: int) -> None:
    assert epoch_milliseconds(value) == expected


@pytest.mark.parametrize("value", ["2022-12-13", "20221213", 20221213, date(2022, 12, 13)])
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
        *(4102444800, 4102444800000, "2100-01-01", "9999-12-31", 253402214400, 10**13),
        *(Decimal("-1e900000"), Decimal("1e999999999999999999"), Decimal("1e-999999999999999999")),
        *("9" * 200_000, 10**5000, -(10**5000), "1." + "0" * 200_000, "-" * 200_000),
        *("05/06/2024", "06-05-2024", "2022-12-13T12:25:53 CET", "2022-12-13T24:00:01", time(1)),
        *("2022-12-13T12:25:53+25:00", "Tue, 31 Foo 2022 12:00:00 GMT", "2024-05-01a10"),
        "٢٠٢٢١٢١٣٠٠",
    ],
    ids=label,
)
def test_what_is_no_timestamp(value: object) -> None:
    if value == "٢٠٢٢١٢١٣٠٠":  # digits of another script are digits: an epoch in seconds
        assert epoch_milliseconds(value) == 2022121300000
        return
    with pytest.raises(Reject, match="created_at") as caught:
        epoch_milliseconds(value)
    assert caught.value.code == "invalid_timestamp"


@given(
    st.datetimes(min_value=datetime(1974, 1, 1), max_value=datetime(2099, 12, 30)),  # noqa: DTZ001 - the zone is drawn apart
    st.integers(-14 * 60, 14 * 60),
)
def test_any_moment_in_any_zone(moment: datetime, offset: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    expected = (zoned - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert epoch_milliseconds(zoned.isoformat()) == expected


# Of twelve digits, which may be a date, there are some above.
@given(st.integers(min_value=10**12, max_value=4_102_444_799_999))
def test_no_unit_is_mistaken(milliseconds: int) -> None:
    assert epoch_milliseconds(milliseconds) == milliseconds
    assert epoch_milliseconds(milliseconds // 1000) == milliseconds // 1000 * 1000
    assert epoch_milliseconds(milliseconds * 1000) == milliseconds


@pytest.mark.parametrize(
    ("record", "names"),
    [
        ({**GOOD, "candidate_id": None}, "candidate_id"),
        ({**GOOD, "candidate_id": ""}, "candidate_id"),
        *(({**GOOD, "candidate_id": lossy}, "candidate_id") for lossy in (2.0**53, -1e22, 1e300)),
        ({**GOOD, "candidate_id": 1.5}, "candidate_id"),
        ({**GOOD, "candidate_id": Decimal("1e30")}, "candidate_id"),
        ({**GOOD, "candidate_id": Decimal("1e999999999999999999")}, "candidate_id"),
        ({**GOOD, "candidate_id": " \t"}, "candidate_id': required"),
        ({**GOOD, "resume_id": float("nan")}, "resume_id': required"),
        ({**GOOD, "created_at": "  "}, "created_at': required"),
        ({**GOOD, "file": " "}, "'file': required"),
        ({**GOOD, "file": {"url": " ", "content": float("nan")}}, "exactly one of"),
        ({**GOOD, "file": "", "file_base64": " "}, "'file': required"),
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


@pytest.mark.parametrize("nothing", [None, "", "  ", float("nan"), Decimal("NaN")])
def test_what_says_nothing_is_null_everywhere(nothing: object) -> None:
    empty = dict.fromkeys(("file_base64", "filename", "content_type", "checksum"), nothing)
    change = read_change({**GOOD, **empty, "_sdc_deleted_at": nothing})
    assert change == read_change(GOOD)
    both = {"url": nothing, "content": "QQ==", "filename": nothing, "content_type": nothing}
    change = read_change({**GOOD, "file": both})
    assert isinstance(change, Upsert)
    assert change.file == ResumeFile(None, "QQ==")
    change = read_change({**GOOD, "file": nothing, "file_base64": "QQ=="})
    assert isinstance(change, Upsert)
    assert change.file == ResumeFile(None, "QQ==")


@pytest.mark.parametrize("marker", [None, "2024-05-01"])
@pytest.mark.parametrize(
    ("given", "text"),
    [
        *((42, "42"), (42.0, "42"), (Decimal("42.0"), "42"), (Decimal("4.2e1"), "42")),
        *((Decimal("-0.0"), "0"), ("42.0", "42.0"), ("042", "042"), (-7, "-7")),
        *((Decimal("12345678901234567890.0"), "12345678901234567890"), (10**30, "1" + "0" * 30)),
        (10**5000, "1" + "0" * 5000),
    ],
    ids=label,
)
def test_ids_are_texts_whatever_number_they_come_as(
    given: object, text: str, marker: str | None
) -> None:
    record = {**GOOD, "candidate_id": given, "resume_id": given, "_sdc_deleted_at": marker}
    assert read_change(record).key == key_of(record) == ResumeKey(text, text)


def test_blanks_around_an_id_are_part_of_it_and_told() -> None:
    key = read_change({**GOOD, "candidate_id": "42   "}).key
    assert key == ResumeKey("42   ", "7")
    assert key.padded == ["candidate_id"]
    assert ResumeKey("4 2", "\u00a0r").padded == ["resume_id"]


@pytest.mark.parametrize(
    ("told", "checksum"),
    [
        *((77.0, "77"), (Decimal("77.0"), "77")),
        *(("0f3a", "0f3a"), (" 0f3a ", "0f3a"), ('"0f3a"', '"0f3a"'), (77, "77"), (0, "0")),
        *(("", None), (None, None), ('W/"0f3a"', None)),
    ],
)
def test_checksums(told: object, checksum: str | None) -> None:
    change = read_change({**GOOD, "checksum": told})
    assert isinstance(change, Upsert)
    assert change.file.checksum == checksum


_BEYOND = [Decimal("1e999999999999999999"), Decimal("-1e-999999999999999999"), "9" * 5000]
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.decimals()
    | st.sampled_from([*_BEYOND, Unbounded("-1e9999999999999999999"), "\ud800", " "]),
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
        return read_change(record)
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
