import asyncio
import errno
import importlib
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncssh
import boto3  # type: ignore[import-untyped]  # it has no types
import botocore.exceptions  # type: ignore[import-untyped]  # it has no types
import fsspec  # type: ignore[import-untyped]  # it has no types
import pytest
import s3fs  # type: ignore[import-untyped]  # it has no types
from fsspec.implementations.memory import (  # type: ignore[import-untyped]  # it has no types
    MemoryFileSystem,
)
from moto.server import ThreadedMotoServer
from sshfs import SSHFileSystem  # type: ignore[import-untyped]  # it has no types

from target_linkedin_resumes.errors import Failure, Misconfigured, Reject, Retry
from target_linkedin_resumes.log_masking import silence_loggers
from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes.codes import CODES
from target_linkedin_resumes.resumes.object_stores import ObjectStores, _address, _failure
from target_linkedin_resumes.resumes.prefixes import FileSource, Prefixes, plain_scheme
from target_linkedin_resumes.resumes.sources import PRIVATE_LOGGERS, Sources
from target_linkedin_resumes.resumes.spool import MAX_SIZE
from target_linkedin_resumes.resumes.standings import Gates, NotAsked
from tests.resumes.samples import PDF
from tests.resumes.server import serving

KEYS = {
    "resumes/cv.pdf": PDF,
    "resumes/2024/a b+c#1?x=%41&é漢.pdf": PDF,
    "resumes/cv.pdf::file:///etc/passwd": PDF,
    "resumes/cv#2::a.pdf ": PDF,
    "resumes/most.txt": b"a" * MAX_SIZE,
    "resumes/more.txt": b"a" * (MAX_SIZE + 1),
    "resumes/empty.pdf": b"",
    "secrets/key.pdf": PDF,
}
# Keys as programs and people make them; each stands in its bytes.
AWKWARD = [
    "#", "a#", "a?", "a?b#c", "%2F.pdf", "%zz.pdf", "a+b.pdf", " lead.pdf", "trail.pdf  ", "tab\t",
    "a\tb.pdf", "/double.pdf", "\u00e9.pdf", "e\u0301.pdf", "漢😀.pdf", "a::b", "s3://x/y.pdf",
    "[1]*.pdf", "{a}.pdf", "a&b=c;d.pdf", "..pdf", ".hidden", "a\\b.pdf", "~", "'\".pdf",
    "a@b:c.pdf", "nbsp\xa0", "$x!,.pdf", "\u202ea.pdf",
]  # fmt: skip


def fetched(remote: ObjectStores, url: str) -> tuple[bytes, str | None]:
    with remote.open(url) as found:
        content = found.body.read()
        assert found.size == len(content)
        return content, found.name


def failure(remote: ObjectStores, url: str) -> Failure:
    with pytest.raises(Failure) as caught, remote.open(url):
        pytest.fail("it was opened")
    assert not any(part in caught.value.message for part in ("resumes/", "bucket", "hidden", "cv"))
    return caught.value


