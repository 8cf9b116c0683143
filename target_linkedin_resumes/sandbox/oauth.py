"""LinkedIn's token endpoints. Sources: client-credentials-flow and token-introspection at
learn.microsoft.com/en-us/linkedin/shared/authentication.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from .exchange import BodyTooLarge, Exchange, Reply

if TYPE_CHECKING:
    from .calls import Call
    from .state import State

_LARGEST = 64 * 1024
_FORM = "application/x-www-form-urlencoded"


class _Denied(Exception):
    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.reply = Reply.of(status, {"error": error, "error_description": description})


async def token(state: State, exchange: Exchange, call: Call) -> Reply:
    """``POST /oauth/v2/accessToken``: a token of the client-credentials flow."""
    try:
        form = await _form(exchange, ("grant_type", "client_id", "client_secret"))
        client = call.client = _client(state, form)
    except _Denied as denied:
        return denied.reply
    text, call.token, wasted = state.tokens.mint(client, exchange.transport)
    call.minted = True
    if wasted is not None:
        state.breaches.add(
            "token", "token_minted_early", f"a token was minted with {wasted} s of one left"
        )
    # The documentation shows expires_in as a text.
    return Reply.of(200, {"access_token": text, "expires_in": str(state.tokens.ttl)})


async def introspect(state: State, exchange: Exchange, call: Call) -> Reply:
    """``POST /oauth/v2/introspectToken``: what is known of a token."""
    try:
        form = await _form(exchange, ("client_id", "client_secret", "token"))
        client = call.client = _client(state, form)
    except _Denied as denied:
        return denied.reply
    found = state.tokens.get(form["token"])
    if found is None or found.client != client:
        return Reply.of(200, {"active": False})
    active = state.clock() < found.expires_at
    return Reply.of(
        200,
        {
            "active": active,
            "client_id": client,
            "authorized_at": int(found.minted_at),
            "created_at": int(found.minted_at),
            "status": "active" if active else "expired",
            "expires_at": int(found.expires_at),
            "scope": "r_tcrm_resumes,w_tcrm_resumes",
            "auth_type": "2L",
        },
    )


async def _form(exchange: Exchange, needed: tuple[str, ...]) -> dict[str, str]:
    try:
        body = await exchange.read(_LARGEST)
    except BodyTooLarge:
        raise _Denied(413, "invalid_request", "The request entity is too large") from None
    if exchange.method != "POST":
        raise _Denied(405, "invalid_request", "Only POST is supported")
    if exchange.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise _Denied(400, "invalid_request", f"The Content-Type is not {_FORM}")
    given = parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True)
    for name in needed:
        if len(given.get(name, ())) != 1 or not given[name][0]:
            raise _Denied(400, "invalid_request", f'A required parameter "{name}" is missing')
    if "grant_type" in needed and given["grant_type"] != ["client_credentials"]:
        raise _Denied(400, "invalid_request", "The grant_type is not supported")
    return {name: values[0] for name, values in given.items()}


def _client(state: State, form: dict[str, str]) -> str:
    client = form["client_id"]
    secret = state.config.clients.get(client)
    if secret is None:
        raise _Denied(400, "invalid_client_id", "The passed in client_id is invalid")
    if not secrets.compare_digest(secret.encode(), form["client_secret"].encode()):
        raise _Denied(401, "invalid_client_id", "Client authentication failed")
    return client
