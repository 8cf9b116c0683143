"""What the page writes cannot be mistaken for something else."""

from __future__ import annotations

import pytest

from target_linkedin_resumes.sandbox.page.spelling import clock, duration, moment, plain, size


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("CAND 7", "CAND 7"),
        ("名前", "名前"),
        ("مرشح", "مرشح"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("\u202eevil", "<U+202E>evil"),
        ("a\u200bb", "a<U+200B>b"),
        ("a\nb\x00", "a<U+000A>b<U+0000>"),
        ("\ue000", "<U+E000>"),
    ],
)
def test_invisible_characters_are_spelled_out(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (2048, "2.0 KiB"), (10485760, "10.0 MiB")],
)
def test_sizes(count: int, shown: str) -> None:
    assert size(count) == shown


def test_times_are_in_utc() -> None:
    assert moment(1_670_935_153_000) == "2022-12-13 12:39:13"
    assert clock(1_670_935_153_007) == "12:39:13.007"
    assert [duration(ms) for ms in (999, 1000, 99_900, 1_234_567)] == [
        *("999 ms", "1.0 s", "99.9 s", "1,235 s")
    ]
