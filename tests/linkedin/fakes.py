"""A transport that follows a script, and a clock that is set by hand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from target_linkedin_resumes.http.messages import Request, Response, TransportError
from target_linkedin_resumes.linkedin.api import LinkedIn
from target_linkedin_resumes.linkedin.limits import RequestsPerDay
from target_linkedin_resumes.linkedin.session import Session
from target_linkedin_resumes.settings import Settings

ORGANIZATION = "urn:li:organization:1234567890"
UUID = "AAYNlX+b/Q=="
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SETTINGS = Settings(
    organization=ORGANIZATION,
    contract="urn:li:contract:123456",
    client_id="the-id",
    client_secret="the s/cret+=",
)

Step = Response | TransportError | Callable[[Request], Response]


def answer(status: int, body: object = b"", **headers: str) -> Response:
    """A response with LinkedIn's request id; header names with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {"x-li-uuid": UUID} | named, raw)


def token(value: str = "token-1", expires_in: object = "1800") -> Response:
    return answer(200, {"access_token": value, "expires_in": expires_in})


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        """Let the seconds pass."""
        self.now += seconds


@dataclass
class Script:
    """Answers each path with its next step; the last step of a path serves for ever."""

    steps: dict[str, list[Step]]
    sent: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, request: Request) -> Response:
        path = request.url.target.partition("?")[0]
        with self.lock:
            self.sent.append(request)
            steps = self.steps[path]
            step = steps.pop(0) if len(steps) > 1 else steps[0]
        if isinstance(step, TransportError):
            raise step
        return step(request) if callable(step) else step

    def to(self, path: str) -> list[Request]:
        return [request for request in self.sent if request.url.target.partition("?")[0] == path]


TOKEN = "/oauth/v2/accessToken"
MEDIA = "/v2/hireMediaUrl"
RESUMES = "/v2/tcrmCandidateResumes"
UPLOAD = "/ambry/"
SIGNED = "https://www.linkedin.com/ambry/?x-li-ambry-ep=AQ%2fa%3d"


def script(**steps: list[Step]) -> Script:
    """A LinkedIn that does as it should, but for the named steps."""
    usual: dict[str, list[Step]] = {
        TOKEN: [token()],
        MEDIA: [answer(201, x_linkedin_id=SIGNED)],
        UPLOAD: [answer(201, location="/AAYU-b.pdf")],
        RESUMES: [answer(200, {"results": {}})],
    }
    names = {"token": TOKEN, "media": MEDIA, "upload": UPLOAD, "resumes": RESUMES}
    return Script(usual | {names[name]: list(value) for name, value in steps.items()})


def client(
    transport: Script,
    settings: Settings = SETTINGS,
    clock: Clock | None = None,
    requests_per_day: RequestsPerDay | None = None,
    seen: list[tuple[str, str, float, int]] | None = None,
) -> LinkedIn:
    clock = clock or Clock()
    calls = Session(
        transport,
        clock=clock,
        now=lambda: NOW,
        wait=clock.wait,
        requests_per_day=requests_per_day,
        observe=lambda *call: seen.append(call) if seen is not None else None,
    )
    return LinkedIn(settings, calls)
