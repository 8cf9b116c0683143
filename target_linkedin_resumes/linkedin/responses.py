"""What came back from a call, or for one key of it, in the terms that decide what to do. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from target_linkedin_resumes.http.messages import Response, TransportError
from target_linkedin_resumes.linkedin.answers import KeyResult

# What a server calls things is passed on; its prose is not. It knows resumes by name and content,
# and an exception dump of its own (they occur) may hold whole requests.
_NAME = re.compile(r"[A-Za-z0-9_.:/\[\]-]{1,80}")
_UUID = re.compile(r"[A-Za-z0-9+/=_-]{1,80}")
_SEARCHED_BYTES = 4096
_MAX_INPUT_ERRORS = 3


class Call(StrEnum):
    """What was asked of LinkedIn: a call, or one key within a batch."""

    TOKEN = "token"  # noqa: S105 - an endpoint's name
    INTROSPECTION = "introspection"
    UPLOAD_URL = "hireMediaUrl"
    UPLOAD = "upload"
    BATCH_UPDATE = "batch_update"
    BATCH_DELETE = "batch_delete"
    UPDATED_KEY = "batch_update, this key"
    DELETED_KEY = "batch_delete, this key"

    @property
    def resource(self) -> str:
        """What LinkedIn counts it for: both batch methods go to one resource."""
        return _RESOURCES.get(self, self)


_RESOURCES = dict.fromkeys((Call.BATCH_UPDATE, Call.BATCH_DELETE), "tcrmCandidateResumes")


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What came back: a ``status``, or the ``error`` that came instead of it.

    ``code`` (OAuth: ``error``), ``service_code`` and ``details`` are what LinkedIn names the
    error. ``prose`` is searched for known words and never shown; ``description`` is what may be
    shown of it. ``uuid`` is ``x-li-uuid``, what LinkedIn's support asks for.
    """

    call: Call
    status: int | None = None
    error: TransportError | None = None
    code: str | None = None
    service_code: int | None = None
    details: tuple[str, ...] = ()
    prose: str = field(default="", repr=False)
    description: str | None = None
    uuid: str | None = None
    retry_after: str | None = field(default=None, repr=False)
    response: Response | None = field(default=None, repr=False)

    @property
    def came(self) -> str:
        """The status or the kind of error, for metrics and causes of retries."""
        return self.error.kind if self.error is not None else str(self.status or "unclear")

    @property
    def body(self) -> bytes:
        """The body as it came."""
        return b"" if self.response is None else self.response.body

    def header(self, name: str) -> str | None:
        """A header of the response."""
        return None if self.response is None else self.response.header(name)


def read_response(call: Call, response: Response) -> ApiResponse:
    """Read the response to a whole call; of a success, the body is left to the caller."""
    uuid = response.header("x-li-uuid")
    read = ApiResponse(
        call,
        status=response.status,
        uuid=uuid if uuid and _UUID.fullmatch(uuid) else None,
        response=response,
    )
    if response.status < 300:
        return read
    error = json_object(response.body)
    return replace(
        read,
        code=_name(error.get("code")) or _name(error.get("error")),
        service_code=_integer(error.get("serviceErrorCode")),
        details=_details(error),
        prose=response.body[:_SEARCHED_BYTES].decode("utf-8", "replace"),
        retry_after=response.header("retry-after"),
    )


def read_key(call: Call, result: KeyResult | None, batch: ApiResponse) -> ApiResponse:
    """Read what a batch's response says of one key; None is a key that it does not name."""
    if result is None:
        return ApiResponse(call, uuid=batch.uuid)
    error = result.error or {}
    # What stands in `errors` is an error, whatever status it claims.
    claims_success = result.error is not None and result.status is not None and result.status < 300
    return ApiResponse(
        call,
        status=None if claims_success else result.status,
        code=_name(error.get("code")),
        service_code=_integer(error.get("serviceErrorCode")),
        details=_details(error),
        prose=str(error.get("message", ""))[:_SEARCHED_BYTES],
        uuid=batch.uuid,
    )


def json_object(body: bytes) -> dict[str, Any]:
    """Read a body as a JSON object; empty if it is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _details(error: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the error type and the input errors, as LinkedIn's error-handling page has them."""
    found = [_name(error.get("errorDetailType"))]
    details = error.get("errorDetails")
    inputs = details.get("inputErrors") if isinstance(details, dict) else None
    for one in inputs[:_MAX_INPUT_ERRORS] if isinstance(inputs, list) else ():
        if isinstance(one, dict):
            found += [_name(one.get("code")), _name(_dig(one, "input", "inputPath", "fieldPath"))]
    return tuple(name for name in found if name)


def _dig(value: object, *names: str) -> object:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None


def _integer(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) < 10**9 else None
