"""Runs the command with a terminal as its standard error, and says what is on the screen."""

from __future__ import annotations

import os
import pty
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import pyte

from tests.e2e.support import COMMAND


@dataclass
class Terminal:
    """A command in a terminal of so many columns; ``written`` is all it wrote to it."""

    process: subprocess.Popen[bytes]
    columns: int
    written: bytearray = field(default_factory=bytearray)
    over: Event = field(default_factory=Event)
    """Set when all that was written is read."""

    def screen(self) -> list[str]:
        """What a person sees, from the top, without empty lines at the end."""
        screen = pyte.Screen(self.columns, 400)
        pyte.ByteStream(screen).feed(bytes(self.written))
        lines = [line.rstrip() for line in screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def wait_for(self, seen: Callable[[list[str]], bool]) -> list[str]:
        """The screen as soon as it is like this. Raises AssertionError after 30 s."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            screen = self.screen()
            if seen(screen):
                return screen
            time.sleep(0.1)
        raise AssertionError("\n".join(self.screen()))

    def end(self) -> int:
        """Wait for the exit code, and for the last of what was written."""
        code = self.process.wait(60)
        assert self.over.wait(60)
        return code


@contextmanager
def terminal(
    config: Path,
    *,
    columns: int = 100,
    environment: dict[str, str] | None = None,
    stdout_too: bool = False,
) -> Iterator[Terminal]:
    """Start the command; it is killed at the end if it still runs."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, True)
    process = subprocess.Popen(
        [COMMAND, "--config", str(config)],
        stdin=subprocess.PIPE,
        stdout=theirs if stdout_too else subprocess.DEVNULL,
        stderr=theirs,
        env={
            **{k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR"}},
            "TERM": "xterm-256color",
            "COLUMNS": str(columns),
            **(environment or {}),
        },
    )
    os.close(theirs)
    made = Terminal(process, columns)

    def read() -> None:
        with suppress(OSError):  # the other end is closed
            while data := os.read(ours, 65536):
                made.written += data
        made.over.set()

    reader = Thread(target=read, daemon=True)
    reader.start()
    try:
        yield made
    finally:
        process.kill()
        process.wait()
        reader.join(timeout=5)
        os.close(ours)
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.close()
