"""A report shows what was seen, and says so where a rule was not shown."""

from __future__ import annotations

import pytest

from tests.certification.page import certification_page
from tests.certification.report import Shown, is_shown, render
from tests.certification.rules import RULES, Rule
from tests.docs.documents import ROOT

RULE = Rule("CRM-000", "Something.", "a-page", "It is done.", ("tests/a.py::test_other",))
OWN = Shown("tests/c.py::test_own", "passed", 0.1, [("tokens", 1)], "CRM-000")
OTHER = Shown("tests/a.py::test_other[1]", "passed", 0.1)


def test_a_rule_is_shown_by_tests_that_passed() -> None:
    report = render([RULE], [OWN, OTHER], "Today.")
    assert "## CRM-000: shown" in report
    assert "tokens: **1**" in report


@pytest.mark.parametrize(
    "seen",
    [
        [],
        [OWN],
        [OTHER],
        [Shown(OWN.test, "failed", 0.1, (), "CRM-000"), OTHER],
        [OWN, Shown(OTHER.test, "skipped", 0.0)],
        [OWN, OTHER, Shown("tests/a.py::test_other[2]", "failed", 0.1)],
    ],
    ids=["none", "other-missing", "own-missing", "own-failed", "other-skipped", "case-failed"],
)
def test_a_rule_that_is_not_shown_is_said_to_be(seen: list[Shown]) -> None:
    assert not is_shown(RULE, seen)
    assert "## CRM-000: NOT SHOWN" in render([RULE], seen, "Today.")


def test_each_rule_has_a_test_and_each_test_is_there() -> None:
    page = certification_page()
    for rule in RULES:
        assert f"## {rule.name}\n" in page
        for other in rule.others:
            file, _, name = other.partition("::")
            assert f"\ndef {name}(" in (ROOT / file).read_text("utf-8")
    assert page.count("- `tests/certification/test_rules.py::") >= len(RULES)
