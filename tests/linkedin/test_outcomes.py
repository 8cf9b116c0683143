from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.errors import (
    Failure,
    Misconfigured,
    QuotaSpent,
    Refused,
    Reject,
    Retry,
    Stop,
)
from target_linkedin_resumes.http.messages import (
    BodyChanged,
    InvalidRequest,
    ProxyRefused,
    Response,
    Stale,
    TimedOut,
    TransportError,
    Untrusted,
)
from target_linkedin_resumes.linkedin.answers import KeyResult
from target_linkedin_resumes.linkedin.outcomes import (
    LONGEST_RETRY_AFTER,
    TABLE,
    Action,
    decide,
    failure,
)
from target_linkedin_resumes.linkedin.responses import ApiResponse, Call, read_key, read_response

from .fakes import NOW, UUID, answer

WHOLE = (
    Call.TOKEN,
    Call.INTROSPECTION,
    Call.UPLOAD_URL,
    Call.UPLOAD,
    Call.BATCH_UPDATE,
    Call.BATCH_DELETE,
)
OAUTH, BATCH = WHOLE[:2], WHOLE[4:]
API = (Call.UPLOAD_URL, *BATCH)
KEYS = (Call.UPDATED_KEY, Call.DELETED_KEY)
DAY = {
    "serviceErrorCode": 101,
    "status": 429,
    "message": "Resource level throttle APPLICATION DAY limit for calls is reached.",
}
MINUTE = DAY | {"message": "Resource level throttle limit for calls to this resource is reached."}
DENIED = {"status": 403, "serviceErrorCode": 100, "message": "Not enough permissions to access: x"}


def came(call: Call, status: int | None, body: object = b"") -> ApiResponse:
    if call in KEYS:
        result = KeyResult(status, body if isinstance(body, dict) else {})
        if status is not None and status < 300:
            result = KeyResult(status)
        return read_key(call, result, read_response(Call.BATCH_UPDATE, answer(200)))
    assert status is not None
    return read_response(call, answer(status, body))


CASES: list[tuple[tuple[Call, ...], tuple[int | None, ...], object, Action]] = [
    ((*WHOLE, *KEYS), (200, 201, 204, 299), b"", Action.DELIVER),
    ((*WHOLE, *KEYS), (429,), DAY, Action.STOP_QUOTA),
    (WHOLE, (429,), b"APPLICATION DAY limit", Action.STOP_QUOTA),
    ((*WHOLE, *KEYS), (429,), MINUTE, Action.RETRY),
    ((*WHOLE, *KEYS), (429,), {"message": "try again on MONDAY or some other day"}, Action.RETRY),
    (WHOLE, (408, 425, 429, 500, 502, 503, 504, 529, 599, 998), b"<html>", Action.RETRY),
    (WHOLE, (999,), b"<html>", Action.STOP),
    (KEYS, (408, 409, 425, 429, 500, 503, 599), {}, Action.RETRY),
    (WHOLE, (407,), b"", Action.STOP_CONFIGURATION),
    (OAUTH, (400, 401, 403, 404, 405, 415, 301, 302, 307), b"", Action.STOP_CONFIGURATION),
    (
        API,
        (401,),
        {"code": "EXPIRED_ACCESS_TOKEN", "serviceErrorCode": 65602},
        Action.REFRESH_TOKEN,
    ),
    (API, (401,), b"", Action.REFRESH_TOKEN),
    (API, (403,), DENIED, Action.STOP_CONFIGURATION),
    (API, (404, 405, 406, 411, 426, 301, 308), b"", Action.STOP_CONFIGURATION),
    (BATCH, (400, 413, 414, 422), b"plain text", Action.SPLIT),
    (BATCH, (415,), b"", Action.STOP_CONFIGURATION),
    ((Call.UPLOAD_URL,), (400, 413, 414, 415, 422), b"", Action.REJECT),
    ((Call.UPLOAD,), (401, 403, 410), b"", Action.NEW_URL),
    ((Call.UPLOAD,), (400, 413, 414, 415, 422), b"", Action.REJECT),
    ((Call.UPLOAD,), (405, 406, 411, 426), b"", Action.STOP_CONFIGURATION),
    ((Call.UPLOAD,), (301, 302, 307, 404, 409, 451), b"", Action.RETRY),
    (API, (402, 409, 418, 421, 423, 428, 431, 451), b"", Action.RETRY),
    (KEYS, (401,), {}, Action.REFRESH_TOKEN),
    ((Call.UPDATED_KEY,), (403,), DENIED, Action.STOP_CONFIGURATION),
    ((Call.UPDATED_KEY,), (403,), {"code": "ACCESS_DENIED"}, Action.STOP_CONFIGURATION),
    ((Call.DELETED_KEY,), (403,), DENIED, Action.REJECT),
    ((Call.DELETED_KEY,), (404, 410), {}, Action.GONE),
    ((Call.DELETED_KEY,), (400, 402, 403, 405, 412, 413, 422, 499), {}, Action.REJECT),
    ((Call.UPDATED_KEY,), (400, 402, 403, 404, 405, 410, 412, 413, 422, 499), {}, Action.REJECT),
    (KEYS, (None, 300, 302), {}, Action.RETRY),
]


