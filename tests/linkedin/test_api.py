from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

import pytest

from target_linkedin_resumes.errors import (
    Confirmation,
    Failure,
    Misconfigured,
    Outcome,
    QuotaSpent,
    Refused,
    Reject,
    Retry,
    Stop,
)
from target_linkedin_resumes.http.client import MAX_RESPONSE_BYTES
from target_linkedin_resumes.http.messages import (
    Request,
    Response,
    Stale,
    Stream,
    TimedOut,
    TransportError,
)
from target_linkedin_resumes.linkedin.api import LinkedIn, SignedUrl
from target_linkedin_resumes.linkedin.limits import RequestsPerDay
from target_linkedin_resumes.linkedin.session import USER_AGENT
from target_linkedin_resumes.records import ResumeKey

from .fakes import (
    MEDIA,
    ORGANIZATION,
    RESUMES,
    SETTINGS,
    SIGNED,
    TOKEN,
    UPLOAD,
    UUID,
    Clock,
    Script,
    answer,
    client,
    script,
    token,
)

PDF = "application/pdf"
NAME = "Jane Dœ & Co 100%+.pdf"
KEYS = [ResumeKey("c 1", "r&1"), ResumeKey("c2", "r2")]
CREATED = 1670935153000


def answer_key(key: ResumeKey) -> str:
    texts = {"c 1": "c+1", "r&1": "r%261"}
    return (
        "dataProvider=PARTNER&integrationContext=urn%3Ali%3Aorganization%3A1234567890"
        f"&tcrmCandidateId={texts.get(key.candidate_id, key.candidate_id)}"
        f"&tcrmResumeId={texts.get(key.resume_id, key.resume_id)}"
    )


def batch_answer(*of_keys: tuple[ResumeKey, object]) -> Response:
    results, errors = {}, {}
    for key, status in of_keys:
        if isinstance(status, int) and status < 300:
            results[answer_key(key)] = {"status": status}
        else:
            errors[answer_key(key)] = status if isinstance(status, dict) else {"status": status}
    return answer(200, {"results": results, "errors": errors})


def update(linkedin: LinkedIn) -> dict[ResumeKey, Outcome]:
    return dict(linkedin.batch_update([(key, "urn:li:ambryBlob:/A.pdf", CREATED) for key in KEYS]))


def upload(linkedin: LinkedIn, body: bytes = b"%PDF-", name: str = NAME) -> str:
    return linkedin.upload_resume(io.BytesIO(body), len(body), PDF, name)


# hireMediaUrl


def test_asks_for_a_signed_url_as_linkedins_page_says() -> None:
    transport = script()
    assert client(transport).create_upload_url(PDF) == SignedUrl(SIGNED)
    request = transport.to(MEDIA)[0]
    assert request.method == "POST"
    assert str(request.url.origin) == "https://api.linkedin.com"
    assert dict(request.headers) == {
        "Authorization": "Bearer token-1",
        "User-Agent": USER_AGENT,
        "Accept": "application/json",
        "Content-Type": "application/json",
        "X-RestLi-Protocol-Version": "2.0.0",
    }
    assert request.body == (
        b'{"usageParameters":{"tcrmResumeParameters":{}},"contentType":"application/pdf",'
        b'"hiringContext":"urn:li:contract:123456"}'
    )


def test_asks_linkedin_to_remove_the_file_later() -> None:
    transport = script()
    settings = replace(SETTINGS, blob_ttl={"duration": 72, "unit": "HOUR"})
    client(transport, settings).create_upload_url(PDF)
    body = transport.to(MEDIA)[0].body
    assert isinstance(body, bytes)
    assert json.loads(body)["blobTtl"] == {"duration": 72, "unit": "HOUR"}


@pytest.mark.parametrize(
    "headers",
    [
        {"x_linkedin_id": SIGNED},
        {"x_restli_id": SIGNED},
        {"x_linkedin_id": SIGNED, "x_restli_id": "https://other.example/"},
        {
            "location": "/v2/hireMediaUrl/https%3A%2F%2Fwww.linkedin.com%2Fambry%2F%3F"
            "x-li-ambry-ep%3DAQ%252fa%253d"
        },
    ],
)
def test_finds_the_signed_url(headers: dict[str, str]) -> None:
    assert client(script(media=[answer(201, **headers)])).create_upload_url(PDF).text == SIGNED


