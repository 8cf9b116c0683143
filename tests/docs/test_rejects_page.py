"""docs/rejects.md explains each code that a record can be rejected with, and no others."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import target_linkedin_resumes
from target_linkedin_resumes.engine.types import DELETIONS
from target_linkedin_resumes.linkedin.outcomes import TABLE, Action
from target_linkedin_resumes.report.wording import REJECTS
from target_linkedin_resumes.resumes.codes import CODES
from tests.docs.documents import blocks, read, section, table

PAGE = "docs/rejects.md"
PACKAGE = Path(target_linkedin_resumes.__file__).parent
# Where a code is not written out: what it is taken from is looked at below, or was named before.
INDIRECT = {
    *("engine/inflight.py", "engine/types.py", "sinks.py", "stores/rows.py"),
    *("linkedin/outcomes.py", "resumes/sources.py", "resumes/web.py"),
}


def rejects_in_source() -> tuple[set[str], set[str]]:
    """The codes of all `Reject("...", ...)`, and the files with one that is not written out."""
    codes: set[str] = set()
    indirect: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id == "Reject":
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    codes.add(str(code.value))
                else:
                    indirect.add(path.relative_to(PACKAGE).as_posix())
    return codes, indirect


def rows() -> dict[str, tuple[str, str]]:
    """Meaning and remedy of each code on the page."""
    page = read(PAGE)
    found: dict[str, tuple[str, str]] = {}
    for heading in ("## The record", "## The file", "## Deletions", "## LinkedIn"):
        for code, meaning, remedy in table(section(page, heading)):
            assert code not in found
            found[code.strip("`")] = meaning, remedy
    return found


def test_page_and_code_know_the_same_codes() -> None:
    codes, indirect = rejects_in_source()
    assert indirect <= INDIRECT
    refusals = {row.code for row in TABLE if row.action is Action.REJECT}
    assert rows().keys() == codes | refusals | CODES.keys() | DELETIONS


def test_each_code_has_its_meaning_and_its_remedy() -> None:
    for code, texts in rows().items():
        for text in texts:
            assert text.endswith("."), code
    assert {code: tuple(explanation) for code, explanation in REJECTS.items()} == rows()


def test_the_example_is_a_line_of_a_rejects_file() -> None:
    (example,) = blocks(read(PAGE), "json")
    message = json.loads(example)
    assert message.keys() == {"type", "stream", "record", "reject"}
    assert message["reject"]["code"] in rows()
    assert message["reject"].keys() == {
        "code",
        "message",
        "at",
        "attempts",
        "candidate_id",
        "resume_id",
    }
