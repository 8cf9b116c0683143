"""The settings: one table that says each once, and what reads and checks a configuration.

The JSON schema for the SDK, the documentation, the Hub's definition and the checks are all made of
the fields of :class:`Settings`. :func:`read_settings` makes one of a configuration, or says which
setting is wrong, what it holds (never a secret) and what was expected.
"""

# ruff: noqa: RUF009 - each call in the table gives a dataclasses.field

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from target_linkedin_resumes import setting_kinds as kinds
from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.mapping.config import (
    ByStream,
    FiltersByStream,
    is_of_candidates,
    read_fields,
    read_only,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A configuration that was checked. ``organization`` and ``contract`` are URNs."""

    client_id: str = kinds.text("Client id of the customer's LinkedIn application.", secret=True)
    client_secret: str = kinds.text(
        "Client secret of that application (OAuth 2.0 client credentials).", secret=True
    )
    organization: str = kinds.text(
        "The customer's organization: `urn:li:organization:N` or N. Sent as `integrationContext`.",
        kinds.parse_urn,
    )
    contract: str = kinds.text(
        "The customer's hiring contract: `urn:li:contract:N` or N. Sent as `hiringContext`.",
        kinds.parse_urn,
    )
    api_url: str = kinds.text(
        "LinkedIn's API: https, or http on this machine's loopback.",
        kinds.parse_endpoint,
        default="https://api.linkedin.com",
    )
    token_url: str = kinds.text(
        "LinkedIn's token endpoint: https, or http on this machine's loopback.",
        kinds.parse_endpoint,
        default="https://www.linkedin.com/oauth/v2/accessToken",
    )
    api_version: str | None = kinds.text(
        "Month of the version of LinkedIn's API to call, such as `202604`: sent as"
        " `LinkedIn-Version` to paths below `/rest`. Without it, `/v2` is called, which has no"
        " versions.",
        kinds.parse_version,
        default=None,
    )
    fields: ByStream = kinds.json_value(
        "object",
        "Where each of this target's fields comes from: a name in the tap's record, a dotted path,"
        " a template such as `https://host/{id}`, or a list of these, of which the first that is"
        " not null is used. Under a stream's name, an object for that stream alone.",
        lambda _, value: value,  # read_settings knows the separator that they are read with
        default_factory=dict,
    )
    only: FiltersByStream = kinds.json_value(
        "object",
        'Only records with these values are resumes: `{"type": "resume"}`; a list allows several.'
        " Under a stream's name, an object for that stream alone.",
        lambda _, value: value,
        default_factory=dict,
    )
    file_root: Path = kinds.text(
        "Local files are read only below this directory, also through symbolic links. The default"
        " is the working directory.",
        kinds.parse_directory,
        default_factory=Path.cwd,
    )
    file_sources: tuple[kinds.FileSource, ...] = kinds.json_value(
        "array",
        "Credentials for URLs that start with a prefix, which is trusted even if it is a private"
        ' address: `[{"prefix": "https://crm.example.com/", "headers": {"Authorization": "Bearer'
        ' ..."}}]`. For a token that is renewed, use `oauth` with `token_url`, `client_id`,'
        " `client_secret` and, if needed, `refresh_token` and `scope`. For s3://, gs://, az://,"
        " abfs:// and sftp://, use `storage_options`.",
        kinds.read_file_sources,
        {
            "items": {
                "type": "object",
                "required": ["prefix"],
                "properties": {
                    "prefix": {"type": "string"},
                    "headers": {"type": "object"},
                    "storage_options": {"type": "object"},
                    "oauth": {"type": "object"},
                },
            }
        },
        secret=True,
        default_factory=tuple,
    )
    convert: str = kinds.choice(
        ("reject", "text", "pdf"),
        "DOCX, ODT, RTF and HTML: `reject` them, or convert them to plain `text` or to `pdf`. Both"
        " conversions need the extra `convert`, and `pdf` needs LibreOffice.",
    )
    blob_ttl: Mapping[str, int | str] | None = kinds.json_value(
        "object",
        'LinkedIn removes the file after this time, for example `{"duration": 72, "unit": "HOUR"}`.'
        f" Without it, the file is kept. Units: {', '.join(kinds.BLOB_TTL_UNITS)}.",
        kinds.read_blob_ttl,
        {
            "required": ["duration", "unit"],
            "properties": {
                "duration": {"type": "integer", "minimum": 1},
                "unit": {"type": "string", "enum": list(kinds.BLOB_TTL_UNITS)},
            },
        },
        default=None,
    )
    batch_size_rows: int = kinds.number(100, (1, 100), "Changes in one batch call.")
    batch_max_age_seconds: int = kinds.number(
        60,
        (1, 86_400),
        "A batch that is not full is sent after this many seconds, even if the tap is silent.",
    )
    upload_concurrency: int = kinds.number(
        64,
        (1, 256),
        "The most uploads at a time. The actual number adapts to LinkedIn's answers.",
    )
    records_per_minute: int = kinds.number(
        10_000,
        (1, 1_000_000),
        "The most records in any 60 seconds, including deletions. The default is LinkedIn's limit.",
    )
    requests_per_day: int = kinds.number(
        100_000,
        (1, 100_000_000),
        "The most batch calls in a day, which begins at 00:00 UTC. A run counts only its own calls,"
        " unless it knows earlier runs from `ledger_path`. The default is LinkedIn's limit.",
    )
    on_quota: str = kinds.choice(
        ("stop", "wait"),
        "When the day's quota is spent: `stop` with exit code 75, or `wait` until 00:00 UTC.",
    )
    request_timeout_seconds: int = kinds.number(
        60, (1, 3600), "How long LinkedIn or a file's source may stay silent during a call."
    )
    retry_seconds: int = kinds.number(
        900, (0, 86_400), "How long one change may be retried before the run stops."
    )
    max_line_bytes: int = kinds.number(
        64 * 1024**2,
        (1024**2, 2**40),
        "A longer line in the input or in a BATCH file stops the run.",
    )
    shutdown_grace_seconds: int = kinds.number(
        20, (0, 3600), "How long records in flight may take after SIGTERM or SIGINT."
    )
    on_reject: str = kinds.choice(
        ("fail", "continue"),
        "A record that cannot be delivered as it is: `fail` stops with the state before it,"
        " `continue` keeps it in `rejects_path` and goes on.",
    )
    rejects_path: Path | None = kinds.path(
        "Singer file of the rejects, replayed with `--input`; required by `continue`."
    )
    max_rejects: int | None = kinds.number(None, (0, 10**9), "More rejects than this stop the run.")
    retry_rejects: bool = kinds.flag(
        "With `on_reject=continue`, each run starts with the rejects whose cause may be gone:"
        " deletions each time, missing files and candidates after 15 minutes and then at growing"
        " intervals of up to a week.",
        default=True,
    )
    fail_on_rejects: bool = kinds.flag("Exit with 3 instead of 0 when rejects were written.")
    audit_path: Path | None = kinds.path(
        "JSON lines of each delivery and deletion that LinkedIn confirmed: when, ids as keyed"
        " hashes, LinkedIn's request id. Requires `audit_key`."
    )
    audit_key: str | None = kinds.text(
        "The key of those hashes, at least 32 characters. It must stay the same for the life of the"
        " file. Whoever has the key can find a candidate's lines.",
        kinds.parse_key,
        secret=True,
        default=None,
    )
    audit_retain_days: int | None = kinds.number(
        None,
        (1, 36_500),
        "Older lines of `audit_path` and older records in `rejects_path` are dropped when a run"
        " starts. Without it, they are kept.",
    )
    report_path: Path | None = kinds.path(
        "HTML report of the run, with a JSON file of the same name next to it. Both are written at"
        " the end, also when the run fails."
    )
    ledger_path: Path | None = kinds.path(
        "SQLite file of what LinkedIn holds, one for each customer's pipeline. With it, unchanged"
        " resumes are not sent again, files that were uploaded before a crash are not uploaded"
        " again, and ACTIVATE_VERSION deletes what the tap no longer names."
    )
    resend: str = kinds.choice(
        ("changed", "always"),
        "With `ledger_path`: send only resumes that have `changed`, or `always` send all.",
    )
    max_deletes: kinds.MaxDeletes | None = kinds.text(
        "A run stops before it deletes more resumes than this: a number, or with `ledger_path` a"
        " percentage such as `20%` of the resumes that the ledger held when the run began, which"
        " counts only deletions of those. The run stops at the first deletion marker beyond the"
        " limit. If an ACTIVATE_VERSION would delete too many, it deletes none. Without this"
        " setting, an ACTIVATE_VERSION that comes before its records deletes nothing.",
        kinds.parse_max_deletes,
        default=None,
    )
    replace_rows: bool = kinds.flag(
        "With `ledger_path`: if a row of the tap names another resume id than before, the earlier"
        " resume is deleted. Otherwise it stays, and a warning counts such rows."
    )
    dry_run: bool = kinds.flag(
        "Do everything except writing to LinkedIn: files are fetched and checked, and the summary"
        " says what would be sent. No state is printed."
    )

    def __repr__(self) -> str:
        return f"Settings(organization={self.organization!r}, contract={self.contract!r})"


SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": [
        one.name for one in fields(Settings) if one.default is one.default_factory is MISSING
    ],
    "properties": {one.name: one.metadata["schema"] for one in fields(Settings)},
}


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Check a configuration. Raises :class:`Misconfigured` for the first setting that is wrong."""
    given = {name: value for name, value in config.items() if value is not None and value != ""}
    missing = [name for name in SCHEMA["required"] if name not in given]
    if missing:
        name, *others = missing
        too = f" (as are {', '.join(others)})" if others else ""
        about = SCHEMA["properties"][name]["description"]
        raise Misconfigured(f"setting '{name}': required and missing{too}. {about}")
    values = {
        one.name: one.metadata["read"](one.name, given[one.name])
        for one in fields(Settings)
        if one.name in given
    }
    separator = str(given.get("flattening_separator") or "__")
    values["fields"] = read_fields(given.get("fields"), separator)
    values["only"] = read_only(given.get("only"), separator)
    settings = Settings(**values)
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    """Check what one setting asks of another. Raises :class:`Misconfigured`."""
    if settings.on_reject == "continue" and settings.rejects_path is None:
        raise Misconfigured(
            "setting 'rejects_path': required by on_reject='continue'; expected the path of a file"
            " that keeps the records which cannot be delivered"
        )
    if settings.ledger_path is None and settings.max_deletes and settings.max_deletes.percent:
        raise Misconfigured(
            "setting 'max_deletes': a percentage refers to what the ledger holds; expected"
            " 'ledger_path' beside it, or a number of resumes"
        )
    if settings.ledger_path is None:
        for stream, mapped in settings.fields.items():
            if is_of_candidates(mapped):
                raise Misconfigured(
                    f"setting 'ledger_path': required by fields.{stream}.resume_id = '*': only the"
                    " ledger knows which resumes a candidate has; expected the path of a file"
                )
    if settings.audit_path is not None and settings.audit_key is None:
        raise Misconfigured(f"setting 'audit_key': required by audit_path; {kinds.EXPECTED_KEY}")
    # Each of two settings that name one file would take the other's lines for its own.
    seen: dict[Path, str] = {}
    for name in ("rejects_path", "audit_path", "ledger_path"):
        path = getattr(settings, name)
        other = name if path is None else seen.setdefault(path.resolve(), name)
        if other != name:
            raise Misconfigured(f"setting '{name}': expected another file than that of '{other}'")
    if settings.report_path is not None:
        _check_report_path(settings.report_path, {settings.file_root: "file_root", **seen})


def _check_report_path(path: Path, others: Mapping[Path, str]) -> None:
    beside = path.with_suffix(".json")
    if beside == path:
        raise kinds.wrong(
            "report_path", str(path), "a name that ends with .html; JSON goes beside it"
        )
    for other, name in others.items():
        if other in (path.resolve(), Path(os.path.realpath(beside))):
            raise kinds.wrong("report_path", str(path), f"another file than that of '{name}'")


def unknown_settings(config: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """Say of each key of a configuration that is no setting what it may have been meant to be.

    The key itself may be a secret that stands in the wrong place.
    """
    messages = []
    for number, name in enumerate(config, 1):
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            messages.append(f"setting number {number}: its name is unknown, so it is ignored{hint}")
    return messages


def secrets_of(config: Mapping[str, Any]) -> list[str]:
    """The secrets in a configuration, to be kept out of every log line."""
    found: list[str] = []
    for name, schema in SCHEMA["properties"].items():
        if schema.get("secret"):
            _add_texts(kinds.from_json(config.get(name)), found)
    return found


def _add_texts(value: Any, found: list[str]) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in ("prefix", "token_url", "scope"):
                _add_texts(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _add_texts(inner, found)
    elif isinstance(value, str):
        found.append(value)
