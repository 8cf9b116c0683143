"""The parts of a DOCX and how they relate. Source: ECMA-376 part 2 (OPC)."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote

from target_linkedin_resumes.convert.safe_zip import Archive, Element, damaged, failed

RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_ROOT_RELATIONS = "_rels/.rels"
# Writers give the parts these names; the relations tell of others.
_TEXT = re.compile(r"word/(?:document|header|footer|footnotes|endnotes)[0-9]*\.xml")
_TEXTS = ("header", "footer", "footnotes", "endnotes")
_REST = ("styles", "numbering")


class Package:
    """The parts that hold text, parsed as they are asked for.

    ``main`` is the name of the document itself. Raises :class:`Reject` when there is none.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.names()}
        self._relations: dict[str, Element] = {}
        named = [name for name in archive.names() if _TEXT.fullmatch(name)]
        documents = self.related("", "officeDocument") + [
            name for name in named if name.startswith("word/document")
        ]
        if not documents:
            raise damaged()
        self.main = documents[0]
        self._texts = dict.fromkeys([self.main, *named, *self.related(self.main, *_TEXTS)])

    def texts(self) -> dict[str, Element]:
        """Parse the parts that hold text.

        Raises :class:`Reject`, also for a document that takes in others: neither Mammoth nor
        LibreOffice reads those, and what they hold would be missing without a word.
        """
        parts = {name: self._archive.markup(name) for name in self._texts}
        if any(
            next(root.iter("{*}altChunk", "{*}subDoc"), None) is not None for root in parts.values()
        ):
            raise failed(
                "some of it is another document that Word takes in when it opens it (altChunk)",
                "open it in Word and save it again, or export it as PDF",
            )
        return parts

    def rest(self) -> dict[str, Element]:
        """Parse what says how the text looks, and how the parts relate."""
        names = ["[Content_Types].xml", "word/styles.xml", "word/numbering.xml"]
        names += [_ROOT_RELATIONS, *self.related(self.main, *_REST)]
        parts = {name: self._archive.markup(name) for name in names if name in self._archive}
        for name in self._texts:
            if (relations := self.relations(name)) is not None:
                parts[relations_of(name)] = relations
        return parts

    def relations(self, part: str) -> Element | None:
        """Parse the relations of a part, "" for those of the package; None if it has none.

        Targets within the package become names from its root.
        """
        name = relations_of(part)
        if name in self._archive and name not in self._relations:
            self._relations[name] = root = self._archive.markup(name)
            for relation in root.iter(RELATIONSHIP):
                if relation.get("TargetMode") != "External":
                    relation.set("Target", "/" + self._resolved(part, relation.get("Target", "")))
        return self._relations.get(name)

    def related(self, part: str, *kinds: str) -> list[str]:
        """Name the parts that a part is related to in such a way, as far as they are there."""
        relations = self.relations(part)
        targets = [
            relation.get("Target").removeprefix("/")
            for relation in ([] if relations is None else relations.iter(RELATIONSHIP))
            if relation.get("Type", "").rpartition("/")[2] in kinds
        ]
        return [target for target in targets if target in self._archive]

    def _resolved(self, part: str, target: str) -> str:
        """Find the part that a target means; names are compared without regard to case."""
        path = posixpath.join("/", posixpath.dirname(part), unquote(target))
        name = posixpath.normpath(path).lstrip("/")
        return self._names.get(name.lower(), name)


def relations_of(part: str) -> str:
    """Name the part that has the relations of another."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")
