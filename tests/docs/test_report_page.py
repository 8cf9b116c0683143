"""docs/report.md names each field of the JSON report, and no others."""

from __future__ import annotations

import re

from target_linkedin_resumes.report.model import Kind
from target_linkedin_resumes.report.page import document
from tests.docs.documents import read, section, table
from tests.report.samples import rough


def test_the_fields_are_those_of_the_document() -> None:
    rows = table(section(read("docs/report.md"), "## The JSON file"))
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row[0])]
    made = document(rough())
    assert named == list(made)
    meanings = dict(zip(named, named, strict=True))
    for row in rows:
        for name in re.findall(r"`(\w+)`", row[0]):
            meanings[name] = row[1]
    for name in ("outcome", "records", "waited_seconds"):
        assert {f"`{inner}`" for inner in made[name]} <= set(re.findall(r"`\w+`", meanings[name]))
    for kind in Kind:
        assert f"`{kind.name.lower()}`" in meanings["outcome"]