def refusal(remote: ObjectStores, url: str) -> str:
    reject = failure(remote, url)
    assert isinstance(reject, Reject)
    assert reject.code in CODES
    return reject.code


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, Any]]:
    """Storage options of a server that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    options = {"key": "k", "secret": "hidden", "client_kwargs": {"region_name": "us-east-1"}}
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="k",
        aws_secret_access_key="hidden",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="bucket")
    for key, content in KEYS.items():
        client.put_object(Bucket="bucket", Key=key, Body=content)
    for key in AWKWARD:
        client.put_object(Bucket="bucket", Key=f"awkward/{key}", Body=PDF + key.encode())
    client.close()
    yield options | {"endpoint_url": endpoint}
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.fixture
def bucket(s3: dict[str, Any]) -> ObjectStores:
    return ObjectStores(Prefixes([FileSource("s3://bucket/resumes/", storage_options=s3)]))


def test_s3(bucket: ObjectStores) -> None:
    assert fetched(bucket, "s3://bucket/resumes/cv.pdf") == (PDF, "cv.pdf")
    assert fetched(bucket, "S3://bucket/resumes/cv.pdf") == (PDF, "cv.pdf")
    awkward = "a b+c#1?x=%41&é漢.pdf"
    assert fetched(bucket, f"s3://bucket/resumes/2024/{awkward}") == (PDF, awkward)
    assert fetched(bucket, "s3://bucket/resumes/empty.pdf") == (b"", "empty.pdf")


def test_s3_is_bounded(bucket: ObjectStores) -> None:
    assert len(fetched(bucket, "s3://bucket/resumes/most.txt")[0]) == MAX_SIZE
    assert refusal(bucket, "s3://bucket/resumes/more.txt") == "file_too_large"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("s3://bucket/resumes/absent.pdf", "source_gone"),
        ("s3://bucket/resumes/", "not_a_file"),
        ("s3://bucket/resumes/2024", "not_a_file"),
        ("s3://bucket/resumes/*.pdf", "source_gone"),
        ("s3://bucket/secrets/key.pdf", "source_not_allowed"),
        ("s3://bucket/resumes/../secrets/key.pdf", "source_not_allowed"),
        ("s3://bucket/resumes-other/cv.pdf", "source_not_allowed"),
        ("s3://other/resumes/cv.pdf", "source_not_allowed"),
        ("s3://bucket", "source_not_allowed"),
        ("gs://bucket/resumes/cv.pdf", "source_not_allowed"),
        ("sftp://bucket/resumes/cv.pdf", "source_not_allowed"),
    ],
)
def test_what_s3_refuses(bucket: ObjectStores, url: str, code: str) -> None:
    assert refusal(bucket, url) == code


@pytest.mark.parametrize(
    "chained",
    [
        "simplecache::s3://bucket/resumes/cv.pdf",
        "s3::http://127.0.0.1/",
        "filecache::file:///etc/passwd",
        "zip://x::s3://bucket/resumes/cv.pdf",
        "reference://::s3://bucket/resumes/cv.pdf",
        "local:///etc/passwd",
        "memory://x",
        "github://a:b@/x",
        "dir::file:///etc",
    ],
)
def test_no_chained_urls_and_no_other_file_systems(
    s3: dict[str, Any], tmp_path: Path, chained: str
) -> None:
    listed = FileSource("s3://", storage_options=s3)
    with (
        Sources(tmp_path, [listed]) as sources,
        pytest.raises(Reject) as caught,
        sources.open(ResumeFile(chained)),
    ):
        pytest.fail("it was opened")
    assert caught.value.code in ("invalid_source", "unsupported_source", "file_missing")


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("s3://bucket/resumes/cv.pdf::file:///etc/passwd", "passwd.pdf"),
        ("s3://bucket/resumes/cv#2::a.pdf ", "cv#2__a.pdf"),
        (" s3a://bucket/resumes/cv.pdf\n", "cv.pdf"),
        ("s3n://bucket/resumes/cv.pdf", "cv.pdf"),
        ("S3A://bucket/resumes/cv.pdf", "cv.pdf"),
    ],
)
@pytest.mark.parametrize("prefix", ["s3://bucket/resumes", "s3a://bucket/"])
def test_a_key_is_taken_as_it_is_and_a_store_by_each_of_its_names(
    s3: dict[str, Any], tmp_path: Path, prefix: str, location: str, name: str
) -> None:
    listed = FileSource(prefix, storage_options=s3)
    with Sources(tmp_path, [listed]) as sources, sources.open(ResumeFile(location)) as resume:
        assert (resume.body.read(), resume.filename) == (PDF, name)


def test_whatever_a_key_holds_is_part_of_it(s3: dict[str, Any], tmp_path: Path) -> None:
    with Sources(tmp_path, [FileSource("s3://bucket/", storage_options=s3)]) as sources:
        for key in AWKWARD:
            with sources.open(ResumeFile(f"s3://bucket/awkward/{key}")) as resume:
                assert resume.body.read() == PDF + key.encode()


def test_a_version_is_the_one_that_is_read(s3: dict[str, Any]) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=s3["endpoint_url"],
        aws_access_key_id="k",
        aws_secret_access_key="hidden",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="versioned")
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    first, _ = (
        client.put_object(Bucket="versioned", Key="a/cv.pdf", Body=PDF + end)["VersionId"]
        for end in (b"1", b"2")
    )
    client.close()
    remote = ObjectStores(Prefixes([FileSource("s3://versioned/", storage_options=s3)]))
    url = "s3://versioned/a/cv.pdf"
    assert fetched(remote, url) == (PDF + b"2", "cv.pdf")
    assert fetched(remote, f"{url}?versionId={first}") == (PDF + b"1", "cv.pdf")
    assert refusal(remote, f"{url}?versionId=none") == "source_gone"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("s3:///bucket/resumes/cv.pdf", "invalid_source"),
        ("s3://", "invalid_source"),
        ("s3://bucket", "not_a_file"),
        ("s3://bucket//", "not_a_file"),
        ("s3://Bad_Bucket!/cv.pdf", "invalid_source"),
        ("s3://漢/cv.pdf", "invalid_source"),
        ("s3://bucket/half\ud800.pdf", "invalid_source"),
        ("s3n://AKIA:hidden@bucket/resumes/cv.pdf", "invalid_source"),
        ("sftp://loader:hidden@files.example.com/cv.pdf", "invalid_source"),
    ],
)
def test_what_names_no_file_is_no_reason_to_try_again(
    s3: dict[str, Any], url: str, code: str
) -> None:
    """Also where a whole scheme is listed."""
    listed = [FileSource("s3://", storage_options=s3), FileSource("sftp://files.example.com/")]
    assert refusal(ObjectStores(Prefixes(listed)), url) == code


@pytest.mark.parametrize(
    ("location", "code", "said"),
    [
        ("s3:/bucket/cv.pdf", "invalid_source", "two slashes"),
        ("S3A:/bucket/cv.pdf", "invalid_source", "two slashes"),
        ("abfss:/c@a.dfs.core.windows.net/cv.pdf", "invalid_source", "two slashes"),
        ("https:/files.example.com/cv.pdf", "invalid_source", "two slashes"),
        ("dbfs:/mnt/resumes/cv.pdf", "unsupported_source", "Databricks"),
        ("dbfs:///mnt/resumes/cv.pdf", "unsupported_source", "Databricks"),
        ("hdfs://node/resumes/cv.pdf", "unsupported_source", "one of the schemes"),
    ],
)
def test_a_slip_is_told(tmp_path: Path, location: str, code: str, said: str) -> None:
    with (
        Sources(tmp_path) as sources,
        pytest.raises(Reject, match=said) as caught,
        sources.open(ResumeFile(location)),
    ):
        pytest.fail("it was opened")
    assert caught.value.code == code


def test_wrong_credentials_and_no_server(s3: dict[str, Any]) -> None:
    nobody = s3 | {
        "endpoint_url": "http://127.0.0.1:1",
        "config_kwargs": {"retries": {"total_max_attempts": 1}},
    }
    now = [1000.0]
    gates = Gates(900, lambda: now[0], lambda wait: wait)
    remote = ObjectStores(Prefixes([FileSource("s3://", storage_options=nobody)]), gates)
    assert isinstance(failure(remote, "s3://bucket/resumes/cv.pdf"), Retry)
    # Nobody asks a store that is out, and another bucket is another matter.
    assert isinstance(failure(remote, "s3://bucket/resumes/other.pdf"), NotAsked)
    assert not isinstance(failure(remote, "s3://elsewhere/resumes/cv.pdf"), NotAsked)
    now[0] += 1
    assert not isinstance(failure(remote, "s3://bucket/resumes/other.pdf"), NotAsked)
    assert isinstance(failure(remote, "s3://bucket/resumes/third.pdf"), NotAsked)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"secrett": "hidden"}, "s3fs takes no option 'secrett'"),
        ({"client_kwargs": {"region": "hidden"}}, "s3fs takes no option 'region'"),
        ({"config_kwargs": {"nonsense": "hidden"}}, "s3fs takes no option 'nonsense'"),
        ({"config_kwargs": {"retries": 5}}, "s3fs takes none like these (AttributeError)"),
        ({"endpoint_url": "hidden"}, "s3fs takes none like these (ValueError)"),
        ({"client_kwargs": "hidden"}, "s3fs takes none like these (AttributeError)"),
    ],
)
def test_options_that_s3_cannot_use(s3: dict[str, Any], wrong: dict[str, Any], said: str) -> None:
    listed = [
        FileSource("s3://other", storage_options=s3),
        FileSource("s3://bucket", storage_options=s3 | wrong),
    ]
    found = failure(ObjectStores(Prefixes(listed)), "s3://bucket/resumes/cv.pdf")
    assert isinstance(found, Misconfigured)
    assert found.message.startswith(f"setting `file_sources[1].storage_options`: {said}; expected")


def test_a_whole_way_from_s3(s3: dict[str, Any], tmp_path: Path) -> None:
    with (
        Sources(tmp_path, [FileSource("s3://bucket", storage_options=s3)]) as sources,
        sources.open(ResumeFile("s3://bucket/resumes/cv.pdf", filename="Own.doc")) as resume,
    ):
        assert (resume.filename, resume.content_type) == ("Own.pdf", "application/pdf")
        assert resume.body.read() == PDF


class SftpServer(asyncssh.SSHServer):
    def __init__(self, connections: list[asyncssh.SSHServerConnection]) -> None:
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("loader", "hidden")


@contextmanager
def sftp_serving(root: Path) -> Iterator[tuple[int, Path]]:
    """An SFTP server; its port, and a known_hosts file that has its key."""
    (root / "served" / "resumes").mkdir(parents=True)
    (root / "served" / "resumes" / "cv.pdf").write_bytes(PDF)
    (root / "served" / "resumes" / "a b#1?%41é.pdf").write_bytes(PDF)
    (root / "served" / "resumes" / "more.txt").write_bytes(b"a" * (MAX_SIZE + 1))
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    connections: list[asyncssh.SSHServerConnection] = []

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: SftpServer(connections),
            server_host_keys=[key],
            sftp_factory=lambda channel: asyncssh.SFTPServer(
                channel, chroot=bytes(root / "served")
            ),
        )

    server = run(listen())
    port = server.get_port()
    known = root / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port} {key.export_public_key().decode()}")
    try:
        yield port, known
    finally:

        async def stop() -> None:
            server.close()
            for connection in connections:
                connection.abort()
                await connection.wait_closed()
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

        run(stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    with sftp_serving(tmp_path_factory.mktemp("sftp")) as served:
        yield served
        SSHFileSystem.clear_instance_cache()


def sftp_remote(port: int, **options: Any) -> tuple[ObjectStores, str]:
    prefix = f"sftp://127.0.0.1:{port}/resumes"
    return ObjectStores(Prefixes([FileSource(prefix, storage_options=options)])), prefix


def test_sftp(sftp: tuple[int, Path]) -> None:
    port, known = sftp
    remote, prefix = sftp_remote(port, username="loader", password="hidden", known_hosts=str(known))
    assert fetched(remote, f"{prefix}/cv.pdf") == (PDF, "cv.pdf")
    assert fetched(remote, f"{prefix}/a b#1?%41é.pdf") == (PDF, "a b#1?%41é.pdf")
    assert refusal(remote, f"{prefix}/more.txt") == "file_too_large"
    assert refusal(remote, f"{prefix}/absent.pdf") == "source_gone"
    assert refusal(remote, f"{prefix}/../x") == "source_not_allowed"
    assert refusal(remote, prefix) == "not_a_file"
    user = f"sftp://root@127.0.0.1:{port}/resumes/cv.pdf"
    assert refusal(remote, user) == "source_not_allowed"


def test_sftp_with_the_user_in_the_url(sftp: tuple[int, Path]) -> None:
    port, known = sftp
    options = {"password": "hidden", "known_hosts": str(known)}
    prefix = f"sftp://loader@127.0.0.1:{port}/resumes"
    remote = ObjectStores(Prefixes([FileSource(prefix, storage_options=options)]))
    assert fetched(remote, f"{prefix}/cv.pdf") == (PDF, "cv.pdf")


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All that is logged, also after a target that an earlier test made here silenced some."""
    silence_loggers(PRIVATE_LOGGERS)
    for name in PRIVATE_LOGGERS:
        logging.getLogger(name).setLevel(logging.NOTSET)
        logging.getLogger(name).propagate = True
    yield caplog
    silence_loggers(PRIVATE_LOGGERS)


