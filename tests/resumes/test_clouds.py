"""Azure Storage and Cloud Storage, as far as their emulators go: Azurite and gcp-storage-emulator.

They do not check rights as the services do; what Google denies is in `test_object_stores.py`.
"""

from __future__ import annotations

import base64
import importlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.errors import Failure, Reject
from target_linkedin_resumes.resumes.object_stores import ObjectStores
from target_linkedin_resumes.resumes.prefixes import FileSource, Prefixes
from target_linkedin_resumes.resumes.spool import MAX_SIZE, NotModified
from tests.resumes.samples import PDF

pytestmark = [
    pytest.mark.clouds,
    # The libraries leave the event loop of their thread as it is at the end of the process.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]

AZURITE = Path(sys.prefix) / "azurite/node_modules/.bin/azurite-blob"
ACCOUNT = "account"
KEY, OTHER_KEY = (base64.b64encode(text * 8).decode() for text in (b"12345678", b"87654321"))
FILES = {
    "resumes/cv.pdf": PDF,
    "resumes/2024/a b+c#1 é漢.pdf": PDF,
    "resumes/most.txt": b"a" * MAX_SIZE,
    "resumes/more.txt": b"a" * (MAX_SIZE + 1),
    "secrets/key.pdf": PDF,
}
AWKWARD = [
    *("#", "a#", "a?", "a?b#c", "%2F.pdf", "%zz.pdf", "a+b.pdf", " lead.pdf", "trail.pdf  "),
    *("a\tb.pdf", "é.pdf", "e\u0301.pdf", "a::b", "[1]*.pdf", "{a}.pdf", "..pdf", "a@b:c.pdf"),
]


@contextmanager
def running(*command: str | Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture(scope="module")
def azure() -> Iterator[dict[str, Any]]:
    """Storage options of Azurite."""
    # The library is newer than what Azurite knows of the service.
    options = ("--inMemoryPersistence", "--blobPort=0", "--disableTelemetry")
    command = (AZURITE, *options, "--skipApiVersionCheck")
    with running(*command, AZURITE_ACCOUNTS=f"{ACCOUNT}:{KEY}") as process:
        assert process.stdout is not None
        found = None
        while found is None:
            line = process.stdout.readline()
            assert line, "Azurite has ended"
            found = re.search(r"listens on (http://\S+)", line)
        connection = (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint={found[1]}/{ACCOUNT};"
        )
        blobs = importlib.import_module("azure.storage.blob").BlobServiceClient
        with blobs.from_connection_string(connection) as client:
            client.create_container("bucket")
            for name, content in FILES.items():
                client.get_blob_client("bucket", name).upload_blob(content)
            for key in AWKWARD:
                client.get_blob_client("bucket", f"awkward/{key}").upload_blob(PDF + key.encode())
        yield {"connection_string": connection}


@pytest.fixture(scope="module")
def google() -> Iterator[dict[str, Any]]:
    """Storage options of the emulator of Cloud Storage."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        # Otherwise gcsfs asks for the kind of each bucket over gRPC, which the emulator has not.
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        program = Path(sys.prefix) / "bin/gcp-storage-emulator"
        options = ("--host=127.0.0.1", f"--port={port}", "--in-memory", "--default-bucket=bucket")
        with running(program, "start", *options):
            _wait_for(port)
            storage = {"endpoint_url": f"http://127.0.0.1:{port}", "token": "anon"}
            files = importlib.import_module("gcsfs").GCSFileSystem(project="p", **storage)
            for name, content in FILES.items():
                files.pipe_file(f"bucket/{name}", content)
            for key in AWKWARD:
                files.pipe_file(f"bucket/awkward/{key}", PDF + key.encode())
            files.clear_instance_cache()
            yield storage


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


@pytest.fixture(params=["az", "abfs", "gs"])
def store(request: pytest.FixtureRequest) -> tuple[str, ObjectStores]:
    """A scheme, and what may be read by it."""
    scheme = str(request.param)
    options = request.getfixturevalue("google" if scheme == "gs" else "azure")
    listed = [
        FileSource(f"{scheme}://bucket/{folder}/", {}, options) for folder in ("resumes", "awkward")
    ]
    return scheme, ObjectStores(Prefixes(listed))


def refusal(remote: ObjectStores, url: str) -> str:
    with pytest.raises(Failure) as caught, remote.open(url):
        pytest.fail("it was opened")
    assert isinstance(caught.value, Reject), caught.value.message
    return caught.value.code


def test_files_arrive(store: tuple[str, ObjectStores]) -> None:
    scheme, remote = store
    for name in list(FILES)[:3]:
        with remote.open(f"{scheme}://bucket/{name}") as found:
            assert found.body.read() == FILES[name]
            assert (found.size, found.name) == (len(FILES[name]), name.rpartition("/")[2])


def test_whatever_a_key_holds_is_part_of_it(store: tuple[str, ObjectStores]) -> None:
    scheme, remote = store
    for key in AWKWARD:
        with remote.open(f"{scheme}://bucket/awkward/{key}") as found:
            assert found.body.read() == PDF + key.encode()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("resumes/absent.pdf", "source_gone"),
        ("resumes/more.txt", "file_too_large"),
        ("resumes/", "not_a_file"),
        ("resumes/2024", "not_a_file"),
        ("secrets/key.pdf", "source_not_allowed"),
        ("resumes/../secrets/key.pdf", "source_not_allowed"),
    ],
)
def test_what_is_refused(store: tuple[str, ObjectStores], path: str, code: str) -> None:
    scheme, remote = store
    assert refusal(remote, f"{scheme}://bucket/{path}") == code


def test_a_file_is_known_again_until_it_is_written(
    store: tuple[str, ObjectStores], request: pytest.FixtureRequest
) -> None:
    scheme, remote = store
    url = f"{scheme}://bucket/resumes/cv.pdf"
    with remote.open(url) as found:
        validators = found.validators
    assert validators
    with pytest.raises(NotModified), remote.open(url, lambda now: now == validators):
        pytest.fail("it was read")
    options = request.getfixturevalue("google" if scheme == "gs" else "azure")
    files = importlib.import_module("fsspec").filesystem(scheme, **options)
    files.pipe_file("bucket/resumes/cv.pdf", PDF + b"% another")
    with remote.open(url, lambda now: now == validators) as found:
        assert found.validators not in (validators, ())
    files.pipe_file("bucket/resumes/cv.pdf", PDF)


def test_a_wrong_key_is_denied(azure: dict[str, Any]) -> None:
    wrong = {"connection_string": azure["connection_string"].replace(KEY, OTHER_KEY)}
    remote = ObjectStores(Prefixes([FileSource("az://bucket/", {}, wrong)]))
    assert refusal(remote, "az://bucket/resumes/cv.pdf") == "source_denied"
