"""What a client did that LinkedIn forbids or advises against."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_KEPT = 10_000

CODES: dict[str, str] = {
    "batch_too_large": "a batch has at most 100 ids",
    "concurrent_batches": "batches go in sequential order, one call at a time",
    "content_mismatch": "a file is what its contentType says",
    "data_in_url": "a URL holds ids, not a record's content",
    "duplicate_ids": "a batch names a key once",
    "entity_fields": "an entity has resumeFile and tcrmCreatedAt and nothing else",
    "expired_token_repeated": "a refused token is not used again",
    "file_empty": "a file has content",
    "file_name": "x-ambry-filename is given once, with the extension of the contentType",
    "file_too_large": "a file has at most 10 MiB",
    "hammering": "an endpoint that fails is left alone, and asked now and then by one call",
    "key_fields": "a key has its four fields, PARTNER and an organization's URN",
    "malformed_batch": "a batch call follows Rest.li",
    "malformed_url_request": "hireMediaUrl takes the documented fields and no others",
    "no_content_length": "an upload says how long it is",
    "protocol_version": "hireMediaUrl takes protocol 2.0.0, tcrmCandidateResumes 1.0.0",
    "query_too_long": "a query beyond 4,000 bytes is tunnelled",
    "restli_method_missing": "a batch call names its x-restli-method",
    "retry_after_ignored": "an endpoint is left alone for as long as its Retry-After says",
    "secret_in_url": "a client secret goes into a body",
    "signed_url_altered": "a signed URL is used as it came",
    "signed_url_reused": "a signed URL serves once",
    "timestamp_in_seconds": "tcrmCreatedAt is in milliseconds",
    "token_in_url": "a token goes into the Authorization header",
    "token_minted_early": "a token is used until it is close to its end (CRM-004)",
    "url_too_long": "a URL has at most 8 KB, its query at most 4 KB",
}
"""Every code with the rule behind it."""


class Breaches:
    """The breaches so far; all are counted, the first 10,000 are kept."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.kept: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()

    def add(self, endpoint: str, code: str, message: str) -> None:
        """Note a breach; ``message`` holds no secret, token, URL or file name."""
        if code not in CODES:
            raise ValueError(f"unknown breach code {code}")
        self.counts[code] += 1
        if len(self.kept) < _KEPT:
            self.kept.append(
                {
                    "at": int(self._clock() * 1000),
                    "endpoint": endpoint,
                    "code": code,
                    "message": f"{message}: {CODES[code]}",
                }
            )

    def clear(self) -> None:
        """Forget all."""
        self.kept.clear()
        self.counts.clear()
