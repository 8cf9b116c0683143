"""What the operator's commands share: options, the configuration, exit codes, output."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from target_linkedin_resumes.errors import Stop
from target_linkedin_resumes.settings import Settings
from target_linkedin_resumes.singer.config_files import read_config_files
from target_linkedin_resumes.singer.standard_streams import open_missing
from target_linkedin_resumes.target import TargetLinkedInResumes


@contextmanager
def exit_on_stop() -> Iterator[None]:
    """End the command with the message and the exit code of a :class:`Stop`."""
    try:
        open_missing()
        yield
    except Stop as stop:
        click.echo(stop.message, err=True)
        raise SystemExit(stop.exit_code) from None


def config_option(*, required: bool) -> Callable[..., Any]:
    """Return the option `--config`, as the target's own command has it."""
    return click.option(
        "--config",
        multiple=True,
        required=required,
        metavar="PATH",
        help="The configuration of the target, a JSON file, or ENV for its environment variables.",
    )


def read_configuration(paths: Sequence[str]) -> Settings:
    """Read and check a configuration. Raises :class:`Misconfigured`."""
    given = read_config_files(paths)
    target = TargetLinkedInResumes(config=given.config, parse_env_config=given.parse_env)
    return target.settings


def print_json(document: Any) -> None:
    """Print a document as JSON, for programs."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
