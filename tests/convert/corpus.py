"""Resumes in eight languages, as the programs that people write them with write them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from html import escape

from tests.convert.documents import docx, odt, paragraph, relationship, run, style
from tests.convert.test_hostile import parts
from tests.resumes.samples import zipped

SITE = "https://example.com/portfolio"
NEVER = ("HIDDEN", "DELETED", "COMMENT", "CODE")


@dataclass(frozen=True)
class Resume:
    """What a person sees. ``label`` is an encoding of the language, ``charset`` that of RTF."""

    language: str
    label: str
    page: str
    charset: int
    name: str
    contact: str
    headings: tuple[str, str, str]
    points: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    boxed: str
    note: str
    footer: str

    @property
    def written(self) -> str:
        """The encoding that pages with this label are in."""
        return self.label if self.label in ("iso-8859-2", "koi8-r", "iso-8859-7") else self.page

    def words(self) -> Counter[str]:
        """Count the words that have to arrive."""
        points = (*self.points, *(cell for row in self.rows for cell in row))
        return words(
            " ".join((self.name, self.contact, *self.headings, *points, self.boxed, self.note,
                      self.footer, SITE))
        )  # fmt: skip


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", unicodedata.normalize("NFC", text)))


RESUMES = (
    Resume("en", "iso-8859-1", "cp1252", 0, "Jane O\u2019Neill", "+44 20 7946 0000",
           ("Work", "Skills", "Education"),
           ("Led a team of four \u2013 from 2019 to 2021",
            "Cut costs by 30 % & latency to “seconds”"),
           (("Python", "expert"), ("C++", "good")), "Driving licence B", "Audited in 2020",
           "References on request"),
    Resume("de", "latin1", "cp1252", 0, "Jürgen Weiß", "+49 30 1234567",
           ("Berufserfahrung", "Kenntnisse", "Ausbildung"),
           ("Führte ein Team in Köln \u2013 2019\u20132021", "Senkte die Kosten um 30 000 €"),
           (("Französisch", "fließend"), ("Türkisch", "Grundkenntnisse")), "Führerschein Klasse B",
           "Geprüft", "Zeugnisse auf Wunsch"),
    Resume("fr", "windows-1252", "cp1252", 0, "Élodie Lefèvre", "+33 1 23 45 67 89",
           ("Expérience", "Compétences", "Études"),
           ("Chargée d\u2019études à Nîmes", "Œuvre primée, naïveté feinte"),
           (("Anglais", "courant"), ("Allemand", "lu, écrit")), "Permis B", "Cité en 2021",
           "Références sur demande"),
    Resume("pl", "iso-8859-2", "cp1250", 238, "Łucja Żółkiewska", "+48 22 123 45 67",
           ("Doświadczenie", "Umiejętności", "Wykształcenie"),
           ("Kierowałam zespołem w Łodzi", "Wdrożyłam źródła danych"),
           (("Niemiecki", "biegły"), ("Czeski", "średni")), "Prawo jazdy", "Wyróżnienie",
           "Referencje na życzenie"),
    Resume("ru", "koi8-r", "cp1251", 204, "Надежда Щукина", "+7 495 123-45-67",
           ("Опыт", "Навыки", "Образование"),
           ("Руководила отделом из шести человек", "Сократила расходы на треть"),
           (("Английский", "свободно"), ("Немецкий", "средне")), "Водительские права",
           "Красный диплом", "Рекомендации по запросу"),
    Resume("el", "iso-8859-7", "cp1253", 161, "Ελένη Παπαδοπούλου", "+30 21 0123 4567",
           ("Εμπειρία", "Δεξιότητες", "Σπουδές"), ("Διευθύντρια έργων", "Μείωση κόστους κατά 30"),
           (("Αγγλικά", "άριστα"), ("Γαλλικά", "καλά")), "Δίπλωμα οδήγησης", "Διάκριση",
           "Συστάσεις διαθέσιμες"),
    Resume("ja", "shift_jis", "cp932", 128, "髙橋花子", "+81 3-1234-5678",
           ("職務経歴", "技能", "学歴"), ("東京で開発チームを率いた", "費用を三割削減①"),
           (("英語", "流暢"), ("中国語", "日常会話")), "運転免許", "社長賞",
           "推薦状は請求に応じて"),
    Resume("ar", "windows-1256", "cp1256", 178, "ليلى حداد", "+971 4 123 4567",
           ("الخبرة", "المهارات", "التعليم"), ("قيادة فريق من أربعة", "خفض التكاليف"),
           (("الإنجليزية", "ممتاز"), ("الفرنسية", "جيد")), "رخصة قيادة", "جائزة",
           "المراجع عند الطلب"),
)  # fmt: skip


def word_docx(resume: Resume) -> bytes:
    """As Word writes it: styles, lists, headers by kind, a box in two forms, fields, changes."""

    def field(code: str, result: str) -> str:
        marks = [f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in
                 ("begin", "separate", "end")]  # fmt: skip
        instruction = f'<w:r><w:instrText xml:space="preserve">{escape(code)}</w:instrText></w:r>'
        return f"{marks[0]}{instruction}{marks[1]}{run(result)}{marks[2]}"

    box = f"<w:txbxContent>{paragraph(escape(resume.boxed))}</w:txbxContent>"
    either = (
        f'<mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor><a:graphic>'
        f"<a:graphicData><wps:wsp><wps:txbx>{box}</wps:txbx></wps:wsp></a:graphicData></a:graphic>"
        f"</wp:anchor></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox>{box}"
        "</v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent>"
    )
    in_list = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    rows = "".join(
        "<w:tr>" + "".join(f"<w:tc>{paragraph(escape(cell))}</w:tc>" for cell in row) + "</w:tr>"
        for row in resume.rows
    )
    link = field(f'HYPERLINK "{SITE}" \\o "CODE"', SITE)
    body = (
        paragraph(escape(resume.headings[0]), '<w:pStyle w:val="H1"/>')
        + "".join(paragraph(escape(point), in_list) for point in resume.points)
        + f"<w:p><w:r>{either}</w:r>{run(resume.headings[1])}<w:del>{run('DELETED')}</w:del>"
        f"{run('HIDDEN', '<w:vanish/>')}</w:p><w:tbl>{rows}</w:tbl>"
        f"<w:p>{run(resume.headings[2])}<w:r><w:footnoteReference w:id='2'/></w:r>{run(' ')}{link}"
        "</w:p>"
        '<w:sectPr><w:headerReference w:type="default" r:id="header1"/>'
        '<w:headerReference w:type="even" r:id="header2"/>'
        '<w:footerReference w:type="default" r:id="footer1"/></w:sectPr>'
    )
    page = field("PAGE  \\* MERGEFORMAT", "7777")
    return docx(
        body,
        {
            "styles": style("H1", '<w:name w:val="heading 1"/>'),
            "settings": "<w:evenAndOddHeaders/>",
            "numbering": '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt'
            ' w:val="bullet"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId'
            ' w:val="0"/></w:num>',
            "header1": f"<w:p>{run(resume.name)}{run(' ')}{page}</w:p>",
            "header2": f"<w:p>{run(resume.contact)}{run(' | ')}{page}</w:p>",
            "footer1": paragraph(escape(resume.footer))
            + f"<w:p>{run('- ')}{page}{run(' -')}</w:p>",
            "footnotes": f'<w:footnote w:id="2">{paragraph(resume.note)}</w:footnote>',
        },
    )


def strict_docx(resume: Resume) -> bytes:
    """The same as "Strict Open XML", with its main part under another name."""
    members = parts(word_docx(resume))
    members["word/text.xml"] = members.pop("word/document.xml")
    members["word/_rels/text.xml.rels"] = members.pop("word/_rels/document.xml.rels")
    strict = "http://purl.oclc.org/ooxml"
    transitional = "http://schemas.openxmlformats.org"
    for name, content in members.items():
        members[name] = (
            content.decode()
            .replace("word/document.xml", "word/text.xml")
            .replace(
                f"{transitional}/wordprocessingml/2006/main", f"{strict}/wordprocessingml/main"
            )
            .replace(f"{transitional}/officeDocument/2006/", f"{strict}/officeDocument/")
            .encode()
        )
    return zipped(members)


def google_docx(resume: Resume) -> bytes:
    """As Google Docs writes it: content controls, links as relations, no styles."""
    control = "<w:sdt><w:sdtPr/><w:sdtContent>{}</w:sdtContent></w:sdt>"
    lines = [resume.name, resume.contact, *resume.headings, *resume.points, resume.boxed]
    cells = "".join(
        "<w:tr>"
        + "".join(control.format(f"<w:tc>{paragraph(escape(cell))}</w:tc>") for cell in row)
        + "</w:tr>"
        for row in resume.rows
    )
    comment = '<w:r><w:commentReference w:id="0"/></w:r>'
    body = (
        "".join(control.format(paragraph(escape(line))) for line in lines)
        + f"<w:tbl>{cells}</w:tbl>{paragraph(resume.note)}"
        + f'<w:p><w:hyperlink r:id="a">{run(SITE)}</w:hyperlink>{comment}</w:p>'
        + paragraph(escape(resume.footer))
    )
    return docx(
        body,
        {"comments": f'<w:comment w:id="0">{paragraph("COMMENT")}</w:comment>'},
        links=relationship("a", "hyperlink", SITE, external=True),
    )


def writer_odt(resume: Resume) -> bytes:
    """As LibreOffice writes it, with headers of several kinds of pages."""
    number = "<text:page-number>7777</text:page-number>"
    styles = (
        '<office:master-styles><style:master-page style:name="Standard"><style:header><text:p>'
        f"{resume.name} {number}</text:p></style:header><style:header-left><text:p>{resume.contact}"
        f'</text:p></style:header-left></style:master-page><style:master-page style:name="Last">'
        f"<style:footer><text:p>{resume.footer}</text:p><text:p>{number}</text:p></style:footer>"
        "</style:master-page></office:master-styles>"
    )
    points = "".join(
        f"<text:list-item><text:p>{escape(point)}</text:p></text:list-item>"
        for point in resume.points
    )
    rows = "".join(
        "<table:table-row>"
        + "".join(
            f"<table:table-cell><text:p>{escape(cell)}</text:p></table:table-cell>" for cell in row
        )
        + "</table:table-row>"
        for row in resume.rows
    )
    heads = [f'<text:h text:outline-level="1">{head}</text:h>' for head in resume.headings]
    body = (
        "<text:tracked-changes><text:p>DELETED</text:p></text:tracked-changes>"
        f"{heads[0]}<text:list>{points}</text:list>{heads[1]}<table:table>{rows}</table:table>"
        f"{heads[2]}<text:p><draw:frame><draw:text-box><text:p>{resume.boxed}</text:p>"
        f'</draw:text-box></draw:frame><text:a xlink:href="{SITE}">{SITE}</text:a><text:note>'
        f"<text:note-citation>1</text:note-citation><text:note-body><text:p>{resume.note}</text:p>"
        "</text:note-body></text:note><office:annotation><text:p>COMMENT</text:p>"
        "</office:annotation></text:p>"
    )
    return odt(body, styles=styles)


def old_odt(resume: Resume) -> bytes:
    """As OpenOffice 2 and programs that do not know the rules of the archive write it."""
    members = parts(writer_odt(resume))
    manifest = members["META-INF/manifest.xml"]
    members["META-INF/manifest.xml"] = (
        b'<!DOCTYPE manifest:manifest PUBLIC "-//OpenOffice.org//DTD Manifest 1.0//EN"'
        b' "Manifest.dtd">' + manifest
    )
    members["content.xml"] = members["content.xml"].replace(b"<text:h ", b'<text:h xml:id="a" ')
    return zipped(members | {"mimetype": members.pop("mimetype")})


def _unicode(text: str, fallback: str) -> str:
    halves = text.encode("utf-16-le")
    units = [int.from_bytes(halves[at : at + 2], "little") for at in range(0, len(halves), 2)]
    return "".join(
        chr(unit) if unit < 128 else f"\\u{unit - 65536 if unit > 32767 else unit}{fallback}"
        for unit in units
    )


def _bytes(text: str, encoding: str) -> str:
    return "".join(
        character if character.isascii()
        else "".join(rf"\'{byte:02x}" for byte in character.encode(encoding))
        for character in text
    )  # fmt: skip


def word_rtf(resume: Resume) -> bytes:
    """As Word writes it: bytes of the font's code page, lists with their marks, headers by kind."""

    def text(of: str) -> str:
        return rf"{{\f1 {_bytes(of, resume.page)}}}"

    page = r"{\field{\*\fldinst {PAGE  \\* MERGEFORMAT }}{\fldrslt {7777}}}"
    rows = "".join(
        r"\trowd\intbl " + "".join(rf"{text(cell)}\cell " for cell in row) + r"\row "
        for row in resume.rows
    )
    points = "".join(
        rf"{{\listtext\pard\plain\f3 \'b7\tab}}\ilvl0 {text(point)}\par " for point in resume.points
    )
    return (
        rf"{{\rtf1\adeflang1025\ansi\ansicpg{resume.page[2:]}\uc2\adeff0\deff0\facingp"
        rf"{{\fonttbl{{\f0\fcharset0 Arial;}}{{\f1\fcharset{resume.charset} Arial;}}"
        r"{\f3\fcharset2 Symbol;}}{\stylesheet{\s1 heading 1;}}{\info{\author DELETED}}"
        rf"{{\headerr {text(resume.name)} {page}\par}}"
        rf"{{\headerl {text(resume.contact)} {page}\par}}"
        rf"{{\footer {text(resume.footer)}\par {page}\par}}"
        rf"\pard\plain\s1 {text(resume.headings[0])}\par\pard\plain {points}"
        rf"\pard {text(resume.headings[1])}\par {rows}\pard {text(resume.headings[2])}"
        rf"{{\footnote {text(resume.note)}}}{{\deleted DELETED}}{{\v HIDDEN}}\par "
        rf"{{\shp{{\*\shpinst{{\sp{{\sn x}}{{\sv CODE}}}}{{\shptxt {text(resume.boxed)}\par}}}}}}"
        rf'{{\field{{\*\fldinst HYPERLINK "{SITE}" \\o "CODE"}}{{\fldrslt {SITE}}}}}\par}}'
    ).encode("ascii")


