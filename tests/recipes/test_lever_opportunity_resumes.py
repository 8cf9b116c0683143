"""Lever: the download is behind Basic authentication and goes on to a store."""

from __future__ import annotations

import json
from typing import Any

from tests.docs.documents import blocks, section
from tests.e2e.support import PDF, Bench
from tests.recipes.recipes import PAGES, Recipe, nullable, rejected, timestamp
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
    "properties": {"id": {"type": "string"}, "name": nullable("string")},
}
BASIC = "Basic WU9VUi1BUEktS0VZOg=="
DENIED = answer_json(401, {"code": "Unauthorized", "message": "Invalid API key"})


def test_lever(bench: Bench, vendor: Vendor, store: Vendor) -> None:
    recipe = Recipe.read("lever-opportunity-resumes", {"https://api.lever.co": vendor.url})
    recipe.trust(store.url)
    (shown,) = recipe.records
    opportunity, resume = "63f6f017-d741-4117-9f63-57e3531a6a58", shown["id"]
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
    opportunities = [{"id": opportunity, "name": "Sample Candidate"}]
    recipe.run(
        bench,
        {
            "opportunities": (OPPORTUNITIES, opportunities),
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


def test_a_wrong_key_is_told(bench: Bench, vendor: Vendor) -> None:
    recipe = Recipe.read("lever-opportunity-resumes", {"https://api.lever.co": vendor.url})
    recipe.settings["file_sources"][0]["headers"]["Authorization"] = "Basic wrong"
    (shown,) = recipe.records
    opportunity = "63f6f017-d741-4117-9f63-57e3531a6a58"
    path = f"/v1/opportunities/{opportunity}/resumes/{shown['id']}/download"
    vendor.guard(path, BASIC, answer_json(200, {}), DENIED)
    recipe.run(bench, {"opportunity_resumes": (SCHEMA, [shown])})
    assert rejected(bench) == {shown["id"]: "source_denied"}


def test_with_oauth(bench: Bench, vendor: Vendor) -> None:
    hosts = ("https://api.lever.co", "https://auth.lever.co")
    recipe = Recipe.read("lever-opportunity-resumes", dict.fromkeys(hosts, vendor.url))
    page = (PAGES / "lever-opportunity-resumes.md").read_text("utf-8")
    (with_oauth,) = blocks(section(page, "## With OAuth"), "json")
    for host in hosts:
        with_oauth = with_oauth.replace(host, vendor.url)
    recipe.settings |= json.loads(with_oauth)
    vendor.give_tokens("/oauth/token", "a-token")
    (shown,) = recipe.records
    opportunity = "63f6f017-d741-4117-9f63-57e3531a6a58"
    path = f"/v1/opportunities/{opportunity}/resumes/{shown['id']}/download"
    vendor.guard(path, "Bearer a-token", answer_with(PDF), DENIED)
    recipe.run(bench, {"opportunity_resumes": (SCHEMA, [shown])})
    assert bench.held().keys() == {(opportunity, shown["id"])}
