import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.resumes.names import MAX_BYTES, disposition_name, file_name

EXTENSIONS = st.sampled_from([".pdf", ".doc", ".txt"])
TEXTS = st.text() | st.text("a. /\\\u202e\u0301é漢😀\0\n", max_size=300)


@pytest.mark.parametrize(
    ("candidate", "extension", "expected"),
    [
        ("resume.docx", ".pdf", "resume.pdf"),
        ("resume.PDF", ".pdf", "resume.pdf"),
        ("CV", ".pdf", "CV.pdf"),
        ("John.Smith", ".pdf", "John.Smith.pdf"),
        ("CV 3.2", ".doc", "CV 3.2.doc"),
        ("resume.pdf.docx", ".pdf", "resume.pdf"),
        ("resume.doc.pdf", ".pdf", "resume.doc.pdf"),
        ("résumé Zoë.txt", ".txt", "résumé Zoë.txt"),
        ("/srv/files/a b.pdf", ".pdf", "a b.pdf"),
        ("C:\\Users\\x\\CV.doc", ".doc", "CV.doc"),
        ("../../etc/passwd", ".txt", "passwd.txt"),
        ("dir/", ".pdf", "dir.pdf"),
        ("..", ".pdf", "resume.pdf"),
        (".", ".pdf", "resume.pdf"),
        (".pdf", ".pdf", "resume.pdf"),
        ("...pdf", ".pdf", "resume.pdf"),
        (".profile", ".txt", "profile.txt"),
        ("", ".pdf", "resume.pdf"),
        (None, ".pdf", "resume.pdf"),
        ("name.", ".pdf", "name.pdf"),
        ("a\0b\x1f\x7f\x85c.pdf", ".pdf", "ab c.pdf"),
        ("line\r\nbreak\ttab.pdf", ".pdf", "line break tab.pdf"),
        ("cv\u202efdp.exe\u2069", ".pdf", "cvfdp.exe.pdf"),
        ("\ufeffcv\u200b.pdf", ".pdf", "cv.pdf"),
        ("\u0645\u06cc\u200c\u062f.pdf", ".pdf", "\u0645\u06cc\u200c\u062f.pdf"),
        ("half \ud800 surrogate.pdf", ".pdf", "half surrogate.pdf"),
        ("e\u0301.pdf", ".pdf", "\u00e9.pdf"),
        ('a<b>:"c"|d?*.pdf', ".pdf", "a_b___c__d__.pdf"),
    ],
)
def test_names(candidate: str | None, extension: str, expected: str) -> None:
    assert file_name([candidate], extension) == expected


def test_the_first_candidate_that_holds_a_name_serves() -> None:
    assert file_name([None, "", "..", "/", "second.pdf", "third.pdf"], ".pdf") == "second.pdf"
    assert file_name([], ".doc") == "resume.doc"


@pytest.mark.parametrize("character", ["a", "é", "漢", "😀"])
def test_a_long_name_is_cut_between_characters(character: str) -> None:
    name = file_name([character * 300 + ".pdf"], ".pdf")
    assert MAX_BYTES - 4 < len(name.encode()) <= MAX_BYTES
    assert set(name.removesuffix(".pdf")) == {character}


def test_a_letter_and_its_accent_are_cut_together() -> None:
    # q has no composed form with this accent; the cut would fall between the two.
    name = file_name(["a" * 195 + "q\u0323\u0323" + "z" * 50], ".pdf")
    assert name == "a" * 195 + ".pdf"


def test_a_name_of_nothing_but_accents_falls_back() -> None:
    assert file_name(["\u0323" * 300], ".pdf") == "resume.pdf"


@given(st.lists(TEXTS | st.none(), max_size=3), EXTENSIONS)
def test_every_name_is_safe(candidates: list[str | None], extension: str) -> None:
    name = file_name(candidates, extension)
    stem = name.removesuffix(extension)
    assert name.endswith(extension)
    assert stem
    assert stem == stem.strip(" .")
    assert len(name.encode("utf-8")) <= MAX_BYTES
    assert unicodedata.is_normalized("NFC", name)
    assert not any(character in '/\\<>:"|?*' for character in name)
    forbidden = {"Cc", "Cs", "Zl", "Zp"}
    assert not any(unicodedata.category(character) in forbidden for character in name)
    assert not any(unicodedata.bidirectional(c) in {"RLO", "LRO", "RLE", "LRE"} for c in name)


