"""The setting `file_sources` in a run of the command."""

from __future__ import annotations

import gzip
import re
import threading
import time
from typing import Any

import pytest

from tests.e2e.support import PDF, SCHEMA, Bench, line, record, state
from tests.resumes.server import send, serving


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"secrett": "hidden-value"}, "s3fs takes no option 'secrett'"),
        ({"endpoint_url": "hidden-value"}, "s3fs takes none like these (ValueError)"),
    ],
)
def test_options_that_cannot_be_used_stop_the_run(
    bench: Bench, options: dict[str, Any], said: str
) -> None:
    """At the first file of the source, and not when its retries are used up."""
    listed = [
        {"prefix": "https://crm.example.com/"},
        {"prefix": "s3://bucket/", "storage_options": {"key": "k", "secret": "sssssss", **options}},
    ]
    stream = [SCHEMA, *(record(n, "r", f"s3://bucket/{n}.pdf") for n in range(100)), state(100)]
    done = bench.run(stream, file_sources=listed)
    assert done.code == 2
    assert f"setting `file_sources[1].storage_options`: {said}" in done.log
    assert not {"hidden-value", "***", "Traceback"} & set(done.log.replace("'", " ").split())
    assert done.states == []
    assert bench.held() == {}


def test_sources_that_never_end_do_not_keep_the_workers(bench: Bench) -> None:
    """Each of them keeps one, for a while; what comes after them is delivered all the same."""
    done = threading.Event()
    with serving() as server:

        def endless(handler: Any) -> None:
            handler.close_connection = True
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
            while not done.wait(0.05):
                handler.wfile.write(b"a")

        server.answers["/endless.pdf"] = endless
        stream = [
            SCHEMA,
            *(record(number, "r", server.url("/endless.pdf")) for number in range(2)),
            *(record(number, "s", server.file("/cv.pdf", PDF)) for number in range(2)),
            state(4),
        ]
        with bench.start(
            file_sources=[{"prefix": server.url("/")}],
            upload_concurrency=2,
            request_timeout_seconds=1,
            batch_max_age_seconds=1,
        ) as process:
            assert process.stdin is not None
            process.stdin.write(b"".join(map(line, stream)))
            process.stdin.flush()
            deadline = time.monotonic() + 60
            while len(bench.held()) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
        done.set()
    assert bench.held().keys() == {(str(number), "s") for number in range(2)}


@pytest.mark.parametrize("status", [401, 403])
def test_a_source_that_refuses_everything_stops_the_run(bench: Bench, status: int) -> None:
    """It is asked now and then, and only the first few make rejects."""
    with serving() as server:
        urls = [server.file(f"/{number}.pdf", b"", status) for number in range(300)]
        stream = [SCHEMA, *(record(n, "r", url) for n, url in enumerate(urls)), state(300)]
        done = bench.run(
            stream,
            file_sources=[{"prefix": server.url("/")}],
            on_reject="continue",
            rejects_path=str(bench.directory / "rejects.singer"),
            retry_seconds=3,
        )
        assert done.code == 1
        assert "setting `file_sources[0]`: the source has given no file for" in done.log
        assert f"denies access ({status})" in done.log
        assert len(server.asked) < 90
        assert int(re.findall("([0-9]+) tries repeated", done.log)[-1]) < 90
    assert done.states == []
    rejects = (bench.directory / "rejects.singer").read_text().count('"RECORD"')
    assert rejects < 10


def test_an_outage_of_a_source_is_waited_out(bench: Bench) -> None:
    with serving() as server:
        begun = time.monotonic()
        refused: list[float] = []

        def answer(handler: Any) -> None:
            out = time.monotonic() - begun < 4
            if out:
                refused.append(time.monotonic())
            send(handler, 503 if out else 200, b"" if out else PDF, {})

        for number in range(200):
            server.answers[f"/{number}.pdf"] = answer
        stream = [
            SCHEMA,
            *(record(n, "r", server.url(f"/{n}.pdf")) for n in range(200)),
            state(200),
        ]
        done = bench.run(stream, file_sources=[{"prefix": server.url("/")}], upload_concurrency=16)
    assert done.code == 0, done.log
    assert len(bench.held()) == 200
    assert len(refused) <= 16 + 20


def test_a_body_that_is_damaged_each_time_is_a_reject_also_where_it_is_alone(bench: Bench) -> None:
    with serving() as server:
        url = server.file("/cv.pdf", gzip.compress(PDF)[:-4], Content_Encoding="gzip")
        rejects = bench.directory / "rejects.singer"
        done = bench.run(
            [SCHEMA, record(1, "r", url), state(1)],
            file_sources=[{"prefix": server.url("/")}],
            on_reject="continue",
            rejects_path=str(rejects),
            retry_seconds=1,
        )
    assert done.code == 0, done.log
    assert len(done.states) == 1
    assert '"source_unreachable"' in rejects.read_text()
