"""The settings: one table that says each once, and what reads and checks a configuration.

The JSON schema for the SDK, the documentation, the Hub's definition and the checks are all made of
the fields of :class:`Settings`. :func:`read_settings` makes one of a configuration, or says which
setting is wrong, what it holds (never a secret) and what was expected.
"""

# ruff: noqa: RUF009 - each call in the table gives a dataclasses.field

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.http.oauth import OAuth
from target_linkedin_resumes.http.urls import Origin
from target_linkedin_resumes.mapping.config import (
    ByStream,
    FiltersByStream,
    is_of_candidates,
    read_fields,
    read_only,
)

# Half the digits of a SHA-256: a key that is guessed gives away every id that can be guessed.
SHORTEST_KEY = 32
BLOB_TTL_UNITS = ("MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR")


@dataclass(frozen=True, slots=True)
class SourceSetting:
    """One entry of `file_sources`; headers, options and `oauth` hold credentials."""

    prefix: str
    headers: Mapping[str, str] = field(repr=False)
    storage_options: Mapping[str, Any] = field(repr=False)
    oauth: OAuth | None = None


@dataclass(frozen=True, slots=True)
class MaxDeletes:
    """The setting `max_deletes`: a number of resumes, or percent of those that are held."""

    number: int
    percent: bool


# What reads the value of one setting. Called with the setting's name and a value that is not None;
# raises Misconfigured.


def read_text(name: str, value: Any) -> str:
    """Read a text; YAML has URNs and ids as bare numbers. Raises :class:`Misconfigured`."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.strip():
        raise _wrong(name, value, "a text that is not empty")
    return text.strip()


def read_number(name: str, value: Any, lowest: int, highest: int) -> int:
    """Read a whole number within bounds, also as text. Raises :class:`Misconfigured`."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,12}\s*", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise _wrong(name, value, f"a whole number from {lowest} to {highest}")
    return value


