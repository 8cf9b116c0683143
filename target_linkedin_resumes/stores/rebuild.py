"""A lost ledger, made again from the audit file as far as that goes.

The audit file knows resumes by keyed hashes alone. So what it says is kept apart, by those hashes,
until a tap names the resume again and the ledger takes it over. What no tap names again stays
apart: without its ids nothing can be sent for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.stores.audit_log import DELIVERED, read_lines
from target_linkedin_resumes.stores.ledger_db import LedgerDB
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms
from target_linkedin_resumes.stores.recovered import COUNT, DROP, MADE_WITH, TAKE


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many ``lines`` were read, and how many resumes LinkedIn holds by what they say."""

    lines: int
    recovered: int


def rebuild(file: LedgerDB, lines: Iterable[bytes], pseudonyms: Pseudonyms) -> Rebuilt:
    """Fill an empty ledger from an audit file, or leave it as it was.

    Raises :class:`Misconfigured` for a ledger that is not empty and for lines that are none, and
    :class:`Stop` if the ledger cannot be written.
    """
    with file.written() as connection:
        [known] = connection.execute(
            "SELECT (SELECT count(*) FROM resumes) + (SELECT count(*) FROM recovered)"
        ).fetchone()
    if known:
        raise Misconfigured(
            f"setting 'ledger_path': this ledger knows {known} resumes; a rebuild begins with none."
            " Move the ledger away if it is to be replaced"
        )
    count = 0
    with file.written() as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(MADE_WITH, (pseudonyms.key_id,))
            for count, line in enumerate(read_lines(lines, pseudonyms), 1):  # noqa: B007 - told
                # A line that is scrubbed is followed by its deletion.
                if line["operation"] == DELIVERED and "fingerprint" in line:
                    row = {
                        "resume": bytes.fromhex(line["resume"]),
                        "fingerprint": bytes.fromhex(line["fingerprint"]),
                        "urn": line["blob"],
                        "delivered_at": int(datetime.fromisoformat(line["at"]).timestamp()),
                    }
                    connection.execute(TAKE, row)
                else:
                    connection.execute(DROP, {"resume": bytes.fromhex(line["resume"])})
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        [recovered] = connection.execute(COUNT).fetchone()
    return Rebuilt(count, recovered)
