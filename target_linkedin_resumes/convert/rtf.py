r"""RTF as plain text. Source: RTF specification 1.9.1.

striprtf decodes the text. It shows what is hidden or deleted, leaves out headers, boxes and notes,
and its patterns take a time that a hostile document chooses; so it is handed a document written
anew, of nothing but groups, fonts, characters and ends of lines.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from striprtf.striprtf import rtf_to_text

from target_linkedin_resumes.convert.html import (
    check_length,
    clean_text,
    underlined,
)
from target_linkedin_resumes.convert.safe_zip import conversion_failed

_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?[0-9]{1,20})? ?|(\\'[0-9A-Fa-f]{2})|\\([^A-Za-z'])|([{}])"
    rb"|([^\\{}\r\n\0]+)|\\'|[\r\n\0\\]"
)
_MAX_TOKENS = 500_000
_MAX_DEPTH = 500
_MAX_COLLECTED = 2000
_MOST = 10**9 - 1  # striprtf reads ten digits
_BODY_TEXT = 9
_SILENT = (
    b"annotation bkmkend bkmkstart colortbl comment filetbl footerl headerl info listoverridetable"
    b" listtable nextfile nonesttables object pict private revtbl rsidtbl shprslt sp tc template"
    b" upr xe xmlnstbl"
)
# What the first word of a group makes of it. Others with a star are silent, but for these two.
_DESTINATIONS = dict.fromkeys(_SILENT.split(), "silent") | {
    b"fonttbl": "fonts", b"stylesheet": "styles", b"listtext": "marker", b"pntext": "marker",
    b"fldinst": "code", b"fldrslt": "result", b"footnote": "note", b"shptxt": "box", b"ud": "text",
    b"header": "header", b"headerf": "header", b"headerr": "header",
    b"footer": "footer", b"footerf": "footer", b"footerr": "footer",
}  # fmt: skip
_STARRED = (b"shpinst", b"nesttableprops")
_COLLECTED = ("marker", "style", "code", "result")
_SHOWN = ("text", "result", "apart")
_CHARACTERS = re.compile(rb"tab|bullet|e[mn](?:dash|space)|qmspace|[lr](?:dbl)?quote")
_HYPERLINK = re.compile(rb'\s*HYPERLINK\s+"((?:https?://|mailto:)[^"\s\\{}]{1,500})', re.IGNORECASE)
_PAGE_FIELD = re.compile(rb"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
# How Word writes a name with its reading above it. \'29 is a parenthesis, see `_tokens`.
_READING = re.compile(
    rb"\s*EQ\b.*\\\\o ?\\\\a[a-z]\(\\\\s ?\\\\up ?[0-9]+\(.*?(?:\)|\\'29)[,;](.*)(?:\)|\\'29)\s*",
    re.DOTALL,
)
_ORDINAL = re.compile(rb"[0-9A-Za-z.]{1,8}[.)]")
_STYLE = re.compile(rb"\s*(?:title|heading ([1-6]));?\s*", re.IGNORECASE)
# Marks that stay in the text until it is whole: "this line is a heading of level N", "this line
# numbers the page".
_HEADING_MARK, _PAGE_MARK = b"\\u-8190?", b"\\u-8189?"
_HEADINGS = re.compile("\ue002([1-9])(.*)")
_PAGE_LINES = re.compile("^[^\n]{0,24}\ue003[^\n]{0,24}$", re.MULTILINE)


def rtf_text(content: bytes) -> str:
    """Read a document. Raises :class:`Reject`."""
    source = _Filter().filtered(content).decode("latin-1")
    text: str = rtf_to_text(source, errors="replace")  # type: ignore[no-untyped-call]
    check_length(len(text))
    # Characters beyond U+FFFF come as two halves.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = _PAGE_LINES.sub("", text).replace("\ue003", "")
    return clean_text(_HEADINGS.sub(_heading, text))


def _heading(match: re.Match[str]) -> str:
    text = match[2].strip()
    return f"\n{text}\n{underlined(text, int(match[1]))}\n"


@dataclass(slots=True)
class _Group:
    """The state of a group, inherited by inner ones. ``out`` is where its text goes."""

    out: list[bytes]
    destination: str = "text"
    hidden: bool = False
    deleted: bool = False
    style: int = 0
    outline: int = -1
    level: int = 0
    font: bytes = b""
    goes_on: bool = False  # the line around a group apart had begun


class _Filter:
    """Writes a document anew."""

    def __init__(self) -> None:
        self._parts: dict[str, list[bytes]] = {
            name: [] for name in ("header", "text", "note", "footer")
        }
        self._group = _Group(self._parts["text"])
        self._stack: list[_Group] = []
        self._fonts: dict[bytes, int] = {}
        self._headings: dict[int, int] = {}  # the styles that are for headings, with their levels
        self._page = 1252
        self._font = 0
        self._notes = 0
        self._characters = 0
        self._collected = b""
        self._link = b""
        self._marker = b""
        self._begun = False  # the open line has text
        self._cell_ended = False
        self._cell_is_long = False  # it has more than one line

    def filtered(self, content: bytes) -> bytes:
        """Return the whole. Raises :class:`Reject`."""
        first = starred = False  # at the beginning of a group; behind its star
        for count, (word, number, text) in enumerate(_tokens(content)):
            if count > _MAX_TOKENS:
                raise conversion_failed("it has far more parts than a resume")
            if word == b"{":
                self._open()
            elif word == b"}":
                self._close()
            elif text:
                self._write(text)
            elif word != b"*" and not (first and self._directs(word, starred=starred)):
                self._take(word, number)
            first, starred = word == b"{" or (first and word == b"*"), word == b"*"
        while self._stack:
            self._close()
        fonts = b"".join(b"{\\f%s\\fcharset%d x;}" % pair for pair in self._fonts.items())
        text = b"\\par\\par ".join(b"".join(part) for part in self._parts.values() if part)
        return b"{\\rtf1\\ansicpg%d{\\fonttbl%s}%s}" % (self._page, fonts, text)

    def _open(self) -> None:
        if len(self._stack) >= _MAX_DEPTH:
            raise conversion_failed("its groups are nested too deeply")
        self._group.out.append(b"{")
        self._stack.append(self._group)
        self._group = replace(self._group)

    def _close(self) -> None:
        if not self._stack:
            return
        inner, self._group = self._group, self._stack.pop()
        if inner.destination == "apart" != self._group.destination:
            inner.out.append(b"\\par " if self._begun else b"")
            self._begun = inner.goes_on and inner.out is not self._group.out
        if inner.out is not self._group.out:
            inner.out.append(b"}")
        self._group.out.append(b"}")
        if inner.destination != self._group.destination:
            self._end_destination(inner)

    def _end_destination(self, inner: _Group) -> None:
        """Make something of what was collected."""
        if inner.destination == "marker":
            found = _ORDINAL.search(self._collected)
            self._marker = found[0] if found else b"*"
        elif inner.destination == "style":
            named = _STYLE.fullmatch(self._collected)
            if named:
                self._headings[inner.style] = int(named[1] or 1)
        elif inner.destination == "code":
            link = _HYPERLINK.match(self._collected)
            self._link = link[1] if link else b""
            self._write(_PAGE_MARK if _PAGE_FIELD.match(self._collected) else b"")
            name = _READING.fullmatch(self._collected)
            self._write(name[1] if name else b"")
        elif inner.destination == "result":
            shown = re.sub(rb"^(?:mailto:|https?://)|/$", b"", self._link)
            if shown not in self._collected:
                self._write(b" (" + self._link.removeprefix(b"mailto:") + b")")
            self._link = b""

    def _directs(self, word: bytes, *, starred: bool) -> bool:
        """Take the word that begins a group; tell whether it says what the group is."""
        group = self._group
        silent = starred and word not in _STARRED
        name = _DESTINATIONS.get(word, "silent" if silent else "")
        if group.destination in ("fonts", "styles"):
            if group.destination == "styles" and not starred:
                group.destination, self._collected = "style", b""
            return False
        if not name or (group.destination == "silent" and name not in ("box", "text")):
            return False
        if name == "result" and not self._link:
            return True
        if name in self._parts or name == "box":
            self._divert(name)
        else:
            group.destination, self._collected = name, b""
        return True

    def _divert(self, name: str) -> None:
        """Write apart from the text until the group ends."""
        group = self._group
        if group.hidden or group.deleted:
            group.destination = "silent"
            return
        if name == "note":
            self._notes += 1
            self._write(b" [%d]" % self._notes)
        out = self._parts.get(name, group.out)
        out.append(b"\\par " if out is group.out else b"{")
        self._group = _Group(out, "apart", font=group.font, goes_on=self._begun)
        self._begun = False
        if name == "note":
            self._write(b"[%d] " % self._notes)

    def _take(self, word: bytes, number: int | None) -> None:  # noqa: C901, PLR0912 - one case a word
        group, value = self._group, number or 0
        match word:
            case b"v":
                group.hidden = number != 0
            case b"deleted":
                group.deleted = number != 0
            case b"plain":
                group.hidden = group.deleted = False
                group.out.append(b"\\f%d " % self._font)
            case b"pard":
                group.style, group.outline, group.level = 0, -1, 0
            case b"s":
                group.style = value
            case b"outlinelevel":
                group.outline = value
            case b"ilvl":
                group.level = min(max(value, 0), 8)
            case b"ansicpg":
                with suppress(LookupError):
                    codecs.lookup(f"cp{value}")
                    self._page = value
            case b"deff":
                self._font = value
            case b"f":
                group.font = b"%d" % value
                group.out.append(b"\\f%d " % value)
            case b"fcharset" if group.destination == "fonts" and len(self._fonts) < _MAX_DEPTH:
                self._fonts[group.font] = value
            case b"uc":
                group.out.append(b"\\uc%d " % min(max(value, 0), 9))
            case b"u":
                self._write(b"\\u%d " % (value & 0xFFFF))
            case b"cell" | b"nestcell":
                if self._cell_is_long:
                    self._end_line()
                self._cell_ended, self._cell_is_long = True, False
            case b"trowd" | b"row" | b"nestrow":
                if word != b"trowd":
                    self._end_line()
                self._cell_is_long = False
            case b"par" | b"line" | b"sect" | b"page":
                self._end_line()
                self._cell_is_long = True
            case _ if _CHARACTERS.fullmatch(word):
                self._write(b"\\%s " % word)
            case _:
                pass

    def _write(self, text: bytes) -> None:
        group = self._group
        if group.destination in _COLLECTED:
            self._collected = (self._collected + text)[:_MAX_COLLECTED]
        if group.destination not in _SHOWN or group.hidden or group.deleted or not text:
            return
        if not self._begun and text.strip():
            self._begin_line()
        elif self._cell_ended and text.strip():
            group.out.append(b" | ")
            self._cell_ended = False
        group.out.append(text)
        if text.startswith(b"\\'"):  # plain text may follow the escaped byte
            self._characters += len(text) - 3
        else:
            self._characters += 1 if text.startswith(b"\\") else len(text)
        check_length(self._characters)  # striprtf is too slow to find out

    def _begin_line(self) -> None:
        group = self._group
        heading = self._headings.get(group.style, 0)
        if 0 <= group.outline <= _BODY_TEXT:
            heading = (group.outline + 1) % (_BODY_TEXT + 1)
        if heading:
            group.out.append(_HEADING_MARK + b"%d" % heading)
        elif self._marker:
            group.out.append(b"  " * (group.level + 1) + self._marker + b" ")
        self._marker, self._begun, self._cell_ended = b"", True, False

    def _end_line(self) -> None:
        if self._group.destination in _SHOWN:
            self._group.out.append(b"\\par ")
            self._begun = self._cell_ended = False


def _tokens(content: bytes) -> Iterator[tuple[bytes, int | None, bytes]]:
    r"""Part a document into words with their numbers, and text; `\bin` goes with its data.

    The byte behind a ``\'xx`` may be the second half of its character, and is escaped as well.
    """
    at = 0
    after_byte = False
    while match := _TOKEN.match(content, at):
        at = match.end()
        word, argument, byte, symbol, brace, text = match.groups()
        number = max(-_MOST, min(int(argument), _MOST)) if argument else None
        if word == b"bin":
            at += max(0, number or 0)
        elif word or brace or symbol == b"*":
            yield word or brace or symbol, number, b""
        elif symbol in (b"\n", b"\r"):
            yield b"par", None, b""
        elif symbol:
            yield b"", None, b"\\" + symbol
        elif byte or text:
            yield (
                b"",
                None,
                b"\\'%02x" % text[0] + text[1:] if after_byte and text else byte or text,
            )
        after_byte = byte is not None
