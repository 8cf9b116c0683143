"""Read resumes from object stores and SFTP servers, through fsspec.

Only URLs below a listed prefix are read, and fsspec gets the path there alone, of which it makes
nothing: no chained URLs, no other file systems.
"""

from __future__ import annotations

import errno
import importlib
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote

from target_linkedin_resumes.errors import Failure, Misconfigured, Reject, Retry
from target_linkedin_resumes.http.address_guard import not_allowed
from target_linkedin_resumes.resumes.answers import causes_of
from target_linkedin_resumes.resumes.prefixes import (
    REMOTE_SCHEMES,
    Prefixes,
    has_password,
    plain_scheme,
)
from target_linkedin_resumes.resumes.spool import (
    Found,
    IsKnown,
    NotModified,
    nothing_known,
    spooled,
)
from target_linkedin_resumes.resumes.standings import Gates

# Each read is one request, and what is read is all that is kept in memory.
_PIECE = 1024 * 1024


class _Store(NamedTuple):
    """What is to be known of a kind of store.

    ``module`` comes with the ``extra`` of this package. ``validators`` name a hash of the bytes or
    a number that each write changes; SFTP says no more than a size and a time in seconds.
    ``version`` stands between a key and its version, ``options`` are those unless given.
    """

    module: str
    extra: str
    validators: tuple[str, ...]
    version: str | None = None
    options: Mapping[str, Any] = {}


