"""The definition for Meltano Hub is one that the Hub takes, and says what is the case."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from target_linkedin_resumes.settings import SCHEMA
from tests.docs.documents import ROOT, read
from tests.docs.generated import about
from tests.docs.plugin import HUB_FILE, VARIANT

HUB: dict[str, Any] = yaml.safe_load(read(HUB_FILE))
SETTINGS: dict[str, dict[str, Any]] = {one["name"]: one for one in HUB["settings"]}
ABOUT: dict[str, Any] = json.loads(about("--format=json"))
PROJECT: dict[str, Any] = tomllib.loads(read("pyproject.toml"))["project"]


def validator() -> Draft7Validator:
    """The Hub's schema of a loader, of several files that name each other."""
    files = (ROOT / "tests" / "docs" / "hub_schema").rglob("*.json")
    schemas = [json.loads(path.read_text("utf-8")) for path in files]
    resources = [(one["$id"], Resource.from_contents(one, DRAFT7)) for one in schemas]
    registry: Registry[Any] = Registry().with_resources(resources)
    return Draft7Validator({"$ref": "loaders.schema.json"}, registry=registry)


VALIDATOR = validator()
KINDS = {"array", "boolean", "integer", "object", "options", "string"}  # that are not deprecated


def test_the_hubs_own_schema_takes_it() -> None:
    assert [error.message for error in VALIDATOR.iter_errors(HUB)] == []
    for setting in SETTINGS.values():
        assert setting["kind"] in KINDS
        assert setting["description"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"quality": "splendid"},
        {"licence": "Apache-2.0"},
        {"capabilities": ["resumes"]},
        {"settings": [{"name": "a", "kind": "colour"}]},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_the_hubs_own_schema_refuses_what_is_wrong(wrong: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid({**HUB, **wrong})


def test_the_file_is_where_the_hub_looks_for_it() -> None:
    assert HUB["variant"] == VARIANT
    assert f"hub/loaders/{HUB['name']}/{HUB['variant']}.yml" == HUB_FILE


def test_it_is_sorted_as_the_hubs_linter_writes_it() -> None:
    groups = HUB["settings_group_validation"]
    for names in (HUB, *SETTINGS.values(), SETTINGS, HUB["capabilities"], *groups):
        assert list(names) == sorted(names)


def test_it_says_what_the_command_says_of_itself() -> None:
    assert HUB["name"] == HUB["executable"] == ABOUT["name"]
    assert HUB["capabilities"] == sorted(ABOUT["capabilities"])
    assert HUB["supported_python_versions"] == ABOUT["supported_python_versions"]
    assert len(HUB["settings"]) == len(SETTINGS)
    properties = ABOUT["settings"]["properties"]
    assert list(SETTINGS) == sorted(properties)
    for name, setting in SETTINGS.items():
        assert setting.get("value") == properties[name].get("default")
        assert setting.get("sensitive", False) == properties[name].get("secret", False)


def test_what_is_secret_is_sensitive() -> None:
    sensitive = {name for name, setting in SETTINGS.items() if setting.get("sensitive")}
    assert {"client_id", "client_secret", "file_sources"} <= sensitive


def test_a_configuration_needs_what_is_required() -> None:
    assert HUB["settings_group_validation"] == [sorted(SCHEMA["required"])]


def test_the_package_and_its_pythons_are_the_projects() -> None:
    assert HUB["pip_url"].startswith("/")  # until the name is this project's on the index
    prefix = "Programming Language :: Python :: 3."
    minor = [one for one in PROJECT["classifiers"] if one.startswith(prefix)]
    assert HUB["supported_python_versions"] == [one.rpartition(" ")[2] for one in minor]


def test_settings_without_effect_are_not_offered() -> None:
    for name in ("add_record_metadata", "faker_config", "load_method", "validate_records"):
        assert name not in SETTINGS


def test_the_page_on_meltano_has_each_command() -> None:
    named = re.findall(rf"`meltano invoke {HUB['name']}:(\w+)", read("docs/meltano.md"))
    assert sorted(named) == sorted(HUB["commands"])
