"""Each rule of LinkedIn's certification, shown with the installed command against the sandbox."""

from __future__ import annotations

import re
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.certification.conftest import Note
from tests.e2e.conftest import MakeBench
from tests.e2e.support import COMMAND, SCHEMA, Bench, Finished, deletion, record, state

pytestmark = pytest.mark.certification


def rule(name: str) -> pytest.MarkDecorator:
    """Say which rule a test shows."""
    return pytest.mark.rule(name)


def upserts(bench: Bench, count: int) -> list[dict[str, Any]]:
    name = bench.file("cv.pdf")
    return [record(f"candidate-{n}", "resume", name) for n in range(count)]


def deliver(bench: Bench, records: list[dict[str, Any]], **settings: Any) -> Finished:
    done = bench.run([SCHEMA, *records, state(len(records))], **settings)
    assert done.code == 0, done.log
    assert done.states[-1] == state(len(records))["value"]
    return done


def calls(bench: Bench, endpoint: str) -> list[dict[str, Any]]:
    return [call for call in bench.sandbox.journal() if call["endpoint"] == endpoint]


def summary(done: Finished) -> dict[str, int]:
    """What the summary at the end of a run counts."""
    (line,) = (line for line in done.log.splitlines() if " records read: " in line)
    names = "records read|delivered|deleted|unchanged|superseded|filtered|were not there"
    names += "|not known to the ledger|rejected"
    return {name: int(count) for count, name in re.findall(rf"(\d+) ({names})", line)}


@rule("CRM-001")
def test_a_run_begins_with_the_client_credentials_flow(bench: Bench, note: Note) -> None:
    deliver(bench, upserts(bench, 3))
    first, *others = bench.sandbox.journal()
    assert (first["endpoint"], first["status"]) == ("token", 200)
    assert {call["status"] for call in others} <= {200, 201}
    assert len(bench.held()) == 3
    note("first call", f"{first['method']} token, answered {first['status']}")
    note("calls made with that token", len(others))
    note("of these refused", sum(call["status"] >= 400 for call in others))


@rule("CRM-001")
def test_wrong_credentials_end_the_run_with_2(bench: Bench, note: Note) -> None:
    done = bench.run([SCHEMA, *upserts(bench, 1), state(1)], client_secret="not-the-secret")
    assert done.code == 2
    assert done.states == []
    assert bench.held() == {}
    assert "not-the-secret" not in done.log
    others = [call for call in bench.sandbox.journal() if call["endpoint"] != "token"]
    assert others == []
    note("exit code", done.code)
    note("calls other than to the token endpoint", len(others))


@rule("CRM-002")
def test_check_asks_linkedin_whether_the_token_is_active(bench: Bench, note: Note) -> None:
    with bench.start("--check") as process:
        out, _ = process.communicate(timeout=60)
    (line,) = [line for line in out.decode().splitlines() if "token: " in line]
    (introspection,) = calls(bench, "introspect")
    assert process.returncode == 0
    assert "active" in line
    assert introspection["status"] == 200
    note("`--check` says", line)
    note("introspection", f"answered {introspection['status']}")
    note("exit code", process.returncode)


@rule("CRM-003")
def test_no_call_is_made_with_an_expired_token(make_bench: MakeBench, note: Note) -> None:
    bench = make_bench(token_ttl=10, latency={"upload": 60})
    begun = time.monotonic()
    deliver(bench, upserts(bench, 1600), upload_concurrency=8)
    seconds = time.monotonic() - begun
    refused = [call for call in bench.sandbox.journal() if call["status"] == 401]
    minted = bench.sandbox.snapshot()["tokens_minted"]
    assert refused == []
    assert minted >= 2
    note("life of a token here", f"{bench.sandbox.state.config.token_ttl} s")
    note("length of the run", f"{seconds:.1f} s")
    note("tokens asked for", minted)
    note("calls answered 401", len(refused))


