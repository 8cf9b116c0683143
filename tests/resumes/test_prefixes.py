import re

import pytest

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.http.oauth import OAuth
from target_linkedin_resumes.resumes.prefixes import FileSource, Prefixes

OAUTH = OAuth("https://auth.example.com/token", "id", "hidden")
PREFIXES = (
    "https://crm.example.com/files",
    "https://crm.example.com/files/private/",
    "http://10.0.0.5:8080/",
    "s3://bucket/resumes/",
    "sftp://loader@files.example.com:2222/export",
    "gs://",
    "abfss://box@account.dfs.core.windows.net/resumes",
    "sftp://10.1.2.3/export",
    "abfss://box@onelake.dfs.fabric.microsoft.com/resumes",
)


@pytest.fixture(scope="module")
def prefixes() -> Prefixes:
    return Prefixes([FileSource(prefix) for prefix in PREFIXES])


@pytest.mark.parametrize(
    ("url", "prefix"),
    [
        ("https://crm.example.com/files", 0),
        ("https://crm.example.com/files/", 0),
        ("https://crm.example.com/files/1?token=a", 0),
        ("https://crm.example.com:443/files/1", 0),
        ("HTTPS://CRM.Example.Com/files/1#a", 0),
        ("https://crm.example.com/files/private/1", 1),
        ("https://crm.example.com/files/private", 1),
        ("http://10.0.0.5:8080/any/path", 2),
        ("http://10.0.0.5:8080", 2),
        ("s3://bucket/resumes/2024/cv.pdf", 3),
        ("S3://bucket/resumes/cv.pdf", 3),
        ("sftp://loader@files.example.com:2222/export/cv.pdf", 4),
        ("s3a://bucket/resumes/cv.pdf", 3),
        ("s3n://bucket/resumes/a::b#c.pdf ", 3),
        ("gs://any/cv.pdf", 5),
        ("gcs://any/cv.pdf", 5),
        ("abfs://box@account.dfs.core.windows.net/resumes/cv.pdf", 6),
        ("abfss://box@account.dfs.core.windows.net/resumes/cv.pdf", 6),
        ("wasb://box@account.blob.core.windows.net/resumes/cv.pdf", 6),
        ("wasbs://box@account.blob.core.windows.net/resumes/cv.pdf", 6),
        # A host is the same in another case, an authority by its default port, a query no user.
        ("abfss://box@Account.DFS.core.windows.net/resumes/cv.pdf", 6),
        ("sftp://loader@Files.Example.com:2222/export/cv.pdf", 4),
        ("sftp://10.1.2.3:22/export/cv.pdf", 7),
        ("wasbs://box@onelake.blob.fabric.microsoft.com/resumes/cv.pdf", 8),
        ("https://crm.example.com/files?at=a:b@c", 0),
        ("http://10.0.0.5:8080?mail=a@example.com", 2),
    ],
)
def test_what_is_below_a_prefix(prefixes: Prefixes, url: str, prefix: int) -> None:
    found = prefixes.match(url)
    assert found is not None
    assert found.prefix == PREFIXES[prefix]


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.com/filesystem",
        "https://crm.example.com/file",
        "https://crm.example.com/",
        "http://crm.example.com/files/1",
        "https://crm.example.com:8443/files/1",
        "https://crm.example.com.evil.com/files/1",
        "https://evilcrm.example.com/files/1",
        "https://crm.example.com@evil.com/files/1",
        "https://crm.example.com:443@evil.com/files/1",
        "https://user@crm.example.com/files/1",
        "https://evil.com/https://crm.example.com/files/1",
        "https://evil.com\\@crm.example.com/files/1",
        "https://crm.example.com\\files/1",
        "https://crm.example.com./files/1",
        "https://crm.example.com/files/..;/admin",
        "https://crm.example.com/files/%2e%2e/admin",
        "https://crm.example.com/files/%2E./admin",
        "https://crm.example.com/files/%252e%252e/admin",
        "https://crm.example.com/files/..%2fadmin",
        "https://crm.example.com/files/a%2f..%2f..%2fadmin",
        "https://crm.example.com/files/..%5cadmin",
        "https://crm.example.com/files/%2e",
        "https:///files/1",
        "https://[::1/files/1",
        "s3://bucket/resumes-old/cv.pdf",
        "s3://bucket/resume",
        "s3://bucket2/resumes/cv.pdf",
        "s3://bucket/resumes/../secrets/cv.pdf",
        "s3://Bucket/resumes/cv.pdf",
        "sftp://files.example.com:2222/export/cv.pdf",
        "sftp://root@files.example.com:2222/export/cv.pdf",
        "sftp://loader@files.example.com/export/cv.pdf",
        "sftp://loader@files.example.com:2222/export/../etc/passwd",
        "az://container/cv.pdf",
        "abfss://other@account.dfs.core.windows.net/resumes/cv.pdf",
        "wasbs://box@other.blob.core.windows.net/resumes/cv.pdf",
        "sftp://loader:hidden@files.example.com:2222/export/cv.pdf",
        "s3n://AKIA:hidden@bucket/resumes/cv.pdf",
        "abfss://Box@account.dfs.core.windows.net/resumes/cv.pdf",
        "s3a:/bucket/resumes/cv.pdf",
        "ftp://crm.example.com/files/1",
        "/files/1",
        "",
    ],
)
def test_what_is_not(prefixes: Prefixes, url: str) -> None:
    assert prefixes.match(url) is None


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "crm.example.com",
        "/srv/files",
        "ftp://files.example.com/",
        "file:///srv/",
        "https://",
        "https:///files",
        "https://user:pass@crm.example.com/",
        "https://crm.example.com/files?x=1",
        "https://crm.example.com/files#x",
        "https://crm.example.com/a/%2e%2e/b",
        "https://crm.example.com:nonsense/",
        "s3:///key",
        "s3://bucket/../x",
        "sftp://loader:hidden@files.example.com/",
        "s3n://AKIA:hidden@bucket/",
    ],
)
def test_what_cannot_be_a_prefix(prefix: str) -> None:
    secret = {"Authorization": "Bearer hidden"}
    with pytest.raises(Misconfigured, match=r"`file_sources\[1\].prefix`.*s3://bucket/") as caught:
        Prefixes([FileSource("s3://"), FileSource(prefix, headers=secret)])
    assert "hidden" not in caught.value.message


