"""What LinkedIn's client needs to know, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.http.urls import Url, parse_url

API_URL = "https://api.linkedin.com"
TOKEN_URL = "https://www.linkedin.com/oauth/v2/accessToken"  # noqa: S105 - an address


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Settings of one customer.

    ``organization`` and ``contract`` are URNs (``urn:li:organization:1``, ``urn:li:contract:1``).
    ``blob_ttl`` is LinkedIn's ``{"duration": 72, "unit": "HOUR"}``; None keeps the file.
    """

    organization: str
    contract: str
    client_id: str
    client_secret: str = field(repr=False)
    api_url: str = API_URL
    token_url: str = TOKEN_URL
    blob_ttl: Mapping[str, int | str] | None = None


def endpoint(setting: str, value: str, path: str = "") -> Url:
    """The URL of ``path`` below the value of a setting, which may end in a slash.

    Raises :class:`Misconfigured` unless it is an https URL without a query; http is for loopback.
    """
    expectation = "an https URL such as https://api.linkedin.com, without user name, '?' and '#'"
    try:
        url = parse_url(value.strip().rstrip("/") + path)
    except ValueError as error:
        raise Misconfigured(f"setting {setting}: expected {expectation}; {error}") from None
    if "?" in url.target:
        raise Misconfigured(f"setting {setting}: expected {expectation}")
    if url.origin.scheme != "https" and not url.origin.is_loopback:
        raise Misconfigured(
            f"setting {setting}: expected an https URL (http is for this machine's loopback"
            f" alone), not {url.origin}"
        )
    return url
