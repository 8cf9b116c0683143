"""Detect the encoding of a text that is not in UTF-8 and names none. Pure.

chardet knows how often letters follow one another in each language and encoding. It always has an
answer, also for a name of two letters. So each answer is read, what no person writes goes back,
and where two readings are left that are about as likely, there is none.
"""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import dataclass, replace

import chardet

from target_linkedin_resumes.resumes.readings import (
    alphabet_share,
    is_text,
    looks_written,
    oddities,
)

# What chardet is asked about, with the codec to read it with where that has another name.
_EAST_ASIAN = {
    "big5hkscs": ("cp950", "big5hkscs"),
    "cp932": ("cp932",),
    "cp949": ("cp949",),
    "euc_jis_2004": ("euc_jp", "euc_jis_2004"),
    "gb18030": ("gb18030",),
}
_EAST_ASIAN_CODECS = frozenset(codec for several in _EAST_ASIAN.values() for codec in several)
_CODECS = _EAST_ASIAN | {"iso8859-1": ("cp1252",), "tis-620": ("cp874",)}
_WINDOWS = frozenset((*(f"cp125{digit}" for digit in range(9)), "cp874", "koi8-r", "koi8-u"))
_ASKED = (
    *_CODECS,
    *_WINDOWS,
    *(f"iso8859-{part}" for part in (*range(2, 11), 13, 14, 15)),
    *("cp437", "cp737", "cp775", "cp850", "cp852", "cp857", "cp860", "cp861", "cp862", "cp863"),
    *("cp865", "cp866", "cp1125", "cp869", "koi8-t", "kz1048", "ptcp154"),
    *("mac-cyrillic", "mac-greek", "mac-iceland", "mac-latin2", "mac-roman", "mac-turkish"),
)
_READ = 16  # of chardet's answers, those that are read
_MOST = 16 * 1024  # bytes that it judges by
_FEW = 3  # characters beyond ASCII
# English with the dashes and quotation marks of a word processor is the most usual text of all.
_SIGNS_ALONE = 2.3


@dataclass(frozen=True, slots=True)
class _Reading:
    codec: str
    text: str
    score: float
    characters: int  # beyond ASCII
    is_likely: bool


def detected_codec(sample: bytes) -> str | None:
    """Return the codec to read a text with; None where it is not sure."""
    readings = _readings(sample)
    if not readings:
        return None
    best = next((one for one in readings if one.is_likely), readings[0])
    # What is not likely does not win, but says that the rest may be wrong as well.
    others = [one for one in readings if one is not best]
    if best.codec == "cp1252":
        others = [one for one in others if one.is_likely]
    rival = max((one.score for one in others), default=0)
    return best.codec if best.is_likely and best.score >= rival * _lead(best) else None


def _readings(sample: bytes) -> list[_Reading]:
    """Read a text in each encoding that it may be in, the likeliest first, each reading once."""
    answers = chardet.detect_all(
        sample,
        ignore_threshold=True,
        compat_names=False,
        max_bytes=_MOST,
        include_encodings=_ASKED,
    )
    likely = [(answer["encoding"] or "", answer["confidence"]) for answer in answers]
    found: dict[str, _Reading] = {}
    for name, confidence in (*likely[:_READ], *(one for one in likely if one[0] == "cp1252")):
        attempts = (_reading(sample[:_MOST], one, confidence) for one in _CODECS.get(name, (name,)))
        reading = next(filter(None, attempts), None)
        if reading is not None:
            # Of encodings that say the same, the most usual one: it says most beyond the sample.
            both = (found.get(reading.text, reading), reading)
            usual = max(both, key=lambda one: _usual(one.codec))
            score = max(one.score for one in both)
            found[reading.text] = replace(usual, score=score)
    return sorted(found.values(), key=lambda one: one.score, reverse=True)


def _reading(sample: bytes, codec: str, confidence: float) -> _Reading | None:
    try:
        text = codecs.getincrementaldecoder(codec)().decode(sample)  # it may end in a character
    except (UnicodeError, LookupError):
        return None
    text = unicodedata.normalize("NFC", text)
    if not is_text(text):
        return None
    odd, characters = oddities(text)
    share = alphabet_share(text)
    score = confidence * _usual(codec) * share**2
    if codec == "cp1252" and not any(one > "\x7f" and one.isalpha() and one != "µ" for one in text):
        score *= _SIGNS_ALONE
    strange = odd + (1 - share) * characters
    score *= 0.93 ** min(strange, 10) / (1 + 6 * odd / max(1, characters))
    return _Reading(codec, text, score, characters, looks_written(text))


def _usual(codec: str) -> float:
    """Weigh how usual an encoding is; it decides between readings that are alike otherwise."""
    if codec == "cp1252":
        return 1.1
    if codec in _WINDOWS or codec in _EAST_ASIAN_CODECS:
        return 1.0
    return 0.95 if codec.startswith("iso") else 0.85


def _lead(best: _Reading) -> float:
    """Return how much better than the next a reading has to be: the more, the shorter it is."""
    if best.codec == "cp1252":
        return 1.2 if best.characters < _FEW else 1.0
    steps: tuple[tuple[int, float], ...]
    if best.codec in _EAST_ASIAN_CODECS:
        steps = ((30, 1.15), (12, 1.5), (6, 3.0))
    elif best.codec in _WINDOWS or best.codec.startswith("iso"):
        steps = ((300, 1.0), (100, 1.03), (30, 1.06), (8, 1.3), (5, 2.0))
    else:
        steps = ((100, 1.1), (30, 1.3), (12, 2.0))
    return next((lead for least, lead in steps if best.characters >= least), float("inf"))
