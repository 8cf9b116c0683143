"""Open the ZIP archives of DOCX and ODT without trust: every size is counted, none believed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lxml import etree

from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.resumes.spool import Found, SizedReader

# The formats know these two. LZMA and BZIP2 would let an archive choose how much memory it takes.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# A resume of ten pages has 30 members, 1 MB of XML and 15,000 elements.
_MAX_MEMBERS = 2000
_MAX_UNPACKED = 64 * 1024 * 1024
_MAX_MARKUP = 16 * 1024 * 1024
_MAX_ELEMENTS = 100_000
_MAX_READ = 1024 * 1024
_PIECE = 64 * 1024
_ENCRYPTED = 0x1
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, LookupError, ValueError)

Element = Any  # lxml comes without types


def conversion_failed(what: str, remedy: str = "save it as PDF in the source system") -> Reject:
    """Return the reject for a document that cannot be converted."""
    return Reject(
        "conversion_failed", f"field 'file': the document cannot be converted: {what}; {remedy}"
    )


def remove(element: Element) -> None:
    """Take an element out of its tree, and leave what follows it."""
    parent, before = element.getparent(), element.getprevious()
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def unwrap(element: Element) -> None:
    """Put what is in an element in its place."""
    for child in list(element):
        element.addprevious(child)
    remove(element)


class Archive:
    """The members of an archive, which unpack into 64 MiB at most."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._elements = _MAX_ELEMENTS

    def __contains__(self, name: str) -> bool:
        return name in self._archive.NameToInfo

    def names(self) -> list[str]:
        """Name the members."""
        return self._archive.namelist()

    def markup(self, name: str) -> Element:
        """Parse a member; gives its root.

        Raises :class:`Reject` when it is missing or damaged, declares a document type, or has far
        more elements than a resume, counted over all that was parsed. Depth is bounded by lxml.
        """
        parser = etree.XMLParser(
            resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False,
            remove_comments=True, remove_pis=True,
        )  # fmt: skip
        try:
            root = etree.fromstring(self.read(name, _MAX_MARKUP), parser)
        except (etree.LxmlError, ValueError):
            raise conversion_failed("its markup is damaged or nested too deeply") from None
        if root.getroottree().docinfo.doctype:
            raise conversion_failed("it declares a document type, as no such document does")
        self._elements -= sum(1 for _ in root.iter())
        if self._elements < 0:
            raise conversion_failed("it has far more elements than a resume")
        return root

    def read(self, name: str, most: int = _MAX_UNPACKED) -> bytes:
        """Unpack a member of at most so many bytes. Raises :class:`Reject`."""
        return b"".join(self._pieces(name, most))

    def rewritten(self, changed: Mapping[str, bytes]) -> bytes:
        """Return the archive with other contents of some members. Raises :class:`Reject`."""
        file = io.BytesIO()
        left = _MAX_UNPACKED
        with zipfile.ZipFile(file, "w") as made:
            for name in self.names():
                content = changed[name] if name in changed else self.read(name, left)
                left -= len(content)
                # The first member of an ODT has to be stored as it is.
                method = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
                made.writestr(zipfile.ZipInfo(name), content, method)
        return file.getvalue()

    def _pieces(self, name: str, most: int) -> Iterator[bytes]:
        try:
            info = self._archive.getinfo(name)
            if info.flag_bits & _ENCRYPTED:
                raise conversion_failed("it is protected by a password")
            if info.compress_type not in _METHODS:
                raise conversion_failed("it is packed in a way that such documents are not")
            with self._archive.open(info) as member:
                while piece := member.read(_PIECE):
                    most -= len(piece)
                    if most < 0:
                        raise conversion_failed("it unpacks into far more bytes than a resume has")
                    yield piece
        except (*_DAMAGE, NotImplementedError, RuntimeError):
            raise damaged() from None


@contextmanager
def open_archive(found: Found) -> Iterator[Archive]:
    """Open the archive that a body holds. Raises :class:`Reject`."""
    try:
        archive = zipfile.ZipFile(_Directory(found.body, found.size))
    except (*_DAMAGE, NotImplementedError):
        raise damaged() from None
    with archive:
        if len(archive.filelist) > _MAX_MEMBERS:
            raise conversion_failed(f"it has more than {_MAX_MEMBERS} parts")
        yield Archive(archive)


class _Directory(SizedReader):
    """A body that gives no more at once than members and a decent directory take."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = self.size - self.tell()
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > _MAX_READ:
            raise zipfile.BadZipFile("a directory of more than 1 MiB")
        return super().read(wanted)


def damaged() -> Reject:
    """Return the reject for a document that is damaged."""
    return conversion_failed("it is damaged")
