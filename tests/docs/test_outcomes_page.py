"""docs/outcomes.md has the exit codes of docs/failures.md."""

from __future__ import annotations

import re

from tests.docs.documents import read, section, table


def test_the_exit_codes_are_those_of_the_page_on_failures() -> None:
    text = section(read("docs/outcomes.md"), "## Exit codes").partition("After each")[0]
    page = table(section(read("docs/failures.md"), "## Exit codes"))
    assert re.findall(r"\b\d+\b", text) == [row[0] for row in page]
