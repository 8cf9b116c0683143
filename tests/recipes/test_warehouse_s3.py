"""A warehouse table whose rows point into S3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.support import Bench
from tests.recipes.buckets import serving_s3
from tests.recipes.recipes import Recipe, nullable

SCHEMA = {
    "type": "object",
    "properties": {
        "CANDIDATE_ID": nullable("integer"),
        "RESUME_ID": nullable("string"),
        "UPLOADED_AT": nullable("string"),
        "S3_URI": nullable("string"),
        "S3_KEY": nullable("string"),
        "IS_CURRENT": nullable("integer"),
        "_FIVETRAN_DELETED": nullable("boolean"),
    },
}
OBJECTS = {
    "acme-resumes": ["2024/Sample Candidate #1.pdf", "2024/two%20.pdf"],
    "acme-payroll": ["salaries.pdf"],
}


@pytest.fixture
def s3() -> Iterator[str]:
    """A server that speaks S3, with the objects."""
    with serving_s3(OBJECTS) as url:
        yield url


def test_warehouse(bench: Bench, s3: str) -> None:
    recipe = Recipe.read("warehouse-s3", {})
    recipe.settings["file_sources"][0]["storage_options"]["endpoint_url"] = s3
    (shown,) = recipe.records
    records = [
        shown,
        {
            **shown,
            "RESUME_ID": "R-2",
            "S3_KEY": None,
            "S3_URI": "s3://acme-resumes/2024/two%20.pdf",
        },
        {**shown, "RESUME_ID": "R-3", "IS_CURRENT": 0},
        {**shown, "RESUME_ID": "R-4", "S3_URI": "s3://acme-payroll/salaries.pdf"},
        {**shown, "RESUME_ID": "R-5", "S3_KEY": "../acme-payroll/salaries.pdf"},
        {**shown, "RESUME_ID": "R-6", "S3_KEY": "2024/none.pdf"},
        {**shown, "RESUME_ID": "R-7"},
        {"CANDIDATE_ID": 1001, "RESUME_ID": "R-7", "_FIVETRAN_DELETED": True},
    ]
    done = recipe.run(bench, {"CRM-RESUMES": (SCHEMA, records)})
    held = bench.held()
    assert held.keys() == {("1001", "R-1"), ("1001", "R-2")}
    assert held["1001", "R-1"]["filename"] == "Sample Candidate #1.pdf"
    assert held["1001", "R-1"]["created_at"] == 1714972089000
    rejects = (bench.directory / "rejects.singer").read_text()
    assert [rejects.count(code) for code in ("source_not_allowed", "source_gone")] == [2, 1]
    assert "YOUR-SECRET-KEY" not in done.log
