"""What makes a file known again, and what does not."""

from __future__ import annotations

import pytest

from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes.etags import Tags

SIGNED = (
    "https://b.s3.amazonaws.com/cv/1?X-Amz-Date={}T000000Z&X-Amz-Expires=604800&X-Amz-Signature=x"
)
TAGS = Tags(b"salt", "reject")


def tag(**file: str) -> str | None:
    return TAGS.make(ResumeFile(**file))


def test_without_a_word_of_the_source_there_is_no_tag() -> None:
    assert tag(location="https://crm.example.com/1") is None
    assert TAGS.make(ResumeFile(location="a.pdf"), ("stat", "7")) is not None


def test_a_checksum_tells_of_one_place_whatever_its_signature_is() -> None:
    one = tag(location=SIGNED.format(20260101), checksum="0f")
    assert one == tag(location=SIGNED.format(20260201), checksum="0f")
    assert one != tag(location=SIGNED.format(20260101), checksum="1f")
    assert one != tag(location=SIGNED.replace("cv/1", "cv/2").format(20260101), checksum="0f")


@pytest.mark.parametrize(
    "other",
    [
        {"location": "b.pdf"},
        {"location": "a.pdf", "filename": "jane.pdf"},
        {"location": "a.pdf", "content_type": "text/plain"},
    ],
)
def test_another_place_or_name_is_another_file(other: dict[str, str]) -> None:
    assert tag(**other, checksum="0f") != tag(location="a.pdf", checksum="0f")


def test_a_tag_holds_no_location() -> None:
    made = tag(location="cvs/jane-roe.pdf", filename="Jane Roe", checksum="0f")
    assert made is not None
    assert "ane" not in made