def _read_choice(name: str, value: Any, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise _wrong(name, value, " or ".join(f"'{choice}'" for choice in choices))
    return str(value)


def read_flag(name: str, value: Any) -> bool:
    """Read true or false, also as text. Raises :class:`Misconfigured`."""
    word = value.strip().lower() if isinstance(value, str) else value
    if word in (True, "true", "1", "yes", "on") and not isinstance(word, float):
        return True
    if word in (False, "false", "0", "no", "off", ""):
        return False
    raise _wrong(name, value, "true or false")


def _read_file_sources(name: str, value: Any) -> tuple[SourceSetting, ...]:
    """Check the shape of `file_sources`. Values are never repeated: they hold credentials."""
    entries = from_json(value)
    if not isinstance(entries, list):
        raise Misconfigured(f"setting '{name}': expected a list of objects with a 'prefix'")
    sources = []
    for number, entry in enumerate(entries):
        where = f"setting '{name}[{number}]'"
        known = {"prefix", "headers", "storage_options", "oauth"}
        if not isinstance(entry, Mapping) or not set(entry) <= known:
            raise Misconfigured(f"{where}: expected an object with {', '.join(sorted(known))}")
        prefix, headers = entry.get("prefix"), entry.get("headers") or {}
        options = entry.get("storage_options") or {}
        if not isinstance(prefix, str) or not prefix:
            raise Misconfigured(f"{where}.prefix: expected the beginning of a URL")
        if not isinstance(headers, Mapping) or not all(
            isinstance(text, str) for pair in headers.items() for text in pair
        ):
            raise Misconfigured(f"{where}.headers: expected an object of texts")
        if not isinstance(options, Mapping):
            raise Misconfigured(f"{where}.storage_options: expected an object")
        oauth = _read_oauth(f"{name}[{number}].oauth", entry.get("oauth"))
        sources.append(SourceSetting(prefix, headers, options, oauth))
    return tuple(sources)


def _read_oauth(name: str, value: Any) -> OAuth | None:
    if value is None:
        return None
    required, optional = {"token_url", "client_id", "client_secret"}, {"refresh_token", "scope"}
    names = set(value) if isinstance(value, Mapping) else set()
    if not required <= names <= required | optional or not all(
        isinstance(text, str) and text.strip() for text in value.values()
    ):
        raise Misconfigured(
            f"setting '{name}': expected an object of texts: {', '.join(sorted(required))}, and"
            f" {', '.join(sorted(optional))} if the source asks for them"
        )
    try:
        url = _parse_endpoint("file_sources", value["token_url"].strip())
    except Misconfigured:
        raise Misconfigured(
            f"setting '{name}.token_url': expected an https URL without user, query or fragment"
            " (http on a loopback address only)"
        ) from None
    return OAuth(**{name: text.strip() for name, text in value.items()} | {"token_url": url})


def _read_blob_ttl(name: str, value: Any) -> Mapping[str, int | str] | None:
    value = from_json(value)
    if value is None:
        return None
    expected = '{"duration": N, "unit": one of ' + ", ".join(BLOB_TTL_UNITS) + "}"
    if not isinstance(value, Mapping) or set(value) != {"duration", "unit"}:
        raise _wrong(name, value, expected)
    duration, unit = value["duration"], value["unit"]
    whole = isinstance(duration, int) and not isinstance(duration, bool)
    if not whole or duration < 1 or unit not in BLOB_TTL_UNITS:
        raise _wrong(name, value, expected)
    return {"duration": duration, "unit": unit}


def from_json(value: Any) -> Any:
    """Environment variables and Meltano may hand over an object or a list as its JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


# What parses a text further, in the same way.


def _parse_urn(name: str, text: str) -> str:
    match = re.fullmatch(rf"(?:urn:li:{name}:)?([0-9]{{1,30}})", text)
    if match is None:
        raise _wrong(name, text, f"`urn:li:{name}:N` or the bare number N")
    return f"urn:li:{name}:{match[1]}"


def _parse_endpoint(name: str, text: str) -> str:
    expected = "an https URL without user, query or fragment (http on a loopback address only)"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise _wrong(name, text, expected, shown="this text") from None
    host = parts.hostname or ""
    here = Origin(parts.scheme, host, 0).is_loopback
    secure = parts.scheme == "https" or (parts.scheme == "http" and here)
    if "@" in parts.netloc:  # the value holds a password: it is not repeated
        raise Misconfigured(f"setting '{name}': expected {expected}")
    if not secure or not host or parts.query or parts.fragment or not text.isascii():
        # In the log, a path would be masked.
        begins = f"a URL that begins with '{parts.scheme}://{parts.netloc}'"
        raise _wrong(name, text, expected, shown=begins if host else "this text")
    return text.rstrip("/")


def _parse_version(name: str, text: str) -> str:
    if re.fullmatch(r"20[0-9]{2}(0[1-9]|1[0-2])", text) is None:
        raise _wrong(name, text, "a year and a month as LinkedIn writes them, such as '202604'")
    return text


def _parse_max_deletes(name: str, text: str) -> MaxDeletes:
    match = re.fullmatch(r"([0-9]{1,9})\s*(%?)", text)
    if match is None or (match[2] and int(match[1]) > 100):
        raise _wrong(name, text, "a whole number, or a percentage from '0%' to '100%'")
    return MaxDeletes(int(match[1]), bool(match[2]))


def _parse_directory(name: str, text: str) -> Path:
    try:
        path = Path(text).expanduser().resolve()
        usable = path.is_dir()
    except (OSError, RuntimeError, ValueError):  # links in a circle, no such user's home, NUL
        usable = False
    if not usable:
        raise _wrong(name, text, "a directory that exists")
    return path


def _parse_path(name: str, text: str) -> Path:
    try:
        path = Path(text).expanduser().absolute()
        usable = path.parent.is_dir() and not path.is_dir()
        path.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, no such user's home, NUL
        usable = False
    if not usable:
        raise _wrong(name, text, "the path of a file in a directory that exists")
    return path


def _parse_key(name: str, text: str) -> str:
    if len(text) < SHORTEST_KEY:
        raise Misconfigured(f"setting '{name}': too short to keep ids secret; {_EXPECTED_KEY}")
    return text


_EXPECTED_KEY = f"expected a secret of {SHORTEST_KEY} characters or more, made by chance"


def _wrong(name: str, value: Any, expected: str, *, shown: str = "") -> Misconfigured:
    """Name a setting, its value or what is ``shown`` of it, and what was expected."""
    if SCHEMA["properties"].get(name, {}).get("secret"):
        return Misconfigured(f"setting '{name}': expected {expected}")
    return Misconfigured(
        f"setting '{name}': {shown or repr(value)} is not valid; expected {expected}"
    )


# What defines one field of the table: how its value is read, its JSON schema, its default. Without
# a default it is required.


def _setting(
    read: Callable[[str, Any], Any], schema: dict[str, Any], *, secret: bool = False, **default: Any
) -> Any:
    if default.get("default") is not None:
        schema["default"] = default["default"]
    if secret:
        schema |= {"secret": True, "writeOnly": True}
    return field(metadata={"read": read, "schema": schema}, **default)


def _text(about: str, parse: Callable[[str, str], Any] | None = None, **more: Any) -> Any:
    def read(name: str, value: Any) -> Any:
        text = read_text(name, value)
        return text if parse is None else parse(name, text)

    return _setting(read, {"type": "string", "description": about}, **more)


def _path(about: str) -> Any:
    return _text(about, _parse_path, default=None)


def _json(
    kind: str,
    about: str,
    read: Callable[[str, Any], Any],
    shape: Mapping[str, Any] | None = None,
    **more: Any,
) -> Any:
    return _setting(read, {"type": kind, "description": about, **(shape or {})}, **more)


def _number(default: int | None, bounds: tuple[int, int], about: str) -> Any:
    lowest, highest = bounds
    read = partial(read_number, lowest=lowest, highest=highest)
    schema = {"type": "integer", "minimum": lowest, "maximum": highest, "description": about}
    return _setting(read, schema, default=default)


def _choice(choices: tuple[str, ...], about: str) -> Any:
    """Define a choice; the first is the default."""
    read, default = partial(_read_choice, choices=choices), choices[0]
    schema = {"type": "string", "enum": list(choices), "default": default, "description": about}
    return _setting(read, schema, default=default)


def _flag(about: str, *, default: bool = False) -> Any:
    schema = {"type": "boolean", "default": default, "description": about}
    return _setting(read_flag, schema, default=default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A configuration that was checked. ``organization`` and ``contract`` are URNs."""

    client_id: str = _text("Client id of the customer's LinkedIn application.", secret=True)
    client_secret: str = _text(
        "Client secret of that application (OAuth 2.0 client credentials).", secret=True
    )
    organization: str = _text(
        "The customer's organization: `urn:li:organization:N` or N. Sent as `integrationContext`.",
        _parse_urn,
    )
    contract: str = _text(
        "The customer's hiring contract: `urn:li:contract:N` or N. Sent as `hiringContext`.",
        _parse_urn,
    )
    api_url: str = _text(
        "LinkedIn's API: https, or http on this machine's loopback.",
        _parse_endpoint,
        default="https://api.linkedin.com",
    )
    token_url: str = _text(
        "LinkedIn's token endpoint: https, or http on this machine's loopback.",
        _parse_endpoint,
        default="https://www.linkedin.com/oauth/v2/accessToken",
    )
    api_version: str | None = _text(
        "Month of the version of LinkedIn's API to call, such as `202604`: sent as"
        " `LinkedIn-Version` to paths below `/rest`. Without it, `/v2` is called, which has no"
        " versions.",
        _parse_version,
        default=None,
    )
    fields: ByStream = _json(
        "object",
        "Which field of the tap's records serves for which of this target's: a name, a dotted path,"
        " a template such as `https://host/{id}`, or a list of which the first that is not null"
        " serves. Under a stream's name, an object for that stream alone.",
        lambda _, value: value,  # read_settings knows the separator that they are read with
        default_factory=dict,
    )
    only: FiltersByStream = _json(
        "object",
        'Only records with these values are resumes: `{"type": "resume"}`; a list allows several.'
        " Under a stream's name, an object for that stream alone.",
        lambda _, value: value,
        default_factory=dict,
    )
    file_root: Path = _text(
        "Local files are read below this directory and nowhere else, symbolic links included;"
        " the working directory unless given.",
        _parse_directory,
        default_factory=Path.cwd,
    )
    file_sources: tuple[SourceSetting, ...] = _json(
        "array",
        "Credentials for what starts with a prefix, and trust in it also where it is a private"
        ' address: `[{"prefix": "https://crm.example.com/", "headers": {"Authorization": "Bearer'
        ' ..."}}]`; `oauth` with `token_url`, `client_id`, `client_secret` and, if need be,'
        " `refresh_token` and `scope` for a token that is renewed; `storage_options` instead for"
        " s3://, gs://, az://, abfs:// and sftp://.",
        _read_file_sources,
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
    convert: str = _choice(
        ("reject", "text", "pdf"),
        "DOCX, ODT, RTF and HTML: `reject` them, or make plain `text` or a `pdf` of them. Both"
        " need the extra `convert`, and `pdf` needs LibreOffice.",
    )
    blob_ttl: Mapping[str, int | str] | None = _json(
        "object",
        'LinkedIn removes the file after this time, e.g. `{"duration": 72, "unit": "HOUR"}`; kept'
        f" unless given. Units: {', '.join(BLOB_TTL_UNITS)}.",
        _read_blob_ttl,
        {
            "required": ["duration", "unit"],
            "properties": {
                "duration": {"type": "integer", "minimum": 1},
                "unit": {"type": "string", "enum": list(BLOB_TTL_UNITS)},
            },
        },
        default=None,
    )
    batch_size_rows: int = _number(100, (1, 100), "Changes in one batch call.")
    batch_max_age_seconds: int = _number(
        60,
        (1, 86_400),
        "A batch that is not full goes out after this many seconds, also while the tap is silent.",
    )
    upload_concurrency: int = _number(
        64,
        (1, 256),
        "The most uploads at a time; how many there really are adapts to LinkedIn's answers.",
    )
    records_per_minute: int = _number(
        10_000,
        (1, 1_000_000),
        "Never more records than this in any 60 seconds; deletions count. LinkedIn's limit"
        " unless given.",
    )
    requests_per_day: int = _number(
        100_000,
        (1, 100_000_000),
        "No more batch calls than this in a day, which begins at 00:00 UTC; each run counts for"
        " itself, unless `ledger_path` has it know the earlier ones. LinkedIn's limit unless"
        " given.",
    )
    on_quota: str = _choice(
        ("stop", "wait"),
        "When the day's quota is spent: `stop` with exit code 75, or `wait` until 00:00 UTC.",
    )
    request_timeout_seconds: int = _number(
        60, (1, 3600), "How long LinkedIn or a file's source may stay silent during a call."
    )
    retry_seconds: int = _number(
        900, (0, 86_400), "How long one change may be retried before the run stops."
    )
    max_line_bytes: int = _number(
        64 * 1024**2,
        (1024**2, 2**40),
        "A line of the input or of a BATCH file that is longer stops the run.",
    )
    shutdown_grace_seconds: int = _number(
        20, (0, 3600), "What is in flight gets this long after SIGTERM or SIGINT."
    )
    on_reject: str = _choice(
        ("fail", "continue"),
        "A record that cannot be delivered as it is: `fail` stops with the state before it,"
        " `continue` keeps it in `rejects_path` and goes on.",
    )
    rejects_path: Path | None = _path(
        "Singer file of the rejects, replayed with `--input`; required by `continue`."
    )
    max_rejects: int | None = _number(None, (0, 10**9), "More rejects than this many stop the run.")
    retry_rejects: bool = _flag(
        "With `on_reject=continue`: what may have healed is tried again when a run starts:"
        " deletions each time, files and candidates that were not there after 15 minutes and then"
        " ever later, up to a week.",
        default=True,
    )
    fail_on_rejects: bool = _flag("Exit with 3 instead of 0 when rejects were written.")
    audit_path: Path | None = _path(
        "JSON lines of each delivery and deletion that LinkedIn confirmed: when, ids as keyed"
        " hashes, LinkedIn's request id. Wants `audit_key`."
    )
    audit_key: str | None = _text(
        "The key of those hashes, 32 characters or more; one and the same for the life of the"
        " file. Whoever has it finds a candidate's lines again.",
        _parse_key,
        secret=True,
        default=None,
    )
    audit_retain_days: int | None = _number(
        None,
        (1, 36_500),
        "Lines of `audit_path` and records in `rejects_path` that are older are dropped when a"
        " run starts; kept unless given.",
    )
    report_path: Path | None = _path(
        "HTML report of the run, with a JSON file of the same name beside it; written at the"
        " end, also when the run fails."
    )
    ledger_path: Path | None = _path(
        "SQLite file of what LinkedIn holds, one for each customer's pipeline: unchanged"
        " resumes are not sent again, what a crash left half-done is not uploaded again, and"
        " ACTIVATE_VERSION deletes what the tap no longer names."
    )
    resend: str = _choice(
        ("changed", "always"),
        "With `ledger_path`: send the resumes that have `changed`, or `always` all.",
    )
    max_deletes: MaxDeletes | None = _text(
        "A run stops before it deletes more resumes than this: a number, or with `ledger_path`"
        " a share such as `20%` of the resumes that the ledger held when the run began; a share"
        " counts only the deletions of those. Of deletion markers the one past the limit stops"
        " the run, of ACTIVATE_VERSION the first one where all would be too many. An"
        " ACTIVATE_VERSION that comes before its records deletes nothing without this setting.",
        _parse_max_deletes,
        default=None,
    )
    replace_rows: bool = _flag(
        "With `ledger_path`: a row of the tap that names another resume id than before has the"
        " earlier resume deleted. Unless set, it stays, and a warning counts such rows."
    )
    dry_run: bool = _flag(
        "Everything but the writes to LinkedIn: files are fetched and checked, and the summary"
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
            "setting 'max_deletes': a percentage is one of what the ledger holds; expected"
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
        raise Misconfigured(f"setting 'audit_key': required by audit_path; {_EXPECTED_KEY}")
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
        raise _wrong("report_path", str(path), "a name that ends with .html; JSON goes beside it")
    for other, name in others.items():
        if other in (path.resolve(), Path(os.path.realpath(beside))):
            raise _wrong("report_path", str(path), f"another file than that of '{name}'")


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
            _add_texts(from_json(config.get(name)), found)
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
