"""Messages from a pipe: lines of any length, in any chunks, and a reader that can be woken."""

from __future__ import annotations

import copy
import io
import json
import os
import signal
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from singer_sdk.singerlib.json import deserialize_json, serialize_json

from target_linkedin_resumes.singer.reader import (
    InvalidInput,
    MessageReader,
    Woken,
    _split,
    read_json,
)


@given(st.lists(st.binary().map(lambda b: b.replace(b"\n", b"")), max_size=20), st.data())
def test_lines_are_the_same_in_whatever_chunks_they_come(
    lines: list[bytes], data: st.DataObject
) -> None:
    text = b"".join(line + b"\n" for line in lines)
    if data.draw(st.booleans()) and text:
        text = text[:-1]  # the last line without its end
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    expected = text.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert list(_split(chunk for chunk in chunks if chunk)) == expected


@contextmanager
def pipe() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as source, os.fdopen(writer, "wb", buffering=0) as sink:
        yield source, sink


def test_messages_go_to_the_callbacks_of_their_kind() -> None:
    seen: list[Any] = []
    reader = MessageReader()
    with pipe() as (source, sink):
        sink.write(b'{"type": "STATE", "value": 1}\r\n\n  \n{"type": "RECORD", "n": 1.10}\n')
        sink.write(b'{"type": "STATE", "value": 2}')
        sink.close()
        counts = reader.process_lines(source, {"STATE": seen.append, "RECORD": seen.append})
    assert counts == {"STATE": 2, "RECORD": 1}
    assert [message.get("value") for message in seen] == [1, None, 2]
    assert reader.line_number == 5


def test_what_was_read_is_handed_on_before_the_reader_waits_for_input() -> None:
    handed_on: list[int] = []
    reader = MessageReader()
    with pipe() as (source, sink):

        def before_waiting() -> None:
            handed_on.append(reader.line_number)
            if len(handed_on) == 2:
                sink.close()

        reader.before_waiting = before_waiting
        sink.write(b'{"type": "STATE"}\n' * 3)
        reader.process_lines(source, {"STATE": lambda _: None})
    assert handed_on == [0, 3]


def test_a_line_larger_than_a_chunk() -> None:
    seen: list[Any] = []
    with pipe() as (source, sink):
        text = b'{"type": "RECORD", "x": "' + b"y" * 3_000_000 + b'"}\n'

        def write() -> None:
            view = memoryview(text)
            while view:
                view = view[sink.write(view) :]
            sink.close()

        writer = threading.Thread(target=write)
        writer.start()
        MessageReader().process_lines(source, {"RECORD": seen.append})
        writer.join()
    assert len(seen[0]["x"]) == 3_000_000


def test_a_long_line_is_gone_when_its_message_is_handled(tmp_path: Path) -> None:
    """It may have to wait there until there is room for it."""
    size = 8_000_000
    path = tmp_path / "input"
    path.write_bytes(b'{"type": "RECORD", "x": "' + b"y" * size + b'"}\n')
    held: list[int] = []
    with path.open("rb", buffering=0) as source:
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        MessageReader().process_lines(
            source, {"RECORD": lambda _: held.append(tracemalloc.get_traced_memory()[0] - before)}
        )
        tracemalloc.stop()
    assert size < held[0] < 1.5 * size


def test_a_silent_tap_does_not_keep_a_woken_reader() -> None:
    reader = MessageReader()
    with pipe() as (source, sink):
        sink.write(b'{"type": "STATE", "value": 1}\n')
        timer = threading.Timer(0.1, reader.wake)
        timer.start()
        with pytest.raises(Woken):
            reader.process_lines(source, {"STATE": lambda _: None})
        timer.join()


def test_what_is_grouped_can_be_flushed_before_the_reader_waits() -> None:
    """There are two whole lines and half of one; the other half comes only after the flush."""
    seen: list[Any] = []
    seen_at_waits: list[int] = []
    reader = MessageReader()
    with pipe() as (source, sink):
        sink.write(b'{"type": "STATE", "value": 1}\n{"type": "STATE", "value": 2}\n{"type": ')

        def before_waiting() -> None:
            seen_at_waits.append(len(seen))
            if len(seen_at_waits) == 2:
                sink.write(b'"STATE", "value": 3}\n')
            elif len(seen_at_waits) == 3:
                sink.close()

        reader.before_waiting = before_waiting
        reader.process_lines(source, {"STATE": seen.append})
    assert seen_at_waits == [0, 2, 3]
    assert [message["value"] for message in seen] == [1, 2, 3]