def google_rtf(resume: Resume) -> bytes:
    r"""As Google Docs writes it: `\uc0`, and characters of Unicode alone."""
    lines = [resume.name, resume.contact, *resume.points, resume.boxed, resume.note]
    text = "".join(rf"\pard\plain\fs22 {_unicode(line, ' ')}\par " for line in lines)
    heads = "".join(
        rf"\pard\s1\outlinelevel0 {_unicode(head, ' ')}\par\pard\outlinelevel9 "
        for head in resume.headings
    )
    rows = "".join(
        r"\trowd " + "".join(rf"\intbl {_unicode(cell, ' ')}\cell " for cell in row) + r"\row "
        for row in resume.rows
    )
    return (
        r"{\rtf1\ansi\uc0{\fonttbl{\f0 Arial;}}{\stylesheet{\s1 heading 1;}}"
        rf"{heads}{text}{rows}\pard {SITE} \\bin and \\pict {_unicode(resume.footer, ' ')}\par}}"
    ).encode("ascii")


def mac_rtf(resume: Resume) -> bytes:
    """As TextEdit writes it: backslashes at the ends of lines, one character a fallback."""
    lines = [resume.name, resume.contact, *resume.headings, *resume.points, resume.boxed,
             *(" ".join(row) for row in resume.rows), resume.note, SITE, resume.footer]  # fmt: skip
    text = "\\\n".join(rf"\f0\b {_unicode(line, '?')}\b0" for line in lines)
    fonts = r"{\fonttbl\f0\fnil\fcharset0 Arial;}"
    return rf"{{\rtf1\ansi\ansicpg1252\cocoartf2639{fonts}{text}}}".encode("ascii")


