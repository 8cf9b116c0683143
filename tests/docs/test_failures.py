"""docs/failures.md quotes what the target really says, and has each exit code."""

from __future__ import annotations

import ast
import re
import signal
from collections.abc import Iterator

import pytest

from target_linkedin_resumes.errors import Misconfigured, QuotaSpent, Stop
from target_linkedin_resumes.exit_status import REJECTS_WRITTEN
from target_linkedin_resumes.linkedin.outcomes import TABLE, Action
from tests.docs.documents import ROOT, read, section, table

PAGE = "docs/failures.md"
HEADINGS = (
    *("## It ends with 2", "## It ends with 1", "## It ends with 3"),
    "## It is slow or stands still",
)


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

# What ends a run and has no row, by how it begins; the whole text where it ends in a dot.
WITHOUT_A_ROW = {
    "….": "put together of texts that have their rows",
    "…. ….": "the same",
    "setting '…': …, ": "the second part says what is expected",
    "setting '…': ….": "put together of texts that have their rows",
    "….headers: expected": "the first part names the entry of file_sources",
    "….storage_options: expected": "the same",
    "…: expected an object with": "the same",
    "…, line …: expected a JSON object": "as of a line that is not valid JSON",
    "setting 'ledger_path': there is no ledger": "said by the command -ledger alone",
    "setting 'ledger_path': … is empty": "said by the command -ledger alone",
    "setting 'ledger_path': this ledger knows": "said by the command -ledger alone",
    "setting `file_root`: … is no directory": "of sources built by hand: settings.py is first",
}
OPENING_WORDS = {
    "InvalidInput": "line … of the input",  # with which the reader begins each of them
    "_wrong": "is not valid; expected",  # with which settings.py ends each of them
}


def endings() -> Iterator[str]:
    """Give what is said where a run ends: each text that one of these exceptions is raised with."""
    for path in (ROOT / "target_linkedin_resumes").rglob("*.py"):
        if path.parent.name in ("cli", "sandbox"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name = node.func.id
                if name in OPENING_WORDS:
                    yield OPENING_WORDS[name]
                elif name in ("Misconfigured", "Stop") and node.args:
                    yield text_of(node.args[0])
    for row in TABLE:
        if row.action in (Action.STOP, Action.STOP_CONFIGURATION):
            yield row.advice


def text_of(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        parts = [str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values]
        return "".join(parts)
    return str(node.value) if isinstance(node, ast.Constant) else "…"


def quotes(quoted: str, said: str) -> bool:
    """Whether a row is about a message; an ellipsis stands for what differs."""
    return re.search(".+".join(map(re.escape, quoted.split("…"))), said) is not None


@pytest.mark.parametrize("said", sorted(set(endings())))
def test_what_ends_a_run_has_a_row(said: str) -> None:
    excused = any(begins(said, one) for one in WITHOUT_A_ROW)
    assert excused or any(quotes(quoted, said) for quoted in QUOTED)


def begins(said: str, beginning: str) -> bool:
    return said + "." == beginning if beginning.endswith(".") else said.startswith(beginning)


def test_no_excuse_is_left_over() -> None:
    said = set(endings())
    assert [one for one in WITHOUT_A_ROW if not any(begins(s, one) for s in said)] == []


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


def test_no_message_names_a_page_by_its_path() -> None:
    """An installed package has no docs/."""
    for path in (ROOT / "target_linkedin_resumes").rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        docstrings = [node.value for node in nodes if isinstance(node, ast.Expr)]
        for node in nodes:
            if isinstance(node, ast.Constant) and node not in docstrings:
                assert not re.search(r"\bdocs/", str(node.value)), path.name
