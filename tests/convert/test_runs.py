"""What Mammoth does not read by itself: no container of text loses it, no break joins words."""

import pytest

from tests.convert.documents import docx, paragraph, run, text_of

WORD = "MARKER"
RUN = run(WORD)
BOX = f"<w:txbxContent>{paragraph(WORD)}</w:txbxContent>"
SHAPE = f"<wps:wsp><wps:txbx>{BOX}</wps:txbx></wps:wsp>"
DRAWING = (
    "<w:drawing><wp:anchor><a:graphic><a:graphicData>{}</a:graphicData></a:graphic></wp:anchor>"
    "</w:drawing>"
)
PICT = "<w:pict><v:{0}><v:textbox>{1}</v:textbox></v:{0}></w:pict>"
OLD_SHAPES = ("shape", "rect", "roundrect", "oval", "line", "polyline", "arc", "curve")
FIELD = (
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> {} </w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="separate"/></w:r>{}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
)
RUBY = (
    "<w:r><w:ruby><w:rubyPr/><w:rt><w:r><w:t>reading</w:t></w:r></w:rt>"
    "<w:rubyBase>{}</w:rubyBase></w:ruby></w:r>"
)
CONTROL = "<w:sdt><w:sdtPr>{}</w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
EITHER = (
    '<mc:AlternateContent><mc:Choice Requires="x">{}</mc:Choice><mc:Fallback>{}</mc:Fallback>'
    "</mc:AlternateContent>"
)


@pytest.mark.parametrize(
    "inside",
    [
        f"<w:smartTag>{RUN}</w:smartTag>",
        f'<w:customXml w:element="x">{RUN}</w:customXml>',
        CONTROL.format("", RUN),
        CONTROL.format("<w:dropDownList/>", RUN),
        f'<w:fldSimple w:instr="AUTHOR">{RUN}</w:fldSimple>',
        FIELD.format("AUTHOR", RUN),
        f'<w:hyperlink w:anchor="x">{RUN}</w:hyperlink>',
        f"<w:hyperlink>{RUN}</w:hyperlink>",
        f'<w:dir w:val="rtl">{RUN}</w:dir>',
        f'<w:bdo w:val="ltr">{RUN}</w:bdo>',
        f"<w:ins>{RUN}</w:ins>",
        f"<w:moveTo>{RUN}</w:moveTo>",
        f"<w14:conflictIns>{RUN}</w14:conflictIns>",
        f"<m:oMath><m:r><m:t>{WORD}</m:t></m:r></m:oMath>",
        "<m:oMath><m:r><m:t>MAR</m:t></m:r><m:r><m:t>KER</m:t></m:r></m:oMath>",
        f"<m:oMathPara><m:oMath><m:r><m:t>{WORD}</m:t></m:r></m:oMath></m:oMathPara>",
        RUBY.format(RUN),
        EITHER.format(RUN, RUN),
        EITHER.format("", RUN),
        EITHER.format(RUN, ""),
        *(f"<w:r>{PICT.format(shape, BOX)}</w:r>" for shape in OLD_SHAPES),
        f"<w:r><w:pict><v:group><v:oval><v:textbox>{BOX}</v:textbox></v:oval></v:group></w:pict></w:r>",
        f"<w:r><w:object><v:shape><v:textbox>{BOX}</v:textbox></v:shape></w:object></w:r>",
        f"<w:r>{DRAWING.format(SHAPE)}</w:r>",
        f"<w:r>{DRAWING.format(f'<a:x>{SHAPE}</a:x>')}</w:r>",
        f"<w:r>{EITHER.format(DRAWING.format(SHAPE), PICT.format('shape', BOX))}</w:r>",
        f"<w:r>{EITHER.format(DRAWING.format(SHAPE), '<w:pict><v:shape/></w:pict>')}</w:r>",
        f"<w:r>{EITHER.format('<w:drawing/>', PICT.format('oval', BOX))}</w:r>",
        f"<w:r>{DRAWING.format(EITHER.format(SHAPE, SHAPE))}</w:r>",
    ],
)
def test_no_container_loses_its_text_or_shows_it_twice(inside: str) -> None:
    text = text_of(docx(f"<w:p>{run('before ')}{inside}{run(' after')}</w:p>"))
    assert text.count(WORD) == 1
    assert text.split() in (["before", WORD, "after"], ["before", "after", WORD])


