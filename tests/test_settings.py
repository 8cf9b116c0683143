"""The configuration: every message names setting, value (never a secret's) and expectation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.http.oauth import OAuth
from target_linkedin_resumes.sdk_settings import check_sdk_settings, read_environment
from target_linkedin_resumes.settings import (
    SCHEMA,
    read_settings,
    secrets_of,
    unknown_settings,
)

SECRET = "s3cret-of-the-customer"
GOOD = {
    "client_id": "the-client-id",
    "client_secret": SECRET,
    "organization": "urn:li:organization:1",
    "contract": 123456,
}
OAUTH = {"token_url": "https://h/token", "client_id": "i", "client_secret": "secret-hidden"}


def test_defaults() -> None:
    settings = read_settings(GOOD)
    assert settings.organization == "urn:li:organization:1"
    assert settings.contract == "urn:li:contract:123456"
    assert settings.api_url == "https://api.linkedin.com"
    assert settings.file_root == Path.cwd()
    assert settings.batch_size_rows == 100
    assert settings.on_reject == "fail"
    assert settings.rejects_path is None
    assert settings.dry_run is False


@pytest.mark.parametrize("name", ["client_id", "client_secret", "organization", "contract"])
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_required(name: str, value: str | None) -> None:
    with pytest.raises(Misconfigured, match=f"setting '{name}': required"):
        read_settings({**GOOD, name: value})


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(Misconfigured, match=r"'client_id': .* client_secret, organization, con"):
        read_settings({})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("organization", "urn:li:contract:1", "urn:li:organization:N"),
        ("organization", "acme", "urn:li:organization:N"),
        ("organization", "urn:li:organization:1&x=2", "bare number"),
        ("contract", "urn:li:contract:", "urn:li:contract:N"),
        ("contract", True, "a text"),
        ("api_url", "http://api.linkedin.com", "https URL"),
        ("api_url", "https://api.linkedin.com/?x=1", "https URL"),
        ("api_url", "ftp://127.0.0.1", "https URL"),
        ("api_url", "https://", "https URL"),
        ("api_url", "https://host:99999", "https URL"),
        ("token_url", "http://127.0.0.1.example.com/x", "https URL"),
        ("file_root", "/no/such/directory", "a directory that exists"),
        ("batch_size_rows", 101, "from 1 to 100"),
        ("batch_size_rows", 0, "from 1 to 100"),
        ("batch_size_rows", "many", "a whole number"),
        ("batch_size_rows", 2.5, "a whole number"),
        ("batch_size_rows", True, "a whole number"),
        ("retry_seconds", -1, "a whole number"),
        ("on_reject", "ignore", "'fail' or 'continue'"),
        ("on_quota", "hope", "'stop' or 'wait'"),
        ("dry_run", "maybe", "true or false"),
        ("rejects_path", "/no/such/directory/r", "in a directory that exists"),
        ("blob_ttl", {"duration": 3}, "duration"),
        ("blob_ttl", {"duration": 0, "unit": "HOUR"}, "duration"),
        ("blob_ttl", {"duration": 3, "unit": "FORTNIGHT"}, "HOUR"),
        ("blob_ttl", {"duration": 3, "unit": ["HOUR"]}, "HOUR"),
        ("blob_ttl", 72, "duration"),
        ("file_sources", {"prefix": "x"}, "a list"),
        ("file_sources", [{"prefix": "x", "token": "y"}], "prefix"),
        ("file_sources", [{"headers": {}}], "prefix"),
        ("file_sources", [{"prefix": "https://h/", "headers": {"a": 1}}], "headers"),
        ("file_sources", [{"prefix": "s3://b/", "storage_options": 1}], "storage_options"),
        ("file_sources", [{"prefix": "https://h/", "oauth": {"client_id": "i"}}], "client_secret"),
        ("file_sources", [{"prefix": "https://h/", "oauth": []}], "refresh_token"),
        ("file_sources", [{"prefix": "https://h/", "oauth": OAUTH | {"x": "y"}}], "token_url"),
        ("file_sources", [{"prefix": "https://h/", "oauth": OAUTH | {"scope": 5}}], "scope"),
        (
            "file_sources",
            [{"prefix": "https://h/", "oauth": OAUTH | {"token_url": "http://h/t"}}],
            "oauth.token_url': a URL that begins with 'http://h' is not valid; expected an https",
        ),
    ],
)
def test_a_wrong_value_is_named(name: str, value: Any, expected: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        read_settings({**GOOD, name: value})
    assert f"setting '{name}" in caught.value.message
    assert expected in caught.value.message
    assert caught.value.exit_code == 2


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(Misconfigured) as caught:
        read_settings({**GOOD, "api_url": f"https://user:{SECRET}@api.linkedin.com"})
    assert SECRET not in caught.value.message


@pytest.mark.parametrize("name", ["client_id", "client_secret", "audit_key"])
def test_a_secret_of_the_wrong_type_is_not_repeated(name: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        read_settings({**GOOD, name: [SECRET]})
    assert SECRET not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8765",
        "http://localhost:8765/",
        "http://[::1]:8765",
        "https://proxy.example.com/linkedin/",
    ],
)
def test_urls_that_serve(url: str) -> None:
    assert read_settings({**GOOD, "api_url": url}).api_url == url.rstrip("/")


def test_texts_from_the_environment_are_read() -> None:
    settings = read_settings({**GOOD, "batch_size_rows": "50", "dry_run": "true"})
    assert settings.batch_size_rows == 50
    assert settings.dry_run is True


def test_continue_needs_a_place_for_the_rejects(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="rejects_path"):
        read_settings({**GOOD, "on_reject": "continue"})
    path = tmp_path / "rejects.singer"
    settings = read_settings({**GOOD, "on_reject": "continue", "rejects_path": str(path)})
    assert settings.rejects_path == path


def test_an_audit_file_needs_a_key_that_cannot_be_guessed(tmp_path: Path) -> None:
    path = str(tmp_path / "audit.jsonl")
    with pytest.raises(Misconfigured, match="setting 'audit_key': required by audit_path"):
        read_settings({**GOOD, "audit_path": path})
    with pytest.raises(Misconfigured, match="setting 'audit_key': too short") as caught:
        read_settings({**GOOD, "audit_path": path, "audit_key": "k" * 31})
    assert "kkk" not in caught.value.message
    settings = read_settings({**GOOD, "audit_path": path, "audit_key": "k" * 32})
    assert settings.audit_path == tmp_path / "audit.jsonl"
    assert "k" * 32 in secrets_of({"audit_key": "k" * 32})
    assert "kkk" not in repr(settings)


def test_two_settings_do_not_name_one_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with pytest.raises(Misconfigured, match=r"'audit_path': expected another file.*'rejects_path'"):
        read_settings(
            {
                **GOOD,
                "audit_path": str(tmp_path / "link"),
                "audit_key": "k" * 32,
                "rejects_path": str(tmp_path / "file"),
            }
        )


def test_unknown_settings_are_told_with_what_was_meant() -> None:
    assert unknown_settings({"batch_sise_rows": 1, **GOOD}, SCHEMA["properties"]) == [
        "setting number 1: its name is unknown, so it is ignored; did you mean 'batch_size_rows'?"
    ]


@pytest.mark.parametrize("name", ["s3cret-s3cret", "client_secret=s3cret-s3cret"])
def test_an_unknown_setting_may_be_a_secret_in_the_wrong_place(name: str) -> None:
    [message] = unknown_settings({name: ""}, SCHEMA["properties"])
    assert "s3cret" not in message


def test_secrets_are_not_shown() -> None:
    assert SECRET in secrets_of(GOOD)
    assert SECRET not in repr(read_settings(GOOD))


def test_credentials_of_sources_are_secrets_and_may_come_as_json() -> None:
    text = '[{"prefix": "https://h/", "headers": {"Authorization": "Bearer abc"}}]'
    [source] = read_settings({**GOOD, "file_sources": text}).file_sources
    assert source.prefix == "https://h/"
    assert "Bearer abc" in secrets_of({**GOOD, "file_sources": text})
    assert "abc" not in repr(source)


def test_tokens_of_sources() -> None:
    oauth = OAUTH | {"refresh_token": "refresh-hidden", "scope": "files offline"}
    config = {**GOOD, "file_sources": [{"prefix": "https://h/", "oauth": oauth}]}
    [source] = read_settings(config).file_sources
    assert source.oauth == OAuth("https://h/token", "i", "secret-hidden", *list(oauth.values())[3:])
    assert {"secret-hidden", "refresh-hidden"} <= set(secrets_of(config))
    assert not {"https://h/token", "files offline"} & set(secrets_of(config))
    assert "hidden" not in repr(source)


def test_every_setting_is_described() -> None:
    for name, schema in SCHEMA["properties"].items():
        assert schema["description"].endswith("."), name
        assert schema["type"] != "number", name  # floats crash in Meltano's environment


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("no-such-directory/report.html", "a file in a directory that exists"),
        ("report.json", "a name that ends with .html; JSON goes beside it"),
        ("rejects.html", "another file than that of 'rejects_path'"),
        ("rejects.json", "a name that ends with .html"),
    ],
)
def test_a_report_has_two_files_of_its_own(tmp_path: Path, name: str, expected: str) -> None:
    paths = {
        "report_path": str(tmp_path / name),
        "rejects_path": str(tmp_path / "rejects.json"),
    }
    with pytest.raises(Misconfigured, match=f"setting 'report_path': .*{expected}"):
        read_settings({**GOOD, **paths})
    assert read_settings({**GOOD, "report_path": str(tmp_path / "r.html")}).report_path


SDK = {
    "properties": {
        "stream_maps": {"type": ["object", "null"]},
        "flattening_max_depth": {"type": ["integer", "null"]},
        **SCHEMA["properties"],
    }
}


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_counts_as_not_set(empty: str) -> None:
    environ = {f"T_{name.upper()}": empty for name in SDK["properties"]}
    assert read_environment(environ, "T_", SDK) == {}


def test_variables_are_read_by_the_kind_of_their_setting() -> None:
    environ = {"T_STREAM_MAPS": '{"s": null}', "T_BATCH_SIZE_ROWS": " 7 ", "T_CLIENT_ID": "5"}
    read = read_environment({**environ, "T_OTHER": "x"}, "T_", SDK)
    assert read == {"stream_maps": {"s": None}, "batch_size_rows": 7, "client_id": "5"}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("STREAM_MAPS", "{bad", "JSON"),
        ("STREAM_MAPS", "[" * 100_000, "JSON"),
        ("FLATTENING_MAX_DEPTH", "x", "a whole number"),
        ("FLATTENING_MAX_DEPTH", "9" * 5000, "a whole number"),
    ],
    ids=["broken", "deep", "text", "long"],
)
def test_a_variable_that_cannot_be_read_is_named(name: str, value: str, expected: str) -> None:
    with pytest.raises(Misconfigured, match=f"variable T_{name}: expected {expected}"):
        read_environment({f"T_{name}": value}, "T_", SDK)


@pytest.mark.parametrize("name", ["audit_path", "batch_size_rows", "fields", "on_reject"])
def test_an_empty_text_counts_as_not_set(name: str) -> None:
    assert read_settings({**GOOD, name: ""}) == read_settings(GOOD)


@pytest.mark.parametrize(
    ("name", "value", "setting"),
    [
        ("stream_maps", [], "stream_maps'"),
        ("stream_maps", "{bad", "stream_maps'"),
        ("stream_maps", "x", "stream_maps'"),
        ("stream_maps", 5, "stream_maps'"),
        ("stream_maps", {"s": "x"}, "stream_maps.s'"),
        ("stream_maps", {"s": []}, "stream_maps.s'"),
        ("stream_maps", {"__else__": {}}, "stream_maps.__else__'"),
        ("stream_maps", {"__x__": None}, "stream_maps.__x__'"),
        ("stream_maps", {"s": {"a": "b +"}}, "stream_maps.s.a'"),
        ("stream_maps", {"s": {"a": "f(b"}}, "stream_maps.s.a'"),
        ("stream_maps", {"s": {"a": "(" * 5000}}, "stream_maps.s.a'"),
        ("stream_maps", {"s": {"__filter__": "=="}}, "stream_maps.s.__filter__'"),
        ("stream_map_config", "x", "stream_map_config'"),
        ("flattening_enabled", "maybe", "flattening_enabled'"),
        ("flattening_enabled", True, "flattening_max_depth'"),
        ("flattening_max_depth", "x", "flattening_max_depth'"),
        ("flattening_max_depth", -1, "flattening_max_depth'"),
        ("flattening_max_key_length", [], "flattening_max_key_length'"),
        ("flattening_separator", {}, "flattening_separator'"),
        ("process_activate_version_messages", "x", "process_activate_version_messages'"),
        ("batch_config", "x", "batch_config'"),
        ("batch_config", {"storage": []}, "batch_config.storage'"),
        ("batch_config", {"storage": {"root": 5}}, "batch_config.storage.root'"),
    ],
)
def test_a_wrong_setting_of_the_sdk_is_named(name: str, value: Any, setting: str) -> None:
    with pytest.raises(Misconfigured, match=f"^setting '{setting}.*expected"):
        check_sdk_settings({**GOOD, name: value})


def test_settings_of_the_sdk_are_given_as_it_takes_them() -> None:
    maps = '{"s": {"a": " b + 1 ", "__filter__": "c", "__alias__": "a b", "d": null}, "t": null}'
    texts = {"flattening_enabled": "true", "flattening_max_depth": "2", "stream_maps": maps}
    checked = check_sdk_settings({**GOOD, **texts, "stream_map_config": "", "batch_config": None})
    assert checked == {
        **GOOD,
        "flattening_enabled": True,
        "flattening_max_depth": 2,
        "stream_maps": json.loads(maps),
    }


@pytest.mark.parametrize(
    "name", ["file_root", "rejects_path", "audit_path", "ledger_path", "report_path"]
)
@pytest.mark.parametrize("path", ["circle", "circle/x", "~no-such-user-here/x", "a\0b", "x" * 5000])
def test_a_path_that_leads_nowhere_is_a_mistake_of_its_setting(
    tmp_path: Path, name: str, path: str
) -> None:
    (tmp_path / "circle").symlink_to("circle")
    given = path if path.startswith("~") else str(tmp_path / path)
    more = {"on_reject": "continue"} if name == "rejects_path" else {}
    key = {"audit_key": "k" * 40} if name == "audit_path" else {}
    with pytest.raises(Misconfigured) as error:
        read_settings({**GOOD, name: given, **more, **key})
    assert str(error.value).startswith(f"setting '{name}': ")
    assert "is not valid; expected" in str(error.value)


def test_a_report_beside_a_link_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "r.json").symlink_to("r.json")
    assert read_settings({**GOOD, "report_path": str(tmp_path / "r.html")}).report_path
