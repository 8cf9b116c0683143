"""Uploaded files for a browser to open, in ways in which they cannot do anything to the page."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, NamedTuple

from starlette.responses import FileResponse

if TYPE_CHECKING:
    from pathlib import Path

    from ..blobs import Blob, Blobs

PREVIEWED = 64 * 1024
"""The most bytes of a text that are shown."""
PDF = "application/pdf"
TEXT = "text/plain"
KINDS = {PDF: "PDF", "application/msword": "DOC", TEXT: "TXT"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"


class Text(NamedTuple):
    """The beginning of a text; ``cut`` says that there is more."""

    content: str
    cut: bool


def path_of(blobs: Blobs, blob: Blob) -> Path:
    """Where a blob's bytes are kept."""
    return blobs.directory / blob.sha256[:2] / blob.sha256


def served(path: Path, blob: Blob, *, download: bool) -> FileResponse:
    """The bytes: a PDF to be looked at in a frame of the page, anything else to be saved.

    Browsers show a PDF in a viewer of their own; other content never gets to be a document.
    """
    framed = blob.content_type == PDF and not download
    return FileResponse(
        path,
        media_type=blob.content_type if framed else "application/octet-stream",
        filename=blob.filename,
        content_disposition_type="inline" if framed else "attachment",
        headers={"content-security-policy": _POLICY},
    )


def text_of(path: Path) -> Text:
    """The beginning of a text file: UTF-8, UTF-16 with a mark, or else Windows-1252."""
    with path.open("rb") as file:
        raw = file.read(PREVIEWED + 1)
    cut, raw = len(raw) > PREVIEWED, raw[:PREVIEWED]
    encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""
    for name in filter(None, (encoding, "utf-8-sig")):
        try:
            # Of a text that is cut, the last character may be a part of one.
            return Text(codecs.getincrementaldecoder(name)().decode(raw, final=not cut), cut)
        except UnicodeDecodeError:
            continue
    return Text(raw.decode("cp1252", errors="replace"), cut)
