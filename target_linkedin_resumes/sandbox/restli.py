"""The framework part of a Rest.li server: from a request to batch operations and back.

Pure, and free of any resource: what a resume is stays in ``resumes``. Routing, matching, order of
the checks and texts are those of github.com/linkedin/rest.li: ``RestLiRouter``,
``ArgumentBuilder``, ``RestLiMethodInvoker``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .documents import read_json
from .keys import (
    Element,
    Key,
    SyntaxFault,
    describe,
    illegal_at,
    key_of,
    read_key,
    read_query,
    write_key,
)
from .tunnel import Request, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Operation = Literal["batch_update", "batch_delete"]
_OPERATIONS: dict[str, Operation] = {"PUT": "batch_update", "DELETE": "batch_delete"}
_PROTOCOLS = frozenset({"1.0.0", "2.0.0"})
_ACCEPTED = frozenset({"*/*", "application/*", "application/json"})
_TYPES = "application/licor, application/x-licor, application/x-smile, application/json"
_SERVICE_EXCEPTION = "com.linkedin.restli.server.RestLiServiceException"


class Refusal(Exception):
    """The whole call is refused; no resource was asked."""

    def __init__(self, status: int, message: str, *, too_many: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.too_many = too_many
        self.protocol = "1.0.0"

    def body(self) -> dict[str, Any]:
        """The error as Rest.li writes it."""
        return error_body(self.status, self.message)


class MalformedIds(Refusal):
    """Ids that are none, over which the open-source server stumbles with 500."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a request asks of the resource. ``entities`` is empty for a deletion."""

    operation: Operation
    protocol: str
    keys: tuple[Key, ...]
    entities: Mapping[Key, Mapping[str, Any]]
    given: int
    """How many ids the query named, repeated ones included."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one key; ``message`` makes it an error."""

    status: int
    message: str | None = None
    service_error_code: int | None = None
    code: str | None = None


def error_body(status: int, message: str) -> dict[str, Any]:
    """An error of a call or of a key, as the open-source server writes it."""
    return {"exceptionClass": _SERVICE_EXCEPTION, "message": message, "status": status}


def error_of(outcome: Outcome) -> dict[str, Any]:
    """The error of a key."""
    error = error_body(outcome.status, outcome.message or "")
    if outcome.service_error_code is not None:
        error["serviceErrorCode"] = outcome.service_error_code
    if outcome.code is not None:
        error["code"] = outcome.code
    return error


def decode(request: Request, *, path: str, largest: int) -> Batch:
    """The batch that a request to the collection at ``path`` asks for.

    Raises TunnelFault for a tunnel that cannot be unpacked and Refusal for everything else.
    """
    request = unpacked(request)
    protocol = request.headers.get("x-restli-protocol-version", "1.0.0")
    if protocol not in _PROTOCOLS:
        raise Refusal(
            400, f"Rest.li protocol version {protocol} used by the client is not supported!"
        )
    try:
        return _decoded(request, path, largest, protocol)
    except Refusal as refusal:
        refusal.protocol = protocol
        raise


def encode(outcomes: Iterable[tuple[Key, Outcome]], *, protocol: str) -> bytes:
    """The answer of a batch, in the order given."""
    results: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for key, outcome in outcomes:
        name = write_key(key, protocol=protocol)
        if outcome.message is None:
            results[name] = {"status": outcome.status}
            continue
        errors[name] = error_of(outcome)
    return json.dumps({"results": results, "errors": errors}, separators=(",", ":")).encode()


def _decoded(request: Request, path: str, largest: int, protocol: str) -> Batch:
    if request.uri.partition("?")[0] != path:
        raise Refusal(404, f"No root resource defined for path '{request.uri.partition('?')[0]}'")
    _check_accept(request.headers.get("accept"))
    if illegal_at(request.uri) is not None:
        raise Refusal(400, f"Invalid query parameters syntax: {request.uri}")
    try:
        parameters = read_query(request.query, protocol=protocol)
    except SyntaxFault as fault:
        raise Refusal(400, f"Invalid query parameters syntax: {request.uri}") from fault
    operation = _OPERATIONS.get(request.method)
    asked = request.headers.get("x-restli-method", "").lower()
    if operation is None or "ids" not in parameters or (asked and asked != operation):
        raise Refusal(400, f"Method '{request.method}' is not supported for URI '{request.uri}'")
    ids = _ids(parameters["ids"])
    keys = tuple(dict.fromkeys(ids))
    entities = _entities(request.body, keys, protocol) if operation == "batch_update" else {}
    if len(keys) > largest:
        raise Refusal(
            400,
            f"The request batch size: {len(keys)} is larger than the allowed max batch size: "
            f"{largest} for method: {operation}",
            too_many=True,
        )
    return Batch(operation, protocol, keys, entities, len(ids))


def _check_accept(accept: str | None) -> None:
    if accept is None:
        return
    types = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    if not types & _ACCEPTED:
        raise Refusal(
            406,
            "None of the types in the request's 'Accept' header are supported. "
            f"Supported MIME types are: [{_TYPES}]",
        )


def _ids(element: Element) -> list[Key]:
    if not isinstance(element, list):
        raise MalformedIds(500, _cast("java.lang.String", "com.linkedin.data.DataList"))
    keys = []
    for item in element:
        if not isinstance(item, dict):
            raise MalformedIds(500, _cast("java.lang.String", "com.linkedin.data.DataMap"))
        try:
            keys.append(key_of(item))
        except SyntaxFault as fault:
            raise Refusal(400, f"Invalid key: '{item}'") from fault
    return keys


def _entities(body: bytes, keys: tuple[Key, ...], protocol: str) -> dict[Key, Mapping[str, Any]]:
    wanted = set(keys)
    entities: dict[Key, Mapping[str, Any]] = {}
    for text, entity in _named(body).items():
        try:
            key = read_key(text, protocol=protocol)
        except SyntaxFault as fault:
            raise Refusal(400, f"Invalid key: '{text}'") from fault
        if key in entities:
            raise Refusal(400, f"Duplicate key in batch request body: '{describe(key)}'")
        if key not in wanted:
            raise Refusal(
                400,
                f"Batch request mismatch. Entity key '{describe(key)}' "
                "not found in the query parameter.",
            )
        if not isinstance(entity, dict):
            raise Refusal(
                500,
                "Could not create new instance of java.lang.reflect.Constructor using "
                f"constructor com.example.Resume with argument {json.dumps(entity)}",
            )
        entities[key] = entity
    if len(entities) != len(keys):
        raise Refusal(
            400,
            f"Batch request mismatch. URI keys: '{_listed(keys)}' "
            f"Entity keys: '{_listed(entities)}'",
        )
    return entities


def _named(body: bytes) -> dict[str, Any]:
    """The entities of a body by the text of their keys."""
    if not body:
        raise Refusal(400, "Empty entity body is not allowed for batch_update method request")
    try:
        document = read_json(body)
    except ValueError as fault:
        raise Refusal(400, "Cannot parse request entity") from fault
    if not isinstance(document, dict):
        raise Refusal(400, "Cannot parse request entity")
    named = document.get("entities", {})
    if not isinstance(named, dict):
        raise Refusal(500, _cast("java.lang.Object", "com.linkedin.data.DataMap"))
    return named


def _listed(keys: Iterable[Key]) -> str:
    return "[" + ", ".join(describe(key) for key in keys) + "]"


def _cast(given: str, wanted: str) -> str:
    module = "is in module java.base of loader 'bootstrap'"
    return f"class {given} cannot be cast to class {wanted} ({given} {module}; {wanted} is not)"
