"""`--check` ends with 2 where the next run would, with the same words, and changes nothing.

Each row of "It ends with 2" in docs/failures.md has a case here, or a reason why it has none.
"""

from __future__ import annotations

import re
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from target_linkedin_resumes.stores.audit_log import open_lines
from target_linkedin_resumes.stores.ledger_db import LedgerDB
from tests.docs.documents import read, section, table
from tests.e2e.support import SCHEMA, Bench, record, state
from tests.http.servers import read_request, serving

Settings = dict[str, Any]
Case = Callable[[Bench], Any]
OWNER = {"organization": "urn:li:organization:1234567890", "contract": "urn:li:contract:123456"}
KEY = "k" * 32
ROWS = [row[0].strip("`") for row in table(section(read("docs/failures.md"), "## It ends with 2"))]
NOT_FOUND_BY_A_CHECK = {
    "Name what the stream has": "the tap's SCHEMA is there in a run alone",
    "expected options as in its documentation": "they are looked at with the first file",
    "the token endpoint refuses it": "a token is asked for with the first file",
    "token_url cannot be called": "the same",
    "expected a path in a directory of this machine": "it is for file systems that SQLite fails on",
    "standard input is closed or cannot be read": "a check reads none",
    "standard output is closed or cannot be written": "it takes a process: see test_ends.py",
    "needs a directory for temporary files": "no machine of ours is without one",
}
# Found when the configuration is read, which a check begins with as a run does.
IN_THE_CONFIGURATION: dict[str, Settings] = {
    "setting '…': required and missing": {"client_secret": None},
    "is not valid; expected": {"batch_size_rows": 500},
    "setting '…': expected": {"only": {"type": []}},
    "too short to keep ids secret": {"audit_path": "audit.jsonl", "audit_key": "short"},
    "required by": {"on_reject": "continue"},
    "a percentage refers to what the ledger holds": {"max_deletes": "10%"},
    "the list is empty; expected": {"fields": {"file": []}},
    "no field of this target": {"fields": {"phone": "phone"}},
    "this text is not valid JSON; expected": {"fields": "{file"},
    "stand for the braces themselves": {"fields": {"file": "{file"}},
    "has every resume of a deleted candidate deleted": {"fields": {"resume_id": "*"}},
    "has no list; expected no": {"fields": {"s": {"resume_id": "*", "each": "files"}}},
    "stands alone; expected no other name": {"fields": {"s": {"resume_id": ["*", "id"]}}},
    "it names itself;": {"fields": {"s": {"each": "each.files"}}},
    "expected the name of a list in the record": {"fields": {"s": {"each": ["files"]}}},
}


def with_fault(endpoint: str, status: int, **body: Any) -> Case:
    """LinkedIn answers one of its endpoints with a status."""

    def case(bench: Bench) -> Settings:
        fault = {"endpoint": endpoint, "kind": "status", "status": status}
        bench.sandbox.set_faults({**fault, "body": body} if body else fault)
        return {}

    return case


def with_settings(**settings: Any) -> Case:
    return lambda _: settings


def with_file(setting: str, content: bytes) -> Case:
    """A path leads to a file with this content."""

    def case(bench: Bench) -> Settings:
        path = bench.directory / "file"
        path.write_bytes(content)
        return {setting: str(path), "audit_key": KEY}

    return case


def with_environment(settings: Settings, **variables: str) -> Case:
    def case(bench: Bench) -> Settings:
        bench.environment = variables
        return settings

    return case


def another_customers_ledger(bench: Bench) -> Settings:
    path = bench.directory / "ledger.db"
    LedgerDB(path, {**OWNER, "organization": "urn:li:organization:7"}).close()
    return {"ledger_path": str(path)}


def a_newer_ledger(bench: Bench) -> Settings:
    path = bench.directory / "ledger.db"
    LedgerDB(path, OWNER).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1000")
    return {"ledger_path": str(path)}


def another_programs_database(bench: Bench) -> Settings:
    path = bench.directory / "ledger.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customers (name)")
    return {"ledger_path": str(path)}


def a_directory_called_json(bench: Bench) -> Settings:
    (bench.directory / "report.json").mkdir()
    return {"report_path": str(bench.directory / "report.html")}


def a_file_called_html(bench: Bench) -> Settings:
    path = bench.directory / "page.html"
    path.write_text("<p>mine</p>")
    return {"report_path": str(path)}


