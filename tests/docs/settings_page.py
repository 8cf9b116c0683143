"""docs/settings.md, made from the settings' schema."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from target_linkedin_resumes.settings import SCHEMA
from target_linkedin_resumes.target import TargetLinkedInResumes
from tests.docs.documents import ROOT
from tests.docs.plugin import description_of, kind_of, target_settings

HEAD = """\
# Settings

<!-- Made from target_linkedin_resumes/settings.py by `make generated`: edit there. -->

Set the settings in a JSON file (`--config config.json`), in environment variables (`--config ENV`),
in both (use the option twice), or in Meltano. In a variable, write objects and lists as JSON text.
Numbers are whole numbers. An empty value counts as not set.

A wrong value ends the run with exit code 2 before anything is read. The message names the setting,
its value (unless it is a secret) and what was expected. An unknown setting is ignored with a
warning.

Proxies and certificates come from the usual variables: `HTTPS_PROXY`, `NO_PROXY`,
`REQUESTS_CA_BUNDLE`, `SSL_CERT_FILE`.

## What most configurations need

Four settings are required: `client_id`, `client_secret`, `organization` and `contract`. Most
configurations also use some of these:

- `fields` says where each field comes from, and `only` says which records are resumes: see
  [field mapping](field-mapping.md).
- `file_root` is the only directory below which files are read.
- `file_sources` holds credentials for files that are not public, and lists trusted private
  addresses.
- `convert` turns DOCX, ODT, RTF and HTML, which LinkedIn does not accept, into
  [text or PDF](convert.md).
- `on_reject` and `rejects_path` say whether a record that cannot be delivered stops the run or is
  kept in a file.
- `ledger_path` names a file that remembers what LinkedIn holds. With it, unchanged resumes are not
  sent again, and ACTIVATE_VERSION deletes what the tap no longer names, up to `max_deletes`.
- `report_path` names a page that says what the run did and what to do next, with a JSON file.
- `dry_run` does everything except writing to LinkedIn.

## All settings
"""
SDK = """\
## Settings of the SDK

The Singer SDK defines these settings. Flattening and stream maps are applied before `fields` and
`only`.
"""
# Where there is more to be said.
PAGES = {
    "audit": "audit.md",
    "convert": "convert.md",
    "fields": "field-mapping.md",
    "file": "record.md",
    "ledger": "ledger.md",
    "max_deletes": "ledger.md",
    "only": "field-mapping.md",
    "rejects": "rejects.md",
    "on_reject": "rejects.md",
    "report": "report.md",
    "resend": "ledger.md",
}


def settings_page() -> str:
    """Give the page."""
    settings = target_settings()
    own = {name: schema for name, schema in settings.items() if name in SCHEMA["properties"]}
    others = {name: schema for name, schema in settings.items() if name not in own}
    parts = [HEAD, _table(own), *(_section(*item) for item in own.items())]
    parts += [SDK, *(_section(*item) for item in others.items())]
    return "\n".join(parts)


def _table(settings: dict[str, dict[str, Any]]) -> str:
    rows = [f"| [`{name}`](#{name}) | {default_of(name)} |" for name in settings]
    return "\n".join(["| setting | default |", "|---|---|", *rows, ""])


def _section(name: str, schema: dict[str, Any]) -> str:
    default = default_of(name)
    facts = [_values(schema), default if default == "required" else f"default: {default}"]
    if schema.get("secret"):
        facts.append("secret")
    facts.append(f"`{TargetLinkedInResumes._env_var_prefix}{name.upper()}`")
    text = textwrap.fill(
        description_of(name, schema), 100, break_long_words=False, break_on_hyphens=False
    )
    more = _more(name)
    return f"### `{name}`\n\n{' · '.join(facts)}\n\n{text}\n{more}"


def default_of(name: str) -> str:
    """Give a setting's default as the page shows it."""
    schema = target_settings()[name]
    if name in SCHEMA["required"]:
        return "required"
    if "default" not in schema:
        return "none"
    value = schema["default"]
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _values(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    kind = kind_of(schema)
    if "minimum" in schema:
        return f"{kind}, {schema['minimum']:,} to {schema['maximum']:,}"
    return kind


def _more(name: str) -> str:
    for beginning, page in PAGES.items():
        if name.startswith(beginning):
            assert (ROOT / "docs" / page).exists(), page
            return f"More: [{page}]({page}).\n"
    return ""
