"""Other web sites, and DNS names that lead here, get nothing of the sandbox's own endpoints."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from target_linkedin_resumes.sandbox.page.guard import refused
from tests.sandbox.client import Client

LOCAL = [
    "127.0.0.1:8765",
    "[::1]:8765",
    "192.168.1.5",
    "localhost:8765",
    "LOCALHOST",
    "sandbox",
    "box.localhost",
    "host.docker.internal:8765",
    "sandbox.default.svc.cluster.local",
]
FOREIGN = [
    "evil.example:8765",
    "127.0.0.1.evil.example",
    "evil.example.",
    "localhost.evil.org",
    "[",
]


@pytest.mark.parametrize("host", LOCAL)
def test_local_names_are_served(host: str) -> None:
    assert refused("GET", Headers({"host": host})) is None
    assert refused("POST", Headers({"host": host})) is None
    assert refused("POST", Headers({"host": host, "origin": f"http://{host}"})) is None


@pytest.mark.parametrize("host", FOREIGN)
def test_names_of_public_dns_are_not(host: str) -> None:
    assert refused("GET", Headers({"host": host})) is not None


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", ""])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_another_origin_changes_nothing(method: str, origin: str) -> None:
    headers = Headers({"host": "127.0.0.1:8765", "origin": origin})
    assert refused(method, headers) is not None
    assert refused("GET", headers) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/sandbox/switch"),
        ("POST", "/sandbox/faults"),
        ("DELETE", "/sandbox/faults"),
        ("POST", "/sandbox/reset"),
    ],
)
def test_every_change_is_guarded(client: Client, method: str, path: str) -> None:
    client.sandbox.set_faults({"endpoint": "url", "kind": "down", "times": 1000})
    body = "fault=down&on=true" if "switch" in path else '{"rules": []}'
    answer = client.call(method, path, body, {"origin": "http://evil.example"})
    assert answer.status == 403
    rules = client.call("GET", "/sandbox/faults").document["rules"]
    assert [(rule["kind"], rule["endpoint"]) for rule in rules] == [("down", "url")]


@pytest.mark.parametrize("path", ["/", "/sandbox/state", "/sandbox/journal", "/sandbox/live"])
def test_rebound_names_read_nothing(client: Client, path: str) -> None:
    answer = client.call("GET", path, headers={"host": "evil.example"})
    assert answer.status == 403
    assert b"address" in answer.body


def test_linkedins_own_endpoints_take_any_name(client: Client) -> None:
    headers = {"host": "api.linkedin.example", "content-type": "application/json"}
    assert client.call("POST", "/v2/hireMediaUrl", "{}", headers).status == 400


@pytest.mark.parametrize("path", ["/", "/sandbox/state", "/sandbox/static/page.js", "/sandbox/no"])
def test_headers_keep_scripts_and_frames_out(client: Client, path: str) -> None:
    headers = client.call("GET", path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    # With no-referrer a browser sends a form without script from the origin `null`.
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
