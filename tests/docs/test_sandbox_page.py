"""docs/sandbox.md says what the sandbox does."""

from __future__ import annotations

import re
import subprocess
from contextlib import closing
from pathlib import Path

from target_linkedin_resumes.sandbox.breaches import CODES
from target_linkedin_resumes.sandbox.calls import Call
from target_linkedin_resumes.sandbox.faults import BODIES, KINDS
from target_linkedin_resumes.sandbox.page.calls import LOOKED_THROUGH
from target_linkedin_resumes.sandbox.page.files import PREVIEWED
from target_linkedin_resumes.sandbox.server import running
from tests.docs.documents import blocks, read, section, table
from tests.sandbox.client import Client

PAGE = read("docs/sandbox.md")


def test_every_breach_is_listed_with_its_rule() -> None:
    rows = table(section(PAGE, "## What it checks"))
    assert {code.strip("`"): rule for code, rule in rows} == CODES


def test_every_kind_of_fault_is_listed_with_its_fields() -> None:
    rows = table(section(PAGE, "## Faults"))
    named = {kind.strip("`"): set(re.findall(r"`([a-z_]+)`", fields)) for kind, _, fields in rows}
    values = {*BODIES, "html", "empty", "json"}
    assert list(named) == list(KINDS)
    for kind, fields in named.items():
        assert fields - values - {"keys"} == set(KINDS[kind]), kind
    assert set(BODIES) <= named["status"]


def test_every_field_of_the_journal_is_listed() -> None:
    rows = table(section(PAGE, "## The journal"))
    entry = Call("url", "POST", 0).entry(0, 0)
    assert [field.strip("`") for field, _ in rows] == ["seq", *entry]


def test_a_refused_deletion_can_be_rehearsed(tmp_path: Path) -> None:
    refuse, end = blocks(section(PAGE, "## Rehearse a refused deletion"), "console")
    keys = [("CAND-0101", "R1"), ("CAND-0102", "R1")]

    def run(command: str) -> None:
        here = command.replace("http://127.0.0.1:8765", sandbox.url)
        subprocess.run(["sh", "-c", here], check=True, capture_output=True, timeout=60)

    with running(tmp_path) as sandbox:
        client = Client(sandbox)
        with closing(client.connection):
            client.mint()
            client.update(keys, client.urn())
            run(refuse)
            assert client.delete(keys).statuses() == {keys[0]: 422, keys[1]: 204}
            run(end)
            assert client.delete(keys).statuses() == {keys[0]: 204, keys[1]: 404}


def test_what_the_page_cuts_is_said() -> None:
    text = " ".join(section(PAGE, "## The page").split())
    assert f"looks through {LOOKED_THROUGH:,} of them at a time" in text
    assert f"up to {PREVIEWED // 1024} KiB" in text
