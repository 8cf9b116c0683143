"""The edges of Rest.li's grammar that the recorded requests do not reach."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from target_linkedin_resumes.sandbox.keys import (
    Element,
    SyntaxFault,
    illegal_at,
    read_element,
    read_key,
    read_query,
    write_key,
)
from target_linkedin_resumes.sandbox.tunnel import Request, TunnelFault, unpacked

from .vectors import ENTITY, PATH, query_of, stand_in

KEY = (
    "dataProvider=PARTNER&integrationContext=urn:li:organization:1&tcrmCandidateId=c&tcrmResumeId=r"
)
MULTIPART = "multipart/mixed; boundary=B"
FORM_PART = "Content-Type: application/x-www-form-urlencoded\r\n\r\na=1\r\n"
JSON_PART = "Content-Type: application/json\r\n\r\n{}\r\n"


@pytest.mark.parametrize(
    ("text", "element"),
    [
        ("a", "a"),
        ("a+b%20c", "a+b c"),
        ("''", ""),
        ("List()", []),
        ("List(a,'')", ["a", ""]),
        ("()", {}),
        ("(a:1,b:(c:List(x,y)))", {"a": "1", "b": {"c": ["x", "y"]}}),
    ],
)
def test_elements_of_protocol_2(text: str, element: Element) -> None:
    assert read_element(text) == element


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a:b",
        "(a)",
        "(a:1",
        "(a:1,)",
        "(a:1,a:2)",
        "List(a",
        "List(a;b)x",
        "()x",
        "a'b",
        "List(" * 5000,
    ],
)
def test_broken_elements_of_protocol_2(text: str) -> None:
    with pytest.raises(SyntaxFault):
        read_element(text)


def test_key_of_protocol_2_is_a_map_of_texts() -> None:
    assert read_key("(b:2,$params:(),a:1)", protocol="2.0.0") == (("a", "1"), ("b", "2"))
    for text in ("a", "List(a)", "(a:List(b))"):
        with pytest.raises(SyntaxFault):
            read_key(text, protocol="2.0.0")


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("", {}),
        ("&a=1&", {"a": "1"}),
        ("a", {"a": ""}),
        ("a[1]=y&a[0]=x", {"a": ["x", "y"]}),
        ("a%5B10%5D.b=2&a[9].b=1", {"a": [{"b": "1"}, {"b": "2"}]}),
        ("a=b=c", {"a": "b=c"}),
    ],
)
def test_queries(query: str, parameters: dict[str, Element]) -> None:
    assert read_query(query, protocol="1.0.0") == parameters


@pytest.mark.parametrize(
    "query", ["a=1&a=2", "a=1&a[0]=2", "a[0]=1&a[0]=2", "a[0]=1&a[0].b=2", "a[0].b=1&a[0].b=2"]
)
def test_parameters_given_twice(query: str) -> None:
    with pytest.raises(SyntaxFault):
        read_query(query, protocol="1.0.0")


def test_parameters_given_twice_in_protocol_2() -> None:
    with pytest.raises(SyntaxFault):
        read_query("a=1&a=2", protocol="2.0.0")


def test_key_is_read_as_a_uris_query() -> None:
    assert read_key("b=2&&a=1+%2B#c=3", protocol="1.0.0") == (("a", "1 +"), ("b", "2"))
    with pytest.raises(SyntaxFault):
        read_key("a=100%", protocol="1.0.0")


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert write_key((("a", "\ud800"),), protocol="1.0.0") == "a=%3F"


@pytest.mark.parametrize(
    ("uri", "index"),
    [
        ("/a?b=c%20", None),
        ("/a?b=ä", None),
        ("/a b", 2),
        ("/a%2", 2),
        ("/ä\xa0|", 2),
        ("/|\xa0", 1),
        ("/\x85", 1),
    ],
)
def test_what_a_uri_may_hold(uri: str, index: int | None) -> None:
    assert illegal_at(uri) == index


@pytest.mark.parametrize(
    ("uri", "body", "status"),
    [
        (f"{PATH}?ids[0]=x", "", 500),
        (f"{PATH}?ids[0].a|b=x", "", 400),
        (f"{PATH}?{query_of(['c'])}", "[]", 400),
        (f"{PATH}?{query_of(['c'])}", '{"entities": 5}', 500),
        (f"{PATH}?{query_of(['c'])}", json.dumps({"entities": {KEY: 5}}), 500),
        (f"{PATH}?{query_of(['c'])}", "[" * 100_000, 400),
        (f"{PATH}?{query_of(['c'])}", json.dumps({"entities": {KEY: ENTITY}}), 200),
    ],
)
def test_odd_updates(uri: str, body: str, status: int) -> None:
    assert stand_in(Request("PUT", uri, {}, body.encode()))[0] == status


def test_nested_key_field_in_protocol_2() -> None:
    headers = {"x-restli-protocol-version": "2.0.0"}
    uri = f"{PATH}?ids=List((a:(b:c)))"
    assert stand_in(Request("DELETE", uri, headers, b""))[:2] == (
        400,
        "Invalid key: '{'a': {'b': 'c'}}'",
    )


def tunnelled(content_type: str, body: str) -> Request:
    headers = {"x-http-method-override": "PUT", "content-type": content_type}
    return Request("POST", "/x", headers, body.encode())


@pytest.mark.parametrize(
    ("body", "query", "entity"),
    [
        (f"--B\r\n{FORM_PART}--B\r\n{JSON_PART}", "a=1", b"{}\r\n"),
        (f"--B  \r\n{JSON_PART}--B--\r\n--B\r\n{FORM_PART}", "", b"{}"),
        (f"--B\r\nX: y\r\n{JSON_PART}--B\r\n{JSON_PART}--B--", "", b"{}"),
        (f"--B\r\n{JSON_PART}--Bogus\r\n--B--", "", b"{}\r\n--Bogus"),
    ],
)
def test_multipart_edges(body: str, query: str, entity: bytes) -> None:
    found = unpacked(tunnelled(MULTIPART, body))
    assert (found.query, found.body, found.method) == (query, entity, "PUT")


@pytest.mark.parametrize(("content_type", "body"), [("multipart/mixed", "--B"), (MULTIPART, "B")])
def test_multipart_without_boundary(content_type: str, body: str) -> None:
    with pytest.raises(TunnelFault) as fault:
        unpacked(tunnelled(content_type, body))
    assert fault.value.status == 400


def test_query_after_a_bare_question_mark() -> None:
    headers = {
        "x-http-method-override": "DELETE",
        "content-type": "application/x-www-form-urlencoded",
    }
    assert unpacked(Request("POST", "/x?", headers, b"a=1")).uri == "/x?a=1"


@pytest.mark.parametrize("protocol", ["1.0.0", "2.0.0"])
@pytest.mark.parametrize("part", ["&", "a&", "ids[0].a=%41%41%41%41&", "%41"])
def test_a_query_of_too_many_parts_is_not_read(protocol: str, part: str) -> None:
    with pytest.raises(SyntaxFault):
        read_query("ids=" + part * 600_000, protocol=protocol)


def test_lists_of_too_many_elements_are_not_read() -> None:
    with pytest.raises(SyntaxFault):
        read_query("ids=List(" + "a," * 30_000 + "a)", protocol="2.0.0")
    assert read_query("a=" + "," * 30_000, protocol="1.0.0") == {"a": "," * 30_000}


def test_a_long_uri_is_judged_in_little_memory() -> None:
    tracemalloc.start()
    try:
        assert illegal_at("/x?ids=" + "a%2F" * 500_000) is None
        assert illegal_at("/x?ids=" + "a" * 500_000 + "{") == 500_007
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_part_with_many_headers_is_read_in_linear_time() -> None:
    """Copying what is left for each line would take minutes here, more than a test has."""
    headers = b"h: 1\r\n" * 1_000_000
    body = b"--b\r\n" + headers + b"Content-Type: application/json\r\n\r\n{}\r\n--b--\r\n"
    headers_of = {
        "x-http-method-override": "PUT",
        "content-type": "multipart/mixed; boundary=b",
    }
    request = unpacked(Request("POST", "/x", headers_of, body))
    assert request.body == b"{}"
