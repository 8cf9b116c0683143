"""Plain text goes out in UTF-8."""
# ruff: noqa: RUF001 - letters that look like others

import io
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.errors import Reject, Retry
from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes import detection, formats, readings, texts
from target_linkedin_resumes.resumes.charsets import declared_codec
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.resumes.spool import MAX_SIZE, Found, SizedReader
from target_linkedin_resumes.resumes.texts import decode, in_utf8
from tests.resumes.languages import RESUMES

WRITTEN = [
    pytest.param(text, encoding, id=f"{language}-{encoding}")
    for language, (text, encodings) in RESUMES.items()
    for encoding in encodings
]


def decoded(content: bytes, declared: str | None = None) -> str | None:
    """The text, None where its encoding cannot be told."""
    try:
        return decode(content, declared)
    except Reject as reject:
        return None if reject.code == "unknown_encoding" else reject.code


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("length", [10, 70_000])
def test_plain_text_is_sent_in_utf8(tmp_path: Path, encoding: str, length: int) -> None:
    """At 70,000 lines pieces end within characters."""
    text = "x" + "Zürich “€”\n" * length
    content = text.encode(encoding)
    (tmp_path / "cv.txt").write_bytes(content)
    with Sources(tmp_path) as files, files.open(ResumeFile("cv.txt")) as resume:
        sent = resume.body.read()
        assert resume.size == len(sent)
        assert (resume.content_type, resume.filename) == ("text/plain", "cv.txt")
    assert sent == (content if encoding.startswith("utf-8") else text.encode())


