"""Every kind of fault does to a client what it says, and to LinkedIn's records no more."""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from target_linkedin_resumes.sandbox.faults import BATCH_ONLY, KINDS, BadFaults, Faults
from target_linkedin_resumes.sandbox.forms import FORMS

from .client import PDF, Client

if TYPE_CHECKING:
    from target_linkedin_resumes.sandbox.server import Running

    from .client import Pair

PAIR = [("c", "r")]
MANY = [(f"c{n}", "r") for n in range(100)]


def rule(kind: str, endpoint: str = "batch", **fields: Any) -> dict[str, Any]:
    return {"endpoint": endpoint, "kind": kind, **fields}


def held(sandbox: Running) -> set[tuple[str, str]]:
    return {(r["candidate_id"], r["resume_id"]) for r in sandbox.snapshot()["resumes"]}


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"status": 429}, b'"serviceErrorCode":101'),
        ({"status": 429, "body": "minute"}, b"Resource level throttle limit"),
        ({"status": 429, "body": "day"}, b"throttle APPLICATION DAY limit"),
        ({"status": 401}, b"EXPIRED_ACCESS_TOKEN"),
        ({"status": 403}, b"ACCESS_DENIED"),
        ({"status": 426}, b"NONEXISTENT_VERSION"),
        ({"status": 400}, b"Invalid query parameters"),
        ({"status": 500}, b"Internal Server Error"),
        ({"status": 502}, b"The request failed"),
        ({"status": 503, "body": "html"}, b"<html>"),
        ({"status": 503, "body": "plain"}, b"upstream request failed"),
        ({"status": 500, "body": "java"}, b"RestException"),
        ({"status": 504, "body": "empty"}, b""),
        ({"status": 422, "body": {"message": "mine"}}, b'{"message":"mine"}'),
    ],
)
def test_status(client: Client, sandbox: Running, fields: dict[str, Any], body: bytes) -> None:
    urn = client.urn()
    sandbox.set_faults(rule("status", **fields))
    answer = client.update(PAIR, urn)
    assert answer.status == fields["status"]
    assert body in answer.body
    assert (answer.body == b"") == (body == b"")
    assert answer.headers["x-li-uuid"]
    assert held(sandbox) == set()


def test_status_headers(client: Client, sandbox: Running) -> None:
    headers = {"x-li-fabric": "prod"}
    sandbox.set_faults(rule("status", "url", status=429, retry_after=7, headers=headers))
    answer = client.create_url()
    assert (answer.headers["retry-after"], answer.headers["x-li-fabric"]) == ("7", "prod")
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    sandbox.set_faults(rule("status", "url", status=503, retry_after=date))
    assert client.create_url().headers["retry-after"] == date


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_resets(client: Client, sandbox: Running, kind: str) -> None:
    urn = client.urn()
    sandbox.set_faults(rule(kind))
    with pytest.raises(ConnectionResetError):
        client.update(PAIR, urn)
    assert held(sandbox) == (set(PAIR) if kind == "reset_after" else set())
    entry = sandbox.journal()[-1]
    assert (entry["status"], entry["fault"], entry["gone"]) == (None, kind, True)
    assert entry["key_statuses"] == ([204] if kind == "reset_after" else [])


def test_reset_while_uploading(client: Client, sandbox: Running) -> None:
    sandbox.set_faults(rule("reset_before", "upload"))
    with pytest.raises(ConnectionError):
        client.upload(PDF + b" " * 5_000_000)
    assert sandbox.snapshot()["file_count"] == 0


def test_down(client: Client, sandbox: Running) -> None:
    sandbox.set_faults(rule("down", "*"))
    with pytest.raises(ConnectionError):  # a reset, if the body comes after the end
        client.create_url()


def test_delay(client: Client, sandbox: Running) -> None:
    sandbox.set_faults(rule("delay", "url", ms=150))
    started = time.monotonic()
    assert client.create_url().status == 201
    assert time.monotonic() - started >= 0.15


def test_black_hole(client: Client, sandbox: Running) -> None:
    sandbox.set_faults(rule("black_hole", ms=150))
    with pytest.raises(http.client.RemoteDisconnected):
        client.delete(PAIR)
    sandbox.set_faults(rule("black_hole"))
    impatient = Client(sandbox, timeout=0.1)
    with pytest.raises(TimeoutError):
        impatient.delete(PAIR)


def test_cut_short(client: Client, sandbox: Running) -> None:
    sandbox.set_faults(rule("cut_short", "*"))
    with pytest.raises(http.client.IncompleteRead):
        client.delete(PAIR)
    answer = client.create_url()
    assert (answer.status, answer.headers["x-linkedin-id"]) == (201, None)


