"""Small files of many kinds, made here; those that only real programs make are in `files/`."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

FILES = Path(__file__).parent / "files"

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>"
    b"endobj\ntrailer<</Root 1 0 R/Size 3>>\nstartxref\n0\n%%EOF\n"
)
TXT = b"Jane Doe\nEngineer\n\n- wrote software\n"


def zipped(members: dict[str, bytes], *, comment: bytes = b"") -> bytes:
    """A ZIP archive, its members stored in this order."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
        archive.comment = comment
    return file.getvalue()


def ole(names: dict[str, int], *, sector: int = 512, padding: int = 0) -> bytes:
    """An OLE2 file with these directory entries, each with the index of its parent storage.

    Entry 0 is the root; siblings are chained to the right. ``padding`` sectors lie between the
    FAT and the directory.
    """
    entries = [("Root Entry", -1), *names.items()]
    children: dict[int, list[int]] = {}
    for index, (_, parent) in enumerate(entries):
        children.setdefault(parent, []).append(index)
    directory = b""
    for index, (name, parent) in enumerate(entries):
        siblings = children[parent]
        after = siblings.index(index) + 1
        right = siblings[after] if after < len(siblings) else 0xFFFFFFFF
        child = children.get(index, [0xFFFFFFFF])[0]
        encoded = name.encode("utf-16-le")
        directory += encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded) + 2, 1, 1)
        directory += struct.pack("<III", 0xFFFFFFFF, right, child) + bytes(48)
    per_sector = sector // 4
    directory_sectors = -(-len(directory) // sector)
    total = padding + directory_sectors
    fats = 1
    while fats * per_sector < fats + total:
        fats += 1
    first = fats + padding
    chain = [*range(first + 1, first + directory_sectors), 0xFFFFFFFE]
    fat = [0xFFFFFFFD] * fats + [0xFFFFFFFF] * padding + chain
    fat += [0xFFFFFFFF] * (fats * per_sector - len(fat))
    listed = list(range(min(fats, 109)))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, sector.bit_length() - 1, 6) + bytes(6)
    header += struct.pack("<IIIIIIII", 0, fats, first, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE)
    header += struct.pack("<I", 0)
    header += struct.pack("<109I", *(listed + [0xFFFFFFFF] * (109 - len(listed))))
    header = header[:512].ljust(sector, b"\0")
    body = struct.pack(f"<{len(fat)}I", *fat) + bytes(sector * padding) + directory
    return header + body.ljust(sector * (fats + total), b"\0")


DOC = ole({"1Table": 0, "WordDocument": 0, "Data": 0, "\x05SummaryInformation": 0})
DOCX = zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"})
ODT = zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>"})
