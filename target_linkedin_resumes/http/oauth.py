"""What an OAuth 2.0 token endpoint is asked and what it answers (RFC 6749, 4.4, 5 and 6). Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

# Seconds. A life of more than a year is a mistake, and where none is given, half an hour is safe.
_DEFAULT_LIFE = 1800
_LONGEST_LIFE = 366 * 24 * 3600
_TOKEN = re.compile(r"[!-~]{1,16384}")
_ERROR = re.compile(r"[A-Za-z_ ]{1,60}")


@dataclass(frozen=True, slots=True)
class OAuth:
    """Who asks for tokens, and where: by a refresh token if there is one, else as the client."""

    token_url: str
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    scope: str | None = None

    def form(self) -> dict[str, str]:
        """Return the fields to send."""
        grant = {"grant_type": "client_credentials"}
        if self.refresh_token is not None:
            grant = {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        if self.scope is not None:
            grant["scope"] = self.scope
        return grant | {"client_id": self.client_id, "client_secret": self.client_secret}


@dataclass(frozen=True, slots=True)
class Granted:
    """An access token, its life in seconds, and the refresh token to ask with from now on."""

    token: str = field(repr=False)
    life: float
    refresh_token: str | None = field(repr=False)


def granted(body: bytes) -> Granted | None:
    """Read an answer; None if it holds no token that can be sent."""
    answer = _object(body)
    token, refresh = answer.get("access_token"), answer.get("refresh_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    # Zoho's older data centres write milliseconds into `expires_in`.
    life = _seconds(answer.get("expires_in_sec", answer.get("expires_in")))
    return Granted(token, life, refresh if isinstance(refresh, str) and refresh else None)


def error_of(body: bytes) -> str | None:
    """Return the endpoint's name for an error; never a text that may quote what was sent."""
    error = _object(body).get("error")
    return error if isinstance(error, str) and _ERROR.fullmatch(error) else None


def passes(body: bytes) -> bool:
    """Tell whether an error is one that may pass."""
    return error_of(body) in ("temporarily_unavailable", "server_error")


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(value: object) -> float:
    match = re.fullmatch(r"([0-9]{1,9})(\.[0-9]+)?", str(value))
    seconds = int(match[1]) if match else 0
    return seconds if 0 < seconds <= _LONGEST_LIFE else _DEFAULT_LIFE
