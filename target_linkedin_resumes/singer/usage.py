"""Usage errors of the command line that do not repeat what was given.

It may hold a secret: users pass settings instead of a file, or behind an unknown option.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

_NOT_REPEATED = "what was given is not repeated here, since it may hold a secret"


class DiscreetCommand(click.Command):
    """A command whose usage errors name options, and no values."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run the command and exit; also where its output cannot be written, as on a full disk."""
        try:
            return super().main(*arguments, **options)
        except OSError as error:
            if error.filename is not None:  # of a file, and not of an open stream
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes at exit
            click.echo(f"the output cannot be written ({error.strerror})", err=True)
            raise SystemExit(1) from None

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Read the command line. Raises :class:`click.UsageError`."""
        with _without_values():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a group reads the rest of the line first. Raises as `make_context`."""
        with _without_values():
            return super().invoke(ctx)


class DiscreetGroup(DiscreetCommand, click.Group):
    """A group of commands, with usage errors likewise."""


@contextmanager
def _without_values() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise click.UsageError(_usage(error), error.ctx) from None


def _usage(error: click.UsageError) -> str:
    if isinstance(error, click.MissingParameter | click.BadOptionUsage):
        return error.format_message()  # which names the option
    if isinstance(error, click.BadParameter) and error.param is not None:
        return f"{error.param.get_error_hint(error.ctx)}: {_expected(error)}; {_NOT_REPEATED}"
    if isinstance(error, click.NoSuchOption):
        close = ", ".join(error.possibilities or ())
        what = f"no such option{f'; did you mean {close}?' if close else ''}"
    elif error.ctx is not None and isinstance(error.ctx.command, click.Group):
        what = f"no such command; expected one of {', '.join(sorted(error.ctx.command.commands))}"
    else:
        what = "an argument too many; settings are given in a file, as --config FILE"
    return f"{what} ({_NOT_REPEATED})"


def _expected(error: click.BadParameter) -> str:
    kind = error.param.type if error.param is not None else None
    if isinstance(kind, click.Choice):
        return f"expected one of {', '.join(map(str, kind.choices))}"
    if isinstance(kind, click.File):
        return f"the file cannot be opened ({error.message.rpartition(': ')[2]})"
    return "not valid"