@pytest.mark.parametrize("headers", [{}, {"location": "/v2/hireMediaUrl/"}, {"location": "/x"}])
def test_an_answer_without_signed_url_is_tried_again(headers: dict[str, str]) -> None:
    with pytest.raises(Retry, match="no signed upload URL") as error:
        client(script(media=[answer(201, **headers)])).create_upload_url(PDF)
    assert error.value.message.endswith(f"(x-li-uuid: {UUID})")


def test_a_signed_url_is_not_shown() -> None:
    assert "ambry" not in repr(SignedUrl(SIGNED))


# Upload


def test_uploads_to_the_url_exactly_as_received() -> None:
    transport = script()
    assert upload(client(transport)) == "urn:li:ambryBlob:/AAYU-b.pdf"
    request = transport.to(UPLOAD)[0]
    assert request.method == "POST"
    assert str(request.url.origin) == "https://www.linkedin.com"
    assert request.url.target == (
        "/ambry/?x-li-ambry-ep=AQ%2fa%3d&x-ambry-filename=Jane%20D%C5%93%20%26%20Co%20100%25%2B.pdf"
    )
    assert dict(request.headers) == {
        "Authorization": "Bearer token-1",
        "User-Agent": USER_AGENT,
        "Content-Type": PDF,
    }


def test_a_signed_url_without_query_gets_one() -> None:
    transport = script(media=[answer(201, x_linkedin_id="https://www.linkedin.com/ambry/")])
    upload(client(transport), name="a.pdf")
    assert transport.to(UPLOAD)[0].url.target == "/ambry/?x-ambry-filename=a.pdf"


def test_streams_a_file() -> None:
    transport, file = script(), io.BytesIO(b"%PDF-")
    client(transport).upload_resume(file, 5, PDF, NAME)
    assert transport.to(UPLOAD)[0].body == Stream(file, 5)


@pytest.mark.parametrize(
    ("location", "urn"),
    [
        ("/AAYU.txt", "urn:li:ambryBlob:/AAYU.txt"),
        ("//AAYU.txt", "urn:li:ambryBlob:/AAYU.txt"),
        ("https://www.linkedin.com/AAYU.txt", "urn:li:ambryBlob:/AAYU.txt"),
        ("https://www.linkedin.com:443/a/AAYU.txt?x=y", "urn:li:ambryBlob:/a/AAYU.txt"),
    ],
)
def test_makes_the_urn_of_the_location(location: str, urn: str) -> None:
    assert upload(client(script(upload=[answer(201, location=location)]))) == urn


@pytest.mark.parametrize("location", [None, "", "/", "AAYU.txt", "/a b", "/é", "https://[/a"])
def test_an_upload_without_usable_location_is_done_over(location: str | None) -> None:
    headers = {} if location is None else {"location": location}
    with pytest.raises(Retry, match="does not say where the file is"):
        upload(client(script(upload=[answer(201, **headers)])))


def signed_by(url: str, api_url: str = SETTINGS.api_url) -> tuple[LinkedIn, Script]:
    transport = script(media=[answer(201, x_linkedin_id=url)])
    transport.steps |= {"/ambry": transport.steps[UPLOAD], "/": transport.steps[UPLOAD]}
    token_url = api_url + TOKEN if api_url.startswith("http:") else SETTINGS.token_url
    return client(transport, replace(SETTINGS, api_url=api_url, token_url=token_url)), transport


