"""The headers of a response, read into a dict.

`http.client` hands them to the email package, which takes longer for them than all the rest of a
call does.
"""

from __future__ import annotations

import http.client
import re
from types import FunctionType
from typing import IO

# As http.client has them.
MAX_LINE_BYTES = 65_536
MAX_HEADERS = 100

# A name, a colon right after it, a value in one line (RFC 9112). What it does not match may be read
# one way by a proxy and another way here: a folded line, a blank before the colon, a lone CR.
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\r\n\0]*)\r?\n?")


def read_headers(file: IO[bytes]) -> dict[str, str]:
    """Read headers up to and with the empty line, or to the end: names in lower case.

    Of those with the same name the first counts. Raises :class:`http.client.HTTPException` for what
    is no header, and for too many or too long ones.
    """
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS + 1):
        line = file.readline(MAX_LINE_BYTES + 1)
        if line in (b"\r\n", b"\n", b""):
            return headers
        if len(line) > MAX_LINE_BYTES:
            raise http.client.LineTooLong("header line")
        found = _LINE.fullmatch(line)
        if found is None:
            raise http.client.HTTPException("a line that is no header")
        name, value = found[1].decode("ascii").lower(), found[2].decode("iso-8859-1")
        headers.setdefault(name, value.strip(" \t"))
    raise http.client.HTTPException(f"more than {MAX_HEADERS} headers")


def _begin() -> FunctionType:
    """`begin` of `http.client` with another function under the one name `parse_headers`.

    The same code, so that what a status, a length, chunks and "Connection: close" mean stays the
    standard library's.
    """
    original = http.client.HTTPResponse.begin
    # Python 3.15 hands its own bound on headers along.
    names = {"parse_headers": lambda file, **_: read_headers(file)}
    begin = FunctionType(original.__code__, {**vars(http.client), **names})
    begin.__kwdefaults__ = original.__kwdefaults__
    return begin


class HTTPResponse(http.client.HTTPResponse):
    """As `http.client` has it, but for the headers: a dict, by names in lower case."""

    headers: dict[str, str]  # type: ignore[assignment]  # as said
    begin = _begin()
