"""A plain client of the sandbox. It encodes keys on its own, so that it vouches for nothing."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_plus, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_linkedin_resumes.sandbox.server import Running

FORM = "application/x-www-form-urlencoded"
COLLECTION = "/v2/tcrmCandidateResumes"
PDF = b"%PDF-1.7\nsome pages\n%%EOF\n"
CREATED_AT = 1670935153000
URL_REQUEST = {
    "usageParameters": {"tcrmResumeParameters": {}},
    "contentType": "application/pdf",
    "hiringContext": "urn:li:contract:123456",
}
Pair = tuple[str, str]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    def statuses(self) -> dict[Pair, int]:
        """Of a batch answer: the status of each key, whether result or error."""
        found = {}
        for part in ("results", "errors"):
            for name, outcome in self.document[part].items():
                fields = dict(pair.split("=", 1) for pair in name.split("&"))
                decoded = {field: unquote_plus(value) for field, value in fields.items()}
                found[decoded["tcrmCandidateId"], decoded["tcrmResumeId"]] = outcome["status"]
        return found


class Client:
    """Calls the sandbox over one connection that is kept open."""

    def __init__(self, sandbox: Running, timeout: float = 30) -> None:
        self.sandbox = sandbox
        parts = urlsplit(sandbox.url)
        assert parts.hostname is not None
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
        self.token = ""

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        authorize: bool = True,
    ) -> Answer:
        sent = {"authorization": f"Bearer {self.token}"} if authorize and self.token else {}
        try:
            self.connection.request(method, path, body, {**sent, **(headers or {})})
            response = self.connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise

    def mint(self, **form: str) -> Answer:
        values = {
            "grant_type": "client_credentials",
            "client_id": "sandbox",
            "client_secret": "sandbox-secret",
            **form,
        }
        answer = self.call(
            "POST",
            "/oauth/v2/accessToken",
            urlencode(values),
            {"content-type": FORM},
            authorize=False,
        )
        if answer.status == 200 and answer.body.endswith(b"}"):
            self.token = answer.document["access_token"]
        return answer

    def create_url(self, **changes: Any) -> Answer:
        return self.call(
            "POST",
            "/v2/hireMediaUrl",
            json.dumps({**URL_REQUEST, **changes}),
            {"content-type": "application/json", "x-restli-protocol-version": "2.0.0"},
        )

    def signed_path(self, content_type: str = "application/pdf", **changes: Any) -> str:
        url = self.create_url(contentType=content_type, **changes).headers["x-linkedin-id"]
        assert url.startswith(self.sandbox.url)
        return str(url.removeprefix(self.sandbox.url))

    def upload(
        self,
        content: Any = PDF,
        filename: str | None = "cv.pdf",
        content_type: str = "application/pdf",
        headers: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> Answer:
        path = self.signed_path(content_type, **changes)
        if filename is not None:
            path += f"&x-ambry-filename={quote(filename, safe='')}"
        return self.call("POST", path, content, headers)

    def urn(self) -> str:
        return f"urn:li:ambryBlob:{self.upload().headers['location']}"

    def update(
        self,
        pairs: Sequence[Pair],
        urn: str = "urn:li:ambryBlob:/none.pdf",
        *,
        tunnel: bool = True,
        entity: Mapping[str, Any] | None = None,
        key: Mapping[str, str] | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        value = {"resumeFile": urn, "tcrmCreatedAt": CREATED_AT} if entity is None else entity
        document = json.dumps({"entities": {body_key(pair, key): value for pair in pairs}})
        sent = {"x-restli-method": "batch_update", **(headers or {})}
        if not tunnel:
            path = f"{COLLECTION}?{query_of(pairs, key)}"
            return self.batch("PUT", path, document, {"content-type": "application/json", **sent})
        body = (
            f"--B\r\nContent-Type: {FORM}\r\n\r\n{query_of(pairs, key)}\r\n"
            f"--B\r\nContent-Type: application/json\r\n\r\n{document}\r\n--B--\r\n"
        )
        tunnelled = {"x-http-method-override": "PUT", "content-type": "multipart/mixed; boundary=B"}
        return self.batch("POST", COLLECTION, body, {**tunnelled, **sent})

    def delete(
        self, pairs: Sequence[Pair], *, headers: Mapping[str, str | None] | None = None
    ) -> Answer:
        sent = {
            "x-http-method-override": "DELETE",
            "content-type": FORM,
            "x-restli-method": "batch_delete",
            **(headers or {}),
        }
        return self.batch("POST", COLLECTION, query_of(pairs), sent)

    def batch(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str | None]
    ) -> Answer:
        sent = {"x-restli-protocol-version": "1.0.0", "accept": "application/json", **headers}
        present = {name: value for name, value in sent.items() if value is not None}
        return self.call(method, path, body, present)


def fields_of(pair: Pair, key: Mapping[str, str] | None = None) -> dict[str, str]:
    return {
        "tcrmCandidateId": pair[0],
        "dataProvider": "PARTNER",
        "integrationContext": "urn:li:organization:1234567890",
        "tcrmResumeId": pair[1],
        **(key or {}),
    }


def body_key(pair: Pair, key: Mapping[str, str] | None = None) -> str:
    return "&".join(f"{f}={quote(v, safe=':')}" for f, v in fields_of(pair, key).items())


def query_of(pairs: Sequence[Pair], key: Mapping[str, str] | None = None) -> str:
    return "&".join(
        f"ids%5B{n}%5D.{field}={quote(value, safe=':')}"
        for n, pair in enumerate(pairs)
        for field, value in fields_of(pair, key).items()
    )