@pytest.mark.parametrize(
    ("url", "api_url", "with_token"),
    [
        ("https://www.linkedin.com/ambry?a=b", SETTINGS.api_url, True),
        ("https://linkedin.com/ambry?a=b", SETTINGS.api_url, True),
        ("https://WWW.LinkedIn.COM/ambry?a=b", SETTINGS.api_url, True),
        ("https://gateway.example/ambry?a=b", "https://gateway.example", True),
        ("https://gateway.example:8443/ambry?a=b", "https://gateway.example", False),
        ("https://evil-linkedin.com/ambry?a=b", SETTINGS.api_url, False),
        ("https://linkedin.com.evil.example/ambry?a=b", SETTINGS.api_url, False),
        ("https://www.linkedin.com./ambry?a=b", SETTINGS.api_url, False),
        ("http://127.0.0.1:8765/ambry?a=b", "http://127.0.0.1:8765", True),
        ("http://127.0.0.1:9999/ambry?a=b", "http://127.0.0.1:8765", False),
        ("http://localhost:8765/ambry?a=b", "http://127.0.0.1:8765", False),
    ],
)
def test_the_token_goes_along_to_linkedin_and_the_api_alone(
    url: str, api_url: str, with_token: bool
) -> None:
    linkedin, transport = signed_by(url, api_url)
    upload(linkedin)
    assert ("Authorization" in transport.to("/ambry")[0].headers) is with_token


@pytest.mark.parametrize(
    ("url", "api_url"),
    [
        ("http://www.linkedin.com/ambry?sig=1", SETTINGS.api_url),
        ("http://127.0.0.1:8765/ambry?sig=1", SETTINGS.api_url),
        ("http://192.168.0.1/ambry?sig=1", "http://127.0.0.1:8765"),
    ],
)
def test_nothing_goes_out_without_tls(url: str, api_url: str) -> None:
    linkedin, transport = signed_by(url, api_url)
    with pytest.raises(Stop, match=r"without TLS; nothing was sent") as error:
        upload(linkedin)
    assert not transport.to("/ambry")
    assert "sig=1" not in error.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://linkedin.com@evil.example/ambry?sig=1",
        "https://www.linkedin.com\\@evil.example/ambry?sig=1",
        "https://www.linkedin.com/ambry?sig=1\r\nHost: evil.example",
        "https://www.l\u0131nkedin.com/ambry?sig=1",
        "ftp://www.linkedin.com/ambry?sig=1",
        "/ambry?sig=1",
    ],
)
def test_nothing_goes_to_a_url_that_is_none(url: str) -> None:
    linkedin, transport = signed_by(url)
    with pytest.raises(Retry, match="nothing was sent") as error:
        upload(linkedin)
    assert [request.url.target for request in transport.sent] == [TOKEN, MEDIA]
    assert "sig=1" not in error.value.message
    assert "evil" not in error.value.message


@pytest.mark.parametrize("status", [401, 403, 410])
def test_a_refused_url_is_replaced_and_then_the_token(status: int) -> None:
    transport = script(
        token=[token("a"), token("b")],
        upload=[answer(status), answer(status), answer(201, location="/A.pdf")],
    )
    assert upload(client(transport)) == "urn:li:ambryBlob:/A.pdf"
    assert [request.url.target.partition("?")[0] for request in transport.sent] == [
        TOKEN,
        MEDIA,
        UPLOAD,
        MEDIA,
        UPLOAD,
        TOKEN,
        MEDIA,
        UPLOAD,
    ]
    assert transport.to(UPLOAD)[-1].headers["Authorization"] == "Bearer b"


def test_an_upload_on_a_connection_that_was_closed_gets_a_new_url() -> None:
    transport = script(
        upload=[Stale("www.linkedin.com: closed"), answer(201, location="/A.pdf")],
    )
    assert upload(client(transport)) == "urn:li:ambryBlob:/A.pdf"
    assert len(transport.to(MEDIA)) == len(transport.to(UPLOAD)) == 2
    assert not transport.to(UPLOAD)[0].repeatable


def test_closed_connections_do_not_cost_the_token() -> None:
    closed = Stale("www.linkedin.com: closed")
    transport = script(
        token=[token("a"), token("b")],
        upload=[closed, closed, answer(201, location="/A.pdf")],
    )
    assert upload(client(transport)) == "urn:li:ambryBlob:/A.pdf"
    assert len(transport.to(TOKEN)) == 1


