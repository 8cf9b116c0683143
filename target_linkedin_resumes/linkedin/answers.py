"""Reads the answer to a batch call, as LinkedIn or a gateway before it may write it. Pure.

One call carries one organization and one provider, so candidate and resume id tell its keys apart;
whatever else a key holds is passed over. Keys are compared decoded: they come in an order of their
own, in the form of either protocol, and in `errors` also as Java prints them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, unquote_plus

from target_linkedin_resumes.linkedin.restli import DATA_PROVIDER
from target_linkedin_resumes.records import ResumeKey

_CANDIDATE, _RESUME = "tcrmcandidateid", "tcrmresumeid"
_CONTEXT, _PROVIDER = "integrationcontext", "dataprovider"
_READ = frozenset({_CANDIDATE, _RESUME, _CONTEXT, _PROVIDER})
# A value of protocol 2.0 that is a record or a list of its own, as that of `$params` is.
_NESTED = re.compile(r"(?<=[:(,])(?:List)?\([^()]*\)(?=[,)]|\Z)")
_DEEPEST = 8
_SECTIONS = ("results", "errors")
_STATUS = re.compile(r"[1-5][0-9][0-9]")


@dataclass(frozen=True, slots=True)
class KeyResult:
    """What a batch response says of one key.

    ``status`` is None where it was absent, no HTTP status, or one of several. ``error`` is None for
    a key that stands in ``results``; all its fields are optional.
    """

    status: int | None
    error: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def delivered(self) -> bool:
        """Whether LinkedIn confirmed the write for this very key."""
        return self.error is None and self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What a batch response says of the keys that were asked for.

    ``strange`` tells that it has entries, and none of them can be one of these keys. ``differs``
    tells that a key came with another organization or provider than it was sent with.
    """

    of_keys: Mapping[ResumeKey, KeyResult]
    strange: bool = False
    differs: bool = False


def read_batch(body: bytes, organization: str, keys: Collection[ResumeKey]) -> BatchAnswer:
    """Read the body of the response to a batch of ``keys``.

    A key that the answer does not name was not delivered; one that it names twice has no status,
    for neither is to be believed. Raises ValueError for a body that is no batch response.
    """
    asked, read = frozenset(keys), dict[ResumeKey, KeyResult]()
    strange, known, differs = False, False, False
    for text, result in _entries(body):
        if text.startswith("{") and result.error is not None:
            fitting = [key for key in keys if _is_in_java(text, key)]
        else:
            fields = _fields(text)
            key = ResumeKey(fields.get(_CANDIDATE, ""), fields.get(_RESUME, ""))
            fitting = [key] if key in asked else []
            rest = fields.get(_CONTEXT), fields.get(_PROVIDER)
            differs |= bool(fitting) and rest != (organization, DATA_PROVIDER)
        if len(fitting) == 1:
            [key] = fitting
            read[key] = KeyResult(None, result.error) if key in read else result
        known, strange = known or bool(fitting), strange or not fitting
    return BatchAnswer(read, strange and not known, differs)


def _entries(body: bytes) -> Iterator[tuple[str, KeyResult]]:
    """Yield each key as it is written, and what is said of it."""
    try:
        content = json.loads(body, object_pairs_hook=_unique)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(content, dict) or all(content.get(name) is None for name in _SECTIONS):
        raise ValueError("no object with results or errors")
    for name in _SECTIONS:
        section = content.get(name)
        if section is not None and not isinstance(section, dict):
            raise ValueError("a section is no object")
        for text, value in (section or {}).items():
            told = value if isinstance(value, dict) else {}
            yield text, KeyResult(_status(told.get("status")), told if name == "errors" else None)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of unique names: of two values for one name, neither is to be believed."""
    read = dict(pairs)
    if len(read) != len(pairs):
        times = Counter(name for name, _ in pairs)
        return {name: value if times[name] == 1 else None for name, value in read.items()}
    return read


def _fields(text: str) -> dict[str, str]:
    """Read the fields that matter, their names in lower case; none where an id is in doubt.

    Decoding is strict: with replacement characters, a broken id could pass for another.
    """
    decode: Callable[[str], str] = _form_decoded
    if text.startswith("(") and text.endswith(")"):
        pairs, decode = _pairs_2_0(text[1:-1]), _percent_decoded
    else:
        pairs = [pair.partition("=")[::2] for pair in text.split("&")]
    fields: dict[str, str] = {}
    try:
        for written, value in pairs:
            name = decode(written).lower()
            if name in fields and name in {_CANDIDATE, _RESUME}:
                return {}
            if name in _READ:
                fields[name] = decode(value)
    except UnicodeDecodeError:
        return {}
    return fields


def _pairs_2_0(text: str) -> list[tuple[str, str]]:
    """Split `name:value,name:value`, without values inside values; none where it is not that."""
    for _ in range(_DEEPEST):
        text = _NESTED.sub("", text)
    if "(" in text or ")" in text:
        return []
    pairs = (pair.partition(":") for pair in text.split(","))
    return [(name, "" if value == "''" else value) for name, _, value in pairs]


def _is_in_java(text: str, key: ResumeKey) -> bool:
    """Tell whether a key may be the one of `{tcrmResumeId=r, tcrmCandidateId=c, ...}`.

    Nothing is escaped there: an id that holds a comma may be read in two ways.
    """
    fields = f", {text[1:-1]}, "
    wanted = (f", tcrmCandidateId={key.candidate_id}, ", f", tcrmResumeId={key.resume_id}, ")
    return text.endswith("}") and all(one in fields for one in wanted)


@lru_cache(maxsize=256)  # each key of each response names the same organization
def _form_decoded(text: str) -> str:
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


def _percent_decoded(text: str) -> str:
    return unquote(text, errors="strict")


def _status(value: object) -> int | None:
    if isinstance(value, str) and _STATUS.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:
        return value
    return None
