"""Write the examples: resumes as files, a Singer stream, and the same records as JSON lines.

    python examples/make_examples.py

The output is the same byte for byte each time, and it is what is committed. Everything is made up:
no candidate exists, no resume was written by anybody.

The Word documents are the exception: they are committed as they are. LibreOffice 7.4 made them
from one-page HTML texts with `soffice --headless --convert-to 'doc:MS Word 97'`.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

STREAM = "resumes"
RESUMES = 340
STATE_EVERY = 50

# File names as people give them: wrong extensions, none, spaces, umlauts, any script.
PDF_NAMES = {
    3: "Sample Candidate 03 résumé.pdf",
    5: "Lebenslauf Übungsbeispiel 05.pdf",
    7: "sample-07.doc",
    9: "SAMPLE 09.PDF",
    11: "sample-11",
    13: "sample 13 (final) [v2].pdf",
    15: "sample+15 100%.pdf",
    17: "示例简历-17.pdf",
    19: "sample #19 & co's; copy.pdf",
    21: "older files/sample.21.resume.pdf",
    23: "sample-23.pdf.docx",
}
TEXT_NAMES = {
    2: "Sample Text 02.txt",
    4: "Prøve på dansk.TXT",
    8: "sample-text-08.md",
    14: "متن نمونه.txt",
    20: "サンプル 20.txt",
    22: "sample-text-22.pdf",
}
# As committed; the fourth is a DOC whatever its name says, the last has no extension.
WORD_NAMES = (
    "sample-word-01.doc",
    "Sample Word 02 - Größe.doc",
    "SAMPLE WORD 03.DOC",
    "sample-word-04.pdf",
    "履歴書-word-05.doc",
    "sample-word-06",
)
SENTENCES = (
    "This is a made-up sample resume.",
    "Dies ist ein erfundener Beispiel-Lebenslauf; Größe: 1 Seite.",
    "Ceci est un CV d'exemple inventé, créé pour des essais.",
    "Dette er et opdigtet eksempel på et CV, lavet til prøver.",
    "Este es un currículum de muestra, inventado: ¡no existe!",
    "To jest zmyślony przykładowy życiorys: zażółć gęślą jaźń.",
    "Toto je vymyšlený vzorový životopis, příliš žluťoučký kůň.",
    "Bu, uydurma bir örnek özgeçmiştir; İstanbul, ığüşöç.",
    "Đây là một sơ yếu lý lịch mẫu được bịa ra.",
    "Αυτό είναι ένα φανταστικό δείγμα βιογραφικού.",
    "Это вымышленный образец резюме.",
    "Це вигаданий зразок резюме, їжак.",
    "זוהי דוגמה בדויה של קורות חיים.",
    "هذه سيرة ذاتية نموذجية مختلقة.",
    "این یک نمونهٔ ساختگی رزومه است؛ می‌خواهم.",
    "यह एक काल्पनिक नमूना बायोडाटा है।",
    "এটি একটি কাল্পনিক নমুনা জীবনবৃত্তান্ত।",
    "இது ஒரு கற்பனையான மாதிரி சுயவிவரம்.",
    "นี่คือประวัติย่อตัวอย่างที่แต่งขึ้น",
    "これは架空の見本の履歴書です。",
    "这是一份虚构的简历样本。",
    "이것은 가상의 이력서 견본입니다.",
    "ეს არის გამოგონილი რეზიუმეს ნიმუში.",
    "Սա հորինված ինքնակենսագրականի նմուշ է։ 👩🏽‍🔬📄",  # noqa: RUF001 - Armenian is meant
)
# Candidate and resume ids that break a connector which forgets to encode, or encodes twice.
AWKWARD_IDS: tuple[tuple[str | int, str | int], ...] = (
    ("a:b:c", "r:1"),
    ("A&B", "x=1&y=2"),
    ("x&tcrmResumeId=other", "1"),
    ("a/b/../c", "r/1"),
    ("100%", "50%25"),
    ("%41", "A"),
    ("A", "%41"),
    ("c++", "r+1"),
    ("two words", " spaces around "),
    ('"double"', "'single'"),
    ("back\\slash", "pipe|caret^tick`"),
    ("<b>&amp;</b>", "{}[]"),
    ("#fragment?query", "a;b,c"),
    ("List(a,b)", "(c:d)"),
    ("~tilde-._*", "!'()"),
    ("urn:li:person:0", "urn:li:resume:0"),
    ("tab\there", "new\nline"),
    ("候補者", "履歴書-1"),
    ("मरीज़", "नमूना"),
    ("مرشح", "سيرة"),
    ("👩🏽‍🔬", "📄"),
    ("Zo\u00eb", "same letters"),
    ("Zoe\u0308", "same letters"),
    ("007", "0001"),
    ("7", "1"),
    ("07", "1"),
    (42, 1),
    (42, 2),
    (42, "002"),
    (9007199254740993, 12345678901234567890),
    ("null", "undefined"),
    ("\ufffd", "\ufffd"),
    ("c" * 200, "r" * 200),
    ("CAND-0001", "shared"),
    ("CAND-0002", "shared"),
)
DELETED: tuple[Any, ...] = (
    "2026-02-03T04:05:06Z",
    True,
    "true",
    "Y",
    1,
    "d",
    "1",
    "2026-02-03",
    1770091506,
    "2026-02-03 04:05:06.000000",
)
NOT_DELETED: tuple[Any, ...] = (None, False, "false", "N", 0, "", "0", "u", "False")

_FIRST = datetime(2018, 3, 1, 7, 30, tzinfo=UTC)
_SYNCED = datetime(2026, 2, 1, tzinfo=UTC)


class Event(NamedTuple):
    """One record before it is written down: ``version`` tells updates of a resume apart."""

    number: int
    candidate_id: str | int
    resume_id: str | int
    version: int
    deleted: bool


def main() -> None:
    """Write all examples below the directory that is given, or beside this program."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, content in contents().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def contents() -> dict[str, bytes]:
    """Give every example that this program makes, by its path."""
    made = {f"files/{pdf_name(n)}": pdf(n) for n in range(1, 25)}
    made |= {f"files/{text_name(n)}": text(n) for n in range(1, 25)}
    made["resumes.singer"] = lines(singer_messages())
    made["resumes.jsonl"] = lines(plain_records())
    return made


