"""The typed, checked view of the configuration.

:func:`read_settings` turns a configuration into :class:`Settings` or says which setting is wrong,
what it holds (never a secret) and what was expected.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.mapping.config import (
    ByStream,
    FiltersByStream,
    read_fields,
    read_only,
)
from target_linkedin_resumes.schema import BLOB_TTL_UNITS, SCHEMA

__all__ = ["SCHEMA", "Settings", "read_settings"]

# Half the digits of a SHA-256: a key that is guessed gives away every id that can be guessed.
SHORTEST_KEY = 32


@dataclass(frozen=True, slots=True)
class SourceSetting:
    """One entry of `file_sources`; headers and options hold credentials."""

    prefix: str
    headers: Mapping[str, str] = field(repr=False)
    storage_options: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class MaxDeletes:
    """The setting `max_deletes`: a number of resumes, or percent of those that are held."""

    number: int
    percent: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """A configuration that was checked. ``organization`` and ``contract`` are URNs."""

    client_id: str
    client_secret: str
    organization: str
    contract: str
    api_url: str
    token_url: str
    fields: ByStream
    only: FiltersByStream
    file_root: Path
    file_sources: tuple[SourceSetting, ...]
    convert: str
    blob_ttl: Mapping[str, int | str] | None
    batch_size_rows: int
    batch_max_age_seconds: int
    upload_concurrency: int
    records_per_minute: int
    requests_per_day: int
    on_quota: str
    request_timeout_seconds: int
    retry_seconds: int
    shutdown_grace_seconds: int
    on_reject: str
    rejects_path: Path | None
    max_rejects: int | None
    fail_on_rejects: bool
    ledger_path: Path | None
    resend: str
    max_deletes: MaxDeletes | None
    audit_path: Path | None
    audit_key: str | None
    audit_retain_days: int | None
    report_path: Path | None
    dry_run: bool

    def __repr__(self) -> str:
        return f"Settings(organization={self.organization!r}, contract={self.contract!r})"


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Check a configuration. Raises :class:`Misconfigured` for the first setting that is wrong."""
    given = {name: value for name, value in config.items() if value is not None}
    missing = [name for name in SCHEMA["required"] if given.get(name) in (None, "")]
    if missing:
        name, *others = missing
        too = f" (as are {', '.join(others)})" if others else ""
        raise Misconfigured(f"setting '{name}': required and missing{too}. {_description(name)}")
    values = {name: _checked(name, given.get(name)) for name in SCHEMA["properties"]}
    values["organization"] = _urn("organization", values["organization"])
    values["contract"] = _urn("contract", values["contract"])
    for name in ("api_url", "token_url"):
        values[name] = _endpoint(name, values[name])
    separator = str(given.get("flattening_separator") or "__")
    values["fields"] = read_fields(values["fields"], separator)
    values["only"] = read_only(values["only"], separator)
    values["file_root"] = _directory("file_root", values["file_root"])
    values["file_sources"] = _file_sources(values["file_sources"])
    values["blob_ttl"] = _blob_ttl(values["blob_ttl"])
    values["rejects_path"] = _file("rejects_path", values["rejects_path"])
    if values["on_reject"] == "continue" and values["rejects_path"] is None:
        raise Misconfigured(
            "setting 'rejects_path': required by on_reject='continue'; expected the path of a file"
            " that keeps the records which cannot be delivered"
        )
    values["ledger_path"] = _file("ledger_path", values["ledger_path"])
    values["max_deletes"] = _max_deletes(values["max_deletes"])
    if values["ledger_path"] is None and values["max_deletes"] and values["max_deletes"].percent:
        raise Misconfigured(
            "setting 'max_deletes': a percentage is one of what the ledger holds; expected"
            " 'ledger_path' beside it, or a number of resumes"
        )
    values["audit_path"] = _file("audit_path", values["audit_path"])
    _check_audit_key(values["audit_key"], wanted=values["audit_path"] is not None)
    _check_apart(values, "rejects_path", "audit_path", "ledger_path")
    values["report_path"] = _report_path(values)
    return Settings(**values)


