"""The kinds of settings: how each is read, its JSON schema, and what is said when it is wrong.

`settings.py` defines its table with them, `sdk_settings.py` reads the SDK's settings with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.http.oauth import OAuth
from target_linkedin_resumes.http.urls import parse_url

# Half the digits of a SHA-256: a key that is guessed gives away every id that can be guessed.
SHORTEST_KEY = 32
# The units of `blob_ttl` in seconds; the shortest month and year there are.
BLOB_TTL_UNITS = {
    "MILLISECOND": 0.001,
    "SECOND": 1,
    "MINUTE": 60,
    "HOUR": 3600,
    "DAY": 86_400,
    "WEEK": 7 * 86_400,
    "MONTH": 28 * 86_400,
    "YEAR": 365 * 86_400,
}


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


def read_text(name: str, value: Any, *, secret: bool = False) -> str:
    """Read a text; YAML has URNs and ids as bare numbers. Raises :class:`Misconfigured`."""
    given = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(given, str) and given.strip():
        return given.strip()
    expected = "a text that is not empty"
    if secret:  # its value is not repeated
        raise Misconfigured(f"setting '{name}': expected {expected}")
    raise wrong(name, value, expected)


def read_number(name: str, value: Any, lowest: int, highest: int) -> int:
    """Read a whole number within bounds, also as text. Raises :class:`Misconfigured`."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,12}\s*", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise wrong(name, value, f"a whole number from {lowest} to {highest}")
    return value


