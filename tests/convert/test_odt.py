"""ODT as text."""

import io
import zipfile

import pytest

from target_linkedin_resumes.convert.sanitize import sanitize
from target_linkedin_resumes.resumes import formats
from tests.convert.documents import found, odt, text_of
from tests.convert.test_hostile import parts
from tests.resumes.samples import zipped


def test_what_is_shown() -> None:
    automatic = (
        '<style:style style:name="G"><style:text-properties text:display="none"/></style:style>'
        '<style:style style:name="H" style:parent-style-name="G"/>'
        '<style:style style:name="T" style:parent-style-name="Title"/>'
    )
    body = (
        '<text:p text:style-name="T">Name</text:p><text:p text:style-name="G">GONE</text:p>'
        '<text:p>a\n  b<text:s text:c="2"/>c<text:tab/>d &amp;copy e &lt;b&gt;'
        '<text:span text:style-name="H">GONE</text:span>'
        "<text:line-break/><office:annotation><text:p>GONE</text:p></office:annotation>f</text:p>"
        '<text:section text:display="none"><text:p>GONE</text:p></text:section>'
        "<text:section><text:p>kept</text:p></text:section>"
        "<text:p><text:hidden-text>GONE</text:hidden-text><text:ruby><text:ruby-base>漢"
        "</text:ruby-base><text:ruby-text>GONE</text:ruby-text></text:ruby></text:p>"
        "<text:tracked-changes><text:p>GONE</text:p></text:tracked-changes>"
        "<text:p>p<draw:frame><draw:text-box><text:list><text:list-item><text:p>boxed</text:p>"
        "</text:list-item></text:list></draw:text-box><svg:title>GONE</svg:title></draw:frame>q"
        "</text:p>"
    )
    assert text_of(odt(body, automatic=automatic)) == (
        "Name\n====\n\na b c\td &copy e <b>\nf\n\nkept\n\n漢\n\npq\n\n  * boxed\n"
    )


def test_lists() -> None:
    def items(*inside: str, more: str = "") -> str:
        points = "".join(f"<text:list-item>{item}</text:list-item>" for item in inside)
        return f'<text:list text:style-name="L" {more}>{points}</text:list>'

    def p(text: str) -> str:
        return f"<text:p>{text}</text:p>"

    automatic = (
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1"'
        ' style:num-format="1" text:start-value="2"/>'
        '<text:list-level-style-bullet text:level="2"/></text:list-style>'
    )
    inner = f"<text:list><text:list-item>{p('in')}</text:list-item></text:list>"
    body = (
        items(p("two") + p("more of it"), p("three") + inner, p("four") + inner)
        + p("between")
        + items(p("five"), more='text:continue-numbering="true"')
        + items(p("two again"))
        + items(p("two"), p("seven"), p("eight")).replace(
            "item><text:p>seven", "item text:start-value='7'><text:p>seven"
        )
        + f"<text:list><text:list-item>{p('bullet')}</text:list-item></text:list>"
    )
    assert text_of(odt(body, automatic=automatic)).splitlines() == [
        " 2. two", "    more of it", " 3. three", "      + in", " 4. four", "      + in", "",
        "between", "", " 5. five", " 2. two again", " 2. two", " 7. seven", " 8. eight",
        "  * bullet",
    ]  # fmt: skip


def test_headings_in_lists_and_empty_points() -> None:
    def items(*inside: str) -> str:
        points = "".join(f"<text:list-item>{item}</text:list-item>" for item in inside)
        return f"<text:list>{points}</text:list>"

    heading = '<text:h text:outline-level="1">Work</text:h>'
    body = items(items(heading)) + items("<text:p/>", "<text:p>point</text:p>")
    assert text_of(odt(body)) == "Work\n====\n\n  * point\n"


def test_headers_footers_notes_and_links() -> None:
    page = "<text:page-number>1</text:page-number>"
    styles = (
        '<office:master-styles><style:master-page style:name="Standard">'
        "<style:header><text:p>Jane Doe, 555 0100</text:p></style:header>"
        '<style:header-first style:display="false"><text:p>GONE</text:p></style:header-first>'
        f"<style:footer><text:p>Page <text:span>{page}</text:span></text:p>"
        f"<text:p>jane@example.com, her resume, {page}</text:p></style:footer>"
        "</style:master-page></office:master-styles>"
    )
    body = (
        '<text:p>My <text:a xlink:href="https://example.com/?a=1&amp;b=2">site</text:a>'
        "<text:note><text:note-citation>i</text:note-citation><text:note-body><text:p>A note"
        "</text:p></text:note-body></text:note></text:p>"
        "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>x</text:p>"
        "</table:table-cell><table:table-cell><text:p>y</text:p></table:table-cell>"
        "</table:table-row></table:table-header-rows></table:table>"
        '<text:h text:outline-level="3">Third</text:h>'
    )
    assert text_of(odt(body, styles=styles)) == (
        "Jane Doe, 555 0100\n\nMy site (https://example.com/?a=1&b=2) [1]\n\nx | y\n\nThird\n\n"
        "[1] A note\n\njane@example.com, her resume, 1\n"
    )


