"""The setting `convert` in a run of the command."""

from __future__ import annotations

from tests.e2e.support import SCHEMA, Bench, record
from tests.resumes.convert.documents import docx
from tests.resumes.samples import FILES


def test_documents_arrive_as_text(bench: Bench) -> None:
    kinds = ("docx", "odt", "rtf")
    names = [bench.file(f"cv.{kind}", (FILES / f"full.{kind}").read_bytes()) for kind in kinds]
    names.append(bench.file("page.doc", (FILES / "resume.html").read_bytes()))
    stream = [SCHEMA, *(record(number, "r", name) for number, name in enumerate(names))]
    done = bench.run(stream, convert="text")
    assert done.code == 0, done.log
    held = bench.held()
    assert len(held) == 4
    for number, kind in enumerate(kinds):
        expected = (FILES / f"full.{kind}.txt").read_bytes()
        assert held[str(number), "r"]["size"] == len(expected)
        assert held[str(number), "r"]["content_type"] == "text/plain"


def test_a_document_that_cannot_be_converted_says_so(bench: Bench) -> None:
    name = bench.file("cv.docx", docx("<w:p>no end"))
    done = bench.run([SCHEMA, record("c", "r", name)], convert="text")
    assert done.code == 1
    assert "conversion_failed" in done.log
    assert bench.held() == {}
