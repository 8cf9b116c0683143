"""Plain text goes out in UTF-8."""

import io
from pathlib import Path

import pytest

from target_linkedin_resumes.errors import Reject, Retry
from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.resumes.spool import MAX_SIZE, Found, SizedReader
from target_linkedin_resumes.resumes.texts import in_utf8


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("length", [10, 70_000])
def test_plain_text_is_sent_in_utf8(tmp_path: Path, encoding: str, length: int) -> None:
    """At 70,000 lines pieces end within characters."""
    text = "x" + "Zürich “€”\n" * length
    content = text.encode(encoding)
    (tmp_path / "cv.txt").write_bytes(content)
    with Sources(tmp_path) as files, files.open(ResumeFile("cv.txt")) as resume:
        sent = resume.body.read()
        assert resume.size == len(sent)
        assert (resume.content_type, resume.filename) == ("text/plain", "cv.txt")
    assert sent == (content if encoding.startswith("utf-8") else text.encode())


def test_a_text_that_is_too_large_in_utf8(tmp_path: Path) -> None:
    (tmp_path / "cv.txt").write_bytes(("本" * (MAX_SIZE // 3 + 1)).encode("utf-16"))
    with (
        Sources(tmp_path) as files,
        pytest.raises(Reject) as caught,
        files.open(ResumeFile("cv.txt")),
    ):
        pytest.fail("it was opened")
    assert caught.value.code == "file_too_large"


def test_a_text_that_changes_on_the_way_is_tried_again() -> None:
    content = b"\xff\xfe\0"
    changed = Found(SizedReader(io.BytesIO(content), len(content)), len(content))
    with pytest.raises(Retry, match="changed"), in_utf8(changed, "utf-16"):
        pytest.fail("it was opened")
