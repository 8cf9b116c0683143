"""Values that say the same in several types."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.values import as_text, is_null, version_of


@pytest.mark.parametrize(
    "value", [None, "", " ", "\t\r\n", "\u00a0", float("nan"), Decimal("NaN"), Decimal("sNaN")]
)
def test_what_says_nothing(value: object) -> None:
    assert is_null(value)


@pytest.mark.parametrize("value", [0, 0.0, False, "0", "NaN", " a ", [], {}, float("inf")])
def test_what_says_something(value: object) -> None:
    assert not is_null(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (Decimal("1.0"), "1"),
        (Decimal("1.50"), "1.50"),
        (1.0, "1"),
        (True, "true"),
        (False, "false"),
        (None, None),
        ("001", "001"),
        (Decimal("1e999999"), "1E+999999"),
        (Decimal("-1e999999999999999999"), "-1E+999999999999999999"),
        (Decimal("1e-999999999999999999"), "1E-999999999999999999"),
        (Decimal("NaN"), "NaN"),
        (float("inf"), "inf"),
        (10**20, "1" + "0" * 20),
        ({}, None),
        ([1], None),
    ],
)
def test_scalars_as_texts(value: object, text: str | None) -> None:
    assert as_text(value) == text


def test_a_number_of_many_digits_has_a_text() -> None:
    assert as_text(10**5000) == "1" + "0" * 5000


@given(st.integers())
def test_an_integer_reads_as_json_writes_it(number: int) -> None:
    assert as_text(number) == json.dumps(number)


@pytest.mark.parametrize(
    "value", [900, "900", " 900 ", "0900", 900.0, "900.0", Decimal("900.00"), Decimal("9e2")]
)
def test_a_version_is_a_whole_number_in_any_form(value: object) -> None:
    assert version_of(value) == 900


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, "", "v900", "900.5", 900.5, -1, "-1", [900], {"version": 900}, 2**63),
        *(float("nan"), float("inf"), Decimal("1e999999999999999999"), "9" * 200_000),
        *("\u0669\u0660\u0660", "9e2", "2024-05-01"),
    ],
)
def test_what_is_no_version(value: object) -> None:
    assert version_of(value) is None
