"""What the operator's commands share: options, the configuration, exit codes, output."""

from __future__ import annotations

import json
import os
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


def read_id(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Read an id of the command line, as UTF-8 whatever the locale. Raises click.BadParameter.

    One that is blank, as an unset variable of a shell is, would find nothing.
    """
    if value is None:
        return None
    try:
        text = os.fsencode(value).decode()
    except UnicodeError:
        raise click.BadParameter("it is not UTF-8; expected an id") from None
    if not text.strip():
        raise click.BadParameter("it is blank; expected an id")
    return text


def read_configuration(paths: Sequence[str]) -> Settings:
    """Read and check a configuration. Raises :class:`Misconfigured`."""
    given = read_config_files(paths)
    target = TargetLinkedInResumes(config=given.config, parse_env_config=given.parse_env)
    return target.settings


def print_json(document: Any) -> None:
    """Print a document as JSON, for programs."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
