"""Canaries: whatever fails, no log line holds a secret, a signed URL, or a word of a record."""

from __future__ import annotations

import base64
import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.e2e.conftest import MakeBench
from tests.e2e.support import PDF, SCHEMA, Bench, Finished, deletion, line, state

CLIENT_ID = "canary-client-77abcdef"
SECRET = "c4n/ry+s3cr=t&%7e€x"
WRONG = "wr0ng/c4n+ry=s&cret"
NAME = "Zebedee Quillfeather"
MAIL = "zebedee.canary@mail.example"
PHONE = "+44 20 7946 0147"
NOTE = "canary-note-wants-to-leave"
FILE = "canary-cv-of-zebedee"
TEXT = "canary-content-ten-years-at-acme"
QUERY = "canary-signature-9f8e"
CONTENT = PDF + f"% {TEXT}\n".encode()
ENCODED = base64.b64encode(CONTENT).decode()
PERSONAL = {"name": NAME, "email": MAIL, "phone": PHONE, "notes": NOTE, "salary": "canary-8125"}
# Words of records that must be in no log line, whatever their spelling.
PRIVATE = (NAME, MAIL, PHONE, NOTE, FILE, TEXT, QUERY, ENCODED[:40], "canary-8125", "Quillfeather")
# The path of an upload, and the parameter of a signed URL that is the credential.
SIGNED = ("x-li-ambry-ep", "x-ambry-filename", "/ambry/?")
ECHO = {
    "message": f"RestException: could not store {NAME} <{MAIL}> {NOTE} from {FILE}.pdf",
    "stackTrace": f"at com.linkedin.Store: Authorization: Bearer x {SECRET} {TEXT}",
}


def canary(number: int, **changes: Any) -> dict[str, Any]:
    """A RECORD message with all that is private; the ids are not."""
    fields = {
        "candidate_id": f"c{number}",
        "resume_id": "r",
        "created_at": "2024-05-01T10:00:00Z",
        "file": f"{FILE}.pdf",
        **PERSONAL,
        **changes,
    }
    return {"type": "RECORD", "stream": "resumes", "record": fields}


