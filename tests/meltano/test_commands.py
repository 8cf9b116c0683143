"""The commands of the definition, and loaders that inherit, with the target of this checkout."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from target_linkedin_resumes.sandbox.server import Running
from target_linkedin_resumes.singer.config_files import nested
from tests.docs.plugin import definition
from tests.e2e.support import PDF
from tests.meltano.project import PREFIX, TARGET, Project, checked
from tests.recipes.recipes import Recipe
from tests.recipes.test_pages import RECIPES

CHILD = "resumes-acme"
COMMANDS = Path(sys.executable).parent
MAPPING = {
    "fields": {"cvs": {"resume_id": "id", "file": "name", "created_at": "made"}},
    "only": {"cvs": {"type": "resume"}},
    "stream_maps": {"others": "__NULL__", "cvs": {"__filter__": "name"}},
}


def project(directory: Path, child: dict[str, Any], **config: Any) -> Project:
    """A project with the loader and one that inherits from it."""
    hub = definition()
    loader = {name: hub[name] for name in ("name", "namespace", "capabilities", "settings")}
    loader["executable"] = str(COMMANDS / hub["executable"])
    loader["commands"] = {
        name: {**one, "executable": str(COMMANDS / one.get("executable", hub["executable"]))}
        for name, one in hub["commands"].items()
    }
    loader["commands"]["env"] = {"executable": "env", "args": ""}
    loader["config"] = config
    content = {
        "default_environment": "dev",
        "project_id": "a-project",
        "send_anonymous_usage_stats": False,
        "environments": [{"name": "dev"}],
        "plugins": {"loaders": [loader, {"name": CHILD, "inherit_from": TARGET, "config": child}]},
    }
    (directory / "meltano.yml").write_text(yaml.safe_dump(content, sort_keys=False))
    return Project(directory)


@pytest.fixture
def acme(tmp_path: Path, sandbox: Running) -> Project:
    """Nested objects in the parent, the customer's files in the child."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.pdf").write_bytes(PDF)
    child = {
        "rejects_path": str(tmp_path / "acme.singer"),
        "ledger_path": str(tmp_path / "acme.sqlite"),
        "audit_path": str(tmp_path / "acme.jsonl"),
        "audit_key": "k" * 32,
    }
    return project(
        tmp_path,
        child,
        client_id="sandbox",
        client_secret="sandbox-secret",
        organization="1234567890",
        contract="123456",
        api_url=sandbox.url,
        token_url=f"{sandbox.url}/oauth/v2/accessToken",
        file_root=str(files),
        batch_max_age_seconds=1,
        on_reject="continue",
        **MAPPING,
    )


def test_each_command_works_on_the_loader_that_inherits(
    acme: Project, sandbox: Running, tmp_path: Path
) -> None:
    ran = acme.run(f"{CHILD}:check", command="invoke")
    assert ran.code == 0, ran.text
    assert "token: LinkedIn granted one" in ran.out

    cvs = {"id": "r", "candidate_id": "c", "made": "2024-05-06", "name": "a.pdf", "type": "resume"}
    properties: dict[str, Any] = {name: {} for name in cvs}
    messages = [
        {
            "type": "SCHEMA",
            "stream": "cvs",
            "key_properties": [],
            "schema": {"properties": properties},
        },
        {"type": "RECORD", "stream": "cvs", "record": cvs, "reject": {"code": "x", "attempts": 1}},
    ]
    rejects = tmp_path / "acme.singer"
    rejects.write_text("".join(f"{json.dumps(message)}\n" for message in messages))
    checked(acme.run(f"{CHILD}:replay", command="invoke"))
    assert not rejects.exists()
    assert [one["resume_id"] for one in sandbox.snapshot()["resumes"]] == ["r"]

    ran = acme.run(f"{CHILD}:ledger", "status", command="invoke")
    assert ran.code == 0, ran.text
    assert "1  delivered" in ran.out
    ran = acme.run(f"{CHILD}:receipt", "c", command="invoke")
    assert ran.code == 0, ran.text
    assert "LinkedIn holds 1 of 1 resumes" in ran.out

    ran = acme.run(f"{CHILD}:erase", "--dry-run", "c", command="invoke")
    assert ran.code == 0, ran.text
    assert "candidate 'c', resume 'r'" in ran.out
    assert len(sandbox.snapshot()["resumes"]) == 1
    ran = acme.run(f"{CHILD}:erase", "--yes", "c", command="invoke")
    assert ran.code == 0, ran.text
    assert "deleted" in ran.out
    assert sandbox.snapshot()["resumes"] == []


@pytest.mark.parametrize("page", RECIPES, ids=lambda page: page.stem)
def test_a_recipe_can_be_inherited(tmp_path: Path, page: Path) -> None:
    recipe = Recipe.read(page.stem, {})
    ran = project(tmp_path, {"organization": "7"}, **recipe.settings).run(
        f"{CHILD}:env", command="invoke"
    )
    assert ran.code == 0, ran.text
    environment = dict(line.partition("=")[::2] for line in ran.out.splitlines())
    assert environment[f"{PREFIX}ORGANIZATION"] == "7"
    given = {name: environment[PREFIX + name.upper()] for name in recipe.settings}
    read = {
        name: value if isinstance(recipe.settings[name], str) else json.loads(value)
        for name, value in given.items()
    }
    assert nested(read, environment, PREFIX) == recipe.settings


@pytest.mark.parametrize(
    ("variable", "dry"),
    [("RESUMES_ACME_DRY_RUN", True), ("TARGET_LINKEDIN_RESUMES_DRY_RUN", False)],
)
def test_only_a_loaders_own_variable_makes_its_run_dry_whatever_it_sets(
    tmp_path: Path, variable: str, dry: bool
) -> None:
    ran = (
        project(tmp_path, {"dry_run": False})
        .having(**{variable: "true"})
        .run("print", CHILD, command="config")
    )
    assert ran.code == 0, ran.text
    assert json.loads(ran.out)["dry_run"] is dry


def test_meltanos_own_test_is_for_taps(tmp_path: Path) -> None:
    ran = project(tmp_path, {}).run("test", TARGET, command="config")
    assert ran.code != 0
