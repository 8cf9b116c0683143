"""Detect the encoding of a text that is not in UTF-8 and names none. Pure.

chardet knows how often letters follow one another in each language and encoding. It always has an
answer, also for a name of two letters. So each answer is read, what no person writes goes back,
and where two readings are left that are about as likely, there is none.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import chardet

from target_linkedin_resumes.resumes.readings import alphabet_share, is_text, oddities

# What chardet is asked about, with the codec to read it with where that has another name.
_EAST_ASIAN = {
    "big5hkscs": ("cp950", "big5hkscs"),
    "cp932": ("cp932",),
    "cp949": ("cp949",),
    "euc_jis_2004": ("euc_jp", "euc_jis_2004"),
    "gb18030": ("gb18030",),
}
_EAST_ASIAN_CODECS = frozenset(codec for codecs in _EAST_ASIAN.values() for codec in codecs)
_CODECS = _EAST_ASIAN | {"iso8859-1": ("cp1252",), "tis-620": ("cp874",)}
_WINDOWS = frozenset((*(f"cp125{digit}" for digit in range(9)), "cp874", "koi8-r", "koi8-u"))
_ASKED = (
    *_CODECS,
    *_WINDOWS,
    *(f"iso8859-{part}" for part in (2, 4, 5, 6, 7, 8, 9, 13, 15)),
    *("cp437", "cp737", "cp775", "cp850", "cp852", "cp857", "cp860", "cp861", "cp862", "cp863"),
    *("cp865", "cp866", "cp1125", "kz1048"),
    *("mac-cyrillic", "mac-greek", "mac-latin2", "mac-roman", "mac-turkish"),
)
_READ = 8  # of chardet's answers, those that are read
_MOST = 16 * 1024  # bytes that it judges by
_ODD = 0.1
_KNOWN_LETTERS = 0.75


@dataclass(frozen=True, slots=True)
class _Reading:
    codec: str
    text: str
    score: float
    characters: int  # beyond ASCII
    is_likely: bool


def detected_codec(sample: bytes) -> str | None:
    """Return the codec to read a text with; None where it is not sure."""
    readings = _readings(sample[:_MOST])
    if not readings:
        return None
    best = readings[0]
    rival = readings[1].score if len(readings) > 1 else 0
    return best.codec if best.is_likely and best.score >= rival * _lead(best) else None


def _readings(sample: bytes) -> list[_Reading]:
    answers = chardet.detect_all(
        sample, ignore_threshold=True, compat_names=False, include_encodings=_ASKED
    )
    found: dict[str, _Reading] = {}
    for answer in answers[: _READ * 2]:
        name = answer["encoding"] or ""
        for codec in _CODECS.get(name, (name,)):
            reading = _reading(sample, codec, answer["confidence"])
            if reading is not None:
                known = found.get(reading.text)
                if known is None or known.score < reading.score:
                    found[reading.text] = reading
                break
    return sorted(found.values(), key=lambda one: one.score, reverse=True)


def _reading(sample: bytes, codec: str, confidence: float) -> _Reading | None:
    try:
        text = unicodedata.normalize("NFC", sample.decode(codec))
    except (UnicodeError, LookupError):
        return None
    if not is_text(text):
        return None
    odd, characters = oddities(text)
    share = alphabet_share(text)
    score = confidence * _usual(codec) * share**2
    score *= 0.93 ** min(odd, 10) / (1 + 6 * odd / max(1, characters))
    is_likely = odd <= _ODD * characters and share >= _KNOWN_LETTERS
    return _Reading(codec, text, score, characters, is_likely)


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
        return 1.2 if best.characters < 3 else 1.0
    steps: tuple[tuple[int, float], ...]
    if best.codec in _EAST_ASIAN_CODECS:
        steps = ((30, 1.15), (12, 1.5), (6, 3.0))
    elif best.codec in _WINDOWS or best.codec.startswith("iso"):
        steps = ((300, 1.0), (100, 1.03), (30, 1.06), (8, 1.3), (5, 2.0))
    else:
        steps = ((100, 1.1), (30, 1.3), (12, 2.0))
    return next((lead for least, lead in steps if best.characters >= least), float("inf"))