@given(TEXTS, EXTENSIONS)
def test_a_name_made_once_stays_as_it_is(candidate: str, extension: str) -> None:
    once = file_name([candidate], extension)
    assert file_name([once], extension) == once


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="cv.pdf"', "cv.pdf"),
        ("attachment; filename=cv.pdf", "cv.pdf"),
        ("inline;filename=cv of mine.pdf ; size=3", "cv of mine.pdf"),
        ("ATTACHMENT; FILENAME=cv.pdf", "cv.pdf"),
        ("attachment; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf", "Résumé.pdf"),
        ("attachment; filename*=utf-8'de'R%C3%A9sum%C3%A9.pdf", "Résumé.pdf"),
        ("attachment; filename*=iso-8859-1''R%E9sum%E9.pdf", "Résumé.pdf"),
        ("attachment; filename=\"old.pdf\"; filename*=UTF-8''n%C3%A9w.pdf", "néw.pdf"),
        ("attachment; filename*=UTF-8''n%C3%A9w.pdf; filename=\"old.pdf\"", "néw.pdf"),
        ("attachment; filename*=UTF-8''%FF; filename=old.pdf", "old.pdf"),
        ("attachment; filename*=x-none''x; filename=old.pdf", "old.pdf"),
        ("attachment; filename*=utf-7''x; filename=old.pdf", "old.pdf"),
        ("attachment; filename*=koi8-r''%E5%D7%C1.pdf; filename=old.pdf", "Ева.pdf"),
        ("attachment; filename*=GBK''%BC%F2%C0%FA.pdf", "简历.pdf"),
        ("attachment; filename*=Shift_JIS''%97%9A%97%F0.pdf", "履歴.pdf"),
        ("attachment; filename*=UTF8''R%C3%A9sum%C3%A9.pdf", "Résumé.pdf"),
        ("attachment; filename*=ISO-8859-1''R%E9sum%E9%9613.pdf", "Résumé\u201313.pdf"),
        ("attachment; filename*=broken; filename=old.pdf", "old.pdf"),
        ('attachment; filename="a \\"quoted\\" ; name.pdf"', 'a "quoted" ; name.pdf'),
        (
            "Résumé.pdf".join(['attachment; filename="', '"']).encode().decode("latin-1"),
            "Résumé.pdf",
        ),
        ('attachment; filename="R\xe9sum\xe9.pdf"', "Résumé.pdf"),
        ('attachment; filename="=?UTF-8?B?UsOpc3Vtw6kucGRm?="', "Résumé.pdf"),
        ('attachment; filename="=?none?Q?x?="', "=?none?Q?x?="),
        ('attachment; filename="=?UTF-8?B?AAAAA?="', "=?UTF-8?B?AAAAA?="),
        ('attachment; filename="=?UTF-8?Q?=FF?="', "=?UTF-8?Q?=FF?="),
        ('attachment; filename="R\xe9sum\xe9 2019\x962021.pdf"', "Résumé 2019\u20132021.pdf"),
        # As browsers read what the standard does not know.
        ('attachment; filename="R%C3%A9sum%C3%A9.pdf"', "Résumé.pdf"),
        ("attachment; filename=R%C3%A9sum%C3%A9%20Ann.pdf", "Résumé Ann.pdf"),
        ('attachment; filename="100%.pdf"', "100%.pdf"),
        ('attachment; filename="R%E9sum%E9.pdf"', "R%E9sum%E9.pdf"),
        ("attachment; filename=cv; final.pdf", "cv"),
        ("attachment; filename=cv.pdf; size=3; final", "cv.pdf"),
        ('attachment; filename="cv; final.pdf"', "cv; final.pdf"),
        ('attachment; filename="cv; final.pdf', "cv; final.pdf"),
        ('attachment; filename="cv.pdf\\', "cv.pdf"),
        (r'attachment; filename="C:\Users\ann\cv.pdf"', r"C:\Users\ann\cv.pdf"),
        (r'attachment; filename="C:\\Users\\ann\\cv.pdf"', r"C:\Users\ann\cv.pdf"),
        (r"attachment; filename=C:\Users\ann\cv.pdf", r"C:\Users\ann\cv.pdf"),
        (r'attachment; filename="\\server\share\cv.pdf"', r"\server\share\cv.pdf"),
        ("filename=cv.pdf", "cv.pdf"),
        ('filename="cv.pdf"; size=3', "cv.pdf"),
        (";filename=cv.pdf", "cv.pdf"),
        ("attachment;;filename=cv.pdf", "cv.pdf"),
        ("attachment", None),
        ("", None),
        (None, None),
        ('attachment; filename=""', None),
        ("attachment; filename=", None),
        ("attachment; name=cv.pdf", None),
    ],
)
def test_names_of_headers(header: str | None, name: str | None) -> None:
    assert disposition_name(header) == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (r'attachment; filename="C:\Users\ann\cv.pdf"', "cv.pdf"),
        (r"attachment; filename=\\server\share\cv.pdf", "cv.pdf"),
        ('attachment; filename="..%2F..%2Fetc%2Fcv.pdf"', "cv.pdf"),
        ('attachment; filename="a%00b%0D.pdf"', "ab.pdf"),
        ("attachment; filename=cv; final.pdf", "cv.pdf"),
    ],
)
def test_a_header_makes_a_plain_name(header: str, name: str) -> None:
    assert file_name([disposition_name(header)], ".pdf") == name


@pytest.mark.parametrize(
    "hostile", [";a=" * 20_000, '; a="' * 20_000, ";" + " " * 60_000, '; a="' + "\\" * 60_000]
)
def test_a_hostile_header_costs_no_time(hostile: str) -> None:
    begun = time.process_time()
    disposition_name(hostile)
    assert time.process_time() - begun < 1


@given(st.text(max_size=80), st.sampled_from(["{}", '"{}"', "=?UTF-8?B?{}?=", '"=?UTF-8?B?{}?="']))
def test_whatever_a_header_holds_is_a_name_or_none(text: str, form: str) -> None:
    for star in ("", "*", "*=UTF-8''", "*=GBK''", "*=idna''"):
        header = f"attachment; filename{star}={form.format(text)}"
        file_name([disposition_name(header)], ".pdf")
