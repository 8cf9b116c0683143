"""With a ledger, a file that its source says to be unchanged is neither fetched nor sent again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from moto.s3.responses import S3Response

from tests.e2e.support import PDF, SCHEMA, Bench, Finished, record, state
from tests.recipes.buckets import client_of, serving_s3
from tests.resumes.server import serving

COUNT = 5
OTHER = PDF + b"% another"


def run(bench: Bench, locations: list[str], **settings: Any) -> Finished:
    stream = [SCHEMA, *(record(number, "r", one) for number, one in enumerate(locations)), state(1)]
    done = bench.run(stream, ledger_path=str(bench.directory / "ledger.db"), **settings)
    assert done.code == 0, done.log
    assert len(done.states) == 1
    return done


def asked(bench: Bench) -> list[str]:
    """What LinkedIn was asked, tokens apart."""
    endpoints = [str(entry["endpoint"]) for entry in bench.sandbox.journal()]
    return [one for one in endpoints if one != "token"]


def test_files_of_a_web_server_that_gives_strong_etags(bench: Bench) -> None:
    contents = {f"/{number}.pdf": PDF for number in range(COUNT)}
    served: list[str] = []

    def answer(path: str) -> Callable[[BaseHTTPRequestHandler], None]:
        def send(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(contents[path])))
            handler.send_header("ETag", f'"{hash(contents[path])}"')
            handler.end_headers()
            handler.wfile.flush()
            handler.close_connection = True
            if wait and handler.connection.recv(1) == b"":
                return  # it hung up instead of waiting for the body
            served.append(path)
            handler.wfile.write(contents[path])

        return send

    with serving() as server:
        for path in contents:
            server.answers[path] = answer(path)
        locations = [server.url(path) for path in contents]
        listed = [{"prefix": server.url("/")}]
        wait = False
        run(bench, locations, file_sources=listed)
        assert sorted(served) == sorted(contents)
        served.clear()
        before = asked(bench)
        wait = True
        again = run(bench, locations, file_sources=listed)
        assert f"{COUNT} unchanged" in again.log
        assert served == []
        assert len(server.asked) == 2 * COUNT
        assert asked(bench) == before
        wait = False
        contents["/3.pdf"] = OTHER
        run(bench, locations, file_sources=listed)
        assert "/3.pdf" in served
        assert asked(bench)[len(before) :].count("upload") == 1


def test_objects_of_s3(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    lock = threading.Lock()
    get_object = S3Response.get_object

    def counted(self: S3Response) -> Any:
        with lock:
            read.append(self.parse_key_name())
        return get_object(self)

    monkeypatch.setattr(S3Response, "get_object", counted)
    keys = [f"{number}.pdf" for number in range(COUNT)]
    with serving_s3({"bucket": keys}) as url:
        options = {"key": "YOUR-ACCESS-KEY", "secret": "YOUR-SECRET-KEY", "endpoint_url": url}
        listed = [{"prefix": "s3://bucket/", "storage_options": options}]
        locations = [f"s3://bucket/{key}" for key in keys]
        run(bench, locations, file_sources=listed)
        assert sorted(read) == keys
        read.clear()
        before = asked(bench)
        again = run(bench, locations, file_sources=listed)
        assert f"{COUNT} unchanged" in again.log
        assert read == []
        assert asked(bench) == before
        with closing(client_of(url)) as client:
            client.put_object(Bucket="bucket", Key="3.pdf", Body=OTHER)
        run(bench, locations, file_sources=listed)
        assert read == ["3.pdf"]
        assert asked(bench)[len(before) :].count("upload") == 1
