"""Proxies and CA certificates from the environment, read once, for all clients.

Reading it for each request would cost time, and a variable changed half-way (or a `.netrc`, which
is never read here) must not redirect a token.
"""

from __future__ import annotations

import base64
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.http.urls import Origin

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy; ``credentials`` is its user name and password, as ``user:password``."""

    host: str
    port: int
    credentials: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """Read ``host:port`` or ``http://user:password@host:port``. Raises ValueError."""
        parts = urlsplit(text if "://" in text else f"http://{text}")
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError("not an HTTP proxy")
        port = parts.port or 80
        if parts.username is None:
            return cls(parts.hostname, port)
        return cls(parts.hostname, port, unquote(f"{parts.username}:{parts.password or ''}"))

    @property
    def headers(self) -> dict[str, str]:
        """What is sent to the proxy itself."""
        if self.credentials is None:
            return {}
        encoded = base64.b64encode(self.credentials.encode()).decode()
        return {"Proxy-Authorization": f"Basic {encoded}"}


class Proxies:
    """The variables `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in either case.

    Raises :class:`Misconfigured` for a proxy that is no HTTP proxy.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        # Lower case wins, as with curl: sorted, it comes after upper case.
        found = {name.lower(): (name, value) for name, value in sorted(environ.items()) if value}
        self._by_scheme = {
            scheme: _proxy(*found[f"{scheme}_proxy"])
            for scheme in ("http", "https", "all")
            if f"{scheme}_proxy" in found
        }
        _, no_proxy = found.get("no_proxy", ("", ""))
        self._direct = [entry.strip().lower() for entry in no_proxy.split(",") if entry.strip()]

    def proxy_for(self, origin: Origin) -> Proxy | None:
        """Return the proxy to use; None for what `no_proxy` names and for this machine itself."""
        if (
            not self._by_scheme
            or origin.is_loopback
            or any(_names(entry, origin) for entry in self._direct)
        ):
            return None
        return self._by_scheme.get(origin.scheme) or self._by_scheme.get("all")


def _names(entry: str, origin: Origin) -> bool:
    """Tell whether an entry of `no_proxy` names an origin.

    It is `*`, a network (10.0.0.0/8), or a host or domain, each with or without port.
    """
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return ipaddress.ip_address(origin.host) in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    suffix = entry.lstrip("*").lstrip(".")
    return any(
        host == suffix or host.endswith(f".{suffix}")
        for host in (origin.host, f"{origin.host}:{origin.port}")
    )


def _proxy(variable: str, value: str) -> Proxy:
    try:
        return Proxy.parse(value)
    except ValueError:
        # The value may hold credentials and is not repeated.
        raise Misconfigured(
            f"environment variable {variable}: expected an HTTP proxy as http://host:port;"
            " set it so, or name LinkedIn's hosts in NO_PROXY to do without"
        ) from None


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that trusts what the environment names, else the bundle of `requests`.

    It is the same one for the same bundle: one takes 20 ms to make. Raises
    :class:`Misconfigured` naming the variable whose bundle cannot be read.
    """
    variable = next((name for name in CA_VARIABLES if environ.get(name)), None)
    return _context(variable, environ[variable] if variable else DEFAULT_CA_BUNDLE_PATH)


@lru_cache(maxsize=4)
def _context(variable: str | None, path: str) -> ssl.SSLContext:
    bundle = Path(path)
    try:
        if bundle.is_dir():
            context = ssl.create_default_context(capath=bundle)
        else:
            context = ssl.create_default_context(cafile=bundle)
    except OSError as error:  # ssl.SSLError is one
        raise Misconfigured(
            f"environment variable {variable or 'REQUESTS_CA_BUNDLE'}: expected a file or directory"
            f" of CA certificates in PEM form, but {path!r} cannot be read as one"
            f" ({error.strerror or 'no certificates in it'})"
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    return context
