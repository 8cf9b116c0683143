"""HubSpot: links that redirect to signed links, or to a login page without a token."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.e2e.support import PDF, Bench
from tests.recipes.recipes import LEDGER, Recipe, nullable, rejected, timestamp
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


KEYS = {"engagements": "engagement_id"}


class HubSpot:
    """A contact and a note with two files each, as the page shows them."""

    def __init__(self, bench: Bench, vendor: Vendor, store: Vendor) -> None:
        ledger = str(bench.directory / "ledger.sqlite")
        places = {"https://api.hubspot.com": vendor.url, LEDGER: ledger}
        self.recipe = Recipe.read("hubspot-files", places)
        self.recipe.trust(store.url)
        self.bench = bench
        self.contact, self.note = self.recipe.records
        uploaded = "/form-integrations/v1/uploaded-files/signed-url-redirect"
        attached = "/filemanager/api/v2/files/{}/signed-url-redirect"
        serve(vendor, store, f"{uploaded}/7001", "/7001/Sample%20One.pdf", PDF)
        serve(vendor, store, f"{uploaded}/7003", "/7003/Sample%20Three.pdf", PDF)
        serve(vendor, store, attached.format(7002), "/7002/Sample%20Two.pdf", PDF + b"%")
        serve(vendor, store, attached.format(7004), "/7004/Sample%20Four.pdf", PDF)

    def send(self, *records: dict[str, Any]) -> set[tuple[str, str]]:
        """Deliver contacts and notes; gives what LinkedIn holds then."""
        contacts = [one for one in records if "id" in one]
        notes = [one for one in records if "id" not in one]
        streams = {"contacts": (CONTACTS, contacts), "engagements": (ENGAGEMENTS, notes)}
        self.recipe.run(self.bench, streams, keys=KEYS)
        return set(self.bench.held())


@pytest.fixture
def hubspot(bench: Bench, vendor: Vendor, store: Vendor) -> HubSpot:
    return HubSpot(bench, vendor, store)


def test_hubspot(hubspot: HubSpot, vendor: Vendor, store: Vendor) -> None:
    contact, note = hubspot.contact, hubspot.note
    held = hubspot.send(
        contact,
        {**contact, "id": "103", "property_resume": None},
        {**contact, "id": "104", "property_resume": ""},
        {**contact, "id": "105", "property_resume": contact["property_resume"].split(";")[0]},
        note,
        {**note, "engagement_id": 4002, "attachments": []},
        {**note, "engagement_id": 4003, "engagement": {**note["engagement"], "type": "CALL"}},
    )
    of_contacts = {("101", "7001"), ("101", "7003"), ("105", "7001")}
    assert held == of_contacts | {("102", "7002"), ("102", "7004")}
    resumes = hubspot.bench.held()
    assert resumes["101", "7001"]["filename"] == "Sample One.pdf"
    assert resumes["102", "7002"]["filename"] == "Sample Two.pdf"
    assert resumes["102", "7002"]["size"] == len(PDF) + 1
    assert rejected(hubspot.bench) == {}
    assert any(path.endswith("?portalId=62515") for path in vendor.server.paths())
    assert vendor.credentials() == {BEARER}
    assert store.credentials() == {None}


def test_files_that_are_taken_away(hubspot: HubSpot) -> None:
    contact, note = hubspot.contact, hubspot.note
    hubspot.send(contact, note)
    one = {**contact, "property_resume": contact["property_resume"].split(";")[1]}
    assert hubspot.send(one, {**note, "attachments": [{"id": 7004}]}) == {
        ("101", "7003"),
        ("102", "7004"),
    }
    moved = {**note["associations"], "contactIds": [103]}
    note = {**note, "attachments": [{"id": 7004}], "associations": moved}
    assert hubspot.send({**contact, "property_resume": None}, note) == {("103", "7004")}


def test_an_archived_contact_and_a_deleted_note(hubspot: HubSpot) -> None:
    contact, note = hubspot.contact, hubspot.note
    of_the_contact = {**note, "associations": {**note["associations"], "contactIds": [101]}}
    hubspot.send(contact, of_the_contact, {**note, "engagement_id": 4002})
    assert hubspot.send({**contact, "archived": True}) == {("102", "7002"), ("102", "7004")}
    gone = {**note["engagement"], "active": False}
    assert hubspot.send({**note, "engagement_id": 4002, "engagement": gone}) == set()


def test_a_contact_without_the_property_deletes_nothing(hubspot: HubSpot) -> None:
    contact = dict(hubspot.contact)
    held = hubspot.send(contact)
    del contact["property_resume"]
    assert hubspot.send(contact) == held
    assert rejected(hubspot.bench) == {"101": "invalid_record"}


def test_the_login_page_is_no_resume(hubspot: HubSpot, store: Vendor) -> None:
    hubspot.recipe.settings["file_sources"][0]["headers"]["Authorization"] = "Bearer stale"
    assert hubspot.send(hubspot.contact) == set()
    assert rejected(hubspot.bench) == {"101": "source_login_page"}
    assert store.asked() == []
