"""Undo the header ``Content-Encoding`` (RFC 9110, 8.4), as servers send it in truth. Pure.

Many of them put something else into it, or claim to pack what they do not: there the bytes decide.
"""

from __future__ import annotations

import codecs
import io
import zlib
from collections.abc import Generator, Iterable, Iterator
from itertools import chain

from target_linkedin_resumes.errors import Reject, Retry
from target_linkedin_resumes.resumes.formats import UNKNOWN, sniff
from target_linkedin_resumes.resumes.spool import MAX_SIZE, too_large

# Those that are undone, and those that cannot be. All else is no coding: `utf-8`, `aws-chunked`.
_PACKED = frozenset({"gzip", "x-gzip", "deflate", "x-deflate"})
_UNKNOWN = frozenset(
    {"br", "zstd", "compress", "x-compress", "bzip2", "x-bzip2", "xz", "lzma", "dcb", "dcz"}
)
_MOST_CODINGS = 4
_GZIP = b"\x1f\x8b"
_WINDOW = zlib.MAX_WBITS
_PIECE = 128 * 1024
# What is packed is unpacked in slices: those are copied wherever one part of a body ends.
_SLICE = 16 * 1024
_HEAD = 4096
# Packed, a file of the largest size is hardly larger; members that hold nothing have no end.
_MOST_PACKED = MAX_SIZE + MAX_SIZE // 8


def decoded(pieces: Iterable[bytes], header: str | None) -> Generator[bytes, None, None]:
    """Undo all codings, the last first, in bounded steps.

    Raises :class:`Retry` for a body that is damaged or ends too soon, :class:`Reject` for a coding
    that cannot be undone, unless the body is a PDF or a DOC in spite of it.
    """
    codings = [token.partition(";")[0].strip().lower() for token in (header or "").split(",")]
    packed = [coding for coding in codings if coding in _PACKED]
    is_unknown = not _UNKNOWN.isdisjoint(codings)
    if is_unknown:
        head, pieces = _head(pieces)
        kind = sniff(io.BytesIO(head), len(head))
        is_unknown = kind.content_type is None or kind.encoding is not None
    if len(packed) > _MOST_CODINGS or is_unknown:
        raise Reject(
            "source_refused",
            "field 'file': the source compresses the file with an unknown Content-Encoding that was"
            " not requested",
        )
    for coding in reversed(packed):
        pieces = _unpacked(pieces, coding)
    yield from pieces


def _unpacked(pieces: Iterable[bytes], coding: str) -> Iterator[bytes]:
    head, rest = _head(pieces)
    if head.startswith(_GZIP):
        yield from _inflated(rest, _WINDOW + 16)
    elif _begins(head, _WINDOW):
        yield from _inflated(rest, _WINDOW)
    elif "deflate" in coding and not _is_file(head) and _begins(head, -_WINDOW):
        yield from _inflated(rest, -_WINDOW)  # as Microsoft's servers understood the word
    else:
        yield from rest


def _head(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Give the beginning of a body, and all of it."""
    iterator = iter(pieces)
    head = b""
    for piece in iterator:
        head += piece
        if len(head) >= _HEAD:
            break
    return head, chain((head,), iterator)


def _is_file(head: bytes) -> bool:
    """Tell whether a body begins as a file of a known kind, or as text in UTF-8."""
    kind = sniff(io.BytesIO(head), len(head))
    if kind.encoding is None:
        return kind is not UNKNOWN
    try:
        return bool(codecs.getincrementaldecoder("utf-8")().decode(head))
    except UnicodeDecodeError:
        return False


def _begins(head: bytes, window: int) -> bool:
    """Tell whether a body begins as a packed one does. A single byte may be anything."""
    try:
        zlib.decompressobj(window).decompress(head, _HEAD)
    except zlib.error:
        return False
    return len(head) > 1


def _inflated(pieces: Iterable[bytes], window: int) -> Iterator[bytes]:
    """Unpack one member after another; what follows the last and is none is left out."""
    decoder = zlib.decompressobj(window)
    taken = 0
    behind = b""  # what follows a member, as long as it may be the beginning of another
    for piece in pieces:
        taken += len(piece)
        if taken > _MOST_PACKED:
            raise too_large()
        for at in range(0, len(piece), _SLICE):
            rest = piece[at : at + _SLICE]
            while rest:
                if decoder.eof:
                    rest = behind + rest
                    if not rest.startswith(_GZIP[: len(rest)]) or window != _WINDOW + 16:
                        return
                    behind = rest if len(rest) < len(_GZIP) else b""
                    if behind:
                        break
                    decoder = zlib.decompressobj(window)
                try:
                    yield decoder.decompress(rest, _PIECE)
                except zlib.error:
                    raise Retry(
                        "field 'file': the source sent a damaged gzip body", of_file=True
                    ) from None
                rest = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
    if not decoder.eof:
        raise Retry("field 'file': the source broke off in the middle", of_file=True)
