"""The definition for Meltano Hub is one that the Hub takes, and says what is the case."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from target_linkedin_resumes.schema import SCHEMA
from tests.docs.documents import read
from tests.docs.generated import about
from tests.docs.plugin import HUB_FILE, VARIANT

HUB: dict[str, Any] = yaml.safe_load(read(HUB_FILE))
SETTINGS: dict[str, dict[str, Any]] = {one["name"]: one for one in HUB["settings"]}
ABOUT: dict[str, Any] = json.loads(about("--format=json"))
PROJECT: dict[str, Any] = tomllib.loads(read("pyproject.toml"))["project"]
CHECKOUT = os.environ.get("MELTANO_HUB", "")

# What the Hub's schema allows of a loader, of its capabilities and of a setting (August 2026).
KEYS = {
    *("capabilities", "commands", "definition", "description", "dialect", "docs", "domain_url"),
    *("executable", "hidden", "keywords", "label", "log_parser", "logo_url"),
    *("maintenance_status", "name", "namespace", "next_steps", "pip_url", "prereq", "python"),
    *("quality", "repo", "requires", "settings", "settings_group_validation"),
    *("settings_preamble", "supported_python_versions", "target_schema", "usage", "variant"),
}
CAPABILITIES = {
    *("about", "activate-version", "batch", "datatype-failsafe", "hard-delete"),
    *("schema-flattening", "soft-delete", "stream-maps", "structured-logging", "target-schema"),
    "validate-records",
}
SETTING_KEYS = {
    *("aliases", "description", "docs", "documentation", "env", "hidden", "kind", "label", "name"),
    *("oauth", "options", "placeholder", "sensitive", "tooltip", "value"),
    *("value_post_processor", "value_processor"),
}
KINDS = {"array", "boolean", "integer", "object", "options", "string"}  # that are not deprecated


def test_the_hub_knows_what_is_said() -> None:
    assert HUB.keys() <= KEYS
    assert {"name", "namespace", "variant", "quality"} <= HUB.keys()
    assert set(HUB["capabilities"]) <= CAPABILITIES
    for setting in SETTINGS.values():
        assert setting.keys() <= SETTING_KEYS
        assert setting["kind"] in KINDS
        assert setting["description"]


def test_the_file_is_where_the_hub_looks_for_it() -> None:
    assert HUB["variant"] == VARIANT
    assert f"hub/loaders/{HUB['name']}/{HUB['variant']}.yml" == HUB_FILE


def test_its_keys_are_sorted_as_the_hubs_linter_asks() -> None:
    for mapping in (HUB, *SETTINGS.values()):
        assert list(mapping) == sorted(mapping)


def test_it_says_what_the_command_says_of_itself() -> None:
    assert HUB["name"] == HUB["executable"] == ABOUT["name"]
    assert HUB["capabilities"] == sorted(ABOUT["capabilities"])
    assert HUB["supported_python_versions"] == ABOUT["supported_python_versions"]
    assert len(HUB["settings"]) == len(SETTINGS)
    properties = ABOUT["settings"]["properties"]
    assert list(SETTINGS) == list(properties)
    for name, setting in SETTINGS.items():
        assert setting.get("value") == properties[name].get("default")
        assert setting.get("sensitive", False) == properties[name].get("secret", False)


def test_what_is_secret_is_sensitive() -> None:
    sensitive = {name for name, setting in SETTINGS.items() if setting.get("sensitive")}
    assert {"client_id", "client_secret", "file_sources"} <= sensitive


def test_a_configuration_needs_what_is_required() -> None:
    assert HUB["settings_group_validation"] == [SCHEMA["required"]]


def test_the_package_and_its_pythons_are_the_projects() -> None:
    assert HUB["pip_url"] == PROJECT["name"]
    prefix = "Programming Language :: Python :: 3."
    minor = [one for one in PROJECT["classifiers"] if one.startswith(prefix)]
    assert HUB["supported_python_versions"] == [one.rpartition(" ")[2] for one in minor]


def test_settings_without_effect_are_not_offered() -> None:
    for name in ("add_record_metadata", "faker_config", "load_method", "validate_records"):
        assert name not in SETTINGS


@pytest.mark.skipif(not CHECKOUT, reason="MELTANO_HUB names no checkout of Meltano Hub")
def test_the_hubs_own_schema_takes_it() -> None:
    schemas = [
        json.loads(path.read_text("utf-8"))
        for kind in ("common", "plugin_definitions")
        for path in (Path(CHECKOUT) / "schemas" / kind).glob("*.json")
    ]
    resources = [(one["$id"], Resource.from_contents(one, DRAFT7)) for one in schemas]
    registry: Registry[Any] = Registry().with_resources(resources)
    validator = Draft7Validator({"$ref": "loaders.schema.json"}, registry=registry)
    assert [error.message for error in validator.iter_errors(HUB)] == []
