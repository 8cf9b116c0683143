import errno
import hashlib
import io
import tempfile
import threading
import tracemalloc
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from target_linkedin_resumes.errors import Reject, Retry, Stop
from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.resumes.spool import (
    ALL_IN_MEMORY,
    BUDGET,
    IN_MEMORY,
    MAX_SIZE,
    SizedReader,
    spooled,
)
from target_linkedin_resumes.setting_kinds import FileSource
from tests.resumes.samples import PDF
from tests.resumes.server import serving


def test_reads_to_its_size_and_again_from_the_beginning() -> None:
    body = SizedReader(io.BytesIO(b"0123456789"), 10)
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


def test_two_readers_of_one_file_do_not_disturb_each_other() -> None:
    file = io.BytesIO(b"abcd")
    one, other = SizedReader(file, 4), SizedReader(file, 4)
    assert (one.read(2), other.read(3), one.read(2)) == (b"ab", b"abc", b"cd")


def test_is_hashed_and_read_into_a_buffer() -> None:
    buffer = bytearray(6)
    assert SizedReader(io.BytesIO(b"abcde"), 4).readinto(buffer) == 4
    assert buffer == b"abcd\0\0"
    body = SizedReader(io.BytesIO(b"abcde"), 4)
    assert hashlib.file_digest(body, "md5").digest() == hashlib.md5(b"abcd").digest()


def test_a_file_that_has_become_shorter_is_not_sent() -> None:
    body = SizedReader(io.BytesIO(b"abc"), 4)
    assert body.read(2) == b"ab"
    with pytest.raises(Retry, match="changed"):
        body.read(2)


def test_a_file_that_was_changed_is_told_with_its_last_byte() -> None:
    body = SizedReader(io.BytesIO(b"abcdef"), 4, unchanged=lambda: False)
    assert body.read(3) == b"abc"
    with pytest.raises(Retry, match="changed"):
        body.read(1)


def test_an_error_of_the_disk_is_transient_and_says_no_name() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error", "/srv/secret-name.pdf")

    with pytest.raises(Retry) as caught:
        SizedReader(Broken(), 4).read(1)
    assert "Input/output error" in caught.value.message
    assert "secret-name" not in caught.value.message
    assert caught.value.__cause__ is None


def pieces(count: int, log: list[str], size: int = 1000) -> Generator[bytes, None, None]:
    try:
        for _ in range(count):
            yield bytes(size)
    finally:
        log.append("closed")


@pytest.mark.parametrize("count", [0, 1, IN_MEMORY // 1000, IN_MEMORY // 1000 + 2])
def test_what_goes_in_comes_out_and_the_source_is_closed_first(count: int) -> None:
    log: list[str] = []
    with spooled(pieces(count, log), "cv.pdf") as found:
        assert log == ["closed"]
        assert (found.size, found.name) == (count * 1000, "cv.pdf")
        assert found.body.read() == bytes(count * 1000)
        found.body.seek(0)
        assert len(found.body.read()) == count * 1000


def test_a_source_that_does_not_end_is_left() -> None:
    log: list[str] = []
    with pytest.raises(Reject) as caught, spooled(pieces(10**9, log, 100_000)):
        pytest.fail("it came to an end")
    assert (caught.value.code, log) == ("file_too_large", ["closed"])


def test_a_source_that_fails_when_it_is_left_changes_nothing() -> None:
    def grumbling() -> Generator[bytes, None, None]:
        try:
            yield bytes(MAX_SIZE + 1)
        except GeneratorExit:
            raise Retry("closing failed") from None

    with pytest.raises(Reject), spooled(grumbling()):
        pytest.fail("it was taken")


@pytest.mark.parametrize("when", ["made", "written"])
def test_a_full_disk_stops_the_run(monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """It makes no rejects of good files."""
    error = OSError(errno.ENOSPC, "No space left on device", "/tmp/secret")

    class Full(io.BytesIO):
        def write(self, _: object, /) -> int:
            raise error

    def full(*_: object, **__: object) -> object:
        if when == "made":
            raise error
        return Full()

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    log: list[str] = []
    with pytest.raises(Stop, match=r"No space left.*TMPDIR") as caught, spooled(pieces(2000, log)):
        pytest.fail("it was written")
    assert "secret" not in caught.value.message
    assert log == ["closed"]


def test_all_together_hold_no_more_memory_than_the_budget() -> None:
    """However many there are; those that find it spent are whole all the same."""
    size, log = 900_000, list[str]()
    tracemalloc.start()
    try:
        with ExitStack() as stack:
            all_found = [
                stack.enter_context(spooled(pieces(9, log, size // 9))) for _ in range(100)
            ]
            held, _ = tracemalloc.get_traced_memory()
            # Python makes room for more than is written.
            assert ALL_IN_MEMORY - size <= held <= ALL_IN_MEMORY * 9 // 8 + 1024 * 1024
            assert all(len(found.body.read()) == found.size == size for found in all_found)
    finally:
        tracemalloc.stop()
    assert BUDGET.take(ALL_IN_MEMORY)  # all was given back
    BUDGET.give_back(ALL_IN_MEMORY)


def test_what_fails_gives_its_memory_back() -> None:
    def failing() -> Generator[bytes, None, None]:
        yield bytes(1000)
        raise Retry("cut off")

    with pytest.raises(Retry), spooled(failing()):
        pytest.fail("it came to an end")
    assert BUDGET.take(ALL_IN_MEMORY)
    BUDGET.give_back(ALL_IN_MEMORY)
    assert not BUDGET.take(ALL_IN_MEMORY + 1)


def test_many_threads_fetch_at_once(tmp_path: Path) -> None:
    failures: list[BaseException] = []
    with serving() as server:
        # PDFs: what is text is read through, which takes a second for each megabyte.
        contents = {
            f"/in/{n}.pdf": PDF[:-6] + f"% resume {n}\n".encode() * (1 + n * 4000) + PDF[-6:]
            for n in range(24)
        }
        for path, content in contents.items():
            server.file(path, content)

        def fetch(sources: Sources, start: int) -> None:
            try:
                for path, content in list(contents.items())[start::3]:
                    with sources.open(ResumeFile(server.url(path))) as resume:
                        assert resume.body.read() == content
                        assert resume.filename == path.rpartition("/")[2]
            except BaseException as error:  # noqa: BLE001 - shown by the main thread
                failures.append(error)

        with Sources(tmp_path, [FileSource(server.url("/in"))], concurrency=6) as sources:
            threads = [threading.Thread(target=fetch, args=(sources, n % 3)) for n in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert failures == []