def test_a_text_that_is_too_large_in_utf8(tmp_path: Path) -> None:
    (tmp_path / "cv.txt").write_bytes(("本" * (MAX_SIZE // 3 + 1)).encode("utf-16"))
    with (
        Sources(tmp_path) as files,
        pytest.raises(Reject) as caught,
        files.open(ResumeFile("cv.txt")),
    ):
        pytest.fail("it was opened")
    assert caught.value.code == "file_too_large"


def test_a_text_that_changes_on_the_way_is_tried_again() -> None:
    content = b"\xff\xfe\0"
    changed = Found(SizedReader(io.BytesIO(content), len(content)), len(content))
    with pytest.raises(Retry, match="changed"), in_utf8(changed, "utf-16"):
        pytest.fail("it was opened")


def test_the_corpus_is_as_wide_as_the_world() -> None:
    encodings = {encoding for _, several in RESUMES.values() for encoding in several}
    assert (len(RESUMES), len(WRITTEN), len(encodings)) >= (25, 60, 35)


@pytest.mark.parametrize(("text", "encoding"), WRITTEN)
def test_each_encoding_is_told_by_the_text(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding)) == text


# One for each script, and each kind of code page.
@pytest.mark.parametrize(
    "language", ["ru", "el", "he", "th", "ja", "zh-hans", "zh-hant", "ko", "pl", "de"]
)
def test_a_long_text_is_told_as_a_short_one(language: str) -> None:
    """A part of it is looked at; its pieces end within characters."""
    text, encodings = RESUMES[language]
    assert decoded((text * 400).encode(encodings[0])) == text * 400


@pytest.mark.parametrize(("text", "encoding"), WRITTEN)
def test_a_short_text_is_read_right_or_not_at_all(text: str, encoding: str) -> None:
    lines = text.splitlines()
    for short in (*lines, *("\n".join(lines[:count]) for count in range(2, len(lines)))):
        assert decoded(short.encode(encoding)) in (short, None)


@pytest.mark.parametrize(("text", "encoding"), WRITTEN)
def test_a_declared_charset_goes_first(text: str, encoding: str) -> None:
    name = text.splitlines()[0]
    assert decoded(name.encode(encoding), f"text/plain; charset={encoding}") == name


@pytest.mark.parametrize(
    ("content", "declared", "text"),
    [
        (b"\x93Jane\x94", "text/plain; charset=iso-8859-1", "“Jane”"),
        ("Яна".encode("utf-16-be"), "utf-16be", "Яна"),
        ("李小".encode("utf-32-le"), "utf-32le", "李小"),
        ("李小明，工程师".encode("utf-16-le"), "utf-16", "李小明，工程师"),
        (b"Jane Roe", "utf-16", "Jane Roe"),
        ("Яна\n".encode("utf-16-be"), "utf-16le", "Яна\n"),
        (b"\x93Jane\x94", "us-ascii", "“Jane”"),
        (b"\x87@", 'text/plain; charset="Shift_JIS"', "①"),
        (b"\x80\x82", "gb2312", None),  # no character: the bytes do not fit
        ("简历 ①".encode("gbk"), "text/plain;charset=gb2312", "简历 ①"),
        ("Müller".encode(), "iso-8859-1", "Müller"),
        ("Jürgen Müller".encode("cp1252"), "utf-8", "Jürgen Müller"),
        ("Jürgen Müller".encode("cp1252"), "x-unheard-of", "Jürgen Müller"),
        ("Łódź".encode("cp852"), "ibm852", "Łódź"),
        ("Ева".encode("koi8-r"), "text/plain", None),
        (b"{~ is not ~} text", "unicode_escape", "{~ is not ~} text"),
        ("简历".encode("hz"), "hz-gb-2312", "简历"),
        ("简历: Python ~ 3".encode("hz"), None, "简历: Python ~ 3"),
    ],
)
def test_labels_mean_what_browsers_take_them_for(
    content: bytes, declared: str | None, text: str | None
) -> None:
    assert decoded(content, declared) == text


@pytest.mark.parametrize("label", ["iso-8859-1", "us-ascii", "utf-8"])
@pytest.mark.parametrize(("text", "encoding"), WRITTEN)
def test_what_is_declared_of_anything_is_no_proof(text: str, encoding: str, label: str) -> None:
    assert decoded(text.encode(encoding), label) in (text, None)


def test_who_means_windows_1252_says_so() -> None:
    text = "Petra Nováková, Úèetní, zku¹enosti: vedení úèetnictví"
    assert decoded(text.encode("cp1252"), "windows-1252") == text
    assert decoded(text.encode("cp1252"), "iso-8859-1") != text


def test_one_character_of_three_bytes_is_utf_8() -> None:
    assert decoded("Nguyễn V".encode() + b"\xc4") == "Nguyễn V\ufffd"


@pytest.mark.parametrize("language", ["ru", "el", "tr", "ja", "ko", "he"])
def test_a_server_that_declares_one_charset_for_all(language: str) -> None:
    text, encodings = RESUMES[language]
    assert decoded(text.encode(encodings[0]), "iso-8859-1") == text
    assert decoded(text.encode(), "iso-8859-1") == text


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        *(("latin1", "iso8859-1"), ("us-ascii", "iso8859-1"), ("Windows-1252", "cp1252")),
        (" ISO-8859-9 ", "cp1254"),
        ("text/html; charset='windows-1251'; x=y", "cp1251"),
        ("ks_c_5601-1987", "cp949"),
        ("tis-620", "cp874"),
        ("cp850", "cp850"),
        ("X-Mac-Turkish", "mac-turkish"),
        ("x-MacRoman", "mac-roman"),
        (None, None),
        ("", None),
        ("application/pdf", None),
        ("hex", None),
        ("rot13", None),
        ("utf-7", None),
        ("punycode", None),
        ("undefined", None),
        ("a\0b", None),
        ("é", None),
        ("\ud800", None),
        ("text/plain; charset=\udfff", None),
    ],
)
def test_labels(label: str | None, codec: str | None) -> None:
    assert declared_codec(label) == codec


