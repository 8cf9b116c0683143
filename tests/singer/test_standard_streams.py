"""States on standard output: each whole, or not begun."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

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


class Stuck:
    """Goes on while nothing more gets into standard output, a socket."""

    def __init__(self) -> None:
        self.held = -1
        self.looks = 0

    def __call__(self) -> float:
        held = int.from_bytes(
            fcntl.ioctl(sys.stdout.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder
        )
        self.looks = self.looks + 1 if held == self.held else 0
        self.held = held
        return self.looks


@contextmanager
def sockets() -> Iterator[socket.socket]:
    """Have standard output be a socket, and give the end from which it is read."""
    ours, theirs = socket.socketpair()
    with ours, os.fdopen(theirs.detach(), "w") as out, redirect_stdout(out):
        yield ours


@pytest.mark.parametrize("size", [20_000, 50_000])
def test_a_socket_that_nobody_reads_has_whole_states(size: int) -> None:
    lines = b""
    with sockets() as ours:
        states = StateOutput(Stuck())
        states.end_within(5)
        with pytest.raises(Unread, match="could not be written"):  # noqa: PT012 - the last one
            while True:
                states.write("x" * size + "\n")
                lines += b"x" * size + b"\n"
        assert lines
        sys.stdout.close()
        assert ours.makefile("rb").read() == lines


def test_of_a_state_larger_than_any_socket_half_may_be_written() -> None:
    most = int(Path("/proc/sys/net/core/wmem_max").read_text())
    with sockets():
        states = StateOutput(Stuck())
        states.end_within(5)
        with pytest.raises(Unread, match="is half written"):
            states.write("x" * (2 * most + 1_000_000) + "\n")


def test_a_socket_whose_reader_has_gone_is_noticed() -> None:
    with sockets() as ours:
        ours.close()
        with pytest.raises(Stop, match="nothing reads"):
            StateOutput().write("x\n")


def test_an_output_that_does_not_wait_is_waited_for() -> None:
    read = b""
    with pipe() as reader:
        os.set_blocking(sys.stdout.fileno(), False)
        writing = threading.Thread(target=StateOutput().write, args=("x" * 3_000_000 + "\n",))
        writing.start()
        while not read.endswith(b"\n"):
            read += os.read(reader, 65_536)
        writing.join()
    assert len(read) == 3_000_001


def test_a_file_has_whole_states(tmp_path: Path) -> None:
    with (tmp_path / "states").open("w") as out, redirect_stdout(out):
        for _ in range(2):
            StateOutput().write("x" * 300_000 + "\n")
    assert (tmp_path / "states").read_text() == ("x" * 300_000 + "\n") * 2


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
