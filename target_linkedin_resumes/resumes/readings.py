"""How much a text looks like one that a person wrote, read in the right encoding. Pure.

In a wrong encoding letters become other letters and signs, and stand where no language puts them:
a capital within a word, Greek among Cyrillic, a sign between two letters, letters that no one
language has together.
"""

# ruff: noqa: RUF001 - signs that look like one another are what this is about

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

# The signs that texts hold. Each of the rest is odd.
_SIGNS = frozenset("\xa0\xad¡£§©«®°±·»¿¼½¾´’‘“”„‚‹›–—…•€™№¥×¹²³\u200b\u200c\u200d\u200e\u200f")
_WITHIN_WORDS = frozenset("’·\xad–—…\xa0\u200b\u200c\u200d")
_BEHIND_WORDS = frozenset("»”’…™®©°¹²³\xa0\xad›§\u200b\u200c\u200d\u200e\u200f")
_BEFORE_WORDS = frozenset("«“„‘‚¿¡…\xa0§•‹»›€£©·\xad°№\u200b\u200c\u200d\u200e\u200f")
_ORDINALS = "ªº"
_ODD, _KNOWN_LETTERS = 0.1, 0.75  # parts of a text: at most, at least
_SCRIPTS = (
    ("latin", 0x00, 0x24F), ("latin", 0x1E00, 0x1EFF), ("greek", 0x370, 0x3FF),
    ("greek", 0x1F00, 0x1FFF), ("cyrillic", 0x400, 0x52F), ("hebrew", 0x590, 0x5FF),
    ("arabic", 0x600, 0x77F), ("thai", 0xE00, 0xE7F),
)  # fmt: skip
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
# What no text holds: controls of ISO 6429, boxes, private use, Arabic by its shapes.
_NO_TEXT = re.compile("[\x80-\x9f\u2500-\u259f\ue000-\uf8ff\ufb50-\ufdff\ufe70-\ufefc\ufffd]")
# What is in each Cyrillic alphabet, and the letters beyond ASCII of languages.
_CYRILLIC = "абвгдежзиклмнопрстуфхцчш"
_ALPHABETS = tuple(
    frozenset(letters + letters.upper())
    for letters in (
        "äöüßéàêç",  # German, Swiss places
        "àâæçéèêëîïôœùûüÿ",  # French
        "áéíñóúüïçà",  # Spanish, Galician, Basque
        "àèéìîòù",  # Italian
        "áâãàçéêíóôõú",  # Portuguese
        "àçéèíïóòúü",  # Catalan
        "áéèëïíóöüêç",  # Dutch
        "åäöéüáà",  # Swedish, Finnish
        "æøåéäö",  # Danish, Norwegian
        "áðéíóúýþæöø",  # Icelandic, Faroese
        "áéíóú",  # Irish
        "âêîôûŵŷäëïö",  # Welsh
        "õäöüšž",  # Estonian
        "ąćęłńóśźż",  # Polish
        "áčďéěíňóřšťúůýž",  # Czech
        "áäčďéíĺľňóôŕšťúýž",  # Slovak
        "áéíóöőúüű",  # Hungarian
        "čćđšž",  # Croatian, Serbian, Bosnian, Slovene
        "ăâîșțşţ",  # Romanian
        "çğıİöşüâîû",  # Turkish, Azerbaijani
        "ąčęėįšųūž",  # Lithuanian
        "āčēģīķļņšūžōŗ",  # Latvian
        "çë",  # Albanian
        "ċġħżàèìòù",  # Maltese
        "ĉĝĥĵŝŭ",  # Esperanto
        "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ",  # Vietnamese
        _CYRILLIC + "ёйщъыьэюя",  # Russian
        _CYRILLIC + "ґєіїйщьюя’",  # Ukrainian
        _CYRILLIC + "ёійўыьэюя",  # Belarusian
        _CYRILLIC + "йщъьюя",  # Bulgarian
        _CYRILLIC + "ђјљњћџ",  # Serbian
        _CYRILLIC + "ѓѕјљњќџѐѝ",  # Macedonian
        _CYRILLIC + "әғёийіқңөұүһщъыьэюя",  # Kazakh
    )
)
# A resume in English holds names of schools and towns from all over western Europe.
_WESTERN = frozenset("áàâäãåæçéèêëíîïñóôöõøúûüß" + "áàâäãåæçéèêëíîïñóôöõøúûüß".upper())
_WESTERN_WEIGHT = 0.85


def is_text(reading: str) -> bool:
    """Tell whether a reading has no character that no text holds."""
    return _NO_TEXT.search(reading) is None


def looks_written(reading: str) -> bool:
    """Tell whether nearly all of a reading is as a person writes it."""
    odd, characters = oddities(reading)
    return odd <= _ODD * characters and alphabet_share(reading) >= _KNOWN_LETTERS


def oddities(reading: str) -> tuple[int, int]:
    """Count the characters beyond ASCII that stand where none should, and all beyond ASCII."""
    text = f" {reading} "
    every = [match.start() for match in _NOT_ASCII.finditer(text)]
    return sum(_is_odd(text[at - 1], text[at], text[at + 1]) for at in every), len(every)


def alphabet_share(reading: str) -> float:
    """Return which part of the Latin and Cyrillic letters the one language has that has most."""
    letters = Counter(
        letter
        for letter in _NOT_ASCII.findall(reading)
        if letter.isalpha() and _script(letter) in ("latin", "cyrillic") and letter not in "ªºµ"
    )
    total = sum(letters.values())
    if not total:
        return 1.0
    shares = [sum(letters[one] for one in letters if one in a) for a in (_WESTERN, *_ALPHABETS)]
    return max(shares[0] * _WESTERN_WEIGHT, *shares[1:]) / total


@lru_cache(maxsize=16 * 1024)  # a text has few different triples of letters, but in many readings
def _is_odd(before: str, character: str, behind: str) -> bool:
    if character in "ðþ":  # in Icelandic the one begins no word, and the other ends none
        return not (before if character == "ð" else behind).isalpha()
    if character in _ORDINALS:
        return behind.isalpha() or not (before.isalnum() or before in ".\xa0")
    category = unicodedata.category(character)
    match category[0]:
        case "L":
            is_small_among_capitals = character.islower() and before.isupper() and behind.isupper()
            clashes = _clash(before, character) or _clash(character, behind)
            return category == "Lm" or is_small_among_capitals or clashes
        case "M":
            return not before.isalpha() and unicodedata.category(before)[0] != "M"
        case _ if character in _SIGNS:
            return _is_misplaced(before, character, behind)
        case _:
            return character < "\u2e80" and category[0] != "Z" and category != "Nd"


def _is_misplaced(before: str, sign: str, behind: str) -> bool:
    left, right = (side.isalpha() and _script(side) != "" for side in (before, behind))
    if left and right:
        return sign not in _WITHIN_WORDS
    return (left and sign not in _BEHIND_WORDS) or (right and sign not in _BEFORE_WORDS)


def _clash(left: str, right: str) -> bool:
    """Tell whether two letters do not stand side by side."""
    if not (left.isalpha() and right.isalpha()):
        return False
    if left.islower() and right.isupper():
        return True
    scripts = {_script(left), _script(right)}
    return len(scripts) > 1 and "" not in scripts


def _script(letter: str) -> str:
    """Return the alphabet of a letter; empty for scripts that others mix with."""
    code = ord(letter)
    return next((name for name, first, last in _SCRIPTS if first <= code <= last), "")
