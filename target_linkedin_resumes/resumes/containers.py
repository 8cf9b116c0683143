"""A look into the two containers that resumes come in: OLE2 (DOC) and ZIP (DOCX, ODT).

Only directories are read, never what they hold, and never more than a bounded part of them.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from target_linkedin_resumes.resumes.bodies import Readable

OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_LAST_REGULAR_SECTOR = 0xFFFFFFFA  # [MS-CFB] 2.1: what is above marks ends and special sectors
_NO_STREAM = 0xFFFFFFFF
_ENTRY = 128
_MAX_ENTRIES = 4096
_MAX_DIRECTORY = 1024 * 1024
_ZIP_TAIL = 22 + 65535  # end of central directory with the longest comment
_WORD_PART = re.compile(rb"word/document\d*\.xml")


def ole_streams(body: Readable, size: int) -> set[str]:
    """Name the streams and storages directly below the root of an OLE2 file.

    Those further down belong to embedded objects: a workbook that holds a letter is no letter.
    Empty when the file is damaged. Source: [MS-CFB] 2.2 (header), 2.3 (FAT), 2.6 (directory).
    """
    try:
        return set(_OleFile(body, size).root_names())
    except (struct.error, IndexError, ValueError):
        return set()


def is_docx(body: Readable, size: int) -> bool:
    """Tell whether a ZIP archive is a Word document, by the names in its central directory.

    Source: PKWARE's APPNOTE 4.3.12 and 4.3.16; ECMA-376 part 2.
    """
    tail_start = max(0, size - _ZIP_TAIL)
    body.seek(tail_start)
    tail = body.read(_ZIP_TAIL)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 20:
        return False
    length, offset = struct.unpack_from("<II", tail, end + 12)
    body.seek(min(offset, size))
    directory = body.read(min(length, _MAX_DIRECTORY))
    return b"[Content_Types].xml" in directory and _WORD_PART.search(directory) is not None


def is_odt(head: bytes) -> bool:
    """Tell whether a ZIP archive is an OpenDocument text: its first member says so, in plain.

    Source: OpenDocument 1.3 part 2, 3.3.
    """
    return head[30:].startswith(b"mimetypeapplication/vnd.oasis.opendocument.text")


class _OleFile:
    """As much of an OLE2 file as its directory takes."""

    def __init__(self, body: Readable, size: int) -> None:
        self._body = body
        header = self._read(0, 512)
        shift = struct.unpack_from("<H", header, 30)[0]
        if shift not in (9, 12):
            raise ValueError("no sector size of the format")
        self._sector = 1 << shift
        self._sectors = size // self._sector + 1
        self._directory = struct.unpack_from("<I", header, 48)[0]
        self._fat_sectors = list(struct.unpack_from("<109I", header, 76))
        self._extend_fat_sectors(struct.unpack_from("<I", header, 68)[0])

    def root_names(self) -> Iterator[str]:
        """Walk the tree of siblings below the root entry."""
        entries = b"".join(self._chain(self._directory))
        waiting = [struct.unpack_from("<I", entries, 76)[0]]
        seen: set[int] = set()
        while waiting and len(seen) < _MAX_ENTRIES:
            index = waiting.pop()
            if index == _NO_STREAM or index in seen:
                continue
            seen.add(index)
            start = index * _ENTRY
            length = struct.unpack_from("<H", entries, start + 64)[0]
            name = entries[start : start + max(0, min(length, 64) - 2)]
            yield name.decode("utf-16-le", "replace")
            waiting += struct.unpack_from("<II", entries, start + 68)

    def _extend_fat_sectors(self, sector: int) -> None:
        """Follow the list of FAT sectors beyond the 109 of the header (files over 7 MB)."""
        for _ in range(self._sectors):
            if sector >= _LAST_REGULAR_SECTOR:
                return
            *more, sector = struct.unpack(f"<{self._sector // 4}I", self._sector_at(sector))
            self._fat_sectors += more
        raise ValueError("the list of FAT sectors has no end")

    def _chain(self, sector: int) -> Iterator[bytes]:
        """Read a chain of sectors, as far as the directory may reach."""
        for _ in range(min(self._sectors, _MAX_ENTRIES * _ENTRY // self._sector)):
            if sector >= _LAST_REGULAR_SECTOR:
                return
            yield self._sector_at(sector)
            sector = self._next(sector)

    def _next(self, sector: int) -> int:
        table, index = divmod(sector, self._sector // 4)
        entry = self._read((self._fat_sectors[table] + 1) * self._sector + index * 4, 4)
        return int(struct.unpack("<I", entry)[0])

    def _sector_at(self, sector: int) -> bytes:
        return self._read((sector + 1) * self._sector, self._sector)

    def _read(self, offset: int, length: int) -> bytes:
        self._body.seek(offset)
        return self._body.read(length)
