"""RTF as text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.errors import Reject
from tests.convert.documents import text_of

RTF = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}{\f1\fcharset204 Arial Cyr;}"
    r"{\f2\fcharset128 MS Mincho;}}{\colortbl;\red0;}"
    r"{\stylesheet{\s0 Normal;}{\*\cs9 heading 1;}{\s3 Heading 2;}}"
    r"{\info{\author Gone}{\title Gone}}"
)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"Z\'fcrich \u8364?5\par", "Zürich €5"),
        (r"\f1 \'c0\'e1\f0 \'c0", "АбÀ"),
        (r"{\f2 \'93\'fa\'96\'7b\'83e}", "日本テ"),
        (r"{\uc0\u-10179\u-8638}x", "🙂x"),
        (r"\uc2\u26085\'93\'fax{\uc1\u26412 ?}y", "日x本y"),
        (r"a\~b\_c\-d\emdash\ldblquote e\rdblquote \{\}\\", "a b-cd—“e”{}\\"),
        (r"a{\v hidden}b{\deleted gone}c\v x\v0 d\v x\plain e", "abcde"),
        ("one\\\ntwo\\line three\\tab four", "one\ntwo\nthree\tfour"),
        (r"{\*\unknown gone}{\*\unknown{gone}}kept{\pict ffd8ff}{\object{\*\objdata 01}}", "kept"),
        (r"\bin5 }}}}}kept\revdttm-12345678901 ", "kept"),
        (r"{\upr{gone}{\*\ud kept}}", "kept"),
        (
            r"{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt boxed\par}}{\shprslt gone}}a\par",
            "boxed\na",
        ),
        (r"{\*\do\dobxpage\dptxbx{\dptxbxtext boxed\par}{\dpx1}}a\par", "boxed\na"),
        (
            r"{\shp{\*\shpinst{\shptxt boxed\par}}{\shprslt{\*\do{\dptxbxtext gone\par}}}}a",
            "boxed\na",
        ),
        (r"a{\footnote note \i text}\par b", "a [1]\nb\n\n[1] note text"),
        (r"a{\header Top}\par{\listtext *}b{\shptxt box}c", "Top\n\na\n  * b\nbox\nc"),
        (r"{\listtext *}a{\footnote n}b", "  * a [1]b\n\n[1] n"),
        (r"\s3 Skills\par\pard x", "Skills\n------\n\nx"),
        (r"\outlinelevel0 Head\par\pard\s3\outlinelevel9 Text", "Head\n====\n\nText"),
        (r"\outlinelevel2 Third\par\pard x", "Third\n\nx"),
        (r"{\pntext\'b7\tab}one\par{\listtext\f3 \'b7\tab}\ilvl1 two", "  * one\n    * two"),
        (r"{\listtext 4)\tab}four\par\pard five", "  4) four\nfive"),
        (r"{\header Top\par}{\footer Page {\field{\*\fldinst PAGE}{\fldrslt 1}}}x", "Top\n\nx"),
        (r"{\footer a@example.com, 555 0100, page {\field{\*\fldinst PAGE}{\fldrslt 1}}}x",
         "x\n\na@example.com, 555 0100, page 1"),
        (r"{\footer Jane, 555 0100 {\field{\*\fldinst PAGE}{\fldrslt 1}}}x", "x\n\nJane, 555 0100"),
        (r"{\footer {\field{\*\fldinst PAGE}{\fldrslt 1}} | Jane \chpgn}x", "x\n\nJane"),
        (r"{\footer {\field{\*\fldinst PAGE}{\fldrslt 1}} von {\field{\*\fldinst NUMPAGES}}}x",
         "x"),
        (r"{\headerl Jane\par left\par}{\headerr Jane\par right\par}{\footerl foot\par}x",
         "Jane\nleft\nright\n\nx\n\nfoot"),
        (r"{\v{\header gone\par}}x", "x"),
        (r"\uc0\s3\u8226  Skills\par\pard x", "• Skills\n--------\n\nx"),
        (r"\uc0{\s3 Skills\par}\pard x\par{\s3\u83 kills\par}",
         "Skills\n------\n\nx\n\nSkills\n------"),
        (r"\uc2\pard\s3 Skills\par\pard x", "Skills\n------\n\nx"),
        (r"\uc3\outlinelevel0\u83 ???kills\par\pard\outlinelevel9 x", "Skills\n======\n\nx"),
        (r"a\u8217\rquote s\u8226\tab b", "a\u2019s•\tb"),
        (r"I know \\bin and \\pict, \'5cbin9 too", r"I know \bin and \pict, \bin9 too"),
        (r"{\fonttbl{\f5\fcharset78 X;}{\f6\fcharset77 Y;}}{\f5\'93\'fa}{\f6\'8e}", "日é"),
        (r"{\fonttbl{\f7\cpg1251 Z;}}{\f7\'c6}", "Ж"),
        (r"\mac \'8e\pc \'82", "éé"),
        (r"m\u1740?\zwnj\u1585?", "mی\u200cر"),
        (
            r'{\field{\*\fldinst HYPERLINK "https://example.com/"}{\fldrslt {\ul site}}}',
            "site (https://example.com/)",
        ),
        (
            r'{\field{\*\fldinst HYPERLINK "https://www.example.com/"}{\fldrslt www.example.com}}',
            "www.example.com",
        ),
        (r'{\field{\*\fldinst HYPERLINK "file:///x"}{\fldrslt site}}', "site"),
        (
            r"\trowd\intbl a\cell b\cell\row\trowd\intbl cc\cell\cell\row\pard after",
            "a | b\ncc\nafter",
        ),
        (
            r"x\par\trowd a\par b\cell\s3 c\cell\row\trowd\pard d\cell e\cell\row\pard y",
            "x\na\nb\n\nc\n-\n\nd | e\ny",
        ),
        (r"\ansicpg9999 \'e9 \f99 \'e9", "é é"),
        (r"{{{{a", "a"),
        (r"\uc1\u8211\bin3 }}}x", "\u2013x"),
        (r"{\fonttbl{\f8\fcharset2 Wingdings;}}{\f8\'fc} a {\f8\'a7} b (\'fc", "✓ a ▪ b (ü"),
        (r"{\listtext (a)\tab}one\par{\listtext 1.2.3\tab}two\par{\listtext o\tab}three",
         "  (a) one\n  1.2.3 two\n  * three"),
        (r"Jane {\upr{gone}{\*\ud Zo\u235?}} Doe", "Jane Zoë Doe"),
        (r"a {\object\objemb{\*\objdata 01}{\result {\b shown}}} b", "a shown b"),
        (r"{\mmath{\*\moMath{\mf{\mfPr{\mtype gone}}{\mr x=5}}}} y", "x=5 y"),
        (r"{\pard\dropcapli3\dropcapt1 J\par}\pard ane Doe\par x", "Jane Doe\nx"),
        # As Word writes links: with data of its own, options and more groups.
        (r'{\field{\*\fldinst {HYPERLINK "https://x.org/"}{{\*\datafield 0}}}{\fldrslt {\ul a}}}b',
         "a (https://x.org/)b"),
        (r'{\field{\*\fldinst HYPERLINK \\t "_blank" "https://x.org/"}{\fldrslt site}}',
         "site (https://x.org/)"),
        (r"{\field{\*\fldinst{HYPERLINK https://x.org/a }}{\fldrslt site}}", "site (https://x.org/a)"),
        (r'{\field{\*\fldinst HYPERLINK "mailto:a@b.c?subject=x"}{\fldrslt mail}}', "mail (a@b.c)"),
        (r'{\field{\*\fldinst HYPERLINK \\l "x"}{\fldrslt there}}', "there"),
    ],
)  # fmt: skip
def test_rtf(source: str, text: str) -> None:
    assert text_of((RTF + source + "}").encode()) == text + "\n"


@pytest.mark.parametrize(
    ("properties", "shown"),
    [
        (r"\fftype1\ffres1{\*\ffname gone}", "☒"),
        (r"\fftype1\ffres0\ffdefres1", "☐"),
        (r"\fftype1\ffres25\ffdefres1", "☒"),
        (r"\fftype1", "☐"),
        (r"\fftype2\ffres1{\*\ffl English}{\*\ffl German}", "German"),
        (r"\fftype2\ffres25\ffdefres0{\*\ffl English}", "English"),
        (r"\fftype2\ffres-9{\*\ffl English}", ""),
        (r"\fftype2\ffres7{\*\ffl English}", ""),
        (r"\fftype0{\*\ffdeftext gone}", ""),
    ],
)
def test_fields_of_forms(properties: str, shown: str) -> None:
    code = rf"{{\*\fldinst FORM {{\*\formfield{{{properties}}}}}}}"
    text = text_of(rf"{{\rtf1 a{{\field{code}{{\fldrslt}}}}b}}".encode())
    assert text == f"a{shown}b\n"


@given(
    st.lists(
        st.sampled_from(
            [b"{", b"}", b"\\par ", b"\\cell ", b"\\row ", b"\\intbl ", b"\\pard ", b"\\trowd ",
             b"{\\shptxt ", b"{\\footnote ", b"{\\header ", b"{\\*\\x ", b"{\\upr{\\*\\ud ",
             b"{\\field{\\*\\fldinst HYPERLINK \"https://x\"}", b"{\\fldrslt ", b"\\'e9",
             b"\\u123 ", b"\\uc3 ", b"\\v ", b"text", b"\\bin3 ", b"{\\listtext ",
             b"{\\stylesheet{\\s1 ", b"\\s1 ", b"\\u9999999999", b"\\f-1 ",
             b"{\\fonttbl", b"\\fcharset128 ", b"\\'", b"\\"]
        ),
        max_size=40,
    )
)  # fmt: skip
def test_any_rtf_is_converted_or_rejected(pieces: list[bytes]) -> None:
    try:
        text_of(b"{\\rtf1 " + b"".join(pieces))
    except Reject as reject:  # few bytes that no code page is declared for may stay unread
        assert reject.code == "unknown_encoding" or "neither text nor" in reject.message  # noqa: PT017


def test_a_name_with_its_reading_above_it() -> None:
    name = rb"\\* jc2 \\* hps10 \\o\\ad(\\s\\up 9(\u12420\'3f\u12414\'3f),\u23665\'3f\u30000\'3f)"
    word = rb"\\* jc2 \\o\\ad(\\s\\up 9(}{\f1 \u12420?}{\f0 ),\u23665?\u30000?)"
    for code in (name, word):
        field = rb"{\field{\*\fldinst { EQ " + code + rb"}}{\fldrslt {}}}"
        assert text_of(rb"{\rtf1 " + field + rb"{ Taro}}") == "山田 Taro\n"


@pytest.mark.parametrize(
    "fonts", [r"{\fonttbl{\f0 Arial;}}", r"{\fonttbl{\f0\fcharset1 Arial;}}", ""]
)
@pytest.mark.parametrize("text", ["Zürich", "Größe 日本"])
def test_a_document_that_declares_no_code_page(fonts: str, text: str) -> None:
    """Its bytes are decoded as those of a page are, all at once."""
    whole = rf"{{\rtf1\ansi{fonts}\pard {text} one\par two \u8364? {text}}}"
    assert text_of(whole.encode()) == f"{text} one\ntwo € {text}\n"


@pytest.mark.parametrize("start", [rb"\'ff\'fe", b"\xff\xfe", b"\xef\xbb\xbf"])
def test_what_looks_like_a_mark_is_none(start: bytes) -> None:
    text = text_of(rb"{\rtf1 " + start + rb"Jane\par \'0a\'00\'e9{\b Doe}\'fc}")
    assert text.splitlines()[0].endswith("Jane")
    assert text.splitlines()[1].strip() == "éDoeü"


def test_many_bytes_one_by_one_cost_little() -> None:
    begun = time.thread_time()
    assert len(text_of(rb"{\rtf1\ansicpg1252 " + rb"\'e9" * 400_000 + b"}")) == 400_001
    assert time.thread_time() - begun < 10
