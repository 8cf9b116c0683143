"""States on standard output: each whole, or not begun."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout

import pytest

from target_linkedin_resumes.errors import Stop
from target_linkedin_resumes.singer.standard_streams import StateOutput, Unread


class Clock:
    """Each look at it takes a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@contextmanager
def pipe() -> Iterator[int]:
    """Have standard output be a pipe, and give the end from which it is read."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0), os.fdopen(writer, "w") as out, redirect_stdout(out):
        yield reader


@pytest.fixture
def no_growth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipes stay as they are: this user has as much of them as a user may have."""

    def refusing(descriptor: int, command: int, argument: int = 0) -> int:
        if command == fcntl.F_SETPIPE_SZ:
            raise PermissionError
        return real(descriptor, command, argument)

    real: Callable[..., int] = fcntl.fcntl
    monkeypatch.setattr(fcntl, "fcntl", refusing)


@pytest.mark.parametrize("size", [10, 5_000, 60_000, 200_000])
def test_a_state_is_written_whole_without_a_reader(size: int) -> None:
    states = StateOutput()
    lines = [character * size + "\n" for character in "abc"]
    with pipe() as reader:
        for line in lines:
            states.write(line)
        assert os.read(reader, 4_000_000).decode() == "".join(lines)


@pytest.mark.usefixtures("no_growth")
@pytest.mark.parametrize("size", [10, 2_049, 5_000, 30_000])
def test_what_has_no_room_is_not_begun(size: int) -> None:
    states = StateOutput(Clock())
    states.end_within(50 + 5)
    written = 0
    with pipe() as reader:
        with pytest.raises(Unread, match="nothing has read"):  # noqa: PT012 - the last one raises
            while True:
                states.write("x" * size + "\n")
                written += 1
        assert written
        assert os.read(reader, 4_000_000).decode() == ("x" * size + "\n") * written


@pytest.mark.usefixtures("no_growth")
def test_a_state_larger_than_any_pipe_arrives_as_it_is_read() -> None:
    states = StateOutput()
    read = b""
    with pipe() as reader:
        writing = threading.Thread(target=states.write, args=("x" * 300_000 + "\n",))
        writing.start()
        while not read.endswith(b"\n"):
            read += os.read(reader, 65_536)
        writing.join()
    assert read == b"x" * 300_000 + b"\n"


@pytest.mark.usefixtures("no_growth")
@pytest.mark.parametrize("size", [10, 60_000])
def test_a_reader_that_goes_away_is_noticed(size: int) -> None:
    reader, writer = os.pipe()
    states = StateOutput()
    with os.fdopen(writer, "w") as out, redirect_stdout(out):
        states.write("x" * size + "\n")
        os.close(reader)
        with pytest.raises(Stop, match="nothing reads"):
            states.write("x" * size + "\n")
