"""Read Singer messages from standard input or a file, line by line, until told to stop.

The SDK's own reader cannot be woken while it waits for input, and its errors quote the whole
line: a line is a candidate's record.
"""

from __future__ import annotations

import json
import os
import select
import sys
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import IO, Any, Self

from singer_sdk.singerlib.encoding import GenericSingerReader

from target_linkedin_resumes.errors import Misconfigured, Stop

CHUNK = 1024 * 1024
# A resume of 10 MiB in base64 makes a line of 14; in memory a line takes some three times as much.
LONGEST_LINE = 64 * 1024 * 1024
# Milliseconds. A signal that comes just before the wait, or to another thread, does not end it:
# Python handles it once the wait is over.
LOOK_MS = 1000
# The SDK's `deserialize_json` makes a decoder for each line, which costs as much as the decoding.
_DECODER = json.JSONDecoder(parse_float=Decimal)
_EXPECTED = "SCHEMA, RECORD, STATE, BATCH or ACTIVATE_VERSION"


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def read_json(text: bytes) -> Any:
    """Read JSON as the SDK does: numbers with a fraction as :class:`Decimal`, NaN as a float.

    A number that Python does not read is an :class:`Unbounded`. Raises ValueError and
    RecursionError.
    """
    # What begins like an object in UTF-8 is that: in UTF-16 and UTF-32 one of two bytes is a zero.
    is_utf_8 = text.startswith(b"{") and not text.startswith(b"{\0")
    encoding = "utf-8" if is_utf_8 else json.detect_encoding(text)
    document = text.decode(encoding, "surrogatepass")
    try:
        return _DECODER.decode(document)
    except json.JSONDecodeError:
        raise
    except (ArithmeticError, ValueError):  # a number out of bounds, and one of too many digits
        return _PATIENT_DECODER.decode(document)


class Unbounded(Decimal):
    """A number out of all bounds: it counts as infinite and is written as it was read."""

    _text: str

    def __new__(cls, text: str) -> Self:
        """Make one from the text of a number."""
        made = super().__new__(cls, "-Infinity" if text.startswith("-") else "Infinity")
        made._text = text
        return made

    def __str__(self) -> str:
        """Return the text it was read from."""
        return self._text


def _number(text: str) -> int | Decimal:
    try:
        return int(text) if text.lstrip("-").isdigit() else Decimal(text)
    except (ArithmeticError, ValueError):
        return Unbounded(text)


_PATIENT_DECODER = json.JSONDecoder(parse_float=_number, parse_int=_number)


class InvalidInput(Exception):
    """A line that cannot be read as a Singer message. The text never quotes the line."""


class Woken(Exception):
    """:meth:`MessageReader.wake` was called."""


