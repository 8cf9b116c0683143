"""What goes wrong on the way to a web server: certificates, names, proxies, time-outs."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import requests
from urllib3.exceptions import ProxySchemeUnknown

from target_linkedin_resumes.errors import Failure, Misconfigured, Reject, Retry

_PROXY_ERRORS = (
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidSchema,  # SOCKS without its package
    ProxySchemeUnknown,
)


def ca_bundle() -> str | bool:
    """Give what `verify` of requests takes, from the variables that requests reads."""
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = os.environ.get(variable)
        if path and not Path(path).exists():
            raise Misconfigured(
                f"environment variable {variable}: there is no file or directory {path!r}"
            )
        if path:
            return path
    return True


def failure_of(error: Exception) -> Failure:
    """Tell what will be so the next time from what may pass."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Reject(
            "source_unreachable",
            "field 'file': the certificate of the source cannot be verified; if it is your own,"
            " name its CA in the environment variable REQUESTS_CA_BUNDLE",
        )
    for cause in causes:
        if isinstance(cause, socket.gaierror) and cause.errno in (
            socket.EAI_NONAME,
            getattr(socket, "EAI_NODATA", socket.EAI_NONAME),
        ):
            return Reject(
                "source_unreachable", "field 'file': the host that the URL names does not exist"
            )
    if any(isinstance(cause, _PROXY_ERRORS) for cause in causes):
        return Misconfigured(
            "the proxy in the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY) cannot be used;"
            " expected a URL like http://proxy.example.com:3128"
        )
    if isinstance(error, ValueError):  # requests, urllib3 and the codecs agree in this
        return unreadable()
    if isinstance(error, requests.Timeout):
        return Retry("field 'file': the source did not answer in time")
    return Retry(f"field 'file': the source cannot be reached ({type(error).__name__})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Unwrap what requests and urllib3 wrapped, in the several ways they do."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        item = waiting.pop()
        if isinstance(item, BaseException) and id(item) not in seen:
            seen.add(id(item))
            yield item
            waiting += [item.__cause__, item.__context__, *item.args, getattr(item, "reason", None)]


def unreadable() -> Reject:
    """Make the reject for what is no URL."""
    return Reject("invalid_source", "field 'file': the URL cannot be read as one")
