"""The definition for Meltano Hub, added to a new project."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.docs.documents import ROOT
from tests.docs.plugin import HUB_FILE
from tests.meltano.project import PREFIX, TARGET, Project


def test_the_definition_can_be_added_to_a_project(tmp_path: Path) -> None:
    # What Meltano makes has no setting yet that keeps usage statistics off.
    quiet = {"MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false"}
    parent = Project(tmp_path, quiet)
    ran = parent.run("project", command="init")
    assert ran.code == 0, ran.text
    project = Project(tmp_path / "project", quiet)
    options = ("--plugin-type=loader", "--no-install", f"--from-ref={ROOT / HUB_FILE}")
    ran = project.run(*options, TARGET, command="add")
    assert ran.code == 0, ran.text

    (loader,) = yaml.safe_load((project.directory / "meltano.yml").read_text())["plugins"][
        "loaders"
    ]
    hub = yaml.safe_load((ROOT / HUB_FILE).read_text("utf-8"))
    assert [one["name"] for one in loader["settings"]] == [one["name"] for one in hub["settings"]]
    assert (loader["name"], loader["executable"]) == (TARGET, TARGET)
    assert loader["capabilities"] == hub["capabilities"]

    given = {"CLIENT_SECRET": "s3cret-of-acme", "BATCH_SIZE_ROWS": "7", "ONLY": '{"kind": "cv"}'}
    configured = project.having(**{PREFIX + name: text for name, text in given.items()})
    ran = configured.run("print", TARGET, command="config")
    assert ran.code == 0, ran.text
    settings = json.loads(ran.out)
    assert (settings["batch_size_rows"], settings["only"]) == (7, {"kind": "cv"})
    assert "s3cret-of-acme" not in ran.out + ran.text  # a sensitive setting
