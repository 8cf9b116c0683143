"""Where a request goes: URLs read strictly, and the hosts that may see LinkedIn's token. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

# Stricter than RFC 3986 on purpose: user information, backslashes, spaces, control characters,
# other scripts and fragments are what readers of a URL disagree about, and this one decides where
# a token goes.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:[/?][!-~]*)?)",
    re.ASCII | re.IGNORECASE,  # or other alphabets' relatives of i, k and s would pass
)
DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port; the host is in lower case, an IPv6 address without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """Host and port as they stand in a URL and in the header ``Host``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine, by name or by address."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_secure(self) -> bool:
        """Whether nobody on the way reads what is sent: it is https, or this machine."""
        return self.scheme == "https" or self.is_loopback

    @property
    def is_linkedin(self) -> bool:
        """Whether it is LinkedIn, and TLS proves it."""
        is_host = self.host == "linkedin.com" or self.host.endswith(".linkedin.com")
        return self.scheme == "https" and is_host

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"


@dataclass(frozen=True, slots=True)
class Url:
    """An origin and the request target, byte for byte as it was given."""

    origin: Origin
    target: str = field(repr=False)  # a signed URL's query is a credential


def parse_url(text: str) -> Url:
    """Read an http or https URL. Raises ValueError with a reason that does not quote it."""
    match = _URL.fullmatch(text)
    if match is None or "#" in match["target"]:
        raise ValueError("not a plain http or https URL")
    scheme = match["scheme"].lower()
    port = int(match["port"]) if match["port"] else DEFAULT_PORTS[scheme]
    if not 0 < port <= _MAX_PORT:
        raise ValueError("the port is out of range")
    host = match["host"].lower().strip("[]")
    if ":" in host:
        ipaddress.IPv6Address(host)  # raises ValueError itself
    target = match["target"]
    return Url(Origin(scheme, host, port), target if target.startswith("/") else f"/{target}")


def may_see_token(origin: Origin, api: Origin) -> bool:
    """Whether the bearer token goes along to ``origin``, ``api`` being the configured one.

    The signed URL comes out of a response header, so its host is not to be taken on trust.
    """
    return origin.is_linkedin or origin == api
