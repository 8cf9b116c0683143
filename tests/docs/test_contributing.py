"""What contributors are told is the case, and CI runs what `.ci/run` runs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest
import yaml

from target_linkedin_resumes.settings import read_settings
from tests.docs.commands import make_targets, shown
from tests.docs.documents import ROOT, blocks, read

PAGE = read("CONTRIBUTING.md")
PROJECT: dict[str, Any] = tomllib.loads(read("pyproject.toml"))["project"]
CI: dict[str, Any] = yaml.safe_load(read(".github/workflows/ci.yml"))


def targets_of_ci() -> set[str]:
    """The make targets that the jobs run, matrices included."""
    found: set[str] = set()
    for job in CI["jobs"].values():
        commands = "\n".join(step.get("run", "") for step in job["steps"])
        found |= set(re.findall(r"^make ([a-z-]+)$", commands, re.MULTILINE))
        if "make ${{ matrix.target }}" in commands:
            found |= set(job["strategy"]["matrix"]["target"])
    return found


def test_the_workflow_runs_the_targets_of_the_script() -> None:
    script = read(".ci/run")
    lines = re.findall(r"^(?:make|lane) ([a-z][a-z -]*)", script, re.MULTILINE)
    ours = {target for line in lines for target in line.split()}
    assert len(ours) > 10
    assert targets_of_ci() - {"test-quick"} == ours | {"site"}  # which test-browser builds
    assert targets_of_ci() <= make_targets()


def test_the_workflow_has_the_pythons_of_the_classifiers() -> None:
    prefix = "Programming Language :: Python :: 3."
    named = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if one.startswith(prefix)]
    assert CI["jobs"]["tests"]["strategy"]["matrix"]["python"] == named
    assert set(CI["jobs"]["units-macos"]["strategy"]["matrix"]["python"]) <= set(named)


def test_the_release_is_published_without_a_stored_token() -> None:
    release = yaml.safe_load(read(".github/workflows/release.yml"))
    assert release["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert "secrets." not in read(".github/workflows/release.yml")


@pytest.mark.parametrize("words", [words for words in shown(PAGE) if "pytest" in words])
def test_the_tests_that_are_shown_exist(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *words[1:], "--collect-only", "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout


def test_the_message_that_is_searched_is_there() -> None:
    (text,) = (words[2] for words in shown(PAGE) if words[0] == "grep")
    package = ROOT / "target_linkedin_resumes"
    assert any(text in path.read_text("utf-8") for path in package.rglob("*.py"))
    assert blocks(PAGE, "console")


def test_the_modules_that_are_named_exist() -> None:
    for name in re.findall(r"`([\w/]+\.py|[\w/]+/)`", PAGE):
        places = (ROOT / name, ROOT / "target_linkedin_resumes" / name)
        assert any(place.exists() for place in places), name


def test_the_example_of_an_environment_is_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    prefix = "TARGET_LINKEDIN_RESUMES_"
    lines = [line for line in read(".env.example").splitlines() if line and line[0] != "#"]
    given = dict(line.removeprefix(prefix).split("=", 1) for line in lines)
    settings = read_settings({name.lower(): value for name, value in given.items()})
    assert settings.api_url.startswith("http://127.0.0.1:")


def test_the_image_has_extras_that_there_are() -> None:
    (extras,) = re.findall(r"^ARG EXTRAS=(.+)$", read("Containerfile"), re.MULTILINE)
    assert set(extras.split(",")) == PROJECT["optional-dependencies"].keys() - {"sandbox"}
    assert f"`{extras}`" in read("docs/installation.md")


def test_the_version_stands_in_one_place() -> None:
    version = re.escape(PROJECT["version"])
    files = [*ROOT.glob("target_linkedin_resumes/**/*.py"), *ROOT.glob("*.yml"), ROOT / "README.md"]
    assert [path for path in files if re.search(rf"\b{version}\b", path.read_text("utf-8"))] == []
