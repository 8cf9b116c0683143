"""The README says what is the case."""

from __future__ import annotations

import re

import yaml

from target_linkedin_resumes.settings import SCHEMA
from target_linkedin_resumes.target import TargetLinkedInResumes
from tests.certification.rules import RULES
from tests.chaos.test_chaos import LONG_SEEDS as SEEDS_OF_FAULTS
from tests.chaos.test_kills import LONG_SEEDS as SEEDS_OF_KILLS
from tests.docs.documents import blocks, read, section, table
from tests.docs.plugin import HUB_FILE

README = read("README.md")
PREFIX = "TARGET_LINKEDIN_RESUMES_"
EVIDENCE = {row[0]: row[1] for row in table(section(README, "## Evidence"))}


def test_it_can_be_read_in_a_few_minutes() -> None:
    assert len(README.split()) <= 700


def test_the_loader_in_meltano_is_the_hubs_with_what_is_required() -> None:
    (block,) = blocks(README, "yaml")
    (loader,) = yaml.safe_load(block)["plugins"]["loaders"]
    (variables,) = blocks(README, "sh")
    names = {line.partition("=")[0] for line in variables.splitlines()}
    given = {*loader["config"], *(name.removeprefix(PREFIX).lower() for name in names)}
    assert loader["name"] == TargetLinkedInResumes.name
    assert given >= set(SCHEMA["required"])
    assert HUB_FILE in README


def test_the_demo_has_as_many_records_as_is_said() -> None:
    records = read("examples/resumes.singer").count('"type": "RECORD"')
    assert f"the {records} records of `examples/resumes.singer`" in README


def test_memory_and_speed_are_those_of_the_page_on_performance() -> None:
    page = read("docs/performance.md")
    targets = {row[0]: row for row in table(section(page, "### Against the targets"))}
    (memory,) = re.findall(r"\[(\d+ MiB) at most\]", EVIDENCE["Memory"])
    assert targets[f"{memory} at any length of run"][-1] == "yes"
    figures = section(page, "## Figures").partition("\n### ")[0]
    measured = {row[0]: row for row in table(figures)}
    (ratio,) = re.findall(r"(\d+) times as fast", EVIDENCE["Speed"])
    assert ratio == f"{float(measured['60 KB, 100/150/300 ms'][3]):.0f}"
    limit = SCHEMA["properties"]["records_per_minute"]["default"]
    assert f"{limit:,} records a minute" in EVIDENCE["Speed"]


def test_kills_and_coverage_are_those_of_the_make_targets() -> None:
    kills, faults = (int(number) for number in re.findall(r"(\d+) seeds", EVIDENCE["Kills"]))
    assert (kills, faults) == (SEEDS_OF_KILLS, SEEDS_OF_FAULTS)
    (coverage,) = re.findall(r"(\d+) % branch coverage", EVIDENCE["Tests"])
    (least,) = re.findall(r"--fail-under=(\d+)", read("Makefile"))
    assert int(least) <= int(coverage)


def test_there_are_as_many_certification_rules_as_is_said() -> None:
    (number,) = re.findall(r"The (\d+) rules", EVIDENCE["Certification"])
    assert int(number) == len(RULES)
