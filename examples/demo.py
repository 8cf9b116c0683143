"""The main job, end to end: a Singer stream arrives whole at a LinkedIn on this machine.

    make demo

Starts the sandbox, feeds `resumes.singer` to the installed command `target-linkedin-resumes` as a
tap would, reads the stream once more by itself, and compares what should be there with what is
there. Exits with 1 and the differences if anything is off. `make demo LOOK=1` keeps the sandbox
running afterwards, for its page to be looked at, until Ctrl-C.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from calendar import timegm
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import ProxyHandler, build_opener

EXAMPLES = Path(__file__).resolve().parent
COMMANDS = Path(sys.executable).parent
ORGANIZATION, CONTRACT = "urn:li:organization:1234567890", "urn:li:contract:123456"
LATENCY = "url=50,upload=80,batch=150"  # milliseconds, of the order of the real ones
DEADLINE = 60  # seconds for the whole run

TYPES = {"application/pdf": "PDF", "application/msword": "DOC", "text/plain": "TXT"}
DELETING = re.compile(r"(?i)true|y|d|deleted|1|(?=.*[1-9])[\d :.+TZ-]{8,}")
MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d):?(\d\d)(?:\.(\d{1,6}))?)?"
    r"(?:Z|([+-])(\d\d):?(\d\d))?"
)

Key = tuple[str, str]


class Resume(NamedTuple):
    """What LinkedIn should hold, or does: ``created_at`` is in epoch milliseconds."""

    created_at: int
    sha256: str
    content_type: str


class Problem(Exception):
    """Something is off; the text says what."""


class Run(NamedTuple):
    """What came of the command: its exit code, the states it printed, its log, its seconds."""

    exit_code: int
    states: list[Any]
    log: str
    seconds: float


def main() -> int:
    """Run the demo; 0 if all is as it should be."""
    parser = argparse.ArgumentParser(description="Deliver the examples to a LinkedIn of one's own.")
    parser.add_argument("--look", action="store_true", help="keep the sandbox until Ctrl-C")
    look = parser.parse_args().look
    stream = (EXAMPLES / "resumes.singer").read_text("utf-8").splitlines()
    expected, last_state = read_stream(stream, EXAMPLES)
    events = Counter(json.loads(line)["type"] for line in stream)
    print(f"Delivering {events['RECORD']} records of examples/resumes.singer ...", flush=True)
    run = None
    try:
        with tempfile.TemporaryDirectory() as scratch, sandbox(Path(scratch)) as url:
            print(f"The sandbox's page meanwhile: {url}/", flush=True)
            run = deliver(stream, configuration(url), Path(scratch))
            held = json.loads(opened(f"{url}/sandbox/state"))
            problems = list(differences(expected, last_state, run, held))
            if not problems:
                show(held, run)
                print("\n".join(explain(stream, held)))
                if look:
                    wait(url)
    except Problem as reason:
        problems = [str(reason)]
    if not problems:
        if not look:
            print("\nTo look at what arrived in a browser: make demo LOOK=1")
        return 0
    for problem in problems[:20]:
        print(f"WRONG: {problem}", file=sys.stderr)
    if run is not None:
        print(f"\nThe command's log:\n{run.log}", file=sys.stderr)
    print(f"\nThe demo failed: {len(problems)} problem(s).", file=sys.stderr)
    return 1


# What should be there, read independently of the target's code


def read_stream(stream: Iterable[str], root: Path) -> tuple[dict[Key, Resume], Any]:
    """Give the resumes that the stream leaves behind, the last event of a key winning, and its
    last state.
    """
    there: dict[Key, Resume] = {}
    state = None
    for line in stream:
        message = json.loads(line)
        if message["type"] == "STATE":
            state = message["value"]
        elif message["type"] == "RECORD":
            record = message["record"]
            key = (str(record["candidate_id"]), str(record["resume_id"]))
            if deletes(record.get("_sdc_deleted_at")):
                there.pop(key, None)
            else:
                there[key] = read_resume(record, root)
    return there, state


def read_resume(record: Mapping[str, Any], root: Path) -> Resume:
    """Read what a record says of a resume, and the file."""
    content = content_of(record, root)
    kind = "text/plain"
    if content.lstrip().startswith(b"%PDF-"):
        kind = "application/pdf"
    elif content.startswith(bytes.fromhex("d0cf11e0a1b11ae1")):
        kind = "application/msword"
    return Resume(milliseconds(record["created_at"]), hashlib.sha256(content).hexdigest(), kind)


def content_of(record: Mapping[str, Any], root: Path) -> bytes:
    """Give the bytes that a record refers to or holds."""
    file: str | dict[str, str] = record.get("file", {"content": record.get("file_base64")})
    if isinstance(file, dict):
        if "content" in file:
            return base64.b64decode(file["content"])
        file = file["url"]
    if file.startswith("data:"):
        return base64.b64decode(file.partition(",")[2])
    return (root / file).read_bytes()


def deletes(marker: Any) -> bool:
    """Tell whether a deletion marker of the examples says that the resume is gone."""
    return bool(DELETING.fullmatch(str(marker)))


def milliseconds(created_at: str | float) -> int:
    """Read a timestamp by its digits."""
    text = str(created_at)
    if re.fullmatch(r"\d{9,}(\.\d+)?", text):
        whole, _, fraction = text.partition(".")
        digits = whole + fraction.ljust(3, "0")[:3] if len(whole) < 11 else whole
        return int(digits[:13])
    match = MOMENT.fullmatch(text)
    if match is None:
        raise Problem(f"the examples hold a timestamp that the demo cannot read: {text!r}")
    date, clock = [int(part) for part in match.groups()[:3]], match.groups("0")[3:6]
    seconds = timegm((*date, *(int(part) for part in clock)))
    sign, hours, minutes = match.groups("0")[7:]
    offset = int(hours) * 3600 + int(minutes) * 60
    seconds += offset if sign == "-" else -offset
    return seconds * 1000 + int((match[7] or "0").ljust(3, "0")[:3])


# What happens


@contextlib.contextmanager
def sandbox(scratch: Path) -> Iterator[str]:
    """Run the sandbox on a free port; gives its URL."""
    data = str(scratch / "linkedin")
    command = [str(COMMANDS / "linkedin-resumes-sandbox"), "--port", "0", "--data", data]
    command += ["--latency", LATENCY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise Problem("the sandbox did not start; see its message above")
            yield json.loads(line)["url"]
        finally:
            process.send_signal(signal.SIGTERM)


def configuration(url: str) -> dict[str, Any]:
    """Give the target's configuration for a sandbox at ``url``."""
    return {
        "client_id": "sandbox",
        "client_secret": "sandbox-secret",
        "organization": ORGANIZATION,
        "contract": CONTRACT,
        "api_url": url,
        "token_url": f"{url}/oauth/v2/accessToken",
        "file_root": str(EXAMPLES),
        "batch_max_age_seconds": 1,
    }


