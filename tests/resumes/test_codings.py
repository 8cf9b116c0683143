from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_linkedin_resumes.errors import Reject, Retry
from target_linkedin_resumes.resumes.codings import decoded
from tests.resumes.samples import PDF, TXT

TEXT = "Jürgen Müller, Kürschner. ".encode() * 400


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)  # or the time would stand in the tests' names


def raw(content: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()


def cut(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def members(content: bytes, size: int) -> bytes:
    return b"".join(packed(piece) for piece in cut(content, size))


@pytest.mark.parametrize("size", [1, 7, 4096, 10**9])
@pytest.mark.parametrize(
    ("header", "body", "content"),
    [
        (None, PDF, PDF),
        ("", PDF, PDF),
        ("identity", PDF, PDF),
        ("gzip", packed(PDF), PDF),
        ("X-GZIP", packed(PDF), PDF),
        ("gzip;q=1.0", packed(PDF), PDF),
        ("deflate", zlib.compress(PDF), PDF),
        ("deflate", raw(PDF), PDF),
        ("deflate", raw(TEXT), TEXT),
        ("deflate", packed(PDF), PDF),
        ("gzip", zlib.compress(PDF), PDF),
        ("gzip", b"", b""),
        ("deflate", b"", b""),
        # One member after another, as logs and block-wise packers write them.
        ("gzip", members(TEXT, 1000), TEXT),
        ("gzip", members(PDF, 10), PDF),
        ("gzip", packed(b"") + packed(PDF) + packed(b""), PDF),
        # What is behind the last is padding.
        ("gzip", packed(PDF) + bytes(512), PDF),
        ("gzip", packed(PDF) + b"\x1f", PDF),
        ("gzip", packed(PDF) + b"trailing", PDF),
        ("deflate", zlib.compress(PDF) + zlib.compress(PDF), PDF),
        # Undone from the right.
        ("deflate, gzip", packed(zlib.compress(PDF)), PDF),
        ("gzip, gzip", packed(packed(PDF)), PDF),
        ("gzip,identity , deflate", raw(packed(PDF)), PDF),
        # No codings at all.
        ("base64", PDF, PDF),
        ("aws-chunked", PDF, PDF),
        ("gzip,aws-chunked", packed(PDF), PDF),
        ("aws-chunked, gzip", packed(PDF), PDF),
        ("UTF-8", TEXT, TEXT),
        ("utf-8, gzip", packed(TEXT), TEXT),
        ("binary", PDF, PDF),
        ("none", PDF, PDF),
        ("7bit", TEXT, TEXT),
        ("8bit,none,,", TEXT, TEXT),
        ("null", PDF, PDF),
        # Claimed, and not done.
        ("gzip", PDF, PDF),
        ("gzip", TEXT, TEXT),
        ("deflate", PDF, PDF),
        ("deflate", TEXT, TEXT),
        ("deflate", b"Sie finden anbei", b"Sie finden anbei"),
        ("gzip, gzip", packed(PDF), PDF),
    ],
)
def test_what_servers_send(header: str | None, body: bytes, content: bytes, size: int) -> None:
    assert b"".join(decoded(cut(body, size), header)) == content


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("gzip", packed(PDF)[:-4]),
        ("gzip", packed(PDF)[:12]),
        ("gzip", b"\x1f\x8bnonsense" * 9),
        ("gzip", packed(PDF) + packed(PDF)[:-1]),
        ("gzip", packed(PDF)[:-8] + bytes(8)),
        ("deflate", zlib.compress(PDF)[:-1]),
        ("deflate", raw(PDF)[:-1]),
        ("deflate, gzip", packed(zlib.compress(PDF)[:-1])),
    ],
)
def test_what_is_damaged_is_of_this_file_alone(header: str, body: bytes) -> None:
    with pytest.raises(Retry) as caught:
        list(decoded(cut(body, 100), header))
    assert caught.value.of_file


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("br", TXT),
        ("zstd", b"\x28\xb5\x2f\xfd" + PDF),
        ("gzip, br", packed(PDF)),
        ("utf-8, Compress", b""),
        (", ".join(["gzip"] * 5), packed(PDF)),
    ],
)
def test_what_cannot_be_undone(header: str, body: bytes) -> None:
    with pytest.raises(Reject) as caught:
        list(decoded(cut(body, 100), header))
    assert caught.value.code == "source_refused"


@pytest.mark.parametrize("header", ["br", "zstd", "utf-8, Compress"])
def test_a_pdf_is_one_whatever_is_said_of_it(header: str) -> None:
    assert b"".join(decoded(cut(PDF, 100), header)) == PDF


def test_members_without_end_that_hold_nothing_are_left() -> None:
    empty = packed(b"") * 6000
    given_out = 0

    def endless() -> Iterator[bytes]:
        nonlocal given_out
        while True:
            given_out += len(empty)
            yield empty

    with pytest.raises(Reject) as caught:
        list(decoded(endless(), "gzip"))
    assert caught.value.code == "file_too_large"
    assert given_out < 20_000_000


@given(
    st.lists(st.sampled_from(["gzip", "deflate", "raw", "none"]), max_size=4),
    st.binary(min_size=1, max_size=3000),
    st.integers(1, 500),
)
def test_whatever_was_done_to_a_file_is_undone(done: list[str], tail: bytes, size: int) -> None:
    body = content = PDF + tail
    for one in done:
        if one == "gzip":
            body = members(body, max(50, len(body) // 3))
        elif one != "none":
            body = zlib.compress(body) if one == "deflate" else raw(body)
    header = ", ".join("deflate" if one == "raw" else one for one in done)
    assert b"".join(decoded(cut(body, size), header)) == content


@given(st.sampled_from(["gzip", "deflate", "br", "gzip, deflate"]), st.binary(max_size=3000))
def test_whatever_comes_is_taken_or_refused(header: str, body: bytes) -> None:
    try:
        list(decoded(cut(body, 99), header))
    except (Reject, Retry) as failure:
        assert failure.message.startswith("field 'file'")  # noqa: PT017 - it may also not be raised