def test_slow_body(client: Client, sandbox: Running) -> None:
    sandbox.set_faults(rule("slow_body", "*", ms=150))
    started = time.monotonic()
    assert client.delete(PAIR).statuses() == {("c", "r"): 404}
    assert client.create_url().status == 201
    assert time.monotonic() - started >= 0.25


def test_slow_close(client: Client, sandbox: Running) -> None:
    sandbox.set_faults(rule("slow_close", ms=100))
    for _ in range(2):
        answer = client.delete(PAIR)
        assert answer.headers["connection"] == "close"
        assert answer.statuses() == {("c", "r"): 404}
    assert sandbox.snapshot()["breaches"] == []


@pytest.mark.parametrize("form", ["json", "html", "empty"])
def test_malformed(client: Client, sandbox: Running, form: str) -> None:
    urn = client.urn()
    sandbox.set_faults(rule("malformed", "*", form=form))
    answer = client.update(PAIR, urn)
    assert answer.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.body)
    assert held(sandbox) == set(PAIR)
    assert "x-linkedin-id" not in client.create_url().headers


def test_partial(client: Client, sandbox: Running) -> None:
    urn = client.urn()
    sandbox.set_faults(rule("partial", missing=0.2, failing=0.3, statuses=[422, 500]), seed=3)
    found = client.update(MANY, urn).statuses()
    missing = set(MANY) - set(found)
    failed = {pair for pair, status in found.items() if status != 204}
    assert missing
    assert {found[pair] for pair in failed} == {422, 500}
    assert held(sandbox) == set(MANY) - failed
    entry = sandbox.journal()[-1]
    assert [tuple(pair) for pair in entry["keys"]] == MANY
    assert entry["key_statuses"] == [found.get(pair, 204) for pair in MANY]
    assert {MANY[number] for number in entry["left_out"]} == missing
    assert entry["rules"] == [rule("partial", missing=0.2, failing=0.3, statuses=[422, 500])]


def test_key_status_and_partial_of_some_keys(client: Client, sandbox: Running) -> None:
    urn = client.urn()
    sandbox.set_faults(
        rule("key_status", keys=[["c1", "r"]], status=409),
        rule("partial", keys=[["c2", "r"]], missing=1),
    )
    found = client.update(MANY[:4], urn).statuses()
    assert found == {("c0", "r"): 204, ("c1", "r"): 409, ("c3", "r"): 204}
    assert held(sandbox) == {("c0", "r"), ("c2", "r"), ("c3", "r")}
    assert client.delete([("c3", "r")]).statuses() == {("c3", "r"): 204}
    entry = sandbox.journal()[-2]
    assert entry["fault"] == "key_status+partial"
    assert entry["left_out"] == [2]
    assert [(one["kind"], one["keys"]) for one in entry["rules"]] == [
        ("key_status", 1),
        ("partial", 1),
    ]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 410, 412, 422, 429, 500, 503])
@pytest.mark.parametrize(
    ("keys", "refused"),
    [
        ({"keys": [["a", None]]}, {("a", "1"), ("a", "2")}),
        ({"keys": [[None, "1"]]}, {("a", "1"), ("b", "1")}),
        ({"keys": [["a", "1"], [None, "2"]]}, {("a", "1"), ("a", "2")}),
        ({}, {("a", "1"), ("a", "2"), ("b", "1")}),
    ],
)
def test_deletions_are_refused_by_candidate_by_resume_or_all(
    client: Client, sandbox: Running, status: int, keys: dict[str, Any], refused: set[Pair]
) -> None:
    pairs = [("a", "1"), ("a", "2"), ("b", "1")]
    sandbox.set_faults(rule("key_status", "batch_delete", status=status, times=2, **keys))
    assert set(client.update(pairs, client.urn()).statuses().values()) == {204}
    for others in (204, 404):
        found = client.delete(pairs).statuses()
        assert found == {pair: status if pair in refused else others for pair in pairs}
    assert held(sandbox) == refused
    assert client.delete(sorted(refused)).statuses() == dict.fromkeys(refused, 204)
    assert held(sandbox) == set()


@pytest.mark.parametrize("kind", ["poison", "status", "down"])
def test_any_kind_can_be_confined_to_a_candidate(kind: str) -> None:
    faults = Faults()
    status = {"status": 503} if kind == "status" else {}
    faults.load({"rules": [rule(kind, "batch", keys=[["c", None]], **status)]})
    assert faults.choose("batch_delete", [("d", "c"), ("c", "r")]).kinds == kind
    assert faults.choose("batch_update", [("d", "c")]).kinds is None


def test_poison(client: Client, sandbox: Running) -> None:
    urn = client.urn()
    sandbox.set_faults(rule("poison", keys=[["c1", "r"]]))
    assert client.update(MANY[:4], urn).status == 400
    assert held(sandbox) == set()
    assert client.update([MANY[0], MANY[2]], urn).status == 200


