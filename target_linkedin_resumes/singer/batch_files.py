"""Read the files of BATCH messages line by line, so that a million rows need little memory."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import IO, Any, cast

from singer_sdk.helpers._batch import StorageTarget

from target_linkedin_resumes.errors import Stop
from target_linkedin_resumes.singer.reader import LONGEST_LINE, read_json, too_long


def records_of(
    message: Mapping[str, Any],
    storage: Mapping[str, Any] | None,
    longest_line: int = LONGEST_LINE,
) -> Iterator[dict[str, Any]]:
    """Yield the records of a BATCH message in order.

    ``storage`` is `batch_config.storage` of the configuration, if there is one. Raises
    :class:`Stop` for an encoding that is not JSON lines and for a file that cannot be read to its
    end; the message numbers file and line and quotes neither.
    """
    encoding, manifest = message.get("encoding"), message.get("manifest")
    if not isinstance(encoding, Mapping) or not isinstance(manifest, list):
        raise Stop("a BATCH message lacks 'encoding' or 'manifest'")
    if not all(isinstance(url, str) for url in manifest):
        raise Stop("a BATCH message lacks a 'manifest' that lists names of files")
    if encoding.get("format") != "jsonl" or encoding.get("compression") not in (
        None,
        "none",
        "gzip",
    ):
        raise Stop(
            f"a BATCH message has the encoding {encoding.get('format')!r} with compression"
            f" {encoding.get('compression')!r}; expected 'jsonl' with 'gzip' or none. Set the"
            " tap's batch_config.encoding accordingly."
        )
    packed = encoding.get("compression") == "gzip"
    for number, url in enumerate(manifest, 1):
        where = f"BATCH file {number} of {len(manifest)}"
        lines = _lines(url, storage, longest_line, where, packed=packed)
        for line_number, line in enumerate(lines, 1):
            if len(line) > longest_line:
                raise Stop(too_long(f"{where}, line {line_number}", longest_line))
            if line.strip():
                yield _record(line, where, line_number)


def _record(line: bytes, where: str, line_number: int) -> dict[str, Any]:
    try:
        record = read_json(line)
    except (ValueError, RecursionError) as error:
        raise Stop(
            f"{where}, line {line_number}: not valid JSON ({type(error).__name__})"
        ) from None
    if not isinstance(record, dict):
        raise Stop(f"{where}, line {line_number}: expected a JSON object")
    return record


def _lines(
    url: str, storage: Mapping[str, Any] | None, longest: int, where: str, *, packed: bool
) -> Iterator[bytes]:
    read = 0
    try:
        head, tail = StorageTarget.split_url(url)
        place = StorageTarget.from_dict(dict(storage)) if storage else StorageTarget.from_url(head)
        with ExitStack() as stack:
            file = cast("IO[bytes]", stack.enter_context(place.open(tail, mode="rb")))
            if packed:
                file = cast("IO[bytes]", stack.enter_context(gzip.open(file)))
            while line := file.readline(longest + 1):
                yield line
                read += 1
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - each kind of storage has errors of its own
        raise Stop(
            f"{where} cannot be read after line {read} ({type(error).__name__}). Check that the"
            " tap's batch files are where this target can read them, and the setting batch_config."
        ) from None
