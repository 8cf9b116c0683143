"""A file that its source says to be the one that is known is not read."""

from __future__ import annotations

import hashlib
import importlib
import queue
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]  # it has no types
import pytest
from fsspec.implementations.memory import (  # type: ignore[import-untyped]  # it has no types
    MemoryFileSystem,
)

from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes.etags import Fingerprints
from target_linkedin_resumes.resumes.prefixes import FileSource
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.resumes.spool import NotModified
from tests.recipes.buckets import client_of, serving_s3
from tests.resumes.samples import PDF
from tests.resumes.server import Server, send, serving
from tests.resumes.test_object_stores import sftp_serving

OTHER = PDF + b"% another"
SIGNED = "?X-Amz-Date=29240424T104000Z&X-Amz-Expires=604800&X-Amz-Signature="


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def open_sources(root: Path, *listed: FileSource, context: str = "") -> closing[Sources]:
    fingerprints = Fingerprints(b"salt", context)
    return closing(Sources(root, listed, timeout=10, concurrency=2, fingerprints=fingerprints))


@pytest.fixture
def sources(server: Server, tmp_path: Path) -> Iterator[Sources]:
    with open_sources(tmp_path, FileSource(server.url("/"))) as sources:
        yield sources


def fingerprint_of(
    sources: Sources, location: str, known: str | None = None, **hints: Any
) -> str | None:
    """Fetch a file; gives its fingerprint. Raises NotModified where it is the one that is known."""
    with sources.open(ResumeFile(location, **hints), known, lambda _: False) as resume:
        assert len(resume.body.read()) == resume.size > 0
        assert resume.content is not None
        return resume.content.tag


def is_read_again(sources: Sources, location: str, known: str | None, **hints: Any) -> bool:
    try:
        fingerprint_of(sources, location, known, **hints)
    except NotModified:
        return False
    return True


