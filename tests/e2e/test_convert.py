"""The setting `convert` in a run of the command."""

from __future__ import annotations

import os

import pytest

from tests.convert.documents import docx
from tests.e2e.support import SCHEMA, Bench, record
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


def test_pdf_without_libreoffice_is_said_at_the_start(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = bench.run([SCHEMA], convert="pdf")
    assert done.code == 2
    assert "apt-get install libreoffice-writer-nogui" in done.log


@pytest.mark.libreoffice
def test_documents_arrive_as_pdf(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = bench.directory / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    names = [
        bench.file(f"cv.{kind}", (FILES / f"full.{kind}").read_bytes())
        for kind in ("docx", "odt", "rtf")
    ]
    stream = [SCHEMA, *(record(number, "r", name) for number, name in enumerate(names * 2))]
    done = bench.run(stream, convert="pdf")
    assert done.code == 0, done.log
    held = bench.held()
    assert len(held) == 6
    assert {one["content_type"] for one in held.values()} == {"application/pdf"}
    assert len({one["size"] for one in held.values()}) == 3  # one document gives one PDF
    assert os.listdir(temporary) == []  # noqa: PTH208 - names are compared