@pytest.mark.parametrize(
    "text",
    [
        "José",
        "Jürgen",
        "Jane Doe – Engineer",
        "Jane’s résumé: “done”… 5 €",
        "• wrote software\n• didn’t test it",
        "São Paulo",
        "Université de Genève",
        "Zürich, Göteborg, Málaga, São Paulo, Besançon: ten years of work abroad",
        "20 °C, 5 µm, ½ day",
        "JOSÉ GARCÍA",
        "FRANÇOISE NOËL",
        "Keith Ó Maolfhachtna, Baile Átha Cliath",
        "Il file inviato è vuoto, quindi non è valido.",
        "Das Wort „Lebenslauf“ steht in Anführungszeichen.",
        "Beruf: »Sachbearbeiter«, danach »Geschäftsführer«",
        "We’re, they’ve, O’Brien, l’été, dell’arte: apostrophes",
        "Lëndë e panjohur, përdoruesi të tërë, një numër. Vlera të dhëna sesioni.",
        "Liliane-Windhager-Straße 5",
        "“only the first mark",
        "N° 5, 20° Celsius",
        "M.ª José, la 1ª vez, el nº 5 de 10 días",
        "Budget: ¥5m, ¥ 500, 500 ¥, 500¥",
    ],
)
def test_a_few_signs_are_western(text: str) -> None:
    assert decoded(text.encode("cp1252")) == text


# Each was read as other letters once, of Windows-1252 for the most part.
@pytest.mark.parametrize(
    ("encoding", "few"),
    [
        ("mac-roman", "Letícia Ramos|Håvard Berge|Sölzer, München|KLARA BJÖRKLUND|‘Word’ – “X”"),
        ("mac-roman", "• wrote software\n• led a team|Led a team – shipped products – on “time”"),
        ("mac-roman", "contraseña|Nuñez, Cózar|Rodríguez|Érica|Gieß|Ørsted|Asegúrese"),
        ("cp850", "Simon Schär|JOÃO|MARÍA|PATRÍCIA|FRIÐMUNDSSON|NOËL|Große Straße|Nádia Álex"),
        ("cp437", "KÄSER|Lidingö|Bárbara Alcántara|è già presente"),
        ("cp852", "ŠIME MOSLAVAC|Łukasz|Dvořák|PŘÍBRAM|CIĘŻKOWSKA|MĂLINA NISTOR"),
        ("cp860", "João Araújo|JOÃO"),
        ("cp1250", "Łukasz Przybyś|NĚMEČEK|SREČKO MARTINČEVIĆ|PARASCHIVA NEMEŞ"),
        ("iso8859-2", "Uroš Breznik|Šime|BABIĆ|HORVATIĆ|Kráľovský Chlmec|SREČKO"),
        ("iso8859-16", "HORVATIĆ|RIBIĆ|Nemeș Ioniță|Soseaua Nemeș, câmp: „ș”"),
        ("cp1257", "RADVILĖ GAIČIŪNAS|KALVĖNAS"),
        ("iso8859-13", "GINTARĖ|Āboliņa"),
        ("cp1251", "КУДРЯШОВ ПАНКРАТ|ИРИНА РУСЛАНОВНА|ЧЕДО ДОНЕВ|ТИХОМИР ЗАФИРОВСКИ"),
        ("koi8-r", "ВИКТОР ЧЕСЛАВОВИЧ АБРАМОВ"),
        ("cp866", "ЕФИМОВА МАРИНА|АННА ЗАХАРОВНА"),
        ("cp855", "ЕМИЛ МЛАДЕНОВСКИ|Селена Иликьов|Страницата не е најдена"),
        ("mac-cyrillic", "НИКИТИН ПОТАП|ПОЛИНА АРТЕМОВНА"),
        ("iso8859-5", "МИКОЛАЙ БАРАНИК|ЭМИЛИЯ АЛЕКСЕЕВНА"),
        ("cp1253", "ΔΗΜΉΤΡΗΣ ΕΣΠΕΡΊΔΗΣ|ΑΙΜΊΛΙΟΣ ΠΙΤΣΟΛΉΣ"),
        ("iso8859-7", "ΧΡΙΣΤΌΔΟΥΛΟΣ|ΑΜΦΙΘΈΑ ΧΑΤΖΗΧΑΡΊΣΤΟΥ"),
        ("johab", "최지연 금산군|비밀번호가 설정되었습니다"),
        ("cp720", "قيمة يجب ان تكون عدد عشري."),
    ],
)
def test_a_few_letters_are_read_right_or_not_at_all(encoding: str, few: str) -> None:
    for text in few.split("|"):
        assert decoded(text.encode(encoding)) in (text, None), text


