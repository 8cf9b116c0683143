"""The command `target-linkedin-resumes-receipt`: what was sent of a candidate, and what erased."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from target_linkedin_resumes.cli.config import (
    config_option,
    exit_on_stop,
    print_json,
    read_configuration,
    read_id,
)
from target_linkedin_resumes.errors import NOT_THERE, Misconfigured
from target_linkedin_resumes.settings import Settings
from target_linkedin_resumes.singer.usage import DiscreetCommand
from target_linkedin_resumes.stores.audit_log import DELIVERED, Receipt, is_held, receipt
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms

# Digits of a keyed hash that tell one candidate's resumes apart for people.
_SHORT = 12


@click.command(cls=DiscreetCommand)
@click.argument("candidate_id", callback=read_id)
@config_option(required=True)
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
def main(candidate_id: str, config: Sequence[str], *, as_json: bool) -> None:
    """Print what LinkedIn confirmed of one candidate: what was sent, what was erased, when.

    It is read from the audit file (settings audit_path and audit_key), also while a run writes it.
    """
    with exit_on_stop():
        print_receipt(read_configuration(config), candidate_id, as_json=as_json)


def print_receipt(settings: Settings, candidate_id: str, *, as_json: bool = False) -> None:
    """Print a candidate's receipt. Raises :class:`Misconfigured` where there is no audit file."""
    path, key = settings.audit_path, settings.audit_key
    if path is None or key is None:
        raise Misconfigured(
            "setting 'audit_path': required for a receipt, which is read from the audit file;"
            " expected a configuration with audit_path and audit_key"
        )
    try:
        with path.open("rb") as lines:
            found = receipt(lines, Pseudonyms(key), candidate_id)
    except OSError as error:
        raise Misconfigured(
            f"setting 'audit_path': the file cannot be read ({error.strerror}); expected the one"
            " that the runs of this configuration have written"
        ) from None
    if as_json:
        print_json(_document(found, candidate_id, path))
    else:
        for line in _text(found, candidate_id, path):
            click.echo(line)


def _document(found: Receipt, candidate_id: str, path: Path) -> dict[str, Any]:
    return {
        "candidate_id": candidate_id,
        "audit_path": str(path),
        "since": found.since,
        "until": found.until,
        "resumes": [
            {"resume": resume, "held_by_linkedin": is_held(events), "events": events}
            for resume, events in found.resumes.items()
        ],
    }


def _text(found: Receipt, candidate_id: str, path: Path) -> Iterator[str]:
    yield f"Receipt for candidate {candidate_id!r}"
    if found.since is None:
        yield f"From {path}, which is empty."
    else:
        yield f"From {path}, which covers {found.since} to {found.until}."
    for resume, events in found.resumes.items():
        yield ""
        yield f"Resume {resume[:_SHORT]} (keyed hash)"
        yield from _events(events)
    yield ""
    held = sum(map(is_held, found.resumes.values()))
    yield (
        f"LinkedIn holds {held} of {len(found.resumes)} resumes."
        if found.resumes
        else "In the time that the file covers, nothing of this candidate was sent or erased."
    )


def _events(events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for event in events:
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
