"""JSON that is sent here, read within bounds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.requests import Request

# In memory, a value of two bytes takes a hundred.
_MOST_VALUES = 500_000
_DEEPEST = 64


def read_json(text: bytes) -> Any:
    """Read JSON. Raises ValueError for what is none, and for what is nested out of all reason."""
    if sum(map(text.count, (b"{", b"[", b","))) > _MOST_VALUES:
        raise ValueError("too many values")
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    level = [document]
    for _ in range(_DEEPEST):
        level = [child for value in level for child in _children(value)]
        if not level:
            return document
    raise ValueError("nested too deeply")


async def body_of(request: Request, largest: int) -> bytes | None:
    """The body of a request; None for one of more bytes, which is not read to its end."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            return None
    return body


def _children(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
