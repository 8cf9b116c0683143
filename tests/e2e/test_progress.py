"""The progress in a terminal, and nothing of it where there is none."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from typing import Any

import pytest

from tests.e2e.support import COMMAND, SCHEMA, Bench, line, record, state
from tests.e2e.terminals import Terminal, terminal

LOG_CONFIG = """\
version: 1
disable_existing_loggers: false
formatters: {json: {(): singer_sdk.logging.StructuredFormatter}}
handlers: {stderr: {class: logging.StreamHandler, formatter: json, stream: ext://sys.stderr}}
root: {level: INFO, propagate: true, handlers: [stderr]}
"""


def messages(bench: Bench, count: int = 60) -> bytes:
    name = bench.file("cv.pdf")
    stream: list[dict[str, Any]] = [SCHEMA]
    for number in range(count):
        stream += [record(number, "r", name), state(number + 1)]
    return b"".join(map(line, [*stream, record("x", "r", "missing.pdf"), state(count + 1)]))


def keeping(bench: Bench) -> dict[str, Any]:
    return {
        "on_reject": "continue",
        "rejects_path": str(bench.directory / "rejects.singer"),
        "batch_max_age_seconds": 1,
    }


def feed(shown: Terminal, data: bytes, *, close: bool = False) -> None:
    assert shown.process.stdin is not None
    shown.process.stdin.write(data)
    shown.process.stdin.flush()
    if close:
        shown.process.stdin.close()


def panels(screen: list[str]) -> int:
    return sum(text.startswith("read ") for text in screen)


def test_it_is_there_while_a_run_goes_on_and_left_clean(bench: Bench) -> None:
    config = bench.config(**keeping(bench))
    with terminal(config) as shown:
        feed(shown, messages(bench))
        screen = shown.wait_for(lambda lines: any("delivered        60" in text for text in lines))
        assert panels(screen) == 1
        assert any(re.search(r"rejected +1$", text) for text in screen)
        assert screen[-1] == "waiting for records"
        feed(shown, b"", close=True)
        assert shown.end() == 0
        screen = shown.screen()
        # The last figures stay, and the last lines of the log are below them, each whole.
        assert panels(screen) == 1
        assert "ended" in screen
        assert any("61 records read: 60" in text for text in screen)
        assert b"\x1b[?25l" not in shown.written
        assert not shown.written.rstrip().endswith(b"m")


def test_log_lines_and_states_do_not_mix_with_it(bench: Bench) -> None:
    bench.sandbox.set_faults({"endpoint": "upload", "kind": "status", "status": 503, "times": 5})
    with terminal(bench.config(**keeping(bench)), columns=40, stdout_too=True) as shown:
        feed(shown, messages(bench), close=True)
        assert shown.end() == 0
        screen = shown.screen()
        assert panels(screen) == 1
        states = [text for text in screen if text.startswith('{"bookmarks"')]
        assert states[-1] == '{"bookmarks":{"resumes":61}}'
        beginnings = [n for n, text in enumerate(screen) if text.startswith("20")]
        assert len(beginnings) >= 7
        bars = [text for text in screen if "\N{BOX DRAWINGS HEAVY HORIZONTAL}" in text]
        assert len(bars) == 1


@pytest.mark.parametrize(
    "signals",
    [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]],
    ids=lambda signals: "-".join(one.name for one in signals),
)
def test_a_signal_leaves_the_terminal_clean(bench: Bench, signals: list[signal.Signals]) -> None:
    if len(signals) > 1:  # what is in flight has to last until the second one
        bench.sandbox.set_faults({"endpoint": "upload", "kind": "delay", "ms": 5_000})
    with terminal(bench.config(**keeping(bench))) as shown:
        feed(shown, messages(bench))
        shown.wait_for(lambda lines: panels(lines) == 1)
        for one in signals:
            shown.process.send_signal(one)
            shown.wait_for(lambda lines: any("reading stops" in text for text in lines))
        assert shown.end() == 128 + signals[-1]
        assert panels(shown.screen()) == 1
        assert b"\x1b[?25l" not in shown.written
        # The prompt of the shell begins on a line of its own.
        assert shown.written.endswith(b"\n")


@pytest.mark.parametrize("kind", ["pipe", "dumb", "structured"])
def test_where_no_person_looks_not_one_control_character_is_written(
    bench: Bench, kind: str
) -> None:
    (bench.directory / "logging.yaml").write_text(LOG_CONFIG)
    config = bench.config(**keeping(bench))
    if kind == "pipe":
        done = subprocess.run(
            [COMMAND, "--config", config],
            input=messages(bench),
            capture_output=True,
            env={**os.environ, "TERM": "xterm-256color", "FORCE_COLOR": "1"},
            timeout=60,
            check=True,
        )
        written = done.stderr
    else:
        environment = {
            "dumb": {"TERM": "dumb"},
            "structured": {"SINGER_SDK_LOG_CONFIG": str(bench.directory / "logging.yaml")},
        }[kind]
        with terminal(config, environment=environment) as shown:
            feed(shown, messages(bench), close=True)
            assert shown.end() == 0
            written = bytes(shown.written)
    assert b"61 records read" in written
    if kind == "structured":
        assert b'"summary"' in written
    text = written.replace(b"\r\n", b"\n")
    assert [byte for byte in text if byte < 0x20 and byte != 0x0A] == []
    assert b"\x7f" not in text
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}".encode() not in text


def test_names_from_the_input_neither_forge_a_line_nor_reach_the_terminal(bench: Bench) -> None:
    forged = "\n2024-05-01 00:00:00 | ERROR | forged"
    name = f"resumes\x1b]0;title\x07\x7f\x9b\u2028{forged}"
    stream = {**SCHEMA, "stream": name}
    stream["schema"] = {"properties": {f"x{forged}": {}, **SCHEMA["schema"]["properties"]}}
    one = {**record("c", "r", bench.file("cv.pdf")), "stream": name}
    replayed = {**one, "reject": {"code": forged, "message": forged, "attempts": 1}}
    stranger = {**one, "stream": f"other{forged}"}
    version = {"type": "ACTIVATE_VERSION", "stream": name, "version": 1}
    wrong = {"fields": {"file": f"path\x1b[2J{forged}"}}
    for settings, code in ((keeping(bench), 0), (wrong, 2)):
        done = bench.run([stream, one, replayed, version, stranger], **settings)
        assert done.code == code, done.log
        assert "forged" in done.log
        assert [text for text in done.log.split("\n") if text and not text.startswith("20")] == []
        assert "\n2024" not in done.log
        assert all(text.isprintable() for text in done.log.split("\n"))
