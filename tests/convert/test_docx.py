"""DOCX: its parts, its tracked changes and its text, as text and as LibreOffice gets it."""

import io
import re
import zipfile

import pytest

from target_linkedin_resumes.convert.sanitize import sanitize
from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.resumes import formats
from tests.convert.documents import docx, found, paragraph, relationship, run, style, text_of
from tests.convert.test_hostile import parts
from tests.resumes.samples import zipped


def test_runs() -> None:
    body = (
        "<w:p>"
        + run("shown ")
        + run("hidden ", "<w:vanish/>")
        + run("not hidden ", '<w:vanish w:val="false"/>')
        + run("by style ", '<w:rStyle w:val="Ghost"/>')
        + f"<w:ins>{run('inserted ')}</w:ins><w:del>{run('deleted ')}</w:del>"
        + f"<w:moveTo>{run('moved ')}</w:moveTo><w:moveFrom>{run('moved ')}</w:moveFrom>"
        + f"<w:smartTag>{run('smart')}</w:smartTag>"
        + "<w:r><w:noBreakHyphen/><w:t>tag</w:t><w:tab/><w:t>x &amp;copy y</w:t><w:br/></w:r>"
        + '<w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r></w:p>'
        + paragraph("all of it", '<w:pStyle w:val="Gone"/>')
    )
    styles = style("Ghost", "<w:rPr><w:vanish/></w:rPr>") + style("Gone", based_on="Ghost")
    assert text_of(docx(body, {"styles": styles})) == (
        "shown not hidden inserted moved smart-tag\tx &copy y\n✓\n"
    )


def test_content_controls() -> None:
    body = (
        f"<w:sdt><w:sdtPr/><w:sdtContent>{paragraph('filled in')}</w:sdtContent></w:sdt>"
        "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr>"
        f"<w:sdtContent>{paragraph('Click here to enter text')}</w:sdtContent></w:sdt>"
    )
    assert text_of(docx(body)) == "filled in\n"


@pytest.mark.parametrize(
    "properties", ["<w:showingPlcHdr/><w:showingPlcHdr/>", "<w:showingPlcHdr/><w:text/>"]
)
def test_what_asks_to_be_filled_in(properties: str) -> None:
    inner = CONTROL.format(properties, paragraph("Click here"))
    body = paragraph("before") + CONTROL.format(properties, inner) + inner + paragraph("after")
    assert text_of(docx(body)) == "before\n\nafter\n"


def test_text_boxes_once_in_whichever_form() -> None:
    box = f"<w:txbxContent>{paragraph('in a box')}</w:txbxContent>"
    drawing = f"<w:drawing><wp:inline><a:graphic>{box}</a:graphic></wp:inline></w:drawing>"
    older = f"<w:pict><v:shape><v:textbox>{box}</v:textbox></v:shape></w:pict>"
    for inside in (
        f"<mc:Choice>{drawing}</mc:Choice><mc:Fallback>{older}</mc:Fallback>",
        f"<mc:Choice>{drawing}</mc:Choice>",
        None,
    ):
        either = f"<mc:AlternateContent>{inside}</mc:AlternateContent>" if inside else drawing
        body = f"<w:p>{run('before ')}<w:r>{either}</w:r>{run('after')}</w:p>"
        assert text_of(docx(body)) == "before after\n\nin a box\n"


