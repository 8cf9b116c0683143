"""DOCX as text."""

import io
import zipfile

from tests.convert.documents import docx, paragraph, relationship, run, style, text_of
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
    transitional = docx(f"<w:p>{run('strict')}{run('gone', '<w:vanish/>')}</w:p>")
    with zipfile.ZipFile(io.BytesIO(transitional)) as archive:
        members = {
            name: archive.read(name).replace(
                b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
                b"http://purl.oclc.org/ooxml/wordprocessingml/main",
            )
            for name in archive.namelist()
        }
    assert text_of(zipped(members)) == "strict\n"