@pytest.mark.parametrize(
    ("call", "status", "body", "action"),
    [
        pytest.param(call, status, body, action, id=f"{call.name}-{status}-{action.name}")
        for calls, statuses, body, action in CASES
        for call in calls
        for status in statuses
    ],
)
def test_decides(call: Call, status: int | None, body: object, action: Action) -> None:
    assert decide(came(call, status, body)).action is action


TRANSPORT_ERRORS = [
    (Untrusted("h: not trusted"), Action.STOP_CONFIGURATION),
    (ProxyRefused("h: refused"), Action.STOP_CONFIGURATION),
    (InvalidRequest("bad header"), Action.STOP),
    (TransportError("h: reset"), Action.RETRY),
    (TimedOut("h: timed out"), Action.RETRY),
    (Stale("h: closed"), Action.RETRY),
    (BodyChanged("changed"), Action.RETRY),
]


@pytest.mark.parametrize(("error", "action"), TRANSPORT_ERRORS)
@pytest.mark.parametrize("call", WHOLE)
def test_decides_on_what_came_instead_of_an_answer(
    call: Call, error: TransportError, action: Action
) -> None:
    rule = decide(ApiResponse(call, error=error))
    if isinstance(error, Stale) and call is Call.UPLOAD:
        action = Action.NEW_URL  # the signed one may have been used
    assert rule.action is action
    assert error.reason in failure(ApiResponse(call, error=error), rule, NOW).message


def test_every_rule_decides_something_and_names_its_source() -> None:
    """No rule stands in the shadow of those above it, and each is met by a case."""
    met = [
        decide(came(call, status, body))
        for calls, statuses, body, _ in CASES
        for call in calls
        for status in statuses
    ]
    met += [
        decide(ApiResponse(call, error=error)) for error, _ in TRANSPORT_ERRORS for call in WHOLE
    ]
    for status in (400, 401):
        for error in ("invalid_client_id", "access_denied", "invalid_request"):
            met.append(decide(came(Call.TOKEN, status, {"error": error})))
    missed = [rule for rule in TABLE if not any(rule is one for one in met)]
    assert not missed
    assert all(rule.source for rule in TABLE)


STATUSES = st.none() | st.integers(100, 999)
ERRORS = st.dictionaries(
    st.sampled_from(["message", "code", "serviceErrorCode", "status", "errorDetails"]),
    st.none() | st.integers() | st.text() | st.lists(st.integers()) | st.just({"inputErrors": [1]}),
)


@given(STATUSES, ERRORS)
def test_a_deletion_is_refused_by_its_own_status_alone(
    status: int | None, error: dict[str, object]
) -> None:
    for unnamed in (
        read_key(Call.DELETED_KEY, None, ApiResponse(Call.BATCH_DELETE)),
        read_response(Call.BATCH_DELETE, answer(status or 500, error)),
    ):
        assert not isinstance(failure(unnamed, decide(unnamed), NOW), Reject)
    own = read_key(Call.DELETED_KEY, KeyResult(status, error), ApiResponse(Call.BATCH_DELETE))
    refused = isinstance(failure(own, decide(own), NOW), Reject)
    assert not refused or 400 <= (status or 0) < 500


@given(st.sampled_from(WHOLE), st.integers(100, 999), st.binary() | ERRORS.map(json.dumps))
def test_whatever_comes_is_decided(call: Call, status: int, body: bytes | str) -> None:
    raw = body if isinstance(body, bytes) else body.encode()
    read = read_response(call, Response(status, {}, raw))
    rule = decide(read)
    assert isinstance(failure(read, rule, NOW), Failure)


