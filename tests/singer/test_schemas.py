"""What a tap may send as SCHEMA."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.mapping.expressions import is_open
from target_linkedin_resumes.singer.schemas import bounded, is_schema, readable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("properties"), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    "schema", [None, {}, [], True, {"type": "object"}, {"$ref": "#/x"}, {"properties": None}]
)
def test_a_schema_that_says_nothing_is_not_judged(schema: object) -> None:
    assert is_schema(schema)
    read = readable({"type": "SCHEMA", "stream": "s", "schema": schema})["schema"]
    assert read["properties"] == {}
    assert is_open(read)
    assert is_open({**read, "properties": {"made by a stream map": {}}})


@pytest.mark.parametrize("schema", ["x", 5, [{}], {"properties": "x"}, {"properties": [{}]}])
def test_what_is_no_schema(schema: object) -> None:
    assert not is_schema(schema)


@given(JSON, JSON)
def test_any_schema_has_properties_that_are_objects(schema: Any, keys: Any) -> None:
    message = {"stream": "s", "schema": schema, "key_properties": keys}
    before = copy.deepcopy(message)
    properties = readable(message)["schema"]["properties"]
    assert all(isinstance(about, dict) for about in properties.values())
    assert message == before == bounded(message)


def test_what_is_nested_too_deeply_is_left_out() -> None:
    schema: dict[str, Any] = {}
    for _ in range(5_000):
        schema = {"type": "object", "properties": {"a": schema}}
    assert len(str(bounded({"schema": schema}))) < 5_000
