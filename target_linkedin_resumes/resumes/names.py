"""The name to send with a resume, and the name that a server gives a file. Pure.

LinkedIn shows the name to recruiters and takes the file's kind from its extension. Its rules for
names are not published, so characters that file systems and headers trip over are left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from urllib.parse import unquote

from target_linkedin_resumes.resumes.charsets import BY_DEFAULT, declared_codec

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
    visible = text.rpartition("/")[2]
    if not (visible.isascii() and visible.isprintable()):  # as nearly all are
        visible = "".join(
            " " if character.isspace() else character
            for character in visible
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


_MOST = 4096
# The first has no semicolon before it where a server leaves the word `attachment` out.
_PARAMETER = re.compile(
    r'(?:^|;)\s*([!#$&+.^_`|~0-9A-Za-z-]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|\\?$)|([^;"\s][^;]*))'
)


def disposition_name(header: str | None) -> str | None:
    """Return the file's name; ``filename*`` (RFC 8187) goes before ``filename``.

    Names are read as browsers do: a plain one in UTF-8 if it can be, percent-encoding undone, the
    other in any charset that they know. A path of Windows keeps its backslashes. Mail's encoded
    words (RFC 2047) are decoded.
    """
    found: dict[str, str] = {}
    for name, quoted, token in _PARAMETER.findall((header or "")[:_MOST].strip()):
        value = re.sub(r'\\(["\\])', r"\1", quoted) if quoted else token.strip()
        found.setdefault(name.lower(), value)
    return _extended(found.get("filename*")) or _plain(found.get("filename"))


def _extended(value: str | None) -> str | None:
    charset, quote, rest = (value or "").partition("'")
    codec = declared_codec(charset)
    if not quote or codec is None:
        return None
    if codec == BY_DEFAULT:
        codec = "cp1252"  # as browsers take it
    try:
        return unquote(rest.partition("'")[2], encoding=codec, errors="strict")
    except UnicodeDecodeError:
        return None


def _plain(value: str | None) -> str | None:
    if not value:
        return None
    for codec in ("utf-8", "cp1252"):
        with suppress(UnicodeError):
            value = value.encode("latin-1").decode(codec)
            break
    with suppress(UnicodeError):
        value = unquote(value, errors="strict")
    if value.startswith("=?"):
        with suppress(ValueError, LookupError, HeaderParseError):
            return str(make_header(decode_header(value)))
    return value
