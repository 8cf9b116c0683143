"""The plugin's definition as Meltano has it, made from what the command says of itself.

It stands in `hub/` as Meltano Hub keeps it, and in the repository's own `meltano.yml`.
"""

from __future__ import annotations

import copy
import json
import textwrap
from functools import cache
from typing import Any

import yaml

from target_linkedin_resumes.settings import SCHEMA
from target_linkedin_resumes.target import TargetLinkedInResumes
from tests.docs.documents import read

VARIANT = "community"
HUB_FILE = f"hub/loaders/{TargetLinkedInResumes.name}/{VARIANT}.yml"

_ACRONYMS = {"Api": "API", "Id": "ID", "Ttl": "TTL", "Url": "URL"}
_PLACEHOLDERS = {
    "organization": "urn:li:organization:1234567890",
    "contract": "urn:li:contract:123456",
}
# Of the SDK's words, those that say nothing to an operator.
_PLAINER = {"batch_config": "Where BATCH files are, if the tap does not say so itself."}


def definition() -> dict[str, Any]:
    """Give the definition as the Hub keeps it."""
    name = TargetLinkedInResumes.name
    return {
        "capabilities": sorted(one.value for one in TargetLinkedInResumes.capabilities),
        "commands": _commands(name),
        "description": "Candidates' resumes for LinkedIn Recruiter, through CRM Connect",
        "domain_url": "https://learn.microsoft.com/en-us/linkedin/talent/crm-connect/",
        "executable": name,
        "keywords": ["api", "meltano_sdk"],
        "label": "LinkedIn Resumes (CRM Connect)",
        "log_parser": "singer-sdk",
        "maintenance_status": "active",
        "name": name,
        "namespace": name.replace("-", "_"),
        # By its name alone, pip would install whatever somebody else publishes under it.
        "pip_url": "/path/to/checkout",
        "quality": "unknown",  # the Hub's to say
        "settings": [_setting(*item) for item in target_settings().items()],
        "settings_group_validation": [list(SCHEMA["required"])],
        "settings_preamble": (
            "Each customer has their own LinkedIn application, so each needs their own"
            " configuration."
        ),
        "supported_python_versions": about()["supported_python_versions"],
        "usage": (
            "`meltano invoke target-linkedin-resumes --check` checks the configuration, the token"
            " and the rights, and writes nothing to LinkedIn."
        ),
        "variant": VARIANT,
    }


def _commands(name: str) -> dict[str, dict[str, str]]:
    """What `meltano invoke target-linkedin-resumes:...` runs, with the loader's settings."""
    rejects = f"${TargetLinkedInResumes._env_var_prefix}REJECTS_PATH"
    return {
        "check": {
            "args": "--config ENV --check",
            "description": "Check the configuration, the token and the rights; writes nothing.",
        },
        "erase": {
            "args": "--config ENV erase",
            "executable": f"{name}-ledger",
            "description": "Delete at LinkedIn what the ledger holds of a candidate.",
        },
        "ledger": {
            "args": "--config ENV",
            "executable": f"{name}-ledger",
            "description": "Show or change what the ledger knows: status, export, forget, rebuild.",
        },
        "receipt": {
            "args": "--config ENV",
            "executable": f"{name}-receipt",
            "description": "Print what LinkedIn confirmed about a candidate.",
        },
        "replay": {
            "args": f"--config ENV --input {rejects}",
            "description": "Deliver the rejects again, after you have fixed the cause.",
        },
    }


def hub_file() -> str:
    """Give the Hub's file; keys, settings and groups are sorted, as the Hub's linter has it."""
    hub = definition()
    hub["settings"].sort(key=lambda setting: setting["name"])
    hub["settings_group_validation"] = [sorted(one) for one in hub["settings_group_validation"]]
    return _yaml(hub, sort_keys=True)


def project_file() -> str:
    """Give `meltano.yml` with the loader as it now is; the rest stays as it stands."""
    hub = definition()
    loader = {
        name: hub[name]
        for name in ("name", "namespace", "label", "executable", "capabilities", "commands")
    }
    loader["pip_url"] = "-e ."
    loader |= {name: hub[name] for name in ("settings_group_validation", "settings")}
    kept, marker, _ = read("meltano.yml").partition("\n  loaders:")
    assert marker
    return (
        f"{kept}\n  loaders: # made by `make generated` from the target's settings\n"
        + textwrap.indent(_yaml([loader], sort_keys=False), "    ")
    )


@cache
def about() -> dict[str, Any]:
    """Give what the command says of itself."""
    info = TargetLinkedInResumes._get_about_info()
    return {"supported_python_versions": list(info.supported_python_versions or [])}


def target_settings() -> dict[str, dict[str, Any]]:
    """Give the target's settings, those of the SDK behind its own."""
    schema = copy.deepcopy(SCHEMA)
    TargetLinkedInResumes.append_builtin_config(schema)
    properties: dict[str, dict[str, Any]] = schema["properties"]
    return properties


def kind_of(schema: dict[str, Any]) -> str:
    """Give the kind that Meltano has for a JSON schema."""
    if "enum" in schema:
        return "options"
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    named = [one for one in types if one != "null"]
    # A value of several types is written as text, and the target reads it.
    return str(named[0]) if len(named) == 1 else "string"


def description_of(name: str, schema: dict[str, Any]) -> str:
    """Give what a setting means, a sentence or several."""
    return _PLAINER.get(name, str(schema["description"]))


def _setting(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    setting: dict[str, Any] = {
        "name": name,
        "label": _label(name),
        "kind": kind_of(schema),
        "description": description_of(name, schema),
    }
    if schema.get("secret"):
        setting["sensitive"] = True
    if "default" in schema:
        setting["value"] = schema["default"]
    if name in _PLACEHOLDERS:
        setting["placeholder"] = _PLACEHOLDERS[name]
    if "enum" in schema:
        setting["options"] = [{"label": _label(one), "value": one} for one in schema["enum"]]
    return setting


def _label(name: str) -> str:
    words = [word.capitalize() for word in name.split("_")]
    return " ".join(_ACRONYMS.get(word, word) for word in words)


def _yaml(document: Any, *, sort_keys: bool) -> str:
    plain = json.loads(json.dumps(document))  # no anchors for what is there twice
    return yaml.safe_dump(plain, sort_keys=sort_keys, allow_unicode=True, width=88)
