"""Signed upload URLs and the upload: ``hireMediaUrl`` and the blob store behind it."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from .blobs import EXTENSIONS, Blob, Incoming
from .config import LARGEST_FILE
from .documents import read_json
from .exchange import BodyTooLarge, ClientGone, Exchange, Reply, new_uuid
from .keys import percent_encoded

if TYPE_CHECKING:
    from .calls import Call
    from .signing import Grant
    from .state import State

_LARGEST_REQUEST = 64 * 1024
_FIELDS = {"usageParameters", "contentType", "hiringContext", "blobTtl"}
_CONTRACT = re.compile(r"urn:li:contract:[0-9]+\Z")
_SECONDS = {
    "MILLISECOND": 0.001,
    "SECOND": 1,
    "MINUTE": 60,
    "HOUR": 3600,
    "DAY": 86_400,
    "WEEK": 7 * 86_400,
    "MONTH": 30 * 86_400,
    "YEAR": 365 * 86_400,
}


async def create_url(state: State, exchange: Exchange, call: Call) -> Reply:
    """``POST /v2/hireMediaUrl``: 201 and an empty body, the URL in ``x-linkedin-id``."""
    try:
        body = await exchange.read(_LARGEST_REQUEST)
    except BodyTooLarge:
        return Reply.error(413, "Request entity is too large")
    if exchange.method != "POST":
        return Reply.error(405, f"Method {exchange.method} is not supported")
    protocol = exchange.headers.get("x-restli-protocol-version")
    if protocol != "2.0.0":
        state.breaches.add("url", "protocol_version", f"protocol version {protocol}")
        return Reply.error(400, f"Rest.li protocol version {protocol} is not supported")
    wanted = _document(body)
    wrong = _wrong_content_type(exchange) or _wrong_request(wanted)
    if wrong is not None:
        state.breaches.add("url", "malformed_url_request", wrong)
        return Reply.error(400, wrong)
    ttl = wanted.get("blobTtl")
    query = state.signer.issue(
        call.client or "",
        wanted["contentType"],
        state.clock() + state.config.url_ttl,
        ttl["duration"] * _SECONDS[ttl["unit"]] if ttl else None,
    )
    url = f"http://{exchange.headers.get('host', '127.0.0.1')}/ambry/?{query}"
    return Reply(
        201,
        {
            "x-linkedin-id": url,
            "location": f"/hireMediaUrl/{percent_encoded(url)}",
            "x-restli-protocol-version": "2.0.0",
        },
    )


def _wrong_content_type(exchange: Exchange) -> str | None:
    given = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    return None if given == "application/json" else "Content-Type is not application/json"


def _document(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; empty, and so refused, if it is none."""
    try:
        document = read_json(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _wrong_request(wanted: dict[str, Any]) -> str | None:
    unknown = set(wanted) - _FIELDS
    if unknown:
        return f"unknown field {', '.join(sorted(unknown))[:100]}"
    if wanted.get("usageParameters") != {"tcrmResumeParameters": {}}:
        return "usageParameters is not {tcrmResumeParameters: {}}"
    if wanted.get("contentType") not in EXTENSIONS:
        return f"contentType is not one of {', '.join(EXTENSIONS)}"
    context = wanted.get("hiringContext")
    if not isinstance(context, str) or not _CONTRACT.match(context):
        return "hiringContext is not a contract's URN"
    return _wrong_ttl(wanted["blobTtl"]) if "blobTtl" in wanted else None


def _wrong_ttl(ttl: Any) -> str | None:
    if not isinstance(ttl, dict) or set(ttl) != {"duration", "unit"}:
        return "blobTtl is not {duration, unit}"
    if type(ttl["duration"]) is not int or ttl["duration"] <= 0:
        return "blobTtl.duration is not a positive long"
    if ttl["unit"] not in _SECONDS:
        return f"blobTtl.unit is not one of {', '.join(_SECONDS)}"
    return None


async def upload(state: State, exchange: Exchange, call: Call) -> Reply:
    """``POST /ambry/?...&x-ambry-filename=...``: 201, the blob's id in ``location``."""
    grant, filename = state.signer.open(exchange.query)
    refusal = _refusal(state, exchange, call, grant) or _wrong_length(state, exchange)
    if refusal is not None or grant is None:
        return refusal or Reply(401)
    extension = _extension(filename, grant.content_type)
    if extension is None or filename is None:
        state.breaches.add("upload", "file_name", "the file name is missing or does not fit")
        return _blob_error(400, "BadRequest", "x-ambry-filename does not fit the content type")
    incoming = state.blobs.receive()
    state.used_urls[grant.id] = grant.expires_at
    try:
        async for chunk in exchange.chunks():
            incoming.write(chunk)
        return _kept(state, incoming, grant, filename, extension)
    except ClientGone:
        # An upload that broke off has not used the URL up.
        state.used_urls.pop(grant.id, None)
        incoming.drop()
        raise


def _refusal(state: State, exchange: Exchange, call: Call, grant: Grant | None) -> Reply | None:
    if grant is None:
        state.breaches.add("upload", "signed_url_altered", "the signature does not fit")
        return _blob_error(401, "Unauthorized", "Signed URL is not valid")
    if exchange.method != "POST" or grant.client != call.client:
        return _blob_error(401, "Unauthorized", "Signed URL is for another method or application")
    now = state.clock()
    if grant.id in state.used_urls:
        state.breaches.add("upload", "signed_url_reused", "the URL had been used")
        return _blob_error(401, "Unauthorized", "Signed URL has been used")
    if now >= grant.expires_at:
        return _blob_error(401, "Unauthorized", "Signed URL has expired")
    # Ids come in by time of use, so the oldest are first; an expired one is refused as such.
    while state.used_urls and (oldest := next(iter(state.used_urls))):
        if state.used_urls[oldest] > now:
            break
        del state.used_urls[oldest]
    return None


def _wrong_length(state: State, exchange: Exchange) -> Reply | None:
    length = exchange.headers.get("content-length")
    if length is None:
        state.breaches.add("upload", "no_content_length", "no Content-Length")
        return _blob_error(411, "BadRequest", "Content-Length is missing")
    if int(length) > LARGEST_FILE:
        state.breaches.add("upload", "file_too_large", f"{length} bytes")
        return _blob_error(413, "BlobTooLarge", "The file is larger than 10 MiB")
    if int(length) == 0:
        state.breaches.add("upload", "file_empty", "0 bytes")
        return _blob_error(400, "BadRequest", "The file is empty")
    return None


def _extension(filename: str | None, content_type: str) -> str | None:
    if filename is None or "&" in filename:
        return None
    stem, dot, extension = unquote_plus(filename).rpartition(".")
    fits = stem and dot and extension.lower() in EXTENSIONS[content_type]
    return extension.lower() if fits else None


def _kept(state: State, incoming: Incoming, grant: Grant, filename: str, extension: str) -> Reply:
    found = incoming.content_type()
    if found != grant.content_type:
        incoming.drop()
        state.breaches.add(
            "upload", "content_mismatch", f"declared {grant.content_type}, found {found}"
        )
        return _blob_error(400, "BadRequest", "The content is not of the declared type")
    blob_id = f"/AAYU{secrets.token_urlsafe(30)}.{extension}"
    blob = Blob(
        urn=f"urn:li:ambryBlob:{blob_id}",
        client=grant.client,
        sha256=incoming.keep(state.blobs.directory),
        size=incoming.size,
        content_type=grant.content_type,
        filename=unquote_plus(filename),
        expires_at=None if grant.blob_ttl is None else state.clock() + grant.blob_ttl,
    )
    state.blobs.add(blob)
    return Reply(201, {"location": blob_id, "x-ambry-blob-size": str(blob.size)})


def _blob_error(status: int, code: str, reason: str) -> Reply:
    return Reply(
        status,
        {
            "x-ambry-error-code": code,
            "x-ambry-failure-reason": reason,
            "x-ambry-request-id": new_uuid(),
        },
    )
