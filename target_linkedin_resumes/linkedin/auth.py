"""LinkedIn's access token: OAuth 2.0 client credentials, one token for all threads.

Source: learn.microsoft.com/en-us/linkedin/shared/authentication/client-credentials-flow and
token-introspection; CRM Connect's certification asks to reuse a token until shortly before its
end (CRM-004) and to make a new one on 401 (CRM-005).
"""

from __future__ import annotations

import logging
import math
import re
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from urllib.parse import quote, quote_plus, urlencode

from target_linkedin_resumes.errors import Failure, Misconfigured, Retry
from target_linkedin_resumes.http.messages import Request
from target_linkedin_resumes.http.oauth import granted
from target_linkedin_resumes.http.urls import Url, parse_url
from target_linkedin_resumes.linkedin.outcomes import Action, Rule, decide, unreadable
from target_linkedin_resumes.linkedin.responses import ApiResponse, Call, json_object
from target_linkedin_resumes.linkedin.session import Session
from target_linkedin_resumes.setting_kinds import parse_endpoint
from target_linkedin_resumes.settings import Settings

logger = logging.getLogger(__name__)

# Seconds.
_LONGEST_MARGIN = 60
# Parts of the margin between two attempts at a renewal while the old token is still good.
_ATTEMPTS_IN_MARGIN = 6
# Tokens refused in a row for one call before the run stops, also if other calls take them.
_MOST_REFUSALS = 10
_TOKENS_IN_USE = 16
# Tokens that one call may use up before it is left to be tried again later.
_MAX_TOKENS = 3

_MAX_DESCRIPTION = 200


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """An access token, the clock's second it was asked for, and its life in seconds.

    Two are never the same one, even if LinkedIn gives the same value twice.
    """

    value: str = field(repr=False)
    since: float
    life: float

    def expired(self, now: float) -> bool:
        """Tell whether its life is over; so it is when the clock went back before its beginning."""
        return not 0 <= now - self.since < self.life

    @property
    def margin(self) -> float:
        """How long before its end it is renewed: a tenth of its life, but no more than a minute.

        Long enough for the calls it goes along with; a life of seconds leaves most of it to use.
        """
        return min(_LONGEST_MARGIN, self.life / 10)

    def wants_renewal(self, now: float) -> bool:
        """Tell whether its end is near, or it has expired."""
        return not 0 <= now - self.since < self.life - self.margin


@dataclass(frozen=True, slots=True)
class Introspection:
    """What LinkedIn says of a token. The time is in epoch seconds; None is what it did not say."""

    active: bool
    status: str | None
    expires_at: int | None


