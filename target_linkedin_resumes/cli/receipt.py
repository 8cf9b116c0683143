"""The command `target-linkedin-resumes-receipt`: what was sent of a candidate, and what erased."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from target_linkedin_resumes.cli.config import (
    config_option,
    exit_on_stop,
    print_json,
    read_configuration,
)
from target_linkedin_resumes.errors import NOT_THERE, Misconfigured
from target_linkedin_resumes.settings import Settings
from target_linkedin_resumes.singer.usage import DiscreetCommand
from target_linkedin_resumes.stores.audit_log import DELIVERED, Receipt, ResumeReceipt, receipt
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms

# Digits of a keyed hash that tell one candidate's resumes apart for people.
_SHORT = 12


@click.command(cls=DiscreetCommand)
@click.argument("candidate_id")
@config_option(required=True)
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def main(candidate_id: str, config: Sequence[str], *, as_json: bool) -> None:
    """Print what LinkedIn confirmed of one candidate: what was sent, what was erased, when.

    It is read from the audit file (settings audit_path and audit_key), also while a run writes it.
    """
    with exit_on_stop():
        settings = read_configuration(config)
        if settings.audit_path is None or settings.audit_key is None:
            raise Misconfigured(
                "setting 'audit_path': required for a receipt, which is read from the audit file;"
                " expected a configuration with audit_path and audit_key"
            )
        pseudonyms = Pseudonyms(settings.audit_key)
        found = receipt(_lines(settings.audit_path), pseudonyms, candidate_id)
    if as_json:
        print_json(_document(found, candidate_id, settings.audit_path))
    else:
        for line in _text(found, candidate_id, settings.audit_path):
            click.echo(line)


def receipt_lines(settings: Settings, candidate_id: str) -> Iterator[str]:
    """Give a candidate's receipt as text, from the audit file of settings that have one."""
    assert settings.audit_path is not None  # noqa: S101 - the caller has seen to it
    assert settings.audit_key is not None  # noqa: S101 - required by the other
    found = receipt(_lines(settings.audit_path), Pseudonyms(settings.audit_key), candidate_id)
    yield from _text(found, candidate_id, settings.audit_path)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as lines:
            yield from lines
    except OSError as error:
        raise Misconfigured(
            f"setting 'audit_path': the file cannot be read ({error.strerror}); expected the one"
            " that the runs of this configuration have written"
        ) from None


def _document(found: Receipt, candidate_id: str, path: Path) -> dict[str, Any]:
    return {
        "candidate_id": candidate_id,
        "audit_path": str(path),
        "since": found.since,
        "until": found.until,
        "resumes": [
            {"resume": one.resume, "held_by_linkedin": one.held, "events": one.events}
            for one in found.resumes
        ],
    }


def _text(found: Receipt, candidate_id: str, path: Path) -> Iterator[str]:
    yield f"Receipt for candidate {candidate_id!r}"
    if found.since is None:
        yield f"From {path}, which is empty."
    else:
        yield f"From {path}, which covers {found.since} to {found.until}."
    for one in found.resumes:
        yield ""
        yield f"Resume {one.resume[:_SHORT]} (keyed hash)"
        yield from _events(one)
    yield ""
    yield (
        f"LinkedIn holds {found.held} of {len(found.resumes)} resumes."
        if found.resumes
        else "In the time that the file covers, nothing of this candidate was sent or erased."
    )


def _events(one: ResumeReceipt) -> Iterator[str]:
    for event in one.events:
        if event["operation"] == DELIVERED:
            what = "sent"
        else:
            what = "to be erased, but was not there" if event["status"] in NOT_THERE else "erased"
        asked = f"x-li-uuid {event['x_li_uuid']}" if event["x_li_uuid"] else "no x-li-uuid given"
        yield f"  {event['at']}  {what}, status {event['status']}, {asked}"
        if "sha256" in event:
            yield f"    SHA-256 {event['sha256']}"
            yield f"    {event['blob']}"


if __name__ == "__main__":
    main()