ENGLISH = (
    "John Smith\nSenior Engineer\nExperience\n2019-2021 Acme Corp. Led a team of five.\n{}\n"
    "Education\nBSc Computer Science, 2010\nSkills: Python and SQL, with ten years of experience\n"
)


@pytest.mark.parametrize(
    "line",
    [
        *(
            "It\u2019s",
            "the engineers\u2019 union",
            "\u2022 Led five",
            "2019\u20132021",
            "\xae",
        ),
        *(
            "Acme\u2122",
            "5 \xb5m",
            "\xa9 2020",
            "n\xba 5",
            "1\xaa",
            "\xbd day",
            "\xa350",
            "\u20ac1m",
        ),
        *(
            "a na\xefve caf\xe9 r\xe9sum\xe9",
            "Hauptstra\xdfe 12",
            "A Coru\xf1a",
            "Troms\xf8",
            "Pe\xf1a",
        ),
        *(
            "vis-\xe0-vis",
            "\xe0 la carte",
            "Zo\xeb Smith",
            "Mu\xf1oz",
            "Universidad Polit\xe9cnica",
        ),
    ],
)
def test_one_sign_or_name_in_english_is_western(line: str) -> None:
    assert decode(ENGLISH.format(line).encode("cp1252")) == ENGLISH.format(line)


@pytest.mark.parametrize(
    ("line", "encoding"),
    [
        *(
            (name, "mac-roman")
            for name in ("Garc\xeda", "Le\xf3n", "Mart\xedn", "Bur\xf3", "Espa\xf1a")
        ),
        *((name, "cp850") for name in ("S\xe1nchez", "Bogot\xe1", "K\xf6ln", "Pe\xf1a")),
        *(
            (name, "cp1250")
            for name in ("Dvo\u0159\xe1k", "Kova\u010d", "Gy\u0151r", "Brno, \u010cesk\xe1")
        ),
    ],
)
def test_one_name_in_english_in_another_encoding(line: str, encoding: str) -> None:
    with pytest.raises(Reject, match="charset"):
        decode(ENGLISH.format(line).encode(encoding))


@pytest.mark.parametrize(
    ("reading", "is_of_one_language"),
    [
        ("Þórður Guðmundsson, þjónn í bæ", True),
        ("Høgni á Løgmansbø, næmingur", True),
        ("nereuøitæ, conþinæ, puþin", False),
    ],
)
def test_no_language_has_all_letters(reading: str, *, is_of_one_language: bool) -> None:
    assert (readings.judge(reading).alphabet_share == 1) is is_of_one_language


def test_the_letters_of_romanian_are_the_same_with_comma_and_cedilla() -> None:
    text = "Experiența: proiectarea clădirilor și a podurilor, conducerea echipelor în țară.\n" * 3
    cedilla = text.translate(str.maketrans("șțȘȚ", "şţŞŢ"))
    assert decoded(text.encode("iso8859-16")) in (text, cedilla)
    assert decoded(cedilla.encode("cp1250")) == cedilla


@pytest.mark.parametrize(("language", "encoding"), [("ru", "cp1251"), ("fr", "cp1252")])
def test_detection_reads_a_part_of_a_long_text(
    language: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = RESUMES[language][0] * 2000
    judged: list[int] = []

    def judge(reading: str) -> readings.Judgement:
        judged.append(len(reading))
        return readings.judge(reading)

    monkeypatch.setattr(detection, "judge", judge)
    for whole in (text, text.replace("\n", " ")):  # a text of one line as well
        assert decoded(whole.encode(encoding)) == whole
    assert sum(judged) < len(text)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Jürgen Müller, Köln".encode() + b"\xc3", "Jürgen Müller, Köln\ufffd"),
        ("履歴書 山田".encode()[:-1], "履歴書 山\ufffd"),
        ("Zürich, Köln, Malmö, Århus: ".encode() + b"\x95", "Zürich, Köln, Malmö, Århus: \ufffd"),
        (("é" * 70_000).encode()[:-1], "é" * 69_999 + "\ufffd"),
    ],
)
def test_a_bad_byte_does_not_make_another_encoding_of_utf8(content: bytes, text: str) -> None:
    assert decoded(content) == text
    assert decoded(content, "windows-1252") == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32"])
