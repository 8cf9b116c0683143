"""Resumes behind http and https."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urljoin

from requests import PreparedRequest, RequestException
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar, get_cookie_header
from requests.structures import CaseInsensitiveDict
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import parse_url

from target_linkedin_resumes.errors import Failure, Reject, Retry
from target_linkedin_resumes.http.address_guard import (
    TOTAL_TIMEOUTS,
    GuardedPools,
    Request,
    is_public,
    is_public_name,
    not_allowed,
)
from target_linkedin_resumes.http.gate import Call
from target_linkedin_resumes.http.oauth import OAuth, error_of, granted, passes
from target_linkedin_resumes.http.proxies import Proxies, Proxy, tls_context
from target_linkedin_resumes.http.urls import DEFAULT_PORTS, Origin
from target_linkedin_resumes.http.urls import parse_url as parse_plain_url
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
from target_linkedin_resumes.resumes.tokens import SourceToken

MAX_REDIRECTS = 5
_PIECE = 128 * 1024
_MOST_OF_ANSWER = 1024 * 1024
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
    """One request: what, by which connections, and with which credentials."""

    request: Request = field(repr=False)
    pools: GuardedPools
    proxy: Proxy | None
    tokens: SourceToken | None = None
    token: str = field(default="", repr=False)
    has_credentials: bool = False

    def refuses_token(self) -> bool:
        """Note that the source refuses the token; tell whether another one is worth while."""
        return self.tokens is not None and self.tokens.refused(self.token)


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
        # One for all entries with the same credentials: a refresh token may serve only once.
        self._tokens: dict[OAuth | None, SourceToken] = {}
        for source in prefixes.sources:
            if source.oauth is not None and source.oauth not in self._tokens:
                tokens = SourceToken(source.setting, source.oauth, self._ask_for_token, clock)
                self._tokens[source.oauth] = tokens
        self._timeout = timeout
        self._wall_clock = wall_clock
        self._clock = clock
        self._public = public
        self._ports = ports
        self._proxies = Proxies(environ)
        context = tls_context(environ)
        self._guarded = GuardedPools(context, public, concurrency)
        self._trusted = GuardedPools(context, lambda _: True, concurrency)

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
                declared = response.headers.get("Content-Type")
                found = stack.enter_context(spooled(pieces, name, validators, declared))
            yield found

    def _follow(self, first: str, deadline: float) -> tuple[BaseHTTPResponse, str]:
        """Follow redirects; each is checked, and gets the headers of its own prefix, afresh."""
        url = first
        cookies: dict[Origin, RequestsCookieJar] = {}
        for number in range(MAX_REDIRECTS + 1):
            try:
                response, here = self._get(url, first, cookies, deadline)
            except Reject as reject:
                raise _led_to(url, reject) if number else reject from None
            target = response.headers.get("Location")
            if response.status not in _REDIRECTS or target is None:
                return response, here
            response.close()
            url = _joined(here, target)
            if here.startswith("https:") and not url.lower().startswith("https:"):
                raise _led_to(url, _astray("from https to a URL that is not https"))
        raise Reject(
            "source_refused", f"field 'file': the source redirects more than {MAX_REDIRECTS} times"
        )

    def _get(
        self,
        url: str,
        first: str,
        cookies: dict[Origin, RequestsCookieJar],
        deadline: float,
        *,
        again: bool = False,
    ) -> tuple[BaseHTTPResponse, str]:
        """Ask for a URL; give the response that is the file or that leads on, and what was asked.

        A token that has ended before its time is replaced, once.
        """
        hop = self._hop(url)
        left = deadline - self._clock()
        if left <= 0:
            raise _too_slow()
        origin = hop.request.origin
        if origin in cookies:
            _add_cookies(hop.request, cookies[origin])
        with self._gates.call(str(origin), first) as call:
            response = self._sent(hop, min(self._timeout, left), call)
            if "Set-Cookie" in response.headers:
                jar = cookies.setdefault(origin, RequestsCookieJar())
                extract_cookies_to_jar(jar, hop.request, response)  # type: ignore[no-untyped-call]  # it has no types
            refused = response.status == 401 and not again and hop.refuses_token()
            if not refused:
                if response.status not in _REDIRECTS or "Location" not in response.headers:
                    self._check(response, hop, deadline, call)
                call.succeeded()
                return response, hop.request.url or ""
        response.close()
        return self._get(url, first, cookies, deadline, again=True)

    def _hop(self, url: str) -> _Hop:
        """Decide whether and how a URL may be requested."""
        try:
            request = Request()
            request.prepare_method("GET")
            request.prepare_url(url, "")
            # Only in the form in which it will be sent can a URL be compared with a prefix.
            url = request.url or ""
            parsed = parse_url(url)
        except (RequestException, HTTPError, ValueError):
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
        request.origin = Origin(parsed.scheme, host, port)
        request.headers = CaseInsensitiveDict(_HEADERS)
        proxy = self._proxies.proxy_for(request.origin)
        source = self._prefixes.match(url)
        if source is not None:
            tokens = self._tokens.get(source.oauth)
            token = "" if tokens is None else tokens.get()
            headers = source.headers_with(token) if tokens else source.headers
            request.headers.update(headers)
            return _Hop(request, self._trusted, proxy, tokens, token, bool(headers))
        if parsed.port is not None and parsed.port not in self._ports:
            raise not_allowed("the URL names another port than 80 and 443")
        if proxy is not None and not is_public_name(parsed.host, self._public):
            raise not_allowed("the URL leads to a host that is not public")
        return _Hop(request, self._guarded, proxy)

    def _sent(self, hop: _Hop, timeout: float, call: Call) -> BaseHTTPResponse:
        try:
            return hop.pools.send(hop.request, timeout, hop.proxy)
        except (HTTPError, OSError, ValueError) as error:
            failure = failure_of_error(error)
            if isinstance(failure, Retry):
                call.failed(doubtful=not never_connected(error))
            raise failure from None

    def _check(self, response: BaseHTTPResponse, hop: _Hop, deadline: float, call: Call) -> None:
        """Raise what an answer that is not the file means."""
        raw = self._raw(response, deadline)
        try:
            failure = failure_of_answer(
                response.status,
                response.headers,
                hop.request.url or "",
                lambda: next(raw, b""),
                self._wall_clock(),
                has_credentials=hop.has_credentials,
            )
            if failure is not None:
                self._note(failure, response.status, call)
                raise failure
        except Failure:
            response.close()
            raise

    def _note(self, failure: Failure, status: int, call: Call) -> None:
        """Tell the gate what an answer says of the host."""
        if isinstance(failure, Retry) and failure.retry_after is not None:
            failure.retry_after = min(failure.retry_after, self._gates.longest_asked)
        if not isinstance(failure, Retry) or failure.of_file:
            call.succeeded()
        else:
            call.failed(failure.retry_after, doubtful=status in DOUBTFUL or status >= 500)

    def _ask_for_token(self, oauth: OAuth) -> tuple[int, bytes]:
        """Send the form to a source's token endpoint; give status and body of the answer."""
        headers = {**_HEADERS, "Accept": "application/json"}
        request = Request()
        request.prepare("POST", oauth.token_url, headers, data=oauth.form())
        request.origin = parse_plain_url(oauth.token_url).origin
        hop = _Hop(request, self._trusted, self._proxies.proxy_for(request.origin))
        with self._gates.call(str(request.origin), oauth.token_url) as call:
            with closing(self._sent(hop, self._timeout, call)) as response:
                try:
                    body = self._short_body(response)
                except Retry as retry:
                    call.failed(doubtful=True)
                    raise Retry(_of_endpoint(retry)) from None
            status = response.status
            failure = failure_of_answer(
                status, response.headers, oauth.token_url, lambda: body, self._wall_clock()
            )
            if isinstance(failure, Retry) or passes(body):
                asked = failure.retry_after if isinstance(failure, Retry) else None
                passing = Retry(_of_endpoint(failure), retry_after=asked)
                self._note(passing, status, call)
                raise passing
            if granted(body) is None and error_of(body) is None:
                call.failed(doubtful=True)  # a page of something that stands in its place
            else:
                call.succeeded()
            return status, body

    def _short_body(self, response: BaseHTTPResponse) -> bytes:
        """Read the answer of a token endpoint, or the beginning of one that is none."""
        raw = self._raw(response, self._clock() + self._timeout * TOTAL_TIMEOUTS)
        body = b""
        for piece in decoded(raw, response.headers.get("Content-Encoding")):
            body += piece
            if len(body) > _MOST_OF_ANSWER:
                break
        return body

    def _raw(self, response: BaseHTTPResponse, deadline: float) -> Iterator[bytes]:
        while True:
            try:
                piece = response.read1(_PIECE, decode_content=False)
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


def _add_cookies(request: PreparedRequest, jar: RequestsCookieJar) -> None:
    """Add what this host has set within this chain of redirects, and no other."""
    own = request.headers.pop("Cookie", None)  # it would count as all that there is
    found = get_cookie_header(jar, request)  # type: ignore[no-untyped-call]  # it has no types
    header = "; ".join(filter(None, (own, found)))
    if header:
        request.headers["Cookie"] = header


def _is_login_page(response: BaseHTTPResponse, url: str) -> bool:
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
        path = re.split("[?#]", url, maxsplit=1)[0].partition("://")[2]
        last = unquote(path.partition("/")[2].rpartition("/")[2])
        if _EXTENSION.search(last):
            return last
    return None


def _of_endpoint(failure: Failure | None) -> str:
    what = "the source answered with an error that passes" if failure is None else failure.message
    return what.replace("the source", "the token endpoint of the source", 1)


def _too_slow() -> Retry:
    return Retry("field 'file': the source sends too slowly")


def _astray(where: str) -> Reject:
    return Reject(
        "source_not_allowed",
        f"field 'file': the source redirects {where}, where this target does not follow; use the"
        " URL of the file itself",
    )
