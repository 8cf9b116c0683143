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
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

# The signs that texts hold. Each of the rest is odd.
_SIGNS = frozenset("\xa0\xad¡£§©«®°±·»¿¼½¾´’‘“”„‚‹›–—…•€™№¥×¹²³\u200b\u200c\u200d\u200e\u200f")
_WITHIN_WORDS = frozenset("’·\xad–—\xa0\u200b\u200c\u200d")
_BEHIND_WORDS = frozenset("»«”“’‘…™®°²³\xa0\xad›\u200b\u200c\u200d\u200e\u200f")
_BEFORE_WORDS = frozenset("«“„‘‚¿¡…\xa0•‹»›·\xad°№\u200b\u200c\u200d\u200e\u200f")
_ODD, _KNOWN_LETTERS = 0.1, 0.75  # parts of a text: at most, at least
_SCRIPTS = (
    ("latin", 0x00, 0x24F), ("latin", 0x1E00, 0x1EFF), ("greek", 0x370, 0x3FF),
    ("greek", 0x1F00, 0x1FFF), ("cyrillic", 0x400, 0x52F), ("hebrew", 0x590, 0x5FF),
    ("arabic", 0x600, 0x77F), ("thai", 0xE00, 0xE7F),
)  # fmt: skip
_PLACES = re.compile(r"(?<=(.))([^\x00-\x7f])(?=(.))", re.DOTALL)
# What no text holds: controls of ISO 6429, boxes, private use, Arabic by its shapes.
_NO_TEXT = re.compile("[\x80-\x9f\u2500-\u259f\ue000-\uf8ff\ufb50-\ufdff\ufe70-\ufefc\ufffd]")
_ENGLISH = re.compile(
    r"(?i:\b(?:and|the|from|with|developed|education|engineer|experience|led|managed|manager|skills"
    r"|summary|team|university|work|worked|years)\b)"
)
_ENGLISH_WORDS = 3  # make a text English
_FOREIGN_WORD = re.compile(r"[^\W\d_\0-\u024f\u1e00-\u1eff]{2}")