_AZURE = _Store("adlfs", "azure", ("etag",), "?versionid=")
_STORES = {
    "s3": _Store("s3fs", "s3", ("ETag",), "?versionId="),
    "gs": _Store("gcsfs", "gcs", ("md5Hash", "generation")),
    "az": _AZURE,
    "abfs": _AZURE,
    # The server's key is checked against ~/.ssh/known_hosts (asyncssh's meaning of an empty tuple);
    # sshfs itself checks nothing.
    "sftp": _Store("sshfs", "sftp", (), options={"known_hosts": ()}),
}
# What the libraries raise for credentials; they are optional, so their classes have only names.
_CREDENTIALS = frozenset(
    {
        "ClientAuthenticationError",
        "DefaultCredentialsError",
        "HostKeyNotVerifiable",
        "NoCredentialsError",
        "PartialCredentialsError",
        "PermissionDenied",
        "ProfileNotFound",
        "RefreshError",
        "TokenRetrievalError",
    }
)
# What they raise for the name of a bucket or a key that can be none.
_NO_NAMES = frozenset({"ParamValidationError", "UnicodeError"})
# A host, an IPv6 address in brackets, and a port.
_HOST = re.compile(r"\[?(.*?)\]?(?::([0-9]{1,5}))?", re.DOTALL)
# What the libraries raise for options that are none or name a file that is not there.
_MISTAKES = (
    AttributeError,
    FileNotFoundError,
    IsADirectoryError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file of a store. ``setting`` is the name of its options, ``name`` that of the file."""

    scheme: str
    server: str
    options: dict[str, Any] = field(repr=False)
    setting: str
    path: str = field(repr=False)
    name: str = field(repr=False)
    has_version: bool


class ObjectStores:
    """The listed object stores and SFTP servers. ``gates`` are those of the hosts.

    Raises :class:`Misconfigured` when the library for a listed scheme is not installed.
    """

    def __init__(self, prefixes: Prefixes, gates: Gates | None = None) -> None:
        self._prefixes = prefixes
        self._gates = gates or Gates()
        for scheme in sorted(prefixes.schemes() & set(REMOTE_SCHEMES)):
            store = _STORES[scheme]
            try:
                importlib.import_module(store.module)
            except ImportError:
                raise Misconfigured(
                    f"setting `file_sources`: {scheme}:// needs a package that is not installed;"
                    f" run: pip install 'target-linkedin-resumes[{store.extra}]'"
                ) from None

    @contextmanager
    def open(self, url: str, is_known: IsKnown = nothing_known) -> Iterator[Found]:
        """Fetch a URL.

        Raises :class:`Reject` and :class:`Retry`, and :class:`NotModified` instead of reading a
        file that is known.
        """
        wanted = self._wanted(url)
        with ExitStack() as stack:
            with self._gates.call(wanted.server, url) as call:
                try:
                    found = stack.enter_context(_fetched(wanted, is_known))
                except Retry:
                    call.failed(doubtful=True)
                    raise
                except (Reject, NotModified):
                    call.succeeded()
                    raise
                call.succeeded()
            yield found

    def _wanted(self, url: str) -> _Wanted:
        """Tell what a URL names, with the options of its entry."""
        scheme, _, rest = url.partition("://")
        scheme = plain_scheme(scheme)
        authority = rest.partition("/")[0]
        if not authority:
            raise Reject(
                "invalid_source", "field 'file': the URL names no place after the two slashes"
            )
        if has_password(authority):
            raise Reject(
                "invalid_source",
                "field 'file': the URL holds a password; give credentials in the `storage_options`"
                " of the setting `file_sources` instead",
            )
        source = self._prefixes.match(url)
        if source is None:
            raise not_allowed(f"no entry of `file_sources` covers this {scheme}:// URL")
        options, path = _address(scheme, rest)
        if not path.partition("/")[2].strip("/"):
            raise _not_a_file()
        store = _STORES[scheme]
        key, has_version, _ = path.partition(store.version) if store.version else (path, "", "")
        if has_version:  # the libraries cut it off in any case, and by default read the latest
            options["version_aware"] = True
        return _Wanted(
            scheme,
            f"{scheme}://{authority}",
            {**options, **store.options, **source.storage_options},
            f"{source.setting}.storage_options",
            path,
            key.rpartition("/")[2],
            bool(has_version),
        )


@contextmanager
def _fetched(wanted: _Wanted, is_known: IsKnown) -> Iterator[Found]:
    """Read a file from beginning to end, then yield it."""
    files = None
    with ExitStack() as stack:
        try:
            files = _made(wanted)
            with _opened(files, wanted.path) as file:
                validators = _validators(wanted.scheme, file)
                if is_known(validators):
                    raise NotModified  # noqa: TRY301 - it goes on as it is
                found = stack.enter_context(spooled(_pieces(file), wanted.name, validators))
            if found.size == 0 and files.isdir(wanted.path):  # some open one as an empty file
                raise _not_a_file()  # noqa: TRY301 - as above
        except (Failure, NotModified):
            raise
        except Exception as error:  # noqa: BLE001 - each library has errors of its own
            failure = _failure(error, has_version=wanted.has_version)
            if files is not None and isinstance(failure, Retry):
                files.clear_instance_cache()  # it may hold a connection that is dead
            raise failure from None
        yield found


def _address(scheme: str, rest: str) -> tuple[dict[str, Any], str]:
    """Part a URL into the options that say which server, and the path there.

    fsspec would do so too, but make options of a query, and its own sense of `#` and `?`.
    """
    authority, _, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if scheme == "sftp":
        name, port = _HOST.fullmatch(host).groups()  # type: ignore[union-attr]  # it fits any text
        options: dict[str, Any] = {"host": name}
        if port:
            options["port"] = int(port)
        if at:
            options["username"] = unquote(user)
        return options, f"/{path}"
    if _STORES[scheme] is _AZURE and at:  # abfs://container@account.dfs.core.windows.net/path
        options = {"account_name": host.partition(".")[0]}
        if not host.lower().endswith(".core.windows.net"):  # a national cloud, OneLake
            options["account_host"] = host.replace(".dfs.", ".blob.", 1)
        return options, f"{user}/{path}"
    return {}, rest


def _validators(scheme: str, file: Any) -> tuple[str, ...]:
    for name in _STORES[scheme].validators:
        value = getattr(file, "details", {}).get(name)
        if value:
            return (name, str(value))
    return ()


def _made(wanted: _Wanted) -> Any:
    """Make the file system, or take the one that was made before."""
    fsspec = importlib.import_module("fsspec")  # it comes with the libraries of the extras
    try:
        files = fsspec.filesystem(wanted.scheme, **wanted.options)
        if wanted.scheme == "s3":
            files.connect()  # it looks at its options no sooner
        if _STORES[wanted.scheme] is _AZURE:
            # adlfs takes the path for a URL, and drops or moves what stands behind `#` and `?`.
            files._strip_protocol = str  # noqa: SLF001 - fsspec's hook
    except _MISTAKES as error:
        module = _STORES[wanted.scheme].module
        # The rest of the message may quote a value.
        unknown = re.search(r"unexpected keyword argument '(\w+)'", str(error))
        wrong = (
            f"no option {unknown[1]!r}" if unknown else f"none like these ({type(error).__name__})"
        )
        raise Misconfigured(
            f"setting `{wanted.setting}`: {module} takes {wrong}; expected options as in its"
            " documentation"
        ) from None
    return files


@contextmanager
def _opened(files: Any, path: str) -> Iterator[Any]:
    """Open a file; :class:`Reject` for a directory."""
    try:
        with files.open(path, "rb", block_size=_PIECE, cache_type="none") as file:
            yield file
    except Exception as error:
        # Of a directory an SFTP server says no more than "failure", and adlfs trips over it.
        if type(error).__name__ not in ("SFTPFailure", "TypeError") or not files.isdir(path):
            raise
        raise _not_a_file() from None


def _pieces(file: Any) -> Generator[bytes, None, None]:
    while piece := file.read(_PIECE):
        yield piece


def _failure(error: BaseException, *, has_version: bool) -> Failure:
    """Map an error of a library to a reject, or to a retry where it may pass.

    The libraries' messages are left out: they quote paths and, at times, credentials.
    """
    causes = list(causes_of(error))
    names = {cls.__name__ for cause in causes for cls in type(cause).__mro__}
    status = next(filter(None, map(_status, causes)), None)
    denied = status in (401, 403) or str(error).startswith("Forbidden")  # as gcsfs says it
    is_invalid = isinstance(error, OSError) and error.errno == errno.EINVAL
    if isinstance(error, FileNotFoundError) or (has_version and is_invalid):
        return Reject("source_gone", "field 'file': there is nothing at the URL")
    if isinstance(error, IsADirectoryError):
        return _not_a_file()
    if _NO_NAMES.intersection(cls.__name__ for cls in type(error).__mro__):
        return Reject("invalid_source", "field 'file': the store takes no such name for a file")
    if isinstance(error, PermissionError) or names & _CREDENTIALS or denied:
        return Reject(
            "source_denied",
            "field 'file': the source denies access; check the `storage_options` for this source"
            " in the setting `file_sources`, for sftp also ~/.ssh/known_hosts",
        )
    what = type(error).__name__ if status is None else f"{type(error).__name__}, {status}"
    return Retry(f"field 'file': the source cannot be read ({what})")


def _status(error: BaseException) -> int | None:
    """Find the status of an answer where Azure's, Google's and Amazon's libraries keep it."""
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    for status in (
        getattr(error, "status_code", None),
        getattr(error, "code", None),
        metadata.get("HTTPStatusCode"),
    ):
        if isinstance(status, int) and 400 <= status < 600:
            return status
    return None


def _not_a_file() -> Reject:
    return Reject("not_a_file", "field 'file': the URL leads to a directory, not to a file")