class MessageReader(GenericSingerReader[bytes]):
    """Reads Singer messages and hands them to the callbacks of their type.

    ``before_waiting`` is called on the reading thread before each read that may have to wait for
    input, when no whole line is left; for a stream in memory never. A line may have up to
    ``longest_line`` bytes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._wake_reader, self._wake_writer = pipe = os.pipe()
        # Not at exit: a thread that still runs then may call `wake`.
        weakref.finalize(self, _close, pipe).atexit = False
        self.line_number = 0
        self.line_size = 0
        self.longest_line = LONGEST_LINE
        self.before_waiting: Callable[[], None] = lambda: None

    def wake(self) -> None:
        """Have the reader raise :class:`Woken` instead of waiting for input. From any thread."""
        os.write(self._wake_writer, b"\0")

    @property
    def default_input(self) -> IO[bytes]:
        """Standard input. Raises :class:`Misconfigured` where there is none."""
        if sys.stdin is None:
            raise Misconfigured(
                "standard input is closed or cannot be read; expected what a tap prints, or --input"
                " with a file"
            )
        return sys.stdin.buffer

    def process_lines(
        self, file_input: IO[Any] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        """Hand each message to the callback of its type; blank lines are passed over.

        Raises :class:`InvalidInput` with the line's number, and :class:`Woken`.
        """
        counts: Counter[str] = Counter()
        for line in self._lines(file_input or self.default_input):
            self.line_number += 1
            self.line_size = len(line)
            if self.line_size > self.longest_line:
                where = f"line {self.line_number} of the input"
                raise InvalidInput(too_long(where, self.longest_line))
            if not line.strip():
                continue
            try:
                message = self.deserialize_json(line)
                del line  # it may hold a whole file, and handing over the message may block
                counts[self._dispatch(message, callbacks)] += 1
            except InvalidInput as error:
                raise InvalidInput(f"line {self.line_number} of the input: {error}") from None
            del message
        return counts

    def _dispatch(
        self,
        message: dict[str, Any],
        callbacks: dict[str, Callable[[dict[str, Any]], None]],
    ) -> str:
        self.assert_line_requires(message, {"type"})
        kind = message["type"]
        if not isinstance(kind, str) or kind not in callbacks:
            raise InvalidInput(f"unknown message type; expected {_EXPECTED}")
        stream = message.get("stream")
        if isinstance(stream, str) and not stream.isascii():
            # Half of a surrogate pair is no text for SQLite, nor for a log.
            message["stream"] = stream.encode("utf-8", "backslashreplace").decode()
        callbacks[kind](message)
        return kind

    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        """Read one line of JSON. Raises :class:`InvalidInput`."""
        try:
            message = read_json(line)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", None) or type(error).__name__
            raise InvalidInput(f"not valid JSON ({reason})") from None
        if not isinstance(message, dict):
            raise InvalidInput("expected a JSON object")
        return message

    @staticmethod
    def assert_line_requires(line_dict: dict[str, Any], requires: set[str]) -> None:
        """Raise :class:`InvalidInput` if keys are missing."""
        if not requires <= line_dict.keys():
            missing = sorted(requires - line_dict.keys())
            raise InvalidInput(f"the message lacks {', '.join(map(repr, missing))}")

    def _lines(self, source: IO[Any]) -> Iterator[bytes]:
        try:
            descriptor = source.fileno()
        except (OSError, AttributeError):  # a stream in memory: nothing to wait for
            return (line.encode() if isinstance(line, str) else line for line in source)
        return _split(self._chunks(descriptor), self.longest_line)

    def _chunks(self, descriptor: int) -> Iterator[bytes]:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.register(self._wake_reader, select.POLLIN)
        while True:
            self.before_waiting()
            ready = {number for number, _ in poll.poll(LOOK_MS)}
            if self._wake_reader in ready:
                raise Woken
            if not ready:
                continue
            try:
                chunk = os.read(descriptor, CHUNK)
            except OSError as error:
                raise Stop(
                    f"the input cannot be read after line {self.line_number} ({error.strerror})"
                ) from None
            if not chunk:
                return
            yield chunk


def too_long(line: str, longest: int) -> str:
    """Return the message for a line that is too long."""
    return (
        f"{line}: longer than the {longest} bytes that the setting max_line_bytes allows. A resume"
        " has at most 10 MiB: find out what the tap sends there, or raise that setting"
    )


def _split(chunks: Iterable[bytes], longest: int = LONGEST_LINE) -> Iterator[bytes]:
    """Cut chunks into lines. A line may span many chunks: it is joined once.

    A line that becomes too long is yielded before its end has come.
    """
    begun: list[bytes] = []
    size = 0
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        begun.append(first)
        size += len(first)
        if others or size > longest:
            yield _joined(begun)
            *whole, last = others or [b""]
            yield from whole
            begun, size = [last], len(last)
    rest = b"".join(begun)
    if rest:
        yield rest


def _joined(parts: list[bytes]) -> bytes:
    """Join the parts of a line and release them."""
    line = b"".join(parts)
    parts.clear()
    return line
