"""Detect the encoding of a text that is not in UTF-8 and names none. Pure.

chardet knows how often letters follow one another in each language and encoding. It always has an
answer, also for a name of two letters. So each answer is read, what no person writes goes back,
and where two readings are left that are about as likely, there is none.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass, replace

import chardet

from target_linkedin_resumes.resumes.readings import Judgement, is_english, is_text, judge

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
    *(f"iso8859-{part}" for part in (*range(2, 11), 13, 14, 15, 16)),
    *("cp437", "cp720", "cp737", "cp775", "cp850", "cp852", "cp855", "cp857", "cp860", "cp861"),
    *("cp862", "cp863", "cp865", "cp866", "cp1125", "cp869", "johab", "koi8-t", "kz1048"),
    "ptcp154",
    *("mac-cyrillic", "mac-greek", "mac-iceland", "mac-latin2", "mac-roman", "mac-turkish"),
)
# Of chardet's answers the first are read; to a brief text, those of Windows as well.
_READ, _BRIEF = 16, 512
_MOST = 8 * 1024  # bytes to judge by
# Numbers of characters beyond ASCII: below them, a text is one of a few letters, or a short one.
_FEW, _SHORT = 5, 60
# Factors of a reading's score.
_SIGNS_ALONE = 2.3
# English with the dashes and quotation marks of a word processor is the most usual text of all. Its
# few letters beyond ASCII are those of names and loanwords.
_SIGNS_IN_ENGLISH, _LETTERS_IN_ENGLISH = 60, 2
_NAMES = frozenset("áàâäãåæçéèêëíïîñóôöøúûüßÁÄÅÆÇÉÍÑÓÖØÚÜ")
_UNASKED = 0.001  # the confidence where chardet does not speak of Windows-1252
_HINTED = 1.15
_WESTERN = 1.1
_RARE = 0.8
_UNLIKELY = 0.5
# Encodings of few people, which have one letter of nearly each Western word as well.
_RARE_CODECS = ("cp1257", "iso8859-3", "iso8859-4", "iso8859-10", "mac-t", "mac-l", "mac-i")
_MANY, _ONE_LETTER = 8, 0.85  # letters, and the part that no letter of a language exceeds
_CASED = re.compile("[\u0370-\u052f]")
# Signs of Windows-1252 that may as well be letters of words, in code pages of DOS or Mac.
_DOUBTFUL_SIGNS = re.compile(
    "(?<=[a-zA-Z])[\xa0\u2013\u2014](?=[a-z])|(?<=[a-zA-Z])\xa0(?!\\S)|\xad|…(?=\\w)"
    "|(?<!\\S)…(?!\\S)|(?<=[a-rt-z])\u2019(?!\\w)"
)
_SAME = str.maketrans("şţŞŢ", "șțȘȚ")  # the same letters of Romanian


@dataclass(frozen=True, slots=True)
class _Reading:
    codec: str
    text: str
    score: float
    characters: int  # beyond ASCII
    is_likely: bool


def detected_codec(sample: bytes, hint: str | None = None, *, context: bytes = b"") -> str | None:
    """Return the codec to read a text with; None where it is not sure.

    ``sample`` holds its lines with more than ASCII, ``context`` its beginning. ``hint`` is a codec
    that something speaks for, but not enough.
    """
    in_english = is_english(context.decode("ascii", "replace"))
    readings = _readings(sample[:_MOST], hint, in_english=in_english)
    if not readings:
        return None
    best = next((one for one in readings if one.is_likely), readings[0])
    # What is not likely does not win, but says that the rest may be wrong as well.
    others = [one for one in readings if one is not best]
    if best.codec == "cp1252":
        others = [one for one in others if one.is_likely]
    rival = max((one.score for one in others), default=0)
    return best.codec if best.is_likely and best.score >= rival * _lead(best) else None


def _readings(sample: bytes, hint: str | None, *, in_english: bool) -> list[_Reading]:
    """Read a text in each encoding that it may be in, the likeliest first, each reading once."""
    likely = _answers(sample)
    also = _WINDOWS if len(sample) <= _BRIEF else ("cp1252",)
    likely = [*likely[:_READ], *(one for one in likely[_READ:] if one[0] in also)]
    if in_english and all(name not in ("cp1252", "iso8859-1") for name, _ in likely):
        likely.append(("cp1252", _UNASKED))
    found: dict[str, _Reading] = {}
    for name, confidence in likely:
        attempts = (
            _reading(sample, one, confidence, hint, in_english=in_english)
            for one in _CODECS.get(name, (name,))
        )
        reading = next(filter(None, attempts), None)
        if reading is not None:
            # Of encodings that say the same, the most usual one: it says most beyond the sample.
            said = reading.text.translate(_SAME)
            both = (found.get(said, reading), reading)
            usual = max(both, key=lambda one: _usual(one.codec))
            score = max(one.score for one in both)
            found[said] = replace(usual, score=score)
    return sorted(found.values(), key=lambda one: one.score, reverse=True)


def _answers(sample: bytes) -> list[tuple[str, float]]:
    """Ask chardet for all encodings, the likeliest first, with its confidence."""
    answers = chardet.detect_all(
        sample,
        ignore_threshold=True,
        compat_names=False,
        max_bytes=_MOST,
        include_encodings=_ASKED,
    )
    return [(answer["encoding"] or "", answer["confidence"]) for answer in answers]


def _reading(
    sample: bytes, codec: str, confidence: float, hint: str | None, *, in_english: bool
) -> _Reading | None:
    try:
        text = codecs.getincrementaldecoder(codec)().decode(sample)  # it may end in a character
    except (UnicodeError, LookupError):
        return None
    text = unicodedata.normalize("NFC", text)
    if not is_text(text):
        return None
    judgement = judge(text)
    characters, share = judgement.characters, judgement.alphabet_share
    if characters < _SHORT and "".join(judgement.letters).isupper():
        confidence = _confidence_in_small_letters(text, codec)
    score = confidence * _usual(codec) * share**2 * _likelihood(text, codec, judgement)
    if codec == hint:
        score *= _HINTED
    if codec == "cp1252" and in_english:
        score *= _weight_in_english(text, judgement)
    strange = judgement.odd + (1 - share) * characters
    score *= 0.93 ** min(strange, 10) / (1 + 6 * judgement.odd / max(1, characters))
    return _Reading(codec, text, score, characters, judgement.is_written)


def _likelihood(text: str, codec: str, judgement: Judgement) -> float:
    """Weigh what chardet does not: how usual such a text is, in this encoding."""
    characters, letters = judgement.characters, judgement.letters
    likelihood = 1.0
    if codec == "cp1252":
        if not letters and not _DOUBTFUL_SIGNS.search(text):
            likelihood *= _SIGNS_ALONE
        if characters < _FEW:
            likelihood *= _WESTERN
    else:
        count = sum(letters.values())
        if count >= _MANY and max(letters.values()) > _ONE_LETTER * count:
            likelihood *= _UNLIKELY
        if characters < _FEW and codec.startswith(_RARE_CODECS):
            likelihood *= _RARE
    if characters < _SHORT and _CASED.search(text) and text == text.lower():
        likelihood *= _UNLIKELY  # small letters of one encoding are capitals of another
    return likelihood


def _weight_in_english(text: str, judgement: Judgement) -> int:
    """Weigh a reading in Windows-1252 where the rest of the text is in English."""
    if judgement.odd:
        return 1
    if not judgement.letters:
        return 1 if _DOUBTFUL_SIGNS.search(text) else _SIGNS_IN_ENGLISH
    is_name = judgement.characters < _FEW and _NAMES.issuperset(judgement.letters)
    return _LETTERS_IN_ENGLISH if is_name else 1


def _confidence_in_small_letters(text: str, codec: str) -> float:
    """Ask chardet about a text in capitals as if it were in small letters, which it knows."""
    try:
        answers = _answers(text.lower().encode(codec))
    except UnicodeError:
        return 0.0
    return max((one for name, one in answers if codec in _CODECS.get(name, (name,))), default=0.0)


def _usual(codec: str) -> float:
    """Weigh how usual an encoding is; it decides between readings that are alike otherwise."""
    if codec == "cp1252":
        return 1.1
    if codec in _WINDOWS or codec in _EAST_ASIAN_CODECS:
        return 1.0
    if codec == "iso8859-16":
        return 0.8
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
