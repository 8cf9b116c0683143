"""Decode the bytes of a page or a document: the one place of this folder that does."""

from __future__ import annotations

import codecs

# What a label means on the web (WHATWG, Encoding) where Python takes it more narrowly.
_MEANT = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874",
    "tis-620": "cp874", "shift_jis": "cp932", "euc_kr": "cp949", "gb2312": "gb18030",
    "gbk": "gb18030", "big5": "big5hkscs", "utf-16": "utf-8", "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}  # fmt: skip
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(content: bytes, declared: str | None = None) -> str:
    """Decode by the byte order mark, as UTF-8, by the declared label, else as Windows-1252."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    for encoding in ("utf-8", _meant(declared or "")):
        try:
            return content.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return content.decode("cp1252", "replace")


def _meant(label: str) -> str:
    label = label.strip().lower().removeprefix("x-")
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return label
    return _MEANT.get(name, name)
