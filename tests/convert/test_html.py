"""HTML as text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.convert.html import clean_text
from target_linkedin_resumes.convert.sanitize import sanitize_page
from tests.convert.documents import text_of


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>a<p>b<br>c<div>d</div>e", "a\n\nb\nc\n\nd\ne"),
        ("<h1>One</h1><h2>Two</h2><h3>Three</h3>x", "One\n===\n\nTwo\n---\n\nThree\n\nx"),
        ("<ul><li>a<ul><li>b</ul><li><p>c</p></ul>e", "  * a\n      + b\n  * c\ne"),
        ("<ul><li><ul><li>a<li>b</ul></ul>c", "  * a\n  * b\nc"),
        ("<ul><li><ul><li>a</ul></li>x<li>b</ul>", "  * a\n    x\n  * b"),
        ("<ul><li><ul><li>a</ul><li>b<ul><li>c</ul></ul>", "  * a\n  * b\n      + c"),
        ("<ol><li><ul><li>a</ul></ol>", " 1.\n      + a"),
        ("<p>\uf0b7 typed \uf0fc \uf0a7 \uf0d8", "• typed ✓ ▪ ➢"),
        ("<ol start=3><li>x<li value=9>y<li>z</ol>", " 3. x\n 9. y\n10. z"),
        ("<dl><dt>Term<dd>What it is</dl>", "Term\nWhat it is"),
        ("<table><tr><th>a<th>b<tr><td> cc\t<td>d</table>e", "a | b\ncc | d\n\ne"),
        ("<table><tr><td><ul><li>x</ul><td>y<br>z</table>", "  * x\ny\nz"),
        ("<table><tr><td>a</td>stray<td>b</table>", "astray | b"),
        ("<td>stray</td><tr>cells", "stray\ncells"),
        ("<table><td>a<table><td>b</table><td>c", "a\n\nb\n\nc"),
        ("<pre>a  b\n   c</pre><p>d  \n e\tf", "a  b\n   c\n\nd e f"),
        ("<a href='https://example.com/x'>site</a> <a href='javascript:x()'>no</a>",
         "site (https://example.com/x) no"),
        ("<a href='tel:+4420'>call</a> <a href='mailto:a@example.com?subject=b'>me</a>",
         "call (+4420) me (a@example.com)"),
        ("<a href='tel:+49301234'>+49 (30) 12-34</a>", "+49 (30) 12-34"),
        ("<p style='display: flex'><b>a</b><i>b</i></p>c", "a b\n\nc"),
        ("<script>gone()</script><style>gone</style><noscript>gone</noscript>x<!-- gone -->", "x"),
        ("<p hidden>gone<p style='color:red;DISPLAY : none'>gone<p>x<del>gone</del>", "x"),
        ("<form><input value=gone><select><option>gone</select><label>x</label></form>", "x"),
        ("a<b>b</b>&nbsp;&amp;&#8364;<i> c</i>\u00ad\u200b &amp;copy", "ab &€ c &copy"),
        ("<p>a</p></p></div></table></td>b", "a\n\nb"),
        ("2019\x0c2020&#12;2021&#xB;2022\x0b2023&#11;2024", "2019 2020 2021 2022 2023 2024"),
        ("a\x01b&#1;c\ufffed&#xFFFE;e&#65535;f\x00g&#0;h\x1bi\x7fj&#x1f;k", "abcdefghijk"),
        ("<a href='https://x.org/\x0cx&#11;y\ufffe'>site</a>", "site (https://x.org/ x y)"),
        ("<p>x</p></body></html><p>behind</p><html><body>end</BODY >", "x\n\nbehind\n\nend"),
        ("&#150;&#99999999;&#x110000;", "\u2013\ufffd\ufffd"),
        ("<li style='display:inline'>a</li> <li style='display: inline-block'>b</li>", "* a\n* b"),
        ("<fieldset><legend>Skills</legend>SQL</fieldset><menu><li>a</menu>", "Skills\nSQL\n  * a"),
        ("<ruby>漢<rp>(</rp><rt>gone</rt><rp>)</rp></ruby> x", "漢 x"),
        ("<math><mi>x</mi><mo>=</mo><mn>5</mn><annotation>gone</annotation></math> y", "x=5 y"),
        ("<svg><title>gone</title><defs><text>gone</text></defs><text>a</text></svg>b", "a\nb"),
        ("<svg><path d=x/><text><tspan x=1>a</tspan><tspan x=1>b</tspan></text></svg>", "a\nb"),
        ("<h2><button>Work</button></h2>a<button>Print</button>b", "Work\n----\n\na Print b"),
        ("<dialog>gone</dialog><dialog open>a</dialog><p popover>gone<p>b", "a\n\nb"),
        ("<p style='/* x */display:none'>gone<p style='color:red/*;display:none*/'>x", "x"),
        ("<a href='HTTPS://Example.com/'>example.com</a>", "example.com"),
        ("\ue003 555 0100 \ue003 \ue000 5", "\ue003 555 0100 \ue003 \ue000 5"),
    ],
)  # fmt: skip
def test_html(source: str, text: str) -> None:
    page = f"<html><head><title>gone</title><meta charset=utf-8></head><body>{source}"
    assert text_of(page.encode()) == text + "\n"


@pytest.mark.parametrize("tag", ["section", "main", "article", "header", "nav", "figure", "x-cv"])
@pytest.mark.parametrize(
    "before", ["", "<title>gone</title>", "<head><title>gone</title></head>", "<style>a{}</style>"]
)
def test_html5_without_a_body(tag: str, before: str) -> None:
    page = f"<!doctype html>{before}<{tag}>Jane<p>Engineer</p></{tag}><style>b{{}}</style>end"
    for convert in (lambda content: content, sanitize_page):
        assert text_of(convert(page.encode())).split() == ["Jane", "Engineer", "end"]


@pytest.mark.parametrize(
    "page",
    ["<span>Jane</span> <b>Doe</b>", "<b>Jane</b> Doe", "<br>Jane Doe", "<ul><li>Jane Doe</ul>",
     "<a href='https://jane'>Jane</a> Doe", " <strong>Jane</strong> Doe", "<hr/>Jane Doe",
     "<font color=red>Jane</font> Doe", "<ol><li>Jane Doe</ol>", "<header>Jane Doe</header>"],
)  # fmt: skip
def test_a_fragment_is_a_page(page: str) -> None:
    text = text_of(page.encode())
    assert "<" not in text
    assert re.findall("Jane|Doe", text)[-2:] == ["Jane", "Doe"]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (".job { color: red; display:flex }", "GmbH 2020"),
        ("h1 { x: y } .a, .main > .job { display : inline-grid; }", "GmbH 2020"),
        ("div { DISPLAY: FLEX }", "GmbH 2020"),
        ("div.job{display:flex}", "GmbH 2020"),
        (".job .x{display:flex}", "GmbH2020"),
        (".job{display:block}", "GmbH2020"),
    ],
)
def test_what_styles_set_side_by_side_is_no_word(rule: str, text: str) -> None:
    page = f"<html><style>{rule}</style><div class='y job'><b>GmbH</b><span>2020</span></div>"
    assert text_of(page.encode()) == f"{text}\n"
    assert (b"</b> <span>" in sanitize_page(page.encode())) == (" " in text)


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("", "utf-8"),
        ("", "cp1252"),
        ("\ufeff", "utf-16-le"),
        ("\ufeff", "utf-8"),
        ('<meta http-equiv=x content="text/html; charset=iso-8859-2">', "iso-8859-2"),
        ("<meta charset='nonsense'>", "cp1252"),
        ("<?xml version='1.0' encoding='iso-8859-2'?>", "iso-8859-2"),
    ],
)
def test_html_in_other_encodings(head: str, encoding: str) -> None:
    mark, meta = (head, "") if head == "\ufeff" else ("", head)
    page = f"{mark}<html>{meta}<p>Zürich</p></html>"
    assert text_of(page.encode(encoding)) == "Zürich\n"


@pytest.mark.parametrize(
    ("label", "encoding", "text"),
    [
        ("iso-8859-1", "cp1252", "2019\u20132021 \u20ac"),
        ("latin1", "cp1252", "2019\u20132021"),
        ("us-ascii", "cp1252", "2019\u20132021"),
        ("iso-8859-9", "cp1254", "İstanbul \u2013"),
        ("shift_jis", "cp932", "高橋①"),
        ("x-sjis", "cp932", "髙橋"),
        ("gb2312", "gbk", "張三"),
        ("ks_c_5601-1987", "cp949", "똠방"),
        ("tis-620", "cp874", "ไทย \u2013"),
        ("x-cp1251", "cp1251", "Надежда"),
        ("utf-16", "utf-8", "Zürich"),
    ],
)
def test_labels_mean_what_they_mean_on_the_web(label: str, encoding: str, text: str) -> None:
    page = f'<html><meta charset="{label}"><p>{text}</p></html>'
    assert text_of(page.encode(encoding)) == f"{text}\n"


def test_what_is_left_out_does_not_keep_an_accent_apart() -> None:
    assert clean_text("a\x01\u0301") == "á\n"


@given(st.text())
def test_cleaned_text_stays_clean(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once
    assert not re.search(r"[\0-\x08\x0b-\x1f\x7f\ud800-\udfff]", once)
    once.encode()


@pytest.mark.parametrize(
    "start",
    [
        *("<details><summary>a</summary>", "<!--[if mso]>gone<![endif]--><![if !mso]>", "<x-cv>"),
        *("<frameset><frame></frameset>", "<video></video>", "<label>a</label>"),
    ],
)
def test_a_page_may_begin_with_any_element(start: str) -> None:
    assert text_of(f"{start}<p>Jane</p><br>Engineer".encode()).split()[-2:] == ["Jane", "Engineer"]


@pytest.mark.parametrize(
    ("sheet", "is_shown"),
    [
        ("<style>.h { color: red; display: none !important }</style>", False),
        ("<style>.g, p.h{visibility:hidden}.h{color:red}</style>", False),
        ("<style>/* x */ @import url(x); #i{display:none} /* y</style>", False),
        ("<style>@media print{.g{color:red}.g{color:red}}.h{display:none}</style>", False),
        ("<style><!-- .h{display:none} --></style>", False),
        ("<style>.h{display:none}</style><script type='application/ld+json'>{}</script>", False),
        ("<style>/* .h{display:none} */</style>", True),
        ("<style>.x .h{display:none}p{display:none}*{display:none}</style>", True),
        ("<style>.h:hover{display:none}</style>", True),
        ("<style>div.h{display:none}</style>", True),
        ("<style>@media print{.g{color:red}.h{display:none}}</style>", True),
        ("<style media=print>.h{display:none}</style>", True),
        ("<style>.h{display:none}.on .h{display:block}</style>", True),
        ("<style>.h{display:none}#i{display:block}</style>", True),
        ("<style>.h{display:none}input:checked~.h{display:block}</style>", True),
        ("<style>.h{display:none}</style><script>x()</script>", True),
        ("<style>.h{display:none}</style><b onclick='x()'></b>", True),
    ],
)
def test_what_a_class_hides_is_left_out_if_nothing_can_show_it(sheet: str, is_shown: bool) -> None:
    page = f"<html>{sheet}<p class='k h' id=i>text</p>end"
    assert ("text" in text_of(page.encode())) == is_shown
    assert (b"text" in sanitize_page(page.encode())) == is_shown
    styled = page.replace("class", "style='display:block' class")
    assert "text" in text_of(styled.encode())


@pytest.mark.parametrize("start", ["<html hidden>", "<html><body style='display:none'>"])
def test_a_page_that_hides_itself_until_its_script_runs(start: str) -> None:
    assert text_of(f"{start}<p>Jane".encode()) == "Jane\n"


@pytest.mark.parametrize(
    ("sheet", "mark", "text"),
    [
        ("<style>.a{float:right}</style>", "class=a", "Acme 2019 x"),
        ("<style>.a{display:block}</style>", "class=a", "Acme 2019 x"),
        ("", "style='position:absolute'", "Acme 2019 x"),
        ("<style>.b span{float:left}</style>", "", "Acme2019x"),
        ("", "style='color:red'", "Acme2019x"),
    ],
)
def test_what_styles_set_apart_is_no_part_of_a_word(sheet: str, mark: str, text: str) -> None:
    page = f"<html>{sheet}<p>Acme<span {mark}>2019</span>x"
    assert text_of(page.encode()) == f"{text}\n"


def test_a_large_first_letter_stays_with_its_word() -> None:
    assert text_of(b"<html><p><span style='float:left'>J</span>ane") == "Jane\n"


def test_what_stands_behind_a_large_picture() -> None:
    picture = "A" * 10_100_000
    page = f"<html><p>Jane<img src='data:image/png;base64,{picture}'><p>Engineer"
    assert text_of(page.encode()) == "Jane\n\nEngineer\n"