def lines(documents: Iterator[dict[str, Any]]) -> bytes:
    """Write documents as JSON lines in UTF-8."""
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in documents).encode()


# Files


def pdf_name(number: int) -> str:
    return PDF_NAMES.get(number, f"sample-{number:02}.pdf")


def text_name(number: int) -> str:
    return TEXT_NAMES.get(number, f"sample-text-{number:02}.txt")


def pdf(number: int) -> bytes:
    """Make a PDF of one page with its cross-reference table (ISO 32000-1, 7.5)."""
    texts = [
        f"Sample Candidate {number:03}",
        "Made-up sample resume. Nobody is meant.",
        *(f"{2026 - year}: example position {year}, Sampletown" for year in range(1, number)),
        "Zeichen: Größe, élève, mañana (and a \\ backslash)",
    ]
    shown = b"".join(b"(%s) Tj T*\n" % _pdf_string(one) for one in texts)
    page = b"BT /F1 12 Tf 16 TL 60 780 Td\n" + shown + b"ET\n"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 595 842] >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%sendstream" % (len(page), page),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    # Some writers put blank lines first. Readers accept it.
    written = (b"\n\n" if number % 8 == 0 else b"") + b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for serial, content in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (serial, content)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, entries)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\n" % size
    return written + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(written)


def _pdf_string(shown: str) -> bytes:
    for sign in "\\()":
        shown = shown.replace(sign, "\\" + sign)
    return shown.encode("cp1252")


def text(number: int) -> bytes:
    """Make a text in UTF-8; some have a byte order mark, some Windows line ends."""
    written = "\n".join(
        (
            f"Sample Candidate T{number:02}",
            "Made-up sample resume. Nobody is meant.",
            "",
            SENTENCES[number - 1],
            *(f"{2026 - year}: {SENTENCES[number - 1]}" for year in range(1, number % 4 + 2)),
            "",
        )
    )
    if number % 6 == 0:
        written = written.replace("\n", "\r\n")
    return written.encode("utf-8-sig" if number % 9 == 0 else "utf-8")


# Records


def ids() -> list[tuple[str | int, str | int]]:
    """Give the resume keys: awkward ones first, then candidates with one to three resumes."""
    keys = list(AWKWARD_IDS)
    candidate = 100
    while len(keys) < RESUMES:
        keys += [(f"CAND-{candidate:04}", f"R{one}") for one in range(1, candidate % 3 + 2)]
        candidate += 1
    return keys[:RESUMES]


def events() -> list[Event]:
    """Give what happens, in order: 340 resumes, their updates, 40 deletions."""
    timed = [
        (number * 10 + after, Event(number, candidate, resume, version, deleted))
        for number, (candidate, resume) in enumerate(ids())
        for after, version, deleted in life(number)
    ]
    timed.append((2222, Event(RESUMES, "CAND-9999", "never there", 0, True)))
    return [event for _, event in sorted(timed, key=lambda pair: pair[0])]


def life(number: int) -> Iterator[tuple[int, int, bool]]:
    """Give what happens to one resume: how long after its turn, its version, whether deleted."""
    yield 0, 0, False
    if number % 11 == 4:
        yield 155 if number % 2 else 1205, 1, False
    if number % 9 == 4 and number < RESUMES - 10:
        # Some are deleted soon, some when they have long been delivered, some come back.
        yield 35 if number % 4 == 0 else 1705, 1, True
        if number % 27 == 4:
            yield 1765, 2, False
    if number in (60, 160):  # deleted, then put in anew
        yield -25, 0, True


