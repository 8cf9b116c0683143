"""Keeps other web sites away from the sandbox's own endpoints, and scripts away from its page.

A page that a browser has open elsewhere can send requests to this machine. So a name that public
DNS could point here is not answered (DNS rebinding), and nothing is changed for another origin.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",  # without one, browsers send forms with the origin null
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
# Names that public DNS never answers (RFC 6761, RFC 6762, RFC 8375).
_LOCAL = (".localhost", ".test", ".local", ".internal")


class Guard:
    """ASGI middleware: 403 for requests that another site may have caused; headers for the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = refused(scope["method"], Headers(scope=scope))
        app = self._app if refusal is None else PlainTextResponse(refusal, 403)
        await app(scope, receive, with_headers)


def refused(method: str, headers: Headers) -> str | None:
    """Why a request is not served, or None."""
    host = headers.get("host", "")
    if not _is_local(host):
        return "Open the sandbox by its address, such as 127.0.0.1, or by a local name.\n"
    if method not in {"GET", "HEAD"}:
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return "Nothing is changed for a page of another origin.\n"
    return None


def _is_local(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    with suppress(ValueError):
        ip_address(name)
        return True
    return "." not in name or name.endswith(_LOCAL)
