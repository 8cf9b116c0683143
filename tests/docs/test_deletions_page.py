"""docs/deletions.md names tests that there are, and has each way that the certification shows."""

from __future__ import annotations

import re

from tests.certification.page import own_tests
from tests.certification.rules import RULES
from tests.docs.documents import read, section, table

PAGE = "docs/deletions.md"


def test_each_way_is_shown_and_each_test_has_its_place() -> None:
    [rule] = (rule for rule in RULES if rule.name == "Deletion")
    page = read(PAGE)
    ways = [
        row[-1].strip("`")
        for row in table(section(page, "## How a CRM says that something is gone"))
    ]
    refused = re.findall(r"Shown by `(\w+)`", page)
    assert sorted([*ways, *refused]) == sorted(own_tests(rule))
