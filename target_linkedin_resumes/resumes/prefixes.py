"""The setting `file_sources`: what may be fetched where, and with which credentials. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.http.oauth import OAuth
from target_linkedin_resumes.http.urls import DEFAULT_PORTS

HTTP_SCHEMES = ("http", "https")
REMOTE_SCHEMES = ("s3", "gs", "az", "abfs", "sftp")
# What Hadoop, Spark and the clouds' own tools call the same places.
OTHER_NAMES = {
    "s3a": "s3",
    "s3n": "s3",
    "gcs": "gs",
    "abfss": "abfs",
    "wasb": "abfs",
    "wasbs": "abfs",
}

TOKEN = "{token}"  # noqa: S105 - the place of one


@dataclass(frozen=True, slots=True)
class FileSource:
    """One entry of `file_sources`.

    ``prefix`` is the beginning of a URL. What starts with it is trusted, also where it is a
    private address. ``headers`` go with each http(s) request below it and with no other; so does
    the access token that ``oauth`` gets. ``storage_options`` go to the fsspec file system of its
    scheme. ``setting`` is what messages name it.
    """

    prefix: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    oauth: OAuth | None = None
    setting: str = ""

    def headers_with(self, token: str) -> dict[str, str]:
        """Return the headers with an access token: where they say `{token}`, else as Bearer."""
        bearer = {} if self.says_where else {"Authorization": f"Bearer {token}"}
        return bearer | {name: value.replace(TOKEN, token) for name, value in self.headers.items()}

    @property
    def says_where(self) -> bool:
        """Whether the headers say where the token belongs."""
        return any(TOKEN in value for value in self.headers.values())


@dataclass(frozen=True, slots=True)
class _Place:
    """A URL in the parts that decide what it belongs to. ``path`` has no slash at its end."""

    scheme: str
    authority: str
    path: str

    def holds(self, other: _Place) -> bool:
        """Tell whether the other place is this one or below it, by whole segments of the path."""
        if (self.scheme, self.authority) != (other.scheme, other.authority):
            return (self.scheme, self.authority) == (other.scheme, "")
        return other.path == self.path or other.path.startswith(self.path + "/")


class Prefixes:
    """The entries of `file_sources`; of those that match, the longest serves.

    Raises :class:`Misconfigured` for a prefix that cannot be one.
    """

    def __init__(self, sources: Iterable[FileSource] = ()) -> None:
        self.sources = [
            replace(source, setting=f"file_sources[{index}]")
            for index, source in enumerate(sources)
        ]
        places = [(_prefix(source), source) for source in self.sources]
        places.sort(key=lambda entry: -len(entry[0].authority + entry[0].path))
        self._places = places
        # A file is asked about several times on its way.
        self.match = lru_cache(maxsize=256)(self._match)

    def _match(self, url: str) -> FileSource | None:
        """Find the entry that a URL falls under.

        None also for a path with dots or encoded dots as a segment: what it leads to, only the
        server knows. For http(s) give the URL in the very form in which it will be requested.
        """
        place = _place(url)
        if place is None or _has_dots(place.path):
            return None
        return next((source for prefix, source in self._places if prefix.holds(place)), None)

    def schemes(self) -> set[str]:
        """Name the schemes that are listed."""
        return {place.scheme for place, _ in self._places}


def _prefix(source: FileSource) -> _Place:
    place = _place(source.prefix)
    query = re.search(r"[?#]", source.prefix)
    scheme_alone = re.fullmatch(r"[a-z0-9]+://", source.prefix)
    if (
        place is None
        or query
        or _has_dots(place.path)
        or (place.scheme in HTTP_SCHEMES and not place.authority)
        or not (place.authority or scheme_alone)
    ):
        raise Misconfigured(
            f"setting `{source.setting}.prefix`: expected the beginning of a URL with one of"
            f" the schemes {', '.join((*HTTP_SCHEMES, *REMOTE_SCHEMES))}, without credentials,"
            " query and dots, such as 's3://bucket/' or 'https://crm.example.com/'"
        )
    # Ignored, they would show as records that are denied.
    if place.scheme in HTTP_SCHEMES and source.storage_options:
        raise Misconfigured(
            f"setting `{source.setting}.storage_options`: of no use for {place.scheme};"
            " expected `headers`, or a prefix of an object store or an SFTP server"
        )
    for key, given in (("headers", source.headers), ("oauth", source.oauth)):
        if place.scheme not in HTTP_SCHEMES and given:
            raise Misconfigured(
                f"setting `{source.setting}.{key}`: of no use for {place.scheme}; expected"
                " `storage_options`, or a prefix of a web server"
            )
    names = {name.lower() for name in source.headers if isinstance(name, str)}
    if source.oauth and "authorization" in names and not source.says_where:
        raise Misconfigured(
            f"setting `{source.setting}.headers`: `Authorization` and `oauth` exclude each"
            f" other; write {TOKEN} in its value, where the access token belongs"
        )
    for number, (name, value) in enumerate(source.headers.items(), 1):
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or not _is_header(value):
            raise Misconfigured(
                f"setting `{source.setting}.headers`: number {number} is no header that can be"
                " sent; expected a name and a value of one line, in Latin-1, without blanks around"
            )
    return place


def _is_header(value: object) -> bool:
    return (
        isinstance(value, str)
        and re.fullmatch(r"(?! )[\t\x20-\x7e\x80-\xff]*(?<! )", value) is not None
    )


def plain_scheme(scheme: str) -> str:
    """Give a scheme in lower case, by the one of its names that is used here."""
    scheme = scheme.lower()
    return OTHER_NAMES.get(scheme, scheme)


def _place(url: str) -> _Place | None:
    """Take a URL apart; None for what has no place here."""
    scheme, separator, rest = url.partition("://")
    scheme = plain_scheme(scheme)
    if not separator:
        return None
    if scheme in HTTP_SCHEMES:
        try:
            parsed = parse_url(url)  # the parser that requests goes by
        except LocationParseError:
            return None
        if parsed.host is None or parsed.auth is not None:
            return None
        port = parsed.port or DEFAULT_PORTS[scheme]
        return _Place(scheme, f"{parsed.host.lower()}:{port}", (parsed.path or "").rstrip("/"))
    authority, _, path = rest.partition("/")
    if scheme not in REMOTE_SCHEMES or has_password(authority):
        return None
    user, at, host = authority.rpartition("@")
    if scheme == "sftp":
        host = host.lower().removesuffix(":22")
    elif at:  # two endpoints of one account
        host = host.lower().replace(".blob.", ".dfs.", 1)
    return _Place(scheme, user + at + host, f"/{path}".rstrip("/"))


def has_password(authority: str) -> bool:
    """Tell whether the part of a URL before its path holds a password."""
    return ":" in authority.rpartition("@")[0]


def _has_dots(path: str) -> bool:
    for _ in range(3):  # servers and proxies may decode more than once
        segments = re.split(r"[/\\]", path)
        if any(segment.partition(";")[0] in (".", "..") for segment in segments):
            return True
        path = unquote(path)
    return False