def deliver(stream: list[str], config: Mapping[str, Any], scratch: Path) -> Run:
    """Feed the stream to the command like a tap: a first part, and the rest once it is delivered.

    So some deletions meet resumes that LinkedIn holds already, and others meet them in flight.
    """
    path = scratch / "config.json"
    path.write_text(json.dumps(config), "utf-8")
    states = [number for number, line in enumerate(stream) if json.loads(line)["type"] == "STATE"]
    pause = states[len(states) // 2] + 1
    started = time.monotonic()
    with (scratch / "log").open("w+", encoding="utf-8") as log:
        command = [str(COMMANDS / "target-linkedin-resumes"), "--config", str(path)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TARGET_LINKEDIN_")}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment
        ) as process:
            watch = threading.Timer(DEADLINE, process.kill)
            watch.start()
            try:
                printed = list(feed(process, stream, pause))
                exit_code = process.wait()
            finally:
                watch.cancel()
        log.seek(0)
        return Run(exit_code, printed, log.read(), time.monotonic() - started)


def feed(process: subprocess.Popen[bytes], stream: list[str], pause: int) -> Iterator[Any]:
    """Write the stream, waiting after ``pause`` lines for the state that covers them."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError):  # the exit code and the log say why
        process.stdin.write("".join(f"{line}\n" for line in stream[:pause]).encode())
        process.stdin.flush()
        covering = json.loads(stream[pause - 1])["value"]
        for line in process.stdout:
            state = parsed(line)
            yield state
            if state == covering:
                break
        process.stdin.write("".join(f"{line}\n" for line in stream[pause:]).encode())
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    for line in process.stdout:
        yield parsed(line)


def parsed(line: bytes) -> Any:
    """Read a line of the command's standard output, which is for states alone."""
    try:
        return json.loads(line)
    except ValueError:
        raise Problem(f"the command printed something that is no state: {line[:200]!r}") from None


def opened(url: str) -> bytes:
    """Fetch a URL, past any proxy."""
    with build_opener(ProxyHandler({})).open(url, timeout=30) as response:
        content: bytes = response.read()
        return content


# What came of it


def differences(
    expected: Mapping[Key, Resume], last_state: Any, run: Run, held: Mapping[str, Any]
) -> Iterator[str]:
    """Say all that is not as it should be."""
    if run.exit_code != 0:
        yield f"the command ended with exit code {run.exit_code}"
    if not run.states or run.states[-1] != last_state:
        yield "the last state printed is not the last state of the stream"
    there = {
        (one["candidate_id"], one["resume_id"]): Resume(
            one["created_at"], one["sha256"], one["content_type"]
        )
        for one in held["resumes"]
    }
    for key in sorted(expected.keys() | there.keys()):
        if expected.get(key) != there.get(key):
            yield f"resume {key}: expected {expected.get(key)}, LinkedIn holds {there.get(key)}"
    if any(one["integration_context"] != ORGANIZATION for one in held["resumes"]):
        yield "a resume belongs to another organization"
    for code, count in held["breach_counts"].items():
        yield f"the sandbox noted {count} breach(es) of LinkedIn's rules: {code}"
    if held["highest_concurrency"]["batch"] != 1:
        yield f"batch calls at a time: {held['highest_concurrency']['batch']}; expected 1"
    if held["tokens_minted"] != 1:
        yield f"access tokens asked for: {held['tokens_minted']}; expected 1"


def wait(url: str) -> None:
    """Leave the sandbox running until Ctrl-C."""
    print(f"\nLook at it in a browser: {url}/ (Ctrl-C ends it)", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


def show(held: Mapping[str, Any], run: Run) -> None:
    """Print what LinkedIn would now hold, and what it took."""
    kinds = Counter(TYPES[one["content_type"]] for one in held["resumes"])
    print("\nLinkedIn would now hold")
    for kind in TYPES.values():
        print(f"  {kinds[kind]:>5} {kind}")
    print(f"  {len(held['resumes']):>5} resumes in all, each as the stream says\n")
    print("Calls it took")
    for endpoint, statuses in held["calls"].items():
        answers = ", ".join(f"{count} x {status}" for status, count in statuses.items())
        print(f"  {sum(statuses.values()):>5} {endpoint:<13} answered {answers}")
    concurrency = held["highest_concurrency"]
    print(
        f"  at most {concurrency['batch']} batch call and {concurrency['upload']} uploads at once"
    )
    print(f"  {held['tokens_minted']} access token; breaches of LinkedIn's rules: none\n")
    print(f"Time    {run.seconds:.1f} s, with a pause in the middle of the stream")
    print(f"States  {len(run.states)} printed; the last: {json.dumps(run.states[-1])}")


def explain(stream: Iterable[str], held: Mapping[str, Any]) -> Iterator[str]:
    """Say in one line each how records, resumes and uploads go together."""
    messages = [json.loads(line) for line in stream]
    records = [message["record"] for message in messages if message["type"] == "RECORD"]
    deletions = sum(deletes(record.get("_sdc_deleted_at")) for record in records)
    keys = {(str(record["candidate_id"]), str(record["resume_id"])) for record in records}
    resumes, uploads = len(held["resumes"]), sum(held["calls"]["upload"].values())
    sent, gone = len(records) - deletions, len(keys) - resumes
    late = sent - uploads
    yield f"\n{len(records):>7} records: {sent} with a file, {deletions} deletions"
    yield f"{resumes:>7} resumes of {len(keys)}: the last record counts, and {gone} were deleted"
    yield f"{uploads:>7} URLs, one for each upload: {late} files were replaced before their upload"


if __name__ == "__main__":
    sys.exit(main())
