"""docs/failures.md quotes what the target really says, and has each exit code."""

from __future__ import annotations

import ast
import re
import signal

import pytest

from target_linkedin_resumes.ending import REJECTS_WRITTEN
from target_linkedin_resumes.failures import Misconfigured, QuotaSpent, Stop
from tests.docs.documents import ROOT, read, section, table

PAGE = "docs/failures.md"
HEADINGS = ("## It ends with 2", "## It ends with 1", "## It takes long or stands still")


def sentences() -> list[str]:
    """Give each text in the source; what is put into it when it is said is an ellipsis."""
    found = []
    for path in (ROOT / "target_linkedin_resumes").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [p.value if isinstance(p, ast.Constant) else "…" for p in node.values]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(re.sub(r"%[sdr]", "…", node.value))
    return found


SENTENCES = sentences()
QUOTED = [row[0].strip("`") for heading in HEADINGS for row in table(section(read(PAGE), heading))]


@pytest.mark.parametrize("quoted", QUOTED)
def test_the_target_says_it(quoted: str) -> None:
    assert any(quoted in sentence for sentence in SENTENCES)


def test_what_is_quoted_in_running_text_is_said_too() -> None:
    text = section(read(PAGE), "## It ended with 0, and something is missing at LinkedIn")
    (quoted,) = re.findall(r"^- `([^`]+)`:", text, re.MULTILINE)
    assert any(quoted in sentence for sentence in SENTENCES)


def test_the_exit_codes_are_the_ones_that_occur() -> None:
    codes = {int(row[0]) for row in table(section(read(PAGE), "## Exit codes"))}
    stops = {Stop.exit_code, Misconfigured.exit_code, QuotaSpent.exit_code}
    assert codes == {0, REJECTS_WRITTEN, 128 + signal.SIGINT, 128 + signal.SIGTERM} | stops