def test_links() -> None:
    def field(code: str, result: str) -> str:
        return (
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
            f"<w:r><w:instrText>{code}</w:instrText></w:r>"
            f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run(result)}'
            '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        )

    target = "HYPERLINK &quot;https://example.org/&quot;"
    text, more = "</w:instrText></w:r>", "<w:r><w:instrText>"
    for code in (
        f"{target} \\o &quot;CODE&quot;",
        f"{target} \\t &quot;_blank&quot; \\h",
        "HYPERLINK \\o &quot;CODE&quot; &quot;https://example.org/&quot;",
        f"{target}{text}{run('CODE')}{more} \\o &quot;C&quot;",
        f"{target}{text}{field(' MERGEFIELD x ', 'CODE')}{more}",
    ):
        assert text_of(docx(f"<w:p>{field(code, 'there')}</w:p>")) == (
            "there (https://example.org/)\n"
        )
    assert text_of(docx(f"<w:p>{field(' X ', 'a')}{run('b')}</w:p>")) == "ab\n"
    unfinished = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    assert text_of(docx(f"<w:p>{unfinished}{run('kept')}</w:p>{paragraph('as well')}")) == (
        "kept\n\nas well\n"
    )
    body = (
        f'<w:p><w:hyperlink r:id="a">{run("my site")}</w:hyperlink>{run(", ")}'
        f'<w:hyperlink r:id="a">{run("www.example.com")}</w:hyperlink>{run(", ")}'
        f'<w:hyperlink r:id="b">{run("mail")}</w:hyperlink>{run(", ")}'
        f'<w:hyperlink r:id="c">{run("file")}</w:hyperlink>{run(", ")}'
        f"{field(' HYPERLINK &quot;https://example.org/&quot; ', 'there')}{run(', ')}"
        f"{field(' DATE ', '1 May')}</w:p>"
    )
    links = (
        relationship("a", "hyperlink", "https://www.example.com/", external=True)
        + relationship("b", "hyperlink", "mailto:jane@example.com?subject=x", external=True)
        + relationship("c", "hyperlink", "file:///etc/passwd", external=True)
    )
    assert text_of(docx(body, links=links)) == (
        "my site (https://www.example.com/), www.example.com, mail (jane@example.com), file,"
        " there (https://example.org/), 1 May\n"
    )


