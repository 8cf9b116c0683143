"""Which files are recognized as delivered before, and when a presigned link expires."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes.etags import Fingerprints, expires_at

SIGNED = (
    "https://b.s3.amazonaws.com/cv/1?X-Amz-Date={}T000000Z&X-Amz-Expires=604800&X-Amz-Signature=x"
)
FINGERPRINTS = Fingerprints(b"salt", "reject")


def fingerprint(**file: str) -> str | None:
    return FINGERPRINTS.make(ResumeFile(**file))


def test_without_validators_there_is_no_fingerprint() -> None:
    assert fingerprint(location="https://crm.example.com/1") is None
    assert FINGERPRINTS.make(ResumeFile(location="a.pdf"), ("stat", "7")) is not None


def test_a_checksum_tells_of_one_place_whatever_its_signature_is() -> None:
    one = fingerprint(location=SIGNED.format(20260101), checksum="0f")
    assert one == fingerprint(location=SIGNED.format(20260201), checksum="0f")
    assert one != fingerprint(location=SIGNED.format(20260101), checksum="1f")
    assert one != fingerprint(
        location=SIGNED.replace("cv/1", "cv/2").format(20260101), checksum="0f"
    )


@pytest.mark.parametrize(
    "other",
    [
        {"location": "b.pdf"},
        {"location": "a.pdf", "filename": "jane.pdf"},
        {"location": "a.pdf", "content_type": "text/plain"},
    ],
)
def test_another_place_or_name_is_another_file(other: dict[str, str]) -> None:
    assert fingerprint(**other, checksum="0f") != fingerprint(location="a.pdf", checksum="0f")


def test_a_tag_holds_no_location() -> None:
    made = fingerprint(location="cvs/jane-roe.pdf", filename="Jane Roe", checksum="0f")
    assert made is not None
    assert "ane" not in made


MOMENT = int(datetime(2024, 5, 1, 12, 0, tzinfo=UTC).timestamp())


def cloudfront_policy(moment: object) -> str:
    policy = {
        "Statement": [{"Resource": "*", "Condition": {"DateLessThan": {"AWS:EpochTime": moment}}}]
    }
    encoded = base64.b64encode(json.dumps(policy).encode()).decode()
    return encoded.translate(str.maketrans("+=/", "-_~"))


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20240424T120000Z&X-Amz-Expires=604800",
        "x-amz-date=20240501T110000Z&x-amz-expires=3600&X-Amz-Signature=ab",
        "X-Goog-Date=20240501T115900Z&X-Goog-Expires=60&X-Goog-Signature=ab",
        f"AWSAccessKeyId=AK&Signature=a%2Fb%3D&Expires={MOMENT}",
        f"GoogleAccessId=x%40y&Expires={MOMENT}&Signature=ab",
        f"Expires={MOMENT}&Signature=ab~&Key-Pair-Id=K1",
        f"Policy={cloudfront_policy(MOMENT)}&Signature=ab&Key-Pair-Id=K1",
        "sv=2022-11-02&se=2024-05-01T12%3A00%3A00Z&sr=b&sp=r&sig=a%3D",
        "se=2024-05-01T14:00:00%2B02:00&sig=a",
        "se=2024-05-01T14:00:00+02:00&sig=a",
        "se=2024-05-01T12:00Z&sig=a",
    ],
)
def test_the_link_tells(query: str) -> None:
    assert expires_at(f"https://files.example.com/cv.pdf?{query}") == MOMENT


@pytest.mark.parametrize(
    "query",
    [
        "",
        "id=5",
        f"Expires={MOMENT}",  # of something else
        "X-Amz-Expires=604800",
        "X-Amz-Date=20240424T120000Z",
        "X-Amz-Date=yesterday&X-Amz-Expires=60",
        "X-Amz-Date=20240424T120000Z&X-Amz-Expires=-1",
        "X-Amz-Date=99991231T235959Z&X-Amz-Expires=999999999999",
        "Policy=nonsense&Key-Pair-Id=K1",
        "Policy=W10_&Key-Pair-Id=K1",
        f"Policy={cloudfront_policy(None)}&Key-Pair-Id=K1",
        "se=tomorrow&sig=a",
        "se=2024-05-01T12:00:00Z",
        "Signature=a&AWSAccessKeyId=b&Expires=%D9%A1",
        "&".join(["a=b"] * 200),
    ],
)
def test_the_link_tells_nothing(query: str) -> None:
    assert expires_at(f"https://files.example.com/cv.pdf?{query}") is None


@given(st.text() | st.text().map(lambda text: "https://h/p?" + text))
def test_any_text_is_survived(text: str) -> None:
    expires_at(text)