@rule("CRM-004")
def test_one_token_serves_a_whole_run(make_bench: MakeBench, note: Note) -> None:
    bench = make_bench(latency={"url": 20, "upload": 40})
    deliver(bench, upserts(bench, 500))
    shown = bench.sandbox.snapshot()
    assert shown["tokens_minted"] == 1
    assert shown["breaches"] == []
    note("calls with a token", len(bench.sandbox.journal()) - len(calls(bench, "token")))
    note("uploads at once, at the most", shown["highest_concurrency"]["upload"])
    note("tokens asked for", shown["tokens_minted"])


@rule("CRM-005")
def test_an_invalidated_token_is_replaced_upon_401(bench: Bench, note: Note) -> None:
    bench.sandbox.set_faults({"endpoint": "upload", "kind": "expire_token", "times": 1})
    deliver(bench, upserts(bench, 200))
    refused = [call for call in bench.sandbox.journal() if call["status"] == 401]
    shown = bench.sandbox.snapshot()
    assert refused
    assert shown["tokens_minted"] == 2
    assert shown["breaches"] == []
    assert len(bench.held()) == 200
    note("calls answered 401", len(refused))
    note("tokens asked for", shown["tokens_minted"])
    note("resumes delivered", f"{len(bench.held())} of 200")


@rule("CRM-010")
def test_each_customer_has_an_application_of_its_own(make_bench: MakeBench, note: Note) -> None:
    customers = {"application-1": "secret-1", "application-2": "secret-2"}
    bench = make_bench(clients=customers)
    for number, (client, secret) in enumerate(customers.items(), 1):
        name = bench.file("cv.pdf")
        records = [record(f"of-customer-{number}", n, name) for n in range(10)]
        deliver(bench, records, client_id=client, client_secret=secret, organization=number)
    held = bench.sandbox.snapshot()["resumes"]
    astray = [
        one
        for one in held
        if one["integration_context"].rpartition(":")[2] != one["candidate_id"].rpartition("-")[2]
    ]
    assert len(held) == 20
    assert astray == []
    tokens = [call["client"] for call in calls(bench, "token")]
    assert tokens == list(customers)
    note("applications that asked for a token, each once", ", ".join(tokens))
    note("resumes at LinkedIn", len(held))
    note("of these under the other customer's organization", len(astray))


@rule("Historical sync")
def test_a_first_run_delivers_all_there_is(bench: Bench, note: Note) -> None:
    begun = datetime(2021, 1, 1, tzinfo=UTC)
    days = [begun + timedelta(days=3 * n) for n in range(600)]
    name = bench.file("cv.pdf")
    records = [
        record(f"candidate-{n}", "resume", name, created_at=day.isoformat())
        for n, day in enumerate(days)
    ]
    done = deliver(bench, records)
    held = bench.held()
    sent = {("candidate-" + str(n), "resume"): day for n, day in enumerate(days)}
    kept = {key: datetime.fromtimestamp(one["created_at"] / 1000, UTC) for key, one in held.items()}
    assert kept == sent
    counts = summary(done)
    assert counts.pop("records read") == len(sent) == sum(counts.values())
    assert counts["delivered"] == len(held)
    note("resumes in the source", len(sent))
    note("the summary says", ", ".join(f"{count} {what}" for what, count in counts.items()))
    note("resumes at LinkedIn", len(held))
    note("of these with the source's key and date", sum(kept[key] == sent[key] for key in kept))
    note("dates", f"{min(kept.values()):%Y-%m-%d} to {max(kept.values()):%Y-%m-%d}")
    note("state printed last", done.states[-1])


