"""What this target overrides or calls of the SDK without a public promise, as it is expected.

A new version of the SDK that changes one of these names fails here first, and by name.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from singer_sdk.helpers._batch import StorageTarget
from singer_sdk.mapper import CustomStreamMap
from singer_sdk.plugin_base import BaseSingerReader, PluginBase, _ConfigInput
from singer_sdk.singerlib.encoding import GenericSingerReader
from singer_sdk.singerlib.json import deserialize_json, serialize_json
from singer_sdk.sinks import Sink
from singer_sdk.target_base import Target

from target_linkedin_resumes.singer.reader import MessageReader
from target_linkedin_resumes.sinks import ResumeSink
from target_linkedin_resumes.target import TargetLinkedInResumes

OVERRIDDEN = [
    (Target, "_process_record_message", ["self", "message_dict"]),
    (Target, "_process_schema_message", ["self", "message_dict"]),
    (Target, "_process_state_message", ["self", "message_dict"]),
    (Target, "_process_batch_message", ["self", "message_dict"]),
    (Target, "_process_activate_version_message", ["self", "message_dict"]),
    (Target, "_handle_termination", ["self", "signum", "frame"]),
    (Target, "process_endofpipe", ["self"]),
    (Target, "get_singer_command", []),
    (Target, "append_builtin_config", ["config_jsonschema"]),
    (Target, "invoke", ["about", "about_format", "config", "file_input"]),
    (PluginBase, "_validate_config", ["self", "raise_errors"]),
    (PluginBase, "cb_config", ["ctx", "param", "value"]),
    (Sink, "_remove_sdc_metadata_from_schema", ["self"]),
    (Sink, "get_validator", ["self"]),
    (Sink, "process_record", ["self", "record", "context"]),
    (Sink, "process_batch", ["self", "context"]),
    (GenericSingerReader, "process_lines", ["self", "file_input", "callbacks"]),
    (GenericSingerReader, "deserialize_json", ["self", "line"]),
    (GenericSingerReader, "assert_line_requires", ["line_dict", "requires"]),
]


@pytest.mark.parametrize(
    ("owner", "name", "parameters"), OVERRIDDEN, ids=[name for _, name, _ in OVERRIDDEN]
)
def test_an_overridden_name_is_there_as_expected(
    owner: type, name: str, parameters: list[str]
) -> None:
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


def test_every_private_override_is_listed() -> None:
    listed = {name for _, name, _ in OVERRIDDEN}
    for mine, base in (
        (TargetLinkedInResumes, Target),
        (ResumeSink, Sink),
        (MessageReader, GenericSingerReader),
    ):
        private = {
            name
            for name in vars(mine)
            if name.startswith("_") and not name.startswith("__") and hasattr(base, name)
        } - {"_abc_impl"}
        assert private <= listed


def test_the_loop_hands_each_kind_of_message_to_its_method() -> None:
    source = inspect.getsource(BaseSingerReader.process_lines)
    for kind in ("SCHEMA", "RECORD", "STATE", "ACTIVATE_VERSION", "BATCH"):
        assert f"SingerMessageType.{kind}: self._process_{kind.lower()}_message" in source


def test_draining_sinks_that_hold_nothing_writes_no_state() -> None:
    source = inspect.getsource(Target.drain_all)
    assert "if self._latest_state:" in source  # which this target never sets
    assert "current_size == 0" in inspect.getsource(Target.drain_one)


def test_what_is_read_of_the_command_line() -> None:
    assert _ConfigInput().config == {}
    assert _ConfigInput().parse_env is False
    assert TargetLinkedInResumes._env_var_prefix == "TARGET_LINKEDIN_RESUMES_"


def test_json_keeps_numbers_as_they_are() -> None:
    text = '{"a":1.10,"b":12345678901234567890.5}'
    assert serialize_json(deserialize_json(text)) == text


def test_batch_files_are_opened_by_url(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n')
    head, tail = StorageTarget.split_url(path.as_uri())
    with StorageTarget.from_url(head).open(tail, mode="rb") as file:
        lines: list[Any] = [json.loads(line) for line in file]
    assert lines == [{"a": 1}]


def test_the_package_that_breaks_the_sdk_is_not_required() -> None:
    from importlib.metadata import requires

    names = {
        text.split(">")[0].split("=")[0].strip()
        for text in requires("target-linkedin-resumes") or []
    }
    assert "python-backoff" in names
    assert "backoff" not in names


def test_a_stream_map_asks_for_its_filter_by_its_own_method() -> None:
    # Which is replaced to see what a map would have made of a record that it takes out.
    source = inspect.getsource(CustomStreamMap._init_functions_and_schema)
    assert "if not self.get_filter_result(record):" in source