def a_broken_configuration(bench: Bench) -> tuple[str, ...]:
    (bench.directory / "broken.json").write_text("{")
    return ("--config", str(bench.directory / "broken.json"))


def another_audit_key(bench: Bench) -> Settings:
    settings: Settings = {"audit_path": str(bench.directory / "audit.jsonl"), "audit_key": KEY}
    stream = [SCHEMA, record(1, "r", bench.file("cv.pdf")), state(1)]
    assert bench.run(stream, **settings).code == 0
    return {**settings, "audit_key": "K" * 32}


@contextmanager
def an_untrusted_certificate(_: Bench) -> Iterator[Settings]:
    with serving(lambda connection, _: _read(connection), tls=True) as port:
        yield {"token_url": f"https://127.0.0.1:{port}/oauth/v2/accessToken"}


@contextmanager
def a_proxy_that_refuses(bench: Bench) -> Iterator[Settings]:
    def refuse(connection: socket.socket, _: int) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")

    with serving(refuse) as port:
        bench.environment = {"HTTPS_PROXY": f"http://127.0.0.1:{port}"}
        yield {"token_url": "https://linkedin.invalid/oauth/v2/accessToken"}


@contextmanager
def a_ledger_in_use(bench: Bench) -> Iterator[Settings]:
    path = bench.directory / "ledger.db"
    with closing(LedgerDB(path, OWNER)):
        yield {"ledger_path": str(path)}


@contextmanager
def an_audit_file_in_use(bench: Bench) -> Iterator[Settings]:
    path = bench.directory / "audit.jsonl"
    with closing(open_lines(path)):
        yield {"audit_path": str(path), "audit_key": KEY}


@contextmanager
def without_s3fs(_: Bench) -> Iterator[Settings]:
    with mock.patch.dict(sys.modules, {"s3fs": None}):
        yield {"file_sources": [{"prefix": "s3://bucket/"}]}


def an_office_that_fails(bench: Bench) -> Settings:
    (bench.directory / "bin").mkdir()
    soffice = bench.directory / "bin" / "soffice"
    soffice.write_text("#!/bin/sh\nexit 1\n")
    soffice.chmod(0o700)
    bench.environment = {"PATH": f"{soffice.parent}:/usr/bin:/bin"}
    return {"convert": "pdf"}


def _read(connection: socket.socket) -> None:
    read_request(connection)


IN_WHAT_IT_NAMES: dict[str, Case] = {
    "--config: … cannot be used": a_broken_configuration,
    "expected the beginning of a URL": with_settings(file_sources=[{"prefix": "s3://a/?b"}]),
    "is no header that can be sent": with_settings(
        file_sources=[{"prefix": "https://crm.example/", "headers": {"A B": "c"}}]
    ),
    "exclude each other; write": with_settings(
        file_sources=[
            {
                "prefix": "https://crm.example/",
                "headers": {"Authorization": "Bearer a"},
                "oauth": {
                    "token_url": "https://auth.example/",
                    "client_id": "a",
                    "client_secret": "b",
                },
            }
        ]
    ),
    "of no use for": with_settings(
        file_sources=[{"prefix": "s3://bucket/", "headers": {"A": "b"}}]
    ),
    "environment variable …: ": with_environment({}, REQUESTS_CA_BUNDLE="/no/such/bundle"),
    "LinkedIn does not accept the setting client_secret": with_settings(client_secret="wrong"),
    "LinkedIn does not know the setting client_id": with_settings(client_id="unknown"),
    "may not use client credentials": with_fault("token", 401, error="access_denied"),
    "check the settings client_id, client_secret and token_url": with_fault(
        "token", 400, error="invalid_request"
    ),
    "this is not how LinkedIn's token endpoint answers": with_fault("token", 405),
    "has no right to this": with_fault("url", 403),
    "LinkedIn refuses the access token, also a new one": with_fault("url", 401),
    "there is no such resource, or it is hidden": with_fault("url", 404),
    "this is not how LinkedIn's API answers": with_fault("url", 405),
    "name its CA bundle in the environment variable REQUESTS_CA_BUNDLE": an_untrusted_certificate,
    "check HTTPS_PROXY and its credentials": a_proxy_that_refuses,
    "expected an HTTP proxy as http://host:port": with_environment(
        {"token_url": "https://linkedin.invalid/oauth/v2/accessToken"}, HTTPS_PROXY="socks5://h:1"
    ),
    "LinkedIn no longer serves this version of its API": with_fault("url", 426),
    "expected a path in a directory that this user may write to": with_settings(
        rejects_path=f"/proc/{'x' * 10}", on_reject="continue"
    ),
    "exists and is not a regular file": a_directory_called_json,
    "exists and is not a report of this target": a_file_called_html,
    "is in use by another run": a_ledger_in_use,
    "with another key, so its lines": another_audit_key,
    "give each customer's pipeline its own ledger": another_customers_ledger,
    "holds something else; expected": with_file("rejects_path", b"root:x:0:0"),
    "is no line of an audit file; expected": with_file("audit_path", b"root:x:0:0\n"),
    "is a database of another program": another_programs_database,
    "was written by a newer version of this program": a_newer_ledger,
    "the file is damaged or is no ledger": with_file("ledger_path", b"no ledger\n" * 200),
    "'pdf' needs LibreOffice": with_environment({"convert": "pdf"}, PATH="/nowhere"),
    "cannot convert a test page": an_office_that_fails,
    "not installed; run: pip install": without_s3fs,
}


