import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.resumes.links import expires_at

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