@rule("Deletion")
def test_what_the_source_deletes_is_deleted(bench: Bench, note: Note) -> None:
    records = upserts(bench, 120)
    deliver(bench, records)
    before = len(bench.held())
    gone = [deletion(one["record"]["candidate_id"], "resume") for one in records]
    deliver(bench, gone[:50])
    after_some = len(bench.held())
    deliver(bench, gone)  # the end of a contract; those that are gone already count as deleted
    assert (before, after_some, len(bench.held())) == (120, 70, 0)
    note("resumes at LinkedIn", before)
    note("after 50 deletions", after_some)
    note("after the deletion of all", len(bench.held()))


def rows(*keys: tuple[int, str, str], stream: str = "resumes") -> list[dict[str, Any]]:
    """Records that have a key of their own, beside the two ids."""
    records = (record(candidate, resume, "cv.pdf", id=row) for row, candidate, resume in keys)
    return [{**one, "stream": stream} for one in records]


def gone(stream: str, **fields: Any) -> dict[str, Any]:
    record = {**fields, "_sdc_deleted_at": "2024-06-01T00:00:00Z"}
    return {"type": "RECORD", "stream": stream, "record": record}


def described(stream: str, *names: str) -> dict[str, Any]:
    """The SCHEMA message of a stream whose records are told apart by their `id`."""
    properties: dict[str, Any] = {name: {} for name in ("id", "_sdc_deleted_at", *names)}
    schema = {"type": "object", "properties": properties}
    return {"type": "SCHEMA", "stream": stream, "key_properties": ["id"], "schema": schema}


ROWS = described("resumes", "candidate_id", "resume_id", "created_at", "file")
PEOPLE = described("people")
LISTS = described("applicants", "attachments", "created_at")
WAYS = {
    "people": {"candidate_id": "id", "resume_id": "*"},
    "applicants": {
        "candidate_id": "id",
        "each": "attachments",
        "resume_id": "each.id",
        "file": "each.url",
    },
}


@pytest.fixture
def remembering(make_bench: MakeBench) -> Bench:
    """A pipeline with a ledger that keeps rejects; its source has one file."""
    bench = make_bench()
    bench.file("cv.pdf")
    directory = bench.directory
    bench.settings |= {
        "ledger_path": str(directory / "ledger.db"),
        "rejects_path": str(directory / "rejects.singer"),
        "on_reject": "continue",
        "fields": WAYS,
    }
    return bench


def load(bench: Bench, messages: list[dict[str, Any]]) -> None:
    done = bench.run([*messages, state(1)])
    assert done.code == 0, done.log


def shows(
    bench: Bench, note: Note, messages: list[dict[str, Any]], left: set[tuple[str, str]]
) -> None:
    """Load some messages, and note which resumes went and which are left."""
    before = set(bench.held())
    load(bench, messages)
    assert set(bench.held()) == left
    assert bench.sandbox.snapshot()["breaches"] == []
    note("resumes at LinkedIn before", named(before))
    note("resumes at LinkedIn after", named(left))


def named(keys: set[tuple[str, str]]) -> str:
    return ", ".join(map("/".join, sorted(keys))) or "none"


@rule("Deletion")
def test_a_deletion_that_holds_the_key_of_its_row_alone(remembering: Bench, note: Note) -> None:
    load(remembering, [ROWS, *rows((1, "a", "r"), (2, "b", "r"))])
    shows(remembering, note, [ROWS, gone("resumes", id=1)], {("b", "r")})


@rule("Deletion")
def test_a_row_that_moves_to_another_candidate(remembering: Bench, note: Note) -> None:
    load(remembering, [ROWS, *rows((1, "a", "r"), (2, "b", "r"))])
    shows(remembering, note, [ROWS, *rows((1, "merged", "r"))], {("merged", "r"), ("b", "r")})


@rule("Deletion")
def test_a_row_that_is_replaced(remembering: Bench, note: Note) -> None:
    remembering.settings["replace_rows"] = True
    load(remembering, [ROWS, *rows((1, "a", "old"), (2, "b", "r"))])
    shows(remembering, note, [ROWS, *rows((1, "a", "new"))], {("a", "new"), ("b", "r")})