def test_headers_of_every_page_each_once() -> None:
    def page(name: str, inside: str) -> str:
        return f'<style:master-page style:name="{name}">{inside}</style:master-page>'

    def margin(kind: str, *texts: str) -> str:
        inside = "".join(f"<text:p>{text}</text:p>" for text in texts)
        return f"<style:{kind}>{inside}</style:{kind}>"

    number = "<text:page-number>2</text:page-number>"
    styles = "<office:master-styles>{}</office:master-styles>".format(
        page("A", margin("header", "Jane Doe", "odd") + margin("header-left", "Jane Doe", "even"))
        + page(
            "B", margin("header", "Jane Doe", "landscape") + margin("footer", f"555 0100 {number}")
        )
        + page(
            "C",
            margin("footer-left", "on the left", f"{number}/<text:page-count>3</text:page-count>"),
        )
    )
    assert text_of(odt("<text:p>Text</text:p>", styles=styles)).split("\n\n") == [
        "Jane Doe", "odd", "even", "landscape", "Text", "555 0100", "on the left\n",
    ]  # fmt: skip


def test_good_documents_of_other_writers() -> None:
    members = parts(odt('<text:p xml:id="a">one</text:p><text:p xml:id="a">two</text:p>'))
    declared = (
        b'<!DOCTYPE manifest:manifest PUBLIC "-//OpenOffice.org//DTD Manifest 1.0//EN" "M.dtd">'
    )
    members["META-INF/manifest.xml"] = declared + members["META-INF/manifest.xml"]
    kind = members.pop("mimetype")
    content = zipped(members | {"mimetype": kind})
    assert text_of(content) == "one\n\ntwo\n"
    with zipfile.ZipFile(io.BytesIO(sanitize(found(content), formats.ODT))) as handed:
        assert handed.infolist()[0].filename == "mimetype"
        assert handed.infolist()[0].compress_type == zipfile.ZIP_STORED


def test_boxes_on_the_page_itself() -> None:
    box = "<draw:frame><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    shape = "<draw:g><draw:custom-shape><text:p>shape</text:p></draw:custom-shape></draw:g>"
    body = f"{box.format('box')}{shape}<text:section>{box.format('in')}</text:section>"
    assert text_of(odt(f"{body}<text:p>text{box.format('own')}</text:p>")).split() == [
        "box", "shape", "in", "text", "own",
    ]  # fmt: skip


def test_what_conditions_hide() -> None:
    body = (
        '<text:section text:display="condition" text:is-hidden="true"><text:p>GONE</text:p>'
        "</text:section>"
        '<text:section text:display="condition"><text:p>one</text:p></text:section>'
        '<text:p><text:hidden-paragraph text:is-hidden="true"/>GONE</text:p>'
        '<text:p><text:hidden-paragraph text:is-hidden="false"/>two</text:p>'
        '<text:p>a<text:hidden-text text:is-hidden="true">GONE</text:hidden-text>'
        '<text:hidden-text text:is-hidden="false">b</text:hidden-text></text:p>'
        '<table:table><table:table-row table:visibility="collapse"><table:table-cell><text:p>GONE'
        "</text:p></table:table-cell></table:table-row></table:table>"
        "<text:user-field-decls><text:user-field-decl>GONE</text:user-field-decl>"
        "</text:user-field-decls><text:p><text:placeholder>GONE</text:placeholder>c</text:p>"
    )
    assert text_of(odt(body)).split() == ["one", "two", "ab", "c"]


@pytest.mark.parametrize("shape", ["rect", "ellipse", "path", "custom-shape", "polygon", "line"])
def test_a_shape_does_not_tear_a_word(shape: str) -> None:
    inner = "<draw:frame><draw:text-box><text:p>inner</text:p></draw:text-box></draw:frame>"
    box = f"<draw:{shape}><text:p>outer</text:p>{inner}</draw:{shape}>"
    assert text_of(odt(f"<text:p>Ja{box}ne</text:p>")).split() == ["Jane", "outer", "inner"]


def test_a_link_about_a_picture() -> None:
    body = '<text:p>x <draw:a xlink:href="https://example.com/"><draw:frame/></draw:a></text:p>'
    assert text_of(odt(body)) == "x (https://example.com/)\n"


def test_styles_of_text_and_of_headers_may_have_the_same_name() -> None:
    automatic = (
        '<style:style style:name="P1"><style:text-properties text:display="none"/></style:style>'
    )
    styles = (
        '<office:automatic-styles><style:style style:name="P1"/></office:automatic-styles>'
        '<office:master-styles><style:master-page><style:header><text:p text:style-name="P1">Jane'
        "</text:p></style:header></style:master-page></office:master-styles>"
    )
    body = '<text:p text:style-name="P1">GONE</text:p><text:p>Text</text:p>'
    assert text_of(odt(body, automatic=automatic, styles=styles)) == "Jane\n\nText\n"


def test_a_table_of_contents_without_what_it_is_made_from() -> None:
    body = (
        "<text:table-of-content><text:table-of-content-source><text:index-title-template>GONE"
        "</text:index-title-template></text:table-of-content-source><text:index-body>"
        "<text:p>Skills</text:p></text:index-body></text:table-of-content>"
    )
    assert text_of(odt(body)) == "Skills\n"
