"""The access token of a source, renewed before its end; one for all threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from target_linkedin_resumes.errors import Misconfigured, Reject, Retry
from target_linkedin_resumes.http.oauth import Granted, OAuth, error_of, granted

logger = logging.getLogger(__name__)

# Seconds before its end at which a token is renewed: a tenth of its life, and no more than these.
_LONGEST_MARGIN = 60
# A renewal that fails while the token is good is tried again after a part of the margin.
_ATTEMPTS_IN_MARGIN = 6
# A token that is refused so soon is refused for another reason than its age.
_TOO_YOUNG = 60


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    since: float
    life: float
    renew_at: float

    @property
    def end(self) -> float:
        return self.since + self.life


class SourceToken:
    """Gives the token of one entry of `file_sources`. May be used by many threads at once.

    ``post`` sends the form to the token endpoint and gives status and body of the answer; it raises
    :class:`Retry` where none comes or the endpoint is out. ``setting`` is what messages name.
    """

    def __init__(
        self,
        setting: str,
        oauth: OAuth,
        post: Callable[[OAuth], tuple[int, bytes]],
        clock: Callable[[], float],
    ) -> None:
        self._setting = f"setting `{setting}.oauth`"
        self._oauth = oauth
        self._post = post
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._has_worked = False
        self._refused: Misconfigured | None = None

    def get(self) -> str:
        """Return the current token, or a new one: however many threads ask, one call is made.

        While a token is near its end but good, only the thread that renews it waits, and a renewal
        that fails for now leaves it in use. Raises :class:`Retry` and :class:`Misconfigured`;
        credentials that were refused are not sent again.
        """
        token, now = self._token, self._clock()
        if token is not None and now < token.renew_at:
            return token.value
        good = token if token is not None and now < token.end else None
        if not self._lock.acquire(blocking=good is None):
            assert good is not None  # noqa: S101 - else it would have waited
            return good.value
        try:
            return self._renewed()
        finally:
            self._lock.release()

    def refused(self, value: str) -> bool:
        """Note that the source refuses a token; tell whether it is worth while to get another."""
        with self._lock:
            token = self._token
            if token is None or token.value != value:
                return True
            if self._clock() < token.since + _TOO_YOUNG:
                return False
            self._token = None
            return True

    def _renewed(self) -> str:
        token, now = self._token, self._clock()
        if token is not None and now < token.renew_at:
            return token.value  # another thread was faster
        if self._refused is not None:
            raise self._refused
        try:
            answer = self._granted()
        except Misconfigured as refused:
            self._refused = refused
            raise
        except Retry as failure:
            if token is None or now >= token.end:
                raise
            logger.info("the access token is not renewed yet: %s", failure.message)
            again = now + _margin(token.life) / _ATTEMPTS_IN_MARGIN
            self._token = replace(token, renew_at=min(again, token.end))
            return token.value
        if answer.refresh_token not in (None, self._oauth.refresh_token):
            logger.warning(
                "%s: the source sent a new refresh token, which only this run uses; if the"
                " source accepts each token only once, put a new one into the configuration before"
                " the next run",
                self._setting,
            )
            self._oauth = replace(self._oauth, refresh_token=answer.refresh_token)
        self._has_worked = True
        renew_at = now + answer.life - _margin(answer.life)
        self._token = _Token(answer.token, now, answer.life, renew_at)
        return answer.token

    def _granted(self) -> Granted:
        try:
            status, body = self._post(self._oauth)
        except Reject as reject:  # its name or its certificate: no record is to blame
            what = reject.message.removeprefix("field 'file': ")
            raise Misconfigured(f"{self._setting}: token_url cannot be called: {what}") from None
        found = granted(body) if status in (200, 201) else None
        if found is not None:
            return found
        error = error_of(body)
        secrets = (self._oauth.client_secret, self._oauth.refresh_token)
        if error is not None and any(secret and secret in error for secret in secrets):
            error = "an error that repeats what was sent"
        if self._has_worked and error is None:  # not the words of a token endpoint
            raise Retry(
                f"field 'file': the token endpoint of the source answered {status} without a token"
            )
        raise Misconfigured(
            f"{self._setting}: the token endpoint refuses it ({status}, {error or 'no token'});"
            " check token_url, client_id, client_secret, refresh_token and scope"
        )


def _margin(life: float) -> float:
    return min(_LONGEST_MARGIN, life / 10)
