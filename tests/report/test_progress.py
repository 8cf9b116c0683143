"""The progress: drawn in a terminal and nowhere else, within 40 columns, and left clean."""

from __future__ import annotations

import io
import logging
import re
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from target_linkedin_resumes.report.progress import (
    WIDTH,
    Progress,
    TerminalDisplay,
    is_wanted,
    rendered,
)

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
NAMES = ("read", "in flight", "uploaded", "delivered", "deleted", "rejected", "retried")
SOME = Progress(
    seconds=754.2,
    counts=dict(zip(NAMES, (12_345, 812, 11_900, 11_700, 120, 3, 40), strict=True)),
    last_minute=9_812,
    limit=10_000,
)


class Terminal(io.StringIO):
    """A terminal that remembers what was written to it."""

    def isatty(self) -> bool:
        return True


def drawn(progress: Progress, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, record=True)
    console.print(rendered(progress, width))
    return console.export_text().splitlines()


def test_all_figures_are_shown() -> None:
    text = "\n".join(drawn(SOME))
    for figure in ("12,345", "812", "11,900", "11,700", "120", "9,812", "of 10,000", "0:12:34"):
        assert figure in text
    assert "delivering" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"waiting": ("throttle", 12.4)}, "throttled by LinkedIn, 0:00:13 to wait"),
        ({"waiting": ("limit", 3.0)}, "at the limit a minute, 0:00:03 to wait"),
        ({"waiting": ("throttle", 0.2)}, "throttled by LinkedIn, 0:00:01 to wait"),
        ({"waiting": ("quota", 30_000.0)}, "daily quota spent, 8:20:00 to wait"),
        ({"counts": {**SOME.counts, "in flight": 0}}, "waiting for records"),
        ({"dry": True}, "dry run: nothing is sent"),
        ({"ended": True}, "ended"),
        ({"dry": True, "ended": True}, "dry run, ended: nothing was sent"),
    ],
)
def test_the_situation_is_said(change: dict[str, object], words: str) -> None:
    assert words in drawn(replace(SOME, **change))[-1]  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [40, 60, 200])
def test_no_line_is_wider_than_forty_columns(width: int) -> None:
    """Whatever the terminal: it may be made narrower later."""
    many = replace(
        SOME,
        counts=dict.fromkeys(NAMES, 987_654_321),
        last_minute=1_000_000,
        limit=1_000_000,
        waiting=("throttle", 86_399.0),
    )
    lines = drawn(many, width)
    assert max(cell_len(line.rstrip()) for line in lines) <= WIDTH < 40
    assert len(lines) == 7
    assert sum("987.7 M" in line for line in lines) == 4


@pytest.mark.parametrize("width", [39, 30, 24, 20])
@pytest.mark.parametrize("waiting", [None, ("throttle", 86_399.0)])
def test_a_narrow_terminal_shows_whole_figures_or_none(
    width: int, waiting: tuple[str, float] | None
) -> None:
    lines = drawn(replace(SOME, waiting=waiting, last_minute=9_812), width)
    assert max(map(cell_len, lines)) <= width
    assert [re.split(r"  +", line)[-1] for line in lines if re.match("[a-z ]+  +[0-9]", line)] == [
        *(f"{count:,}" for count in SOME.counts.values()),
        "0:12:34",
    ]
    assert lines[1] == "9,812 of 10,000"
    said = lines[-1] + "?"
    assert waiting is None or "23:59:59" in said or not re.search("[0-9]", said)


@pytest.mark.parametrize(
    ("width", "outstanding", "line"),
    [
        (80, (12, 7), "12 deletions outstanding, 7 persons"),
        (40, (12, 7), "12 deletions outstanding, 7 persons"),
        (30, (12, 7), "12 deletions outstanding"),
        (200, (98_765_432, 98_765_432), "98.8 M deletions outstanding"),
    ],
)
def test_outstanding_deletions_stand_above_all(
    width: int, outstanding: tuple[int, int], line: str
) -> None:
    lines = drawn(replace(SOME, outstanding=outstanding), width)
    assert lines[0].rstrip() == line
    assert lines[1:] == drawn(SOME, width)


def test_it_is_wanted_in_a_terminal_alone() -> None:
    tty, pipe = Terminal(), io.StringIO()
    assert is_wanted(tty, {"TERM": "xterm"})
    assert is_wanted(tty, {"TERM": "xterm", "NO_COLOR": "1"})
    assert not is_wanted(pipe, {"TERM": "xterm"})
    assert not is_wanted(tty, {"TERM": "dumb"})
    assert not is_wanted(tty, {})
    assert not is_wanted(tty, {"TERM": "xterm", "SINGER_SDK_LOG_CONFIG": "logging.yaml"})


def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    colour = re.compile(r"\x1b\[[0-9;]*3[0-9]")
    for value, found in (("1", False), ("", True)):
        monkeypatch.setenv("NO_COLOR", value)
        terminal = Terminal()
        display = TerminalDisplay(terminal)
        display.show(replace(SOME, waiting=("limit", 1.0)))
        display.stop()
        assert bool(colour.search(terminal.getvalue())) is found


def test_log_lines_go_above_it_and_the_cursor_is_never_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    handler = logging.StreamHandler(terminal)
    logger = logging.getLogger("tests.progress")
    logger.addHandler(handler)
    try:
        display = TerminalDisplay(terminal)
        display.start()
        display.show(SOME)
        logger.warning("a line of the log")
        with display.aside():
            terminal.write('{"a": "state"}\n')
        display.stop()
        logger.warning("and one after it")
    finally:
        logger.removeHandler(handler)
    written = terminal.getvalue()
    assert "\x1b[?25l" not in written
    assert handler.stream is terminal
    # Each of the lines stands alone, with the progress taken away before it.
    plain = CONTROL.sub("", written)
    for line in ("a line of the log", '{"a": "state"}', "and one after it"):
        assert f"{line}\n" in plain.replace("\r", "")
    assert plain.endswith("and one after it\n")
    assert written.count("\x1b[2K") >= 2 * 7


class Gone(Terminal):
    """A terminal whose window was closed."""

    def write(self, _text: str) -> int:
        raise OSError(5, "Input/output error")


def test_a_terminal_that_has_gone_away_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    display = TerminalDisplay(Gone())
    display.start()
    for _ in range(3):
        display.show(SOME)
        with display.aside():
            pass
    display.stop()


def test_many_log_lines_at_once_do_not_draw_it_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    now = [0.0]
    terminal = Terminal()
    display = TerminalDisplay(terminal, clock=lambda: now[0])
    display.show(SOME)
    for number in range(1_000):
        now[0] += 0.001
        display.write(f"line {number}\n")
    drawn_in_a_second = terminal.getvalue().count("elapsed")
    assert 5 <= drawn_in_a_second <= 25  # of 1,000
    assert all(f"line {number}\n" in terminal.getvalue() for number in range(1_000))
    display.show(SOME)
    assert terminal.getvalue().count("elapsed") > drawn_in_a_second
    display.stop()


def test_the_last_figures_stay_although_a_log_line_has_just_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    display = TerminalDisplay(terminal, clock=lambda: 0.0)
    display.show(SOME)
    display.write("the last line\n")
    display.stop()
    assert "delivering" in terminal.getvalue().partition("the last line\n")[2]
    assert terminal.getvalue().endswith("\n")


def test_stopping_twice_or_unused_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    display = TerminalDisplay(terminal)
    display.start()
    display.stop()
    display.stop()
    display.show(SOME)  # by the thread that looks at the figures, a moment too late
    assert terminal.getvalue() == ""