def _markup(resume: Resume, outer: str = "div") -> str:
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in resume.rows
    )
    points = "".join(f"<li>{escape(point)}</li>" for point in resume.points)
    return (
        f"<{outer}>{resume.name}<br>{resume.contact}</{outer}><h1>{resume.headings[0]}</h1>"
        f"<ul>{points}</ul><h2>{resume.headings[1]}</h2><table>{rows}</table>"
        f"<{outer}><h2>{resume.headings[2]}</h2>{resume.boxed}<p>{resume.note}</p></{outer}>"
        f"<a href='{SITE}'>{SITE}</a><p hidden>HIDDEN</p><!-- COMMENT --><p>{resume.footer}\x0c</p>"
    )


def old_html(resume: Resume) -> bytes:
    """A page in the encoding of its language, under the label that the web has for it."""
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={resume.label}">'
    page = f"<html><head>{meta}<title>CODE</title></head><body>{_markup(resume)}</body></html>"
    return page.encode(resume.written)


def html5(resume: Resume) -> bytes:
    """A page of HTML5 that leaves out the tags that may be left out."""
    head = "<!doctype html><meta charset=utf-8><title>CODE</title>"
    return f"{head}{_markup(resume, 'section')}".encode()


def fragment(resume: Resume) -> bytes:
    """What an editor in a browser saves."""
    return f"<span>{resume.name}</span>{_markup(resume).replace(resume.name, '', 1)}".encode()


WRITERS = (word_docx, strict_docx, google_docx, writer_odt, old_odt, word_rtf, google_rtf, mac_rtf,
           old_html, html5, fragment)  # fmt: skip
