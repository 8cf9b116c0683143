"""The audit file: a line for each delivery and each deletion that LinkedIn confirmed.

A line is a JSON object that names nobody; whoever has the key finds a candidate's lines again::

    {"at": ISO 8601, "candidate": hash, "resume": hash, "run": ..., "operation": "delivered",
     "status": 204, "x_li_uuid": ..., "sha256": ..., "blob": ..., "fingerprint": hash,
     "key_id": ...}

``operation`` is ``delivered`` or ``deleted``. Once a deletion is confirmed, the resume's earlier
lines lose ``sha256``, ``blob`` and ``fingerprint``; until that is done, the deletion's line says
``"scrub": "due"``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from target_linkedin_resumes.engine.interfaces import Confirmed, Store
from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.records import Delete
from target_linkedin_resumes.stores.line_file import LineFile, checked_lines
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms

SETTING = "audit_path"
DELIVERED, DELETED = "delivered", "deleted"
# What says what a resume was; the rest of a line says that there was one.
OF_THE_RESUME = ("sha256", "blob", "fingerprint")
_DUE = b'"scrub":"due"'
_BEGIN = b'{"at":"'
_LINE = re.compile(
    rb'\{"at":"([0-9T:.+-]{29})","candidate":"[0-9a-f]{64}","resume":"([0-9a-f]{64})",'
)
# Resumes that one rewrite of the file scrubs: some 20 MiB, however many a run has deleted.
MOST_AT_ONCE = 100_000


def iso(moment: datetime) -> str:
    """Write a moment in UTC as it stands in the file: later moments sort higher."""
    return moment.isoformat(timespec="milliseconds")


def open_lines(path: Path) -> LineFile:
    """Take the file, whose lines are still to be checked. Raises :class:`Misconfigured`."""
    loss = "what LinkedIn confirms could not be proven"
    return LineFile(path, SETTING, loss, begin=_BEGIN)


def read_lines(texts: Iterable[bytes], pseudonyms: Pseudonyms) -> Iterator[dict[str, Any]]:
    """Read the lines of an audit file.

    Raises :class:`Misconfigured` for lines of another key, and for what is no line of such a file.
    """
    for _, text in _checked(texts, pseudonyms):
        line: dict[str, Any] = json.loads(text)
        yield line


def check_audit_log(path: Path, pseudonyms: Pseudonyms) -> None:
    """Raise the :class:`Misconfigured` that opening the file would, and change nothing."""
    for _ in _checked(checked_lines(path, SETTING, begin=_BEGIN), pseudonyms):
        pass


class AuditLog(Store):
    """The audit trail of a pipeline. The engine tells it what LinkedIn confirmed.

    ``run`` names this run in its lines, ``now`` gives the time in UTC. Lines older than
    ``retain_days`` are dropped at the start. ``most_at_once`` bounds memory. Raises
    :class:`Misconfigured`.
    """

    def __init__(
        self,
        path: Path,
        pseudonyms: Pseudonyms,
        run: str,
        now: Callable[[], datetime],
        *,
        retain_days: int | None = None,
        most_at_once: int = MOST_AT_ONCE,
    ) -> None:
        self._pseudonyms = pseudonyms
        self._run = run
        self._now = now
        self._most_at_once = most_at_once
        self._due = False  # a deletion's earlier lines are not scrubbed
        self._file = open_lines(path)
        try:
            oldest = b""
            if retain_days is not None:
                oldest = iso(now() - timedelta(days=retain_days)).encode()
            untidy = False
            for at, text in _checked(self._file, pseudonyms):
                untidy = untidy or at < oldest or _DUE in text
            if untidy:
                self._tidy(oldest)
        except BaseException:
            self._file.close()
            raise

    def confirmed(self, batch: Sequence[Confirmed]) -> None:
        """Write a line for each, all of them durably. Raises :class:`Stop`."""
        if not batch:
            return
        at = iso(self._now())
        lines = b"".join(self._line(at, confirmed) for confirmed in batch)
        self._file.append(lines)
        self._file.sync()
        self._due = self._due or _DUE in lines

    def sync(self) -> None:
        """Return once all lines are durable. Raises :class:`Stop`."""
        self._file.sync()

    def close(self, *, complete: bool = True) -> None:
        """Scrub what was deleted, and close the file. Raises :class:`Stop`."""
        del complete
        try:
            if self._due:
                self._tidy(b"")
        finally:
            self._file.close()

    def _line(self, at: str, confirmed: Confirmed) -> bytes:
        change, upload = confirmed.change, confirmed.upload
        line: dict[str, Any] = {
            "at": at,
            "candidate": self._pseudonyms.candidate(change.key.candidate_id),
            "resume": self._pseudonyms.resume(change.key),
            "run": self._run,
            "operation": DELETED if isinstance(change, Delete) else DELIVERED,
            "status": confirmed.confirmation.status,
            "x_li_uuid": confirmed.confirmation.request_id,
        }
        if isinstance(change, Delete):
            line["scrub"] = "due"
        elif upload is not None and upload.content is not None:
            line["sha256"] = upload.content.sha256
            line["blob"] = upload.urn
            line["fingerprint"] = self._pseudonyms.fingerprint(upload.content, change.created_at)
        return _text({**line, "key_id": self._pseudonyms.key_id})

    def _tidy(self, oldest: bytes) -> None:
        """Write the file anew: scrub what is due, and drop what is older than ``oldest``."""
        left = True
        while left:
            last: dict[bytes, int] = {}
            left = False
            for number, text in enumerate(self._file):
                if _DUE in text:
                    resume = _resume(text)
                    if resume in last or len(last) < self._most_at_once:
                        last[resume] = number
                    else:
                        left = True
            self._file.replace(self._tidied(last, oldest))
        self._due = False

    def _tidied(self, last: dict[bytes, int], oldest: bytes) -> Iterator[bytes]:
        """Yield the lines as they should be; ``last`` is the number of a resume's last deletion."""
        for number, text in enumerate(self._file):
            new = text
            deleted = last.get(_resume(text), -1)
            if number <= deleted:
                line = json.loads(text)
                line.pop("scrub", None)
                if number < deleted:
                    for name in OF_THE_RESUME:
                        line.pop(name, None)
                new = _text(line)
            if _DUE in new or new[7:36] >= oldest:
                yield new