def unknown_settings(config: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """Say of each key of a configuration that is no setting what it may have been meant to be."""
    messages = []
    for name in config:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            messages.append(f"setting '{name}': unknown and ignored{hint}")
    return messages


def check_environment(environ: Mapping[str, str], prefix: str, schema: Mapping[str, Any]) -> None:
    """Check what the SDK will convert. Raises :class:`Misconfigured` and names the variable."""
    for name, about in schema["properties"].items():
        variable = prefix + name.upper()
        value = environ.get(variable)
        if value is None:
            continue
        kinds = about["type"] if isinstance(about["type"], list) else [about["type"]]
        if "integer" in kinds and not re.fullmatch(r"\s*[+-]?[0-9]+\s*", value):
            raise Misconfigured(f"environment variable {variable}: expected a whole number")
        if {"object", "array"} & set(kinds) and "string" not in kinds:
            try:
                json.loads(value)
            except ValueError:
                raise Misconfigured(f"environment variable {variable}: expected JSON") from None


def check_flattening(config: Mapping[str, Any]) -> None:
    """Check what the SDK would end the run for with another code. Raises Misconfigured."""
    if config.get("flattening_enabled") and config.get("flattening_max_depth") is None:
        raise Misconfigured(
            "setting 'flattening_max_depth': required by flattening_enabled; expected how many"
            " levels of objects are made flat, such as 2"
        )


def secrets_of(config: Mapping[str, Any]) -> list[str]:
    """The secrets in a configuration, to be kept out of every log line."""
    found: list[str] = []
    for name, schema in SCHEMA["properties"].items():
        if schema.get("secret"):
            _texts_in(_from_json(config.get(name)), found)
    return found


def _texts_in(value: Any, found: list[str]) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name != "prefix":
                _texts_in(inner, found)
    elif isinstance(value, list):
        for inner in value:
            _texts_in(inner, found)
    elif isinstance(value, str):
        found.append(value)


def _checked(name: str, value: Any) -> Any:
    schema = SCHEMA["properties"][name]
    if value is None:
        return schema.get("default")
    if schema["type"] == "integer":
        return _whole_number(name, value, schema)
    if schema["type"] == "boolean":
        return _true_or_false(name, value)
    if "enum" in schema:
        if value not in schema["enum"]:
            raise _wrong(name, value, " or ".join(f"'{choice}'" for choice in schema["enum"]))
        return value
    if schema["type"] == "string":
        # A bare number is what an operator writes for a URN or an id in YAML.
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not text.strip():
            raise _wrong(name, value, "a text that is not empty")
        return text.strip()
    return value


def _whole_number(name: str, value: Any, schema: Mapping[str, Any]) -> int:
    lowest, highest = schema["minimum"], schema["maximum"]
    expected = f"a whole number from {lowest} to {highest}"
    # Environment variables are texts.
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,12}\s*", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise _wrong(name, value, expected)
    return value


def _true_or_false(name: str, value: Any) -> bool:
    word = value.strip().lower() if isinstance(value, str) else value
    if word in (True, "true", "1", "yes", "on") and not isinstance(word, float):
        return True
    if word in (False, "false", "0", "no", "off", ""):
        return False
    raise _wrong(name, value, "true or false")


def _urn(name: str, value: str) -> str:
    match = re.fullmatch(rf"(?:urn:li:{name}:)?([0-9]{{1,30}})", value)
    if match is None:
        raise _wrong(name, value, f"`urn:li:{name}:N` or the bare number N")
    return f"urn:li:{name}:{match[1]}"


def _endpoint(name: str, value: str) -> str:
    expected = "an https URL without user, query or fragment (http on a loopback address only)"
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise _no_endpoint(name, "this text", expected) from None
    host = parts.hostname or ""
    secure = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    if "@" in parts.netloc:  # the value holds a password: it is not repeated
        raise Misconfigured(f"setting '{name}': expected {expected}")
    if not secure or not host or parts.query or parts.fragment or not value.isascii():
        # In the log, a path would be masked.
        begins = f"a URL that begins with '{parts.scheme}://{parts.netloc}'"
        raise _no_endpoint(name, begins if host else "this text", expected)
    return value.rstrip("/")


