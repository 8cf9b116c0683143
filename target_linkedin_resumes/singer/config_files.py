"""Read the files of `--config`, and the environment as Meltano fills it. Errors quote nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.singerlib.json import deserialize_json

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.mapping.config import NAMES
from target_linkedin_resumes.mapping.expressions import EACH


def read_config_files(paths: Sequence[str]) -> _ConfigInput:
    """Merge files, later ones going first; ``ENV`` among them asks for the environment.

    Raises :class:`Misconfigured`.
    """
    config: dict[str, Any] = {}
    for path in paths:
        if path != "ENV":
            config |= _read(path)
    return _ConfigInput(config=config, parse_env="ENV" in paths)


def _read(path: str) -> Mapping[str, Any]:
    try:
        content = deserialize_json(Path(path).read_text("utf-8-sig"))
    except OSError as error:
        raise _unusable(path, error.strerror or type(error).__name__) from None
    except UnicodeDecodeError:
        raise _unusable(path, "not UTF-8") from None
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise _unusable(path, f"not valid JSON{f' in line {line}' if line else ''}") from None
    if not isinstance(content, dict):
        raise _unusable(path, "no JSON object")
    return content


def _unusable(path: str, reason: str) -> Misconfigured:
    # If it is no file, it may be the settings themselves, with their secrets.
    is_path = _is_file(path) or re.fullmatch(r"[\w ./~+-]+\.json", path)
    name = repr(path) if is_path else "what was given"
    return Misconfigured(
        f"--config: {name} cannot be used: {reason}; expected the path of a JSON file with the"
        " settings, or ENV for variables of the environment"
    )


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:  # too long for a path
        return False


def nested(config: Mapping[str, Any], environ: Mapping[str, str], prefix: str) -> dict[str, Any]:
    """Restore the objects that Meltano flattened for the environment.

    It passes `{"attachments": {"file": "url"}}` as `{"attachments.file": "url"}`, and the value
    again in a variable of its own, which distinguishes these dots from those of a path.
    """
    return {
        name: _nested(value, f"{prefix}{name}_", NAMES if name == "fields" else (), environ)
        if isinstance(value, Mapping)
        else value
        for name, value in config.items()
    }


def _nested(
    flat: Mapping[str, Any], prefix: str, names: Sequence[str], environ: Mapping[str, str]
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in flat.items():
        outer, dot, inner = key.rpartition(".")
        if f".{EACH}." in key:  # a field of a list's elements: the rest after the stream is a path
            outer, _, inner = key.partition(f".{EACH}.")
            inner = f"{EACH}.{inner}"
        variable = re.sub(r"[^A-Z0-9_]", "_", f"{prefix}{key}".upper())
        if dot and (inner in names or variable in environ):
            made[outer] = {**made.get(outer, {}), inner: value}
        else:
            made[key] = value
    return made
