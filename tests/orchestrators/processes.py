"""Programs that run beside a test, in a process group of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


class Program:
    """A program, all it has started, and what they have said."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self._log = process, log

    @property
    def said(self) -> str:
        """The log so far."""
        return self._log.read_text(errors="replace")

    @property
    def running(self) -> bool:
        """Whether the program itself goes on."""
        return self.process.poll() is None

    def wait_for(
        self,
        condition: Callable[[], bool],
        seconds: float = 400,
        said: Callable[[], str] | None = None,
    ) -> None:
        """Wait until something is so, or fail with the log, or with what ``said`` gives."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, said() if said else self.said
            time.sleep(0.2)

    def wait_for_end(self) -> str:
        """Wait until the program has ended; gives the log."""
        self.wait_for(lambda: not self.running)
        return self.said

    @property
    def left(self) -> bool:
        """Whether anything that the program started is still there."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True


@contextmanager
def started(
    command: Sequence[str | Path], variables: Mapping[str, str], log: Path
) -> Iterator[Program]:
    """Start a program for the length of a ``with``; what is left of it then is killed."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=variables, cwd=log.parent, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield Program(process, log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
