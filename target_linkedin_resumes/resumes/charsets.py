"""The charset that somebody declares for a text, as the codec to read it with. Pure.

Labels mean what browsers take them for (WHATWG Encoding Standard): writers of ``iso-8859-1`` use
Windows-1252. What browsers do not know, such as the code pages of DOS, has Python's name.
"""

from __future__ import annotations

import codecs
import re

import webencodings

# Supersets, of which the standard or Python names a part.
_SUPERSETS = {"gbk": "gb18030", "iso2022_jp": "iso2022_jp_ext", "utf-8": "utf-8-sig"}
# Notations of Python and of domain names, in which any ASCII text can be something else.
_NO_CHARSETS = frozenset(
    {"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7"}
)
# What servers and editors declare for whatever they have. Who means Windows-1252 says so.
BY_DEFAULT = "iso8859-1"
_MEANT = frozenset({"windows-1252", "cp1252", "x-cp1252"})
_PARAMETER = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)


def declared_codec(declaration: str | None) -> str | None:
    """Return the codec for a label, or for a Content-Type that names one; None without any.

    It is ``BY_DEFAULT`` for the labels of Windows-1252 that servers declare by default.
    """
    if not declaration:
        return None
    parameter = _PARAMETER.search(declaration)
    label = parameter[1] if parameter else declaration.strip()
    if not label.isascii():  # half of a surrogate pair has no form that could be looked up
        return None
    known = webencodings.lookup(label)
    if known is not None and known.name not in ("replacement", "x-user-defined"):
        name = known.codec_info.name
        if name == "cp1252" and label.lower() not in _MEANT:
            return BY_DEFAULT
    else:
        try:
            name = codecs.lookup(label.lower().removeprefix("x-")).name
            "a".encode(name)  # raises LookupError for a codec that is not for text
        except (LookupError, ValueError):  # ValueError: the label holds NUL, or is `undefined`
            return None
    return None if name.replace("_", "-") in _NO_CHARSETS else _SUPERSETS.get(name, name)
