"""Lever: the download is behind Basic authentication and goes on to a store."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.docs.documents import blocks, section
from tests.e2e.support import PDF, Bench
from tests.recipes.recipes import LEDGER, PAGES, Recipe, nullable, rejected, timestamp
from tests.recipes.vendors import Vendor, answer_json, answer_redirect, answer_with

# As tap_lever/schemas/opportunity_resumes.json has it.
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "createdAt": timestamp(),
        "file": {"type": ["object", "null"], "properties": {}},
        "parsedData": {"type": ["object", "null"], "properties": {}},
    },
}
OPPORTUNITIES = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "archived": {"type": ["null", "object"], "properties": {}},
        "isAnonymized": nullable("boolean"),
    },
}
PAGE = PAGES / "lever-opportunity-resumes.md"
BASIC = "Basic WU9VUi1BUEktS0VZOg=="
OPPORTUNITY = "63f6f017-d741-4117-9f63-57e3531a6a58"
DENIED = answer_json(401, {"code": "Unauthorized", "message": "Invalid API key"})


def read(bench: Bench, vendor: Vendor, *hosts: str) -> Recipe:
    ledger = str(bench.directory / "ledger.sqlite")
    places = {**dict.fromkeys(("https://api.lever.co", *hosts), vendor.url), LEDGER: ledger}
    return Recipe.read("lever-opportunity-resumes", places)


def test_lever(bench: Bench, vendor: Vendor, store: Vendor) -> None:
    recipe = read(bench, vendor)
    recipe.trust(store.url)
    shown, person = recipe.records
    opportunity, resume = OPPORTUNITY, shown["id"]
    link = store.signed("/resumes/1", PDF, Content_Disposition="attachment; filename=other.pdf")
    path = f"/v1/opportunities/{opportunity}/resumes/{resume}/download"
    vendor.guard(path, BASIC, answer_redirect(link), DENIED)
    missing = f"/v1/opportunities/{opportunity}/resumes/gone/download"
    not_found = answer_json(404, {"code": "ResourceNotFound", "message": "Resume was not found"})
    vendor.guard(missing, BASIC, not_found, DENIED)
    records: list[dict[str, Any]] = [
        shown,
        {**shown, "id": "profile", "file": None},
        {**shown, "id": "gone"},
    ]
    recipe.run(
        bench,
        {
            "opportunities": (OPPORTUNITIES, [person]),
            "opportunity_resumes": (SCHEMA, records),
        },
    )
    held = bench.held()
    assert held.keys() == {(opportunity, resume)}
    assert held[opportunity, resume]["filename"] == "Sample Candidate.pdf"
    assert held[opportunity, resume]["created_at"] == 1468953420000
    assert rejected(bench) == {"gone": "source_gone"}
    assert sorted(vendor.asked()) == sorted([path, missing])
    assert vendor.credentials() == {BASIC}
    assert store.credentials() == {None}


@pytest.mark.parametrize(
    ("deleted", "gone"),
    [
        (None, {"isAnonymized": True}),
        (
            ["isAnonymized", "archived.archivedAt"],
            {"archived": {"reason": "x", "archivedAt": 1468953420004}},
        ),
    ],
    ids=["anonymised", "archived"],
)
def test_an_opportunity_that_is_gone(
    bench: Bench, vendor: Vendor, deleted: list[str] | None, gone: dict[str, Any]
) -> None:
    recipe = read(bench, vendor)
    if deleted is not None:
        assert f'"deleted": {json.dumps(deleted)}' in PAGE.read_text("utf-8")
        recipe.settings["fields"]["opportunities"]["deleted"] = deleted
    shown, person = recipe.records
    path = f"/v1/opportunities/{OPPORTUNITY}/resumes/{{}}/download"
    vendor.guard(path.format(shown["id"]), BASIC, answer_with(PDF), DENIED)
    vendor.guard(path.format("second"), BASIC, answer_with(PDF), DENIED)
    resumes = [shown, {**shown, "id": "second"}]
    both = {"opportunities": (OPPORTUNITIES, [person]), "opportunity_resumes": (SCHEMA, resumes)}
    recipe.run(bench, both)
    assert len(bench.held()) == 2
    recipe.run(bench, {"opportunities": (OPPORTUNITIES, [{**person, **gone}])})
    assert bench.held() == {}


def test_a_wrong_key_is_told(bench: Bench, vendor: Vendor) -> None:
    recipe = read(bench, vendor)
    recipe.settings["file_sources"][0]["headers"]["Authorization"] = "Basic wrong"
    shown, _ = recipe.records
    path = f"/v1/opportunities/{OPPORTUNITY}/resumes/{shown['id']}/download"
    vendor.guard(path, BASIC, answer_json(200, {}), DENIED)
    recipe.run(bench, {"opportunity_resumes": (SCHEMA, [shown])})
    assert rejected(bench) == {shown["id"]: "source_denied"}


def test_with_oauth(bench: Bench, vendor: Vendor) -> None:
    auth = "https://auth.lever.co"
    recipe = read(bench, vendor, auth)
    (with_oauth,) = blocks(section(PAGE.read_text("utf-8"), "## With OAuth"), "json")
    for host in ("https://api.lever.co", auth):
        with_oauth = with_oauth.replace(host, vendor.url)
    recipe.settings |= json.loads(with_oauth)
    vendor.give_tokens("/oauth/token", "a-token")
    shown, _ = recipe.records
    path = f"/v1/opportunities/{OPPORTUNITY}/resumes/{shown['id']}/download"
    vendor.guard(path, "Bearer a-token", answer_with(PDF), DENIED)
    recipe.run(bench, {"opportunity_resumes": (SCHEMA, [shown])})
    assert bench.held().keys() == {(OPPORTUNITY, shown["id"])}
