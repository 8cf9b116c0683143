"""The settings that the SDK reads itself, and those that come from the environment.

The SDK's own checks end in tracebacks, or print the value that is wrong.
"""

from __future__ import annotations

import ast
import json
import logging
import re
from collections.abc import Callable, Mapping, MutableMapping
from functools import partial
from typing import Any

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.setting_kinds import from_json, read_flag, read_number, read_text

# Names a file for `logging.config.dictConfig`.
LOG_CONFIG = "SINGER_SDK_LOG_CONFIG"


def read_environment(
    environ: Mapping[str, str], prefix: str, schema: Mapping[str, Any]
) -> dict[str, Any]:
    """Read the settings from variables; an empty one counts as not set.

    Raises :class:`Misconfigured` and names the variable.
    """
    config: dict[str, Any] = {}
    for name, about in schema["properties"].items():
        variable = prefix + name.upper()
        value = environ.get(variable, "")
        if not value.strip():
            continue
        kinds = {about["type"]} if isinstance(about["type"], str) else set(about["type"])
        config[name] = value
        if "integer" in kinds:
            if not re.fullmatch(r"\s*[+-]?[0-9]{1,20}\s*", value):
                raise Misconfigured(f"environment variable {variable}: expected a whole number")
            config[name] = int(value)
        elif {"object", "array"} & kinds and "string" not in kinds:
            try:
                config[name] = json.loads(value)
            except (ValueError, RecursionError):
                raise Misconfigured(f"environment variable {variable}: expected JSON") from None
    return config


def check_log_settings(environ: MutableMapping[str, str], prefix: str) -> None:
    """Take the variables of the SDK's log that are empty out of an environment.

    Raises :class:`Misconfigured` for a level that is none; the SDK would end in a traceback.
    """
    for variable in (f"{prefix}LOGLEVEL", "LOGLEVEL", LOG_CONFIG):
        value = environ.get(variable)
        if value is None:
            continue
        if not value.strip():
            del environ[variable]
        elif variable != LOG_CONFIG and value.upper() not in logging.getLevelNamesMapping():
            raise Misconfigured(
                f"environment variable {variable}: expected DEBUG, INFO, WARNING or ERROR"
            )


def check_sdk_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give a configuration in which the SDK's settings are such that the SDK can use them.

    Raises :class:`Misconfigured`; what is set for stream maps is not repeated, since it may hold a
    credential.
    """
    checked = {name: value for name, value in config.items() if name not in _SDK_SETTINGS}
    for name, read in _SDK_SETTINGS.items():
        value = config.get(name)
        if value is not None and value != "":
            checked[name] = read(name, value)
    if checked.get("flattening_enabled") and "flattening_max_depth" not in checked:
        raise Misconfigured(
            "setting 'flattening_max_depth': required by flattening_enabled; expected how many"
            " levels of objects are made flat, such as 2"
        )
    return checked


def _read_object(name: str, value: Any) -> Mapping[str, Any]:
    value = from_json(value)
    if not isinstance(value, Mapping):
        raise Misconfigured(f"setting '{name}': expected an object")
    return value


def _read_batch_config(name: str, value: Any) -> Mapping[str, Any]:
    config = _read_object(name, value)
    storage = config.get("storage")
    if storage is not None:
        root = _read_object(f"{name}.storage", storage).get("root")
        if not isinstance(root, str) or not root:
            raise Misconfigured(f"setting '{name}.storage.root': expected a directory or a URL")
    return config


def _read_stream_maps(name: str, value: Any) -> Mapping[str, Any]:
    streams = _read_object(name, value)
    for stream, maps in streams.items():
        drops = maps in (None, "__NULL__")
        if stream.startswith("__") and not (stream == "__else__" and drops):
            raise Misconfigured(
                f"setting '{name}.{stream}': expected the name of a stream, or '__else__' with null"
            )
        if not drops and not isinstance(maps, Mapping):
            raise Misconfigured(
                f"setting '{name}.{stream}': expected an object of expressions, or null"
            )
        for made, text in maps.items() if isinstance(maps, Mapping) else ():
            # Those with underscores are instructions, of which one is an expression.
            if isinstance(text, str) and (made == "__filter__" or not made.startswith("__")):
                _check_expression(f"{name}.{stream}.{made}", text)
    return streams


def _check_expression(setting: str, text: str) -> None:
    try:
        ast.parse(text.strip(), mode="eval")
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise Misconfigured(
            f"setting '{setting}': expected an expression such as 'name.lower()'; this text is"
            " not one"
        ) from None


# By name, what reads the value of a setting of the SDK.
_SDK_SETTINGS: Mapping[str, Callable[[str, Any], Any]] = {
    "batch_config": _read_batch_config,
    "flattening_enabled": read_flag,
    "flattening_max_depth": partial(read_number, lowest=0, highest=1000),
    "flattening_max_key_length": partial(read_number, lowest=1, highest=1_000_000),
    "flattening_separator": read_text,
    "process_activate_version_messages": read_flag,
    "stream_map_config": _read_object,
    "stream_maps": _read_stream_maps,
}
