"""docs/certification.md, made from the rules and their tests."""

from __future__ import annotations

import textwrap

from tests.certification import test_rules
from tests.certification.rules import PAGES, RULES, Rule

HEAD = """\
# LinkedIn certification

<!-- Made from tests/certification by `make generated`: edit there. -->

LinkedIn certifies each integration with CRM Connect. This page has the rules that LinkedIn
publishes, and what its pages on resumes and deletion ask in addition. LinkedIn publishes only the
numbers of the rules CRM-155 to CRM-165, on access control lists, and shows the text of further
modules only to partners. Ask your contact at LinkedIn for the list that applies to you.

```console
make certification
```

This runs the tests named below with the installed command against the sandbox. It writes the
evidence to `build/certification.md`: for each rule, what was asked, done and counted in that run.
It fails if a rule has no passing test. To show the rules with LinkedIn itself, use your development
application: `--check` shows CRM-001 and CRM-002, and the summary of a first run shows the
historical sync.
"""


def certification_page() -> str:
    """Give the page."""
    return "\n".join([HEAD, *map(_section, RULES)])


def _section(rule: Rule) -> str:
    tests = [f"tests/certification/test_rules.py::{name}" for name in own_tests(rule)]
    return "\n".join(
        [
            f"## {rule.name}",
            "",
            f"[LinkedIn asks]({PAGES}{rule.source}): {rule.asks}",
            "",
            textwrap.fill(f"{rule.done} Tests:", 100, break_on_hyphens=False),
            "",
            *(f"- `{test}`" for test in (*tests, *rule.others)),
            "",
        ]
    )


def own_tests(rule: Rule) -> list[str]:
    """Name the tests that are marked with a rule."""
    return [
        name
        for name, test in vars(test_rules).items()
        if any(
            mark.name == "rule" and mark.args == (rule.name,)
            for mark in getattr(test, "pytestmark", [])
        )
    ]
