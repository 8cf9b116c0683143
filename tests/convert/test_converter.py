"""The setting `convert`, as the rest of the house meets it."""

import importlib
from pathlib import Path

import pytest

from target_linkedin_resumes.convert import text
from target_linkedin_resumes.convert.converter import converter_of
from target_linkedin_resumes.errors import Misconfigured, Reject
from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes.sources import Sources
from tests.convert.documents import docx, paragraph
from tests.resumes.samples import FILES, PDF


def sources(root: Path, setting: str = "text") -> Sources:
    return Sources(root, convert=converter_of(setting))


@pytest.mark.parametrize(
    ("name", "given"),
    [("cv.docx", None), ("cv.odt", "Jane Doe.odt"), ("cv.rtf", None), ("cv.doc", "Jane.doc")],
)
def test_a_document_becomes_text(tmp_path: Path, name: str, given: str | None) -> None:
    kind = "rtf" if name.endswith("doc") else name.partition(".")[2]  # a ".doc" that is RTF inside
    (tmp_path / name).write_bytes((FILES / f"full.{kind}").read_bytes())
    with sources(tmp_path) as files, files.open(ResumeFile(name, filename=given)) as resume:
        content = resume.body.read()
        assert content.decode() == (FILES / f"full.{kind}.txt").read_text(encoding="utf-8")
        assert (resume.content_type, resume.size) == ("text/plain", len(content))
        assert resume.filename == (given or "cv.x").rpartition(".")[0] + ".txt"
        resume.body.seek(0)
        assert resume.body.read() == content


@pytest.mark.parametrize("content", [PDF, b"plain text"])
def test_what_linkedin_takes_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cv").write_bytes(content)
    with sources(tmp_path) as files, files.open(ResumeFile("cv")) as resume:
        assert resume.body.read() == content


@pytest.mark.parametrize(
    ("setting", "content", "message"),
    [
        ("reject", docx(paragraph("x")), "set `convert`"),
        ("text", b"\x89PNG\r\n\x1a\n", "PNG image"),
        ("text", b"<html><title>Sign in</title>", "log in"),
    ],
)
def test_what_is_not_converted(tmp_path: Path, setting: str, content: bytes, message: str) -> None:
    (tmp_path / "cv").write_bytes(content)
    with (
        sources(tmp_path, setting) as files,
        pytest.raises(Reject, match=message),
        files.open(ResumeFile("cv")),
    ):
        pytest.fail("it was opened")


def test_a_failure_does_not_tell_what_is_in_the_document(tmp_path: Path) -> None:
    (tmp_path / "secret.docx").write_bytes(docx("<w:p>secret</w:q>"))
    with (
        sources(tmp_path) as files,
        pytest.raises(Reject) as caught,
        files.open(ResumeFile("secret.docx")),
    ):
        pytest.fail("it was opened")
    assert caught.value.code == "conversion_failed"
    assert "secret" not in caught.value.message
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("kind", ["docx", "odt", "rtf", "html"])
def test_whatever_a_library_raises_rejects_the_record_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("secret")

    for name in ("clean_tree", "tree_text", "html_text", "rtf_text"):
        monkeypatch.setattr(text, name, fails)
    (tmp_path / "cv").write_bytes((FILES / f"resume.{kind}").read_bytes())
    with sources(tmp_path) as files, pytest.raises(Reject) as caught, files.open(ResumeFile("cv")):
        pytest.fail("it was opened")
    assert caught.value.code == "conversion_failed"
    assert "secret" not in caught.value.message
    assert caught.value.__cause__ is None


def test_a_missing_package_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(Misconfigured, match=r"pip install 'target-linkedin-resumes\[convert\]'"):
        converter_of("text")
