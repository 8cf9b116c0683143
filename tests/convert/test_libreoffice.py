"""What LibreOffice itself makes of documents, good ones and hostile ones."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from target_linkedin_resumes.convert import libreoffice
from target_linkedin_resumes.convert.libreoffice import LibreOffice
from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes.sources import Sources
from tests.convert.documents import docx, odt, paragraph, relationship, run
from tests.convert.test_hostile import ENTITIES, document, parts, with_part
from tests.resumes.samples import FILES, zipped

pytestmark = pytest.mark.libreoffice

SECRET = "what no resume may show"


@pytest.fixture(scope="module", params=["isolated", "profile alone"])
def office(request: pytest.FixtureRequest) -> Iterator[LibreOffice]:
    """Also without the network namespace, which containers often do not allow."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "profile alone":
            patch.setattr(libreoffice, "_isolation", tuple)
        pool = LibreOffice()
        yield pool
        pool.close()


def pdf_of(office: LibreOffice, directory: Path, content: bytes) -> Path:
    """Convert by way of the sources; the pool stays open."""
    (directory / "cv").write_bytes(content)
    files = Sources(directory, convert=office)
    made = directory / "made.pdf"
    with files.open(ResumeFile("cv")) as resume:
        assert resume.content_type == "application/pdf"
        assert resume.filename == "cv.pdf"
        made.write_bytes(resume.body.read())
        assert made.stat().st_size == resume.size
    return made


