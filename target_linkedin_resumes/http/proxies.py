"""What the environment says of proxies and certificates, read once and never again.

Reading it for each request would cost time, and a variable changed half-way (or a `.netrc`, which
is never read here) must not redirect a token.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.http.urls import Origin

CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. ``headers`` holds its credentials, if it wants any."""

    host: str
    port: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


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
        """The proxy to use; none for what `no_proxy` names and for this machine itself."""
        if origin.is_loopback or any(_names(entry, origin) for entry in self._direct):
            return None
        return self._by_scheme.get(origin.scheme) or self._by_scheme.get("all")


def _names(entry: str, origin: Origin) -> bool:
    """Whether an entry of `no_proxy` (a host, a domain, each with or without port) names it."""
    if entry == "*":
        return True
    suffix = entry.lstrip("*").lstrip(".")
    return any(
        host == suffix or host.endswith(f".{suffix}")
        for host in (origin.host, f"{origin.host}:{origin.port}")
    )


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """A context that trusts what the environment names, else the bundle that `requests` brings.

    Raises :class:`Misconfigured` naming the variable whose bundle cannot be read.
    """
    variable = next((name for name in CA_VARIABLES if environ.get(name)), None)
    bundle = Path(environ[variable] if variable else DEFAULT_CA_BUNDLE_PATH)
    try:
        if bundle.is_dir():
            context = ssl.create_default_context(capath=bundle)
        else:
            context = ssl.create_default_context(cafile=bundle)
    except OSError as error:  # ssl.SSLError is one
        raise Misconfigured(
            f"environment variable {variable or 'REQUESTS_CA_BUNDLE'}: expected a file or directory"
            f" of CA certificates in PEM form, but {str(bundle)!r} cannot be read as one"
            f" ({error.strerror or 'no certificates in it'})"
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _proxy(variable: str, value: str) -> Proxy:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host, port, parts = None, 0, urlsplit("")
    if parts.scheme != "http" or not host:
        # The value may hold credentials and is not repeated.
        raise Misconfigured(
            f"environment variable {variable}: expected an HTTP proxy as http://host:port;"
            " set it so, or name LinkedIn's hosts in NO_PROXY to do without"
        )
    if parts.username is None:
        return Proxy(host, port)
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    encoded = base64.b64encode(credentials.encode()).decode()
    return Proxy(host, port, {"Proxy-Authorization": f"Basic {encoded}"})
