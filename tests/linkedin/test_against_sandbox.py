"""The client against the sandbox, which shares no code with it, over real connections."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.errors import (
    Confirmation,
    Misconfigured,
    QuotaSpent,
    Refused,
    Reject,
    Retry,
    Stop,
)
from target_linkedin_resumes.http.client import HttpTransport
from target_linkedin_resumes.linkedin.api import LinkedIn
from target_linkedin_resumes.linkedin.session import Session
from target_linkedin_resumes.records import ResumeKey
from target_linkedin_resumes.sandbox.server import Running, running
from target_linkedin_resumes.settings import Settings

from .fakes import ORGANIZATION

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
AWKWARD = [
    "a b",
    "a+b",
    "a&b=c",
    "50%",
    "a%2Fb",
    "a/b?c#d",
    "urn:li:x:1",
    "List(a,b)",
    '"q"',
    "a\\b",
    "ä",
    "候補者",
    "🙂",
    "e\u0301",
    "a\tb",
    "x&tcrmResumeId=evil",
    "~.-_*!'()",
]


@contextmanager
def linkedin_at(sandbox: Running, **settings: Any) -> Iterator[LinkedIn]:
    url = sandbox.url
    chosen = {
        "organization": ORGANIZATION,
        "contract": "urn:li:contract:1",
        "client_id": "sandbox",
        "client_secret": "sandbox-secret",
        "api_url": url,
        "token_url": f"{url}/oauth/v2/accessToken",
    } | settings
    transport = HttpTransport(10, environ={})
    try:
        yield LinkedIn(Settings(**chosen), Session(transport))
    finally:
        transport.close()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as sandbox:
        yield sandbox


@pytest.fixture
def linkedin(sandbox: Running) -> Iterator[LinkedIn]:
    with linkedin_at(sandbox) as linkedin:
        yield linkedin


def upload(linkedin: LinkedIn, content: bytes = PDF, content_type: str = "application/pdf") -> str:
    return linkedin.upload_resume(io.BytesIO(content), len(content), content_type, "a b&ü.pdf")


def test_awkward_ids_arrive_and_go_in_calls_of_both_forms(
    sandbox: Running, linkedin: LinkedIn
) -> None:
    keys = [ResumeKey(c, r) for c in AWKWARD for r in AWKWARD[:5]] + [ResumeKey("x" * 300, "r")]
    with ThreadPoolExecutor(8) as pool:
        blobs = list(pool.map(lambda _: upload(linkedin), range(8)))
    for part in (keys[:3], keys[3:]):
        outcomes = linkedin.batch_update([(key, blobs[0], 1670935153000) for key in part])
        assert all(isinstance(outcomes[key], Confirmation) for key in part)
    held = sandbox.snapshot()["resumes"]
    assert len(held) == len(keys)
    for part in (keys[:3], keys[3:], keys[:3]):  # the last ones are gone already
        deleted = linkedin.batch_delete(part)
        assert all(isinstance(deleted[key], Confirmation) for key in part)
    assert not sandbox.snapshot()["resumes"]
    assert sandbox.snapshot()["breaches"] == []


def test_the_token_is_introspected(linkedin: LinkedIn) -> None:
    assert linkedin.introspect().active


def test_a_wrong_secret_is_named(sandbox: Running) -> None:
    with (
        linkedin_at(sandbox, client_secret="wrong-secret") as linkedin,
        pytest.raises(Misconfigured, match="setting client_secret") as error,
    ):
        linkedin.create_upload_url("application/pdf")
    assert "wrong-secret" not in error.value.message
    assert "x-li-uuid" in error.value.message


def test_a_picture_is_rejected(linkedin: LinkedIn) -> None:
    with pytest.raises(Reject) as error:
        upload(linkedin, b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert error.value.code == "linkedin_refused"


def test_a_file_that_is_too_large_is_rejected(linkedin: LinkedIn) -> None:
    with pytest.raises(Reject) as error:
        upload(linkedin, PDF + bytes(10 * 1024 * 1024))
    assert error.value.code == "file_too_large"


@pytest.mark.parametrize(
    ("endpoint", "fault"),
    [
        ("token", {"kind": "status", "status": 503}),
        ("url", {"kind": "status", "status": 429, "body": "minute"}),
        ("upload", {"kind": "status", "status": 504, "body": "html"}),
        ("batch_delete", {"kind": "status", "status": 500, "body": "java"}),
    ],
)
def test_a_transient_failure_is_tried_again(
    sandbox: Running, linkedin: LinkedIn, endpoint: str, fault: dict[str, Any]
) -> None:
    sandbox.set_faults({"endpoint": endpoint, "times": 1, **fault})
    key = ResumeKey("c", "r")

    def work() -> None:
        linkedin.batch_update([(key, upload(linkedin), 1670935153000)])
        [confirmation] = linkedin.batch_delete([key]).values()
        assert isinstance(confirmation, Confirmation)
        assert confirmation.request_id

    with pytest.raises(Retry) as error:
        work()
    assert "x-li-uuid" in error.value.message
    work()


def test_the_days_quota(tmp_path: Path) -> None:
    with (
        running(tmp_path, requests_per_day={"batch": 1}) as sandbox,
        linkedin_at(sandbox) as linkedin,
    ):
        linkedin.batch_delete([ResumeKey("c", "r")])
        with pytest.raises(QuotaSpent, match="00:00 UTC"):
            linkedin.batch_delete([ResumeKey("c", "r")])


@pytest.mark.parametrize(
    "form",
    ["organization", "more_fields", "no_provider", "lower_case", "protocol_2", "params"],
)
def test_an_answer_in_another_form_is_read(sandbox: Running, linkedin: LinkedIn, form: str) -> None:
    keys = [ResumeKey(candidate, "r (1), x=2") for candidate in AWKWARD]
    blob = upload(linkedin)
    sandbox.set_faults({"endpoint": "batch", "kind": "written", "form": form})
    for _ in range(2):
        outcomes = linkedin.batch_update([(key, blob, 1670935153000) for key in keys])
        assert {type(outcomes[key]) for key in keys} == {Confirmation}
        deleted = linkedin.batch_delete(keys)
        assert {type(deleted[key]) for key in keys} == {Confirmation}
    assert sandbox.snapshot()["breaches"] == []


def test_an_answer_that_confirms_nothing(sandbox: Running, linkedin: LinkedIn) -> None:
    keys = [ResumeKey(f"c{number}", "r") for number in range(100)]
    blob = upload(linkedin)
    resumes = [(key, blob, 1670935153000) for key in keys]

    def written(form: str) -> None:
        sandbox.set_faults({"endpoint": "batch", "kind": "written", "form": form})

    written("twice")
    assert {type(outcome) for outcome in linkedin.batch_update(resumes).values()} == {Retry}
    written("others")
    with pytest.raises(Stop, match="none of those that were asked for"):
        linkedin.batch_update(resumes)
    written("long")
    with pytest.raises(Refused, match="longer than 4 MiB"):
        linkedin.batch_update(resumes)
    outcomes = linkedin.batch_update(resumes[:50])
    assert {type(outcome) for outcome in outcomes.values()} == {Confirmation}


@pytest.mark.parametrize("form", ["java", "no_status"])
def test_one_refused_key_among_others(sandbox: Running, linkedin: LinkedIn, form: str) -> None:
    keys = [ResumeKey(candidate, "r, x=1") for candidate in AWKWARD]
    refused = ("x&tcrmResumeId=evil", "r, x=1")
    sandbox.set_faults(
        {"endpoint": "batch", "kind": "written", "form": form},
        {"endpoint": "batch", "kind": "key_status", "status": 400, "keys": [list(refused)]},
    )
    blob = upload(linkedin)
    outcomes = dict(linkedin.batch_update([(key, blob, 1670935153000) for key in keys]))
    assert type(outcomes.pop(ResumeKey(*refused))) is (Reject if form == "java" else Retry)
    assert {type(outcome) for outcome in outcomes.values()} == {Confirmation}
    deleted = dict(linkedin.batch_delete(keys))
    assert type(deleted.pop(ResumeKey(*refused))) is (Reject if form == "java" else Retry)
    assert {type(outcome) for outcome in deleted.values()} == {Confirmation}


def test_a_gateway_that_refuses_tunnels(sandbox: Running, linkedin: LinkedIn) -> None:
    keys = [ResumeKey(f"c{number}", "r") for number in range(100)]
    blob = upload(linkedin)
    sandbox.set_faults({"endpoint": "batch", "kind": "no_tunnel"})
    for _ in range(2):
        outcomes = linkedin.batch_update([(key, blob, 1670935153000) for key in keys])
        assert {type(outcome) for outcome in outcomes.values()} == {Confirmation}
    assert len(sandbox.snapshot()["resumes"]) == 100
    calls = [entry for entry in sandbox.journal() if entry["endpoint"] == "batch_update"]
    assert sum(entry["tunnelled"] for entry in calls) == 1
    assert sandbox.snapshot()["breaches"] == []


def test_a_version_of_the_api(sandbox: Running) -> None:
    key = ResumeKey("c", "r")
    with linkedin_at(sandbox, api_version="202604") as linkedin:
        linkedin.batch_update([(key, upload(linkedin), 1670935153000)])
    assert len(sandbox.snapshot()["resumes"]) == 1


def test_a_refusal_by_address(sandbox: Running, linkedin: LinkedIn) -> None:
    sandbox.set_faults({"endpoint": "url", "kind": "status", "status": 999, "body": "html"})
    with pytest.raises(Stop, match="or this address"):
        upload(linkedin)


def test_a_batch_that_is_refused_whole(sandbox: Running, linkedin: LinkedIn) -> None:
    sandbox.set_faults({"endpoint": "batch_delete", "kind": "status", "status": 400, "times": 1})
    with pytest.raises(Refused):
        linkedin.batch_delete([ResumeKey("c", "r")])
