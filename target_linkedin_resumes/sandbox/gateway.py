"""What every call to LinkedIn goes through: sizes, faults, the token, limits, the journal."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from . import batches, effects, media, oauth
from .calls import Call
from .config import surface_of
from .exchange import BodyTooLarge, ClientGone, Exchange, Reply
from .faults import BEFORE, Hit
from .restli import Batch
from .resumes import pair_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from .batches import Decoded
    from .state import State

_PATHS = {
    "/oauth/v2/accessToken": "token",
    "/oauth/v2/introspectToken": "introspect",
    "/v2/hireMediaUrl": "url",
    "/rest/hireMediaUrl": "url",
    "/ambry/": "upload",
    "/ambry": "upload",
}
_VERSIONED = "/rest"
_VERSION = re.compile(r"20[0-9]{2}(0[1-9]|1[0-2])\Z")
_LONGEST_URL = 8192
_LONGEST_QUERY = 4096
_LONGEST_SEGMENT = 4096
_LONGEST_HEAD = 28 * 1024
_LARGEST_BATCH_BODY = 8 * 1024 * 1024
_TOKEN_NAMES = frozenset({"access_token", "oauth2_access_token", "token"})
_DATA_NAMES = frozenset({"resumefile", "tcrmcreatedat", "entities"})
_SHORTEST_SECRET = 8  # a shorter one may be in a URL by chance
_WHOLE = frozenset({"delay", "slow_body", "slow_close", "expire_token", "written"})
# What an endpoint answers that fails, whatever it is asked.
_FAILED = frozenset({408, 425, 429, *range(500, 600)})
_OPEN = {"token": oauth.token, "introspect": oauth.introspect}
_MEDIA = {"url": media.create_url, "upload": media.upload}
_REFUSED_TOKENS = {
    "empty": Reply.error(401, "Empty oauth2_access_token", 401),
    "unknown": Reply.of(
        401,
        {
            "status": 401,
            "serviceErrorCode": 65601,
            "code": "REVOKED_ACCESS_TOKEN",
            "message": "The token used in the request has been revoked by the user",
        },
    ),
    "expired": Reply.of(
        401,
        {
            "status": 401,
            "serviceErrorCode": 65602,
            "code": "EXPIRED_ACCESS_TOKEN",
            "message": "The token used in the request has expired",
        },
    ),
}


class Gateway:
    """The ASGI application of LinkedIn's own endpoints."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call and write it into the journal."""
        state, exchange = self._state, Exchange(scope, receive, send)
        started = time.monotonic()
        call = Call(_endpoint(exchange), exchange.method, int(state.clock() * 1000))
        call.tunnelled = "x-http-method-override" in exchange.headers
        call.token = state.tokens.get(_bearer(exchange) or "")
        call.client = call.token.client if call.token else None
        traffic = {"batch": state.batches, "upload": state.uploads}.get(surface_of(call.endpoint))
        passage = traffic.enter(call.client or "") if traffic else None
        state.patience.arrived(call.endpoint, call.client, exchange.transport)
        hit, retry_after = Hit(), None
        try:
            hit, reply = await self._worked(exchange, call)
            retry_after = reply.headers.get("retry-after")
            reply.headers["x-li-uuid"] = call.uuid
            latency = state.config.latency.get(surface_of(call.endpoint), 0) / 1000
            await exchange.wait(latency - (time.monotonic() - started))
            call.status = await effects.deliver(exchange, reply, hit.rule)
        except ClientGone:
            call.gone = True
        finally:
            kind = hit.rule.kind if hit.rule else None
            if passage is not None and traffic is not None:
                # After a slow close the client has long had its answer and may be further on.
                peak = traffic.leave(passage, gone=call.gone or kind == "slow_close")
                if peak > 1 and traffic is state.batches:
                    state.breaches.add(call.endpoint, "concurrent_batches", f"{peak} at once")
            told = not call.gone and (kind is None or kind in _WHOLE)
            if call.minted and call.token is not None:
                call.token.delivered = told
            if call.refused and call.token is not None and told:
                state.tokens.refused(call.token, exchange.transport)
            failed = call.status is None or call.status in _FAILED
            if not call.gone or kind is not None:  # a client that leaves has not been failed
                state.patience.ended(
                    call.endpoint,
                    call.client,
                    exchange.transport,
                    failed=failed,
                    retry_after=retry_after,
                )
            duration = round((time.monotonic() - started) * 1000)
            state.journal.append(call.entry(duration, exchange.bytes_in))
            state.pace.add(call.endpoint, call.status, state.clock(), duration)

    async def _worked(self, exchange: Exchange, call: Call) -> tuple[Hit, Reply]:
        """What befalls the call, and the answer to it."""
        state = self._state
        decoded: Decoded | None = None
        if surface_of(call.endpoint) == "batch":
            try:
                body = await exchange.read(_LARGEST_BATCH_BODY)
            except BodyTooLarge:
                return Hit(), Reply.error(413, "Request entity is too large")
            decoded = batches.read(exchange, body)
            if isinstance(decoded, Batch):
                call.keys = [pair_of(key) for key in decoded.keys]
        hit = state.faults.choose(call.endpoint, call.keys, tunnelled=call.tunnelled)
        call.fault = hit.kinds
        call.rules = [one.brief for one in hit.rules]
        rule = hit.rule
        if rule is not None and rule.kind in BEFORE:
            if rule.kind == "poison":
                return hit, Reply.error(400, "Invalid query parameters passed to request")
            if rule.kind not in {"status", "no_tunnel"}:
                await effects.before(exchange, rule)
            reply = effects.status_reply(rule)
            if reply.status == 401 and call.token is not None:
                call.token.rejected_at = call.token.rejected_at or state.clock()
            return hit, reply
        if rule is not None and rule.kind == "expire_token" and call.token is not None:
            state.tokens.expire(call.token)
        return hit, await self._answer(exchange, call, decoded, hit)

    async def _answer(
        self, exchange: Exchange, call: Call, decoded: Decoded | None, hit: Hit
    ) -> Reply:
        state = self._state
        if exchange.query:
            self._check_url(exchange, call)
        if decoded is not None:
            batches.check_manners(state, exchange, call, decoded)
        if _too_long(exchange):
            state.breaches.add(call.endpoint, "url_too_long", f"{len(exchange.uri)} bytes")
            return Reply.error(414, "Request-URI Too Long")
        if call.endpoint in _OPEN:
            return await _OPEN[call.endpoint](state, exchange, call)
        refused = self._refused_token(exchange, call) or _refused_version(exchange)
        if refused is not None:
            return refused
        if decoded is not None:
            return batches.answer(state, call, decoded, hit)
        return await self._media(exchange, call)

    async def _media(self, exchange: Exchange, call: Call) -> Reply:
        state = self._state
        if call.endpoint not in _MEDIA:
            return Reply.error(404, f"No virtual resource found for {exchange.path[:100]}")
        spent = state.limits.take(call.client or "", call.endpoint)
        if spent is not None:
            state.throttled[spent] += 1
            return effects.throttled(spent)
        return await _MEDIA[call.endpoint](state, exchange, call)

    def _refused_token(self, exchange: Exchange, call: Call) -> Reply | None:
        tokens, transport = self._state.tokens, exchange.transport
        if call.token is None:
            return _copy(_REFUSED_TOKENS["unknown" if _bearer(exchange) else "empty"])
        if tokens.valid(call.token, transport):
            return None
        call.refused = True
        if tokens.stubborn(call.token, transport):
            self._state.breaches.add(
                call.endpoint, "expired_token_repeated", "a refused token came again"
            )
        return _copy(_REFUSED_TOKENS["expired"])

    def _check_url(self, exchange: Exchange, call: Call) -> None:
        query, breaches = exchange.query, self._state.breaches
        names = {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)}
        if call.endpoint == "upload":
            names.discard("x-li-ambry-ep")
        bearer = _bearer(exchange)
        if names & _TOKEN_NAMES or (bearer and bearer in query):
            breaches.add(call.endpoint, "token_in_url", "a token is in the URL")
        secrets = self._state.config.clients.values()
        if "client_secret" in names or any(
            spelled in query
            for secret in secrets
            if len(secret) >= _SHORTEST_SECRET
            for spelled in (quote(secret, ""), secret)
        ):
            breaches.add(call.endpoint, "secret_in_url", "a client secret is in the URL")
        if names & _DATA_NAMES:
            breaches.add(call.endpoint, "data_in_url", "a record's content is in the URL")