def test_no_secret_shows_in_a_representation() -> None:
    source = FileSource("s3://", {"Authorization": "hidden"}, {"secret": "hidden"})
    assert "hidden" not in repr(source)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Key": "a\r\nHost: b"},
        {"X Key": "a"},
        {"X-Key": "\u20ac"},
        {"X-Key": 5},
        {"X-Key": " a"},
        {"": "a"},
    ],
)
def test_what_cannot_be_a_header(headers: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match=r"`file_sources\[0\].headers`") as caught:
        Prefixes([FileSource("https://crm.example.com/", headers)])
    assert "Host" not in caught.value.message


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            FileSource("s3://bucket/", {"X-Key": "hidden"}),
            "`file_sources[1].headers`: of no use for s3; expected `storage_options`",
        ),
        (
            FileSource("sftp://files.example.com/", {"X-Key": "hidden"}),
            "`file_sources[1].headers`: of no use for sftp",
        ),
        (
            FileSource("s3://bucket/", oauth=OAUTH),
            "`file_sources[1].oauth`: of no use for s3; expected `storage_options`",
        ),
        (
            FileSource("https://crm.example.com/", {"authorization": "hidden"}, oauth=OAUTH),
            "`file_sources[1].headers`: `Authorization` and `oauth` exclude each other; write",
        ),
        (
            FileSource("https://crm.example.com/", storage_options={"key": "hidden"}),
            "`file_sources[1].storage_options`: of no use for https; expected `headers`",
        ),
    ],
)
def test_what_would_be_ignored(source: FileSource, said: str) -> None:
    with pytest.raises(Misconfigured, match=re.escape(said)) as caught:
        Prefixes([FileSource("s3://"), source])
    assert "hidden" not in caught.value.message


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({}, {"Authorization": "Bearer abc"}),
        ({"X-Key": "1"}, {"X-Key": "1", "Authorization": "Bearer abc"}),
        (
            {"Authorization": "Zoho-oauthtoken {token}"},
            {"Authorization": "Zoho-oauthtoken abc"},
        ),
        ({"X-Token": "{token}", "X-Key": "1"}, {"X-Token": "abc", "X-Key": "1"}),
    ],
)
def test_where_an_access_token_goes(headers: dict[str, str], sent: dict[str, str]) -> None:
    source = FileSource("https://crm.example.com/", headers, oauth=OAUTH)
    Prefixes([source])
    assert source.headers_with("abc") == sent


def test_headers_as_they_are_used() -> None:
    headers = {"Authorization": "Zoho-oauthtoken 1000.ab", "X-Key": "", "X-Name": "M\xfcller"}
    assert Prefixes([FileSource("https://crm.example.com/", headers)]).schemes() == {"https"}