@pytest.mark.parametrize("status", [None, 400])
def test_no_tunnel(client: Client, sandbox: Running, status: int | None) -> None:
    urn = client.urn()
    fields: dict[str, Any] = {} if status is None else {"status": status}
    sandbox.set_faults(rule("no_tunnel", **fields))
    assert client.update(PAIR, urn).status == client.delete(PAIR).status == (status or 405)
    assert not held(sandbox)
    assert client.update(PAIR, urn, tunnel=False).statuses() == {("c", "r"): 204}


WRITTEN = {
    "organization": "dataProvider=PARTNER&integrationContext=urn%3Ali%3Aorganization%3A1000"
    "&tcrmCandidateId=c&tcrmResumeId=r",
    "more_fields": "dataProvider=PARTNER&dataRegion=EU&"
    "integrationContext=urn%3Ali%3Aorganization%3A1234567890&tcrmCandidateId=c&tcrmResumeId=r",
    "no_provider": "integrationContext=urn%3Ali%3Aorganization%3A1234567890"
    "&tcrmCandidateId=c&tcrmResumeId=r",
    "lower_case": "dataProvider=partner&integrationContext=urn%3Ali%3Aorganization%3A1234567890"
    "&tcrmCandidateId=c&tcrmResumeId=r",
    "protocol_2": "(dataProvider:PARTNER,integrationContext:urn%3Ali%3Aorganization%3A1234567890,"
    "tcrmCandidateId:c,tcrmResumeId:r)",
    "params": "($params:(),dataProvider:PARTNER,"
    "integrationContext:urn%3Ali%3Aorganization%3A1234567890,tcrmCandidateId:c,tcrmResumeId:r)",
    "others": "dataProvider=PARTNER&integrationContext=urn%3Ali%3Aorganization%3A1234567890"
    "&tcrmCandidateId=of+another+call&tcrmResumeId=r",
}


@pytest.mark.parametrize("form", WRITTEN)
def test_written_in_another_form(client: Client, sandbox: Running, form: str) -> None:
    urn = client.urn()
    sandbox.set_faults(rule("written", form=form))
    answer = client.update(PAIR, urn).document
    assert answer == {"results": {WRITTEN[form]: {"status": 204}}, "errors": {}}
    assert held(sandbox) == set(PAIR)
    client.delete(PAIR)
    assert list(client.delete(PAIR).document["errors"]) == [WRITTEN[form]]


def test_written_twice_or_with_other_errors(client: Client, sandbox: Running) -> None:
    sandbox.set_faults(rule("written", form="twice"))
    assert len(client.delete(PAIR).document["errors"]) == 2
    sandbox.set_faults(rule("written", form="java"))
    [printed] = client.delete(PAIR).document["errors"]
    assert printed == (
        "{tcrmResumeId=r, tcrmCandidateId=c, integrationContext=urn:li:organization:1234567890,"
        " dataProvider=PARTNER}"
    )
    sandbox.set_faults(rule("written", form="no_status"))
    [error] = client.delete(PAIR).document["errors"].values()
    assert "status" not in error
    urn = client.urn()
    sandbox.set_faults(rule("written", form="long"))
    assert len(client.update(MANY, urn).body) > 4 * 1024 * 1024
    assert sandbox.snapshot()["breaches"] == []


def test_every_form_is_covered() -> None:
    assert {*WRITTEN, "twice", "java", "no_status", "long"} == set(FORMS)


def test_expire_token(client: Client, sandbox: Running) -> None:
    sandbox.set_faults(rule("expire_token", times=1))
    assert client.delete(PAIR).document["code"] == "EXPIRED_ACCESS_TOKEN"
    assert client.delete(PAIR).status == 401
    client.mint()
    assert client.delete(PAIR).status == 200
    assert sandbox.snapshot()["breaches"] == []


@pytest.mark.parametrize("kind", sorted(set(KINDS) - BATCH_ONLY))
def test_a_fault_is_not_held_against_the_client(
    client: Client, sandbox: Running, kind: str
) -> None:
    sandbox.set_faults(
        rule(kind, "*", times=4, **({"status": 401} if kind == "status" else {})),
        rule("delay", "*", ms=1),
    )
    impatient = Client(sandbox, timeout=0.1)
    for _ in range(6):
        # Starts over with a new token and a new URL whenever a call does not succeed.
        try:
            if impatient.mint().status == 200 and impatient.upload().status == 201:
                break
        except (OSError, http.client.HTTPException, TypeError, AttributeError, ValueError):
            impatient.connection.close()
    else:
        pytest.fail("never got through")
    impatient.connection.close()
    codes = set(sandbox.snapshot()["breach_counts"])
    # It does mint a token whenever it starts over, which a client should not.
    assert codes <= {"token_minted_early"}