@pytest.mark.parametrize("lost", [0, 1])
def test_two_refusals_cost_the_token_whatever_was_lost_between(lost: int) -> None:
    steps: list[Response | TransportError] = [answer(401), answer(401)]
    steps.insert(lost, Stale("www.linkedin.com: closed"))
    linkedin = client(
        transport := script(
            token=[token("a"), token("b")], upload=[*steps, answer(201, location="/A.pdf")]
        )
    )
    with pytest.raises(Retry, match="LinkedIn answered 401 to upload"):
        upload(linkedin)
    assert upload(linkedin) == "urn:li:ambryBlob:/A.pdf"
    assert len(transport.to(TOKEN)) == 2
    assert transport.to(UPLOAD)[-1].headers["Authorization"] == "Bearer b"


def test_what_is_refused_three_times_is_tried_again_later() -> None:
    transport = script(upload=[answer(403)])
    with pytest.raises(Retry, match="LinkedIn answered 403 to upload"):
        upload(client(transport))
    assert len(transport.to(MEDIA)) == len(transport.to(UPLOAD)) == 3


@pytest.mark.parametrize(
    ("step", "kind", "code"),
    [
        (answer(413), Reject, "file_too_large"),
        (answer(415), Reject, "linkedin_refused"),
        (answer(503), Retry, None),
        (answer(302, location="https://evil.example"), Retry, None),
        (TimedOut("www.linkedin.com: timed out after 60 s"), Retry, None),
    ],
)
def test_an_upload_that_fails(step: Response, kind: type[Failure], code: str | None) -> None:
    transport = script(upload=[step])
    with pytest.raises(kind) as error:
        upload(client(transport))
    assert getattr(error.value, "code", None) == code
    assert len(transport.to(UPLOAD)) == 1
    for private in ("Jane", "x-li-ambry-ep", "token-1", "evil"):
        assert private not in error.value.message


# Batches


def test_updates_as_linkedins_page_says() -> None:
    transport = script(resumes=[batch_answer((KEYS[1], 204), (KEYS[0], 200))])
    assert update(client(transport)) == {
        KEYS[0]: Confirmation(200, UUID),
        KEYS[1]: Confirmation(204, UUID),
    }
    request = transport.to(RESUMES)[0]
    assert request.method == "PUT"
    assert dict(request.headers) == {
        "Authorization": "Bearer token-1",
        "User-Agent": USER_AGENT,
        "Accept": "application/json",
        "Content-Type": "application/json",
        "X-RestLi-Protocol-Version": "1.0.0",
        "X-RestLi-Method": "batch_update",
    }
    assert request.url.target.startswith(
        "/v2/tcrmCandidateResumes?ids%5B0%5D.tcrmCandidateId=c%201"
        f"&ids%5B0%5D.integrationContext={ORGANIZATION}&ids%5B0%5D.dataProvider=PARTNER"
        "&ids%5B0%5D.tcrmResumeId=r%261&ids%5B1%5D.tcrmCandidateId=c2"
    )
    assert isinstance(request.body, bytes)
    key = (
        "tcrmCandidateId=c%201&dataProvider=PARTNER"
        f"&integrationContext={ORGANIZATION}&tcrmResumeId=r%261"
    )
    assert json.loads(request.body)["entities"][key] == {
        "resumeFile": "urn:li:ambryBlob:/A.pdf",
        "tcrmCreatedAt": CREATED,
    }


def test_deletes_as_linkedins_page_says() -> None:
    transport = script(resumes=[batch_answer((KEYS[0], 204), (KEYS[1], 404))])
    assert client(transport).batch_delete(KEYS) == {
        KEYS[0]: Confirmation(204, UUID),
        KEYS[1]: Confirmation(404, UUID),
    }
    request = transport.to(RESUMES)[0]
    assert (request.method, request.body) == ("DELETE", None)
    assert dict(request.headers) == {
        "Authorization": "Bearer token-1",
        "User-Agent": USER_AGENT,
        "Accept": "application/json",
        "X-RestLi-Protocol-Version": "1.0.0",
        "X-RestLi-Method": "batch_delete",
    }


