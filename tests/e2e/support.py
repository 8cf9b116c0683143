"""Runs the command against a sandbox, here or launched, and looks at what became of it."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from target_linkedin_resumes.sandbox.server import Running
from tests.e2e.inprocess import Invoked, invoke

COMMAND = Path(sys.executable).with_name("target-linkedin-resumes")
SCHEMA: dict[str, Any] = {
    "type": "SCHEMA",
    "stream": "resumes",
    "key_properties": ["candidate_id", "resume_id"],
    "schema": {
        "type": "object",
        "properties": {"candidate_id": {}, "resume_id": {}, "created_at": {}, "file": {}},
    },
}
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
AWKWARD = [
    "a:b",
    "x&y=1",
    "50%",
    "p+q",
    "sp ace",
    "#1",
    "a/b?c",
    '"q"',
    "{}",
    "名前",
    "é",
    "😀",
    "'",
]


@dataclass
class Apart:
    """A sandbox in a process of its own, asked over HTTP."""

    url: str

    def snapshot(self) -> dict[str, Any]:
        """As ``Running.snapshot``."""
        return dict(self._get("/sandbox/state"))

    def journal(self) -> list[dict[str, Any]]:
        """As ``Running.journal``."""
        return list(self._get("/sandbox/journal?limit=100000")["entries"])

    def set_faults(self, *rules: dict[str, Any], seed: int = 0) -> None:
        """As ``Running.set_faults``."""
        body = {"seed": seed, "rules": list(rules)}
        requests.post(f"{self.url}/sandbox/faults", json=body, timeout=10).raise_for_status()

    def _get(self, path: str) -> Any:
        answer = requests.get(self.url + path, timeout=60)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def apart(data: Path, *options: str) -> Iterator[Apart]:
    """The sandbox's command, for the length of a ``with``."""
    command = COMMAND.with_name("linkedin-resumes-sandbox")
    data.mkdir(exist_ok=True)
    with subprocess.Popen(
        [command, "--port", "0", "--data", str(data), *options],
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        try:
            yield Apart(json.loads(process.stdout.readline())["url"])
        finally:
            process.terminate()


@dataclass
class Finished:
    """What a run left behind."""

    code: int
    states: list[dict[str, Any]]
    log: str


@dataclass
class Bench:
    """A directory with files and a configuration for one sandbox."""

    directory: Path
    sandbox: Running
    settings: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def files(self) -> Path:
        """Where the resumes lie."""
        return self.directory / "files"

    def file(self, name: str, content: bytes = PDF) -> str:
        """Write a file; gives its name relative to the root."""
        self.files.mkdir(exist_ok=True)
        (self.files / name).write_bytes(content)
        return name

    def config(self, **settings: Any) -> Path:
        """Write the configuration."""
        self.files.mkdir(exist_ok=True)
        path = self.directory / "config.json"
        config = {
            "client_id": "sandbox",
            "client_secret": "sandbox-secret",
            "organization": "urn:li:organization:1234567890",
            "contract": "123456",
            "api_url": self.sandbox.url,
            "token_url": f"{self.sandbox.url}/oauth/v2/accessToken",
            "file_root": str(self.files),
            **self.settings,
            **settings,
        }
        path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))
        return path

    @contextmanager
    def start(self, *arguments: str, **settings: Any) -> Iterator[subprocess.Popen[bytes]]:
        """Launch the command; it is killed at the end if it still runs.

        For what needs a process of its own: signals, kills, limits of the kernel, and what is
        looked at or changed while it runs.
        """
        log = (self.directory / "log.txt").open("wb")
        process = subprocess.Popen(
            [COMMAND, "--config", str(self.config(**settings)), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **self.environment},
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            log.close()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()

    def run(
        self, messages: Iterable[Mapping[str, Any] | bytes], *arguments: str, **settings: Any
    ) -> Finished:
        """Run the command on a whole stream, in this process."""
        invoked = self.invoke(messages, *arguments, **settings)
        return self.finished(invoked.code, invoked.stdout)

    def invoke(
        self, messages: Iterable[Mapping[str, Any] | bytes], *arguments: str, **settings: Any
    ) -> Invoked:
        """As ``run``; gives what was printed as it is."""
        config = ("--config", str(self.config(**settings)))
        data = b"".join(map(line, messages))
        invoked = invoke([*config, *arguments], data, self.environment)
        (self.directory / "log.txt").write_text(invoked.stderr)
        return invoked

    def launch(
        self, messages: Iterable[Mapping[str, Any] | bytes], *arguments: str, **settings: Any
    ) -> Finished:
        """As ``run``, in a process of its own."""
        data = b"".join(map(line, messages))
        with self.start(*arguments, **settings) as process:
            out, _ = process.communicate(data, timeout=150)
            return self.finished(process.returncode, out)

    def finished(self, code: int, out: bytes) -> Finished:
        """Read what a run has printed."""
        log = (self.directory / "log.txt").read_text()
        return Finished(code, [json.loads(text) for text in out.splitlines()], log)

    def held(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What the sandbox holds, by key."""
        resumes: list[dict[str, Any]] = self.sandbox.snapshot()["resumes"]
        return {(r["candidate_id"], r["resume_id"]): r for r in resumes}


def line(message: Mapping[str, Any] | bytes) -> bytes:
    """A line of a Singer stream."""
    return message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"


def record(candidate: Any, resume: Any, file: str, **more: Any) -> dict[str, Any]:
    """A RECORD message that upserts."""
    fields = {
        "candidate_id": candidate,
        "resume_id": resume,
        "created_at": "2024-05-01T10:00:00Z",
        "file": file,
        **more,
    }
    return {"type": "RECORD", "stream": "resumes", "record": fields}


def deletion(candidate: Any, resume: Any) -> dict[str, Any]:
    """A RECORD message that deletes."""
    fields = {
        "candidate_id": candidate,
        "resume_id": resume,
        "_sdc_deleted_at": "2024-06-01T00:00:00Z",
    }
    return {"type": "RECORD", "stream": "resumes", "record": fields}


def state(value: Any) -> dict[str, Any]:
    """A STATE message."""
    return {"type": "STATE", "value": {"bookmarks": {"resumes": value}}}


def covered(states: list[dict[str, Any]]) -> int:
    """How many events the last printed state covers."""
    return int(states[-1]["bookmarks"]["resumes"]) if states else 0


@dataclass
class History:
    """Random events on some keys: the stream, and what LinkedIn must hold after each of them."""

    events: list[dict[str, Any]]
    files: dict[str, bytes]

    @classmethod
    def make(cls, seed: int, events: int, keys: int, *, deletes: float = 0.15) -> History:
        """``deletes`` is the share of deletions; every upsert has bytes of its own."""
        chance = random.Random(seed)
        made: list[dict[str, Any]] = []
        files: dict[str, bytes] = {}
        for number in range(events):
            key = chance.randrange(keys)
            ids = (f"c{key % 40}{AWKWARD[key % len(AWKWARD)]}", f"r{key}")
            if chance.random() < deletes:
                made.append(deletion(*ids))
            else:
                name = f"f{number}.pdf"
                files[name] = PDF + b"% " + str(number).encode() + b"\n"
                made.append(record(*ids, name, created_at=1_700_000_000_000 + number))
        return cls(made, files)

    def messages(self, *, after: int = 0, every: int = 10) -> list[dict[str, Any]]:
        """The stream from an event on, with a STATE after every so many events."""
        stream = [SCHEMA]
        for number, event in enumerate(self.events, 1):
            if number > after:
                stream.append(event)
                if number % every == 0:
                    stream.append(state(number))
        if len(self.events) % every:
            stream.append(state(len(self.events)))
        return stream

    def expected(self, upto: int | None = None) -> dict[tuple[str, str], str | None]:
        """The last event of each key: the hash of its bytes, or None if it is deleted."""
        last: dict[tuple[str, str], str | None] = {}
        for event in self.events[:upto]:
            key, value = self.outcome(event)
            last[key] = value
        return last

    def outcome(self, event: Mapping[str, Any]) -> tuple[tuple[str, str], str | None]:
        """An event's key, and the hash of its bytes or None."""
        fields = event["record"]
        key = (str(fields["candidate_id"]), str(fields["resume_id"]))
        if "file" not in fields:
            return key, None
        return key, hashlib.sha256(self.files[fields["file"]]).hexdigest()

    def write(self, bench: Bench) -> None:
        """Write the files."""
        for name, content in self.files.items():
            bench.file(name, content)

    def check_complete(self, bench: Bench) -> None:
        """LinkedIn holds just what the last event of each key says."""
        held = {key: resume["sha256"] for key, resume in bench.held().items()}
        assert held == {key: sha for key, sha in self.expected().items() if sha is not None}

    def check_state(self, bench: Bench, states: list[dict[str, Any]]) -> None:
        """What the printed state covers is held, as the last covered event or a later one says."""
        done = covered(states)
        held = {key: resume["sha256"] for key, resume in bench.held().items()}
        later: dict[tuple[str, str], set[str | None]] = {}
        for event in self.events[done:]:
            key, value = self.outcome(event)
            later.setdefault(key, set()).add(value)
        for key, value in self.expected(done).items():
            assert held.get(key) in {value, *later.get(key, set())}, f"{key} is stale at {done}"
