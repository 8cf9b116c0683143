"""The README says what is the case."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from target_linkedin_resumes.changes import FIELDS, Upsert, read_change
from target_linkedin_resumes.failures import Misconfigured, QuotaSpent, Stop
from target_linkedin_resumes.resumes.codes import CODES
from target_linkedin_resumes.sandbox.faults import Faults
from target_linkedin_resumes.settings import SCHEMA, read_settings
from target_linkedin_resumes.target import TargetLinkedInResumes
from tests.docs.documents import ROOT, blocks, read, section, table

README = read("README.md")
COMMANDS = {
    "target-linkedin-resumes": "target_linkedin_resumes",
    "target-linkedin-resumes-receipt": "target_linkedin_resumes.commands.receipt",
    "linkedin-resumes-sandbox": "target_linkedin_resumes.sandbox",
}


def help_of(command: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", COMMANDS[command], "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def command_lines() -> list[list[str]]:
    """Give each command of a console block or in running text, in words."""
    spans = [line for block in blocks(README, "console") for line in block.splitlines()]
    spans += re.findall(r"`([^`\n]+)`", README)
    pieces = [piece for span in spans for piece in span.split(" | ")]
    words = [shlex.split(piece, comments=True) for piece in pieces if "'s" not in piece]
    return [line for line in words if line and line[0] in COMMANDS]


def test_the_settings_that_are_named_exist() -> None:
    text = section(README, "## Settings")
    named = set(re.findall(r"`([a-z_]+)`", text))
    assert named >= set(SCHEMA["required"])
    assert named <= set(SCHEMA["properties"])


def test_the_exit_codes_are_the_ones_that_occur() -> None:
    codes = {int(row[0]) for row in table(section(README, "### Exit codes"))}
    expected = {0, Stop.exit_code, Misconfigured.exit_code, QuotaSpent.exit_code}
    expected |= {128 + signal.SIGINT, 128 + signal.SIGTERM}
    if "fail_on_rejects" in SCHEMA["properties"]:
        expected.add(3)
    assert codes == expected


def test_the_record_table_has_the_fields_of_the_contract() -> None:
    names = set(
        re.findall(r"`(\w+)`", " ".join(row[0] for row in table(section(README, "## The record"))))
    )
    assert names - {"_sdc_deleted_at"} <= set(FIELDS)
    assert {"candidate_id", "resume_id", "created_at", "file", "_sdc_deleted_at"} <= names


def test_the_json_blocks_are_what_they_are_taken_for(tmp_path: Path) -> None:
    kinds = set()
    for block in blocks(README, "json"):
        document: dict[str, Any] = json.loads(block)
        if "client_id" in document:
            kinds.add("configuration")
            assert set(document) <= set(SCHEMA["properties"])
            assert read_settings({**document, "file_root": str(tmp_path)}).organization
        elif "rules" in document:
            kinds.add("faults")
            Faults().load(document)
        elif "attempts" in document:
            kinds.add("reject")
            assert document["code"] in CODES
        else:
            kinds.add("record")
            assert isinstance(read_change(document["record"]), Upsert)
    assert kinds == {"configuration", "faults", "record", "reject"}


def test_the_yaml_blocks_name_settings_that_exist() -> None:
    (block,) = blocks(README, "yaml")
    (loader,) = yaml.safe_load(block)["plugins"]["loaders"]
    assert loader["name"] == loader["executable"] == TargetLinkedInResumes.name
    named = set(loader["config"]) | {setting["name"] for setting in loader["settings"]}
    assert named <= set(SCHEMA["properties"])
    assert named >= set(SCHEMA["required"])
    assert all(setting["sensitive"] for setting in loader["settings"])


def test_the_commands_have_the_options_that_are_shown() -> None:
    lines = command_lines()
    assert {line[0] for line in lines} == set(COMMANDS)
    for command in COMMANDS:
        known = set(re.findall(r"--[a-z-]+", help_of(command)))
        shown = {word.partition("=")[0] for line in lines for word in line if line[0] == command}
        assert {word for word in shown if word.startswith("--")} <= known


def test_options_in_running_text_exist() -> None:
    known = {
        option for command in COMMANDS for option in re.findall(r"--[a-z-]+", help_of(command))
    }
    shown = re.findall(r"`(--[a-z-]+)", README)
    assert shown
    assert set(shown) <= known


def test_the_make_targets_and_the_files_exist() -> None:
    targets = re.findall(r"^([a-z-]+):.*##", read("Makefile"), re.MULTILINE)
    assert set(re.findall(r"^make ([a-z-]+)", README, re.MULTILINE)) <= set(targets)
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    paths = links + re.findall(r"\b((?:examples|tests|docs)/[\w./-]+\w)", README)
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_variables_of_the_environment_belong_to_settings() -> None:
    names = re.findall(r"TARGET_LINKEDIN_RESUMES_(\w+)", README)
    assert names
    assert {name.lower() for name in names} <= set(SCHEMA["properties"])
