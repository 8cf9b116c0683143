"""Plain text: the encoding that it is in, and the same text in UTF-8."""

from __future__ import annotations

import codecs
import io
import re
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager

from target_linkedin_resumes.errors import Reject, Retry
from target_linkedin_resumes.http.messages import Readable
from target_linkedin_resumes.resumes.charsets import BY_DEFAULT, declared_codec
from target_linkedin_resumes.resumes.spool import Found, spooled

UTF_8 = ("utf-8", "utf-8-sig")
# What encoding_of() says beside the names of codecs.
BLANK = "blank"
DAMAGED_UTF_8 = "damaged utf-8"
UNTOLD = "untold"

_PIECE = 64 * 1024
_SAMPLE = 16 * 1024
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
# Of the others tab and line ends, the end-of-file mark of DOS, and the shifts and the escape of
# ISO 2022 occur in texts as well.
_CONTROL = re.compile("[\x01-\x08\x10-\x19\x1c-\x1f]")
# Texts copied out of a word processor hold a control character here and there. Data that is not
# text has one in ten.
_ONE_CONTROL_IN = 100
# A text that has so many bytes that go on a character of UTF-8 for each that is none was cut, or
# spoilt.
_GOOD_FOR_ONE_BAD = 4
# How the names of codecs begin that write all characters in bytes of ASCII, or in several bytes.
_OF_ASCII = ("hz", "iso2022")
_WIDE = ("utf-16", "utf-32")
# High bytes of the Latin letters and the signs that texts of all scripts hold, and the character
# sets that hold the usual characters of East Asia, and a small part of all.
_EVERYWHERE = frozenset((0x00, 0x01, 0x02, 0x1E, 0x20, 0x21, 0x22, 0x25, 0x26, 0x27, 0xF0))
_EAST_ASIAN = ("gb2312", "big5", "shift_jis", "euc_kr")
_ONE_SCRIPT = 0.9
# Those in which characters of East Asia are ASCII between escapes.
_ESCAPED = (
    (re.compile(rb"~\{(?:[!-w][!-~]){2,}~\}"), "hz"),
    (re.compile(rb"\x1b\$\)C"), "iso2022_kr"),
    (re.compile(rb"\x1b(?:\$[@AB]|\$\([A-D]|\([IJ])"), "iso2022_jp_ext"),
)


def decode(data: bytes, declared: str | None = None) -> str:
    """Decode a text. ``declared`` is a label of a charset, or a Content-Type that holds one.

    Raises :class:`Reject` (``unknown_encoding``) where its encoding cannot be told.
    """
    encoding = encoding_of(io.BytesIO(data), declared_codec(declared))
    if encoding in (None, UNTOLD):
        raise unknown_encoding()
    return "".join(_pieces(io.BytesIO(data), encoding or UNTOLD))


def encoding_of(body: Readable, declared: str | None = None) -> str | None:
    """Return the codec of a text, ``DAMAGED_UTF_8``, ``BLANK`` or ``UNTOLD``.

    None when it is no text. ``declared`` is the codec that somebody says it is in: bytes that do
    not fit go before what is said.
    """
    body.seek(0)
    head = body.read(_PIECE)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return _checked(body, encoding)
    is_wide = declared is not None and declared.startswith(_WIDE)
    if b"\0" in head or (is_wide and _checked(body, "utf-8") is None):
        wide = wide_encoding(head, declared if is_wide else None)
        return None if wide is None else _checked(body, wide)
    return _of_bytes(body, head, declared)


def wide_encoding(head: bytes, declared: str | None = None) -> str | None:
    """Tell UTF-16 and UTF-32 without a mark by a text's beginning. ``declared`` is one of them.

    In UTF-16, the characters of ASCII show which of two bytes comes first. The rest has to be of
    one script: read the wrong way round, or if it is no text, it is of many.
    """
    order = "le" if head[1::2].count(0) > head[0::2].count(0) else "be"
    for name in filter(None, (declared, f"utf-32-{order}", f"utf-16-{order}")):
        try:
            text = codecs.getincrementaldecoder(name)().decode(head)
        except UnicodeError:
            continue
        is_shown = name == declared or any(one.isascii() for one in text)
        if is_shown and "\0" not in text and _is_of_one_script(text):
            return name
    return None


def _is_of_one_script(text: str) -> bool:
    rest = "".join(one for one in text if ord(one) >> 8 not in _EVERYWHERE)
    alphabet = max(Counter(ord(one) >> 8 for one in rest).values(), default=0)
    usual = max(len(rest.encode(codec, "ignore").decode(codec)) for codec in _EAST_ASIAN)
    return max(alphabet, usual) >= _ONE_SCRIPT * len(rest)


