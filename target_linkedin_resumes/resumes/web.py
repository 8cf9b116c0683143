"""Resumes behind http and https."""

from __future__ import annotations

import os
import re
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote, urljoin

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import parse_url

from target_linkedin_resumes.errors import Failure, Reject, Retry
from target_linkedin_resumes.http.address_guard import (
    TOTAL_TIMEOUTS,
    GuardedAdapter,
    is_public,
    is_public_name,
    not_allowed,
)
from target_linkedin_resumes.http.messages import retry_after
from target_linkedin_resumes.http.proxies import Proxies, tls_context
from target_linkedin_resumes.http.urls import DEFAULT_PORTS, Origin
from target_linkedin_resumes.resumes.etags import expires_at, without_signature
from target_linkedin_resumes.resumes.names import disposition_name
from target_linkedin_resumes.resumes.prefixes import HTTP_SCHEMES, Prefixes
from target_linkedin_resumes.resumes.spool import (
    Found,
    IsKnown,
    NotModified,
    nothing_known,
    spooled,
)

MAX_REDIRECTS = 5
_PIECE = 128 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429})
_HEADERS = {
    "User-Agent": "target-linkedin-resumes",
    "Accept": "*/*",
    # Documents hardly get smaller; what a server packs in spite of this is unpacked.
    "Accept-Encoding": "identity",
}
_EXPIRED = re.compile(
    rb"request has expired|expiredtoken|token (?:has )?expired|signature expired"
    rb"|not valid in the specified time frame|<code>expired",
    re.IGNORECASE,
)
_LOGIN_PATH = re.compile(
    r"(?:^|[/.])(?:log-?in|sign-?in|logon|sso|saml2?|oauth2?|authorize|servicelogin)(?:[/.]|$)",
    re.IGNORECASE,
)
_STRONG = re.compile(r'"[^"]+"')
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request: what, through which adapter, and by which proxy, as `requests` names it."""

    request: requests.PreparedRequest = field(repr=False)
    adapter: GuardedAdapter
    proxies: Mapping[str, str] = field(repr=False)


class Web:
    """Fetches what a URL names, from public hosts and from listed prefixes.

    ``timeout`` is in seconds, for connecting and for each wait for bytes; all of a fetch, with
    redirects and body, takes five of them at most. ``concurrency`` is how many connections are
    kept. ``wall_clock`` gives epoch seconds, ``clock`` seconds that only grow. ``public`` and
    ``ports`` say what may be connected to without being listed.

    Proxies and CA certificates come from ``environ``, read here and never again; raises
    :class:`Misconfigured` when they make no sense. Through a proxy a host is checked by its name
    only.
    """

    def __init__(
        self,
        prefixes: Prefixes,
        *,
        timeout: float = 60,
        concurrency: int = 64,
        wall_clock: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        public: Callable[[str], bool] = is_public,
        ports: Container[int] = (80, 443),
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._prefixes = prefixes
        self._timeout = timeout
        self._wall_clock = wall_clock
        self._clock = clock
        self._public = public
        self._ports = ports
        self._proxies = Proxies(environ)
        # Adapters alone: a session would add credentials of .netrc and cookies, and read the
        # body of a redirect to its end, however long.
        context = tls_context(environ)
        self._guarded = GuardedAdapter(context, public, pool_maxsize=concurrency)
        self._trusted = GuardedAdapter(context, lambda _: True, pool_maxsize=concurrency)

    def close(self) -> None:
        """Close all connections."""
        self._guarded.close()
        self._trusted.close()

    @contextmanager
    def open(self, url: str, is_known: IsKnown = nothing_known) -> Iterator[Found]:
        """Fetch a URL.

        Raises :class:`Reject` and :class:`Retry`, and :class:`NotModified` instead of reading the
        body of a file that is known.
        """
        self._check_expiry(url)
        deadline = self._clock() + self._timeout * TOTAL_TIMEOUTS
        with ExitStack() as stack:
            response, final = self._follow(url, deadline)
            with closing(response):
                raw = self._raw(response, deadline)
                self._check(response, final, raw, redirected=final != url)
                name = disposition_name(response.headers.get("Content-Disposition"))
                name = name or _url_name(final, url)
                validators = _validators(response.headers.get("ETag"), final, name)
                if is_known(validators):
                    raise NotModified
                pieces = _decoded(raw, response.headers.get("Content-Encoding"))
                declared = response.headers.get("Content-Type")
                found = stack.enter_context(spooled(pieces, name, validators, declared))
            yield found

    def _follow(self, url: str, deadline: float) -> tuple[requests.Response, str]:
        """Follow redirects; each is checked, and gets the headers of its own prefix, afresh."""
        for _ in range(MAX_REDIRECTS + 1):
            hop = self._hop(url)
            response = self._get(hop, deadline)
            here = hop.request.url or ""
            target = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or target is None:
                return response, here
            response.close()
            url = _joined(here, target)
            if here.startswith("https:") and not url.lower().startswith("https:"):
                raise _astray("from https to a URL that is not https")
        raise Reject(
            "source_refused", f"field 'file': the source redirects more than {MAX_REDIRECTS} times"
        )

    def _hop(self, url: str) -> _Hop:
        """Decide whether and how a URL may be requested."""
        try:
            request = requests.Request("GET", url, headers=_HEADERS).prepare()
            # Only in the form in which it will be sent can a URL be compared with a prefix.
            url = request.url or ""
            parsed = parse_url(url)
        except (requests.RequestException, HTTPError, ValueError):
            raise _unreadable() from None
        if parsed.scheme not in HTTP_SCHEMES or not parsed.host:
            raise _astray("to a URL that is neither http nor https")
        if parsed.auth is not None:
            raise Reject(
                "invalid_source",
                "field 'file': the URL holds a user name; give credentials in the `headers` of the"
                " setting `file_sources` instead",
            )
        host = parsed.host.strip("[]").lower()
        port = parsed.port or DEFAULT_PORTS[parsed.scheme]
        proxy = self._proxies.proxy_for(Origin(parsed.scheme, host, port))
        proxies = {} if proxy is None else {"all": proxy.url}
        source = self._prefixes.match(url)
        if source is not None:
            request.headers.update(source.headers)
            return _Hop(request, self._trusted, proxies)
        if parsed.port is not None and parsed.port not in self._ports:
            raise not_allowed("the URL names another port than 80 and 443")
        if proxy is not None and not is_public_name(parsed.host, self._public):
            raise not_allowed("the URL leads to a host that is not public")
        return _Hop(request, self._guarded, proxies)

    def _get(self, hop: _Hop, deadline: float) -> requests.Response:
        left = deadline - self._clock()
        if left <= 0:
            raise _too_slow()
        try:
            return hop.adapter.send(
                hop.request,
                stream=True,
                timeout=min(self._timeout, left),
                proxies=hop.proxies,
            )
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise _failure_of(error) from None

    def _check(
        self, response: requests.Response, url: str, raw: Iterator[bytes], *, redirected: bool
    ) -> None:
        """Raise what an answer that is not a file means."""
        status = response.status_code
        if status in (200, 203):
            html = "html" in response.headers.get("Content-Type", "").lower()
            if redirected and html and _LOGIN_PATH.search(parse_url(url).path or ""):
                raise _denied("source_login_page", "the source redirects to a page to log in")
            return
        if status in _PASSING or status >= 500:
            now = datetime.fromtimestamp(self._wall_clock(), UTC)
            raise Retry(
                f"field 'file': the source answered {status}",
                retry_after=retry_after(response.headers.get("Retry-After"), now),
            )
        if status in (400, 401, 403):
            self._check_expiry(url)
            if _EXPIRED.search(next(raw, b"")):
                raise _expired()
        if status in (401, 403, 407):
            raise _denied("source_denied", f"the source denies access ({status})")
        if status in (404, 410):
            raise Reject(
                "source_gone", f"field 'file': there is nothing at the URL any more ({status})"
            )
        raise Reject(
            "source_refused",
            f"field 'file': the source answered {status}, where 200 and the file were expected",
        )

    def _check_expiry(self, url: str) -> None:
        moment = expires_at(url)
        if moment is not None and moment <= self._wall_clock():
            raise _expired()

    def _raw(self, response: requests.Response, deadline: float) -> Iterator[bytes]:
        while True:
            try:
                piece = response.raw.read1(_PIECE, decode_content=False)
            except ReadTimeoutError:
                raise _too_slow() from None
            except (HTTPError, OSError):
                raise Retry("field 'file': the source broke off in the middle") from None
            if not piece:
                return
            yield piece
            if self._clock() > deadline:
                raise _too_slow()


def _validators(etag: str | None, url: str, name: str | None) -> tuple[str, ...]:
    """Return what has to be the same again; an ETag names bytes of its own URL alone.

    A weak ETag (RFC 9110, 8.8.1) may stay while bytes change, and what has no quotes is none.
    """
    if etag is None or not _STRONG.fullmatch(etag):
        return ()
    return ("etag", etag, without_signature(url), name or "")


def _joined(url: str, target: str) -> str:
    """Resolve a Location against the URL it came from; servers send it in UTF-8."""
    try:
        return urljoin(url, target.encode("latin-1").decode("utf-8"))
    except ValueError:
        raise _unreadable() from None


def _decoded(pieces: Iterable[bytes], encoding: str | None) -> Generator[bytes, None, None]:
    """Undo Content-Encoding in bounded steps, and notice when the end is missing."""
    encoding = (encoding or "identity").strip().lower()
    if encoding == "identity":
        yield from pieces
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Reject(
            "source_refused",
            "field 'file': the source packs the file with a Content-Encoding that was not asked"
            " for and is not known",
        )
    decoder = zlib.decompressobj(zlib.MAX_WBITS + 32)  # gzip and zlib, told apart by the header
    began = False
    for piece in pieces:
        began = True
        rest = piece
        while rest and not decoder.eof:
            try:
                yield decoder.decompress(rest, _PIECE)
            except zlib.error:
                raise Retry("field 'file': the source sent a damaged gzip body") from None
            rest = decoder.unconsumed_tail
    if began and not decoder.eof:
        raise Retry("field 'file': the source broke off in the middle")


def _url_name(*urls: str) -> str | None:
    """Find a name in the paths: one with an extension; others are ids and verbs."""
    for url in urls:
        last = unquote((parse_url(url).path or "").rpartition("/")[2])
        if _EXTENSION.search(last):
            return last
    return None


def _too_slow() -> Retry:
    return Retry("field 'file': the source sends too slowly")


def _astray(where: str) -> Reject:
    return Reject(
        "source_not_allowed",
        f"field 'file': the source redirects {where}, where this target does not follow; use the"
        " URL of the file itself",
    )


def _denied(code: str, what: str) -> Reject:
    return Reject(
        code,
        f"field 'file': {what}; check the `headers` for this source in the setting `file_sources`",
    )


def _expired() -> Reject:
    return Reject(
        "source_link_expired",
        "field 'file': the link has expired; let the tap extract the record again, shortly before"
        " it is loaded, so that it holds a fresh link",
    )


def _failure_of(error: Exception) -> Failure:
    """Tell what will be so the next time from what may pass."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Reject(
            "source_unreachable",
            "field 'file': the certificate of the source cannot be verified; if it is your own,"
            " name its CA in the environment variable REQUESTS_CA_BUNDLE",
        )
    for cause in causes:
        if isinstance(cause, socket.gaierror) and cause.errno in (
            socket.EAI_NONAME,
            getattr(socket, "EAI_NODATA", socket.EAI_NONAME),
        ):
            return Reject(
                "source_unreachable", "field 'file': the host that the URL names does not exist"
            )
    if isinstance(error, ValueError):  # requests, urllib3 and the codecs agree in this
        return _unreadable()
    if isinstance(error, requests.Timeout):
        return Retry("field 'file': the source did not answer in time")
    return Retry(f"field 'file': the source cannot be reached ({type(error).__name__})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Unwrap what requests and urllib3 wrapped, in the several ways they do."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        item = waiting.pop()
        if isinstance(item, BaseException) and id(item) not in seen:
            seen.add(id(item))
            yield item
            waiting += [item.__cause__, item.__context__, *item.args, getattr(item, "reason", None)]


def _unreadable() -> Reject:
    return Reject("invalid_source", "field 'file': the URL cannot be read as one")