def test_reads_an_answer_key_by_key() -> None:
    keys = [ResumeKey("c", str(n)) for n in range(6)]
    statuses: list[object] = [204, 400, 503, 404, {"status": 403, "code": "ACCESS_DENIED"}]
    linkedin = client(script(resumes=[batch_answer(*zip(keys, statuses, strict=False))]))
    outcomes = linkedin.batch_update([(key, "urn:li:ambryBlob:/A", CREATED) for key in keys])
    kinds = [type(outcomes[key]) for key in keys]
    assert kinds == [Confirmation, Reject, Retry, Reject, Misconfigured, Retry]
    linkedin = client(script(resumes=[batch_answer(*zip(keys, statuses, strict=False))]))
    deleted = linkedin.batch_delete(keys)
    kinds = [type(deleted[key]) for key in keys]
    assert kinds == [Confirmation, Reject, Retry, Confirmation, Reject, Retry]
    for outcome in (*outcomes.values(), *deleted.values()):
        if isinstance(outcome, Confirmation):
            assert outcome.request_id == UUID
        else:
            assert outcome.message.endswith(f"(x-li-uuid: {UUID})")


@pytest.mark.parametrize("body", [b"", b"<html>504</html>", b"OK", b"null", [], {}, {"results": 5}])
@pytest.mark.parametrize("act", [update, lambda linkedin: linkedin.batch_delete(KEYS)])
def test_a_success_that_cannot_be_read_delivers_nothing(
    body: object, act: Callable[[LinkedIn], object]
) -> None:
    for status in (200, 204, 299):
        with pytest.raises(Retry, match="it is no batch answer"):
            act(client(script(resumes=[answer(status, body)])))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (403, Misconfigured),
        (404, Misconfigured),
        (426, Misconfigured),
        (500, Retry),
    ],
)
def test_a_batch_that_fails_whole(status: int, kind: type[Failure]) -> None:
    for act in (update, lambda linkedin: linkedin.batch_delete(KEYS)):
        with pytest.raises(kind, match=f"LinkedIn answered {status} to batch_"):
            act(client(script(resumes=[answer(status, b"Batch request mismatch")])))


@pytest.mark.parametrize("act", [update, lambda linkedin: linkedin.batch_delete(KEYS)])
def test_an_answer_about_other_resumes_stops_the_run(act: Callable[[LinkedIn], object]) -> None:
    for others in (
        batch_answer((ResumeKey("stranger", "r"), 204)),
        batch_answer((ResumeKey("stranger", "r"), 400)),
    ):
        with pytest.raises(Stop, match="none of those that were asked for") as error:
            act(client(script(resumes=[others])))
        assert type(error.value) is Stop
        assert "stranger" not in error.value.message


