"""The files of `--config`, with words for what is wrong with one. Their content is never quoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.singerlib.json import deserialize_json

from target_linkedin_resumes.errors import Misconfigured


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
    return Misconfigured(
        f"--config: {path!r} cannot be used: {reason}; expected the path of a JSON file with the"
        " settings, or ENV for variables of the environment"
    )
