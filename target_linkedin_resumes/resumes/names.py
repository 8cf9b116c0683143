"""What to call a resume. Pure.

LinkedIn shows the name to recruiters and takes the file's kind from its extension. Its rules for
names are not published, so what file systems and headers trip over is left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_BYTES = 200
FALLBACK = "resume"

_JOINERS = "\u200c\u200d"  # Persian and Indic scripts and emoji need these two format characters
_RESERVED = re.compile(r'[<>:"|?*]')
# Extensions that name a kind of file, and are wrong when the bytes are of another kind. Others
# belong to the name: "John.Smith", "CV 3.2".
_EXTENSION = re.compile(
    r"\.(?:asp|aspx|bin|bmp|doc|docm|docx|dot|dotm|dotx|download|eml|file|gif|gz|htm|html|jpeg|jpg"
    r"|json|jsp|md|mht|mhtml|msg|odt|ott|pages|pdf|php|png|ppt|pptx|rtf|text|tif|tiff|tmp|txt|webp"
    r"|wpd|wps|xhtml|xls|xlsx|xml|zip)"
)


def file_name(candidates: Iterable[str | None], extension: str) -> str:
    """Make a name of the first candidate that has anything in it, ending in ``extension``.

    A candidate is a name or a path, of any system. The result is never empty, has no directory,
    no control character and nothing that changes the direction of writing, is in NFC, and has at
    most 200 bytes in UTF-8.
    """
    for candidate in candidates:
        stem = _stem(_cleaned(candidate or ""), extension)
        if stem:
            return _bounded(stem, MAX_BYTES - len(extension)) + extension
    return FALLBACK + extension


def _cleaned(candidate: str) -> str:
    text = unicodedata.normalize("NFC", candidate).replace("\\", "/").rstrip("/")
    visible = "".join(
        " " if character.isspace() else character
        for character in text.rpartition("/")[2]
        if character.isspace()
        or character in _JOINERS
        or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
    )
    name = " ".join(_RESERVED.sub("_", visible).split())
    return unicodedata.normalize("NFC", name)


def _stem(name: str, extension: str) -> str:
    stem, claimed = _split(name)
    inner, second = _split(stem)
    if second == extension != claimed:  # "resume.pdf.docx" that is a PDF
        stem = inner
    return stem.strip(" .")


def _split(name: str) -> tuple[str, str]:
    """Part a name from the extension that names a kind of file, if it has one."""
    stem, dot, last = name.rstrip(" .").rpartition(".")
    claimed = dot + last.lower()
    return (stem, claimed) if _EXTENSION.fullmatch(claimed) else (name, "")


def _bounded(text: str, limit: int) -> str:
    encoded = text.encode("utf-8")
    if len(encoded) <= limit:
        return text
    kept = encoded[:limit].decode("utf-8", "ignore")
    # An accent must not be left behind by its letter, nor half of an emoji by the other.
    while kept and (unicodedata.combining(text[len(kept)]) or text[len(kept)] in _JOINERS):
        kept = kept[:-1]
    return kept.rstrip(" ." + _JOINERS) or FALLBACK
