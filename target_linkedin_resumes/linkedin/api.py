"""LinkedIn's client: signed upload URL, upload, batch update, batch delete.

Source: LinkedIn's page "Sync Candidate Resumes"
(learn.microsoft.com/en-us/linkedin/talent/crm-connect/sync-crm-candidate-resumes).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, unquote

from target_linkedin_resumes.errors import Outcome, Retry, Stop
from target_linkedin_resumes.http.messages import Readable, Request, Stream
from target_linkedin_resumes.http.urls import may_see_token, parse_url
from target_linkedin_resumes.linkedin.auth import Introspection, Token, Tokens
from target_linkedin_resumes.linkedin.batches import Batches
from target_linkedin_resumes.linkedin.outcomes import Action, decide, unreadable
from target_linkedin_resumes.linkedin.responses import ApiResponse, Call
from target_linkedin_resumes.linkedin.restli import Resume
from target_linkedin_resumes.linkedin.session import Session
from target_linkedin_resumes.records import ResumeKey
from target_linkedin_resumes.setting_kinds import parse_endpoint
from target_linkedin_resumes.settings import Settings

# Signed URLs that one upload may use up.
_MAX_URLS = 3
_HIRE_MEDIA_URL = "/hireMediaUrl/"


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """Where one file goes. A credential: it serves once and is never shown."""

    text: str = field(repr=False)


class LinkedIn:
    """The calls that deliver resumes. ``create_upload_url`` and uploads may run in many threads.

    Batch calls are for one thread: LinkedIn asks for them one after another. All methods raise
    :class:`Failure` for a call that failed as a whole; messages end with LinkedIn's ``x-li-uuid``.
    Raises :class:`Misconfigured` when ``api_url`` or ``token_url`` is no URL to send a token to.
    """

    def __init__(self, settings: Settings, session: Session) -> None:
        self._settings = settings
        self._session = session
        self._tokens = Tokens(settings, session)
        version = "v2" if settings.api_version is None else "rest"
        resources = f"{parse_endpoint('api_url', settings.api_url)}/{version}"
        self._media = parse_url(f"{resources}/hireMediaUrl")
        resumes = parse_url(f"{resources}/tcrmCandidateResumes")
        self._batches = Batches(settings.organization, resumes, session, self._tokens)
        self._signing = lru_cache(maxsize=8)(self._signing_request)

    def stop_waiting(self) -> None:
        """Wait no longer for an endpoint that is out: the run is to end."""
        self._session.stop_waiting()

    def look(self) -> None:
        """Say it if nothing that was called has answered well for too long. From any thread."""
        self._session.look()

    def introspect(self) -> Introspection:
        """Ask LinkedIn about the access token; get one for this if there is none yet."""
        return self._tokens.introspect()

    def create_upload_url(self, content_type: str) -> SignedUrl:
        """Have LinkedIn sign a URL for one file of this type (``application/pdf``, ...)."""
        response, rule, _ = self._tokens.send(Call.UPLOAD_URL, self._signing(content_type))
        if rule.action is not Action.DELIVER:
            raise self._session.failure(response, rule)
        text = _signed_url(response)
        if text is None:
            raise Retry(unreadable(response, "it holds no signed upload URL"))
        return SignedUrl(text)

    def _signing_request(self, content_type: str) -> Request:
        payload: dict[str, object] = {
            "usageParameters": {"tcrmResumeParameters": {}},
            "contentType": content_type,
            "hiringContext": self._settings.contract,
        }
        if self._settings.blob_ttl is not None:
            payload = {"blobTtl": dict(self._settings.blob_ttl)} | payload
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "X-RestLi-Protocol-Version": "2.0.0",
        }
        body = json.dumps(payload, separators=(",", ":")).encode()
        return Request("POST", self._media, headers, body)

    def upload_resume(self, body: Readable, size: int, content_type: str, filename: str) -> str:
        """Bring a file of ``size`` bytes to LinkedIn: a fresh signed URL, used once and right away.

        A URL that is refused or was lost with its connection is replaced; with the second refusal
        the token is, too. What fails three times is left to be tried again later. Gives the blob
        URN.
        """
        refusals = 0
        for _ in range(_MAX_URLS):
            url = self.create_upload_url(content_type)
            response, token = self._upload(url, Stream(body, size), content_type, filename)
            rule = decide(response)
            if rule.action is Action.DELIVER:
                return self._blob(response)
            if rule.action is not Action.NEW_URL:
                break
            if response.error is None:  # a connection that was closed says nothing of the token
                refusals += 1
                if refusals == 2 and token is not None:
                    self._tokens.invalidate(token)
        raise self._session.failure(response, rule)

    def batch_update(self, resumes: Sequence[Resume]) -> Mapping[ResumeKey, Outcome]:
        """Write up to 100 resumes; each key may occur once.

        Gives for each LinkedIn's confirmation, or why there is none.
        """
        return self._batches.update(resumes)

    def batch_delete(self, keys: Sequence[ResumeKey]) -> Mapping[ResumeKey, Outcome]:
        """Delete up to 100 resumes; one that LinkedIn does not have counts as deleted.

        Each key may occur once. Gives what :meth:`batch_update` does, but never a reject.
        """
        return self._batches.delete(keys)

    def _upload(
        self, signed: SignedUrl, body: Stream, content_type: str, filename: str
    ) -> tuple[ApiResponse, Token | None]:
        name = quote(filename, safe="", errors="replace")
        text = signed.text
        try:
            # Appended to the string as it came: its query is signed.
            url = parse_url(f"{text}{'&' if '?' in text else '?'}x-ambry-filename={name}")
        except ValueError:
            raise Retry("LinkedIn's signed upload URL is no plain URL; nothing was sent") from None
        # A signed URL serves once, so what may have reached LinkedIn is not sent to it again.
        request = Request("POST", url, {"Content-Type": content_type}, body, repeatable=False)
        api = self._media.origin
        if may_see_token(url.origin, api):
            return self._tokens.send_once(Call.UPLOAD, request)
        if url.origin.scheme != "https" and not (url.origin.is_loopback and api.is_loopback):
            raise Stop(
                f"LinkedIn's signed upload URL leads to {url.origin}, without TLS; nothing was"
                " sent. Check the setting api_url and any proxy on the way"
            )
        return self._session.send(Call.UPLOAD, request), None

    def _blob(self, response: ApiResponse) -> str:
        """Make the URN of the response's location, with its slash."""
        location = response.header("location") or ""
        try:
            path = location if location.startswith("/") else parse_url(location).target
        except ValueError:
            path = ""
        path = "/" + path.partition("?")[0].lstrip("/")
        if path == "/" or not path.isascii() or not path.isprintable() or " " in path:
            raise Retry(unreadable(response, "it does not say where the file is"))
        return f"urn:li:ambryBlob:{path}"


def _signed_url(response: ApiResponse) -> str | None:
    """Protocol 2.0 names the header ``x-restli-id``, LinkedIn's sample ``x-linkedin-id``."""
    given = response.header("x-linkedin-id") or response.header("x-restli-id")
    if given:
        return given
    _, found, signed = (response.header("location") or "").partition(_HIRE_MEDIA_URL)
    return unquote(signed) if found and signed else None
