"""The typed, checked view of the configuration.

Each setting stands once, in :data:`SCHEMA`; :func:`read_settings` turns a configuration into
:class:`Settings` or says which setting is wrong, what it holds (never a secret) and what was
expected.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from target_linkedin_resumes.failures import Misconfigured

BLOB_TTL_UNITS = ("MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR")


def _string(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _integer(default: int | None, lowest: int, highest: int, description: str) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "integer",
        "minimum": lowest,
        "maximum": highest,
        "description": description,
    }
    return schema if default is None else {**schema, "default": default}


def _choice(default: str, choices: tuple[str, ...], description: str) -> dict[str, Any]:
    return {
        "type": "string",
        "enum": list(choices),
        "default": default,
        "description": description,
    }


def _flag(description: str) -> dict[str, Any]:
    return {"type": "boolean", "default": False, "description": description}


_SECRET = {"secret": True, "writeOnly": True}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["client_id", "client_secret", "organization", "contract"],
    "properties": {
        "client_id": _string("Client id of the customer's LinkedIn application.", **_SECRET),
        "client_secret": _string(
            "Client secret of that application (OAuth 2.0 client credentials).", **_SECRET
        ),
        "organization": _string(
            "The customer's organization: `urn:li:organization:N` or N. Sent as"
            " `integrationContext`."
        ),
        "contract": _string(
            "The customer's hiring contract: `urn:li:contract:N` or N. Sent as `hiringContext`."
        ),
        "api_url": _string("LinkedIn's API.", default="https://api.linkedin.com"),
        "token_url": _string(
            "LinkedIn's token endpoint.", default="https://www.linkedin.com/oauth/v2/accessToken"
        ),
        "file_root": _string(
            "Local files are read below this directory and nowhere else; the working directory"
            " unless given."
        ),
        "blob_ttl": {
            "type": "object",
            "description": (
                "LinkedIn removes the file after this time, e.g."
                ' `{"duration": 72, "unit": "HOUR"}`; kept unless given. Units: '
                + ", ".join(BLOB_TTL_UNITS)
                + "."
            ),
            "required": ["duration", "unit"],
            "properties": {
                "duration": {"type": "integer", "minimum": 1},
                "unit": {"type": "string", "enum": list(BLOB_TTL_UNITS)},
            },
        },
        "batch_size_rows": _integer(100, 1, 100, "Changes in one batch call."),
        "batch_max_age_seconds": _integer(
            60, 1, 86_400, "A partial batch goes out after this many seconds."
        ),
        "upload_concurrency": _integer(
            64, 1, 256, "The most uploads at a time; the target adapts below it."
        ),
        "records_per_minute": _integer(
            10_000, 1, 1_000_000, "LinkedIn's limit of records in any 60 seconds."
        ),
        "requests_per_day": _integer(
            100_000,
            1,
            100_000_000,
            "LinkedIn's limit of batch calls in a day, which begins at 00:00 UTC.",
        ),
        "on_quota": _choice(
            "stop",
            ("stop", "wait"),
            "When the day's quota is spent: `stop` with exit code 75, or `wait` until 00:00 UTC.",
        ),
        "request_timeout_seconds": _integer(60, 1, 3600, "The time one call may take."),
        "retry_seconds": _integer(
            900, 0, 86_400, "How long one change may be retried before the run stops."
        ),
        "shutdown_grace_seconds": _integer(
            20, 0, 3600, "The time that what is in flight gets after SIGTERM or SIGINT."
        ),
        "on_reject": _choice(
            "fail",
            ("fail", "continue"),
            "A record that cannot be delivered as it is: `fail` stops with the state before it,"
            " `continue` keeps it in `rejects_path` and goes on.",
        ),
        "rejects_path": _string(
            "Singer file of the rejects, replayed with `--input`; required by `continue`."
        ),
        "max_rejects": _integer(None, 0, 10**9, "More rejects than this many stop the run."),
        "fail_on_rejects": _flag("Exit with 3 instead of 0 when rejects were written."),
        "dry_run": _flag(
            "Everything but the writes to LinkedIn: files are fetched and checked, and the summary"
            " says what would be sent. No state is printed."
        ),
    },
}


@dataclass(frozen=True, slots=True)
class Settings:
    """A configuration that was checked. ``organization`` and ``contract`` are URNs."""

    client_id: str
    client_secret: str
    organization: str
    contract: str
    api_url: str
    token_url: str
    file_root: Path
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
    dry_run: bool

    def __repr__(self) -> str:
        return f"Settings(organization={self.organization!r}, contract={self.contract!r})"


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Check a configuration. Raises :class:`Misconfigured` for the first setting that is wrong."""
    given = {name: value for name, value in config.items() if value is not None}
    for name in SCHEMA["required"]:
        if given.get(name) in (None, ""):
            raise Misconfigured(f"setting '{name}': required and missing. {_description(name)}")
    values = {name: _checked(name, given.get(name)) for name in SCHEMA["properties"]}
    values["organization"] = _urn("organization", values["organization"])
    values["contract"] = _urn("contract", values["contract"])
    for name in ("api_url", "token_url"):
        values[name] = _endpoint(name, values[name])
    values["file_root"] = _directory("file_root", values["file_root"])
    values["blob_ttl"] = _blob_ttl(values["blob_ttl"])
    values["rejects_path"] = _file("rejects_path", values["rejects_path"])
    if values["on_reject"] == "continue" and values["rejects_path"] is None:
        raise Misconfigured(
            "setting 'rejects_path': required by on_reject='continue'; expected the path of a file"
            " that keeps the records which cannot be delivered"
        )
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


def secrets_of(config: Mapping[str, Any]) -> list[str]:
    """The secrets in a configuration, to be kept out of every log line."""
    properties = SCHEMA["properties"]
    return [
        str(config[name])
        for name in properties
        if properties[name].get("secret") and config.get(name)
    ]


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
        raise _wrong(name, value, expected) from None
    host = parts.hostname or ""
    secure = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    if "@" in parts.netloc:  # the value holds a password: it is not repeated
        raise Misconfigured(f"setting '{name}': expected {expected}")
    if not secure or not host or parts.query or parts.fragment or not value.isascii():
        raise _wrong(name, value, expected)
    return value.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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


def _blob_ttl(value: Any) -> Mapping[str, int | str] | None:
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