def tool(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def words(pdf: Path) -> str:
    return " ".join(tool("pdftotext", pdf, "-").split())


def pictures(pdf: Path) -> int:
    """Count pictures; a frame that was not loaded shows an icon of 32 dots, which is none."""
    rows = [row.split() for row in tool("pdfimages", "-list", pdf).splitlines()[2:]]
    return sum(int(row[3]) > 32 for row in rows)


@pytest.mark.parametrize("kind", ["docx", "odt", "rtf"])
def test_a_resume_becomes_a_pdf_that_shows_what_is_in_it(
    office: LibreOffice, tmp_path: Path, kind: str
) -> None:
    content = (FILES / f"full.{kind}").read_bytes()
    pdf = pdf_of(office, tmp_path, content)
    text = words(pdf)
    for part in (
        "Jane Doe", "+44 20 7946 0000", "lose rows; seven years of it.",
        "Надежда", "田中", "Đặng", "Moved 40 feeds", "1. Fraud model", "日本語",
        "MSc Computer Science", "Boxed: driving licence B", "By an external auditor.",
        "Page 1 of 1",
    ):  # fmt: skip
        assert part in text
    assert "DELETED" not in text
    assert "HIDDEN" not in text
    assert "Pages:           1" in tool("pdfinfo", pdf)
    again = tmp_path / "again"
    again.mkdir()
    other = pdf_of(office, again, content)
    # Not the bytes: the order of the fonts depends on where LibreOffice has them in memory.
    assert words(other) == text
    assert look(other) == look(pdf)


def look(pdf: Path) -> bytes:
    tool("pdftoppm", "-png", "-r", "20", "-singlefile", pdf, pdf.with_suffix(""))
    return pdf.with_suffix(".png").read_bytes()


def test_html_becomes_a_pdf(office: LibreOffice, tmp_path: Path) -> None:
    page = "<html><head><meta charset=cp1252><style>h1 { color: red }</style></head><body>"
    page += "<h1>Zürich</h1><ul><li>one</ul><p hidden>HIDDEN</p><table><tr><td>a<td>b</table>"
    text = words(pdf_of(office, tmp_path, page.encode("cp1252")))
    assert text == "Zürich • one a b"


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine, and what it was asked."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(f"{self.command} {self.path}")
            self.send_error(404)

        do_HEAD = do_OPTIONS = do_PROPFIND = do_POST = do_GET  # noqa: N815 - the names are http.server's

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()
        thread.join()


def picture(identifier: str) -> str:
    drawing = "http://schemas.openxmlformats.org/drawingml/2006/picture"
    return (
        '<w:r><w:drawing><wp:inline><wp:extent cx="990000" cy="990000"/>'
        f'<wp:docPr id="1" name="p"/><a:graphic><a:graphicData uri="{drawing}"><pic:pic>'
        '<pic:nvPicPr><pic:cNvPr id="0" name="x"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>'
        f'<a:blip r:link="{identifier}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
        '<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="990000" cy="990000"/></a:xfrm>'
        '<a:prstGeom prst="rect"/></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline>'
        "</w:drawing></w:r>"
    )


def hostile(kind: str, here: str, there: str) -> bytes:
    """A document that asks for a text and a picture below ``here``, and for more ``there``."""
    if kind == "html":
        return (
            f"<html><head><link rel=stylesheet href={there}/css><base href={there}/></head>"
            f"<body background={there}/b.png>Resume<img src={there}/a.png><img src={here}/s.png>"
            f"<iframe src={here}/s.txt></iframe><iframe src={there}/f></iframe>"
            f"<object data={here}/s.txt></object><embed src={there}/e>"
            f"<p style='background: url({there}/c.png)'>x"
        ).encode()
    if kind == "rtf":
        fields = "".join(
            rf'{{\field{{\*\fldinst {word} "{place}"}}{{\fldrslt x}}}}'
            for place in (f"{here}/s.png", f"{here}/s.txt", f"{there}/x.png")
            for word in (
                "INCLUDEPICTURE",
                "INCLUDETEXT",
                "IMPORT",
                "LINK",
                "EQ INCLUDEPICTURE",
                "PAGE INCLUDEPICTURE",
                r"{EQ }{INCLUDEPICTURE }",
            )
        )
        graphic = rf"{{{{\NeXTGraphic {here}/s.png \width100 \height100}}}}"
        return rf"{{\rtf1 Resume {fields}{graphic}{{\*\template {there}/t.dot}}\par}}".encode()
    if kind == "odt":
        sections = "".join(
            f'<text:section text:name="n{n}"><text:section-source xlink:href="{link}"/>'
            "<text:p>old</text:p></text:section>"
            for n, link in enumerate((f"{here}/s.txt", f"{there}/x.odt"))
        )
        frames = "".join(
            f'<draw:frame svg:width="2cm" svg:height="2cm"><draw:{element} xlink:href="{link}"'
            ' xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"/></draw:frame>'
            for element in ("image", "object", "object-ole", "plugin", "floating-frame")
            for link in (f"{here}/s.png", f"{here}/s.txt", f"{there}/{element}")
        )
        return odt(f"<text:p>Resume</text:p>{sections}<text:p>{frames}</text:p>")
    links = [f"{there}/d.png", f"{here}/s.png"]
    related = "".join(
        relationship(f"i{n}", "image", link, external=True) for n, link in enumerate(links)
    )
    related += relationship("t", "attachedTemplate", f"{here}/s.txt", external=True)
    related += relationship("t2", "attachedTemplate", f"{there}/template", external=True)
    related += relationship("o", "oleObject", f"{here}/s.txt", external=True)
    fields = "".join(
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f"<w:r><w:instrText>{word} &quot;{place}&quot;</w:instrText></w:r>"
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>old</w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        for place in (f"{here}/s.png", f"{here}/s.txt", f"{there}/x")
        for word in ("INCLUDETEXT", "INCLUDEPICTURE", "DDEAUTO", "LINK")
    )
    return docx(
        f"<w:p>{run('Resume')}{picture('i0')}{picture('i1')}{fields}</w:p>"
        '<w:p><w:r><w:object><o:OLEObject Type="Link" ProgID="Word.Document" ObjectID="_1"'
        ' r:id="o" UpdateMode="Always"/></w:object></w:r></w:p>',
        links=related,
    )


@pytest.mark.parametrize("kind", ["html", "rtf", "odt", "docx"])
def test_no_document_fetches_another(
    office: LibreOffice, tmp_path: Path, asked: tuple[str, list[str]], kind: str
) -> None:
    """Neither from this machine's disk, whose files would go to LinkedIn, nor from a network."""
    server, paths = asked
    secret = tmp_path / "elsewhere"
    secret.mkdir()
    (secret / "s.txt").write_text(SECRET)
    shutil.copy(_any_picture(tmp_path), secret / "s.png")
    pdf = pdf_of(office, tmp_path, hostile(kind, secret.as_uri(), server))
    text = words(pdf)
    assert "Resume" in text
    assert SECRET not in text
    assert pictures(pdf) == 0
    assert paths == []


def _any_picture(directory: Path) -> Path:
    """A picture of a page; only a true one would be shown."""
    tool("pdftoppm", "-png", "-r", "20", "-singlefile", FILES / "resume.pdf", directory / "page")
    return directory / "page.png"


def test_a_picture_in_the_document_is_shown(office: LibreOffice, tmp_path: Path) -> None:
    content = _any_picture(tmp_path).read_bytes()
    body = f"<w:p>{picture('i').replace('r:link', 'r:embed')}</w:p>"
    made = docx(body, links=relationship("i", "image", "media/p.png"))
    made = zipped(parts(made) | {"word/media/p.png": content})
    assert pictures(pdf_of(office, tmp_path, made)) > 0


@pytest.mark.parametrize(
    "content",
    [
        with_part("word/document.xml", document("", ENTITIES)),
        with_part("word/document.xml", b"<x"),
        with_part("word/media/x.bin", bytes(70_000_000)),
        docx(paragraph("x"))[:-30],
        odt("<text:p>x</text:p>", manifest="<manifest:encryption-data/>")[:-9],
        docx(paragraph("x") + '<w:altChunk r:id="c"/>'),
        docx("<w:p/>"),
        docx(
            f"<w:p>{picture('i')}</w:p>",
            links=relationship("i", "image", "file:///s.png", external=True),
        ),
        b"<html><body><div id=root></div><script src=x.js></script>",
    ],
)
def test_what_cannot_be_converted_is_rejected(
    office: LibreOffice, tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(Reject) as caught:
        pdf_of(office, tmp_path, content)
    assert caught.value.code in ("conversion_failed", "unsupported_format")


def test_four_threads_share_two_processes(office: LibreOffice, tmp_path: Path) -> None:
    texts: list[str] = []

    def convert(number: int) -> None:
        directory = tmp_path / str(number)
        directory.mkdir()
        texts.append(words(pdf_of(office, directory, docx(paragraph(f"Number {number}")))))

    threads = [threading.Thread(target=convert, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(texts) == [f"Number {number}" for number in range(4)]