_SYMBOLS = "ªºµ"  # letters to Unicode
_LATIN = "A-Za-zÀ-ÖØ-öø-\u024f"
_EXTENDED = [chr(code) for code in (*range(0x100, 0x180), *range(0x218, 0x21C))]
_CAPITALS = "A-ZÀ-ÖØ-Þ" + "".join(filter(str.isupper, _EXTENDED))
_SMALL = "a-zß-öø-ÿ" + "".join(filter(str.islower, _EXTENDED))
_CONSONANTS = "bcdfghjklmnpqstvwxz"  # but for r, which is a vowel as well
# The letters beyond ASCII that are words, and initials of names.
_WORDS = "ÀÁÉÈÍÓÖÅØÆáàâåäæéèêëíìïóòôöøúùüýőįū"
_CYRILLIC_LETTER = "[\u0400-\u052f]"
# Characters that no language has between the one before and the one behind.
_MISPLACED = re.compile(
    "|".join(
        (
            f"(?<![{_LATIN}])[{_LATIN}](?<![{_WORDS}])(?![{_LATIN}.])",  # a letter that is no word
            f"(?<=[{_LATIN}])µ",
            f"(?<=[{_LATIN}])…(?=[{_LATIN}])",
            f"(?<![0-9.\xa0nNMDSrRaf])[ªº]|[ªº](?=[{_LATIN}])",  # but nº, Mª, Dr.ª
            f"(?<=[{_LATIN}])[œŒ](?![uUtT])",
            f"(?i:(?<=[bcdfghjsz])š(?=[r{_CONSONANTS}]))|(?i:(?<=a)á(?=e))",
            f"(?i:ã(?=[{_LATIN}])(?![oesi])|ñ(?=[r{_CONSONANTS}])(?!s))",
            "ς(?=[α-ωά-ώ])|[םןץףך](?=[א-ת])|ة(?=[\u0620-\u064a])",  # these end words
            f"(?<!{_CYRILLIC_LETTER})[ьъ]",  # these begin none
            "[ฃฅฦ]|(?<![\u0e00-\u0e7f])[ะาำๅ]|[เแโใไ](?![ก-ฮ])",
            "[가-힣](?=[一-鿿])|[㐀-䶿]",
        )
    )
)
_NO_ARTICLE = "(?<!ll)(?<!qu)(?<!st)(?<!nt)(?<![rn]d)(?<!un)"
_ENDING = "(?i:[stdm]|re|ll|ve)"
# The same for what takes more characters to tell.
_MISPLACED_IN_WORDS = re.compile(
    r"(?=[^\x00-\x7f])(?:"
    + "|".join(
        (
            # Small letters behind capitals, and capitals before small letters, as in "ÒHello".
            f"(?<=[{_CAPITALS}][{_CAPITALS}])(?!ß)[{_SMALL}]",
            f"[{_CAPITALS}](?=[{_CAPITALS}][{_SMALL}])(?<![{_LATIN}].)",
            f"(?<=[{_CAPITALS}])[{_CAPITALS}](?=[{_SMALL}])",
            f"µ(?=[{_SMALL}]{{2}})",
            # An apostrophe that is neither behind an article nor before an ending.
            f"(?<=[{_LATIN}]{{3}}){_NO_ARTICLE}’(?=[{_LATIN}])(?!{_ENDING}(?![{_LATIN}]))",
            # A dash that cuts a single letter off.
            f"(?<![{_LATIN}][a-zA-Z])(?<=[a-zA-Z])[–—](?=[a-z])",
            f"(?<=[{_LATIN}])[–—](?=[a-z](?![{_LATIN}]))",
            r"¥(?!\s?[\d.])(?<!\d.)(?<!\d\s.)",  # a bullet of Mac
            # A word without a vowel.
            f"(?<!{_CYRILLIC_LETTER})(?i:[бвгджзйклмнпстфхцчшщ]{{4,}})(?!{_CYRILLIC_LETTER})",
        )
    )
    + ")"
)
# Signs that do not stand alone: where the first is, there is the second.
_PAIRS = tuple(
    (re.compile(sign), re.compile(other, re.DOTALL))
    for sign, other in (
        ("„", "[“”]"),
        ("‚", "[‘’]"),
        ("‘", "’"),
        ("«", "»"),
        ("‹", "›"),
        (f"›(?=[{_LATIN}])", "‹|›.*›"),
        (f"(?<=[{_LATIN}])»(?!¿)", "«|».*»"),  # ï»¿ is a byte order mark
        (f"(?<=[{_LATIN}])”", "[“„]|”.*”"),
        (f"(?<!»)¿(?=[{_LATIN}])", r"\?"),
        (f"¡(?=[{_LATIN}])", "!"),
    )
)
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
        "áðéíóúýþæö",  # Icelandic
        "áðíóúýæø",  # Faroese
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


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reading looks like.

    ``odd`` is how many of its ``characters`` beyond ASCII stand where none should. ``letters``
    counts the letters among them, of which one language has the part ``alphabet_share``.
    """

    odd: int
    characters: int
    letters: dict[str, int]
    alphabet_share: float

    @property
    def is_written(self) -> bool:
        """Whether nearly all is as a person writes it."""
        return self.odd <= _ODD * self.characters and self.alphabet_share >= _KNOWN_LETTERS


def is_text(reading: str) -> bool:
    """Tell whether a reading has no character that no text holds."""
    return _NO_TEXT.search(reading) is None


def is_english(text: str) -> bool:
    """Tell whether a text is in English, by its words in ASCII."""
    words = _ENGLISH.finditer(text)
    return sum(1 for _ in islice(words, _ENGLISH_WORDS)) == _ENGLISH_WORDS


def judge(reading: str) -> Judgement:
    """Judge how much a reading looks like one that a person wrote."""
    text = f" {reading} "
    places = Counter(_PLACES.findall(text))
    characters: Counter[str] = Counter()
    for (_, character, _), times in places.items():
        characters[character] += times
    letters = {
        one: times for one, times in characters.items() if one.isalpha() and one not in _SYMBOLS
    }
    odd = sum(times for place, times in places.items() if _is_odd(*place))
    odd += sum(1 for _ in _MISPLACED_IN_WORDS.finditer(text))
    odd += sum(1 for sign, other in _PAIRS if sign.search(text) and not other.search(text))
    if not _FOREIGN_WORD.search(text):  # a single letter of another script is no word
        odd += sum(times for one, times in letters.items() if _script(one) != "latin")
    return Judgement(odd, characters.total(), letters, _alphabet_share(letters))


def _alphabet_share(letters: dict[str, int]) -> float:
    known = {
        letter: times
        for letter, times in letters.items()
        if _script(letter) in ("latin", "cyrillic")
    }
    if not known:
        return 1.0
    shares = [sum(known[one] for one in known if one in a) for a in (_WESTERN, *_ALPHABETS)]
    return max(shares[0] * _WESTERN_WEIGHT, *shares[1:]) / sum(known.values())


@lru_cache(maxsize=32 * 1024)  # a text has few different triples of letters, but in many readings
def _is_odd(before: str, character: str, behind: str) -> bool:
    if character in "ðþ":  # in Icelandic the one begins no word, and the other ends none
        return not (before if character == "ð" else behind).isalpha()
    if _MISPLACED.match(before + character + behind, 1):
        return True
    category = unicodedata.category(character)
    match category[0]:
        case "L":
            return category == "Lm" or _clash(before, character) or _clash(character, behind)
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


@lru_cache(maxsize=1024)
def _script(letter: str) -> str:
    """Return the alphabet of a letter; empty for scripts that others mix with."""
    code = ord(letter)
    return next((name for name, first, last in _SCRIPTS if first <= code <= last), "")