def spellings(secret: str) -> set[str]:
    """A secret as it stands, and as URLs, forms and JSON write it."""
    return {
        secret,
        quote(secret, ""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    }


@dataclass
class Watch:
    """Runs commands and keeps all that they wrote."""

    bench: Bench
    written: list[str] = field(default_factory=list)

    @property
    def rejects(self) -> Path:
        return self.bench.directory / "rejects.singer"

    @property
    def keeping(self) -> dict[str, Any]:
        return {"on_reject": "continue", "rejects_path": str(self.rejects)}

    def run(self, messages: list[Any], *arguments: str, **settings: Any) -> Finished:
        done = self.bench.invoke(messages, *arguments, **settings)
        return self.note(done.code, done.stdout)

    def note(self, code: int, out: bytes) -> Finished:
        log = (self.bench.directory / "log.txt").read_text()
        self.written += [log, out.decode()]
        lines = [text for text in out.splitlines() if text.startswith(b"{")]
        return Finished(code, [json.loads(text) for text in lines], log)

    def check(self) -> None:
        """Look through all that was written."""
        for path in self.bench.directory.glob("*.log"):
            self.written.append(path.read_text())
        tokens: list[str] = self.bench.sandbox.ask(lambda s: list(s.tokens._tokens))
        secrets = {text for secret in (SECRET, WRONG) for text in spellings(secret)}
        secrets |= {token[:24] for token in tokens} | set(SIGNED)
        for text in self.written:
            for word in secrets | set(PRIVATE) | {CLIENT_ID}:
                assert word not in text, f"{word!r} is in: {around(text, word)}"
        if self.rejects.exists():
            kept = self.rejects.read_text()
            for word in secrets:
                assert word not in kept, f"{word!r} is in the rejects"


def around(text: str, word: str) -> str:
    at = text.index(word)
    return text[max(at - 300, 0) : at + 300]


def stream(*numbers: int) -> list[Any]:
    return [SCHEMA, *(canary(number) for number in numbers), state(len(numbers))]


def wrong_secret(watch: Watch) -> None:
    """LinkedIn says no, and repeats the secret in its answer."""
    done = watch.run(stream(1), client_secret=WRONG)
    assert done.code == 2
    assert "client_secret" in done.log
    for secret in (SECRET, quote_plus(SECRET)):
        echo = {"error": "invalid_client", "error_description": f"not the secret: {secret}"}
        watch.bench.sandbox.set_faults(
            {"endpoint": "token", "kind": "status", "status": 401, "body": echo}
        )
        done = watch.run(stream(1))
        assert done.code == 2
        assert "not the secret" in done.log


def refused_tokens(watch: Watch) -> None:
    watch.bench.sandbox.set_faults(
        {"endpoint": "batch_update", "kind": "status", "status": 401, "body": ECHO},
        {"endpoint": "upload", "kind": "status", "status": 401, "body": ECHO, "times": 5},
    )
    done = watch.run(stream(*range(10)))
    assert done.code == 2
    assert "refuses the access token" in done.log


def missing_rights(watch: Watch) -> None:
    for endpoint, status in (("url", 403), ("batch_update", 426), ("url", 400), ("upload", 415)):
        watch.bench.sandbox.set_faults(
            {"endpoint": endpoint, "kind": "status", "status": status, "body": ECHO}
        )
        done = watch.run(stream(1, 2))
        assert done.code in {1, 2}
        assert f"answered {status}" in done.log


def transient_failures(watch: Watch) -> None:
    """Each kind of answer that cannot be used, shared out over the calls: waits add up."""
    kinds: list[dict[str, Any]] = [
        {"kind": "status", "status": 500, "body": ECHO},
        {"kind": "status", "status": 503, "body": "java"},
        {"kind": "status", "status": 429, "body": "html"},
        {"kind": "reset_after"},
        {"kind": "cut_short"},
        {"kind": "black_hole", "ms": 1500},
        *({"kind": "malformed", "form": form} for form in ("json", "html", "empty")),
    ]
    calls = ("token", "url", "upload", "batch_update")
    watch.bench.sandbox.set_faults(
        *(
            {**kind, "endpoint": calls[(number + shift) % len(calls)], "times": 1}
            for shift in (0, 1)
            for number, kind in enumerate(kinds)
        ),
        {"endpoint": "batch", "kind": "partial", "times": 2, "statuses": [500]},
    )
    done = watch.run(stream(*range(30)), request_timeout_seconds=1)
    assert done.code == 0, done.log
    assert "again" in done.log


def refused_records(watch: Watch) -> None:
    watch.bench.sandbox.set_faults(
        {"endpoint": "batch_update", "kind": "poison", "keys": [["c3", "r"]]},
        {"endpoint": "batch", "kind": "key_status", "status": 422, "keys": [["c5", "r"]]},
    )
    done = watch.run(stream(*range(10)), **watch.keeping)
    assert done.code == 0, done.log
    assert watch.rejects.read_text().count('"linkedin_refused"') == 2
    assert NAME in watch.rejects.read_text()
    done = watch.run([SCHEMA, deletion("c5", "r"), state(1)])
    assert done.code == 1
    assert "refuses this deletion" in done.log


def bad_records(watch: Watch) -> None:
    bench = watch.bench
    bench.file(f"{FILE}-empty.pdf", b"")
    bench.file(f"{FILE}-picture.pdf", b"\x89PNG\r\n\x1a\n" + TEXT.encode())
    bench.file(f"{FILE}-login.pdf", f"<html>{TEXT}<input type='password'></html>".encode())
    changes: list[dict[str, Any]] = [
        {"file": f"{FILE}-nowhere.pdf"},
        {"file": f"{FILE}-empty.pdf"},
        {"file": f"{FILE}-picture.pdf"},
        {"file": f"{FILE}-login.pdf"},
        {"file": f"../{FILE}.pdf"},
        {"file": f"{FILE}\0.pdf"},
        {"file": f"https://10.0.0.1/{FILE}.pdf?sig={QUERY}"},
        {"file": f"https://{FILE}.invalid/{FILE}.pdf?sig={QUERY}"},
        {"file": f"http://user:{QUERY}@[::1/{FILE}.pdf"},
        {"file": f"gopher://{FILE}/{QUERY}"},
        {"file": f"s3://{FILE}-bucket/{FILE}.pdf?{QUERY}"},
        {"file": f"data:{FILE};{TEXT}"},
        {"file": {"content": f"{TEXT}: no base64", "filename": f"{FILE}.pdf"}},
        {"file": None, "file_base64": f"{TEXT}!"},
        {"file": None, "file_base64": [NAME]},
        {"file": {"url": f"{FILE}.pdf", "content": ENCODED}},
        {"created_at": NOTE},
        {"created_at": {"at": NOTE}},
        {"candidate_id": None},
        {"candidate_id": {"name": NAME}},
        {"resume_id": ""},
        {"filename": 5, "content_type": [NAME]},
        {"_sdc_deleted_at": NOTE},
    ]
    records = [canary(number, **change) for number, change in enumerate(changes)]
    early = {**canary(98), "stream": "unannounced"}
    fine = canary(99, file=None, file_base64=ENCODED, filename=f"{FILE}.pdf")
    done = watch.run([early, SCHEMA, *records, fine, state(1)], **watch.keeping)
    assert done.code == 0, done.log
    assert watch.rejects.read_text().count('"RECORD"') == len(changes) + 1
    assert bench.held().keys() == {("c99", "r")}
    for record in (records[0], records[16], records[18]):  # and where the first one stops the run
        assert watch.run([SCHEMA, record, state(1)]).code == 1


def bad_input(watch: Watch) -> None:
    maps = {"resumes": {"file": "int(notes)", "candidate_id": "candidate_id"}}
    done = watch.run(stream(1), stream_maps=maps)
    assert done.code == 1
    for bad in (
        line(canary(2)).rstrip(b"}\n"),
        line({"type": "RECORD", "stream": "resumes", "record": [NAME, MAIL]}),
        line({"type": NAME, "record": PERSONAL}),
        line({"type": "SCHEMA", "stream": NAME, "schema": {"properties": NOTE}}),
    ):
        done = watch.run([*stream(1), bad])
        assert done.code == 1, done.log
        assert "line 4 of the input" in done.log
    encoding = {"format": "jsonl", "compression": "gzip"}
    files = [f"file:///{FILE}.gz"]
    batch = {"type": "BATCH", "stream": "resumes", "encoding": encoding, "manifest": files}
    done = watch.run([SCHEMA, batch, state(1)])
    assert done.code == 1
    assert "BATCH file 1 of 1" in done.log


def stopped_in_the_middle(watch: Watch) -> None:
    for signals in (1, 2):
        watch.bench.sandbox.set_faults({"endpoint": "upload", "kind": "delay", "ms": 20_000})
        with watch.bench.start(shutdown_grace_seconds=1) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"".join(map(line, stream(*range(20)))))
            process.stdin.flush()
            deadline = time.monotonic() + 20
            while not faults_hit(watch.bench) and time.monotonic() < deadline:
                time.sleep(0.02)
            for _ in range(signals):
                process.send_signal(signal.SIGTERM)
                time.sleep(0.1)
            assert process.wait(20) == 143
            watch.note(143, process.stdout.read())
        assert "SIGTERM" in watch.written[-2]