def reference(event: Event) -> str:
    """Give the path of the event's file: of seven, three are PDF, three text, one DOC."""
    choice = event.number * 5 + event.version * 3
    match choice % 7:
        case _ if event.number % 15 == 2:
            name = text_name(event.number % 24 + 1)
        case 0 | 2 | 4:
            name = pdf_name(choice % 24 + 1)
        case 1 | 3 | 5:
            name = text_name(choice % 24 + 1)
        case _:
            name = WORD_NAMES[choice % len(WORD_NAMES)]
    return f"files/{name}"


def moment(event: Event) -> datetime:
    """Give the time at which the resume was created, on a quarter of a second."""
    return _FIRST + timedelta(
        hours=event.number * 7 + event.version * 1000, seconds=event.number, milliseconds=250
    )


def timestamp(event: Event) -> str | int | float:
    """Write the time in one of the forms that the record contract knows."""
    when = moment(event)
    seconds = int(when.timestamp())
    forms: tuple[str | int | float, ...] = (
        when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        when.isoformat(timespec="microseconds"),
        when.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat(),
        when.strftime("%Y-%m-%dT%H:%M:%S.250+0000"),
        when.strftime("%Y-%m-%dT%H:%M:%S"),
        when.strftime("%Y-%m-%d %H:%M:%S.250"),
        when.strftime("%Y-%m-%d"),
        when.strftime("%Y%m%d"),
        when.strftime("%Y%m%dT%H%M%SZ"),
        when.astimezone(timezone(timedelta(hours=-8))).isoformat(" ", "seconds"),
        seconds,
        seconds * 1000 + 250,
        seconds * 1_000_000 + 250_001,
        str(seconds),
        str(seconds * 1000 + 250),
        str(seconds * 1_000_000 + 250_001),
        seconds + 0.25,
    )
    return forms[(event.number + event.version) % len(forms)]


def file_fields(event: Event) -> dict[str, Any]:
    """Refer to the event's file: mostly by its path, some hold its bytes."""
    path = reference(event)
    hint = f"Sample Candidate {event.number:03}, CV.docx"
    if event.number % 10 == 3:
        return {"file": {"url": path, "filename": hint, "content_type": None}}
    if event.number % 15 != 2:
        return {"file": path}
    content = base64.b64encode(text(event.number % 24 + 1)).decode()
    forms: tuple[dict[str, Any], ...] = (
        {"file_base64": content, "filename": hint},
        {"file": f"data:text/plain;charset=utf-8;base64,{content}"},
        {"file": {"content": content, "filename": hint}},
    )
    return forms[event.number // 15 % 3]


def record(event: Event, position: int) -> dict[str, Any]:
    """Write an event down as a CRM might: in any notation, with fields that mean nothing here."""
    written: dict[str, Any] = {"candidate_id": event.candidate_id, "resume_id": event.resume_id}
    if not event.deleted or event.number % 2:
        written |= {"created_at": timestamp(event), **file_fields(event)}
        if event.number % 10 == 6:
            written["filename"] = f"C:\\Resumes\\Beispiel Größe {event.number:03}.pdf"
            written["content_type"] = "application/octet-stream"
    if event.number == 26 and event.version == 1:
        written["candidate_id"] = str(event.candidate_id)  # 42 and "42" are one candidate
    written["updated_at"] = (_SYNCED + timedelta(seconds=position)).isoformat()
    markers = DELETED if event.deleted else NOT_DELETED
    choice = event.number + event.version
    if event.deleted or choice % 10:  # every tenth has no marker at all
        written["_sdc_deleted_at"] = markers[choice % len(markers)]
    return written


def singer_messages() -> Iterator[dict[str, Any]]:
    """Give the stream: SCHEMA, RECORDs, and a STATE after every fifty."""
    anything = {"type": ["null", "string", "integer", "number", "boolean", "object"]}
    fields = (
        *("candidate_id", "resume_id", "created_at", "file", "file_base64", "filename"),
        *("content_type", "updated_at", "_sdc_deleted_at"),
    )
    yield {
        "type": "SCHEMA",
        "stream": STREAM,
        "schema": {"type": "object", "properties": dict.fromkeys(fields, anything)},
        "key_properties": ["candidate_id", "resume_id"],
        "bookmark_properties": ["updated_at"],
    }
    happened = events()
    for position, event in enumerate(happened, 1):
        written = record(event, position)
        yield {"type": "RECORD", "stream": STREAM, "record": written}
        if position % STATE_EVERY == 0 or position == len(happened):
            bookmark = {
                "replication_key": "updated_at",
                "replication_key_value": written["updated_at"],
            }
            yield {"type": "STATE", "value": {"bookmarks": {STREAM: bookmark}}}


def plain_records() -> Iterator[dict[str, Any]]:
    """Give the same records for a tap of JSON lines: one type for each field."""
    for position, event in enumerate(events(), 1):
        yield {
            "candidate_id": str(event.candidate_id),
            "resume_id": str(event.resume_id),
            "created_at": moment(event).isoformat(timespec="milliseconds"),
            "file": reference(event),
            "_sdc_deleted_at": (
                (_SYNCED + timedelta(seconds=position)).isoformat() if event.deleted else None
            ),
        }


if __name__ == "__main__":
    main()
