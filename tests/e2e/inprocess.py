"""Runs a command within this process: what it is given and gives is as if it were launched.

A launch costs more than half a second of a processor, most of it imports. What a run changes in
its process is undone at its end: streams, arguments, environment, signal handlers, logging.
"""

from __future__ import annotations

import gc
import io
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest import mock

from target_linkedin_resumes.__main__ import main

# How long the threads of a run may go on after it: a call under way ends with its time-out.
_THREADS_SECONDS = 20
# Of libraries, shared by all that this process does.
_SHARED_THREADS = ("fsspecIO", "asyncio_")


@dataclass(frozen=True, slots=True)
class Invoked:
    """What a command has given back."""

    code: int
    stdout: bytes
    stderr: str


def invoke(
    arguments: Sequence[str],
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    command: Callable[[], object] = main,
) -> Invoked:
    """Run a command's entry point to its end; from the main thread, where signals arrive.

    Raises AssertionError if a thread of the run outlives it: such a run needs its own process.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    before = set(threading.enumerate())
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(sys, "stdin", stack.enter_context(_reading(stdin))))
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        stack.enter_context(mock.patch.object(sys, "argv", ["target-linkedin-resumes", *arguments]))
        stack.enter_context(mock.patch.dict(os.environ, environment or {}))
        stack.enter_context(mock.patch.object(tempfile, "tempdir", None))
        stack.enter_context(_signal_handlers_as_before())
        stack.enter_context(_logging_as_before())
        try:
            command()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        _wait_for(set(threading.enumerate()) - before)
    if code != 0:
        gc.collect()  # what a run that failed has opened ends with its process, or with this
    return Invoked(code, _content(out), _content(err).decode())


@contextmanager
def _reading(data: bytes) -> Iterator[io.TextIOWrapper]:
    """Give a standard input with a descriptor, as `< file` would."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the text around it
    with io.TextIOWrapper(file) as text:
        file.write(data)
        file.seek(0)
        yield text


@contextmanager
def _signal_handlers_as_before() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def _logging_as_before() -> Iterator[None]:
    """Begin with a root logger without handlers; undo what is set at any logger."""
    before = {logger: _settings(logger) for logger in _loggers()}
    fresh: tuple[int, bool, bool, list[logging.Handler]] = (logging.NOTSET, True, False, [])
    formatters = {handler: handler.formatter for *_, own in before.values() for handler in own}
    logging.root.handlers = []
    try:
        yield
    finally:
        for logger in _loggers():
            level, propagate, disabled, handlers = before.get(logger, fresh)
            for handler in logger.handlers:
                if handler not in handlers:
                    handler.close()
            logger.setLevel(level)
            logger.propagate, logger.disabled, logger.handlers = propagate, disabled, handlers
        for handler, formatter in formatters.items():
            handler.formatter = formatter


def _loggers() -> list[logging.Logger]:
    named = list(logging.root.manager.loggerDict.values())
    return [logging.root, *(logger for logger in named if isinstance(logger, logging.Logger))]


def _settings(logger: logging.Logger) -> tuple[int, bool, bool, list[logging.Handler]]:
    return logger.level, logger.propagate, logger.disabled, logger.handlers[:]


def _wait_for(threads: set[threading.Thread]) -> None:
    deadline = time.monotonic() + _THREADS_SECONDS
    for thread in threads:
        if not thread.name.startswith(_SHARED_THREADS):
            thread.join(max(0.0, deadline - time.monotonic()))
            assert not thread.is_alive(), f"the thread {thread.name!r} outlives its run"


def _content(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue()