def test_only_loggers_that_are_to_be_silent_tell_of_files(
    s3: dict[str, Any], sftp: tuple[int, Path], tmp_path: Path, heard: pytest.LogCaptureFixture
) -> None:
    port, known = sftp
    login = {"username": "loader", "password": "hidden", "known_hosts": str(known)}
    with heard.at_level(logging.DEBUG), serving() as server:
        server.file("/in/cv.pdf", PDF)
        listed = [
            FileSource("s3://bucket", storage_options=s3),
            FileSource(
                f"sftp://127.0.0.1:{port}", storage_options=login | {"keepalive_interval": 9}
            ),
            FileSource(server.url("/in")),
        ]
        locations = [
            "s3://bucket/resumes/cv.pdf",
            "s3://bucket/resumes/absent-cv.pdf",
            f"sftp://127.0.0.1:{port}/resumes/cv.pdf",
            server.url("/in/cv.pdf?sig=hidden"),
        ]
        with Sources(tmp_path, listed) as sources:
            for location in locations:
                with suppress(Reject), sources.open(ResumeFile(location)) as resume:
                    resume.body.read()
    telling = {
        record.name.partition(".")[0]
        for record in heard.records
        if "cv.pdf" in record.getMessage() or "hidden" in record.getMessage()
    }
    assert {"urllib3", "asyncssh"} <= telling  # else nothing was looked at
    assert telling - {"werkzeug"} <= set(PRIVATE_LOGGERS)  # werkzeug serves S3 here


