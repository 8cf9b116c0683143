"""The command `target-linkedin-resumes-ledger`: what LinkedIn is known to hold."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from target_linkedin_resumes.app import owner_of
from target_linkedin_resumes.cli.config import (
    config_option,
    exit_on_stop,
    print_json,
    read_configuration,
    read_id,
)
from target_linkedin_resumes.cli.erase import Erased, Erasure
from target_linkedin_resumes.cli.receipt import print_receipt
from target_linkedin_resumes.errors import Misconfigured, Stop
from target_linkedin_resumes.log_masking import mask_logs
from target_linkedin_resumes.records import ResumeKey
from target_linkedin_resumes.settings import Settings
from target_linkedin_resumes.singer.usage import DiscreetGroup
from target_linkedin_resumes.stores.audit_log import open_lines
from target_linkedin_resumes.stores.imported import rebuild
from target_linkedin_resumes.stores.ledger import Ledger
from target_linkedin_resumes.stores.ledger_admin import LedgerView
from target_linkedin_resumes.stores.ledger_db import LedgerDB
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms

# The exit code of an erasure that LinkedIn has not confirmed in full.
OUTSTANDING = 3
# What is left of a ledger that was lost, said by `status` and `rebuild`.
_APART = (
    "known by a keyed hash alone, each until the tap names it again. What the tap does not name"
    " again stays at LinkedIn: ACTIVATE_VERSION cannot delete it, a deletion marker can"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Which ledger is meant: by a configuration, by its path, or by both."""

    config: Sequence[str]
    given: Path | None

    def settings(self) -> Settings | None:
        """Return the configuration, if there is one. Raises :class:`Misconfigured`."""
        return read_configuration(self.config) if self.config else None

    def path(self, settings: Settings | None) -> Path:
        """Return the ledger's path. Raises :class:`Misconfigured`."""
        path = self.given or (settings.ledger_path if settings is not None else None)
        if path is None:
            raise Misconfigured(
                "setting 'ledger_path': no ledger is named; expected --config with this setting,"
                " or --ledger"
            )
        return path


@click.group(cls=DiscreetGroup)
@config_option(required=False)
@click.option(
    "--ledger",
    type=click.Path(path_type=Path),
    help="The ledger, instead of the one that the configuration names.",
)
@click.pass_context
def main(context: click.Context, config: Sequence[str], ledger: Path | None) -> None:
    """Look at what LinkedIn is known to hold, and mend it between two runs."""
    context.obj = Place(config, ledger)


@main.command(short_help="Count the resumes by state.")
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
@click.pass_obj
def status(place: Place, *, as_json: bool) -> None:
    """Count the resumes by state, with the oldest of each, and the day's quota."""
    with exit_on_stop():
        path = place.path(place.settings())
        with closing(LedgerView(path)) as view:
            found = view.status(time.time())
    if as_json:
        print_json(found)
    else:
        for line in _status(found, path):
            click.echo(line)


@main.command(short_help="Print the resumes as lines of JSON.")
@click.pass_obj
def export(place: Place) -> None:
    """Print each resume that LinkedIn holds or may hold, as a line of JSON."""
    with exit_on_stop(), closing(LedgerView(place.path(place.settings()))) as view:
        for row in view.rows():
            click.echo(json.dumps(row, ensure_ascii=False))


@main.command(short_help="Forget one resume, so that it is sent again.")
@click.argument("candidate_id", callback=read_id)
@click.argument("resume_id", callback=read_id)
@click.pass_obj
def forget(place: Place, candidate_id: str, resume_id: str) -> None:
    """Forget one resume: its next record is sent as if it were the first.

    Nothing is deleted at LinkedIn. Until the tap names the resume again, ACTIVATE_VERSION does not
    delete it either.
    """
    key = ResumeKey(candidate_id, resume_id)
    with exit_on_stop():
        settings = place.settings()
        with closing(_opened(place.path(settings), settings)) as ledger:
            if ledger.imported.lost:
                raise Misconfigured(
                    f"setting 'audit_key': {ledger.imported.lost} resumes of this ledger are known"
                    " by a keyed hash alone, and this one may be among them; expected --config with"
                    " the key of the audit file they were recovered from"
                )
            known = ledger.forget(key)
    click.echo(f"{key}: {'forgotten' if known else 'the ledger does not know it'}.")