def _endpoint(exchange: Exchange) -> str:
    if exchange.path in {"/v2" + batches.PATH, _VERSIONED + batches.PATH}:
        method = exchange.headers.get("x-http-method-override", exchange.method).upper()
        return "batch_delete" if method == "DELETE" else "batch_update"
    return _PATHS.get(exchange.path, "other")


def _refused_version(exchange: Exchange) -> Reply | None:
    if not exchange.path.startswith(f"{_VERSIONED}/"):
        return None
    version = exchange.headers.get("linkedin-version")
    if version is None:
        return Reply.error(400, "A version must be present", "VERSION_MISSING")
    if not _VERSION.match(version):
        return Reply.error(426, "Requested version is not active", "NONEXISTENT_VERSION")
    return None


def _bearer(exchange: Exchange) -> str | None:
    scheme, _, token = exchange.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _too_long(exchange: Exchange) -> bool:
    if len(exchange.query) > _LONGEST_QUERY or len(exchange.uri) > _LONGEST_URL:
        return True
    if any(len(segment) > _LONGEST_SEGMENT for segment in exchange.path.split("/")):
        return True
    head = sum(len(name) + len(value) + 4 for name, value in exchange.raw_headers)
    return head + len(exchange.uri) > _LONGEST_HEAD


def _copy(reply: Reply) -> Reply:
    return Reply(reply.status, dict(reply.headers), reply.body)