def head_alone(etag: str, seen: queue.Queue[bytes]) -> Callable[[BaseHTTPRequestHandler], None]:
    """Says what is coming, and sends it unless the client hangs up."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(PDF)))
        handler.send_header("ETag", etag)
        handler.end_headers()
        handler.wfile.flush()
        seen.put(handler.connection.recv(1))
        handler.close_connection = True

    return answer


def test_a_strong_etag_spares_the_body(server: Server, sources: Sources) -> None:
    url = server.file("/cv.pdf", PDF, ETag='"abc"')
    known = fingerprint_of(sources, url)
    assert known is not None
    assert not {"abc", "cv.pdf", "127.0.0.1"} & set(known.split())
    seen: queue.Queue[bytes] = queue.Queue()
    server.answers["/cv.pdf"] = head_alone('"abc"', seen)
    with pytest.raises(NotModified):
        fingerprint_of(sources, url, known)
    assert seen.get(timeout=30) == b""  # it hung up before there was a body
    server.file("/cv.pdf", OTHER, ETag='"abd"')
    assert fingerprint_of(sources, url, known) not in (known, None)


@pytest.mark.parametrize("etag", ['W/"abc"', "abc", '""', "", '"abc'])
def test_what_is_no_strong_etag_tells_nothing(server: Server, sources: Sources, etag: str) -> None:
    assert fingerprint_of(sources, server.file("/cv.pdf", PDF, ETag=etag)) is None


def test_an_etag_is_one_of_a_place_a_name_and_a_use(
    server: Server, sources: Sources, tmp_path: Path
) -> None:
    """Two files may have the same: many servers count versions from 1."""
    url = server.file("/a/cv.pdf", PDF, ETag='"1"')
    known = fingerprint_of(sources, url)
    assert not is_read_again(sources, url, known)
    assert is_read_again(sources, server.file("/b/cv.pdf", PDF, ETag='"1"'), known)
    assert is_read_again(sources, url, known, filename="other.pdf")
    assert is_read_again(sources, url, None)
    with open_sources(tmp_path, FileSource(server.url("/")), context="text") as converting:
        assert is_read_again(converting, url, known)
    server.file("/a/cv.pdf", PDF, Content_Disposition="attachment; filename=new.pdf", ETag='"1"')
    assert is_read_again(sources, url, known)


def test_an_etag_behind_a_redirect_is_one_of_what_it_leads_to(
    server: Server, sources: Sources
) -> None:
    url = server.redirect("/latest", server.file("/blob/1", PDF, ETag='"1"') + SIGNED + "a")
    known = fingerprint_of(sources, url)
    server.redirect("/latest", server.url("/blob/1") + SIGNED + "b")
    assert not is_read_again(sources, url, known)
    server.redirect("/latest", server.file("/blob/2", OTHER, ETag='"1"'))
    assert is_read_again(sources, url, known)


def test_a_link_that_is_signed_anew_is_the_same_place(server: Server, sources: Sources) -> None:
    url = server.file("/cv.pdf", PDF, ETag='"1"') + SIGNED
    known = fingerprint_of(sources, url + "a")
    assert not is_read_again(sources, url + "b", known)


def test_what_comes_instead_of_a_file_is_not_the_file(server: Server, sources: Sources) -> None:
    url = server.file("/cv.pdf", PDF, ETag='"1"')
    known = fingerprint_of(sources, url)
    server.answers["/cv.pdf"] = lambda handler: send(handler, 503, b"", {"ETag": '"1"'})
    with pytest.raises(Exception, match="503"):
        fingerprint_of(sources, url, known)


def test_an_object_of_s3_is_known_by_its_etag(tmp_path: Path) -> None:
    with serving_s3({"bucket": ["cv.pdf", "b/cv.pdf"]}) as url:
        options = {"key": "YOUR-ACCESS-KEY", "secret": "YOUR-SECRET-KEY", "endpoint_url": url}
        listed = FileSource("s3://bucket/", storage_options=options)
        with open_sources(tmp_path, listed) as sources:
            known = fingerprint_of(sources, "s3://bucket/cv.pdf")
            assert known is not None
            assert not is_read_again(sources, "s3://bucket/cv.pdf", known)
            assert is_read_again(sources, "s3://bucket/b/cv.pdf", known)
            with closing(client_of(url)) as client:
                client.put_object(Bucket="bucket", Key="cv.pdf", Body=OTHER)
            assert is_read_again(sources, "s3://bucket/cv.pdf", known)


class Store(MemoryFileSystem):  # type: ignore[misc]  # as above
    """Says of a file what the libraries for Cloud Storage and Azure say."""

    protocol = ("gs", "az", "abfs")
    cachable = False
    about: dict[str, Any] = {}  # noqa: RUF012 - one for all on purpose
    reads: list[str] = []  # noqa: RUF012 - likewise

    def _open(self, path: str, *args: Any, **kwargs: Any) -> Any:
        file = super()._open(f"/{path.lstrip('/')}", *args, **kwargs)
        details = {"name": path, "size": len(file.getbuffer()), **Store.about}
        return _Opened(file, details)


class _Opened:
    def __init__(self, file: Any, details: dict[str, Any]) -> None:
        self._file = file
        self.details = details

    def __enter__(self) -> _Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int) -> Any:
        Store.reads.append("read")
        return self._file.read(size)


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.mark.parametrize(
    ("scheme", "first", "same", "other"),
    [
        # A hash outlives that the same bytes are written again, a generation does not.
        (
            "gs",
            {"md5Hash": md5(PDF), "generation": "1"},
            {"md5Hash": md5(PDF), "generation": "2"},
            {"md5Hash": md5(OTHER), "generation": "3"},
        ),
        ("gs", {"generation": "1"}, {"generation": "1"}, {"generation": "2"}),
        ("az", {"etag": '"0x8D"'}, {"etag": '"0x8D"'}, {"etag": '"0x8E"'}),
        ("abfs", {"etag": '"0x8D"'}, {"etag": '"0x8D"'}, {"etag": '"0x8E"'}),
        ("az", {"etag": None}, None, {}),
    ],
)
def test_an_object_of_another_store_is_known_by_what_its_store_says(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    scheme: str,
    first: dict[str, Any],
    same: dict[str, Any] | None,
    other: dict[str, Any],
) -> None:
    for module in ("gcsfs", "adlfs"):
        monkeypatch.setitem(sys.modules, module, fsspec)  # neither is installed
    monkeypatch.setitem(importlib.import_module("fsspec.registry")._registry, scheme, Store)
    url = f"{scheme}://box/cv.pdf"
    store = Store()
    store.pipe_file("/box/cv.pdf", PDF)
    with open_sources(tmp_path, FileSource(f"{scheme}://box")) as sources:
        monkeypatch.setattr(Store, "about", first)
        known = fingerprint_of(sources, url)
        assert (known is None) == (same is None)
        if same is not None:
            monkeypatch.setattr(Store, "about", same)
            monkeypatch.setattr(Store, "reads", [])
            assert not is_read_again(sources, url, known)
            assert Store.reads == []
        monkeypatch.setattr(Store, "about", other)
        assert is_read_again(sources, url, known)
    store.rm("/box/cv.pdf")


def test_a_file_behind_sftp_is_read_again(tmp_path: Path) -> None:
    """SFTP tells a size and a time in seconds, which is too little."""
    from sshfs import SSHFileSystem  # type: ignore[import-untyped]  # it has no types

    with sftp_serving(tmp_path) as (port, known):
        login = {"username": "loader", "password": "hidden", "known_hosts": str(known)}
        prefix = f"sftp://127.0.0.1:{port}/resumes"
        with open_sources(tmp_path, FileSource(prefix, storage_options=login)) as sources:
            assert fingerprint_of(sources, f"{prefix}/cv.pdf") is None
        SSHFileSystem.clear_instance_cache()
