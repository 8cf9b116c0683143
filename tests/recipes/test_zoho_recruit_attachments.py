"""Zoho Recruit: a token scheme of its own, names in Content-Disposition, files up to 20 MB."""

from __future__ import annotations

from tests.e2e.support import PDF, Bench
from tests.recipes.recipes import Recipe, nullable, rejected
from tests.recipes.vendors import Vendor, answer_json, answer_with

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "Parent_Id": {
            "type": ["object", "string", "null"],
            "properties": {"id": nullable("string"), "name": nullable("string")},
        },
        "Created_Time": nullable("string"),
        "Modified_Time": nullable("string"),
        "File_Name": nullable("string"),
        "Size": nullable("string"),
    },
}
TOKEN = "Zoho-oauthtoken YOUR-TOKEN"
DENIED = answer_json(401, {"code": "INVALID_TOKEN", "message": "invalid oauth token"})
NAMED = "attachment;filename*=UTF-8''Lebenslauf%20%C3%9C.pdf"


def path_of(candidate: str, attachment: str) -> str:
    return f"/recruit/v2/Candidates/{candidate}/Attachments/{attachment}"


def read(vendor: Vendor) -> Recipe:
    vendor.give_tokens("/oauth/v2/token", "YOUR-TOKEN")
    hosts = ("https://recruit.zoho.com", "https://accounts.zoho.com")
    return Recipe.read("zoho-recruit-attachments", dict.fromkeys(hosts, vendor.url))


def test_zoho(bench: Bench, vendor: Vendor) -> None:
    recipe = read(vendor)
    (shown,) = recipe.records
    candidate, attachment = shown["Parent_Id"], shown["id"]
    file = answer_with(PDF, Content_Disposition=NAMED, Content_Type="application/octet-stream")
    large = answer_with(PDF.ljust(10 * 1024 * 1024 + 1, b"%"))
    for path, answer in {
        path_of(candidate, attachment): file,
        path_of("c2", "a2"): file,
        path_of(candidate, "large"): large,
        path_of(candidate, "none"): answer_with(b"", 204),
    }.items():
        vendor.guard(path, TOKEN, answer, DENIED)
    records = [
        shown,
        {**shown, "id": "a2", "Parent_Id": {"id": "c2", "name": "Sample"}, "File_Name": None},
        {**shown, "id": "large"},
        {**shown, "id": "none"},
    ]
    recipe.run(bench, {"candidate_attachments": (SCHEMA, records)})
    held = bench.held()
    assert held.keys() == {(candidate, attachment), ("c2", "a2")}
    assert held[candidate, attachment]["filename"] == "Sample Candidate.pdf"
    assert held["c2", "a2"]["filename"] == "Lebenslauf Ü.pdf"
    assert held["c2", "a2"]["created_at"] == 1714979289000
    assert rejected(bench) == {"large": "file_too_large", "none": "source_refused"}
    assert vendor.credentials() == {TOKEN, None}  # none at the token endpoint
    assert vendor.asked().count("/oauth/v2/token") == 1


def test_bearer_is_refused(bench: Bench, vendor: Vendor) -> None:
    recipe = read(vendor)
    recipe.settings["file_sources"][0]["headers"] = {}
    (shown,) = recipe.records
    path = path_of(shown["Parent_Id"], shown["id"])
    vendor.guard(path, TOKEN, answer_with(PDF), DENIED)
    done = recipe.run(bench, {"candidate_attachments": (SCHEMA, [shown])})
    assert rejected(bench) == {shown["id"]: "source_denied"}
    assert "YOUR-TOKEN" not in done.log
