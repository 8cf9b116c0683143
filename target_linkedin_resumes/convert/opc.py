"""The parts of a DOCX, and how they relate. Source: ECMA-376 part 2 (OPC)."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple
from urllib.parse import unquote

from lxml import etree

from target_linkedin_resumes.convert.safe_zip import (
    Archive,
    Element,
    conversion_failed,
    damaged,
)

_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
# Writers give the parts these names; the relations tell of others.
_TEXT = re.compile(r"word/(?:document|header|footer|footnotes|endnotes)[0-9]*\.xml")
_TEXTS = ("header", "footer", "footnotes", "endnotes")


class _Relation(NamedTuple):
    """What a part is related to: ``target`` is a name from the root of the package, or a URL."""

    identifier: str
    kind: str
    target: str


class Package:
    """The parts of a document, parsed as they are asked for.

    ``main`` is the name of the document itself. Raises :class:`Reject` when there is none.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.names()}
        self._relations: dict[str, list[_Relation]] = {}
        named = [name for name in archive.names() if _TEXT.fullmatch(name)]
        documents = self._related("", "officeDocument") + [
            name for name in named if name.startswith("word/document")
        ]
        if not documents:
            raise damaged()
        self.main = documents[0]
        self._texts = dict.fromkeys([self.main, *named, *self._related(self.main, *_TEXTS)])

    def texts(self) -> dict[str, Element]:
        """Parse the parts that hold text.

        Raises :class:`Reject`, also for a document that takes in others: neither Mammoth nor
        LibreOffice reads those, and what they hold would be missing without a word.
        """
        parts = {name: self._archive.markup(name) for name in self._texts}
        if any(True for root in parts.values() for _ in root.iter("{*}altChunk", "{*}subDoc")):
            raise conversion_failed(
                "some of it is another document that Word takes in when it opens it (altChunk)",
                "open it in Word and save it again, or export it as PDF",
            )
        return parts

    def name_of(self, kind: str) -> str:
        """Name the part that has styles, numbers or notes, whether it is there or not."""
        return next(iter(self._related(self.main, kind)), f"word/{kind}.xml")

    def parsed(self, name: str) -> Element:
        """Parse a part; gives an empty element when it is not there."""
        return self._archive.markup(name) if name in self._archive else etree.Element("none")

    def targets(self, part: str) -> dict[str, str]:
        """Name what the relations of a part lead to, by their identifiers."""
        return {relation.identifier: relation.target for relation in self._relations_of(part)}

    def _related(self, part: str, *kinds: str) -> list[str]:
        """Name the parts that a part is related to in such a way, as far as they are there."""
        return [
            relation.target
            for relation in self._relations_of(part)
            if relation.kind in kinds and relation.target in self._archive
        ]

    def _relations_of(self, part: str) -> list[_Relation]:
        """Read the relations of a part, "" for those of the package."""
        folder, file = posixpath.split(part)
        name = posixpath.join(folder, "_rels", f"{file}.rels")
        if name in self._archive and name not in self._relations:
            self._relations[name] = [
                _Relation(
                    relation.get("Id", ""),
                    # Strict documents have another beginning.
                    relation.get("Type", "").rpartition("/")[2],
                    relation.get("Target", "")
                    if relation.get("TargetMode") == "External"
                    else self._resolved(folder, relation.get("Target", "")),
                )
                for relation in self._archive.markup(name).iter(_RELATIONSHIP)
            ]
        return self._relations.get(name, [])

    def _resolved(self, folder: str, target: str) -> str:
        """Find the part that a target means; names are compared without regard to case."""
        path = posixpath.normpath(posixpath.join("/", folder, unquote(target)))
        return self._names.get(path.lstrip("/").lower(), path.lstrip("/"))
