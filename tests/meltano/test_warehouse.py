"""A table whose rows point into S3, as the recipe has it, read from a database."""

from __future__ import annotations

from target_linkedin_resumes.sandbox.server import Running
from tests.meltano.postgres import Database
from tests.meltano.project import TARGET, Project, checked
from tests.recipes.buckets import serving_s3
from tests.recipes.recipes import Recipe

OBJECTS = {"acme-resumes": ["2024/Sample Candidate #1.pdf", "2024/two%20.pdf"]}
COLUMNS = (
    '"CANDIDATE_ID" int, "RESUME_ID" text, "UPLOADED_AT" timestamptz, "S3_URI" text, "S3_KEY" text,'
    ' "IS_CURRENT" int, "_FIVETRAN_DELETED" boolean, "_FIVETRAN_SYNCED" timestamptz,'
    ' PRIMARY KEY ("CANDIDATE_ID", "RESUME_ID")'
)
ROWS = """
    (1001, 'R-1', '2024-05-06T07:08:09+02:00', NULL, '2024/Sample Candidate #1.pdf', 1, false,
        '2024-06-01'),
    (1001, 'R-2', '2024-05-06', 's3://acme-resumes/2024/two%20.pdf', NULL, 1, NULL, '2024-06-02'),
    (1001, 'R-3', '2024-05-06', NULL, '2024/Sample Candidate #1.pdf', 0, false, '2024-06-02'),
    (1001, 'R-4', '2024-05-06', NULL, '2024/Sample Candidate #1.pdf', 1, false, '2024-06-03')
"""
DELETE = """
    UPDATE "CRM"."RESUMES" SET "_FIVETRAN_DELETED" = true, "_FIVETRAN_SYNCED" = '2024-06-04'
    WHERE "RESUME_ID" = 'R-2'
"""
ADD = """
    INSERT INTO "CRM"."RESUMES" VALUES (1001, 'R-5', '2024-05-06', NULL,
    '2024/Sample Candidate #1.pdf', 1, false, '2024-06-04')
"""


def test_files_in_s3_read_incrementally(crm: Project, database: Database, sandbox: Running) -> None:
    database.sql(
        'CREATE SCHEMA "CRM"',
        f'CREATE TABLE "CRM"."RESUMES" ({COLUMNS})',
        f'INSERT INTO "CRM"."RESUMES" VALUES {ROWS}',
    )
    recipe = Recipe.read("warehouse-s3", {})
    tap = {"TAP_WAREHOUSE_PORT": str(database.port), "TAP_WAREHOUSE_DATABASE": database.name}
    with serving_s3(OBJECTS) as url:
        recipe.settings["file_sources"][0]["storage_options"]["endpoint_url"] = url
        project = crm.having(**tap).loading(**recipe.settings)
        checked(project.run("tap-warehouse", TARGET))
        assert _held(sandbox) == {"R-1", "R-2", "R-4"}
        created = {one["resume_id"]: one["created_at"] for one in sandbox.snapshot()["resumes"]}
        assert created["R-1"] == 1714972089000

        database.sql(DELETE, ADD)
        ran = checked(project.run("tap-warehouse", TARGET))
    assert _held(sandbox) == {"R-1", "R-4", "R-5"}
    # Incremental: what has the bookmark's time is read again, and nothing older.
    assert any("3 records read: 2 delivered, 1 deleted" in line for line in ran.said()), ran.text
    assert "YOUR-SECRET-KEY" not in ran.text
    assert sandbox.snapshot()["breaches"] == []


def _held(sandbox: Running) -> set[str]:
    return {one["resume_id"] for one in sandbox.snapshot()["resumes"]}