def _checked(texts: Iterable[bytes], pseudonyms: Pseudonyms) -> Iterator[tuple[bytes, bytes]]:
    """Yield when each line was written, and the line. Raises :class:`Misconfigured`.

    The last line may be torn: a run may be writing it.
    """
    end = f'"key_id":"{pseudonyms.key_id}"}}\n'.encode()
    for number, text in enumerate(texts, 1):
        if not text.endswith(b"\n"):
            return
        match = _LINE.match(text)
        if match is None:
            raise Misconfigured(
                f"setting 'audit_path': line {number} is no line of an audit file; expected a file"
                " that this target has written, or a path where there is none"
            )
        if not text.endswith(end):
            raise Misconfigured(
                f"setting 'audit_key': line {number} of the file of audit_path was written"
                " with another key, so its lines could be neither found nor scrubbed. Restore"
                " that key, or start another file"
            )
        yield match[1], text


def _text(line: dict[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def _resume(text: bytes) -> bytes:
    match = _LINE.match(text)
    assert match is not None  # noqa: S101 - each line was checked at the start, or written since
    return match[2]


# What a receipt repeats of a line; the rest of it is what the line is found by.
_ON_RECEIPT = ("at", "operation", "status", "x_li_uuid", "run", "sha256", "blob")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What LinkedIn confirmed of one candidate.

    ``resumes`` has the events of each resume in order, by its keyed hash. An event holds ``at``,
    ``operation``, ``status``, ``x_li_uuid`` and ``run``, and for what was not erased since then
    ``sha256`` and ``blob``. ``since`` and ``until`` are when the first and the last line of the
    whole file were written, None for an empty one: the receipt says nothing of the time before.
    """

    resumes: Mapping[str, Sequence[Mapping[str, Any]]]
    since: str | None
    until: str | None


def is_held(events: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether LinkedIn holds a resume, by what it confirmed last."""
    return bool(events[-1]["operation"] == DELIVERED)


def receipt(lines: Iterable[bytes], pseudonyms: Pseudonyms, candidate_id: str) -> Receipt:
    """Read the lines of an audit file for one candidate. Raises as :func:`read_lines` does."""
    candidate = pseudonyms.candidate(candidate_id)
    resumes: dict[str, list[dict[str, Any]]] = {}
    since = until = None
    for line in read_lines(lines, pseudonyms):
        since, until = since or line["at"], line["at"]
        if line["candidate"] == candidate:
            events = resumes.setdefault(line["resume"], [])
            if line["operation"] == DELETED:  # the file may not be scrubbed yet
                for event, name in product(events, OF_THE_RESUME):
                    event.pop(name, None)
            events.append({name: line[name] for name in _ON_RECEIPT if name in line})
    return Receipt(resumes, since, until)
