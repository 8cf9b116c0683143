"""Open the ZIP archives of DOCX and ODT without trust: every size is counted, none believed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

from lxml import etree

from target_linkedin_resumes.errors import Failure, Reject
from target_linkedin_resumes.resumes.codes import CODES
from target_linkedin_resumes.resumes.containers import ZIP_METHODS, open_zip
from target_linkedin_resumes.resumes.spool import Found

# A resume of ten pages has 30 members, 1 MB of XML and 15,000 elements.
_MAX_MEMBERS = 2000
_MAX_UNPACKED = 64 * 1024 * 1024
_MAX_MARKUP = 16 * 1024 * 1024
_MAX_ELEMENTS = 100_000
_PIECE = 64 * 1024
_ENCRYPTED = 0x1

Element = Any  # lxml comes without types


def conversion_failed(what: str, remedy: str = "save it as PDF in the source system") -> Reject:
    """Return the reject for a document that cannot be converted."""
    return Reject(
        "conversion_failed", f"field 'file': the document cannot be converted: {what}; {remedy}"
    )


class TooMuch(Reject):
    """A document is larger or nested more deeply than a resume: no converter may have it."""


def too_much(what: str) -> TooMuch:
    """Return the reject for a document beyond the bounds."""
    return TooMuch("conversion_failed", conversion_failed(what).message)


@contextmanager
def no_surprise() -> Iterator[None]:
    """Make a reject of this document of whatever a library raises on it, and show none of it."""
    try:
        yield
    except Failure:
        raise
    except Exception:  # noqa: BLE001 - damaged markup is met with whatever comes of that
        raise damaged() from None


class Archive:
    """The members of an archive, which unpack into 64 MiB at most."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._elements = _MAX_ELEMENTS

    def __contains__(self, name: str) -> bool:
        return name in self._archive.NameToInfo

    def names(self) -> list[str]:
        """Name the members."""
        return list(self._archive.NameToInfo)

    def markup(self, name: str) -> Element:
        """Parse a member; gives its root.

        Raises :class:`Reject` when it is missing or damaged, declares entities, or has far more
        elements than a resume, counted over all that was parsed. Depth is bounded by lxml.
        """
        parser = etree.XMLParser(
            resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False,
            remove_comments=True, remove_pis=True, collect_ids=False,
        )  # fmt: skip
        try:
            root = etree.fromstring(self.read(name, _MAX_MARKUP), parser)
        except (etree.LxmlError, ValueError):
            raise conversion_failed("its markup is damaged or nested too deeply") from None
        dtd = root.getroottree().docinfo.internalDTD
        # OpenOffice 2 names one that is elsewhere. It is not loaded.
        if dtd is not None and any((*dtd.iterentities(), *dtd.iterelements())):
            raise conversion_failed("it declares a document type, as no such document does")
        self._elements -= sum(1 for _ in root.iter())
        if self._elements < 0:
            raise too_much("it has far more elements than a resume")
        return root

    def read(self, name: str, most: int = _MAX_UNPACKED) -> bytes:
        """Unpack a member of at most so many bytes. Raises :class:`Reject`."""
        with no_surprise():
            info = self._archive.getinfo(name)
            if info.flag_bits & _ENCRYPTED:
                raise needs_password()
            if info.compress_type not in ZIP_METHODS:
                raise conversion_failed("it is packed in a way that such documents are not")
            with self._archive.open(info) as member:
                pieces = iter(partial(member.read, _PIECE), b"")
                content = b"".join(islice(pieces, most // _PIECE + 1))
        if len(content) > most:
            raise too_much("it unpacks into far more bytes than a resume has")
        return content

    def rewritten(self, changed: Mapping[str, bytes]) -> bytes:
        """Return the archive with other contents of some members. Raises :class:`Reject`."""
        file = io.BytesIO()
        left = _MAX_UNPACKED
        with zipfile.ZipFile(file, "w") as made:
            # The first member of an ODT is this one, stored as it is.
            for name in sorted(self.names(), key=lambda name: name != "mimetype"):
                content = changed[name] if name in changed else self.read(name, left)
                left -= len(content)
                method = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
                made.writestr(zipfile.ZipInfo(name), content, method)
        return file.getvalue()


@contextmanager
def open_archive(found: Found) -> Iterator[Archive]:
    """Open the archive that a body holds. Raises :class:`Reject`."""
    with no_surprise():
        archive = open_zip(found.body, found.size)
    with archive:
        if len(archive.filelist) > _MAX_MEMBERS:
            raise too_much(f"it has more than {_MAX_MEMBERS} parts")
        yield Archive(archive)


def needs_password() -> Reject:
    """Return the reject for a document that nobody can read without its password."""
    return Reject(
        "file_encrypted",
        f"field 'file': the document needs a password. {CODES['file_encrypted'].remedy}",
    )


def damaged() -> Reject:
    """Return the reject for a document that is damaged."""
    return conversion_failed("it is damaged")
