"""The client of the sources: urllib3, connected to public addresses alone.

A record says what to fetch. Nobody who can write a record shall reach with it what only this
machine can reach: other services on it, the network behind it, a cloud's metadata service.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import sys
import time
from collections.abc import Callable
from typing import Any

from requests import PreparedRequest
from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.http.proxies import Proxy
from target_linkedin_resumes.http.sockets import DeadlineStream, connect_any
from target_linkedin_resumes.http.urls import Origin

# The head of a response may take one timeout, all of it as many.
TOTAL_TIMEOUTS = 5

# The special-purpose registries of IANA (RFC 6890 and its updates), with multicast, the reserved
# class E, and one public address: that of Azure's platform, which every machine there reaches.
_NOT_PUBLIC_4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
# Of IPv6 only global unicast is public, without what is special in it: protocol assignments with
# Teredo, documentation, 6to4, AS112.
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the IPv4 address is in its last bits
_LOCAL_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa")


def is_public(address: str) -> bool:
    """Tell whether an IP address, as text, is one of the public internet."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped
        if inner is None and parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is None:
            return parsed in _PUBLIC_6 and not any(parsed in net for net in _NOT_PUBLIC_6)
        parsed = inner
    return not any(parsed in network for network in _NOT_PUBLIC_4)


def is_public_name(host: str, public: Callable[[str], bool] = is_public) -> bool:
    """Tell whether a host that a proxy will resolve is plainly not of this machine or network.

    Less than the check of an address: a public name that leads to a private address passes, and
    has to be refused by the proxy.
    """
    name = host.strip("[]").rstrip(".").lower()
    if ":" in name:
        return public(name)
    try:
        return public(socket.inet_ntoa(socket.inet_aton(name)))  # decimal, octal and hex as well
    except (OSError, UnicodeError):
        return "." in name and name.rpartition(".")[2] not in _LOCAL_NAMES


def not_allowed(what: str) -> Reject:
    """Make the reject for what this target must not do."""
    return Reject(
        "source_not_allowed",
        f"field 'file': {what}; if that is meant, list the beginning of its URL in the setting"
        " `file_sources`",
    )


class Request(PreparedRequest):
    """A request that says where it goes, so that its URL is not taken apart for it once more."""

    origin: Origin


class GuardedPools:
    """Connections of urllib3 to public addresses only. ``public`` tells which those are.

    A name is resolved once, and the very addresses that were checked are connected to. Proxies
    are connected to wherever they are, an operator has configured them. Connecting takes one
    timeout for all addresses of a name, and responses are bounded. ``context`` alone says which
    certificates are trusted, and ``size`` how many connections to an origin are kept.
    """

    def __init__(
        self, context: ssl.SSLContext, public: Callable[[str], bool] = is_public, size: int = 1
    ) -> None:
        self._options: dict[str, Any] = {
            "maxsize": size,
            "ssl_context": context,
            "cert_reqs": "CERT_REQUIRED",
        }
        self._direct = PoolManager(**self._options)
        guarded = _pools(_GuardedConnection, is_public=staticmethod(public))
        self._direct.pool_classes_by_scheme = guarded
        self._proxied: dict[Proxy, ProxyManager] = {}

    def send(self, request: Request, timeout: float, proxy: Proxy | None) -> BaseHTTPResponse:
        """Send a request; the response has its head, and its body is still to be read.

        Follows no redirect and undoes no coding. Raises :class:`Reject` for an address that is not
        public, HTTPError, OSError, and ValueError for a host that is none.
        """
        origin, target, manager = request.origin, request.path_url, self._direct
        if proxy is not None:
            manager = self._proxied.get(proxy) or self._through(proxy)
            if origin.scheme == "http":
                target = f"{origin}{target}"
        pool = manager.connection_from_host(origin.host, origin.port, origin.scheme)
        return pool.urlopen(
            request.method or "GET",
            target,
            request.body,
            request.headers,
            redirect=False,
            retries=False,
            assert_same_host=False,
            timeout=timeout,
            preload_content=False,
            decode_content=False,
        )

    def close(self) -> None:
        """Close all connections now; urllib3 would once nothing refers to their pools."""
        for manager in (self._direct, *self._proxied.values()):
            for key in manager.pools.keys():  # noqa: SIM118 - it cannot be iterated over
                manager.pools[key].close()
            manager.clear()

    def _through(self, proxy: Proxy) -> ProxyManager:
        url = str(Origin("http", proxy.host, proxy.port))
        manager = ProxyManager(url, proxy_headers=proxy.headers, **self._options)
        manager.pool_classes_by_scheme = _pools()
        self._proxied[proxy] = manager
        return manager


def _pools(*bases: type, **members: object) -> dict[str, Any]:
    """Make urllib3's pools by scheme, of bounded connections with these bases and members."""
    pools: dict[str, type[HTTPConnectionPool]]
    pools = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
    members["response_class"] = _BoundedResponse
    made = {}
    for scheme, pool in pools.items():
        connection = type("Connection", (*bases, pool.ConnectionCls), members)
        made[scheme] = type("Pool", (pool,), {"ConnectionCls": connection})
    return made


class _GuardedConnection(HTTPConnection):
    """A connection of urllib3 that checks what it connects to."""

    is_public: Callable[[str], bool]

    def _new_conn(self) -> socket.socket:
        """Take the place of urllib3's method of this name, with its errors."""
        try:
            infos = socket.getaddrinfo(self.host.strip("[]"), self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        allowed = [info for info in infos if self.is_public(str(info[4][0]))]
        if not allowed:
            raise not_allowed("the URL leads to an address that is not public")
        timeout = float(self.timeout or 0)
        try:
            sock = connect_any(allowed, timeout, within=timeout)
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "timed out") from error
        except OSError as error:
            raise NewConnectionError(self, "failed to connect") from error
        sys.audit("http.client.connect", self, self.host, self.port)
        return sock

    def connect(self) -> None:
        """Connect, and check once more, should urllib3 have found another way to do so."""
        super().connect()
        if not self.is_public(str(self.sock.getpeername()[0])):
            self.close()
            raise not_allowed("the URL leads to an address that is not public")


class _BoundedResponse(http.client.HTTPResponse):
    """A response within bounds: its head in one timeout, all of it in ``TOTAL_TIMEOUTS``."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        timeout = sock.gettimeout() or 0.0
        begun = time.monotonic()
        self._end = begun + timeout * TOTAL_TIMEOUTS
        self._stream = DeadlineStream(sock, timeout, begun + timeout)
        super().__init__(self._stream, *args, **kwargs)  # type: ignore[arg-type]  # only makefile is used

    def begin(self) -> None:
        """Read the head; then give the rest its time."""
        super().begin()
        self._stream.end_head()
        self._stream.deadline = self._end
