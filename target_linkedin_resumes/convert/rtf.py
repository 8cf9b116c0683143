r"""RTF as plain text. Source: RTF specification 1.9.1.

The existing libraries show what is hidden or deleted, leave out headers, boxes and notes, and some
take a time that a hostile document chooses.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from target_linkedin_resumes.convert.html import (
    CHECKED,
    PAGE_FIELD,
    PAGE_NUMBER,
    SYMBOLS,
    UNCHECKED,
    check_length,
    clean_text,
    link_of,
    target_shown,
    underlined,
)
from target_linkedin_resumes.convert.safe_zip import too_much
from target_linkedin_resumes.resumes.texts import decode

_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?[0-9]{1,20})? ?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z'])|([{}])"
    rb"|([^\\{}\r\n\0]+)|\\'|[\r\n\0\\]"
)
_BLANKED = bytes.maketrans(b"\n\0", b"  ")
_MAX_TOKENS = 500_000
_MAX_DEPTH = 500
_MAX_COLLECTED = 2000
_BODY_TEXT = 9
_CHECK_BOX = 1
_NOT_CHOSEN = 25
_SILENT = (
    b"annotation bkmkend bkmkstart colortbl comment filetbl info listoverridetable listtable"
    b" nextfile nonesttables object pict private revtbl rsidtbl shprslt sp tc template upr xe"
    b" xmlnstbl"
)
# What the first word of a group makes of it. Others with a star are silent, but for these.
_DESTINATIONS = dict.fromkeys(_SILENT.split(), "silent") | {
    b"fonttbl": "fonts", b"stylesheet": "styles", b"listtext": "marker", b"pntext": "marker",
    b"fldinst": "code", b"fldrslt": "result", b"footnote": "note", b"shptxt": "box", b"ud": "shown",
    b"result": "shown", b"dptxbxtext": "drawn", b"ffl": "choice",
    b"header": "header", b"headerf": "header", b"headerl": "header", b"headerr": "header",
    b"footer": "footer", b"footerf": "footer", b"footerl": "footer", b"footerr": "footer",
}  # fmt: skip
_STAR = rb"\*"
_STARRED = (b"shpinst", b"nesttableprops", b"do", b"moMath", b"formfield")
_OF_FORMULAS = b"Pr"  # what properties of formulas end with
_COLLECTED = ("marker", "style", "code", "result", "choice")
_SHOWN = ("text", "shown", "result", "number", "apart")
_PROPERTIES = {b"s": "style", b"outlinelevel": "outline", b"f": "font"}
_CHARACTERS = {
    b"tab": "\t", b"bullet": "•", b"emdash": "—", b"endash": "\u2013", b"emspace": " ",
    b"enspace": " ", b"qmspace": " ", b"lquote": "\u2018", b"rquote": "\u2019",
    b"ldblquote": "\u201c", b"rdblquote": "\u201d",
    b"zwj": "\u200d", b"zwnj": "\u200c", b"chpgn": PAGE_NUMBER * 2, b"bin": "",
    rb"\~": "\u00a0", rb"\_": "\u2011", rb"\{": "{", rb"\}": "}", rb"\\": "\\",
}  # fmt: skip
# A font of the charset 2 has bullets and ticks in the place of letters.
_SYMBOL = "symbol"
_SYMBOL_BYTES = {code & 0xFF: shown for code, shown in SYMBOLS.items()}
_PAGES = {b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"}
_CHARSETS = {
    0: "cp1252", 2: _SYMBOL, 77: "mac_roman", 78: "cp932", 79: "cp949", 80: "gbk", 81: "cp950",
    84: "mac_arabic", 85: "mac_greek", 86: "mac_turkish", 88: "mac_latin2", 89: "mac_cyrillic",
    128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
    222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
# How Word writes a name with its reading above it.
_READING = re.compile(r"\s*EQ\b.*\\o ?\\a[a-z]\(\\s ?\\up ?[0-9]+\(.*?\)[,;](.*)\)\s*", re.DOTALL)
# A letter alone is a bullet: fonts of symbols have those in the place of letters.
_ORDINAL = re.compile(
    r"\(?[0-9A-Za-z]{1,8}(?:\.[0-9A-Za-z]{1,8}){0,8}[.)]+(?![0-9A-Za-z])|[0-9]{1,8}(?:\.[0-9]{1,8}){0,8}"
)
_STYLE = re.compile(r"\s*(?:title|heading ([1-6]));?\s*", re.IGNORECASE)
_HEADING = "\ufdd3"  # stands before the level and the text of a heading until all is decoded
_HEADINGS = re.compile(f"{_HEADING}([1-9])(.*)")


def rtf_text(content: bytes) -> str:
    """Read a document. Raises :class:`Reject`."""
    return clean_text(_HEADINGS.sub(_heading, _Reader().read(content)))


def _heading(match: re.Match[str]) -> str:
    text = match[2].strip()
    return f"\n{text}\n{underlined(text, int(match[1]))}\n"


# Bytes are of a code page that nothing declares. They are decoded together, at the end.
_Out = list[str | bytes]


@dataclass(slots=True)
class _Group:
    """The state of a group, inherited by inner ones.

    ``out`` is where its text goes, ``collected`` what was said in a group that is not shown.
    """

    out: _Out
    collected: list[str] = field(default_factory=list)
    destination: str = "text"
    hidden: bool = False
    deleted: bool = False
    style: int = 0
    outline: int = -1
    level: int = 0
    font: int = -1
    fallback: int = 1  # bytes behind a character of Unicode that stand for it
    goes_on: bool = False  # the line around a group apart had begun


class _Reader:
    """Reads a document."""

    def __init__(self) -> None:
        self._parts: dict[str, _Out] = {name: [] for name in ("header", "text", "note", "footer")}
        self._group = _Group(self._parts["text"])
        self._stack: list[_Group] = []
        self._fonts: dict[int, str] = {}  # the encodings of fonts
        self._headings: dict[int, int] = {}  # the styles that are for headings, with their levels
        self._page: str | None = None
        self._default_font = -1
        self._bytes = bytearray()
        self._fallback = 0  # bytes still to leave out
        self._notes = 0
        self._characters = 0
        self._link = ""
        self._numbers_page = False
        self._form: dict[bytes, int] = {}  # what is said of the open field of a form
        self._choices: list[str] = []
        self._marker = ""
        self._begun = False  # the open line has text
        self._drops = False  # it is the first letter of the next, set larger
        self._cell_ended = False
        self._cell_is_long = False  # it has more than one line

    def read(self, content: bytes) -> str:
        """Return the whole, with marks before headings and about numbers of pages."""
        first = starred = False  # at the beginning of a group; behind its star
        for count, (word, number, text) in enumerate(_tokens(content)):
            if count > _MAX_TOKENS:
                raise too_much("it has far more parts than a resume")
            if text:
                skipped = min(self._fallback, len(text))
                self._fallback -= skipped
                self._bytes += text[skipped:]
                first = starred = False
                continue
            if self._fallback and word in _CHARACTERS and word != b"tab":
                self._fallback -= 1
                continue
            self._flush()
            self._fallback = 0
            if word == b"{":
                self._open()
            elif word == b"}":
                self._close()
            elif word != _STAR and not (first and self._directs(word, starred=starred)):
                self._take(word, number)
            first, starred = word == b"{" or (first and word == _STAR), word == _STAR
        self._flush()
        while self._stack:
            self._close()
        return self._whole()

    def _whole(self) -> str:
        parts = list(self._parts.values())
        undeclared = [piece for out in parts for piece in out if isinstance(piece, bytes)]
        # A line feed stands before each piece, and before what would be a byte order mark.
        joined = b"".join(b"\n" + piece for piece in undeclared)
        texts = iter(decode(joined).split("\n")[1:] if joined else ())
        whole: list[str] = []
        for name, out in self._parts.items():
            text = "".join(piece if isinstance(piece, str) else next(texts) for piece in out)
            lines = text.split("\n")
            # Pages of different kinds have the same in their headers.
            whole.append("\n".join(dict.fromkeys(lines) if name in ("header", "footer") else lines))
        # Characters beyond U+FFFF come as two halves.
        text = "\n\n".join(part for part in whole if part)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _flush(self) -> None:
        """Write the bytes that have come, which are characters only together."""
        if self._bytes:
            encoding = self._fonts.get(self._group.font, self._page)
            if encoding == _SYMBOL:
                self._write(self._bytes.decode("latin-1").translate(_SYMBOL_BYTES))
            elif encoding is None and not self._bytes.isascii():
                self._write(bytes(self._bytes))
            else:
                self._write(self._bytes.decode(encoding or "ascii", "replace"))
            self._bytes.clear()

    def _open(self) -> None:
        if len(self._stack) >= _MAX_DEPTH:
            raise too_much("its groups are nested too deeply")
        self._stack.append(self._group)
        self._group = replace(self._group)

    def _close(self) -> None:
        if not self._stack:
            return
        inner, self._group = self._group, self._stack.pop()
        if inner.destination == "apart" != self._group.destination:
            inner.out.append("\n" if self._begun else "")
            self._begun = inner.goes_on and inner.out is not self._group.out
        if inner.destination != self._group.destination:
            self._end_destination(inner)

    def _end_destination(self, inner: _Group) -> None:
        """Make something of what was collected."""
        collected = "".join(inner.collected)[:_MAX_COLLECTED]
        if inner.destination == "marker":
            found = _ORDINAL.search(collected)
            self._marker = found[0] if found else "*"
        elif inner.destination == "style":
            named = _STYLE.fullmatch(collected)
            if named:
                self._headings[inner.style] = int(named[1] or 1)
        elif inner.destination == "code":
            self._link = link_of(collected)
            self._numbers_page = PAGE_FIELD.match(collected) is not None
            name = _READING.fullmatch(collected)
            self._write(name[1] if name else self._form_shown())
        elif inner.destination == "choice":
            self._choices.append(collected)
        elif inner.destination == "number":
            self._write(PAGE_NUMBER)
        elif inner.destination == "result":
            self._write(target_shown(self._link, collected))
            self._link = ""

    def _form_shown(self) -> str:
        """Return what a field of a form shows: a check box, or the entry that was chosen."""
        form, self._form = self._form, {}
        choices, self._choices = self._choices, []
        chosen = form.get(b"ffres", _NOT_CHOSEN)
        if chosen == _NOT_CHOSEN:
            chosen = form.get(b"ffdefres", 0)
        if form.get(b"fftype") == _CHECK_BOX:
            return CHECKED if chosen else UNCHECKED
        return choices[chosen] if 0 <= chosen < len(choices) else ""

    def _directs(self, word: bytes, *, starred: bool) -> bool:
        """Take the word that begins a group; tell whether it says what the group is."""
        group = self._group
        silent = (starred and word not in _STARRED) or word.endswith(_OF_FORMULAS)
        name = _DESTINATIONS.get(word, "silent" if silent else "")
        if group.destination in ("fonts", "styles"):
            if group.destination == "styles" and not starred:
                group.destination, group.collected = "style", []
            return False
        if not name or (group.destination == "silent" and name not in ("box", "shown")):
            return False
        if name == "result" and self._numbers_page:
            self._write(PAGE_NUMBER)
            group.destination, self._numbers_page = "number", False
        elif name == "result" and not self._link:
            return True
        elif name in self._parts or name in ("box", "drawn"):
            self._divert(name)
        else:
            group.destination = name
            if name in _COLLECTED:
                group.collected = []
        return True

    def _divert(self, name: str) -> None:
        """Write apart from the text until the group ends."""
        group = self._group
        if group.hidden or group.deleted:
            group.destination = "silent"
            return
        if name == "note":
            self._notes += 1
            self._write(f" [{self._notes}]")
        out = self._parts.get(name, group.out)
        if out is group.out:
            out.append("\n")
        self._group = _Group(
            out, destination="apart", font=group.font, fallback=group.fallback, goes_on=self._begun
        )
        self._begun = False
        if name == "note":
            self._write(f"[{self._notes}] ")

    def _take(self, word: bytes, number: int | None) -> None:  # noqa: C901, PLR0912 - one case a word
        group, value = self._group, number or 0
        match word:
            case b"v":
                group.hidden = number != 0
            case b"deleted":
                group.deleted = number != 0
            case b"plain":
                group.hidden = group.deleted = False
                group.font = self._default_font
            case b"pard":
                group.style, group.outline, group.level = 0, -1, 0
            case b"s" | b"outlinelevel" | b"f":
                setattr(group, _PROPERTIES[word], value)
            case b"ilvl":
                group.level = min(max(value, 0), 8)
            case b"ansicpg":
                self._page = _code_page(value) or self._page
            case b"mac" | b"pc" | b"pca":
                self._page = _PAGES[word]
            case b"deff":
                self._default_font = group.font = value
            case b"fcharset" | b"cpg" if group.destination == "fonts":
                encoding = _CHARSETS.get(value) if word == b"fcharset" else _code_page(value)
                if encoding and len(self._fonts) < _MAX_DEPTH:
                    self._fonts[group.font] = encoding
            case b"uc":
                group.fallback = min(max(value, 0), 9)
            case b"u" if number is not None:
                self._write(chr(value & 0xFFFF))
                self._fallback = group.fallback
            case b"cell" | b"nestcell":
                if self._cell_is_long:
                    self._end_line()
                self._cell_ended, self._cell_is_long = True, False
            case b"trowd" | b"row" | b"nestrow":
                if word != b"trowd":
                    self._end_line()
                self._cell_is_long = False
            case b"fftype" | b"ffres" | b"ffdefres":
                self._form[word] = value
            case b"dropcapt":
                self._drops = value > 0
            case b"par" if self._drops:
                self._drops = False
            case b"par" | b"line" | b"sect" | b"page" | b"column":
                self._end_line()
                self._cell_is_long = True
            case _:
                self._write(_CHARACTERS.get(word, ""))

    def _write(self, text: str | bytes) -> None:
        group = self._group
        if group.destination in _COLLECTED:
            shown = text if isinstance(text, str) else text.decode("cp1252", "replace")
            group.collected.append(shown)
        if group.destination not in _SHOWN or group.hidden or group.deleted or not text:
            return
        if not self._begun and text.strip():
            self._begin_line()
        elif self._cell_ended and text.strip():
            group.out.append(" | ")
            self._cell_ended = False
        group.out.append(text)
        self._characters += len(text)
        check_length(self._characters)

    def _begin_line(self) -> None:
        group = self._group
        heading = self._headings.get(group.style, 0)
        if 0 <= group.outline <= _BODY_TEXT:
            heading = (group.outline + 1) % (_BODY_TEXT + 1)
        if heading:
            group.out.append(f"{_HEADING}{heading}")
        elif self._marker:
            group.out.append("  " * (group.level + 1) + self._marker + " ")
        self._marker, self._begun, self._cell_ended = "", True, False

    def _end_line(self) -> None:
        if self._group.destination in _SHOWN:
            self._group.out.append("\n")
            self._begun = self._cell_ended = False


def _code_page(number: int) -> str | None:
    name = {10000: "mac_roman", 65001: "utf-8"}.get(number, f"cp{number}")
    with suppress(LookupError):
        return codecs.lookup(name).name
    return None


def _tokens(content: bytes) -> Iterator[tuple[bytes, int | None, bytes]]:
    r"""Part a document into words with their numbers, and text; `\bin` goes with its data."""
    at = 0
    while match := _TOKEN.match(content, at):
        at = match.end()
        word, argument, byte, symbol, brace, text = match.groups()
        number = int(argument) if argument else None
        if word == b"bin":
            at += max(0, number or 0)
            yield word, None, b""
        elif symbol in (b"\n", b"\r"):
            yield b"par", None, b""
        elif word or brace or symbol:
            yield word or brace or b"\\" + symbol, number, b""
        elif byte or text:
            yield b"", None, bytes.fromhex(byte.decode()).translate(_BLANKED) if byte else text
