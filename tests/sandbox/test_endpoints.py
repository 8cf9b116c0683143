"""Each endpoint does what LinkedIn documents, and refuses the rest."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

import pytest

from .client import COLLECTION, CREATED_AT, FORM, PDF, URL_REQUEST, Client, query_of

if TYPE_CHECKING:
    from target_linkedin_resumes.sandbox.server import Running

DOC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)
TXT = "Curriculum vitæ\n".encode()


def test_token_is_long_and_its_life_is_a_text(client: Client) -> None:
    answer = client.mint()
    assert answer.document["expires_in"] == "1800"
    assert len(answer.document["access_token"]) >= 1000
    assert answer.headers["x-li-uuid"]


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client_id"),
        ({"client_id": "nobody"}, 400, "invalid_client_id"),
        ({"client_secret": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "invalid_request"),
    ],
)
def test_token_errors(client: Client, form: dict[str, str], status: int, error: str) -> None:
    answer = client.mint(**form)
    assert answer.status == status
    assert answer.document["error"] == error
    assert answer.document["error_description"]


def test_token_wants_a_form(client: Client) -> None:
    body = json.dumps({"grant_type": "client_credentials"})
    headers = {"content-type": "application/json"}
    answer = client.call("POST", "/oauth/v2/accessToken", body, headers)
    assert (answer.status, answer.document["error"]) == (400, "invalid_request")


def introspected(client: Client, **form: str) -> Any:
    values = {"client_id": "sandbox", "client_secret": "sandbox-secret", **form}
    headers = {"content-type": FORM}
    return client.call("POST", "/oauth/v2/introspectToken", urlencode(values), headers)


def test_introspection(client: Client) -> None:
    known = introspected(client, token=client.token).document
    assert known["active"] is True
    assert known["status"] == "active"
    assert known["client_id"] == "sandbox"
    assert known["expires_at"] - known["created_at"] == 1800
    assert introspected(client, token="another").document == {"active": False}
    assert introspected(client).status == 400
    assert introspected(client, token="x", client_secret="wrong").status == 401


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_url_takes_post_only(client: Client, method: str) -> None:
    assert client.call(method, "/v2/hireMediaUrl").status == 405


def test_signed_url(client: Client, sandbox: Running) -> None:
    answer = client.create_url(blobTtl={"duration": 72, "unit": "HOUR"})
    assert (answer.status, answer.body) == (201, b"")
    url = answer.headers["x-linkedin-id"]
    assert url.startswith(f"{sandbox.url}/ambry/?x-li-ambry-ep=")
    assert "%2F" in url
    assert "%2b" in url
    assert answer.headers["location"].startswith("/hireMediaUrl/http%3A%2F%2F")
    assert unquote(answer.headers["location"].removeprefix("/hireMediaUrl/")) == url
    assert sandbox.snapshot()["breaches"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"fileName": "cv.pdf"},
        {"usageParameters": {}},
        {"usageParameters": {"tcrmResumeParameters": {"a": 1}}},
        {"contentType": "image/png"},
        {"hiringContext": "123456"},
        {"hiringContext": 5},
        {"blobTtl": 72},
        {"blobTtl": {"duration": 0, "unit": "HOUR"}},
        {"blobTtl": {"duration": 1, "unit": "FORTNIGHT"}},
    ],
)
def test_url_request_is_checked(client: Client, sandbox: Running, changes: dict[str, Any]) -> None:
    answer = client.create_url(**changes)
    assert answer.status == 400
    assert "x-linkedin-id" not in answer.headers
    assert sandbox.snapshot()["breach_counts"] == {"malformed_url_request": 1}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-type": "text/plain", "x-restli-protocol-version": "2.0.0"}, "{}"),
        ({"content-type": "application/json", "x-restli-protocol-version": "2.0.0"}, "{"),
        ({"content-type": "application/json", "x-restli-protocol-version": "2.0.0"}, "[]"),
        ({"content-type": "application/json", "x-restli-protocol-version": "1.0.0"}, "{}"),
        ({"content-type": "application/json"}, "{}"),
    ],
)
def test_url_wants_json_and_protocol_2(client: Client, headers: dict[str, str], body: str) -> None:
    assert client.call("POST", "/v2/hireMediaUrl", body, headers).status == 400


def test_large_url_request(client: Client) -> None:
    assert client.create_url(hiringContext="x" * 70_000).status == 413


@pytest.mark.parametrize(
    ("content", "filename", "content_type"),
    [
        (PDF, "cv of A & B.pdf", "application/pdf"),
        (DOC, "cv.DOC", "application/msword"),
        (TXT, "履歴書.txt", "text/plain"),
        (b"\xff\xfe" + "CV".encode("utf-16-le"), "cv.txt", "text/plain"),
    ],
)
def test_upload_and_update(
    client: Client, sandbox: Running, content: bytes, filename: str, content_type: str
) -> None:
    uploaded = client.upload(content, filename, content_type)
    assert (uploaded.status, uploaded.body) == (201, b"")
    location = uploaded.headers["location"]
    assert location.startswith("/AAYU")
    assert location.endswith(filename[-3:].lower())
    urn = f"urn:li:ambryBlob:{location}"
    answer = client.update([("c 1", "r&1")], urn)
    assert answer.status == 200
    assert answer.document["errors"] == {}
    assert answer.statuses() == {("c 1", "r&1"): 204}
    digest = hashlib.sha256(content).hexdigest()
    assert sandbox.snapshot()["resumes"] == [
        {
            "candidate_id": "c 1",
            "resume_id": "r&1",
            "integration_context": "urn:li:organization:1234567890",
            "resume_file": urn,
            "created_at": CREATED_AT,
            "sha256": digest,
            "size": len(content),
            "content_type": content_type,
            "filename": filename,
        }
    ]
    assert (sandbox.data / "blobs" / digest[:2] / digest).read_bytes() == content
    assert sandbox.snapshot()["breaches"] == []
    sandbox.reset()
    assert not list((sandbox.data / "blobs").glob("*/*"))


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "file_empty"),
        (b"PK\x03\x04 a docx", 400, "content_mismatch"),
        (TXT, 400, "content_mismatch"),
        (bytes(100), 400, "content_mismatch"),
        (PDF + bytes(10 * 1024 * 1024), 413, "file_too_large"),
    ],
)
def test_upload_refuses(
    client: Client, sandbox: Running, content: bytes, status: int, code: str
) -> None:
    answer = client.upload(content)
    assert answer.status == status
    assert answer.headers["x-ambry-failure-reason"]
    assert sandbox.snapshot()["breach_counts"] == {code: 1}
    assert not list((sandbox.data / "incoming").iterdir())


def test_upload_of_exactly_ten_mebibytes(client: Client, sandbox: Running) -> None:
    content = PDF.ljust(10 * 1024 * 1024, b" ")
    assert client.upload(content).status == 201
    assert sandbox.snapshot()["file_count"] == 1


def test_upload_needs_a_token_and_post(client: Client) -> None:
    path = client.signed_path() + "&x-ambry-filename=cv.pdf"
    assert client.call("POST", path, PDF, authorize=False).status == 401
    assert client.call("PUT", path, PDF).status == 401
    assert client.call("POST", path, PDF).status == 201


def test_batch_answer_has_an_order_of_its_own(client: Client) -> None:
    urn = client.urn()
    pairs = [(f"c{n:03}", "r") for n in range(100)]
    answer = client.update(pairs, urn)
    assert list(answer.statuses()) != pairs
    assert sorted(answer.statuses()) == pairs
    name = next(iter(answer.document["results"]))
    assert name.startswith("dataProvider=PARTNER&integrationContext=urn%3Ali%3Aorganization%3A")


def test_update_replaces_and_delete_removes(client: Client, sandbox: Running) -> None:
    first, second = client.urn(), client.urn()
    assert client.update([("c", "1"), ("c", "2")], first).statuses() == {
        ("c", "1"): 204,
        ("c", "2"): 204,
    }
    client.update([("c", "1")], second, tunnel=False)
    held = {resume["resume_id"]: resume["resume_file"] for resume in state_resumes(sandbox)}
    assert held == {"1": second, "2": first}
    answer = client.delete([("c", "1"), ("c", "absent")])
    assert answer.status == 200
    assert answer.statuses() == {("c", "1"): 204, ("c", "absent"): 404}
    (error,) = answer.document["errors"].values()
    assert error["message"]
    assert [resume["resume_id"] for resume in state_resumes(sandbox)] == ["2"]
    assert sandbox.snapshot()["breaches"] == []


def state_resumes(sandbox: Running) -> Any:
    return sandbox.snapshot()["resumes"]


@pytest.mark.parametrize(
    ("entity", "code"),
    [
        ({"resumeFile": "urn:li:ambryBlob:/none.pdf", "tcrmCreatedAt": CREATED_AT}, None),
        ({"resumeFile": "?"}, "entity_fields"),
        ({"resumeFile": "?", "tcrmCreatedAt": CREATED_AT, "more": 1}, "entity_fields"),
        ({"resumeFile": "?", "tcrmCreatedAt": str(CREATED_AT)}, "entity_fields"),
        ({"resumeFile": "?", "tcrmCreatedAt": True}, "entity_fields"),
        ({"resumeFile": "?", "tcrmCreatedAt": CREATED_AT * 1000}, "entity_fields"),
        ({"resumeFile": "?", "tcrmCreatedAt": CREATED_AT // 1000}, "timestamp_in_seconds"),
    ],
)
def test_entities_are_checked(
    client: Client, sandbox: Running, entity: dict[str, Any], code: str | None
) -> None:
    answer = client.update([("c", "r")], entity=entity)
    assert answer.status == 200
    assert answer.statuses() == {("c", "r"): 400}
    assert sandbox.snapshot()["breach_counts"] == ({code: 1} if code else {})


@pytest.mark.parametrize(
    "key",
    [{"dataProvider": "ATS"}, {"integrationContext": "urn:li:contract:1"}, {"another": "x"}],
)
def test_keys_are_checked(client: Client, sandbox: Running, key: dict[str, str]) -> None:
    answer = client.update([("c", "r")], client.urn(), key=key)
    assert answer.statuses() == {("c", "r"): 400}
    assert sandbox.snapshot()["breach_counts"] == {"key_fields": 1}


def test_error_headers_of_a_refused_batch(client: Client) -> None:
    answer = client.batch("DELETE", f"{COLLECTION}?nothing=1", None, {})
    assert answer.status == 400
    assert answer.headers["x-linkedin-error-response"] == "true"
    assert answer.headers["x-restli-protocol-version"] == "1.0.0"
    assert answer.document["status"] == 400


def test_batch_of_protocol_2(client: Client) -> None:
    path = (
        f"{COLLECTION}?ids=List((dataProvider:PARTNER,integrationContext:urn%3Ali%3Aorganization"
        "%3A1,tcrmCandidateId:a%20%28b%29,tcrmResumeId:r))"
    )
    answer = client.batch("DELETE", path, None, {"x-restli-protocol-version": "2.0.0"})
    (name,) = answer.document["errors"]
    assert name == (
        "(dataProvider:PARTNER,integrationContext:urn%3Ali%3Aorganization%3A1,"
        "tcrmCandidateId:a %28b%29,tcrmResumeId:r)"
    )


def test_body_beyond_reason(client: Client) -> None:
    entity = {"resumeFile": "x" * 9_000_000, "tcrmCreatedAt": CREATED_AT}
    assert client.update([("c", "r")], entity=entity).status == 413


@pytest.mark.parametrize(
    "path",
    [
        f"{COLLECTION}?{query_of([('c' * 4000, 'r')])}",
        "/v2/" + "x" * 4100,
        "/v2" + "/x" * 4100,
    ],
)
def test_uri_too_long(client: Client, path: str) -> None:
    assert client.call("DELETE", path).status == 414


def test_headers_too_long(client: Client) -> None:
    assert client.call("GET", "/v2/x", headers={"cookie": "x" * 28_000}).status == 414


def test_unknown_path(client: Client) -> None:
    assert client.call("GET", "/v2/somethingElse").status == 404


def test_calls_need_a_token(client: Client) -> None:
    client.token = ""
    empty = client.create_url()
    assert (empty.status, empty.document["message"]) == (401, "Empty oauth2_access_token")
    client.token = "unknown"
    assert client.create_url().document["code"] == "REVOKED_ACCESS_TOKEN"
    assert client.update([("c", "r")]).status == 401


@pytest.mark.parametrize(
    ("version", "status", "code"),
    [
        ("202604", 201, None),
        (None, 400, "VERSION_MISSING"),
        ("202613", 426, "NONEXISTENT_VERSION"),
        ("1", 426, "NONEXISTENT_VERSION"),
    ],
)
def test_versioned_paths_want_a_version(
    client: Client, version: str | None, status: int, code: str | None
) -> None:
    headers = {"content-type": "application/json", "x-restli-protocol-version": "2.0.0"}
    if version is not None:
        headers["linkedin-version"] = version
    answer = client.call("POST", "/rest/hireMediaUrl", json.dumps(URL_REQUEST), headers)
    assert answer.status == status
    assert code is None or answer.document["code"] == code


def test_versioned_batches(client: Client, sandbox: Running) -> None:
    headers = {"linkedin-version": "202604", "x-restli-method": "batch_delete"}
    path = f"/rest/tcrmCandidateResumes?{query_of([('c', 'r')])}"
    assert client.batch("DELETE", path, None, headers).statuses() == {("c", "r"): 404}
    assert sandbox.journal()[-1]["endpoint"] == "batch_delete"


@pytest.mark.parametrize("path", ["/oauth/v2/accessToken", "/oauth/v2/introspectToken"])
def test_a_form_beyond_reason(client: Client, path: str) -> None:
    answer = client.call("POST", path, "a" * 70_000, {"content-type": FORM})
    assert answer.status == 413
    assert answer.document["error"] == "invalid_request"