def test_lists_and_headings() -> None:
    def item(text: str, number: int, level: int = 0) -> str:
        return paragraph(
            text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
        )

    numbering = (
        '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/></w:lvl></w:abstractNum>'
        '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl>'
        "</w:abstractNum>"
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        '<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    )
    styles = (
        style("H", '<w:name w:val="heading 2"/>')
        + style("Mine", '<w:name w:val="Mine"/>', based_on="H")
        + style("T", '<w:name w:val="Title"/>')
        + style("Deep", '<w:pPr><w:outlineLvl w:val="2"/></w:pPr>')
        + style("Loop", based_on="Loop")
        + style("Bullet", '<w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr>')
    )
    body = (
        paragraph("Jane", '<w:pStyle w:val="T"/>')
        + paragraph("Skills", '<w:pStyle w:val="Mine"/>')
        + paragraph("By outline", '<w:outlineLvl w:val="0"/>')
        + paragraph("Body", '<w:pStyle w:val="Mine"/><w:outlineLvl w:val="9"/>')
        + paragraph("Deep", '<w:pStyle w:val="Deep"/>')
        + paragraph("Loop", '<w:pStyle w:val="Loop"/>')
        + item("one", 1)
        + item("first", 1, 1)
        + item("second", 1, 1)
        + item("two", 1)
        + item("again", 1, 1)
        + item("a point", 2)
        + paragraph("by style", '<w:pStyle w:val="Bullet"/>')
        + item("unknown list", 9)
        + item("no list", 0)
    )
    assert text_of(docx(body, {"styles": styles, "numbering": numbering})).splitlines() == [
        "Jane", "====", "", "Skills", "------", "", "By outline", "==========", "", "Body", "",
        "Deep", "", "Loop", "", " 1. one", "     1. first", "     2. second", " 2. two",
        "     1. again", "  * a point", "  * by style", "", "unknown list", "", "no list",
    ]  # fmt: skip


def test_styles_for_deeper_lists() -> None:
    """Word indents "List Bullet 2" and leaves it on the first level of a list of its own."""

    def bulleted(name: str, number: int) -> str:
        numbering = f'<w:pPr><w:numPr><w:numId w:val="{number}"/></w:numPr></w:pPr>'
        return style(name.replace(" ", ""), f'<w:name w:val="{name}"/>{numbering}')

    styles = "".join(
        bulleted(name, number)
        for number, name in enumerate(
            ("List Bullet", "List Bullet 2", "List Bullet 3", "List Number", "List Number 2"), 1
        )
    )
    numbering = "".join(
        f'<w:abstractNum w:abstractNumId="{number}"><w:lvl w:ilvl="0"><w:numFmt w:val="{kind}"/>'
        '<w:pStyle w:val="x"/></w:lvl></w:abstractNum>'
        for number, kind in enumerate(("bullet",) * 3 + ("decimal",) * 2, 1)
    ) + "".join(
        f'<w:num w:numId="{number}"><w:abstractNumId w:val="{number}"/></w:num>'
        for number in range(1, 6)
    )
    names = ("ListBullet", "ListBullet2", "ListBullet3", "ListBullet2", "ListBullet", "ListNumber",
             "ListNumber2", "ListNumber")  # fmt: skip
    points = [paragraph(name, f'<w:pStyle w:val="{name}"/>') for name in names]
    alone = paragraph("between") + points[2] + paragraph("end")
    body = "".join(points) + alone
    assert text_of(docx(body, {"styles": styles, "numbering": numbering})).splitlines() == [
        "  * ListBullet", "      + ListBullet2", "          o ListBullet3",
        "      + ListBullet2", "  * ListBullet", " 1. ListNumber", "     1. ListNumber2",
        " 2. ListNumber", "", "between", "", "  * ListBullet3", "", "end",
    ]  # fmt: skip


def test_headers_footers_and_notes() -> None:
    page = '<w:fldSimple w:instr=" PAGE "><w:r><w:t>{}</w:t></w:r></w:fldSimple>'
    body = (
        f'<w:p>{run("Text")}<w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
        '<w:sectPr><w:headerReference w:type="even" r:id="header3"/>'
        '<w:headerReference w:type="default" r:id="header1"/>'
        '<w:headerReference w:type="first" r:id="header2"/>'
        '<w:footerReference w:type="default" r:id="footer1"/>'
        '<w:headerReference w:type="default" r:id="nowhere"/>{}</w:sectPr>'
    )
    link = f'<w:p><w:hyperlink r:id="own">{run("my site")}</w:hyperlink></w:p>'
    parts = {
        "header1": paragraph("Jane Doe") + link,
        "header2": paragraph("Jane Doe") + paragraph("First page"),
        "header3": paragraph("Left"),
        "footer1": f"<w:p>{run('Page ')}{page.format(2)}{run(' of 3')}</w:p>"
        f"<w:p>{run('jane@example.com, 555 0100, page ')}{page.format(2)}</w:p>",
        "footnotes": f'<w:footnote w:id="0"/><w:footnote w:id="2">{paragraph("A note")}'
        "</w:footnote>",
    }
    own = {"header1": relationship("own", "hyperlink", "https://example.com/me", external=True)}
    header = "Jane Doe\n\nmy site (https://example.com/me)\n\n"
    end = "Text[1]\n\njane@example.com, 555 0100, page 2\n\n 1. A note\n"
    assert text_of(docx(body.format(""), parts, own_links=own)) == header + end
    assert text_of(docx(body.format("<w:titlePg/>"), parts, own_links=own)) == (
        header + "First page\n\n" + end
    )
    settings = parts | {"settings": "<w:evenAndOddHeaders/>"}
    assert text_of(docx(body.format(""), settings, own_links=own)) == "Left\n\n" + header + end


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("Jane Doe, 555 0100 | ", "", "Jane Doe, 555 0100"),
        ("", " \u2013 Jane Doe", "Jane Doe"),
        ("Jane Doe 555 0100 Page ", "", "Jane Doe 555 0100 Page"),
        ("Page ", " of 12", ""),
        ("+33 1 23 45 67 89 | ", "", "+33 1 23 45 67 89"),
        ("Página ", " de 2", ""),
        ("第", "页", ""),
        ("- ", " -", ""),
        ("Seite ", " Lebenslauf", "Seite  Lebenslauf"),
    ],
)
@pytest.mark.parametrize("form", ["simple", "complex"])
def test_of_a_page_number_only_the_number_goes(
    before: str, after: str, shown: str, form: str
) -> None:
    number = (
        f'<w:fldSimple w:instr="PAGE">{run("7")}</w:fldSimple>'
        if form == "simple"
        else FIELD.format("PAGE \\* MERGEFORMAT", run("7"))
    )
    footer = f"<w:p>{run(before)}{number}{run(after)}</w:p>"
    section = SECTION.replace("header", "footer")
    text = text_of(docx(paragraph("Text") + section, {"footer1": footer}))
    assert text == (f"Text\n\n{shown}\n" if shown else "Text\n")


def test_tables() -> None:
    def table(*rows: list[str]) -> str:
        cells = (
            "<w:tr>" + "".join(f"<w:tc>{cell}</w:tc>" for cell in row) + "</w:tr>" for row in rows
        )
        return f"<w:tbl>{''.join(cells)}</w:tbl>"

    grid = table(
        [paragraph("Language"), paragraph("Level")],
        [paragraph("日本語"), paragraph("native")],
        [paragraph(""), paragraph("")],
        [paragraph("ไทย")],
    )
    deleted = f"<w:tr><w:trPr><w:del/></w:trPr><w:tc>{paragraph('GONE')}</w:tc></w:tr></w:tbl>"
    layout = table(
        [paragraph("2019"), paragraph("Engineer") + paragraph("Wrote software")],
        [paragraph("2018"), grid.replace("</w:tbl>", deleted)],
    )
    assert text_of(docx(layout)) == (
        "2019\n\nEngineer\n\nWrote software\n\n2018\n\nLanguage | Level\n日本語 | native\nไทย\n"
    )
    deep = paragraph("inmost")
    for _ in range(20):
        deep = table([deep, paragraph("side")])
    assert text_of(docx(deep)).count("inmost") == 1
    assert text_of(docx(deep)).count("side") == 20


