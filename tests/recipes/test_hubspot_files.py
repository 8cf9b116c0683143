"""HubSpot: links that redirect to signed links, or to a login page without a token."""

from __future__ import annotations

import time

from tests.e2e.support import PDF, Bench
from tests.recipes.recipes import Recipe, nullable, rejected, timestamp
from tests.recipes.vendors import Vendor, answer_redirect, answer_with

# As tap_hubspot/schemas/contacts.json and engagements.json have them, shortened.
CONTACTS = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "createdAt": timestamp(),
        "updatedAt": timestamp(),
        "archived": nullable("boolean"),
        "property_resume": nullable("string"),
    },
}
IDS = {"type": ["null", "array"], "items": nullable("integer")}
ENGAGEMENTS = {
    "type": "object",
    "properties": {
        "engagement_id": {"type": "integer"},
        "lastUpdated": timestamp(),
        "engagement": {
            "type": ["null", "object"],
            "properties": {
                "id": nullable("integer"),
                "portalId": nullable("integer"),
                "active": nullable("boolean"),
                "createdAt": timestamp(),
                "type": nullable("string"),
            },
        },
        "associations": {
            "type": ["null", "object"],
            "properties": {"contactIds": IDS, "companyIds": IDS, "dealIds": IDS},
        },
        "attachments": {
            "type": ["null", "array"],
            "items": {"type": ["null", "object"], "properties": {"id": nullable("integer")}},
        },
    },
}
BEARER = "Bearer YOUR-TOKEN"
LOGIN = (
    b"<!doctype html><html><title>HubSpot Login</title><form><input type=password></form></html>"
)


def serve(vendor: Vendor, store: Vendor, path: str, file: str, content: bytes) -> None:
    """Redirect to a link signed as CloudFront signs them; without a token to the login page."""
    store.server.file(file, content)
    expires = int(time.time()) + 3600
    link = f"{store.url}{file}?Expires={expires}&Signature=0a1b&Key-Pair-Id=K2"
    login = f"{vendor.url}/login?loginRedirectUrl=x"
    vendor.guard(path, BEARER, answer_redirect(link), answer_redirect(login, 307))
    vendor.server.answers["/login"] = answer_with(LOGIN, Content_Type="text/html")


def test_hubspot(bench: Bench, vendor: Vendor, store: Vendor) -> None:
    recipe = Recipe.read("hubspot-files", {"https://api.hubspot.com": vendor.url})
    recipe.trust(store.url)
    contact, note = recipe.records
    uploaded = "/form-integrations/v1/uploaded-files/signed-url-redirect/7001"
    attached = "/filemanager/api/v2/files/7002/signed-url-redirect"
    serve(vendor, store, uploaded, "/7001/Sample%20One.pdf", PDF)
    serve(vendor, store, attached, "/7002/Sample%20Two.pdf", PDF + b"%")
    contacts = [
        contact,
        {**contact, "id": "103", "property_resume": None},
        {**contact, "id": "104"},
        {**contact, "id": "104", "archived": True, "property_resume": None},
    ]
    engagements = [
        note,
        {**note, "engagement_id": 4002, "attachments": []},
        {**note, "engagement_id": 4003, "engagement": {**note["engagement"], "type": "CALL"}},
    ]
    recipe.run(bench, {"contacts": (CONTACTS, contacts), "engagements": (ENGAGEMENTS, engagements)})
    held = bench.held()
    assert held.keys() == {("101", "101"), ("102", "7002")}
    assert held["101", "101"]["filename"] == "Sample One.pdf"
    assert held["102", "7002"]["filename"] == "Sample Two.pdf"
    assert held["102", "7002"]["size"] == len(PDF) + 1
    assert rejected(bench) == {}
    assert any(path.endswith("?portalId=62515") for path in vendor.server.paths())
    assert vendor.credentials() == {BEARER}
    assert store.credentials() == {None}


def test_the_login_page_is_no_resume(bench: Bench, vendor: Vendor, store: Vendor) -> None:
    recipe = Recipe.read("hubspot-files", {"https://api.hubspot.com": vendor.url})
    recipe.settings["file_sources"][0]["headers"]["Authorization"] = "Bearer stale"
    contact, _ = recipe.records
    uploaded = "/form-integrations/v1/uploaded-files/signed-url-redirect/7001"
    serve(vendor, store, uploaded, "/7001/one.pdf", PDF)
    recipe.run(bench, {"contacts": (CONTACTS, [contact])})
    assert rejected(bench) == {"101": "source_login_page"}
    assert bench.held() == {}
    assert store.asked() == []