@pytest.mark.parametrize(
    ("call", "status", "body", "kind"),
    [
        (Call.UPLOAD, 413, b"", Reject),
        (Call.BATCH_UPDATE, 400, b"", Refused),
        (Call.DELETED_KEY, 400, {}, Reject),
        (Call.BATCH_UPDATE, 403, b"", Misconfigured),
        (Call.UPLOAD_URL, 429, DAY, QuotaSpent),
        (Call.BATCH_DELETE, 503, b"", Retry),
        (Call.UPLOAD, 999, b"", Stop),
        # remedies that are used up
        (Call.BATCH_UPDATE, 401, b"", Misconfigured),
        (Call.UPLOAD, 403, b"", Retry),
        (Call.UPDATED_KEY, 401, {}, Retry),
    ],
)
def test_an_action_becomes_a_failure(
    call: Call, status: int, body: object, kind: type[Failure]
) -> None:
    read = came(call, status, body)
    made = failure(read, decide(read), NOW)
    assert type(made) is kind
    assert made.message.endswith(f"(x-li-uuid: {UUID})")
    assert str(status) in made.message
    assert call.value in made.message


def test_codes_of_rejects() -> None:
    def code(call: Call, status: int) -> str:
        read = came(call, status, {})
        made = failure(read, decide(read), NOW)
        assert isinstance(made, Reject)
        return made.code

    assert code(Call.UPLOAD, 413) == "file_too_large"
    assert code(Call.UPLOAD, 415) == "linkedin_refused"
    assert code(Call.UPLOAD_URL, 400) == "linkedin_refused"
    assert code(Call.UPDATED_KEY, 404) == "linkedin_refused"


def test_names_are_shown_and_prose_is_not() -> None:
    body = {
        "status": 400,
        "serviceErrorCode": 100,
        "code": "INVALID_VALUE",
        "message": "Resume 'Jane Doe.pdf' of jane@example.com is bad: https://x/?sig=1",
        "errorDetailType": "com.linkedin.common.error.BadRequest",
        "errorDetails": {
            "inputErrors": [
                {
                    "code": "NOT_A_URN",
                    "description": "Jane Doe",
                    "input": {"inputPath": {"fieldPath": "entities/resumeFile"}},
                },
                {"code": "Jane Doe", "input": 5},
                "odd",
            ]
        },
    }
    for read in (came(Call.BATCH_UPDATE, 400, body), came(Call.UPDATED_KEY, 400, body)):
        message = failure(read, decide(read), NOW).message
        named = (
            "(INVALID_VALUE, serviceErrorCode 100, com.linkedin.common.error.BadRequest, NOT_A_URN,"
            " entities/resumeFile)"
        )
        assert named in message
        for private in ("Jane", "example.com", "sig="):
            assert private not in message + repr(read)


@pytest.mark.parametrize("uuid", ["a b", "a\r\nb", "é", "x" * 81, ""])
def test_a_request_id_that_is_none_is_not_shown(uuid: str) -> None:
    read = read_response(Call.UPLOAD, Response(500, {"x-li-uuid": uuid}, b""))
    assert "x-li-uuid" not in failure(read, decide(read), NOW).message


def test_a_key_that_the_answer_does_not_name_is_tried_again() -> None:
    for call in KEYS:
        read = read_key(call, None, read_response(Call.BATCH_UPDATE, answer(200)))
        made = failure(read, decide(read), NOW)
        assert isinstance(made, Retry)
        assert "does not say what became of this resume" in made.message
        assert made.message.endswith(f"(x-li-uuid: {UUID})")


def test_an_error_that_claims_success_is_none() -> None:
    whole = read_response(Call.BATCH_UPDATE, answer(200))
    read = read_key(Call.UPDATED_KEY, KeyResult(204, {"status": 204}), whole)
    assert decide(read).action is Action.RETRY


@pytest.mark.parametrize(("header", "seconds"), [("17", 17), ("99999", LONGEST_RETRY_AFTER)])
def test_a_throttled_call_says_when_to_come_back(header: str, seconds: int) -> None:
    read = read_response(Call.BATCH_UPDATE, answer(429, MINUTE, retry_after=header))
    made = failure(read, decide(read), NOW)
    assert isinstance(made, Retry)
    assert made.retry_after == seconds


@given(
    st.sampled_from(KEYS),
    st.none() | st.integers(0, 999),
    st.none() | st.fixed_dictionaries({}, optional={"code": st.text(), "status": st.integers()}),
)
def test_a_key_that_counts_as_delivered_is_what_the_table_delivers(
    call: Call, status: int | None, error: dict[str, object] | None
) -> None:
    result = KeyResult(status, error)
    rule = decide(read_key(call, result, ApiResponse(call, 200)))
    assert result.delivered == (rule.action is Action.DELIVER)
