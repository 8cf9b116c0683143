"""Shows LinkedIn's certification rules and writes down what was seen.

    python -m tests.certification.report

Runs the tests of :data:`RULES` and writes `build/certification.md`. Ends with 1 if a rule is not
shown: a test of it failed, was skipped, or there is none.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from platform import platform, python_version

import pytest

from tests.certification.rules import PAGES, RULES, Rule
from tests.docs.documents import ROOT

REPORT = ROOT / "build" / "certification.md"
_TESTS = "tests/certification/test_rules.py"


@dataclass
class Shown:
    """A test that was run: its outcome, and what it noted."""

    test: str
    outcome: str
    seconds: float
    notes: Sequence[tuple[str, object]] = ()
    rule: str | None = None


@dataclass(eq=False)
class Watch:
    """A plugin of pytest that keeps what each test came to."""

    seen: list[Shown] = field(default_factory=list)
    rules: dict[str, str] = field(default_factory=dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note which rule a test is for."""
        for item in items:
            marker = item.get_closest_marker("rule")
            if marker is not None:
                self.rules[item.nodeid] = marker.args[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that ended, or that did not come to its start."""
        if report.when == "call" or report.outcome != "passed":
            test = report.nodeid
            notes, rule = report.user_properties, self.rules.get(test)
            self.seen.append(Shown(test, report.outcome, report.duration, notes, rule))


def tests_of(rule: Rule, seen: Sequence[Shown]) -> list[Shown]:
    """Give the tests that show a rule; those of its others that are missing count as not run."""
    found = [one for one in seen if one.rule == rule.name]
    for other in rule.others:
        ran = [one for one in seen if _base(one) == other]
        found += ran or [Shown(other, "not run", 0)]
    return found


def is_shown(rule: Rule, seen: Sequence[Shown]) -> bool:
    """Whether a rule has a test of its own, and all its tests passed."""
    tests = tests_of(rule, seen)
    own = any(one.rule == rule.name for one in tests)
    return own and all(one.outcome == "passed" for one in tests)


def render(rules: Sequence[Rule], seen: Sequence[Shown], circumstances: str) -> str:
    """Give the report in Markdown."""
    lines = ["# LinkedIn certification: evidence", "", circumstances, ""]
    lines += ["| rule | what LinkedIn asks | result |", "|---|---|---|"]
    lines += [f"| {rule.name} | {rule.asks} | {_result(rule, seen)} |" for rule in rules]
    for rule in rules:
        lines += ["", *_section(rule, seen)]
    return "\n".join([*lines, ""])


def _section(rule: Rule, seen: Sequence[Shown]) -> Iterator[str]:
    yield f"## {rule.name}: {_result(rule, seen)}"
    yield ""
    yield f"{rule.asks} ([LinkedIn]({PAGES}{rule.source}))"
    yield ""
    yield rule.done
    yield ""
    for test, group in groupby(tests_of(rule, seen), _base):
        cases = list(group)
        seconds = sum(case.seconds for case in cases)
        counted = "" if len(cases) == 1 else f" ({len(cases)} cases)"
        outcomes = ", ".join(sorted({case.outcome for case in cases}))
        yield f"- `{test}`{counted}: {outcomes}, {seconds:.1f} s"
        for name, value in (note for case in cases for note in case.notes):
            yield f"  - {name}: **{value}**"


def _base(shown: Shown) -> str:
    """The test without its parameters."""
    return shown.test.partition("[")[0]


def _result(rule: Rule, seen: Sequence[Shown]) -> str:
    return "shown" if is_shown(rule, seen) else "NOT SHOWN"


def circumstances() -> str:
    """Say what was looked at, and where."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    now = datetime.now(UTC)
    return (
        f"target-linkedin-resumes {version('target-linkedin-resumes')}"
        f" (commit {commit or 'unknown'}), {now:%Y-%m-%d %H:%M} UTC,"
        f" Python {python_version()}, singer-sdk {version('singer-sdk')}, {platform()}. The"
        " installed command ran against this project's sandbox, which answers as LinkedIn's"
        " documentation says; LinkedIn itself was not asked. Every figure below was counted in"
        " this run, most of them by the sandbox."
    )


def main() -> int:
    """Run the tests, write the report, and say where it is."""
    watch = Watch()
    tests = [_TESTS, *(other for rule in RULES for other in rule.others)]
    pytest.main(["-q", "-m", "", *tests], plugins=[watch])
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(render(RULES, watch.seen, circumstances()), "utf-8")
    missing = [rule.name for rule in RULES if not is_shown(rule, watch.seen)]
    print(f"{len(RULES) - len(missing)} of {len(RULES)} rules shown: {REPORT.relative_to(ROOT)}")
    for name in missing:
        print(f"NOT SHOWN: {name}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
