"""Names, dotted paths and templates."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.errors import Misconfigured, Reject
from target_linkedin_resumes.mapping.expressions import Expression, first, parse, read_filter

WORDS = st.text("abcz_09-", min_size=1, max_size=5)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)


def expression(text: str, field: str = "file") -> Expression:
    return parse(text, f"fields.{field}", field, "__")


def leaves(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        pairs = [(key, inner) for key, inner in value.items()]
    elif isinstance(value, list):
        pairs = [(str(index), inner) for index, inner in enumerate(value)]
    else:
        return [(path, value)]
    return [leaf for key, inner in pairs for leaf in leaves(inner, (*path, key))]


@given(st.dictionaries(st.text("abcz", min_size=1, max_size=4), TREES, max_size=4))
def test_every_leaf_is_found_by_its_path(record: dict[str, Any]) -> None:
    for path, value in leaves(record):
        if "__" not in str(record):  # such a name may be another path made flat
            assert expression(".".join(path)).get(record) == value


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=2, max_size=5), st.data())
def test_a_path_finds_the_flattened_form_cut_at_any_level(
    parts: list[str], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(parts)))
    value: Any = "found"
    for name in reversed(parts[cut:]):
        value = {name: value}
    record = {"__".join(parts[:cut]): value}
    assert expression(".".join(parts)).get(record) == "found"


def test_a_flattened_name_is_a_plain_name() -> None:
    assert expression("file__downloadUrl").get({"file__downloadUrl": "u"}) == "u"


def test_another_separator() -> None:
    assert parse("file.url", "fields.file", "file", "_").get({"file_url": "u"}) == "u"


def test_a_name_with_dots_in_it_wins_even_when_null() -> None:
    assert expression("a.b").get({"a.b": 1, "a__b": 2, "a": {"b": 3}}) == 1
    assert expression("a.b").get({"a.b": None, "a": {"b": 3}}) is None
    assert expression("x.a.b").get({"x": {"a.b": 1, "a": {"b": 2}}}) == 1


def test_a_branch_that_ends_early_does_not_hide_another() -> None:
    assert expression("a.b").get({"a": None, "a__b": 2}) == 2
    assert expression("a.b.c").get({"a__b": "text", "a": {"b": {"c": 3}}}) == 3


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"a": 1},
        {"a": "text"},
        {"a": None},
        {"a": []},
        {"a": [{"c": 1}]},
        {"a": [1, 2]},
        {"a": {"c": 1}},
        {"a": '{"b": 1}'},
    ],
)
def test_what_is_not_there_is_null(record: dict[str, Any]) -> None:
    assert expression("a.b").get(record) is None


def test_lists_by_index() -> None:
    record = {"attachments": [{"id": 7}, {"id": 8}], "empty": [], "by_name": {"0": "zero"}}
    assert expression("attachments.1.id").get(record) == 8
    assert expression("attachments.2.id").get(record) is None
    assert expression("attachments.-1.id").get(record) is None
    assert expression("attachments.²").get(record) is None
    assert expression("empty.0").get(record) is None
    assert expression("by_name.0").get(record) == "zero"


def test_the_first_that_is_not_null_serves() -> None:
    several = [expression("a"), expression("{b}/{c}"), expression("d")]
    assert first(several, {"a": None, "b": 1, "c": 2, "d": 3}) == "1/2"
    assert first(several, {"b": 1, "c": "", "d": 3}) == 3
    assert first(several, {"a": False, "d": 3}) is False
    assert first(several, {}) is None


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(str.strip))
def test_a_value_in_a_url_stays_one_segment(value: str) -> None:
    template = expression("https://ats.example.com/v1/{id}/download?q={id}")
    if value in (".", ".."):
        with pytest.raises(Reject) as caught:
            template.get({"id": value})
        assert caught.value.code == "invalid_record"
        return
    made = str(template.get({"id": value}))
    parts = urlsplit(made)
    assert (parts.scheme, parts.netloc) == ("https", "ats.example.com")
    assert [unquote(part) for part in parts.path.split("/")] == ["", "v1", value, "download"]
    assert unquote(parts.query) == f"q={value}"
    assert made.isascii()


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(str.strip))
def test_a_path_in_a_url_stays_below_the_host(value: str) -> None:
    for text in ("https://acme.example.com{+path}", "https://acme.example.com/{+path}"):
        try:
            made = expression(text).get({"path": value})
        except Reject:
            assert {".", ".."} & set(value.split("/"))
            continue
        parts = urlsplit(made)
        assert parts.netloc == "acme.example.com"
        assert unquote(parts.path) == "/" + value.lstrip("/")
        assert not parts.query
        assert not parts.fragment


def test_a_path_keeps_its_slashes() -> None:
    path = "/services/data/v61.0/sobjects/ContentVersion/068/VersionData"
    made = expression("https://acme.example.com{+VersionData}").get({"VersionData": path})
    assert made == f"https://acme.example.com{path}"


@pytest.mark.parametrize("path", ["../x", "a/../../x", "a/./b", "a/.."])
def test_a_path_with_dots_is_rejected(path: str) -> None:
    with pytest.raises(Reject, match=r"^field 'file': .*'\.'"):
        expression("https://host/files/{+path}").get({"path": path})


@given(st.text())
def test_elsewhere_values_stand_as_they_are(value: str) -> None:
    for text in ("{a}", "s3://bucket/{a}", "{a}.pdf", "data:;base64,{a}"):
        made = expression(text).get({"a": value})
        assert made == (text.replace("{a}", value) if value.strip() else None)


@pytest.mark.parametrize("value", [None, "", " \t", float("nan"), Decimal("NaN")])
def test_what_says_nothing_is_null(value: object) -> None:
    for text in ("{a}", "https://host/{a}", "s3://bucket/{+a}"):
        assert expression(text).get({"a": value}) is None
    assert first([expression("a"), expression("b")], {"a": value, "b": 5}) == 5
    for wanted, passes in ((None, True), (value, True), ([value, "x"], True), ("x", False)):
        condition = read_filter("a", wanted, "only.a", "__")
        assert condition.passes({"a": value}, absent_passes=False) is passes
        assert condition.passes({}, absent_passes=False) is passes


def test_half_a_surrogate_pair_is_rejected() -> None:
    with pytest.raises(Reject, match="surrogate"):
        expression("https://host/{a}").get({"a": "\ud800"})


def test_braces_can_be_written() -> None:
    assert expression("{{{a}}}").get({"a": 1}) == "{1}"
    assert expression("{a}}}{{").get({"a": 1}) == "1}{"


def test_paths_in_templates() -> None:
    record = {"engagement": {"portalId": 5}, "attachments": [{"id": 7}]}
    assert expression("{attachments.0.id}?{engagement.portalId}").get(record) == "7?5"


@pytest.mark.parametrize("value", [{}, {"x": 1}, [], [1]])
def test_objects_and_lists_have_no_text(value: object) -> None:
    assert expression("{a}").get({"a": value}) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not an empty text"),
        ("  ", "not an empty text"),
        ("https://host/{id", "the brace at character 14 has no partner"),
        ("https://host/id}", "the brace at character 16 has no partner"),
        ("https://host/{}", "braces with no name"),
        ("https://host/{ }", "braces with no name"),
        ("https://host/{+}", "braces with no name"),
        ("https://host/{{id}}", "names no field in braces"),
        (5, "not a int"),
        (None, "not a NoneType"),
        ({}, "not a dict"),
    ],
)
def test_what_is_no_expression(text: object, said: str) -> None:
    with pytest.raises(Misconfigured, match=re.escape(said)) as caught:
        parse(text, "fields.file", "file", "__")
    assert str(caught.value).startswith("setting 'fields.file': ")
    assert "'resumes/{id}.pdf'" in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_template_is_never_quoted() -> None:
    with pytest.raises(Misconfigured) as caught:
        parse("https://host/{id?token=hidden", "fields.file", "file", "__")
    assert "hidden" not in str(caught.value)
    assert "hidden" not in str(expression("https://host/{id}?token=hidden"))
