"""What vendors have in common: they want a header, redirect to signed links, and answer in JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

from tests.resumes.server import Answer, Server, send


@dataclass
class Vendor:
    """A server that stands in for a vendor's API or an object store."""

    server: Server

    @property
    def url(self) -> str:
        """Where it is."""
        return self.server.url("")

    def asked(self) -> list[str]:
        """The paths that were asked for, in order, queries left out."""
        return [path.partition("?")[0] for path in self.server.paths()]

    def credentials(self) -> set[str | None]:
        """The Authorization headers that arrived."""
        return {asked.headers.get("Authorization") for asked in self.server.asked}

    def guard(self, path: str, authorization: str, answer: Answer, otherwise: Answer) -> None:
        """Answer a path for those who send the header; the others get something else."""

        def decide(handler: BaseHTTPRequestHandler) -> None:
            let_in = handler.headers.get("Authorization") == authorization
            (answer if let_in else otherwise)(handler)

        self.server.answers[path] = decide

    def give_tokens(self, path: str, token: str) -> None:
        """Answer those who bring a refresh token, as the vendor's token endpoint does."""

        def give(handler: BaseHTTPRequestHandler) -> None:
            asked = parse_qs(self.server.asked[-1].form)
            known = asked.get("refresh_token") == ["YOUR-REFRESH-TOKEN"]
            known = known and asked.get("client_secret") == ["YOUR-CLIENT-SECRET"]
            granted = {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}
            answer_json(200, granted if known else {"error": "invalid_code"})(handler)

        self.server.answers[path] = give

    def signed(self, path: str, content: bytes, **headers: str) -> str:
        """Serve a file as S3 serves presigned links: no header but a query; give the URL."""
        self.server.answers[path] = answer_with(content, **headers)
        return f"{self.url}{path}?{presigned(timedelta())}"


def answer_with(content: bytes, status: int = 200, /, **headers: str) -> Answer:
    """Answer with a body; `_` stands for `-` in the names of headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: send(handler, status, content, named)


def answer_json(status: int, body: Any) -> Answer:
    """Answer in JSON."""
    return answer_with(json.dumps(body).encode(), status, Content_Type="application/json")


def answer_redirect(target: str, status: int = 302) -> Answer:
    """Redirect."""
    return answer_with(b"", status, Location=target)


def presigned(age: timedelta) -> str:
    """Make the query of an S3 link that was signed so long ago, for seven days."""
    signed = datetime.now(UTC) - age
    return f"X-Amz-Date={signed:%Y%m%dT%H%M%SZ}&X-Amz-Expires=604800&X-Amz-Signature=0a1b2c"