@rule("Deletion")
def test_a_candidate_who_is_deleted(remembering: Bench, note: Note) -> None:
    load(remembering, [ROWS, *rows((1, "a", "1"), (2, "a", "2"), (3, "b", "1"))])
    shows(remembering, note, [PEOPLE, gone("people", id="a")], {("b", "1")})


@rule("Deletion")
def test_a_list_that_gets_shorter(remembering: Bench, note: Note) -> None:
    def applicant(*attachments: str) -> dict[str, Any]:
        several = [{"id": one, "url": "cv.pdf"} for one in attachments]
        fields = {"id": "a", "created_at": 1_700_000_000, "attachments": several}
        return {"type": "RECORD", "stream": "applicants", "record": fields}

    load(remembering, [LISTS, applicant("1", "2")])
    shows(remembering, note, [LISTS, applicant("2")], {("a", "2")})


@rule("Deletion")
def test_a_version_that_no_longer_names_a_resume(remembering: Bench, note: Note) -> None:
    def version(number: int, *keys: tuple[int, str, str]) -> list[dict[str, Any]]:
        activate = {"type": "ACTIVATE_VERSION", "stream": "resumes", "version": number}
        return [ROWS, *({**one, "version": number} for one in rows(*keys)), activate]

    load(remembering, version(1, (1, "a", "r"), (2, "b", "r")))
    shows(remembering, note, version(2, (2, "b", "r")), {("b", "r")})


@rule("Deletion")
def test_an_operator_erases_a_person_now(remembering: Bench, note: Note) -> None:
    load(remembering, [ROWS, *rows((1, "a", "1"), (2, "a", "2"), (3, "b", "1"))])
    config = remembering.config()
    command = str(COMMAND.with_name("target-linkedin-resumes-ledger"))
    erase = [command, "--config", str(config), "erase", "a", "--yes"]
    done = subprocess.run(erase, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert set(remembering.held()) == {("b", "1")}
    note("`erase` says", "; ".join(line for line in done.stdout.splitlines() if "deleted" in line))
    note("exit code", done.returncode)
    note("resumes at LinkedIn after", named({("b", "1")}))


@rule("Deletion")
def test_a_deletion_that_linkedin_refuses_is_outstanding(remembering: Bench, note: Note) -> None:
    load(remembering, [ROWS, *rows((1, "a", "r"), (2, "b", "r"))])
    refusal = {"endpoint": "batch_delete", "kind": "key_status", "status": 403}
    remembering.sandbox.set_faults({**refusal, "keys": [["a", "r"]]})
    refused = remembering.run([ROWS, gone("resumes", id=1), gone("resumes", id=2), state(1)])
    next_run = remembering.run([ROWS, state(2)])
    assert (refused.code, next_run.code) == (3, 3)
    assert set(remembering.held()) == {("a", "r")}
    remembering.sandbox.set_faults()
    later = remembering.run([ROWS, state(3)])
    assert later.code == 0, later.log
    assert remembering.held() == {}
    note("exit codes while one of two deletions is refused", f"{refused.code}, {next_run.code}")
    note("exit code of the next run that LinkedIn takes it from", later.code)
    note("resumes at LinkedIn after", named(set(remembering.held())))


@rule("Limits")
def test_batches_are_of_100_and_one_after_another(bench: Bench, note: Note) -> None:
    deliver(bench, upserts(bench, 1050))
    sizes = [call["ids"] for call in calls(bench, "batch_update")]
    shown = bench.sandbox.snapshot()
    assert max(sizes) == 100
    assert sum(sizes) == 1050
    assert shown["highest_concurrency"]["batch"] == 1
    assert shown["breaches"] == []
    note("records in the largest batch", max(sizes))
    note("batch calls at once, at the most", shown["highest_concurrency"]["batch"])
    note("breaches of LinkedIn's rules that the sandbox noted", len(shown["breaches"]))
