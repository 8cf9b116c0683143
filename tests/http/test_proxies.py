from __future__ import annotations

from pathlib import Path

import pytest

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.http.proxies import Proxies, Proxy, tls_context
from target_linkedin_resumes.http.urls import parse_url

from .servers import PEM

API = parse_url("https://api.linkedin.com").origin
PLAIN = parse_url("http://api.linkedin.test:8080").origin


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy.test:3128"}, Proxy("proxy.test", 3128)),
        ({"https_proxy": "proxy.test:3128"}, Proxy("proxy.test", 3128)),
        ({"https_proxy": "http://proxy.test"}, Proxy("proxy.test", 80)),
        (
            {"HTTPS_PROXY": "http://upper.test", "https_proxy": "lower.test"},
            Proxy("lower.test", 80),
        ),
        ({"ALL_PROXY": "http://proxy.test:1"}, Proxy("proxy.test", 1)),
        ({"HTTP_PROXY": "http://proxy.test:1"}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": "http://proxy.test", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy.test", "no_proxy": "a.test, .LinkedIn.com"}, None),
        ({"HTTPS_PROXY": "http://proxy.test", "no_proxy": "*.linkedin.com"}, None),
        ({"HTTPS_PROXY": "http://proxy.test", "no_proxy": "api.linkedin.com:443"}, None),
        (
            {"HTTPS_PROXY": "http://proxy.test", "no_proxy": "edin.com,api.linkedin.com:80"},
            Proxy("proxy.test", 80),
        ),
    ],
)
def test_finds_the_proxy(environ: dict[str, str], proxy: Proxy | None) -> None:
    assert Proxies(environ).proxy_for(API) == proxy


def test_credentials_of_a_proxy_are_decoded_and_not_shown() -> None:
    proxy = Proxies({"http_proxy": "http://me:p%40ss@proxy.test:1"}).proxy_for(PLAIN)
    assert proxy is not None
    assert proxy.headers == {"Proxy-Authorization": "Basic bWU6cEBzcw=="}
    assert "bWU6cEBzcw" not in repr(proxy)


def test_this_machine_is_reached_without_a_proxy() -> None:
    proxies = Proxies({"ALL_PROXY": "http://proxy.test"})
    assert proxies.proxy_for(parse_url("http://127.0.0.1:8765").origin) is None
    assert proxies.proxy_for(parse_url("http://localhost:8765").origin) is None


@pytest.mark.parametrize(
    "value", ["socks5://me:word@proxy.test:1", "https://proxy.test", "http://", "http://a:port"]
)
def test_a_proxy_that_is_none_is_named_without_its_credentials(value: str) -> None:
    with pytest.raises(Misconfigured, match="environment variable HTTPS_PROXY") as error:
        Proxies({"HTTPS_PROXY": value})
    assert "word" not in error.value.message


def test_trusts_the_bundle_of_the_first_variable_that_is_set() -> None:
    named = {"REQUESTS_CA_BUNDLE": str(PEM), "CURL_CA_BUNDLE": "/nowhere"}
    assert len(tls_context(named).get_ca_certs()) == 1
    assert len(tls_context({"SSL_CERT_FILE": str(PEM)}).get_ca_certs()) == 1
    assert len(tls_context({}).get_ca_certs()) > 50


def test_takes_a_directory_of_certificates(tmp_path: Path) -> None:
    assert tls_context({"REQUESTS_CA_BUNDLE": str(tmp_path)}).get_ca_certs() == []


def test_names_the_variable_whose_bundle_cannot_be_read(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    for path in (empty, tmp_path / "missing.pem"):
        with pytest.raises(Misconfigured, match="environment variable CURL_CA_BUNDLE") as error:
            tls_context({"CURL_CA_BUNDLE": str(path)})
        assert str(path) in error.value.message
