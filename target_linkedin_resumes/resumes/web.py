"""Resumes behind http and https."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urljoin

import requests
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar, get_cookie_header
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import parse_url

from target_linkedin_resumes.errors import Reject, Retry
from target_linkedin_resumes.http.address_guard import (
    TOTAL_TIMEOUTS,
    GuardedAdapter,
    is_public,
    is_public_name,
    not_allowed,
)
from target_linkedin_resumes.http.gate import Call
from target_linkedin_resumes.http.proxies import Proxies, tls_context
from target_linkedin_resumes.http.urls import DEFAULT_PORTS, Origin
from target_linkedin_resumes.resumes.answers import (
    CHECK_ACCESS,
    DOUBTFUL,
    expired,
    failure_of_answer,
    failure_of_error,
    has_expired,
    never_connected,
    unreadable,
)
from target_linkedin_resumes.resumes.codings import decoded
from target_linkedin_resumes.resumes.etags import without_signature
from target_linkedin_resumes.resumes.names import disposition_name
from target_linkedin_resumes.resumes.prefixes import HTTP_SCHEMES, Prefixes
from target_linkedin_resumes.resumes.spool import (
    Found,
    IsKnown,
    NotModified,
    nothing_known,
    spooled,
)
from target_linkedin_resumes.resumes.standings import Gates

MAX_REDIRECTS = 5
_PIECE = 128 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "User-Agent": "target-linkedin-resumes",
    "Accept": "*/*",
    # Documents hardly get smaller; what a server packs in spite of this is unpacked.
    "Accept-Encoding": "identity",
}
_LOGIN_PATH = re.compile(
    r"(?:^|[/.])(?:log-?in|sign-?in|logon|sso|saml2?|oauth2?|authorize|servicelogin)(?:[/.]|$)",
    re.IGNORECASE,
)
_STRONG = re.compile(r'"[^"]+"')
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,253}")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request: what, of whom, through which adapter and proxy, as `requests` names it."""

    request: requests.PreparedRequest = field(repr=False)
    origin: Origin
    adapter: GuardedAdapter
    proxies: Mapping[str, str] = field(repr=False)