def in_utf8(found: Found, encoding: str) -> AbstractContextManager[Found]:
    """Return a text that is in ``encoding`` in UTF-8.

    Raises :class:`Reject` (``file_too_large``) when it has more than 10 MiB there.
    """
    return spooled(_transcoded(found, encoding), found.name)


def unknown_encoding() -> Reject:
    """Return the reject for a text whose encoding cannot be told."""
    return Reject(
        "unknown_encoding",
        "field 'file': the encoding of the text cannot be detected reliably; give its charset in"
        " the field 'content_type' of the record, for example 'text/plain; charset=windows-1251',"
        " or save it in UTF-8",
    )


def _of_bytes(body: Readable, head: bytes, declared: str | None) -> str | None:
    """Tell encodings in which ASCII characters are single bytes."""
    encoding = _checked(body, "utf-8")
    if encoding == "utf-8" and head.isascii():
        escaped = [name for pattern, name in _ESCAPED if pattern.search(head)]
        if declared is not None and declared.startswith(_OF_ASCII):
            escaped.append(declared)
        return next((one for one in escaped if _fits(body, one)), encoding)
    if encoding is None and _is_damaged_utf8(body):
        encoding = _checked(body, DAMAGED_UTF_8)
    if encoding is not None:
        return encoding
    # All bytes are characters in Latin-1, which tells whether it is a text at all.
    if (checked := _checked(body, "latin-1")) in (None, BLANK):
        return checked
    # Few texts need them, and they take time to load.
    from target_linkedin_resumes.resumes.detection import detected_codec  # noqa: PLC0415 - slow to load
    from target_linkedin_resumes.resumes.readings import judge  # noqa: PLC0415 - slow to load

    sample = _sample(body)
    hint = "cp1252" if declared == BY_DEFAULT else None
    declared = hint or declared
    if declared is not None and not _fits(body, declared):
        declared = None
    # Servers declare one charset for all they have. What looks wrong in it is detected, if it can.
    reading = "" if declared is None else sample[:_SAMPLE].decode(declared, "ignore")
    if declared is not None and hint is None and judge(reading).is_written:
        return declared
    detected = detected_codec(sample, hint, context=head)
    if detected is not None and _fits(body, detected):
        return detected
    is_doubtful = hint is not None and judge(reading).odd > 0
    return UNTOLD if declared is None or is_doubtful else declared


def _fits(body: Readable, encoding: str) -> bool:
    """Tell whether all of a text can be read in an encoding."""
    from target_linkedin_resumes.resumes.readings import is_text  # noqa: PLC0415 - slow to load

    try:
        return all(is_text(text) for text in _pieces(body, encoding))
    except UnicodeError:
        return False


def _checked(body: Readable, encoding: str) -> str | None:
    """Return the encoding if the text is one in it, or BLANK; None when it is none."""
    characters = controls = 0
    blank = True
    try:
        for text in _pieces(body, encoding):
            if "\0" in text:
                return None
            characters += len(text)
            controls += len(_CONTROL.findall(text))
            blank = blank and not text.strip()
    except UnicodeError:
        return None
    if controls * _ONE_CONTROL_IN > characters:
        return None
    return BLANK if blank else encoding


def _is_damaged_utf8(body: Readable) -> bool:
    """Tell a text in UTF-8 that was spoilt, or cut within its last character, from another."""
    good = bad = 0
    for text in _pieces(body, DAMAGED_UTF_8):
        cut = text == "\ufffd"  # comes by itself, from the decoder's end
        bad += 0 if cut else text.count("\ufffd")
        good += len(text.encode()) - len(text) - 2 * text.count("\ufffd")
    return good >= max(2, _GOOD_FOR_ONE_BAD * bad)


def _sample(body: Readable) -> bytes:
    """Take lines that hold more than ASCII, as many as it takes to detect an encoding."""
    sample = rest = b""
    body.seek(0)
    while len(sample) < _SAMPLE and (piece := body.read(_PIECE)):
        rest += piece
        end = max(rest.rfind(b"\n"), rest.rfind(b"\r")) + 1 or len(rest)
        sample += b"".join(line for line in rest[:end].splitlines(True) if not line.isascii())
        rest = rest[end:]
    return sample + rest


def _pieces(body: Readable, encoding: str) -> Iterator[str]:
    """Decode a text piece by piece. Raises :class:`UnicodeError`."""
    name, errors = ("utf-8", "replace") if encoding == DAMAGED_UTF_8 else (encoding, "strict")
    if encoding == BLANK:
        name = "latin-1"
    decoder = codecs.getincrementaldecoder(name)(errors)
    body.seek(0)
    while piece := body.read(_PIECE):
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _transcoded(found: Found, encoding: str) -> Generator[bytes, None, None]:
    try:
        for text in _pieces(found.body, encoding):
            yield text.encode()
    except UnicodeError:  # when it was sniffed, all of it was in this encoding
        raise Retry("field 'file': the file was changed while it was read") from None
