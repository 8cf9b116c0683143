import io

import pytest
import requests

from target_linkedin_resumes.errors import Retry
from target_linkedin_resumes.resumes.bodies import Body


def test_reads_to_its_size_and_again_from_the_beginning() -> None:
    body = Body(io.BytesIO(b"0123456789"), 10)
    assert [body.read(4), body.read(4), body.read(4), body.read(4)] == [
        b"0123",
        b"4567",
        b"89",
        b"",
    ]
    body.seek(0)
    assert body.read() == b"0123456789"
    assert body.seek(-3, io.SEEK_END) == 7
    assert body.read(None) == b"789"
    assert body.seek(-4, io.SEEK_CUR) == body.tell() == 6
    assert body.seek(-99) == 0
    assert len(body) == 10


def test_two_bodies_of_one_file_do_not_disturb_each_other() -> None:
    file = io.BytesIO(b"abcd")
    one, other = Body(file, 4), Body(file, 4)
    assert (one.read(2), other.read(3), one.read(2)) == (b"ab", b"abc", b"cd")


def test_serves_as_a_raw_file() -> None:
    body = Body(io.BytesIO(b"abcd"), 4)
    assert body.readable()
    assert body.seekable()
    assert io.BufferedReader(body).read() == b"abcd"
    assert Body(io.BytesIO(b"abcd"), 4).readall() == b"abcd"


def test_reads_into_a_buffer() -> None:
    buffer = bytearray(6)
    assert Body(io.BytesIO(b"abcd"), 4).readinto(buffer) == 4
    assert buffer == b"abcd\0\0"


def test_an_empty_body_is_a_body() -> None:
    assert Body(io.BytesIO(), 0)


def test_a_file_that_has_become_shorter_is_not_sent() -> None:
    body = Body(io.BytesIO(b"abc"), 4)
    assert body.read(2) == b"ab"
    with pytest.raises(Retry, match="changed"):
        body.read(2)


def test_a_file_that_was_changed_is_told_with_its_last_byte() -> None:
    body = Body(io.BytesIO(b"abcdef"), 4, unchanged=lambda: False)
    assert body.read(3) == b"abc"
    with pytest.raises(Retry, match="changed"):
        body.read(1)


def test_an_error_of_the_disk_is_transient_and_says_no_name() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error", "/srv/secret-name.pdf")

    with pytest.raises(Retry) as caught:
        Body(Broken(), 4).read(1)
    assert "Input/output error" in caught.value.message
    assert "secret-name" not in caught.value.message
    assert caught.value.__cause__ is None


def test_requests_takes_the_length_from_it() -> None:
    prepared = requests.Request("POST", "http://localhost/", data=Body(io.BytesIO(b"abcd"), 4))
    assert prepared.prepare().headers["Content-Length"] == "4"