def faults_hit(bench: Bench) -> int:
    return bench.sandbox.ask(lambda state: sum(rule.fired for rule in state.faults.rules))


def patience_at_its_end(watch: Watch) -> None:
    """Retries that come to their end; and what looks before it writes."""
    watch.bench.sandbox.set_faults(
        {"endpoint": "upload", "kind": "status", "status": 500, "body": ECHO}
    )
    done = watch.run(stream(*range(5)), retry_seconds=1, shutdown_grace_seconds=0)
    assert done.code == 1
    assert "retry_seconds=1" in done.log
    done = watch.run([*stream(1), canary(2, file=f"{FILE}-nowhere.pdf")], dry_run=True)
    assert done.code == 0
    assert "would be rejected" in done.log
    watch.bench.sandbox.set_faults(
        {"endpoint": "url", "kind": "status", "status": 403, "body": ECHO}
    )
    assert watch.run([], "--check").code == 2
    watch.bench.sandbox.set_faults()
    assert watch.run([], "--check").code == 0


PATHS: list[Callable[[Watch], None]] = [
    wrong_secret,
    refused_tokens,
    missing_rights,
    transient_failures,
    refused_records,
    bad_records,
    bad_input,
    stopped_in_the_middle,
    patience_at_its_end,
]


@pytest.fixture
def watch(make_bench: MakeBench) -> Watch:
    bench = make_bench(clients={CLIENT_ID: SECRET})
    bench.settings = {"client_id": CLIENT_ID, "client_secret": SECRET, "batch_size_rows": 10}
    bench.file(f"{FILE}.pdf", CONTENT)
    return Watch(bench)


