"""Small DOCX and ODT files made of the XML that a test gives, and what becomes of them."""

from __future__ import annotations

import io
from collections.abc import Mapping

from target_linkedin_resumes.convert.text import TextConverter
from target_linkedin_resumes.resumes.formats import sniff
from target_linkedin_resumes.resumes.spool import Found, SizedReader
from tests.resumes.samples import zipped

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORDS = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    f' xmlns:r="{OFFICE}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:v="urn:schemas-microsoft-com:vml"'
    ' xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
    ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    ' xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
)
_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_OPEN = (
    f'xmlns:office="{_OASIS}office:1.0" xmlns:style="{_OASIS}style:1.0"'
    f' xmlns:text="{_OASIS}text:1.0" xmlns:table="{_OASIS}table:1.0"'
    f' xmlns:draw="{_OASIS}drawing:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"'
    f' xmlns:svg="{_OASIS}svg-compatible:1.0" office:version="1.3"'
)


def docx(
    body: str,
    parts: Mapping[str, str] | None = None,
    *,
    links: str = "",
    own_links: Mapping[str, str] | None = None,
) -> bytes:
    """A DOCX with this body. ``parts`` are the insides of styles, numbering, footnotes, header1…

    ``links`` are the relationships of the body, ``own_links`` those of other parts.
    """
    members = {
        "[Content_Types].xml": (
            '<?xml version="1.0"?><Types xmlns="' + _PACKAGE + '/content-types">'
            '<Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats'
            '-officedocument.wordprocessingml.document.main+xml"/></Types>'
        ),
        "_rels/.rels": relationships(relationship("a", "officeDocument", "word/document.xml")),
        "word/document.xml": f"<w:document {_WORDS}><w:body>{body}</w:body></w:document>",
    }
    for name, inside in (parts or {}).items():
        kind = name.rstrip("0123456789")
        members[f"word/{name}.xml"] = f"<w:{kind} {_WORDS}>{inside}</w:{kind}>"
        links += relationship(name, kind, f"{name}.xml")
    members["word/_rels/document.xml.rels"] = relationships(links)
    for name, inside in (own_links or {}).items():
        members[f"word/_rels/{name}.xml.rels"] = relationships(inside)
    return zipped({name: text.encode() for name, text in members.items()})


def style(name: str, inside: str = "", *, based_on: str = "") -> str:
    base = f'<w:basedOn w:val="{based_on}"/>' if based_on else ""
    return f'<w:style w:type="paragraph" w:styleId="{name}">{inside}{base}</w:style>'


def relationship(identifier: str, kind: str, target: str, *, external: bool = False) -> str:
    mode = ' TargetMode="External"' if external else ""
    return f'<Relationship Id="{identifier}" Type="{OFFICE}/{kind}" Target="{target}"{mode}/>'


def relationships(inside: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'


def odt(body: str, *, automatic: str = "", styles: str = "", manifest: str = "") -> bytes:
    """An ODT with this body. ``styles`` is the inside of `styles.xml`."""
    kind = "application/vnd.oasis.opendocument.text"
    members = {
        "mimetype": kind,
        "content.xml": (
            f"<office:document-content {_OPEN}><office:automatic-styles>{automatic}"
            f"</office:automatic-styles><office:body><office:text>{body}</office:text>"
            "</office:body></office:document-content>"
        ),
        "styles.xml": f"<office:document-styles {_OPEN}>{styles}</office:document-styles>",
        "META-INF/manifest.xml": (
            f'<manifest:manifest xmlns:manifest="{_OASIS}manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
            '<manifest:file-entry manifest:full-path="content.xml"'
            f' manifest:media-type="text/xml">{manifest}</manifest:file-entry>'
            '<manifest:file-entry manifest:full-path="styles.xml" manifest:media-type="text/xml"/>'
            "</manifest:manifest>"
        ),
    }
    return zipped({name: text.encode() for name, text in members.items()})


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{run(text)}</w:p>"


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def found(content: bytes) -> Found:
    return Found(SizedReader(io.BytesIO(content), len(content)), len(content))


def text_of(content: bytes) -> str:
    """What `convert: text` makes of a document."""
    document = found(content)
    kind = sniff(document.body, document.size)
    assert kind.convertible, kind.label
    with TextConverter().convert(document, kind) as made:
        return made.body.read().decode()
