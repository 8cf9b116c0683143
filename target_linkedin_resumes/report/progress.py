"""The progress of a run in a terminal, with the log lines above it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil, inf
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live
    from rich.text import Text

# Between log lines that follow each other quickly it is not drawn again: that would take longer
# than the lines. In seconds.
REST = 0.1
# No line is longer, so that none breaks in two in a terminal of 40 columns, or in one that is made
# as narrow meanwhile: what breaks in two cannot be drawn over.
WIDTH = 39


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. ``counts`` are of records, in the order in which they are shown.

    ``last_minute`` is how many of ``limit`` LinkedIn confirmed in the last 60 seconds, in a dry
    run how many it would have. ``outstanding`` are the deletions that LinkedIn has not taken, and
    how many persons they are of. ``waiting`` names what is waited for, a name of
    :class:`~target_linkedin_resumes.report.model.Waits`, and the seconds left.
    """

    seconds: float
    counts: Mapping[str, int]
    last_minute: int
    limit: int
    outstanding: tuple[int, int] = (0, 0)
    waiting: tuple[str, float] | None = None
    dry: bool = False
    ended: bool = False


def is_wanted(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Tell whether ``stream`` is a terminal that can be drawn on, with a person before it.

    A log that somebody has configured (Meltano does) is read by a program.
    """
    if "SINGER_SDK_LOG_CONFIG" in environ or environ.get("TERM", "dumb") in ("dumb", "unknown"):
        return False
    return stream.isatty()


class TerminalDisplay:
    """Draw the progress at the bottom of a terminal; for any number of threads.

    While it is there, log handlers write above it through this object, and whoever writes to the
    terminal otherwise does so within :meth:`aside`. It never raises because the terminal has gone
    away. ``clock`` gives seconds.

    Rich can redirect stderr itself, but not for this: log handlers keep the stream they began with,
    and its proxy breaks long lines at the terminal's width, draws anew for each line, and raises if
    the terminal has gone away.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        # Here and not above: most runs are in no terminal, and the import takes 50 ms.
        from rich.console import Console  # noqa: PLC0415
        from rich.live import Live  # noqa: PLC0415

        class QuietConsole(Console):
            def show_cursor(self, show: bool = True) -> bool:
                """Leave the cursor where it can be seen: a killed run could not bring it back."""
                del show
                return False

        self._stream = stream
        self._console = QuietConsole(file=stream, highlight=False, emoji=False, markup=False)
        self._new_live: Callable[[], Live] = lambda: Live(
            console=self._console,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        self._live: Live | None = None
        self._shown: Progress | None = None
        self._stopped = False
        self._clock = clock
        self._drawn_at = -inf
        self._lock = threading.RLock()
        self._handlers: list[logging.StreamHandler[TextIO]] = []

    def start(self) -> None:
        """Have the log lines that go to the terminal go above the progress."""
        for logger in (
            logging.root,
            *map(logging.getLogger, list(logging.root.manager.loggerDict)),
        ):
            for handler in logger.handlers:
                if isinstance(handler, logging.StreamHandler) and handler.stream is self._stream:
                    handler.setStream(cast("TextIO", self))
                    self._handlers.append(handler)

    def show(self, progress: Progress) -> None:
        """Draw this from now on, unless it was stopped."""
        with self._lock:
            if not self._stopped:
                self._shown = progress
                self._draw()

    def write(self, text: str) -> int:
        """Write lines above the progress. Called by log handlers."""
        with self.aside():
            self._stream.write(text)
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Do nothing: :meth:`write` has flushed. Called by log handlers."""

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the progress away for as long as something else is written to the terminal."""
        with self._lock:
            self._wipe()
            yield
            if self._shown is not None and self._clock() - self._drawn_at >= REST:
                self._draw()

    def stop(self) -> None:
        """Leave the last figures where they are, and the terminal as it was."""
        with self._lock:
            if self._shown is not None and self._live is None:
                self._draw()  # a log line has just taken it away
            if self._live is not None:
                with suppress(OSError):
                    self._live.stop()
                self._live = None
            self._shown, self._stopped = None, True
            for handler in self._handlers:
                handler.setStream(self._stream)
            self._handlers.clear()

    def _draw(self) -> None:
        assert self._shown is not None  # noqa: S101 - the callers have looked
        self._drawn_at = self._clock()
        with suppress(OSError):
            if self._live is None:
                self._live = self._new_live()
                self._live.start()
            self._live.update(rendered(self._shown, self._console.width), refresh=True)

    def _wipe(self) -> None:
        if self._live is not None:
            self._live.transient = True
            with suppress(OSError):
                self._live.stop()
            self._live = None


def rendered(progress: Progress, columns: int) -> RenderableType:
    """Draw the progress: what is alarming, the rate against the limit, pairs of figures, what is
    waited for.

    In a terminal of fewer than 40 ``columns`` the figures stand below each other, and what would
    not fit beside a figure is left out: half a figure would be a wrong one.
    """
    from rich.console import Group  # noqa: PLC0415
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    wide = columns > WIDTH
    bar = Table.grid()
    full = min(progress.last_minute, progress.limit)
    bar.add_row(
        ProgressBar(
            total=progress.limit,
            completed=full,
            width=WIDTH if wide else max(columns - 1, 1),
            complete_style="cyan",
            finished_style="cyan",
        )
    )
    rate = Text(f"{progress.last_minute:,}", style="bold", no_wrap=True, overflow="crop")
    rate.append(f" of {progress.limit:,}{' in the last 60 s' if wide else ''}", style="dim")
    cells = [(name, _number(count)) for name, count in progress.counts.items()]
    cells.append(("elapsed", _clock(progress.seconds)))
    figures = Text(no_wrap=True, overflow="crop")
    for number, (name, value) in enumerate(cells):
        if number:
            figures.append(" " if wide and number % 2 else "\n")
        alarming = name in ("rejected", "to reject") and value != "0"
        figures.append(f"{name:<9} ", style="dim")
        figures.append(f"{value:>9}", style="bold red" if alarming else "bold")
    lines: list[RenderableType] = [bar, rate, figures]
    lines.append(_line(*_situation(progress), columns, "yellow"))
    deletions, persons = progress.outstanding
    if deletions:
        said, more = f"{_number(deletions)} deletions outstanding", f", {_number(persons)} persons"
        lines.insert(0, _line(said, more, columns, "bold red"))
    return Group(*lines)


def _line(said: str, more: str, columns: int, style: str) -> Text:
    """Return a line of text, with what may be left out of it if there is room."""
    from rich.text import Text  # noqa: PLC0415

    text = said + more if len(said + more) <= min(columns - 1, WIDTH) else said
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _situation(progress: Progress) -> tuple[str, str]:
    """Return what goes on, and what may be left out of it where there is no room."""
    if progress.ended:
        return ("dry run, ended", ": nothing was sent") if progress.dry else ("ended", "")
    if progress.waiting is not None:
        name, seconds = progress.waiting
        return _WAITS[name], f", {_clock(ceil(seconds))} to wait"
    if not progress.counts["in flight"]:
        return "waiting for records", ""
    return ("dry run", ": nothing is sent") if progress.dry else ("delivering", "")


_WAITS = {
    "limit": "at the limit a minute",
    "throttle": "throttled by LinkedIn",
    "quota": "daily quota spent",
}


def _number(count: int) -> str:
    """``9,876,543``, or ``98.7 M`` where there is no room for more digits."""
    return f"{count:,}" if count < 10_000_000 else f"{count / 1e6:,.1f} M"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
