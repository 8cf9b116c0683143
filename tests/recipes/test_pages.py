"""Each recipe has a test, and what the pages hold can be used."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from target_linkedin_resumes.mapping.config import NAMES, is_of_candidates, read_fields, read_only
from target_linkedin_resumes.records import FIELDS
from target_linkedin_resumes.settings import SCHEMA
from tests.docs.documents import blocks, read, section
from tests.recipes.recipes import PAGES

RECIPES = sorted(page for page in PAGES.glob("*.md") if page.name != "README.md")


def test_there_are_recipes_and_the_index_lists_each() -> None:
    index = (PAGES / "README.md").read_text("utf-8")
    assert len(RECIPES) >= 7
    assert [page.name for page in RECIPES if f"]({page.name})" not in index] == []


@pytest.mark.parametrize("page", RECIPES, ids=lambda page: page.stem)
def test_each_page_has_its_test(page: Path) -> None:
    test = Path(__file__).with_name(f"test_{page.stem.replace('-', '_')}.py")
    assert re.search(rf'Recipe\.read\(\s*"{page.stem}"', test.read_text("utf-8"))


@pytest.mark.parametrize("page", RECIPES, ids=lambda page: page.stem)
def test_each_page_holds_what_it_must(page: Path) -> None:
    text = page.read_text("utf-8")
    for block in blocks(text, "json"):
        assert isinstance(json.loads(block), dict)
    assert blocks(section(text, "## What the tap sends"), "json")
    (settings,) = blocks(section(text, "## Configuration"), "json")
    assert set(json.loads(settings)) <= {*SCHEMA["properties"], "stream_maps"}
    assert "null" not in settings  # to Meltano it means that nothing is set
    assert section(text, "## What to watch").count("\n- ") >= 2


def test_the_page_on_field_mapping_says_what_is_the_case() -> None:
    page = read("docs/field-mapping.md")
    examples = [json.loads(block) for block in blocks(page, "json")]
    fields, lists, people, with_status, only = examples
    assert read_fields(fields["fields"])["opportunity_resumes"]
    assert "each" in read_fields(lists["fields"])["candidates"]
    assert is_of_candidates(read_fields(people["fields"])["people"])
    assert read_fields(with_status["fields"])["people"]["deleted"]
    assert read_only(only["only"])["files"]
    assert set(NAMES) == {*FIELDS, "deleted", "each"}
    assert [name for name in NAMES if f"`{name}`" not in page] == []