class Web:
    """Fetches what a URL names, from public hosts and from listed prefixes.

    ``timeout`` is in seconds, for connecting and for each wait for bytes; all of a fetch, with
    redirects and body, takes five of them at most. ``concurrency`` is how many connections are
    kept. ``wall_clock`` gives epoch seconds, ``clock`` seconds that only grow. ``public`` and
    ``ports`` say what may be connected to without being listed. ``gates`` are those of the hosts.

    Proxies and CA certificates come from ``environ``, read here and never again; raises
    :class:`Misconfigured` when they make no sense. Through a proxy a host is checked by its name
    only.
    """

    def __init__(  # noqa: PLR0913 - clocks, network and environment are the tests'
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
        gates: Gates | None = None,
    ) -> None:
        self._prefixes = prefixes
        self._gates = gates or Gates()
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
        if has_expired(url, self._wall_clock()):
            raise expired()
        deadline = self._clock() + self._timeout * TOTAL_TIMEOUTS
        with ExitStack() as stack:
            response, final = self._follow(url, deadline)
            with closing(response):
                if final != url and _is_login_page(response, final):
                    raise Reject(
                        "source_login_page",
                        f"field 'file': the source redirects to a page to log in; {CHECK_ACCESS}",
                    )
                name = disposition_name(response.headers.get("Content-Disposition"))
                name = name or _url_name(final, url)
                validators = _validators(response.headers.get("ETag"), final, name)
                if is_known(validators):
                    raise NotModified
                raw = self._raw(response, deadline)
                pieces = decoded(raw, response.headers.get("Content-Encoding"))
                found = stack.enter_context(spooled(pieces, name, validators))
            yield found

    def _follow(self, first: str, deadline: float) -> tuple[requests.Response, str]:
        """Follow redirects; each is checked, and gets the headers of its own prefix, afresh."""
        url = first
        cookies: dict[Origin, RequestsCookieJar] = {}
        for number in range(MAX_REDIRECTS + 1):
            try:
                hop = self._hop(url)
                jar = cookies.setdefault(hop.origin, RequestsCookieJar())
                _add_cookies(hop.request, jar)
                with self._gates.call(str(hop.origin), first) as call:
                    response = self._get(hop, deadline, call)
            except Reject as reject:
                raise _led_to(url, reject) if number else reject from None
            extract_cookies_to_jar(jar, hop.request, response.raw)  # type: ignore[no-untyped-call]  # it has no types
            here = hop.request.url or ""
            target = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or target is None:
                return response, here
            response.close()
            url = _joined(here, target)
            if here.startswith("https:") and not url.lower().startswith("https:"):
                raise _led_to(url, _astray("from https to a URL that is not https"))
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
            raise unreadable() from None
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
        origin = Origin(parsed.scheme, host, port)
        proxy = self._proxies.proxy_for(origin)
        proxies = {} if proxy is None else {"all": proxy.url}
        source = self._prefixes.match(url)
        if source is not None:
            request.headers.update(source.headers)
            return _Hop(request, origin, self._trusted, proxies)
        if parsed.port is not None and parsed.port not in self._ports:
            raise not_allowed("the URL names another port than 80 and 443")
        if proxy is not None and not is_public_name(parsed.host, self._public):
            raise not_allowed("the URL leads to a host that is not public")
        return _Hop(request, origin, self._guarded, proxies)

    def _get(self, hop: _Hop, deadline: float, call: Call) -> requests.Response:
        """Ask once; give the file's response, or one that leads on."""
        left = deadline - self._clock()
        if left <= 0:
            raise _too_slow()
        try:
            response = hop.adapter.send(
                hop.request,
                stream=True,
                timeout=min(self._timeout, left),
                proxies=hop.proxies,
            )
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            failure = failure_of_error(error)
            if isinstance(failure, Retry):
                call.failed(doubtful=not never_connected(error))
            raise failure from None
        status, headers = response.status_code, response.headers
        if status in _REDIRECTS and "Location" in headers:
            call.succeeded()
            return response
        with ExitStack() as closing_it:
            closing_it.callback(response.close)
            raw = self._raw(response, deadline)
            answer = failure_of_answer(
                status,
                headers,
                hop.request.url or "",
                lambda: next(raw, b""),
                self._wall_clock(),
            )
            if not isinstance(answer, Retry) or answer.of_file:
                call.succeeded()
            else:
                call.failed(answer.retry_after, doubtful=status in DOUBTFUL or status >= 500)
            if answer is None:
                closing_it.pop_all()
                return response
            if isinstance(answer, Retry) and answer.retry_after is not None:
                answer.retry_after = min(answer.retry_after, self._gates.longest_asked)
            raise answer

    def _raw(self, response: requests.Response, deadline: float) -> Iterator[bytes]:
        while True:
            try:
                piece = response.raw.read1(_PIECE, decode_content=False)
            except ReadTimeoutError:
                raise _too_slow() from None
            except (HTTPError, OSError):
                raise Retry(
                    "field 'file': the source broke off in the middle", of_file=True
                ) from None
            if not piece:
                return
            yield piece
            if self._clock() > deadline:
                raise _too_slow()


def _add_cookies(request: requests.PreparedRequest, jar: RequestsCookieJar) -> None:
    """Add what this host has set within this chain of redirects, and no other."""
    own = request.headers.pop("Cookie", None)  # it would count as all that there is
    found = get_cookie_header(jar, request)  # type: ignore[no-untyped-call]  # it has no types
    header = "; ".join(filter(None, (own, found)))
    if header:
        request.headers["Cookie"] = header


def _is_login_page(response: requests.Response, url: str) -> bool:
    html = "html" in response.headers.get("Content-Type", "").lower()
    return html and _LOGIN_PATH.search(parse_url(url).path or "") is not None


def _led_to(url: str, reject: Reject) -> Reject:
    """Say of what is not allowed that it was a redirect, and of which host."""
    if reject.code != "source_not_allowed":
        return reject
    try:
        host = parse_url(url).host or ""
    except HTTPError:
        host = ""
    if not _HOST.fullmatch(host):
        return reject
    begin = "field 'file': "
    return Reject(reject.code, f"{begin}a redirect led to {host}: {reject.message[len(begin) :]}")


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
        raise unreadable() from None


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