@pytest.mark.parametrize(
    "leak", [SECRET, quote_plus(SECRET), WRONG, CLIENT_ID, NAME, FILE, ENCODED]
)
def test_a_canary_in_a_log_would_be_seen(watch: Watch, leak: str) -> None:
    watch.written.append(f"could not store {leak}.")
    with pytest.raises(AssertionError, match="is in"):
        watch.check()


# What is logged at INFO is logged at DEBUG as well; no code asks for the level.
@pytest.mark.parametrize(
    ("path", "level"),
    [(bad_records, "INFO"), (missing_rights, "INFO"), *((path, "DEBUG") for path in PATHS)],
    ids=lambda given: given if isinstance(given, str) else given.__name__,
)
def test_no_canary_is_in_a_log(watch: Watch, path: Callable[[Watch], None], level: str) -> None:
    prefix = "TARGET_LINKEDIN_RESUMES_" if PATHS.index(path) % 2 else ""
    watch.bench.environment = {f"{prefix}LOGLEVEL": level}
    path(watch)
    assert any(f"| {level}" in text for text in watch.written)
    watch.check()


@pytest.mark.parametrize("path", [wrong_secret, transient_failures, bad_records])
def test_no_canary_is_in_lines_of_json(watch: Watch, path: Callable[[Watch], None]) -> None:
    """Logging as Meltano configures it, everything at DEBUG, and a file beside it."""
    directory = watch.bench.directory
    (directory / "logging.yml").write_text(
        json.dumps(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "formatters": {
                    "structured": {"()": "singer_sdk.logging.StructuredFormatter"},
                    "plain": {"format": "%(name)s %(message)s"},
                },
                "handlers": {
                    "stderr": {
                        "class": "logging.StreamHandler",
                        "formatter": "structured",
                        "stream": "ext://sys.stderr",
                    },
                    "file": {
                        "class": "logging.FileHandler",
                        "formatter": "plain",
                        "filename": str(directory / "own.log"),
                    },
                },
                "root": {"level": "DEBUG", "handlers": ["stderr", "file"]},
            }
        )
    )
    watch.bench.environment = {"SINGER_SDK_LOG_CONFIG": str(directory / "logging.yml")}
    path(watch)
    lines = (directory / "log.txt").read_text().splitlines()
    assert lines
    for text in lines:
        assert isinstance(json.loads(text), dict), text
    assert (directory / "own.log").stat().st_size > 0
    watch.check()
