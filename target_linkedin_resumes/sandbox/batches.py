"""``tcrmCandidateResumes`` over HTTP: batch updates and batch deletes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .config import LARGEST_BATCH
from .effects import throttled
from .exchange import Exchange, Reply
from .forms import encode_as
from .restli import Batch, MalformedIds, Outcome, Refusal, decode, encode
from .resumes import check_complete, pair_of
from .tunnel import Request, TunnelFault

if TYPE_CHECKING:
    from .calls import Call
    from .faults import Hit
    from .keys import Key
    from .state import State

PATH = "/tcrmCandidateResumes"
_LONGEST_DIRECT = 4000

Decoded = Batch | Refusal | TunnelFault


def read(exchange: Exchange, body: bytes) -> Decoded:
    """The batch of a request, or what is wrong with it."""
    uri = PATH + exchange.uri.removeprefix(exchange.path)
    request = Request(exchange.method, uri, exchange.headers, body)
    try:
        batch = decode(request, path=PATH, largest=LARGEST_BATCH)
        check_complete(batch.keys)
    except MalformedIds as fault:
        fault.status = 400  # a gateway tells them before a server stumbles
        return _alone(fault)
    except (Refusal, TunnelFault) as fault:
        return _alone(fault)
    return batch


def _alone(fault: Refusal | TunnelFault) -> Refusal | TunnelFault:
    """Let go of where a fault was raised: the body is there, in several forms."""
    fault.__cause__ = fault.__context__ = None
    return fault.with_traceback(None)


def check_manners(state: State, exchange: Exchange, call: Call, decoded: Decoded) -> None:
    """Note what a call does that LinkedIn forbids or advises against."""

    def breach(code: str, message: str) -> None:
        state.breaches.add(call.endpoint, code, message)

    if not exchange.headers.get("x-restli-method"):
        breach("restli_method_missing", "no x-restli-method")
    protocol = exchange.headers.get("x-restli-protocol-version")
    if protocol != "1.0.0":
        breach("protocol_version", f"protocol version {protocol}")
    if len(exchange.query) > _LONGEST_DIRECT:
        breach("query_too_long", f"a query of {len(exchange.query)} bytes")
    if isinstance(decoded, Batch):
        if decoded.given > len(decoded.keys):
            breach("duplicate_ids", f"{decoded.given} ids for {len(decoded.keys)} keys")
    elif isinstance(decoded, Refusal) and decoded.too_many:
        breach("batch_too_large", decoded.message)
    else:
        breach("malformed_batch", f"refused with {decoded.status}")


def answer(state: State, call: Call, decoded: Decoded, hit: Hit) -> Reply:
    """Do what a batch asks, within the limits, and answer it."""
    client = call.client or ""
    records = len(decoded.keys) if isinstance(decoded, Batch) else 0
    spent = state.limits.take(client, "batch", records)
    if spent is not None:
        state.throttled[spent] += 1
        return throttled(spent)
    if isinstance(decoded, TunnelFault):
        return Reply(
            decoded.status, {"content-type": "text/plain"}, decoded.message.encode("utf-8")
        )
    if isinstance(decoded, Refusal):
        reply = Reply.of(decoded.status, decoded.body())
        name = "x-restli" if decoded.protocol == "2.0.0" else "x-linkedin"
        reply.headers[f"{name}-error-response"] = "true"
        reply.headers["x-restli-protocol-version"] = decoded.protocol
        return reply
    outcomes = _outcomes(state, call, decoded, hit)
    state.random.shuffle(outcomes)
    headers = {
        "content-type": "application/json",
        "x-restli-protocol-version": decoded.protocol,
    }
    if hit.rule is not None and hit.rule.kind == "written":
        written = encode_as(hit.rule.get("form"), outcomes, protocol=decoded.protocol)
        return Reply(200, headers, written)
    return Reply(200, headers, encode(outcomes, protocol=decoded.protocol))


def _outcomes(state: State, call: Call, batch: Batch, hit: Hit) -> list[tuple[Key, Outcome]]:
    """What becomes of each key; one that a fault leaves out of the answer is worked on."""
    now = state.clock()
    verdicts = hit.verdicts(call.keys)
    outcomes: list[tuple[Key, Outcome]] = []
    for key in batch.keys:
        pair = pair_of(key)
        status = verdicts.get(pair)
        if status is not None:
            outcome = Outcome(status, "The request for this key failed")
        elif batch.operation == "batch_update":
            outcome = state.resumes.update(key, batch.entities[key], call.client or "", now)
        else:
            outcome = state.resumes.delete(key)
        if status is not None or pair not in verdicts:
            outcomes.append((key, outcome))
        else:
            call.left_out.append(len(call.key_statuses))
        call.key_statuses.append(outcome.status)
    return outcomes
