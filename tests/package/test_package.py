"""The package holds what it should and nothing else, and works where nothing else is installed."""

from __future__ import annotations

import email
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests

from target_linkedin_resumes.resumes.prefixes import REMOTE_SCHEMES
from tests.docs.documents import ROOT, read
from tests.package.pythons import Environment, plain_environment, pythons

pytestmark = pytest.mark.package

PROJECT: dict[str, Any] = tomllib.loads(read("pyproject.toml"))["project"]
NAME, VERSION = PROJECT["name"], PROJECT["version"]
STEM = f"{NAME.replace('-', '_')}-{VERSION}"
PACKAGE = NAME.replace("-", "_")
PYTHONS = pythons()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the sdist, and of the wheel that was built from it."""
    out = tmp_path_factory.mktemp("dist")
    _tool("build", "--outdir", str(out), str(ROOT))
    return out


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def sdist(built: Path) -> Path:
    (found,) = built.glob("*.tar.gz")
    return found


def _tool(module: str, *arguments: str) -> None:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def _tracked(under: str = ".") -> set[str]:
    """Name the files that git knows."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", under], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(filter(None, listed.stdout.split("\0")))


def test_the_wheel_holds_the_package_and_its_metadata_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    metadata = {name for name in names if name.startswith(f"{STEM}.dist-info/")}
    assert names - metadata == _tracked(PACKAGE)
    assert f"{PACKAGE}/py.typed" in names
    assert {Path(name).name for name in metadata} == {
        *("METADATA", "WHEEL", "RECORD", "entry_points.txt", "LICENSE"),
    }


def test_the_sdist_holds_what_git_knows_and_nothing_else(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    left_out = {name for name in _tracked() if name.startswith((".ci/", ".github/"))}
    assert names - {"PKG-INFO"} == _tracked() - left_out


def test_the_metadata_says_what_the_project_says(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"{STEM}.dist-info/METADATA").decode()
    metadata = email.message_from_string(text)
    assert metadata["Requires-Python"] == PROJECT["requires-python"]
    assert metadata["License-Expression"] == PROJECT["license"]
    assert metadata.get_all("Provides-Extra") == list(PROJECT["optional-dependencies"])
    needed = [re.split(r"[^\w-]", one)[0] for one in metadata.get_all("Requires-Dist", [])]
    # `backoff` overwrites the files of python-backoff, which the SDK needs.
    assert "backoff" not in needed
    assert "python-backoff" in needed


def test_the_index_would_take_both(wheel: Path, sdist: Path) -> None:
    _tool("twine", "check", "--strict", str(wheel), str(sdist))
    _tool("check_wheel_contents", str(wheel))


def test_there_is_a_python_to_install_on() -> None:
    assert PYTHONS


@pytest.mark.parametrize("constraints", ["lowest", "newest"])
@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_it_installs_and_works(python: Path, constraints: str, wheel: Path, tmp_path: Path) -> None:
    environment = Environment.create(python, tmp_path / "environment")
    environment.install(str(wheel), constraints)
    environment.pip("check")

    for command in PROJECT["scripts"]:
        shown = environment.run(command, "--help")
        assert shown.returncode == 0, shown.stderr
    version = environment.run(NAME, "--version")
    assert (version.returncode, version.stdout.split()[1].rstrip(",")) == (0, f"v{VERSION}")
    about = environment.run(NAME, "--about", "--format=json")
    assert json.loads(about.stdout)["name"] == NAME
    sandbox = environment.run("linkedin-resumes-sandbox", "--port", "0", "--data", "data")
    assert sandbox.returncode == 2
    (extra,) = re.findall(rf"{NAME}\[(\w+)\]", sandbox.stderr)

    environment.install(f"{NAME}[{extra}] @ {wheel.as_uri()}", constraints)
    environment.pip("check")
    deliver_one(environment)


@pytest.mark.parametrize(("constraints", "at"), [("lowest", 0), ("newest", -1)])
def test_all_extras_install_together(
    constraints: str, at: int, wheel: Path, tmp_path: Path
) -> None:
    environment = Environment.create(list(PYTHONS.values())[at], tmp_path / "environment")
    extras = ",".join(PROJECT["optional-dependencies"])
    environment.install(f"{NAME}[{extras}] @ {wheel.as_uri()}", constraints)
    environment.pip("check")
    settings = {
        "client_id": "a",
        "client_secret": "b",
        "organization": 1,
        "contract": 1,
        "api_url": "http://127.0.0.1:9",
        "token_url": "http://127.0.0.1:9/token",
        "convert": "text",
        "file_sources": [{"prefix": f"{scheme}://place/"} for scheme in REMOTE_SCHEMES],
    }
    (environment.directory / "config.json").write_text(json.dumps(settings))
    checked = environment.run(NAME, "--config", "config.json", "--check")
    assert "file_sources, convert: everything they need is installed" in checked.stdout, checked


def test_the_sdist_installs_too(sdist: Path, tmp_path: Path) -> None:
    environment = Environment.create(list(PYTHONS.values())[-1], tmp_path / "environment")
    environment.install(str(sdist), "newest")
    environment.pip("check")
    version = environment.run(NAME, "--version")
    assert (version.returncode, version.stdout.split()[1].rstrip(",")) == (0, f"v{VERSION}")


def deliver_one(environment: Environment) -> None:
    """Deliver a resume to the sandbox, both of them as they were installed."""
    (environment.directory / "cv.txt").write_text("A resume of nobody.\n")
    record = {"candidate_id": 1, "resume_id": 2, "created_at": "2024-05-06", "file": "cv.txt"}
    schema = {"type": "object", "properties": {name: {} for name in record}}
    messages: list[dict[str, Any]] = [
        {"type": "SCHEMA", "stream": "resumes", "schema": schema, "key_properties": []},
        {"type": "RECORD", "stream": "resumes", "record": record},
        {"type": "STATE", "value": {"done": 1}},
    ]
    stream = environment.directory / "resumes.singer"
    stream.write_text("".join(f"{json.dumps(message)}\n" for message in messages))
    command = [environment.command("linkedin-resumes-sandbox"), "--port", "0", "--data", "data"]
    with subprocess.Popen(
        command, cwd=environment.directory, env=plain_environment(), stdout=subprocess.PIPE
    ) as sandbox:
        try:
            assert sandbox.stdout is not None
            url = json.loads(sandbox.stdout.readline())["url"]
            config = {
                "client_id": "sandbox",
                "client_secret": "sandbox-secret",
                "organization": 1,
                "contract": 1,
                "api_url": url,
                "token_url": f"{url}/oauth/v2/accessToken",
            }
            (environment.directory / "config.json").write_text(json.dumps(config))
            done = environment.run(NAME, "--config", "config.json", "--input", stream.name)
            # The page's templates, style and script are no modules, and come along all the same.
            page = requests.get(f"{url}/", timeout=10).text
            for file in re.findall(r'(?:href|src)="(/sandbox/static/[^"]+)"', page):
                requests.get(f"{url}{file}", timeout=10).raise_for_status()
        finally:
            sandbox.terminate()
    assert (done.returncode, json.loads(done.stdout)) == (0, {"done": 1}), done.stderr
    assert "/sandbox/resume?candidate=1&amp;resume=2&amp;" in page