@pytest.mark.parametrize(
    "body",
    [
        f'<w:customXml w:element="x">{paragraph(WORD)}</w:customXml>',
        CONTROL.format("", paragraph(WORD)),
        f"<w:tbl><w:tr><w:tc>{paragraph(WORD)}</w:tc></w:tr></w:tbl>",
        "<w:tbl>" + CONTROL.format("", f"<w:tr><w:tc>{paragraph(WORD)}</w:tc></w:tr>") + "</w:tbl>",
        "<w:tbl><w:tr>" + CONTROL.format("", f"<w:tc>{paragraph(WORD)}</w:tc>") + "</w:tr></w:tbl>",
        EITHER.format(paragraph(WORD), paragraph(WORD)),
        paragraph(WORD, '<w:framePr w:w="100"/>'),
    ],
)
def test_no_container_of_paragraphs_loses_its_text(body: str) -> None:
    assert text_of(docx(paragraph("before") + body + paragraph("after"))).split() == [
        "before", WORD, "after",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("between", "shown"),
    [
        ("<w:br/>", "\n"),
        ('<w:br w:type="page"/>', "\n"),
        ('<w:br w:type="column"/>', "\n"),
        ('<w:br w:type="textWrapping" w:clear="all"/>', "\n"),
        ("<w:cr/>", "\n"),
        ("<w:tab/>", "\t"),
        ('<w:ptab w:relativeTo="margin" w:alignment="right" w:leader="none"/>', "\t"),
        ("<w:noBreakHyphen/>", "-"),
        ("<w:softHyphen/>", ""),
        ("<w:lastRenderedPageBreak/>", ""),
    ],
)
def test_what_parts_words(between: str, shown: str) -> None:
    body = f"<w:p><w:r><w:t>a</w:t>{between}<w:t>b</w:t></w:r></w:p>"
    assert text_of(docx(body)) == f"a{shown}b\n"


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ('<w:result w:val="1"/><w:default w:val="0"/>', "German"),
        ('<w:default w:val="1"/>', "German"),
        ("", "English"),
        ('<w:result w:val="2"/>', ""),
        ('<w:result w:val="-1"/>', "English"),
        (f'<w:result w:val="{"9" * 5000}"/>', ""),
    ],
)
def test_the_entry_that_was_chosen_in_a_form(chosen: str, shown: str) -> None:
    entries = '<w:listEntry w:val="English"/><w:listEntry w:val="German"/>'
    body = (
        f'<w:p>{run("Language: ")}<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList>'
        f"{chosen}{entries}</w:ddList></w:ffData></w:fldChar></w:r>"
        "<w:r><w:instrText> FORMDROPDOWN </w:instrText></w:r>"
        f'<w:r><w:fldChar w:fldCharType="end"/></w:r>{run(", fluent")}</w:p>'
    )
    assert text_of(docx(body)) == f"Language: {shown}, fluent\n"


def test_check_boxes() -> None:
    def control(state: str, character: str) -> str:
        box = f'<w14:checkbox><w14:checked w14:val="{state}"/></w14:checkbox>'
        return f"<w:p>{CONTROL.format(box, character)}{run(' licence')}</w:p>"

    def form(state: str) -> str:
        return (
            '<w:p><w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox>'
            f"{state}</w:checkBox></w:ffData></w:fldChar></w:r>"
            "<w:r><w:instrText> FORMCHECKBOX </w:instrText></w:r>"
            f'<w:r><w:fldChar w:fldCharType="end"/></w:r>{run(" form")}</w:p>'
        )

    body = (
        control("1", run("☒"))
        + control("0", run("☐"))
        + control("1", '<w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r>')
        + form("<w:checked/>")
        + form('<w:checked w:val="0"/><w:default w:val="1"/>')
        + form('<w:default w:val="1"/>')
        + form('<w:default w:val="0"/>')
    )
    assert text_of(docx(body)).split("\n\n") == [
        "☒ licence", "☐ licence", "✓ licence", "☒ form", "☐ form", "☒ form", "☐ form\n",
    ]  # fmt: skip
