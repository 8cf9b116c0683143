"""Carries out faults: what a client gets to see of a call that was hit."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .exchange import ClientGone, Exchange, Reply

if TYPE_CHECKING:
    from .faults import Rule

_HTML = b"<html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"
_JAVA = (
    b"com.linkedin.r2.message.rest.RestException: Received error 500 from server\n"
    b"\tat com.linkedin.r2.transport.http.common.HttpBridge$1.onResponse(HttpBridge.java:82)\n"
)
_LONGEST = 120_000
_STEPS = 10
THROTTLED = {
    "minute": "Resource level throttle limit for calls to this resource is reached.",
    "day": "Resource level throttle APPLICATION DAY limit for calls to this resource is reached.",
}
_MESSAGES: dict[int, tuple[str, int | str | None]] = {
    400: ("Invalid query parameters passed to request", None),
    401: ("The token used in the request has expired", 65602),
    403: ("Not enough permissions to access: POST /resource", 100),
    426: ("Requested version is not active", "NONEXISTENT_VERSION"),
    429: (THROTTLED["minute"], 101),
    500: ("Internal Server Error", None),
    503: ("Service Unavailable", None),
    504: ("Gateway Timeout", None),
}


def throttled(limit: str) -> Reply:
    """The answer of a spent limit: ``minute`` or ``day``."""
    return Reply.error(429, THROTTLED[limit], 101)


def status_reply(rule: Rule) -> Reply:
    """The answer of a ``status`` or ``no_tunnel`` fault."""
    status: int = rule.get("status", 405)
    reply = _body(status, rule.get("body", "json"))
    if rule.get("retry_after") is not None:
        reply.headers["retry-after"] = str(rule.get("retry_after"))
    reply.headers.update(rule.get("headers", {}))
    return reply


_BODIES = {
    "html": ("text/html", _HTML),
    "plain": ("text/plain", b"upstream request failed"),
    "java": ("text/plain", _JAVA),
    "empty": ("text/plain", b""),
}


def _body(status: int, body: Any) -> Reply:
    if isinstance(body, dict):
        return Reply.of(status, body)
    if body in THROTTLED:
        return Reply.error(status, THROTTLED[body], 101)
    if body in _BODIES:
        content_type, raw = _BODIES[body]
        return Reply(status, {"content-type": content_type}, raw)
    message, code = _MESSAGES.get(status, ("The request failed", None))
    reply = Reply.error(status, message, code)
    if status in {401, 403}:
        document = json.loads(reply.body)
        document["code"] = "EXPIRED_ACCESS_TOKEN" if status == 401 else "ACCESS_DENIED"
        return Reply.of(status, document)
    return reply


async def before(exchange: Exchange, rule: Rule) -> None:
    """Let a call end without an answer. Raises ClientGone when it is over."""
    if rule.kind == "black_hole":
        await exchange.wait(rule.get("ms", _LONGEST) / 1000)
    if rule.kind == "reset_before":
        await exchange.reset()
    else:
        await exchange.close()
    raise ClientGone


async def deliver(exchange: Exchange, reply: Reply, rule: Rule | None) -> int:
    """Answer a call as its fault has it; the status sent. Raises ClientGone."""
    kind = rule.kind if rule else None
    if rule is None or kind in {"expire_token", "status", "poison", "no_tunnel", "written"}:
        await exchange.send(reply)
    elif kind == "reset_after":
        await exchange.reset()
        raise ClientGone
    elif kind == "cut_short":
        await _cut_short(exchange, reply)
    elif kind == "delay":
        await exchange.wait(rule.get("ms", 1000) / 1000)
        await exchange.send(reply)
    elif kind == "malformed":
        reply = _malformed(reply, rule.get("form", "json"))
        await exchange.send(reply)
    elif kind == "slow_body":
        await _slow_body(exchange, reply, rule.get("ms", 1000) / 1000)
    else:
        await _slow_close(exchange, reply, rule.get("ms", 1000) / 1000)
    return reply.status


def _malformed(reply: Reply, form: str) -> Reply:
    headers = {name: reply.headers[name] for name in ("x-li-uuid",) if name in reply.headers}
    if form == "html":
        return Reply(200, {"content-type": "text/html", **headers}, _HTML)
    if form == "empty":
        return Reply(200, headers)
    body = reply.body[: len(reply.body) // 2] or b'{"results":{'
    return Reply(200, {"content-type": "application/json", **headers}, body)


async def _cut_short(exchange: Exchange, reply: Reply) -> None:
    if reply.body:
        await exchange.begin(reply)
        await exchange.write(reply.body[: len(reply.body) // 2], more=True)
        await exchange.close()
    else:
        await exchange.close(f"HTTP/1.1 {reply.status} \r\nx-li-".encode())
    raise ClientGone


async def _slow_body(exchange: Exchange, reply: Reply, seconds: float) -> None:
    if not reply.body:
        await exchange.wait(seconds)
        await exchange.send(reply)
        return
    await exchange.begin(reply)
    step = max(1, -(-len(reply.body) // _STEPS))
    for start in range(0, len(reply.body), step):
        await exchange.write(reply.body[start : start + step], more=True)
        await exchange.wait(seconds / _STEPS)
    await exchange.write(b"", more=False)


async def _slow_close(exchange: Exchange, reply: Reply, seconds: float) -> None:
    reply.headers["connection"] = "close"
    await exchange.begin(reply)
    await exchange.write(reply.body, more=True)
    # The client has the whole answer and may be gone before the connection is closed.
    with suppress(ClientGone):
        await exchange.wait(seconds)
        await exchange.write(b"", more=False)
