"""Uploaded files, kept by hash; and what the bytes of a file look like."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

EXTENSIONS: dict[str, tuple[str, ...]] = {
    "application/pdf": ("pdf",),
    "application/msword": ("doc",),
    "text/plain": ("txt",),
}
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_NOT_TEXT = (b"PK\x03\x04", b"{\\rtf", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b")
_HEAD = 1024
_BUFFER = 256 * 1024


@dataclass(frozen=True, slots=True)
class Blob:
    """An uploaded file; ``expires_at`` is in epoch seconds."""

    urn: str
    client: str
    sha256: str
    size: int
    content_type: str
    filename: str
    expires_at: float | None = None


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class Incoming:
    """A file on its way in: hashed, sniffed and written chunk by chunk, never held whole."""

    def __init__(self, partial: Path) -> None:
        self._path = partial
        partial.touch(mode=0o600)
        self._file = partial.open("wb", buffering=_BUFFER)
        self._hash: _Hash = hashlib.sha256()
        self._head = b""
        self._has_nul = False
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Take the next chunk."""
        self._file.write(chunk)
        self._hash.update(chunk)
        self._has_nul = self._has_nul or b"\0" in chunk
        if len(self._head) < _HEAD:
            self._head += chunk[: _HEAD - len(self._head)]
        self.size += len(chunk)

    def content_type(self) -> str | None:
        """What the bytes are: one of the three types LinkedIn takes, or None."""
        if b"%PDF-" in self._head:
            return "application/pdf"
        if self._head.startswith(_OLE2):
            return "application/msword"
        if self._head.startswith(_NOT_TEXT):
            return None
        if self._has_nul and not self._head.startswith(_UTF16):
            return None
        return "text/plain"

    def keep(self, directory: Path) -> str:
        """Move the file to its place by hash; its SHA-256 in hexadecimal."""
        self._file.close()
        digest = self._hash.hexdigest()
        place = directory / digest[:2] / digest
        place.parent.mkdir(mode=0o700, exist_ok=True)
        self._path.replace(place)
        return digest

    def drop(self) -> None:
        """Throw the file away."""
        self._file.close()
        with suppress(FileNotFoundError):
            self._path.unlink()


class Blobs:
    """All uploaded files of a sandbox, under ``directory``/blobs, for their owner alone."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "blobs"
        self._incoming = directory / "incoming"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not any(directory.iterdir()):
            directory.chmod(0o700)  # nobody else has anything in it
        for own in (self.directory, self._incoming):
            own.mkdir(exist_ok=True)
            own.chmod(0o700)
        self._blobs: dict[str, Blob] = {}

    def __len__(self) -> int:
        return len(self._blobs)

    def get(self, urn: object) -> Blob | None:
        """The blob of a URN such as ``urn:li:ambryBlob:/AAYU....pdf``."""
        return self._blobs.get(urn) if isinstance(urn, str) else None

    def receive(self) -> Incoming:
        """Begin to take a file in."""
        return Incoming(self._incoming / secrets.token_hex(8))

    def add(self, blob: Blob) -> None:
        """Know a blob by its URN."""
        self._blobs[blob.urn] = blob

    def clear(self) -> None:
        """Forget all and remove their files."""
        for digest in {blob.sha256 for blob in self._blobs.values()}:
            with suppress(FileNotFoundError):
                (self.directory / digest[:2] / digest).unlink()
        self._blobs.clear()
