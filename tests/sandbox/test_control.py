"""State, journal and reset; and that nothing secret is in them."""

from __future__ import annotations

import json
import socket
import stat
import threading
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from target_linkedin_resumes.sandbox.blobs import Blobs
from target_linkedin_resumes.sandbox.journal import Journal
from target_linkedin_resumes.sandbox.server import Running, running
from target_linkedin_resumes.sandbox.state import Traffic
from target_linkedin_resumes.sandbox.tokens import Tokens

from .client import PDF, Client

if TYPE_CHECKING:
    from pathlib import Path


def test_journal_tells_what_happened(client: Client, sandbox: Running) -> None:
    urn = client.urn()
    client.update([("c", "1"), ("c", "2")], urn)
    client.update([("c", "1")], urn, tunnel=False)
    client.delete([("c", "2"), ("c", "3")])
    page = client.call("GET", "/sandbox/journal").document
    assert (page["first"], page["last"]) == (1, 6)
    entries = page["entries"]
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [(e["endpoint"], e["method"], e["tunnelled"], e["status"]) for e in entries] == [
        ("token", "POST", False, 200),
        ("url", "POST", False, 201),
        ("upload", "POST", False, 201),
        ("batch_update", "POST", True, 200),
        ("batch_update", "PUT", False, 200),
        ("batch_delete", "POST", True, 200),
    ]
    assert entries[2]["bytes_in"] == len(PDF)
    assert entries[5]["keys"] == [["c", "2"], ["c", "3"]]
    assert entries[5]["key_statuses"] == [204, 404]
    assert entries[5]["ids"] == 2
    assert {entry["client"] for entry in entries} == {"sandbox"}
    assert all(entry["fault"] is None and not entry["gone"] for entry in entries)
    assert len({entry["x_li_uuid"] for entry in entries}) == 6
    lines = (sandbox.data / "journal.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == entries
    paged = client.call("GET", "/sandbox/journal?after=2&limit=3").document
    assert paged == {"first": 1, "last": 6, "entries": entries[2:5]}


def test_nothing_secret_is_kept(client: Client, sandbox: Running) -> None:
    client.update([("c", "1")], client.urn())
    client.mint(client_secret="a-wrong-secret")
    client.upload(filename="private name.txt")
    state = client.call("GET", "/sandbox/state").body.decode()
    journal = (sandbox.data / "journal.jsonl").read_text()
    for secret in (client.token, "sandbox-secret", "a-wrong-secret", "x-li-ambry-ep", "private"):
        assert secret not in state
        assert secret not in journal
    assert "cv.pdf" not in journal


DEEP = b'{"rules": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"
NESTED = b'{"rules": ' + b"[" * 100 + b"]" * 100 + b"}"
RULE = b'{"endpoint": "batch", "kind": "down"}'


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (DEEP, 400),
        (NESTED, 400),
        (b"\xff", 400),
        (b'{"seed": 1' + b"0" * 10_000 + b"}", 400),
        (b'{"rules": [' + b",".join([RULE] * 1001) + b"]}", 400),
        (b'{"rules": [' + b",".join([RULE] * 1000) + b"]}", 200),
        (b'{"rules": [' + b" " * 1024 * 1024 + b"]}", 413),
    ],
    ids=["deep", "nested", "bytes", "digits", "rules", "most rules", "large"],
)
def test_faults_are_taken_within_bounds(client: Client, body: bytes, status: int) -> None:
    answer = client.call("POST", "/sandbox/faults", body)
    assert answer.status == status
    assert ("error" in answer.document) == (status != 200)
    client.call("DELETE", "/sandbox/faults")


@pytest.mark.parametrize("body", [DEEP, NESTED])
def test_deep_json_is_a_bad_request_everywhere(client: Client, body: bytes) -> None:
    for path in ("/v2/hireMediaUrl", "/v2/tcrmCandidateResumes?ids=List()"):
        method = "POST" if "hire" in path else "PUT"
        answer = client.call(
            method,
            path,
            body,
            {
                "authorization": f"Bearer {client.token}",
                "content-type": "application/json",
                "x-restli-protocol-version": "2.0.0",
                "x-restli-method": "batch_update",
            },
        )
        assert answer.status == 400


def test_what_is_stored_is_for_its_owner_alone(client: Client, sandbox: Running) -> None:
    client.upload()
    for path in sandbox.data.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path.name


@pytest.mark.parametrize("made", ["not there", "empty", "in use"])
def test_the_directory_is_private_unless_others_use_it(tmp_path: Path, made: str) -> None:
    data = tmp_path / "data"
    if made != "not there":
        data.mkdir(mode=0o755)
        data.chmod(0o755)
    if made == "in use":
        (data / "another's").touch()
    with running(data):
        pass
    assert stat.S_IMODE(data.stat().st_mode) == (0o755 if made == "in use" else 0o700)


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=0", "limit=1000000"])
def test_journal_wants_numbers(client: Client, query: str) -> None:
    answer = client.call("GET", f"/sandbox/journal?{query}")
    assert answer.status == 400
    assert "expected" in answer.document["error"]


