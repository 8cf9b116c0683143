"""Tell what is in the containers of documents: OLE2 (DOC), ZIP (DOCX, ODT), encrypted PDF.

Directories are read, and of the content as much as tells the kind and whether it needs a password.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
from typing import BinaryIO, cast
from urllib.parse import unquote

import olefile

from target_linkedin_resumes.errors import Failure
from target_linkedin_resumes.http.messages import Readable
from target_linkedin_resumes.resumes.spool import SizedReader

OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_NUMBERS = struct.Struct("<30xH12xI8xI4xI444x")
_WORD = (0xA5, 0xA6)  # the first byte of a document of Word: 6 and 95, and from 97 on
_FIB = struct.Struct("<xB8xH")
_ENCRYPTED = 0x100

_MAX_READ = 1024 * 1024
_HEAD = 64 * 1024
_ZIP_ENCRYPTED = 0x1
# LZMA and BZIP2 would let an archive choose how much memory it takes.
ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_TEXT = "application/vnd.oasis.opendocument.text"
_WHOLE_TEXT = re.compile(rf'(?=[^<>]*\sfull-path="/")[^<>]*media-type="{_TEXT}'.replace(r"\s", ":"))
_RELATIONSHIP = re.compile(r"<(?:\w+:)?Relationship\s[^<>]*>")
_MAIN_TYPE = re.compile(r"""\sType\s*=\s*["'][^"'<>]*/officeDocument["']""")
_TARGET = re.compile(r"""\sTarget\s*=\s*["']([^"'<>]*)["']""")
_WORD_PART = re.compile(r"word/document\d*\.xml")
_WORD_ROOT = re.compile(r"<(?:[\w.-]+:)?document\s[^<>]*wordprocessingml")


def ole_kind(body: Readable, size: int) -> str:
    """Return ``doc``, ``encrypted``, or nothing for what is neither or damaged.

    Streams below the root count. Those further down belong to embedded objects: a workbook that
    holds a letter is no letter. Source: [MS-DOC] 2.5.2 (FibBase), [MS-OFFCRYPTO] 2.3.
    """
    reader = _Open(body, size)
    try:
        shift, tables, cutoff, small_tables = _OLE_NUMBERS.unpack(reader.read(_OLE_NUMBERS.size))
        sectors = size >> shift
        # These are claims that olefile would believe. A table has a sector's worth of numbers.
        if shift not in (9, 12) or cutoff != 4096 or max(tables, small_tables) > 2 + sectors // 64:
            return ""
        reader.seek(0)
        ole = olefile.OleFileIO(reader)
        if ole.exists("EncryptedPackage"):
            return "encrypted"
        if not ole.exists("WordDocument"):
            return ""
    except Failure:
        raise
    except Exception:  # noqa: BLE001 - olefile meets damage with whatever comes of it
        return ""
    return "encrypted" if _is_encrypted(ole, size) else "doc"


class _Open(SizedReader):
    """A body that says what olefile asks of a file."""

    closed = False


def _is_encrypted(ole: olefile.OleFileIO, size: int) -> bool:
    """Tell whether a document of Word needs a password. What cannot be read is not."""
    try:
        if max(ole.get_size("WordDocument"), ole.root.size) > size:
            return False
        first, flags = _FIB.unpack(ole.openstream("WordDocument").read(_FIB.size))
    except Failure:
        raise
    except Exception:  # noqa: BLE001
        return False
    return first in _WORD and bool(flags & _ENCRYPTED)


def open_zip(body: Readable, size: int) -> zipfile.ZipFile:
    """Open an archive with a directory of up to 1 MiB. Raises what zipfile does for damage."""
    return zipfile.ZipFile(_Directory(body, size))


class _Directory(SizedReader):
    """A body that gives no more at once than members and a decent directory take."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = self.size - self.tell()
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > _MAX_READ:
            raise zipfile.BadZipFile("a directory of more than 1 MiB")
        return super().read(wanted)


def zip_kind(body: Readable, size: int) -> str:
    """Return ``docx``, ``odt``, ``encrypted``, or nothing for what is none of them or damaged.

    Source: ECMA-376 part 2 (OPC); OpenDocument 1.3 part 2.
    """
    try:
        with open_zip(body, size) as archive:
            return _Names(archive).kind()
    except Failure:
        raise
    except Exception:  # noqa: BLE001 - zipfile meets damage with whatever comes of it
        return ""


class _Names:
    """The members of an archive, whose names are compared without regard to case."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {info.filename.lower(): info for info in archive.infolist()}

    def kind(self) -> str:
        """Tell what document it is."""
        manifest = self._head("meta-inf/manifest.xml")
        if self._head("mimetype").strip().startswith(_TEXT) or _WHOLE_TEXT.search(manifest):
            return "encrypted" if "encryption-data" in manifest else "odt"
        main = self._main_part() if "[content_types].xml" in self._members else None
        if main is None:
            return ""
        return "encrypted" if self._members[main].flag_bits & _ZIP_ENCRYPTED else "docx"

    def _main_part(self) -> str | None:
        """Find the part that is a document of Word and that the package is about."""
        relationships = _RELATIONSHIP.findall(self._head("_rels/.rels"))
        targets = [
            posixpath.normpath("/" + unquote(target[1])).lstrip("/").lower()
            for one in relationships
            if _MAIN_TYPE.search(one) and (target := _TARGET.search(one))
        ]
        if not targets:
            return next(filter(_WORD_PART.fullmatch, self._members), None)
        for name in targets:
            if name in self._members and (
                _WORD_PART.fullmatch(name) or _WORD_ROOT.search(self._head(name))
            ):
                return name
        return None

    def _head(self, name: str) -> str:
        """Unpack the beginning of a member; empty when it cannot be had."""
        info = self._members.get(name)
        if info is None or info.flag_bits & _ZIP_ENCRYPTED or info.compress_type not in ZIP_METHODS:
            return ""
        with self._archive.open(info) as member:
            head = member.read(_HEAD)
        is_utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
        return head.decode("utf-16" if is_utf16 else "utf-8-sig", "replace")


def needs_password(body: Readable, size: int) -> bool:
    """Tell whether an encrypted PDF opens for nobody without its password.

    Most open, and only forbid editing or printing. Without pikepdf (extra `convert`) none is told.
    """
    try:
        import pikepdf  # noqa: PLC0415 - needed for few files, and not always installed
    except ImportError:
        return False
    try:
        with pikepdf.open(cast("BinaryIO", SizedReader(body, size))):
            return False
    except pikepdf.PasswordError:
        return True
    except Failure:
        raise
    except Exception:  # noqa: BLE001 - what is damaged otherwise is LinkedIn's to judge, as ever
        return False