def test_the_strict_form() -> None:
    box = f"<w:r>{DRAWING.format(SHAPE)}</w:r>"
    link = f'<w:hyperlink r:id="a">{run("site")}</w:hyperlink>'
    transitional = docx(
        f"<w:p>{run('strict ')}{run('gone', '<w:vanish/>')}{link}{box}</w:p>"
        + paragraph("Head", '<w:pStyle w:val="T"/>')
        + SECTION,
        {"header1": paragraph("Jane"), "styles": style("T", '<w:name w:val="Title"/>')},
        links=relationship("a", "hyperlink", "https://example.com/", external=True),
    )
    members = parts(transitional)
    members["word/looks.xml"] = members.pop("word/styles.xml")
    members = {
        name: content.replace(b"styles.xml", b"looks.xml")
        .replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        )
        .replace(
            b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        )
        for name, content in members.items()
    }
    assert text_of(zipped(members)) == (
        "Jane\n\nstrict site (https://example.com/)\n\nMARKER\n\nHead\n====\n"
    )


def test_what_is_switched_off_is_off() -> None:
    off = 'w:val="{}"'
    for no in ("0", "false", "off"):
        section = SECTION.replace("<w:sectPr>", f'<w:sectPr><w:titlePg w:val="{no}"/>')
        section = section.replace("default", "first").replace(
            "</w:sectPr>", '<w:headerReference w:type="even" r:id="header2"/></w:sectPr>'
        )
        control = CONTROL.format(f"<w:showingPlcHdr {off.format(no)}/>", paragraph("filled in"))
        parts = {
            "header1": paragraph("GONE"),
            "header2": paragraph("GONE"),
            "settings": f"<w:evenAndOddHeaders {off.format(no)}/>",
        }
        assert text_of(docx(control + section, parts)) == "filled in\n"