@main.command(short_help="Delete at LinkedIn what it holds of a candidate, now.")
@click.argument("candidate_id", callback=read_id)
@click.argument("resume_id", required=False, callback=read_id)
@click.option("--yes", is_flag=True, help="Do not ask first.")
@click.option("--dry-run", is_flag=True, help="List what would be deleted, and delete nothing.")
@click.pass_obj
def erase(
    place: Place, candidate_id: str, resume_id: str | None, *, yes: bool, dry_run: bool
) -> None:
    """Delete at LinkedIn all resumes of a candidate that the ledger knows, or one of them.

    It waits for LinkedIn's answers, drops the rejects of these resumes and prints the receipt. The
    exit code is 0 only if LinkedIn has confirmed each deletion, or there was nothing to delete.
    """
    with exit_on_stop():
        settings = place.settings()
        if settings is None:
            raise Misconfigured("option --config: required to erase, for LinkedIn's credentials")
        settings = replace(settings, ledger_path=place.path(settings))
        mask_logs((settings.client_id, settings.client_secret))
        with closing(Erasure(settings, candidate_id, resume_id)) as erasure:
            for key in sorted(erasure.keys, key=str):
                click.echo(str(key))
            if dry_run or not _may_erase(len(erasure.keys), yes=yes):
                return
            erased = erasure.run()
        for line in _erased(erased):
            click.echo(line)
        if settings.audit_path is not None:
            print_receipt(settings, candidate_id)
    if erased.failure is not None:
        code = erased.failure.exit_code if isinstance(erased.failure, Stop) else Stop.exit_code
        click.echo(str(erased.failure), err=True)
        raise SystemExit(code)
    if erased.left or erased.unnamed:
        raise SystemExit(OUTSTANDING)


def _may_erase(count: int, *, yes: bool) -> bool:
    """Ask, in a terminal. Raises :class:`Misconfigured` where nobody can be asked."""
    if yes or not count:
        return True
    if not sys.stdin.isatty():
        raise Misconfigured("option --yes: required if there is no terminal to ask in")
    return click.confirm(f"Delete these {count} resumes at LinkedIn?")


def _erased(erased: Erased) -> Iterator[str]:
    if not erased.gone and not erased.left:
        yield "The ledger and the rejects know no resume of this candidate: nothing to delete."
    for key in sorted(erased.gone, key=str):
        yield f"{key}: deleted."
    for key in sorted(erased.left, key=str):
        yield f"{key}: LinkedIn has not confirmed the deletion."
    if erased.unnamed:
        yield (
            "LinkedIn may hold more of this candidate: the ledger was rebuilt from an audit file"
            " and knows some resumes by a keyed hash alone. Give their resume ids, or load them"
            " once more and erase then."
        )


@main.command(name="rebuild", short_help="Make a lost ledger again from the audit file.")
@click.pass_obj
def rebuild_command(place: Place) -> None:
    """Make a lost ledger again from the audit file of the same configuration.

    What the tap sends unchanged is then recognised by its fingerprint: it is fetched once more, and
    not uploaded.
    """
    with exit_on_stop():
        settings = place.settings()
        if settings is None or settings.audit_path is None or settings.audit_key is None:
            raise Misconfigured(
                "settings 'audit_path' and 'audit_key': required for a rebuild; expected --config"
                " with them"
            )
        if not settings.audit_path.is_file():
            raise Misconfigured(
                f"setting 'audit_path': there is no audit file at {settings.audit_path}"
            )
        with (
            closing(open_lines(settings.audit_path)) as lines,
            closing(LedgerDB(place.path(settings), owner_of(settings))) as file,
        ):
            read, recovered = rebuild(file, lines, Pseudonyms(settings.audit_key))
    click.echo(f"{read} lines read, {recovered} resumes recovered: {_APART}.")


def _opened(path: Path, settings: Settings | None) -> Ledger:
    LedgerView(path).close()  # what is none must not become one: it would belong to nobody
    key = settings.audit_key if settings is not None else None
    return Ledger(
        LedgerDB(path, {}),
        now=time.time,
        pseudonyms=None if key is None else Pseudonyms(key),
    )


def _status(found: Mapping[str, Any], path: Path) -> Iterator[str]:
    # A run that was killed while it made the ledger had not said yet whose it is.
    owner = [str(found[name]) for name in ("organization", "contract") if name in found]
    yield f"Ledger {path} of {', '.join(owner) or 'nobody yet'}"
    for state, row in found["resumes"].items():
        yield f"  {row['count']:>9}  {state}, the oldest since {row['oldest']}"
    if found["expired"]:
        yield (
            f"  {found['expired']:>9}  of the delivered ones without their file: LinkedIn was asked"
            " to remove it by now (setting blob_ttl); resend=always sends it again"
        )
    if found["recovered"]:
        yield f"  {found['recovered']:>9}  recovered: {_APART}"
    if not found["resumes"] and not found["recovered"]:
        yield "  no resume yet"
    for row in found["quota"]:
        yield f"Calls on {row['day']} (UTC): {row['used']} {row['resource']}"


if __name__ == "__main__":
    main()
