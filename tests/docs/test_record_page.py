"""docs/record.md has the fields that are read, and a record that is one."""

from __future__ import annotations

import json
import re

from target_linkedin_resumes.records import FIELDS, Upsert, read_change
from tests.docs.documents import blocks, read, section, table

PAGE = read("docs/record.md")


def test_the_table_has_the_fields_of_the_contract() -> None:
    names = set(re.findall(r"`(\w+)`", " ".join(row[0] for row in table(PAGE))))
    assert names - {"_sdc_deleted_at"} <= set(FIELDS)
    assert {"candidate_id", "resume_id", "created_at", "file", "_sdc_deleted_at"} <= names


def test_the_record_that_is_shown_is_one() -> None:
    (record,) = map(json.loads, blocks(PAGE, "json"))
    assert isinstance(read_change(record["record"]), Upsert)


def test_each_field_is_said_to_be_required_where_it_is() -> None:
    assert section(PAGE, "## Deletions")
    needed = [row[0].strip("`") for row in table(PAGE) if row[1].endswith(", required")]
    assert needed == ["candidate_id", "resume_id"]