def test_sftp_without_a_port() -> None:
    assert _address("sftp", "files.example.com/a/b") == ({"host": "files.example.com"}, "/a/b")


def test_sftp_wants_to_know_the_server(
    sftp: tuple[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An SSH server whose key nobody vouched for gets no password."""
    monkeypatch.setenv("HOME", str(tmp_path))
    remote, prefix = sftp_remote(sftp[0], username="loader", password="hidden")
    assert refusal(remote, f"{prefix}/cv.pdf") == "source_denied"


def test_sftp_with_a_wrong_password(sftp: tuple[int, Path]) -> None:
    port, known = sftp
    remote, prefix = sftp_remote(port, username="loader", password="x", known_hosts=str(known))
    assert refusal(remote, f"{prefix}/cv.pdf") == "source_denied"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"passwordd": "hidden"}, "sshfs takes no option 'passwordd'"),
        ({"client_keys": "/no/such/hidden"}, "sshfs takes none like these (FileNotFoundError)"),
        ({"known_hosts": "/no/such/hidden"}, "sshfs takes none like these (FileNotFoundError)"),
        ({"max_sessions": 0}, "sshfs takes none like these (ValueError)"),
    ],
)
def test_options_that_sftp_cannot_use(
    sftp: tuple[int, Path], wrong: dict[str, Any], said: str
) -> None:
    port, known = sftp
    options = {"username": "loader", "password": "hidden", "known_hosts": str(known)}
    remote, prefix = sftp_remote(port, **(options | wrong))
    found = failure(remote, f"{prefix}/cv.pdf")
    assert isinstance(found, Misconfigured), found.message
    assert said in found.message


def test_sftp_connects_again(tmp_path: Path) -> None:
    with sftp_serving(tmp_path) as (port, known):
        remote, prefix = sftp_remote(
            port, username="loader", password="hidden", known_hosts=str(known)
        )
        assert fetched(remote, f"{prefix}/cv.pdf")[0] == PDF
        for files in list(SSHFileSystem._cache.values()):
            fsspec.asyn.sync(files.loop, close, files._client)
        failures = []
        for _ in range(3):
            try:
                assert fetched(remote, f"{prefix}/cv.pdf")[0] == PDF
                break
            except Retry as error:
                failures.append(error)
        assert len(failures) < 3
        SSHFileSystem.clear_instance_cache()


async def close(client: asyncssh.SSHClientConnection) -> None:
    client.abort()
    await client.wait_closed()


class Store(MemoryFileSystem):  # type: ignore[misc]  # as above
    """Stands for the stores that have no server here: what fsspec promises of any of them."""

    protocol = ("gs", "az", "abfs")
    cachable = False
    opened: list[tuple[str, dict[str, Any]]] = []  # noqa: RUF012 - one list for all on purpose

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options = options

    def _open(self, path: str, *args: Any, **kwargs: Any) -> Any:
        path = f"/{path.lstrip('/')}"
        Store.opened.append((path, self.options))
        if path.endswith("denied.pdf"):
            raise PermissionError("hidden")
        if path.endswith("directory.pdf"):
            raise IsADirectoryError("hidden")
        if path.endswith("broken.pdf"):
            raise RuntimeError("hidden")
        return super()._open(path, *args, **kwargs)


@pytest.mark.parametrize(
    ("prefix", "path", "more"),
    [
        ("gs://bucket/resumes", "bucket/resumes", {}),
        ("az://bucket/resumes", "bucket/resumes", {}),
        ("abfs://bucket/resumes", "bucket/resumes", {}),
        (
            "abfs://box@account.dfs.core.windows.net/resumes",
            "box/resumes",
            {"account_name": "account"},
        ),
        (
            "abfss://box@account.dfs.core.windows.net/resumes",
            "box/resumes",
            {"account_name": "account"},
        ),
        (
            "wasbs://box@account.blob.core.windows.net/resumes",
            "box/resumes",
            {"account_name": "account"},
        ),
        (
            "abfss://box@account.dfs.core.chinacloudapi.cn/resumes",
            "box/resumes",
            {"account_name": "account", "account_host": "account.blob.core.chinacloudapi.cn"},
        ),
        (
            "abfss://box@onelake.dfs.fabric.microsoft.com/a.Lakehouse/Files",
            "box/a.Lakehouse/Files",
            {"account_name": "onelake", "account_host": "onelake.blob.fabric.microsoft.com"},
        ),
        (
            "az://box@account.blob.core.windows.net/resumes",
            "box/resumes",
            {"account_name": "account"},
        ),
        ("gcs://bucket/resumes", "bucket/resumes", {}),
    ],
)
def test_other_stores_by_the_contract_of_fsspec(
    monkeypatch: pytest.MonkeyPatch, prefix: str, path: str, more: dict[str, str]
) -> None:
    scheme = plain_scheme(prefix.partition(":")[0])
    for module in ("gcsfs", "adlfs"):
        monkeypatch.setitem(sys.modules, module, fsspec)  # neither is installed
    monkeypatch.setitem(importlib.import_module("fsspec.registry")._registry, scheme, Store)
    remote = ObjectStores(Prefixes([FileSource(prefix, storage_options={"token": "hidden"})]))
    store = Store()
    store.pipe_file(f"/{path}/cv.pdf", PDF)
    Store.opened.clear()
    assert fetched(remote, f"{prefix}/cv.pdf") == (PDF, "cv.pdf")
    assert Store.opened == [(f"/{path}/cv.pdf", {"token": "hidden"} | more)]
    assert refusal(remote, f"{prefix}/absent.pdf") == "source_gone"
    assert refusal(remote, f"{prefix}/denied.pdf") == "source_denied"
    assert refusal(remote, f"{prefix}/directory.pdf") == "not_a_file"
    assert isinstance(failure(remote, f"{prefix}/broken.pdf"), Retry)
    store.rm(f"/{path}/cv.pdf")


def answered(status: int) -> OSError:
    """What s3fs makes of an answer without a code that it knows."""
    error = OSError(errno.EIO, "hidden")
    answer: Any = {"Error": {}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error.__cause__ = botocore.exceptions.ClientError(answer, "HeadObject")
    return error


@pytest.mark.parametrize("status", [401, 403])
def test_an_answer_that_denies(status: int) -> None:
    found = _failure(answered(status), has_version=False)
    assert isinstance(found, Reject)
    assert found.code == "source_denied"


@pytest.mark.parametrize("status", [400, 429, 503])
def test_the_status_of_an_answer_is_said(status: int) -> None:
    found = _failure(answered(status), has_version=False)
    assert isinstance(found, Retry)
    assert found.message == f"field 'file': the source cannot be read (OSError, {status})"


class Reader(Store):
    """Reads names as adlfs does, which drops what it takes for an empty fragment or query."""

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path)).rstrip("#?")


def test_no_file_of_another_name_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """With adlfs itself: `test_clouds.py`."""
    monkeypatch.setitem(sys.modules, "adlfs", fsspec)
    monkeypatch.setitem(importlib.import_module("fsspec.registry")._registry, "az", Reader)
    remote = ObjectStores(Prefixes([FileSource("az://bucket")]))
    names = ["cv.pdf", "cv.pdf#", "cv.pdf?"]
    for name in names:
        Store().pipe_file(f"/bucket/resumes/{name}", PDF + name.encode())
    for name in names:
        assert fetched(remote, f"az://bucket/resumes/{name}") == (PDF + name.encode(), name)
    for name in names:
        Store().rm(f"/bucket/resumes/{name}")


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("files.example.com/a", {"host": "files.example.com"}),
        ("a%40b@files.example.com:2222/a", {"host": "files.example.com", "port": 2222}),
        ("a@b@[fd00::5]:2222/a", {"host": "fd00::5", "port": 2222}),
        ("[fd00::5]/a", {"host": "fd00::5"}),
        ("a\nb:" + "9" * 5000 + "/a", {"host": "a\nb:" + "9" * 5000}),
        ("/a", {"host": ""}),
    ],
)
def test_the_server_of_an_sftp_url(url: str, options: dict[str, Any]) -> None:
    user = {"username": "a@b"} if "@" in url else {}
    assert _address("sftp", url) == (options | user, "/a")


@pytest.mark.parametrize(
    ("prefix", "module", "extra"),
    [
        ("s3://bucket", "s3fs", "s3"),
        ("gs://bucket", "gcsfs", "gcs"),
        ("az://bucket", "adlfs", "azure"),
        ("abfs://bucket", "adlfs", "azure"),
        ("sftp://files.example.com", "sshfs", "sftp"),
    ],
)
def test_a_missing_extra_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, prefix: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Misconfigured) as caught:
        Sources(tmp_path, [FileSource(prefix)])
    assert f"pip install 'target-linkedin-resumes[{extra}]'" in caught.value.message