def test_an_answer_with_another_organization_is_taken_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done = batch_answer((KEYS[0], 204), (KEYS[1], 204))
    done = replace(done, body=done.body.replace(b"1234567890", b"1000"))
    linkedin = client(script(resumes=[done]))
    for _ in range(2):
        assert set(update(linkedin).values()) == {Confirmation(204, UUID)}
    [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "another organization or data provider" in record.getMessage()


def test_an_error_without_a_status_is_tried_again_and_then_rejected() -> None:
    unclear = batch_answer((KEYS[0], {"message": "Jane"}), (KEYS[1], 204))
    linkedin = client(script(resumes=[unclear]))
    outcomes = [update(linkedin)[KEYS[0]] for _ in range(4)]
    assert [type(outcome) for outcome in outcomes] == [Retry, Retry, Reject, Retry]
    assert isinstance(outcomes[2], Reject)
    assert outcomes[2].code == "linkedin_refused"
    assert "an error of this resume 3 times" in outcomes[2].message
    assert "Jane" not in outcomes[2].message
    deleted = [linkedin.batch_delete(KEYS)[KEYS[0]] for _ in range(5)]
    assert {type(outcome) for outcome in deleted} == {Retry}


def test_errors_without_a_status_count_one_after_another() -> None:
    unclear = batch_answer((KEYS[0], {}), (KEYS[1], 204))
    other = batch_answer((KEYS[0], 503), (KEYS[1], 204))
    linkedin = client(script(resumes=[unclear, unclear, other, unclear, unclear, unclear]))
    kinds = [type(update(linkedin)[KEYS[0]]) for _ in range(6)]
    assert kinds == [Retry] * 5 + [Reject]


def test_an_answer_that_is_too_long_halves_the_batch() -> None:
    long = answer(200, b'{"results": {' + b" " * MAX_RESPONSE_BYTES)
    for act in (update, lambda linkedin: linkedin.batch_delete(KEYS)):
        with pytest.raises(Refused, match="longer than 4 MiB"):
            act(client(script(resumes=[long])))


MANY = [ResumeKey(f"c{number}", "r") for number in range(60)]


def gateway(status: int, poison: ResumeKey | None = None) -> Callable[[Request], Response]:
    """Refuses tunnelled calls; carries out what comes directly, but for a batch with ``poison``."""

    def answered(request: Request) -> Response:
        if request.method == "POST":
            return answer(status)
        here = [key for key in MANY if f"={key.candidate_id}&" in request.url.target]
        if poison in here:
            return answer(400)
        return batch_answer(*((key, 204) for key in here))

    return answered


@pytest.mark.parametrize("status", [400, 403, 404, 405, 415, 501])
def test_tunnelling_that_is_refused_is_learnt_once(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    transport = script(resumes=[gateway(status)])
    linkedin = client(transport)
    for _ in range(3):
        outcomes = linkedin.batch_delete(MANY)
        assert outcomes == dict.fromkeys(MANY, Confirmation(204, UUID))
    sent = transport.to(RESUMES)
    assert [request.method for request in sent] == ["POST"] + ["DELETE"] * (len(sent) - 1)
    assert len(sent) == 1 + 3 * 3
    assert caplog.text.count("refuses tunnelled calls") == 1


def test_a_poisonous_record_is_not_taken_for_a_refused_tunnel() -> None:
    transport = script(resumes=[answer(400)])
    with pytest.raises(Refused):
        client(transport).batch_delete(MANY)
    linkedin = client(transport := script(resumes=[gateway(405, poison=MANY[-1])]))
    with pytest.raises(Refused):
        linkedin.batch_delete(MANY)
    assert linkedin.batch_delete(MANY[:30]) == dict.fromkeys(MANY[:30], Confirmation(204, UUID))
    sent = len(transport.to(RESUMES))
    linkedin.batch_delete(MANY[:30])
    assert [request.method for request in transport.to(RESUMES)[sent:]] == ["DELETE", "DELETE"]


def test_a_tunnel_that_has_worked_is_not_doubted() -> None:
    done = batch_answer(*((key, 204) for key in MANY))
    transport = script(resumes=[done, answer(403)])
    linkedin = client(transport)
    linkedin.batch_delete(MANY)
    with pytest.raises(Misconfigured):
        linkedin.batch_delete(MANY)
    assert len(transport.to(RESUMES)) == 2


def test_ids_too_long_for_a_direct_call_are_isolated_behind_such_a_gateway() -> None:
    long = ResumeKey("x" * 4000, "r")
    linkedin = client(script(resumes=[gateway(405)]))
    linkedin.batch_delete(MANY)
    for keys in ([long, *MANY], [long]):
        with pytest.raises(Refused, match="take a tunnelled call"):
            linkedin.batch_delete(keys)


def test_a_key_whose_token_is_refused_has_it_replaced() -> None:
    transport = script(
        token=[token("a"), token("b")],
        resumes=[batch_answer((KEYS[0], 401), (KEYS[1], 204)), batch_answer((KEYS[0], 204))],
    )
    linkedin = client(transport)
    outcomes = update(linkedin)
    assert isinstance(outcomes[KEYS[0]], Retry)
    assert isinstance(outcomes[KEYS[1]], Confirmation)
    linkedin.batch_delete(KEYS[:1])
    assert transport.to(RESUMES)[-1].headers["Authorization"] == "Bearer b"


def test_a_batch_is_of_1_to_100_different_keys() -> None:
    linkedin = client(script())
    with pytest.raises(ValueError, match="1 to 100 resumes, not 101"):
        linkedin.batch_delete([ResumeKey("c", str(n)) for n in range(101)])
    with pytest.raises(ValueError, match="1 to 100 resumes, not 0"):
        linkedin.batch_update([])
    with pytest.raises(ValueError, match="twice"):
        linkedin.batch_delete([KEYS[0], KEYS[0]])


# Tokens


def test_a_refused_token_is_replaced_once() -> None:
    transport = script(
        token=[token("a"), token("b")],
        resumes=[answer(401), batch_answer((KEYS[0], 204), (KEYS[1], 204))],
    )
    assert set(update(client(transport)).values()) == {Confirmation(204, UUID)}
    sent = [request.headers["Authorization"] for request in transport.to(RESUMES)]
    assert sent == ["Bearer a", "Bearer b"]


def test_a_new_token_that_is_refused_stops_the_run() -> None:
    transport = script(token=[token("a"), token("b")], media=[answer(401)])
    with pytest.raises(Misconfigured, match="refuses the access token, also a new one"):
        upload(client(transport))
    assert len(transport.to(MEDIA)) == 2


def test_tokens_that_expire_under_way_are_no_misconfiguration() -> None:
    clock = Clock(0.0)

    def slow(_request: Request) -> Response:
        clock.now += 5
        return answer(401)

    transport = script(token=[token(expires_in=4)], resumes=[slow])
    with pytest.raises(Retry, match="one access token after another expired"):
        update(client(transport, clock=clock))
    assert len(transport.to(RESUMES)) == 3


def test_an_expired_token_and_then_a_refused_one() -> None:
    clock = Clock(0.0)

    def slow(_request: Request) -> Response:
        clock.now += 5
        return answer(401)

    done = batch_answer((KEYS[0], 204), (KEYS[1], 204))
    transport = script(token=[token(expires_in=4)], resumes=[slow, answer(401), done])
    assert set(update(client(transport, clock=clock)).values()) == {Confirmation(204, UUID)}


def test_tokens_revoked_in_use_are_no_misconfiguration() -> None:
    done = batch_answer((KEYS[0], 204), (KEYS[1], 204))
    transport = script(
        token=[token(name) for name in "abcdefgh"],
        resumes=[done, answer(401), answer(401), done, answer(401)],
    )
    linkedin = client(transport)
    assert set(update(linkedin).values()) == {Confirmation(204, UUID)}
    assert set(update(linkedin).values()) == {Confirmation(204, UUID)}
    # The third token was accepted before; it takes three that never were.
    with pytest.raises(Retry, match="one access token after another"):
        update(linkedin)
    with pytest.raises(Misconfigured, match="refuses the access token"):
        update(linkedin)
    assert len(transport.to(TOKEN)) == 6


def test_a_call_that_is_refused_with_tokens_that_others_take_stops_the_run_too() -> None:
    transport = script(
        token=[token(f"t{number}") for number in range(20)],
        resumes=[answer(401)],
    )
    linkedin = client(transport)
    ends: list[type[Failure]] = []
    while Misconfigured not in ends and len(ends) < 10:
        linkedin.create_upload_url(PDF)
        with pytest.raises(Failure, match="access token") as failed:
            update(linkedin)
        ends.append(failed.type)
    assert ends == [Retry, Misconfigured]
    assert len(transport.to(RESUMES)) <= 10


def test_one_token_that_many_threads_are_refused_with_counts_once() -> None:
    everyone = threading.Barrier(8)

    def refuse(_request: Request) -> Response:
        everyone.wait(10)
        return answer(401)

    transport = script(
        token=[token("a"), token("b")],
        media=[*[refuse] * 8, answer(201, x_linkedin_id=SIGNED)],
    )
    linkedin = client(transport)
    with ThreadPoolExecutor(8) as pool:
        urls = set(pool.map(lambda _: linkedin.create_upload_url(PDF).text, range(8)))
    assert urls == {SIGNED}
    assert len(transport.to(TOKEN)) == 2


def test_tells_what_linkedin_thinks_of_the_token() -> None:
    transport = script()
    transport.steps["/oauth/v2/introspectToken"] = [answer(200, {"active": True})]
    assert client(transport).introspect().active


# Settings, quota, observation


def test_urls_may_have_a_prefix_and_a_slash_at_the_end() -> None:
    transport = script()
    transport.steps["/prefix/v2/hireMediaUrl"] = transport.steps[MEDIA]
    settings = replace(SETTINGS, api_url="https://gateway.example/prefix/")
    client(transport, settings).create_upload_url(PDF)
    assert str(transport.sent[-1].url.origin) == "https://gateway.example"


def test_a_version_of_the_api_goes_to_its_path_with_its_header() -> None:
    transport = script()
    transport.steps |= {"/rest/hireMediaUrl": transport.steps[MEDIA]}
    transport.steps |= {"/rest/tcrmCandidateResumes": [batch_answer((KEYS[0], 204))]}
    linkedin = client(transport, replace(SETTINGS, api_version="202604"))
    upload(linkedin)
    linkedin.batch_delete(KEYS[:1])
    by_path = {request.url.target.partition("?")[0]: request.headers for request in transport.sent}
    versions = {path: headers.get("LinkedIn-Version") for path, headers in by_path.items()}
    assert versions == {
        TOKEN: None,
        "/rest/hireMediaUrl": "202604",
        UPLOAD: None,
        "/rest/tcrmCandidateResumes": "202604",
    }


def test_every_call_says_who_makes_it_and_no_more() -> None:
    transport = script()
    upload(client(transport))
    agents = {request.headers["User-Agent"] for request in transport.sent}
    assert agents == {f"target-linkedin-resumes/{version('target-linkedin-resumes')}"}


@pytest.mark.parametrize(
    "url", ["http://api.linkedin.com", "api.linkedin.com", "https://a/?b", "https://u:p@a", ""]
)
def test_an_api_url_that_a_token_must_not_go_to(url: str) -> None:
    with pytest.raises(
        Misconfigured, match=r"setting 'api_url': .* expected an https URL"
    ) as error:
        client(script(), replace(SETTINGS, api_url=url))
    assert "u:p" not in error.value.message


def test_the_days_requests_are_counted_and_not_exceeded() -> None:
    quota = RequestsPerDay({"tcrmCandidateResumes": 2}, lambda: datetime(2026, 3, 1, tzinfo=UTC))
    transport = script(resumes=[batch_answer((KEYS[0], 204))])
    linkedin = client(transport, requests_per_day=quota)
    linkedin.batch_delete(KEYS[:1])
    update(linkedin)
    with pytest.raises(QuotaSpent, match="tcrmCandidateResumes"):
        linkedin.batch_delete(KEYS[:1])
    upload(linkedin)
    assert len(transport.to(RESUMES)) == 2
    used = {"token": 1, "tcrmCandidateResumes": 2, "hireMediaUrl": 1, "upload": 1}
    assert quota.save()["used"] == used


def test_each_call_is_observed() -> None:
    seen: list[tuple[str, str, float, int]] = []
    transport = script(resumes=[TimedOut("h: timed out"), batch_answer((KEYS[0], 204))])
    linkedin = client(transport, seen=seen)
    upload(linkedin)
    with pytest.raises(Retry):
        linkedin.batch_delete(KEYS[:1])
    linkedin.batch_delete(KEYS[:1])
    assert [(name, outcome) for name, outcome, _, _ in seen] == [
        ("token", "200"),
        ("hireMediaUrl", "201"),
        ("upload", "201"),
        ("batch_delete", "timeout"),
        ("batch_delete", "200"),
    ]
    assert seen[2][3] == 5


def test_logs_hold_nothing_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    transport = script(upload=[answer(403), answer(201, location="/A.pdf")])
    upload(client(transport))
    assert f"upload: 403 in 0.000 s, x-li-uuid {UUID}" in caplog.text
    for private in ("token-1", "the s/cret", "cret", "ambry", "Jane", "the-id"):
        assert private not in caplog.text
