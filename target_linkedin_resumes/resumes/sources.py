"""Open the resume that a record refers to, and hand out bytes that LinkedIn takes.

The surface of this folder: other folders use :class:`Sources` and the types of spool.py.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Self

from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.records import Content, ResumeFile
from target_linkedin_resumes.resumes.charsets import declared_codec
from target_linkedin_resumes.resumes.codes import CODES
from target_linkedin_resumes.resumes.etags import Fingerprints
from target_linkedin_resumes.resumes.formats import (
    EMPTY,
    UNREADABLE_TEXT,
    Converter,
    Kind,
)
from target_linkedin_resumes.resumes.inline import open_content, open_data
from target_linkedin_resumes.resumes.local import LocalFiles
from target_linkedin_resumes.resumes.names import file_name
from target_linkedin_resumes.resumes.object_stores import ObjectStores
from target_linkedin_resumes.resumes.prefixes import (
    HTTP_SCHEMES,
    OTHER_NAMES,
    REMOTE_SCHEMES,
    FileSource,
    Prefixes,
    plain_scheme,
)
from target_linkedin_resumes.resumes.spool import (
    MAX_SIZE,
    Found,
    IsKnown,
    NotModified,
    OpenedResume,
    nothing_known,
    too_large,
)
from target_linkedin_resumes.resumes.standings import Gates, Standing
from target_linkedin_resumes.resumes.texts import UTF_8, in_utf8, unknown_encoding
from target_linkedin_resumes.resumes.web import Web
from target_linkedin_resumes.resumes.wrappings import opened

# What lacks a slash of two, or has a scheme of its own for paths, is a slip and no path here.
_SLIPS = "|".join((*HTTP_SCHEMES, *REMOTE_SCHEMES, *OTHER_NAMES, "dbfs"))
# Of a data: URI, a media type, parameters, or nothing before the comma: "data: analyst.pdf" is the
# name of a file. Two letters at least: "C:/cv.doc" is a path of another system, not a URL.
_MEDIA = r":\s*([\w.+-]+/[^\s/]|[^,]*;|[\w-]+=[^,]*,|base64\s*,|,)"
_SCHEME = re.compile(
    rf"(data(?={_MEDIA})|file|[a-z][a-z0-9+.-]+(?=://)|(?:{_SLIPS})(?=:/)):", re.IGNORECASE
)

# Loggers of the libraries underneath that write URLs, paths and names of files, some at INFO, some
# as errors. Whoever sets up logging keeps them silent at every level.
PRIVATE_LOGGERS = (
    "adlfs",
    "aiobotocore",
    "asyncssh",
    "azure",
    "botocore",
    "fsspec",
    "gcsfs",
    "google",
    "pikepdf",
    "s3fs",
    "sshfs",
    "urllib3",
)


class Sources:
    """All sources of resumes. May be used by many threads at once; close it at the end.

    Local files are read below ``file_root`` and nowhere else; ``file_sources`` lists what is
    trusted beyond the public web. ``timeout`` is in seconds and holds for each wait for a source,
    ``concurrency`` is how many threads there are. ``wall_clock`` gives epoch seconds. ``convert``
    makes documents into what LinkedIn takes; it is closed at the end as well. ``retry_seconds`` is
    how long a failure is waited out. ``fingerprints``
    computes what files are recognized by; without it, none is.

    Raises :class:`Misconfigured` when a setting cannot be used.
    """

    def __init__(
        self,
        file_root: Path,
        file_sources: Iterable[FileSource] = (),
        *,
        timeout: float = 60,
        concurrency: int = 64,
        retry_seconds: int = 900,
        wall_clock: Callable[[], float] = time.time,
        convert: Converter | None = None,
        fingerprints: Fingerprints | None = None,
    ) -> None:
        self._prefixes = prefixes = Prefixes(file_sources)
        gates = Gates(retry_seconds)
        self._standings = {
            source.setting: Standing(source.setting, gates, retry_seconds)
            for source in prefixes.sources
        }
        self._fingerprints = fingerprints
        self._local = LocalFiles(file_root, wall_clock)
        self._object_stores = ObjectStores(prefixes, gates)
        self._web = Web(
            prefixes, timeout=timeout, concurrency=concurrency, wall_clock=wall_clock, gates=gates
        )
        self._convert = convert

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections, and stop what is being converted."""
        self._web.close()
        if self._convert is not None:
            self._convert.close()

    def fingerprint(self, file: ResumeFile) -> str | None:
        """Compute the fingerprint of a file without asking a server; None if that is needed."""
        if self._fingerprints is None:
            return None
        if file.checksum is None and _scheme((file.location or "").strip()) == "file":
            return self._fingerprints.make(file, self._local.validators(file.location or ""))
        return self._fingerprints.make(file)

    @contextmanager
    def open(
        self,
        file: ResumeFile,
        known: str | None = None,
        is_unchanged: Callable[[Content], bool] | None = None,
    ) -> Iterator[OpenedResume]:
        """Open a resume, tell its kind by its bytes, convert it if need be, and yield it.

        ``known`` is the fingerprint that it had earlier: raises :class:`NotModified` where the
        source says that the file is still that one. ``is_unchanged`` is asked once the bytes are
        read, before they are converted: raises :class:`NotModified` where it says so.

        Raises :class:`Reject` for a resume that LinkedIn would not take or that may not be
        fetched, :class:`Retry` for one that may be had later; both when it is opened, the latter
        also when its body is read.
        """
        with ExitStack() as stack:
            with self._fetching(file):
                found = stack.enter_context(self._found(file, known))
                if declared_codec(file.content_type) is not None:
                    found = replace(found, content_type=file.content_type)
                if found.size > MAX_SIZE:
                    raise too_large()
                found, kind = stack.enter_context(opened(found))
                convert = self._convert if kind.convertible else None
                sent = kind if convert is None else convert.makes
                if sent.content_type is None:
                    raise Reject(sent.code, _refusal(sent))
            name = file_name((file.filename, found.name), sent.extension)
            content = None
            converted = convert is not None or kind.encoding not in (None, *UTF_8)
            if is_unchanged is not None:
                sha256 = _sha256(found)
                made = sent.extension if convert is not None else kind.encoding
                origin = f"{sha256} {made}" if converted else sha256
                prints = self._fingerprints
                tag = None if prints is None else prints.make(file, found.validators)
                content = Content("" if converted else sha256, name, sent.content_type, tag, origin)
                if is_unchanged(content):
                    raise NotModified
            if convert is not None:
                found = stack.enter_context(convert.convert(found, kind))
            elif converted and kind.encoding is not None:
                found = stack.enter_context(in_utf8(found, kind.encoding))
            if content is not None and not content.sha256:
                content = replace(content, sha256=_sha256(found))
            found.body.seek(0)
            yield OpenedResume(sent.content_type, name, found.size, found.body, content, converted)

    def _fetching(self, file: ResumeFile) -> AbstractContextManager[None]:
        """Watch how the listed source does that a file is of, if it is of one."""
        location = "" if file.content is not None else (file.location or "").strip()
        source = self._prefixes.match(location)
        if source is None:
            return nullcontext()
        return self._standings[source.setting].fetching(location)

    def _found(self, file: ResumeFile, known: str | None) -> AbstractContextManager[Found]:
        if file.content is not None:
            return open_content(file.content)
        location = (file.location or "").strip()
        scheme = _scheme(location)
        if scheme == "file":
            return self._local.open(file.location or "")
        if scheme == "data":
            return open_data(location)
        if scheme == "dbfs":
            raise Reject(
                "unsupported_source",
                "field 'file': a Databricks path, which only its clusters can read; give the"
                " location of the file, with s3://, abfss:// or gs://",
            )
        if scheme in (*HTTP_SCHEMES, *REMOTE_SCHEMES) and "://" not in location[:10]:
            raise Reject("invalid_source", "field 'file': two slashes have to follow the scheme")
        if scheme in HTTP_SCHEMES:
            return self._web.open(location, self._is_known(file, known))
        if scheme in REMOTE_SCHEMES:
            # Blanks at the end of a key are part of it.
            location = (file.location or "").lstrip().rstrip("\r\n")
            return self._object_stores.open(location, self._is_known(file, known))
        raise Reject(
            "unsupported_source",
            "field 'file': expected a path below the directory of the setting `file_root`, or a"
            " URL with one of the schemes file, data,"
            f" {', '.join((*HTTP_SCHEMES, *REMOTE_SCHEMES))}",
        )

    def _is_known(self, file: ResumeFile, known: str | None) -> IsKnown:
        prints = self._fingerprints
        if prints is None or known is None:
            return nothing_known
        return lambda validators: prints.make(file, validators) == known


def _sha256(found: Found) -> str:
    found.body.seek(0)
    return hashlib.file_digest(found.body, "sha256").hexdigest()


def _scheme(location: str) -> str:
    match = _SCHEME.match(location)
    return plain_scheme(match[1]) if match else "file"


def _refusal(kind: Kind) -> str:
    if kind is EMPTY:
        return "field 'file': the file is empty; upload the resume to the source system again"
    if kind is UNREADABLE_TEXT:
        return unknown_encoding().message
    what = f"field 'file': the file is {kind.label}"
    if kind.code == "file_encrypted":
        return f"{what}. {CODES[kind.code].remedy}"
    if kind.code != "unsupported_format":
        return f"{what}, not a resume. {CODES[kind.code].remedy}"
    remedy = "save it as PDF"
    if kind.convertible:
        remedy += " in the source system, or set `convert` to 'text' or 'pdf'"
    return f"{what}; LinkedIn takes PDF, DOC and plain text: {remedy}"