class Tokens:
    """Gives the token of one application. May be used by many threads at once."""

    def __init__(self, settings: Settings, session: Session) -> None:
        self._settings = settings
        self._session = session
        self._token_url = parse_url(parse_endpoint("token_url", settings.token_url))
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._flight: Future[Token] | None = None
        self._no_renewal_before = -math.inf
        self._refused: Misconfigured | None = None
        self._refusals = Refusals()

    def send(self, call: Call, request: Request) -> tuple[ApiResponse, Rule, Token]:
        """Make a call of the API with the token; one that LinkedIn refuses is replaced.

        Gives what came back, what decides on it, and the token.

        A token whose time was up anyway says nothing about the configuration. Raises as
        :meth:`get` does.
        """
        if self._settings.api_version is not None:
            request = request.with_headers({"LinkedIn-Version": self._settings.api_version})
        for _ in range(_MAX_TOKENS):
            response, token = self.send_once(call, request)
            rule = decide(response)
            if rule.action is not Action.REFRESH_TOKEN:
                if rule.action is Action.DELIVER:
                    self._refusals.accepted(call, token)
                return response, rule, token
            self.invalidate(token)
            expired = token.expired(self._session.clock())
            if not expired and self._refusals.are_enough(call, token):
                raise self._session.failure(response, rule)
        raise Retry(unreadable(response, "one access token after another expired or was revoked"))

    def send_once(self, call: Call, request: Request) -> tuple[ApiResponse, Token]:
        """Make one call with the token that is good once its endpoint lets it through.

        Raises as :meth:`get` does.
        """
        used: list[Token] = []

        def authorization() -> dict[str, str]:
            used.append(self.get())
            return {"Authorization": f"Bearer {used[-1].value}"}

        response = self._session.send(call, request, authorization)
        return response, used[-1]

    def get(self) -> Token:
        """Return the current token, or a new one: however many threads ask, one call is made.

        While a token is near its end but good, only the thread that renews it waits, and a
        renewal that fails for now leaves it in use. Raises :class:`Misconfigured`,
        :class:`QuotaSpent` or :class:`Retry`, the same for all who waited for that call; client id
        and secret that were refused are not sent again.
        """
        token = self._token
        now = self._session.clock()
        if token is not None and not token.wants_renewal(now):
            return token
        with self._lock:
            token, flight = self._token, self._flight
            if token is not None and not token.wants_renewal(now):
                return token  # another thread was faster
            if self._refused is not None:
                raise self._refused
            good = token if token is not None and not token.expired(now) else None
            if good is not None and (flight is not None or now < self._no_renewal_before):
                return good
            leads = flight is None
            if flight is None:
                flight = self._flight = Future()
        if not leads:
            return flight.result()
        try:
            return self._renew(flight)
        except Retry as failure:
            if good is None:
                raise
            self._no_renewal_before = now + good.margin / _ATTEMPTS_IN_MARGIN
            logger.info("the access token is not renewed yet: %s", failure.message)
            return good

    def invalidate(self, token: Token) -> None:
        """Forget a token that LinkedIn refuses, unless it has been replaced already."""
        with self._lock:
            if self._token is token:
                self._token = None

    def introspect(self) -> Introspection:
        """Ask LinkedIn what it thinks of the current token. Raises as :meth:`get` does."""
        # introspectToken stands beside accessToken, wherever that is.
        parent = self._token_url.target.rpartition("/")[0]
        url = Url(self._token_url.origin, f"{parent}/introspectToken")
        response = self._post(Call.INTROSPECTION, url, {"token": self.get().value})
        body = json_object(response.body)
        if not isinstance(body.get("active"), bool):
            raise Retry(unreadable(response, "it does not say whether a token is active"))
        return Introspection(
            body["active"], _text(body.get("status")), _epoch(body.get("expires_at"))
        )

    def _renew(self, flight: Future[Token]) -> Token:
        try:
            token = self._mint()
        except BaseException as error:
            with self._lock:
                self._flight = None
                self._refused = error if isinstance(error, Misconfigured) else None
            interrupted = Retry("the request for an access token was interrupted")
            flight.set_exception(error if isinstance(error, Failure) else interrupted)
            raise
        with self._lock:
            self._token, self._flight = token, None
        flight.set_result(token)
        return token

    def _mint(self) -> Token:
        asked = self._session.clock()
        response = self._post(Call.TOKEN, self._token_url, {"grant_type": "client_credentials"})
        found = granted(response.body)
        if found is None:
            raise Retry(unreadable(response, "it holds no access token"))
        return Token(found.token, asked, found.life)

    def _post(self, call: Call, url: Url, fields: dict[str, str]) -> ApiResponse:
        settings = self._settings
        identity = {"client_id": settings.client_id, "client_secret": settings.client_secret}
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        form = urlencode(fields | identity).encode()
        response = self._session.send(call, Request("POST", url, headers, form))
        rule = decide(response)
        if rule.action is Action.DELIVER:
            return response
        description = _description(response, (settings.client_secret, fields.get("token", "")))
        raise self._session.failure(replace(response, description=description), rule)


class Refusals:
    """Tokens that a call was refused with, one after another.

    A token that LinkedIn has accepted for any call proves the configuration: if it is refused
    later, it was revoked or has expired. Two tokens in a row that were never accepted are the
    configuration's fault where no call has worked yet, and three where one has; so are ten of
    either kind, for then it is this call that is refused. May be used by many threads at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: dict[Call, list[Token]] = {}
        # The newest of those accepted; a few, as threads change to a new token one by one.
        self._accepted: tuple[Token, ...] = ()

    def accepted(self, call: Call, token: Token) -> None:
        """Note that LinkedIn accepted a token for this call."""
        if self._refused.get(call) or token not in self._accepted:
            with self._lock:
                self._refused[call] = []
                if token not in self._accepted:
                    self._accepted = (*self._accepted, token)[-_TOKENS_IN_USE:]

    def are_enough(self, call: Call, token: Token) -> bool:
        """Note a refusal; tell whether the configuration must be the reason."""
        with self._lock:
            tokens = self._refused.setdefault(call, [])
            if token not in tokens:
                tokens.append(token)
            never_accepted = sum(one not in self._accepted for one in tokens)
            return never_accepted > (2 if self._accepted else 1) or len(tokens) >= _MOST_REFUSALS


def _description(response: ApiResponse, secrets: tuple[str, ...]) -> str | None:
    """Return the server's own words, without the secrets should it repeat them."""
    text = json_object(response.body).get("error_description")
    if not isinstance(text, str):
        return None
    for secret in filter(None, secrets):
        for spelling in (secret, quote(secret, safe=""), quote_plus(secret)):
            text = text.replace(spelling, "***")
    return _text(text)


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return "".join(c if c.isprintable() else " " for c in value[:_MAX_DESCRIPTION])


def _epoch(value: object) -> int | None:
    match = re.fullmatch(r"[1-9][0-9]{0,10}", str(value))
    return int(match[0]) if match else None