@contextmanager
def settings_of(case: Case, bench: Bench) -> Iterator[tuple[tuple[str, ...], Settings]]:
    """Give the arguments and the settings of a case for the length of a ``with``."""
    made = case(bench)
    with made if isinstance(made, AbstractContextManager) else nullcontext(made) as given:
        yield (given, {}) if isinstance(given, tuple) else ((), given)


def files(directory: Path) -> dict[str, bytes]:
    """What lies in a directory, apart from what the bench and its sandbox put there."""
    paths = [path for path in directory.rglob("*") if path.is_file()]
    found = {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}
    theirs = ("log.txt", "config.json", "linkedin/")
    return {name: content for name, content in found.items() if not name.startswith(theirs)}


def says(bench: Bench, *arguments: str, **settings: Any) -> str:
    """Give all that the command says, which ends with 2."""
    done = bench.invoke([SCHEMA, record(1, "r", bench.file("cv.pdf"))], *arguments, **settings)
    text = done.stdout.decode() + done.stderr
    assert done.code == 2, text
    assert "Traceback" not in text
    assert "***" not in text  # the log's mask leaves these messages alone
    return text


def matches(quoted: str, text: str) -> bool:
    return re.search(".+".join(map(re.escape, quoted.split("…"))), text) is not None


def test_each_row_has_a_case_or_a_reason() -> None:
    cases = [*NOT_FOUND_BY_A_CHECK, *IN_THE_CONFIGURATION, *IN_WHAT_IT_NAMES]
    assert sorted(cases) == sorted(ROWS)


@pytest.mark.parametrize("quoted", IN_THE_CONFIGURATION)
def test_what_is_wrong_in_the_configuration(bench: Bench, quoted: str) -> None:
    assert matches(quoted, says(bench, "--check", **IN_THE_CONFIGURATION[quoted]))


@pytest.mark.parametrize("quoted", IN_WHAT_IT_NAMES)
def test_what_is_wrong_where_the_configuration_leads(
    bench: Bench, quoted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = bench.directory / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with settings_of(IN_WHAT_IT_NAMES[quoted], bench) as (arguments, settings):
        bench.file("cv.pdf")
        before = files(bench.directory)
        checked = says(bench, *arguments, "--check", **settings)
        after = files(bench.directory)
        ran = says(bench, *arguments, **settings)
    assert matches(quoted, checked), checked
    assert matches(quoted, ran), ran
    assert after == before


def test_a_check_leaves_no_file_behind(bench: Bench) -> None:
    settings = {
        "rejects_path": str(bench.directory / "rejects.singer"),
        "audit_path": str(bench.directory / "audit.jsonl"),
        "audit_key": KEY,
        "ledger_path": str(bench.directory / "ledger.db"),
        "report_path": str(bench.directory / "report.html"),
    }
    for _ in range(2):  # where there is nothing yet, and where a run has left its files
        before = files(bench.directory)
        done = bench.invoke([], "--check", **settings)
        said = done.stdout.decode()
        assert done.code == 0, said
        for name in settings.keys() - {"audit_key"}:
            assert f"ok    {name}: {settings[name]} can be used" in said
        assert files(bench.directory) == before
        stream = [SCHEMA, record(1, "r", "no-such.pdf"), record(2, "r", bench.file("cv.pdf"))]
        assert bench.run(stream, **settings, on_reject="continue").code == 0
