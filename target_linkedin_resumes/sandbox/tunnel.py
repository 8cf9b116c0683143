"""Rest.li's query tunnelling: a POST that carries a longer request's method, query and body.

Pure. Follows ``QueryTunnelUtil.decode`` of github.com/linkedin/rest.li and the mail library that
it reads multipart bodies with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from .keys import illegal_at

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM = "application/x-www-form-urlencoded"
_METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS"})
# A tunnelled request has two parts.
_MOST_MARKS = 100
_BOUNDARY = re.compile(r';\s*boundary=(?:"(?P<quoted>[^"]*)"|(?P<plain>[^;\s]+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """A request after the gateway: ``uri`` is path and raw query, header names are lower-case."""

    method: str
    uri: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> str:
        """The raw query, without its question mark."""
        return self.uri.partition("?")[2]


class TunnelFault(Exception):
    """A tunnelled request that cannot be unpacked; the answer is plain text, not JSON."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def unpacked(request: Request) -> Request:
    """The request that a tunnelled one stands for; any other comes back as it is.

    Raises TunnelFault with status 400 or 500 where the original answers so.
    """
    method = request.headers.get("x-http-method-override")
    if method is None:
        return request
    if method not in _METHODS:
        raise TunnelFault(500, "java.io.IOException: Invalid HTTP method override header.")
    content_type = request.headers.get("content-type")
    if content_type is None:
        raise TunnelFault(
            400,
            "javax.mail.internet.ParseException: "
            "In Content-Type string <null>, expected MIME type, got null",
        )
    headers = dict(request.headers)
    del headers["x-http-method-override"]
    query, body = "", request.body
    base_type = _base_type(content_type)
    if base_type == FORM:
        query, body = _text(request.body), b""
        del headers["content-type"]
    elif base_type == "multipart/mixed":
        query, body, inner_type = _multipart(content_type, request.body)
        headers["content-type"] = inner_type
    uri = request.uri
    if query:
        uri += ("&" if request.query else "" if "?" in uri else "?") + query
    index = illegal_at(uri)
    if index is not None:
        raise TunnelFault(
            400, f"java.net.URISyntaxException: Illegal character in query at index {index}: {uri}"
        )
    return replace(request, method=method, uri=uri, headers=headers, body=body)


def _base_type(content_type: str) -> str:
    # The original compares without folding case: `Multipart/Mixed` is not recognised.
    return content_type.partition(";")[0].strip()


def _multipart(content_type: str, body: bytes) -> tuple[str, bytes, str]:
    """Query, entity and the entity's content type."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise TunnelFault(400, "javax.mail.MessagingException: Missing boundary parameter")
    boundary = (found["quoted"] or found["plain"] or "").encode("latin-1")
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    marks = list(islice(line.finditer(body), _MOST_MARKS))
    if not marks:
        raise TunnelFault(400, "javax.mail.MessagingException: Missing start boundary")
    query, entity, entity_type = "", b"", "application/json"
    for index, mark in enumerate(marks):
        if mark[1]:
            break
        end = marks[index + 1].start() if index + 1 < len(marks) else len(body)
        part_type, content = _part(body[mark.end() : end])
        if part_type.lower().startswith("text/"):
            # The original takes the part for a stream; the mail library makes text a string.
            raise TunnelFault(
                500,
                "java.lang.ClassCastException: class java.lang.String cannot be cast to class "
                "java.io.InputStream (java.lang.String and java.io.InputStream are in module "
                "java.base of loader 'bootstrap')",
            )
        if _base_type(part_type).lower() == FORM and not query:
            query = _text(content)
        elif not entity:
            entity, entity_type = content, part_type
    return query, entity, entity_type


def _part(raw: bytes) -> tuple[str, bytes]:
    """Content type and content; ``raw`` starts with the line end of its boundary."""
    at = len(raw) - len(raw.removeprefix(b"\r").removeprefix(b"\n"))
    content_type = "text/plain"
    while at < len(raw):
        end = raw.find(b"\n", at)
        end = len(raw) if end < 0 else end
        line = raw[at:end].removesuffix(b"\r")
        at = end + 1
        if not line:
            break
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-type":
            content_type = value.strip().decode("latin-1")
    return content_type, raw[at:]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")