def test_token_that_never_arrived_may_be_minted_again(client: Client, sandbox: Running) -> None:
    sandbox.reset()
    for kind in ("malformed", "cut_short", "reset_after"):
        sandbox.set_faults(rule(kind, "token"))
        with pytest.raises((AssertionError, OSError, http.client.HTTPException)):
            assert not client.mint().status
    sandbox.set_faults()
    assert client.mint().status == 200
    assert sandbox.snapshot()["breaches"] == []


def test_rate_after_and_times(client: Client, sandbox: Running) -> None:
    sandbox.set_faults(rule("status", "url", status=503, after=2, times=3))
    assert [client.create_url().status for _ in range(7)] == [201] * 2 + [503] * 3 + [201] * 2
    drawn = []
    for _ in range(2):
        sandbox.set_faults(rule("status", "url", status=503, rate=0.5), seed=11)
        drawn.append([client.create_url().status for _ in range(20)])
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == {201, 503}


def test_rules_apply_where_they_should(client: Client, sandbox: Running) -> None:
    sandbox.set_faults(rule("status", "batch_update", status=500, keys=[["c", "r"]]))
    assert client.create_url().status == 201
    assert client.delete(PAIR).status == 200
    assert client.update([("other", "r")]).status == 200
    assert client.update(PAIR).status == 500


def test_over_http(client: Client) -> None:
    rules = [rule("status", "url", status=503, times=1)]
    headers = {"content-type": "application/json"}
    posted = client.call(
        "POST", "/sandbox/faults", json.dumps({"seed": 7, "rules": rules}), headers
    )
    expected = {"seed": 7, "rules": [{**rules[0], "seen": 0, "fired": 0}]}
    assert (posted.status, posted.document) == (200, expected)
    assert client.create_url().status == 503
    assert client.create_url().status == 201
    (shown,) = client.call("GET", "/sandbox/faults").document["rules"]
    assert (shown["seen"], shown["fired"]) == (2, 1)
    assert client.call("DELETE", "/sandbox/faults").document["rules"] == []


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "faults: expected an object"),
        ({"rule": []}, "faults: unknown field rule"),
        ({"seed": "x"}, "seed: expected a whole number"),
        ({"rules": {}}, "rules: expected a list"),
        ({"rules": ["x"]}, r"rules\[0\]: expected an object"),
        ({"rules": [{"endpoint": "url"}]}, r"rules\[0\].kind: expected one of status"),
        ({"rules": [{"kind": "down"}]}, r"rules\[0\].endpoint: missing"),
        ({"rules": [rule("status")]}, r"rules\[0\].status: missing"),
        ({"rules": [rule("down", "here")]}, r"rules\[0\].endpoint: expected one of"),
        ({"rules": [rule("down", ms=3)]}, r"rules\[0\].ms: down has no such field"),
        ({"rules": [rule("down", rate=2)]}, r"rules\[0\].rate: expected a number from 0 to 1"),
        ({"rules": [rule("down", times=0)]}, r"rules\[0\].times: expected a whole number"),
        ({"rules": [rule("delay", ms=True)]}, r"rules\[0\].ms: expected milliseconds"),
        ({"rules": [rule("status", status=200)]}, r"rules\[0\].status: expected"),
        ({"rules": [rule("status", status=429, body="x")]}, r"rules\[0\].body: expected an obj"),
        ({"rules": [rule("status", status=429, body=["x"])]}, r"rules\[0\].body: expected an obj"),
        ({"rules": [rule("status", status=429, headers={"a": "\n"})]}, r"rules\[0\].headers"),
        ({"rules": [rule("poison")]}, r"rules\[0\].keys: missing"),
        ({"rules": [rule("poison", keys=["c"])]}, r"rules\[0\].keys: expected a list of"),
        ({"rules": [rule("poison", keys=[[None, None]])]}, r"rules\[0\].keys: expected a list of"),
        ({"rules": [rule("poison", keys=[["c", 1]])]}, r"rules\[0\].keys: expected a list of"),
        ({"rules": [rule("poison", "url", keys=[["c", "r"]])]}, "poison is for batch"),
        ({"rules": [rule("partial", statuses=[200])]}, r"rules\[0\].statuses: expected"),
    ],
)
def test_bad_definitions(document: object, message: str) -> None:
    faults = Faults()
    faults.load({"rules": [rule("down")]})
    with pytest.raises(BadFaults, match=message):
        faults.load(document)
    assert [found.kind for found in faults.rules] == ["down"]


@pytest.mark.parametrize("body", ["{", '{"rules": [{"kind": "?"}]}'])
def test_bad_definitions_over_http(client: Client, body: str) -> None:
    answer = client.call("POST", "/sandbox/faults", body)
    assert answer.status == 400
    assert answer.document["error"]
