"""The Meltano project has every setting as the target has it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from target_linkedin_resumes.sandbox.config import Config
from target_linkedin_resumes.settings import SCHEMA, read_settings
from target_linkedin_resumes.target import TargetLinkedInResumes
from tests.docs.documents import ROOT, read
from tests.docs.plugin import kind_of, target_settings

PROJECT: dict[str, Any] = yaml.safe_load(read("meltano.yml"))
(LOADER,) = PROJECT["plugins"]["loaders"]
SETTINGS: dict[str, dict[str, Any]] = {one["name"]: one for one in LOADER["settings"]}


def test_every_setting_is_there_once_and_no_other() -> None:
    assert len(LOADER["settings"]) == len(SETTINGS)
    assert set(SETTINGS) == set(target_settings())


@pytest.mark.parametrize("name", sorted(target_settings()))
def test_a_setting_has_its_kind_default_and_sensitivity(name: str) -> None:
    setting, schema = SETTINGS[name], target_settings()[name]
    assert setting["kind"] == kind_of(schema)
    assert setting.get("value") == schema.get("default")
    assert setting.get("sensitive", False) == schema.get("secret", False)
    assert setting["description"]
    assert setting["label"]
    if "enum" in schema:
        assert [option["value"] for option in setting["options"]] == schema["enum"]


def test_the_plugin_is_the_installed_command() -> None:
    assert LOADER["name"] == LOADER["executable"] == TargetLinkedInResumes.name
    assert LOADER["namespace"] == TargetLinkedInResumes.name.replace("-", "_")
    assert LOADER["settings_group_validation"] == [SCHEMA["required"]]
    assert LOADER["capabilities"] == sorted(one.value for one in TargetLinkedInResumes.capabilities)


def test_no_usage_statistics_are_sent() -> None:
    assert PROJECT["send_anonymous_usage_stats"] is False


def test_the_environment_fits_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (environment,) = PROJECT["environments"]
    (configured,) = environment["config"]["plugins"]["loaders"]
    assert PROJECT["default_environment"] == environment["name"]
    assert configured["name"] == LOADER["name"]
    settings = read_settings(configured["config"])
    assert Config(ROOT).clients == {settings.client_id: settings.client_secret}
    assert settings.api_url == "http://127.0.0.1:8765"
    assert "--port 8765" in read("Makefile")


def test_the_tap_reads_what_is_committed() -> None:
    (tap,) = PROJECT["plugins"]["extractors"]
    (job,) = PROJECT["jobs"]
    assert job["tasks"] == [f"{tap['name']} {LOADER['name']}"]
    with (ROOT / tap["config"]["path"]).open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    assert records
    for field in tap["config"]["primary_keys"]:
        assert all(isinstance(record[field], str) for record in records)