def test_state_counts(client: Client) -> None:
    client.update([("c", "1"), ("c", "2")], client.urn())
    client.call("GET", "/v2/unknown")
    state = client.call("GET", "/sandbox/state").document
    assert set(state) == {
        *("resume_count", "file_count", "tokens_minted", "calls", "throttled"),
        *("highest_concurrency", "limits_used", "breach_counts", "breaches", "resumes"),
    }
    assert (state["resume_count"], state["file_count"], state["tokens_minted"]) == (2, 1, 1)
    assert state["calls"] == {
        "token": {"200": 1},
        "url": {"201": 1},
        "upload": {"201": 1},
        "batch_update": {"200": 1},
        "other": {"404": 1},
    }
    assert state["highest_concurrency"] == {"batch": 1, "upload": 1}
    assert state["limits_used"]["sandbox"]["records_last_minute"] == 2
    assert "resumes" not in client.call("GET", "/sandbox/state?resumes=false").document


def test_reset(client: Client, sandbox: Running) -> None:
    client.update([("c", "1")], client.urn())
    sandbox.set_faults({"endpoint": "url", "kind": "down"})
    assert client.call("POST", "/sandbox/reset").document == {"status": "ok"}
    state = sandbox.snapshot()
    assert state["resumes"] == []
    assert (state["file_count"], state["tokens_minted"], state["calls"]) == (0, 0, {})
    assert sandbox.journal() == []
    assert (sandbox.data / "journal.jsonl").read_text() == ""
    assert client.call("GET", "/sandbox/faults").document["rules"] == []
    assert client.create_url().status == 401


def test_highest_concurrency_of_uploads(tmp_path: Path) -> None:
    with running(tmp_path, latency={"upload": 200}) as sandbox:
        first, second = Client(sandbox), Client(sandbox)
        with closing(first.connection), closing(second.connection):
            first.mint()
            second.token = first.token
            thread = threading.Thread(target=first.upload)
            thread.start()
            assert second.upload().status == 201
            thread.join()
        assert sandbox.snapshot()["highest_concurrency"]["upload"] == 2


def test_traffic_counts_calls_whose_client_stayed() -> None:
    traffic = Traffic()
    first, second, third = (traffic.enter("a") for _ in range(3))
    other = traffic.enter("b")
    assert traffic.leave(third, gone=False) == 1
    assert traffic.leave(second, gone=True) == 0
    assert traffic.highest == 1
    assert traffic.leave(first, gone=False) == 3
    assert traffic.leave(other, gone=False) == 1
    assert traffic.highest == 3


def test_client_that_leaves_in_the_middle_of_an_upload(client: Client, sandbox: Running) -> None:
    path = client.signed_path() + "&x-ambry-filename=cv.pdf"
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname, address.port)) as raw:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n"
        raw.sendall(f"{head}Content-Length: 5000\r\n\r\n".encode() + PDF)
    while len(sandbox.journal()) < 3:
        threading.Event().wait(0.01)
    assert sandbox.journal()[-1]["gone"] is True
    assert not list((sandbox.data / "incoming").iterdir())
    assert client.call("POST", path, PDF).status == 201
    assert sandbox.snapshot()["breaches"] == []


def test_state_is_asked_of_a_running_sandbox_only(tmp_path: Path) -> None:
    with running(tmp_path) as sandbox:
        stopped = Running(sandbox.url, sandbox.data, sandbox.state)
        with pytest.raises(RuntimeError, match="does not run"):
            stopped.snapshot()


def test_journal_keeps_a_window(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    with closing(journal):
        entry = {"endpoint": "url", "status": 201, "key_statuses": [], "left_out": []}
        entry["filler"] = "x" * 1_000_000
        for _ in range(70):
            journal.append(entry)
        page = json.loads(journal.page(0, 1000))
    # 67 entries of a megabyte fit into 64 MiB.
    assert (page["first"], page["last"]) == (4, 70)
    assert [entry["seq"] for entry in page["entries"]] == list(range(4, 71))
    with (tmp_path / "journal.jsonl").open() as lines:
        assert sum(1 for _ in lines) == 70


def test_only_the_newest_tokens_are_remembered() -> None:
    class Connection:
        def is_closing(self) -> bool:
            return True

    tokens, connection = Tokens(60, lambda: 0.0), Connection()
    minted = [tokens.mint("a", connection)[0] for _ in range(1001)]  # type: ignore[arg-type] # all that is asked of it
    assert tokens.get(minted[0]) is None
    assert tokens.get(minted[1]) is not None


def test_files_are_kept_by_hash(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    for _ in range(2):
        incoming = blobs.receive()
        incoming.write(PDF)
        incoming.keep(blobs.directory)
    assert len(list(blobs.directory.glob("*/*"))) == 1
    incoming = blobs.receive()
    incoming.drop()
    incoming.drop()
    assert not list((tmp_path / "incoming").iterdir())
