"""Signed upload URLs. Pure: what a URL grants is in the URL, sealed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass
from urllib.parse import unquote_to_bytes

_PARAMETER = "x-li-ambry-ep="
_FILENAME = "&x-ambry-filename="
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_SEAL = 32
# Puts every character of base64 that a query may or may not escape into the token.
_PREFIX = b"\xff\xef\xbe\xfb\xff\xbf"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a URL allows: one upload by ``client``, until ``expires_at`` in epoch seconds."""

    id: str
    client: str
    content_type: str
    expires_at: float
    blob_ttl: float | None = None
    """Seconds after which the file is removed."""


class Signer:
    """Issues queries and reads them back. A query that was rebuilt no longer fits its seal."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def issue(
        self, client: str, content_type: str, expires_at: float, blob_ttl: float | None
    ) -> str:
        """The query of a new URL."""
        grant = Grant(secrets.token_hex(8), client, content_type, expires_at, blob_ttl)
        return self._query(json.dumps(asdict(grant), separators=(",", ":")).encode())

    def open(self, query: str) -> tuple[Grant | None, str | None]:
        """The grant, None if the seal does not fit; and the file name, still encoded."""
        issued, marker, filename = query.partition(_FILENAME)
        return self._grant(issued), filename if marker else None

    def _grant(self, issued: str) -> Grant | None:
        if not issued.startswith(_PARAMETER):
            return None
        try:
            raw = base64.b64decode(unquote_to_bytes(issued[len(_PARAMETER) :]), validate=True)
        except ValueError:
            return None
        sealed = raw[len(_PREFIX) + _SEAL :]
        if not hmac.compare_digest(_spelled(self._query(sealed)), _spelled(issued)):
            return None
        return Grant(**json.loads(sealed))

    def _query(self, payload: bytes) -> str:
        seal = hmac.digest(self._secret, payload, hashlib.sha256)
        padded = base64.b64encode(_PREFIX + seal + payload).decode()
        # Escapes in both cases, an `=` left raw: whoever decodes and encodes it anew changes it.
        return _PARAMETER + padded.replace("/", "%2F").replace("+", "%2b")


def _spelled(query: str) -> bytes:
    # urllib3 writes escapes in capitals, which RFC 3986 (6.2.2.1) calls the same URI.
    return _ESCAPE.sub(lambda found: found[0].upper(), query).encode()
