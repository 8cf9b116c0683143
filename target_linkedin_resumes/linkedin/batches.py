"""Batch calls: up to 100 resumes written or deleted at once, and what became of each."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from target_linkedin_resumes.errors import Confirmation, Outcome, Refused, Reject, Retry, Stop
from target_linkedin_resumes.http.client import MAX_RESPONSE_BYTES
from target_linkedin_resumes.http.messages import Request
from target_linkedin_resumes.http.urls import Url
from target_linkedin_resumes.linkedin import restli
from target_linkedin_resumes.linkedin.answers import BatchAnswer, KeyResult, read_batch
from target_linkedin_resumes.linkedin.auth import Token, Tokens
from target_linkedin_resumes.linkedin.outcomes import Action, decide, describe, unreadable
from target_linkedin_resumes.linkedin.responses import ApiResponse, Call, read_key
from target_linkedin_resumes.linkedin.session import Session
from target_linkedin_resumes.records import ResumeKey

logger = logging.getLogger(__name__)

MAX_BATCH = 100
# Errors without a status that a resume may have one after another before it is rejected.
MOST_UNCLEAR = 3
_UNCLEAR = f"LinkedIn names an error of this resume {MOST_UNCLEAR} times, and no status"
# What a gateway may answer that does not let a tunnelled call through.
_TUNNEL_REFUSALS = frozenset({400, 403, 404, 405, 406, 413, 415, 422, 501})


class Batches:
    """Makes the batch calls of one run. For one thread: LinkedIn asks for one after another."""

    def __init__(self, organization: str, url: Url, session: Session, tokens: Tokens) -> None:
        self._organization = organization
        self._url = url
        self._session = session
        self._tokens = tokens
        self._tunnels: bool | None = None  # whether tunnelled calls get through; None: not known
        self._unclear: Counter[ResumeKey] = Counter()
        self._said_differs = False

    def update(self, resumes: Sequence[restli.Resume]) -> dict[ResumeKey, Outcome]:
        """As :meth:`LinkedIn.batch_update`."""

        def request(keys: Sequence[ResumeKey]) -> Request:
            wanted = frozenset(keys)
            written = [resume for resume in resumes if resume[0] in wanted]
            return restli.batch_update(self._url, self._organization, written)

        return self._batch(Call.BATCH_UPDATE, request, [key for key, _, _ in resumes])

    def delete(self, keys: Sequence[ResumeKey]) -> dict[ResumeKey, Outcome]:
        """As :meth:`LinkedIn.batch_delete`."""
        request = partial(restli.batch_delete, self._url, self._organization)
        return self._batch(Call.BATCH_DELETE, request, keys)

    def _batch(
        self,
        call: Call,
        make: Callable[[Sequence[ResumeKey]], Request],
        keys: Sequence[ResumeKey],
    ) -> dict[ResumeKey, Outcome]:
        """Make a call; where tunnelled ones are refused, several that need no tunnelling.

        That they are is learnt once: a batch goes through in parts that was refused whole. What
        fails one part fails the batch, whose writes may be repeated.
        """
        if not 1 <= len(keys) <= MAX_BATCH:
            raise ValueError(f"a batch holds 1 to {MAX_BATCH} resumes, not {len(keys)}")
        if len(set(keys)) != len(keys):
            raise ValueError("a resume key occurs twice in one batch")
        request = make(keys)
        tunnelled = restli.is_tunnelled(request)
        if not tunnelled or self._tunnels is not False:
            response, rule, token = self._tokens.send(call, request)
            if rule.action is Action.DELIVER:
                self._tunnels = tunnelled or self._tunnels
                return self._read(call, keys, response, token)
            if not tunnelled or self._tunnels or response.status not in _TUNNEL_REFUSALS:
                raise self._session.failure(response, rule)
        outcomes: dict[ResumeKey, Outcome] = {}
        for part in restli.direct_parts(keys, self._organization):
            outcomes |= self._part(call, make(part), part)
        if self._tunnels is None:
            self._tunnels = False
            logger.warning(
                "Something between here and LinkedIn refuses tunnelled calls, so that each batch"
                " takes several: let POST with X-HTTP-Method-Override through to api_url"
            )
        return outcomes

    def _part(
        self, call: Call, request: Request, keys: Sequence[ResumeKey]
    ) -> dict[ResumeKey, Outcome]:
        response, rule, token = self._tokens.send(call, request)
        if rule.action is Action.DELIVER:
            return self._read(call, keys, response, token)
        if restli.is_tunnelled(request) and response.status in _TUNNEL_REFUSALS:
            raise Refused(describe(response, "ids as long as these take a tunnelled call"))
        raise self._session.failure(response, rule)

    def _read(
        self, call: Call, keys: Sequence[ResumeKey], response: ApiResponse, token: Token
    ) -> dict[ResumeKey, Outcome]:
        of_keys = self._answer(call, keys, response).of_keys
        each = Call.UPDATED_KEY if call is Call.BATCH_UPDATE else Call.DELETED_KEY
        outcomes: dict[ResumeKey, Outcome] = {}
        confirmations: dict[int, Confirmation] = {}  # one for all keys of a status
        for key in keys:
            result = of_keys.get(key)
            status = result.status if result is not None and result.delivered else None
            if status is not None:
                confirmation = confirmations.get(status)
                if confirmation is None:
                    confirmation = confirmations[status] = Confirmation(status, response.uuid)
                outcomes[key] = confirmation
                self._unclear.pop(key, None)
                continue
            of_key = read_key(each, result, response)
            rule = decide(of_key)
            if rule.action is Action.REFRESH_TOKEN:
                self._tokens.invalidate(token)
            if rule.action is Action.GONE and of_key.status is not None:
                outcomes[key] = Confirmation(of_key.status, response.uuid)
            elif self._is_unclear_for_good(key, result, of_key):
                outcomes[key] = Reject("linkedin_refused", describe(of_key, _UNCLEAR))
            else:
                outcomes[key] = self._session.failure(of_key, rule)
        return outcomes

    def _is_unclear_for_good(
        self, key: ResumeKey, result: KeyResult | None, of_key: ApiResponse
    ) -> bool:
        """Tell whether an upsert's errors without a status are enough; counts them.

        Two of Rest.li's four formats of errors have none. A deletion is tried again for as long as
        any change is.
        """
        is_error = result is not None and result.error is not None
        if of_key.call is not Call.UPDATED_KEY or of_key.status is not None or not is_error:
            self._unclear.pop(key, None)
            return False
        self._unclear[key] += 1
        if self._unclear[key] < MOST_UNCLEAR:
            return False
        del self._unclear[key]
        return True

    def _answer(self, call: Call, keys: Sequence[ResumeKey], response: ApiResponse) -> BatchAnswer:
        try:
            answer = read_batch(response.body, self._organization, keys)
        except ValueError:  # the parser's words would quote the body
            if len(response.body) >= MAX_RESPONSE_BYTES:
                raise Refused(unreadable(response, "it is longer than 4 MiB")) from None
            raise Retry(unreadable(response, "it is no batch answer")) from None
        if answer.strange:
            raise Stop(
                unreadable(
                    response,
                    "it names resumes, and none of those that were asked for. Nothing of the batch"
                    " counts as done; check api_url and any proxy on the way, or give LinkedIn's"
                    " support the x-li-uuid",
                )
            )
        if answer.differs and not self._said_differs:
            self._said_differs = True
            logger.warning(
                "LinkedIn's answer to %s names another organization or data provider than was sent,"
                " or none; resumes are told apart by candidate and resume id alone"
                " (x-li-uuid: %s)",
                *(call, response.uuid),
            )
        return answer