def test_a_stream_in_memory() -> None:
    seen: list[Any] = []
    source = io.StringIO('{"type": "STATE", "value": 1}\n')
    MessageReader().process_lines(source, {"STATE": seen.append})
    assert seen == [{"type": "STATE", "value": 1}]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2 of the input: not valid JSON"),
        ("[]", "line 2 of the input: expected a JSON object"),
        ("{}", "line 2 of the input: the message lacks 'type'"),
        ('{"type": ["STATE"]}', "line 2 of the input: unknown message type"),
    ],
)
def test_what_is_no_message_is_named_by_its_line(line: str, says: str) -> None:
    source = io.StringIO('{"type": "STATE"}\n' + line + "\n")
    with pytest.raises(InvalidInput, match=says):
        MessageReader().process_lines(source, {"STATE": lambda _: None})


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(
    st.builds(
        lambda value, ascii_only, encoding: json.dumps(value, ensure_ascii=ascii_only).encode(
            encoding, "surrogatepass"
        ),
        _VALUES,
        st.booleans(),
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-be"]),
    )
    | st.binary()
)
@example(b'{"a": NaN, "b": [-Infinity, 1E400, 1.10, -0.0, 1e-400]}')
@example(b'{"a": "\\ud800", "a": "\xed\xa0\x80"}')
@example(b'{"a": 123456789012345678901234567890}')
@example(b"[" * 100_000)
@example(b' {"a": 1}\r')
@example(b'{"a": "\x00"}')
@example(b"\xff")
def test_json_is_read_as_the_sdk_reads_it(text: bytes) -> None:
    def outcome(read: Callable[[bytes], Any]) -> tuple[object, str]:
        try:
            return None, repr(read(text))
        except (ValueError, RecursionError) as error:
            return type(error), str(error)

    assert outcome(read_json) == outcome(deserialize_json)


def test_a_signal_that_does_not_end_the_wait_is_seen_all_the_same() -> None:
    reader = MessageReader()
    earlier = signal.signal(signal.SIGUSR1, lambda *_: reader.wake())

    def send_to_this_thread() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    with pipe() as (source, _):
        timer = threading.Timer(0.1, send_to_this_thread)
        timer.start()
        try:
            with pytest.raises(Woken):
                reader.process_lines(source, {})
        finally:
            signal.signal(signal.SIGUSR1, earlier)


@pytest.mark.parametrize(
    "number",
    [
        *("1e9999999999999999999", "-1e9999999999999999999", "1e-9999999999999999999"),
        *("-1.5E+9999999999999999999", "9" * 5000, "-" + "9" * 200_000, "1e999999", "-1e900000"),
    ],
    ids=lambda number: number[:24],
)
def test_a_number_out_of_all_bounds_is_read_and_written_as_it_was(number: str) -> None:
    text = f'{{"a":{number},"b":[1,1.10]}}'
    read = read_json(text.encode())
    assert read["b"] == [1, Decimal("1.10")]
    written = serialize_json(copy.deepcopy(read))
    assert written.lower().replace("e+", "e") == text.lower().replace("e+", "e")


def test_half_a_surrogate_pair_in_the_name_of_a_stream_is_written_out() -> None:
    seen: list[Any] = []
    lines = ['{"type": "RECORD", "stream": "s\\ud800"}', '{"type": "RECORD", "stream": "\u00e9"}']
    MessageReader().process_lines(io.StringIO("\n".join(lines)), {"RECORD": seen.append})
    assert [message["stream"] for message in seen] == ["s\\ud800", "\u00e9"]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_may_be_as_long_as_the_limit_and_no_longer(tmp_path: Path, end: bytes) -> None:
    seen: list[Any] = []
    reader = MessageReader()
    reader.longest_line = 2_000_000
    fits = b'{"type": "STATE"}'.ljust(2_000_000) + b"\n"
    path = tmp_path / "input"
    path.write_bytes(fits + fits[:-1] + b" " + end)
    with (
        path.open("rb", buffering=0) as source,
        pytest.raises(InvalidInput, match="line 2 of the input: longer than the 2000000 bytes"),
    ):
        reader.process_lines(source, {"STATE": seen.append})
    assert len(seen) == 1


def test_a_line_without_an_end_is_not_kept_in_memory() -> None:
    asked = 0

    def chunks() -> Iterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b"x" * 100

    assert len(next(_split(chunks(), 1000))) == 1100
    assert asked == 11