def _no_endpoint(name: str, what: str, expected: str) -> Misconfigured:
    return Misconfigured(f"setting '{name}': {what} is not valid; expected {expected}")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _max_deletes(value: str | None) -> MaxDeletes | None:
    if value is None:
        return None
    match = re.fullmatch(r"([0-9]{1,9})\s*(%?)", value)
    if match is None or (match[2] and int(match[1]) > 100):
        raise _wrong("max_deletes", value, "a whole number, or a percentage from '0%' to '100%'")
    return MaxDeletes(int(match[1]), bool(match[2]))


def _directory(name: str, value: str | None) -> Path:
    path = Path(value).expanduser() if value else Path.cwd()
    if not path.is_dir():
        raise _wrong(name, value, "a directory that exists")
    return path.resolve()


def _file(name: str, value: str | None) -> Path | None:
    if value is None:
        return None
    path = Path(value).expanduser()
    if path.is_dir() or not path.parent.is_dir():
        raise _wrong(name, value, "the path of a file in a directory that exists")
    return path.absolute()


def _check_audit_key(key: str | None, *, wanted: bool) -> None:
    expected = f"expected a secret of {SHORTEST_KEY} characters or more, made by chance"
    if key is None and wanted:
        raise Misconfigured(f"setting 'audit_key': required by audit_path; {expected}")
    if key is not None and len(key) < SHORTEST_KEY:
        raise Misconfigured(f"setting 'audit_key': too short to keep ids secret; {expected}")


def _check_apart(values: Mapping[str, Any], *names: str) -> None:
    """Two settings must not name one file: each would take the other's lines for its own."""
    seen: dict[Path, str] = {}
    for name in names:
        path = values[name]
        if path is None:
            continue
        other = seen.setdefault(path.resolve(), name)
        if other != name:
            raise Misconfigured(f"setting '{name}': expected another file than that of '{other}'")


def _report_path(values: Mapping[str, Any]) -> Path | None:
    path = _file("report_path", values["report_path"])
    if path is None:
        return None
    beside = path.with_suffix(".json")
    if beside == path:
        raise _wrong("report_path", str(path), "a name that ends with .html; JSON goes beside it")
    for name, other in values.items():
        if isinstance(other, Path) and other.resolve() in (path.resolve(), beside.resolve()):
            raise _wrong("report_path", str(path), f"another file than that of '{name}'")
    return path


def _file_sources(value: Any) -> tuple[SourceSetting, ...]:
    """Check the shape of `file_sources`. Values are never repeated: they hold credentials."""
    entries = _from_json(value) if value is not None else []
    if not isinstance(entries, list):
        raise Misconfigured("setting 'file_sources': expected a list of objects with a 'prefix'")
    sources = []
    for number, entry in enumerate(entries):
        where = f"setting 'file_sources[{number}]'"
        known = {"prefix", "headers", "storage_options"}
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
        sources.append(SourceSetting(prefix, headers, options))
    return tuple(sources)


def _from_json(value: Any) -> Any:
    """Environment variables and Meltano may hand over an object or a list as its JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _blob_ttl(value: Any) -> Mapping[str, int | str] | None:
    value = _from_json(value)
    if value is None:
        return None
    expected = '{"duration": N, "unit": one of ' + ", ".join(BLOB_TTL_UNITS) + "}"
    if not isinstance(value, Mapping) or set(value) != {"duration", "unit"}:
        raise _wrong("blob_ttl", value, expected)
    duration, unit = value["duration"], value["unit"]
    whole = isinstance(duration, int) and not isinstance(duration, bool)
    if not whole or duration < 1 or unit not in BLOB_TTL_UNITS:
        raise _wrong("blob_ttl", value, expected)
    return {"duration": duration, "unit": unit}


def _wrong(name: str, value: Any, expected: str) -> Misconfigured:
    if SCHEMA["properties"][name].get("secret"):
        return Misconfigured(f"setting '{name}': expected {expected}")
    return Misconfigured(f"setting '{name}': {value!r} is not valid; expected {expected}")


def _description(name: str) -> str:
    return str(SCHEMA["properties"][name]["description"])
