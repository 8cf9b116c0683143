"""Of the words that a person sees, 99.9 % arrive; of what nobody sees, none."""

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from target_linkedin_resumes.convert.sanitize import sanitize_page
from tests.convert.corpus import NEVER, RESUMES, WRITERS, Resume, html5, words
from tests.convert.documents import text_of

KEPT = 0.999


def missing(resume: Resume, content: bytes) -> Counter[str]:
    text = text_of(content)
    assert not any(word in text for word in (*NEVER, "7777")), text
    return resume.words() - words(text)


@pytest.mark.parametrize("resume", RESUMES, ids=lambda resume: resume.language)
@pytest.mark.parametrize("write", WRITERS)
def test_every_word_of_a_resume_arrives(write: Callable[[Resume], bytes], resume: Resume) -> None:
    gone = missing(resume, write(resume))
    assert not gone, gone


def test_the_corpus_is_large_enough() -> None:
    documents = [write(resume) for resume in RESUMES for write in WRITERS]
    assert len({*documents}) >= 60


@pytest.mark.libreoffice
@pytest.mark.parametrize("extension", ["docx", "odt", "rtf"])
def test_every_word_that_libreoffice_wrote_arrives(tmp_path: Path, extension: str) -> None:
    sources = [tmp_path / f"{resume.language}.html" for resume in RESUMES]
    for source, resume in zip(sources, RESUMES, strict=True):
        source.write_bytes(sanitize_page(html5(resume)))
    command = (
        *("soffice", "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"),
        *("--infilter=HTML (StarWriter)", "--convert-to", extension, "--outdir", tmp_path / "made"),
    )
    subprocess.run([*command, *sources], check=True, capture_output=True, timeout=170)
    gone = sum(
        (
            missing(resume, (tmp_path / "made" / f"{resume.language}.{extension}").read_bytes())
            for resume in RESUMES
        ),
        Counter[str](),
    )
    whole = sum(sum(resume.words().values()) for resume in RESUMES)
    assert sum(gone.values()) <= whole * (1 - KEPT), gone
