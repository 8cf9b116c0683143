"""The definition in `hub/` adds the loader to a project, by the README's own lines."""

from __future__ import annotations

import json
import re
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from target_linkedin_resumes.sandbox.server import Running
from tests.docs.commands import OTHERS, shown
from tests.docs.documents import ROOT, blocks, read
from tests.docs.test_pages import PAGES
from tests.meltano.project import MELTANO, Project

README = read("README.md")
SCHEMA = "lib/python*/site-packages/meltano/schemas/meltano.schema.json"
EMPTY = {
    "default_environment": "dev",
    "project_id": "a-project",
    "send_anonymous_usage_stats": False,
    "environments": [{"name": "dev"}],
    "plugins": {},
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project without a plugin."""
    (tmp_path / "meltano.yml").write_text(yaml.safe_dump(EMPTY))
    return Project(tmp_path)


def test_meltanos_own_schema_takes_the_project_of_this_repository() -> None:
    (path,) = MELTANO.parents[1].glob(SCHEMA)
    validator = Draft202012Validator(json.loads(path.read_text("utf-8")))
    found = validator.iter_errors(yaml.safe_load(read("meltano.yml")))
    assert [error.message for error in found] == []


def test_the_readmes_lines_add_a_loader_that_passes_its_check(
    project: Project, sandbox: Running
) -> None:
    lines = [words for words in shown(README) if words[:2] == ["meltano", "add"]]
    (add,) = (words for words in lines if len(words) > 2)  # and not the name in running text
    added = project.run(*_here(add[2:]), command="add")
    assert added.code == 0, added.text

    file = project.directory / "meltano.yml"
    content: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    (loader,) = content["plugins"]["loaders"]
    (loader["pip_url"],) = _here([loader["pip_url"]])
    (example,) = yaml.safe_load(blocks(README, "yaml")[0])["plugins"]["loaders"]
    text = json.dumps(example["config"]).replace("http://127.0.0.1:8765", sandbox.url)
    loader["config"] = json.loads(text)
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    (project.directory / ".env").write_text(blocks(README, "sh")[0])

    for command in ("install", "invoke"):
        line = next(words for words in shown(README) if words[:2] == ["meltano", command])
        ran = project.run(*line[2:], command=command)
        assert ran.code == 0, ran.text
    assert "token: LinkedIn granted one" in ran.out


@pytest.mark.parametrize("subcommand", sorted(OTHERS["meltano"]))
def test_the_options_that_the_pages_show_are_meltanos(project: Project, subcommand: str) -> None:
    lines = [words for page in PAGES for words in shown(read(page))]
    used = [words[2:] for words in lines if words[:2] == ["meltano", subcommand]]
    if subcommand == "invoke":  # what stands behind a plugin's name belongs to the plugin
        used = [list(takewhile(lambda word: "target-" not in word, words)) for words in used]
    options = {word.partition("=")[0] for words in used for word in words if word[0] == "-"}
    asked = project.run("--help", command=subcommand)
    assert asked.code == 0, asked.text
    assert options <= set(re.findall(r"--?[a-z][a-z-]*", asked.out))


def _here(words: list[str]) -> list[str]:
    return [word.replace("/path/to/checkout", str(ROOT)) for word in words]