@pytest.mark.parametrize("language", ["de", "ru", "ja"])
def test_wide_encodings(language: str, encoding: str) -> None:
    text = RESUMES[language][0]
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("language", RESUMES)
def test_wide_encodings_without_a_mark(language: str, encoding: str) -> None:
    """The line ends and signs are those of ASCII, which tell."""
    text = RESUMES[language][0]
    assert decoded(text.encode(encoding)) == text
    assert decoded((text * 200).encode(encoding)) == text * 200
    for line in text.splitlines(keepends=True):
        assert decoded(line.encode(encoding)) in (line, None)


@pytest.mark.parametrize(
    "content",
    [
        b"text\0text" * 100,
        b"name\0Jane Roe\0town\0Bristol\0",
        bytes(range(32, 127)) + b"\0" * 3 + bytes(range(32, 127)),
        b"\0" * 400,
        b"\1\0\2\0\3\0\4\0" * 40,
        b"PK\1\2\0\0ab\0\0cdef\0\0\x10\x20" * 10,
        "Jane Roe, engineer".encode("utf-16-le") + b"\x00\xd8",
    ],
)
def test_zeros_alone_make_no_wide_text(content: bytes) -> None:
    assert texts.encoding_of(io.BytesIO(content)) is None


def test_a_page_in_utf_16_without_a_mark_is_a_page() -> None:
    page = "<html><body><h1>Иван Кузнецов</h1><p>инженер</p></body></html>".encode("utf-16-le")
    assert formats.sniff(io.BytesIO(page), len(page)) is formats.HTML


@given(st.binary(max_size=300), st.sampled_from([None, "cp1251", "gbk", "utf-16", "iso-2022-jp"]))
def test_any_bytes_are_a_text_or_none(content: bytes, declared: str | None) -> None:
    text = decoded(content, declared)
    assert text is None or isinstance(text.encode(), bytes)


def test_a_declared_charset_reaches_the_text(tmp_path: Path) -> None:
    text = "Ева"
    (tmp_path / "cv.txt").write_bytes(text.encode("koi8-r"))
    uri = f"data:text/plain;charset=koi8-r,{quote_from_bytes(text.encode('koi8-r'))}"
    with Sources(tmp_path) as files:
        for file in (
            ResumeFile("cv.txt", content_type="text/plain; charset=koi8-r"),
            ResumeFile(uri),
            ResumeFile(uri, content_type="text/plain"),
        ):
            with files.open(file) as resume:
                assert resume.body.read().decode() == text
        with pytest.raises(Reject, match="charset") as caught, files.open(ResumeFile("cv.txt")):
            pytest.fail("it was opened")
    assert caught.value.code == "unknown_encoding"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Siân Llŷr\nCyfrifydd, Caerdydd\nProfiad: tŷ bwyta, dŵr, ymgynghorydd.\n", "iso8859-14"),
        ("Ġorġ Żammit\nAkkawntant\nEsperjenza: żamma tal-kotba, ħames ħaddiema.\n", "iso8859-3"),
        ("Ҷамшед Раҳимов\nМуҳосиб\nТаҷрибаи корӣ: пешбурди ҳисобот дар корхона.\n", "koi8-t"),
        ("Әсел Нұрланқызы\nЕсепші\nЖұмыс тәжірибесі: қаржылық есептерді дайындау.\n", "ptcp154"),
        ("Μαρία Κωνσταντίνου\nΛογίστρια\nΕμπειρία: τήρηση βιβλίων, μισθοδοσία.\n", "cp869"),
        ("Guðrún Þórðardóttir\nBókari\nStarfsreynsla: bókhald, áætlanagerð.\n", "mac-iceland"),
    ],
)
@pytest.mark.parametrize("times", [1, 6])
def test_a_rare_encoding_is_read_right_or_not_at_all(text: str, encoding: str, times: int) -> None:
    assert decoded((text * times).encode(encoding)) in (text * times, None)
