"""The README says what is the case."""

from __future__ import annotations

import json
import re
import subprocess

import yaml

from target_linkedin_resumes.records import FIELDS, Upsert, read_change
from target_linkedin_resumes.settings import SCHEMA
from target_linkedin_resumes.target import TargetLinkedInResumes
from tests.docs.commands import shown
from tests.docs.documents import EXAMPLES, ROOT, blocks, example, read, section, table
from tests.docs.plugin import HUB_FILE
from tests.e2e.conftest import bench, make_bench
from tests.e2e.support import COMMAND, Bench

__all__ = ["bench", "make_bench"]

README = read("README.md")
PREFIX = "TARGET_LINKEDIN_RESUMES_"


def test_the_settings_that_are_named_exist() -> None:
    text = section(README, "## Settings")
    named = set(re.findall(r"`([a-z_]+)`", text))
    assert named >= set(SCHEMA["required"])
    assert named <= set(SCHEMA["properties"])


def test_the_exit_codes_are_those_of_the_page_on_failures() -> None:
    text = section(README, "### Exit codes").partition("After each")[0]
    page = table(section(read("docs/failures.md"), "## Exit codes"))
    assert re.findall(r"\b\d+\b", text) == [row[0] for row in page]


def test_the_record_table_has_the_fields_of_the_contract() -> None:
    names = set(
        re.findall(r"`(\w+)`", " ".join(row[0] for row in table(section(README, "## The record"))))
    )
    assert names - {"_sdc_deleted_at"} <= set(FIELDS)
    assert {"candidate_id", "resume_id", "created_at", "file", "_sdc_deleted_at"} <= names


def test_the_record_that_is_shown_is_one() -> None:
    (record,) = (one for one in map(json.loads, blocks(README, "json")) if "record" in one)
    assert isinstance(read_change(record["record"]), Upsert)


def test_the_loader_in_meltano_is_the_hubs_with_what_is_required() -> None:
    (block,) = blocks(README, "yaml")
    (loader,) = yaml.safe_load(block)["plugins"]["loaders"]
    (variables,) = blocks(README, "sh")
    names = {line.partition("=")[0] for line in variables.splitlines()}
    given = {*loader["config"], *(name.removeprefix(PREFIX).lower() for name in names)}
    assert loader["name"] == TargetLinkedInResumes.name
    assert given >= set(SCHEMA["required"])
    assert HUB_FILE in README


def test_what_stands_under_without_meltano_leads_to_resumes(bench: Bench) -> None:
    text = section(README, "### Without Meltano")
    (config,) = blocks(text, "json")
    path = bench.directory / "config.json"
    path.write_text(config.replace("http://127.0.0.1:8765", bench.sandbox.url))
    (command,) = (words for words in shown(text) if words[0] == TargetLinkedInResumes.name)
    arguments = [str(path) if word == "config.json" else word for word in command[1:]]
    done = subprocess.run(
        [COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    demo = example("demo")
    expected, state = demo.read_stream(read("examples/resumes.singer").splitlines(), EXAMPLES)
    assert bench.held().keys() == expected.keys()
    assert json.loads(done.stdout.splitlines()[-1]) == state


def test_the_demo_has_as_many_records_as_is_said() -> None:
    records = read("examples/resumes.singer").count('"type": "RECORD"')
    assert f"the {records} records of `examples/resumes.singer`" in README