def test_hidden_rows_deleted_cells_and_hidden_drawings() -> None:
    def row(properties: str, *cells: str) -> str:
        return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"

    def cell(text: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"

    rows = row("<w:hidden/>", cell("GONE")) + row(
        '<w:hidden w:val="0"/>', cell("a"), cell("GONE", "<w:cellDel/>"), cell("b")
    )
    hidden = DRAWING.format(SHAPE).replace("<wp:anchor>", '<wp:anchor><wp:docPr hidden="1"/>')
    body = f"<w:tbl>{rows}</w:tbl><w:p><w:r>{hidden}</w:r>{run('x')}</w:p>"
    assert text_of(docx(body)) == "a | b\n\nx\n"


@pytest.mark.parametrize(
    "inside",
    [
        '<w:hyperlink r:id="nowhere">{}</w:hyperlink>',
        '<w:hyperlink r:id="">{}</w:hyperlink>',
        '{}<w:r><w:footnoteReference w:id="9"/></w:r>',
        '{}<w:r><w:endnoteReference w:id="9"/></w:r>',
        '{}<w:r><w:drawing><wp:inline><a:blip r:embed="nowhere"/></wp:inline></w:drawing></w:r>',
        '{}<w:r><w:pict><v:shape><v:imagedata r:id="nowhere"/></v:shape></w:pict></w:r>',
        '{}<w:r><w:object><v:shape><v:imagedata r:id="nowhere"/></v:shape></w:object></w:r>',
    ],
)
def test_what_refers_to_nothing_keeps_its_text(inside: str) -> None:
    assert text_of(docx(f"<w:p>{inside.format(run('kept'))}</w:p>")) == "kept\n"


def test_either_form_within_another() -> None:
    inner = EITHER.format("", run("GONE"))
    body = f"<w:p>{EITHER.format(run('a '), inner)}{EITHER.format('', run('b '))}"
    body += f"{EITHER.format(EITHER.format('', run('c')), run('GONE'))}</w:p>"
    assert text_of(docx(body)) == "a b c\n"


def test_a_large_first_letter_stays_with_its_word() -> None:
    first = paragraph("J", '<w:framePr w:dropCap="drop" w:lines="3"/>')
    assert text_of(docx(first + paragraph("ane Doe") + paragraph("x"))) == "Jane Doe\n\nx\n"


def test_the_number_of_a_page_in_a_box() -> None:
    page = f"<w:p>{run('Jane ')}{FIELD.format('PAGE', run('7'))}</w:p>"
    box = f"<w:txbxContent>{page}</w:txbxContent>"
    footer = f"<w:p><w:r>{PICT.format('shape', box)}</w:r></w:p>"
    section = SECTION.replace("header", "footer")
    assert text_of(docx(paragraph("Text") + section, {"footer1": footer})) == "Text\n\nJane\n"


def test_a_link_over_two_paragraphs() -> None:
    code = "<w:r><w:instrText>HYPERLINK https://x.org/</w:instrText></w:r>"
    begun = f"{MARK.format('begin')}{code}{MARK.format('separate')}{run('my')}"
    body = f"<w:p>{begun}</w:p><w:p>{run('site')}{MARK.format('end')}</w:p>"
    assert text_of(docx(body)) == "my (https://x.org/)\n\nsite\n"
    simple = f"<w:fldSimple w:instr='HYPERLINK &quot;https://x.org/&quot;'>{run('a')}</w:fldSimple>"
    assert text_of(docx(f"<w:p>{simple}</w:p>")) == "a (https://x.org/)\n"
    hidden = f"{MARK.format('begin')}{code}{MARK.format('separate')}{run('my', '<w:vanish/>')}"
    assert text_of(docx(f"<w:p>{hidden}{MARK.format('end')}{run('b')}</w:p>")) == "b\n"


def test_a_link_about_either_form() -> None:
    either = EITHER.format(run("site"), run("site"))
    body = f'<w:p><w:hyperlink r:id="a">{either}</w:hyperlink></w:p>'
    link = relationship("a", "hyperlink", "https://example.com/", external=True)
    assert text_of(docx(body, links=link)) == "site (https://example.com/)\n"


def test_a_list_without_numbers() -> None:
    numbering = (
        '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="none"/></w:lvl>'
        '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    )
    point = paragraph("point", '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
    assert text_of(docx(point, {"numbering": numbering})) == "  * point\n"


MARK = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
SECTION = '<w:sectPr><w:headerReference w:type="default" r:id="header1"/></w:sectPr>'


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("header1.xml", "word/header1.xml"),
        ("/word/header1.xml", "word/header1.xml"),
        ("../word/./header1.xml", "word/header1.xml"),
        ("Header1.XML", "word/header1.xml"),
        ("/word/headers/top%20of%20page.xml", "word/headers/top of page.xml"),
        ("/margins/first.xml", "margins/first.xml"),
    ],
)
def test_a_header_wherever_it_is(target: str, name: str) -> None:
    link = '<w:p><w:hyperlink r:id="own"><w:r><w:t>site</w:t></w:r></w:hyperlink>'
    gone = "<w:del><w:r><w:t>GONE</w:t></w:r></w:del></w:p>"
    members = parts(docx(paragraph("Text") + SECTION, {"header1": paragraph("Jane") + link + gone}))
    header = members.pop("word/header1.xml")
    relations = members["word/_rels/document.xml.rels"]
    members["word/_rels/document.xml.rels"] = relations.replace(
        b'Target="header1.xml"', f'Target="{target}"'.encode()
    )
    folder, _, file = name.rpartition("/")
    own = parts(
        docx(
            "",
            own_links={"x": relationship("own", "hyperlink", "https://example.com", external=True)},
        )
    )
    members |= {name: header, f"{folder}/_rels/{file}.rels": own["word/_rels/x.xml.rels"]}
    content = zipped(members)
    assert text_of(content) == "Jane\n\nsite (https://example.com)\n\nText\n"
    assert b"GONE" not in sanitize(found(content), formats.DOCX)


def test_styles_and_the_document_by_absolute_names() -> None:
    members = parts(
        docx(
            paragraph("Jane", '<w:pStyle w:val="T"/>'),
            {"styles": style("T", '<w:name w:val="Title"/>')},
        )
    )
    members["word/looks.xml"] = members.pop("word/styles.xml")
    for name in ("word/_rels/document.xml.rels", "_rels/.rels"):
        members[name] = (
            members[name]
            .replace(b'"styles.xml"', b'"/word/looks.xml"')
            .replace(b'"word/document.xml"', b'"/word/document.xml"')
        )
    assert text_of(zipped(members)) == "Jane\n====\n"


@pytest.mark.parametrize("element", ["altChunk", "subDoc"])
def test_a_document_that_takes_in_another_is_refused(element: str) -> None:
    """Its text would be missing, and nobody would know."""
    content = docx(paragraph("My own text") + f'<w:{element} r:id="x"/>')
    for convert in (text_of, lambda content: sanitize(found(content), formats.DOCX)):
        with pytest.raises(Reject, match="open it in Word and save it again") as caught:
            convert(content)
        assert caught.value.code == "conversion_failed"


ENDED = "<w:rPr><w:del/></w:rPr>"
GONE = f"<w:p><w:pPr>{ENDED}</w:pPr><w:del>{run('gone')}</w:del></w:p>"
TABLE = f"<w:tbl><w:tr><w:tc>{paragraph('cell')}</w:tc></w:tr></w:tbl>"


@pytest.mark.parametrize(
    ("body", "paragraphs"),
    [
        (paragraph("one ", ENDED) + paragraph("line"), ["one line"]),
        (paragraph("o", ENDED) + paragraph("n", ENDED) + paragraph("e"), ["one"]),
        (paragraph("one ", "<w:rPr><w:moveFrom/></w:rPr>") + paragraph("line"), ["one line"]),
        (paragraph("one ", ENDED) + '<w:bookmarkEnd w:id="0"/>' + paragraph("line"), ["one line"]),
        (paragraph("one ", ENDED) + f"<w:p>{run('line')}</w:p>", ["one line"]),
        (paragraph("a") + GONE + paragraph("b"), ["a", "b"]),
        (GONE + TABLE, ["cell"]),
        (paragraph("kept", ENDED) + TABLE, ["kept", "cell"]),
        (paragraph("a") + paragraph("last", ENDED), ["a", "last"]),
        (paragraph("section ", f"{ENDED}<w:sectPr/>") + paragraph("b"), ["section ", "b"]),
        (paragraph("a", "<w:rPr><w:ins/></w:rPr>") + paragraph("b"), ["a", "b"]),
    ],
)
def test_paragraphs_whose_end_was_deleted(body: str, paragraphs: list[str]) -> None:
    content = docx(body)
    assert text_of(content).strip().split("\n\n") == [one.strip() for one in paragraphs]
    with zipfile.ZipFile(io.BytesIO(sanitize(found(content), formats.DOCX))) as archive:
        handed = archive.read("word/document.xml").decode()
    texts = ["".join(re.findall("<w:t [^>]*>([^<]*)", one)) for one in handed.split("</w:p>")[:-1]]
    assert texts == paragraphs


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


@pytest.mark.parametrize(
    ("font", "code", "shown"),
    [
        *(("Calibri", "00E9", "é"), ("Calibri", "F0E9", "é"), ("Arial", "2022", "•")),
        *(
            ("Calibri", "D800", ""),
            ("Calibri", "x", ""),
            ("Symbol", "", ""),
            ("Wingdings", "F028", "🕿"),
        ),
    ],
)
def test_symbols(font: str, code: str, shown: str) -> None:
    symbol = f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>'
    assert text_of(docx(f"<w:p>{symbol}{run('cole')}</w:p>")) == f"{shown}cole\n"


def test_word_art() -> None:
    art = '<w:r><w:pict><v:shape><v:textpath string="Jane &amp; Roe"/></v:shape></w:pict></w:r>'
    assert text_of(docx(f"<w:p>{art}</w:p>{paragraph('x')}")) == "Jane & Roe\n\nx\n"


def test_diagrams() -> None:
    name = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
    drawing = (
        f'<w:r><w:drawing><wp:inline><a:graphic><a:graphicData><d:relIds xmlns:d="{name}"'
        ' r:dm="diagramData1"/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>'
    )
    shape = "<d:pt><d:t><a:p><a:r><a:t>{}</a:t></a:r></a:p></d:t></d:pt>"
    data = f'<d:ptLst xmlns:d="{name}">{shape.format("one")}{shape.format("two")}<d:pt/></d:ptLst>'
    body = f"{paragraph('before')}<w:p>{drawing}</w:p>{paragraph('behind')}"
    assert text_of(docx(body, {"diagramData1": data})).split() == ["before", "one", "two", "behind"]