def _read_choice(name: str, value: Any, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise wrong(name, value, " or ".join(f"'{choice}'" for choice in choices))
    return str(value)


def read_flag(name: str, value: Any) -> bool:
    """Read true or false, also as text. Raises :class:`Misconfigured`."""
    word = value.strip().lower() if isinstance(value, str) else value
    if word in (True, "true", "1", "yes", "on") and not isinstance(word, float):
        return True
    if word in (False, "false", "0", "no", "off", ""):
        return False
    raise wrong(name, value, "true or false")


def read_file_sources(name: str, value: Any) -> tuple[SourceSetting, ...]:
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
    texts = {part: text.strip() for part, text in value.items()}
    texts["token_url"] = parse_endpoint(f"{name}.token_url", texts["token_url"])
    return OAuth(**texts)


def read_blob_ttl(name: str, value: Any) -> Mapping[str, int | str] | None:
    """Check the shape of `blob_ttl`. Raises :class:`Misconfigured`."""
    value = from_json(value)
    if value is None:
        return None
    expected = '{"duration": N, "unit": one of ' + ", ".join(BLOB_TTL_UNITS) + "}"
    if not isinstance(value, Mapping) or set(value) != {"duration", "unit"}:
        raise wrong(name, value, expected)
    duration, unit = value["duration"], value["unit"]
    whole = isinstance(duration, int) and not isinstance(duration, bool)
    if not whole or duration < 1 or unit not in list(BLOB_TTL_UNITS):
        raise wrong(name, value, expected)
    return {"duration": duration, "unit": unit}


def from_json(value: Any) -> Any:
    """Environment variables and Meltano may hand over an object or a list as its JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


# What parses a text further, in the same way: of a setting's name and a text that is not empty.


def parse_urn(name: str, text: str) -> str:
    """Complete a bare number to the URN of the setting's name."""
    match = re.fullmatch(rf"(?:urn:li:{name}:)?([0-9]{{1,30}})", text)
    if match is None:
        raise wrong(name, text, f"`urn:li:{name}:N` or the bare number N")
    return f"urn:li:{name}:{match[1]}"


def parse_endpoint(name: str, text: str) -> str:
    """Check a URL that is sent credentials; gives it without a slash at its end."""
    expected = "an https URL without user, query or fragment (http on a loopback address only)"
    try:
        url = parse_url(text)
    except ValueError:  # the text may hold a password: it is not repeated
        raise wrong(name, text, expected, shown="this text") from None
    if not url.origin.is_secure or "?" in url.target:
        # In the log, a path would be masked.
        raise wrong(name, text, expected, shown=f"a URL that begins with '{url.origin}'")
    return text.rstrip("/")


def parse_version(name: str, text: str) -> str:
    """Check a month of LinkedIn's API."""
    if re.fullmatch(r"20[0-9]{2}(0[1-9]|1[0-2])", text) is None:
        raise wrong(name, text, "a year and a month as LinkedIn writes them, such as '202604'")
    return text


def parse_max_deletes(name: str, text: str) -> MaxDeletes:
    """Read a number or a percentage."""
    match = re.fullmatch(r"([0-9]{1,9})\s*(%?)", text)
    if match is None or (match[2] and int(match[1]) > 100):
        raise wrong(name, text, "a whole number, or a percentage from '0%' to '100%'")
    return MaxDeletes(int(match[1]), bool(match[2]))


def parse_directory(name: str, text: str) -> Path:
    """Check that a directory exists; gives it as an absolute path."""
    try:
        path = Path(text).expanduser().resolve()
        usable = path.is_dir()
    except (OSError, RuntimeError, ValueError):  # links in a circle, no such user's home, NUL
        usable = False
    if not usable:
        raise wrong(name, text, "a directory that exists")
    return path


def _parse_path(name: str, text: str) -> Path:
    try:
        path = Path(text).expanduser().absolute()
        usable = path.parent.is_dir() and not path.is_dir()
        path.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, no such user's home, NUL
        usable = False
    if not usable:
        raise wrong(name, text, "the path of a file in a directory that exists")
    return path


def parse_key(name: str, text: str) -> str:
    """Check that a key is long enough. It is never repeated."""
    if len(text) < SHORTEST_KEY:
        raise Misconfigured(f"setting '{name}': too short to keep ids secret; {EXPECTED_KEY}")
    return text


EXPECTED_KEY = f"expected a secret of {SHORTEST_KEY} or more random characters"


def wrong(name: str, value: Any, expected: str, *, shown: str = "") -> Misconfigured:
    """Name a setting that is no secret, its value or what is ``shown`` of it, what was expected."""
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


def text(
    about: str,
    parse: Callable[[str, str], Any] | None = None,
    *,
    secret: bool = False,
    **default: Any,
) -> Any:
    """Define a text, which ``parse`` takes further."""

    def read(name: str, value: Any) -> Any:
        given = read_text(name, value, secret=secret)
        return given if parse is None else parse(name, given)

    return _setting(read, {"type": "string", "description": about}, secret=secret, **default)


def path(about: str) -> Any:
    """Define the path of a file, None unless given."""
    return text(about, _parse_path, default=None)


def json_value(
    kind: str,
    about: str,
    read: Callable[[str, Any], Any],
    shape: Mapping[str, Any] | None = None,
    **more: Any,
) -> Any:
    """Define an object or an array; ``shape`` adds to its JSON schema."""
    return _setting(read, {"type": kind, "description": about, **(shape or {})}, **more)


def number(default: int | None, bounds: tuple[int, int], about: str) -> Any:
    """Define a whole number; ``bounds`` are the lowest and the highest."""
    lowest, highest = bounds
    read = partial(read_number, lowest=lowest, highest=highest)
    schema = {"type": "integer", "minimum": lowest, "maximum": highest, "description": about}
    return _setting(read, schema, default=default)


def choice(choices: tuple[str, ...], about: str) -> Any:
    """Define a choice; the first is the default."""
    read, default = partial(_read_choice, choices=choices), choices[0]
    schema = {"type": "string", "enum": list(choices), "default": default, "description": about}
    return _setting(read, schema, default=default)


def flag(about: str, *, default: bool = False) -> Any:
    """Define one that is true or false."""
    schema = {"type": "boolean", "default": default, "description": about}
    return _setting(read_flag, schema, default=default)
