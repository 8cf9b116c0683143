"""What is made from the code is as the code now is."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from target_linkedin_resumes.settings import SCHEMA
from tests.docs.documents import read, section
from tests.docs.generated import FILES


@pytest.mark.parametrize(("name", "make"), FILES.items(), ids=FILES)
def test_a_generated_file_is_up_to_date(name: str, make: Callable[[], str]) -> None:
    up_to_date = read(name) == make()
    assert up_to_date, f"{name} is out of date: run `make generated` and look at the difference"


def test_the_settings_named_first_exist_and_are_those_that_are_required() -> None:
    text = section(read("docs/settings.md"), "## What most configurations need")
    named = set(re.findall(r"`([a-z_]+)`", text))
    assert set(SCHEMA["required"]) <= named <= set(SCHEMA["properties"])
