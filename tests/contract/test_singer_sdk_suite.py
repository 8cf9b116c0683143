"""The SDK's own target tests, against the sandbox.

Their streams know nothing of resumes, so stream maps make this target's record of each: a resume
whose candidate is the stream, and whose id is the record's. What arrives is compared with what the
stream holds, because most of these tests look for no more than that nothing is raised.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any, ClassVar

import pytest
from singer_sdk.testing import SuiteConfig, get_target_test_class, target_tests
from singer_sdk.testing.runners import TargetTestRunner
from singer_sdk.testing.suites import target_tests as standard
from singer_sdk.testing.templates import TargetFileTestTemplate, TargetTestTemplate

from target_linkedin_resumes.errors import Reject
from target_linkedin_resumes.sandbox.server import Running
from target_linkedin_resumes.singer.reader import Woken
from target_linkedin_resumes.target import TargetLinkedInResumes
from tests.sandboxes import Sandboxes

# Of a Python whose last year has begun; it is the user's to choose.
pytestmark = pytest.mark.filterwarnings("ignore:Python .* end of life")

# Where the streams have the id of a record; in `id` unless they stand here.
IDS = {
    "TestCamelcase": ("Id",),
    "ForecastingTypeToCategory": ("Id",),
    "test:SpecialChars!in?attributes": ("_id",),
    "test_object_schema_with_properties": ("object_store", "id"),
    "test_object_schema_no_properties": ("object_store", "id"),
}
STREAMS = (
    *IDS,
    *("example_stream", "record_missing_fields", "test_array_data", "test_duplicate_records"),
    *("test_multiple_state_messages_a", "test_multiple_state_messages_b", "test_no_pk"),
    *("test_optional_attributes", "test_record_before_schema", "test_record_missing_key_property"),
    *("test_record_missing_required_property", "test_schema_updates", "test_strings"),
    *("test_strings_in_arrays", "test_strings_in_objects"),
)
MAPS = {
    stream: {
        "candidate_id": repr(stream),
        "resume_id": "record" + "".join(f".get({name!r})" for name in IDS.get(stream, ("id",))),
        "created_at": "'2024-05-06'",
        # All that the record holds, so that its characters travel too.
        "file": "'data:text/plain;charset=utf-8,' + str(record)",
    }
    for stream in STREAMS
}


def reject_that_stops(runner: Any) -> Reject:
    """Run to the end; it may wake the reader, or be raised when all is read."""
    with pytest.raises((Reject, Woken)):
        runner.sync_all()
    failure = runner.targets[-1].runtime.engine.failure
    assert isinstance(failure, Reject)
    return failure


class RecordBeforeSchema(target_tests.TargetRecordBeforeSchemaTest):
    """The SDK ends with an exception of its own. Here it is a reject: kept, or the run's end."""

    def test(self) -> None:
        stopped = reject_that_stops(self.runner)
        says = r"a record of stream '\w+': it came before the stream's SCHEMA"
        assert re.fullmatch(says, str(stopped))
        assert stopped.code == "record_without_schema"


class RecordMissingKeyProperty(target_tests.TargetRecordMissingKeyProperty):
    """The SDK ends with an exception of its own. Here it is a reject that names the field."""

    def test(self) -> None:
        stopped = reject_that_stops(self.runner)
        assert "'resume_id'" in str(stopped)
        assert stopped.code == "invalid_record"


class RecordMissingRequiredProperty(target_tests.TargetRecordMissingRequiredProperty):
    """The SDK lets it pass, as the stream has no keys. A resume without an id cannot be sent."""

    def test(self) -> None:
        stopped = reject_that_stops(self.runner)
        assert "'resume_id'" in str(stopped)
        assert stopped.code == "invalid_record"


class InvalidSchema(target_tests.TargetInvalidSchemaTest):
    """The SDK refuses a schema without properties. Here it says nothing, and is not judged."""

    def test(self) -> None:
        self.runner.sync_all()
        assert not self.runner.state_messages


class MultipleStateMessages(target_tests.TargetMultipleStateMessages):
    """The SDK's own compares texts with objects, and is in no suite of its.

    States may be passed over here, as they are printed once a second; the last one never is.
    """

    def test(self) -> None:
        self.runner.sync_all()
        sent = [one["value"] for one in messages(self.runner) if one["type"] == "STATE"]
        printed = self.runner.state_messages
        assert printed[-1] == sent[-1]
        assert printed == [one for one in sent if one in printed]


TESTS: list[type[TargetTestTemplate]] = [
    target_tests.TargetArrayData,
    target_tests.TargetCamelcaseComplexSchema,
    target_tests.TargetCamelcaseTest,
    target_tests.TargetCliPrintsTest,
    target_tests.TargetDuplicateRecords,
    target_tests.TargetEncodedStringData,
    target_tests.TargetNoPrimaryKeys,
    target_tests.TargetOptionalAttributes,
    target_tests.TargetPrimaryKeyUpdates,
    target_tests.TargetRecordMissingOptionalFields,
    target_tests.TargetSchemaNoProperties,
    target_tests.TargetSchemaUpdates,
    target_tests.TargetSpecialCharsInAttributes,
    # Those that expect something else than this target promises are run with what it does promise.
    InvalidSchema,
    RecordBeforeSchema,
    RecordMissingKeyProperty,
    RecordMissingRequiredProperty,
    MultipleStateMessages,
]
NOTHING_ARRIVES = {
    "cli_prints",
    "invalid_schema",
    "record_before_schema",
    "record_missing_key_property",
    "record_missing_required_property",
}


class Whole(TargetLinkedInResumes):
    """The target as `run` ends it: the SDK's runner calls `listen`, which waits for no state."""

    def process_endofpipe(self) -> None:
        super().process_endofpipe()
        self.runtime.engine.end()


class Runner(TargetTestRunner):
    """The SDK's runner, whose targets let go of what they hold."""

    targets: ClassVar[list[Any]] = []

    def new_target(self) -> TargetLinkedInResumes:
        target = super().new_target()
        assert isinstance(target, TargetLinkedInResumes)
        self.targets.append(target)
        return target

    def close(self) -> None:
        while self.targets:
            target = self.targets.pop()
            if "runtime" in vars(target):
                target.runtime.close(complete=False)


def messages(runner: TargetTestRunner) -> list[dict[str, Any]]:
    """The messages of the stream that a test reads."""
    assert runner.input_filepath is not None
    lines = runner.input_filepath.read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def keys(runner: TargetTestRunner) -> set[tuple[str, str]]:
    """The resumes that the stream of a test makes."""
    made = set()
    for one in messages(runner):
        if one["type"] == "RECORD":
            found = one["record"]
            for name in IDS.get(one["stream"], ("id",)):
                found = found[name]
            made.add((one["stream"], str(found)))
    return made


Suite: Any = get_target_test_class(
    TargetLinkedInResumes,
    config={},
    custom_suites=[dataclasses.replace(standard, tests=TESTS)],
    include_target_tests=False,
)


class TestTheSDKsSuite(Suite):  # type: ignore[misc]
    """Each test of the list above."""

    @pytest.fixture
    def sandbox(self, sandboxes: Sandboxes) -> Running:
        return sandboxes.get()

    @pytest.fixture
    def runner(self, sandbox: Running, request: pytest.FixtureRequest) -> Iterator[Runner]:
        config = {
            "client_id": "sandbox",
            "client_secret": "sandbox-secret",
            "organization": 1,
            "contract": 1,
            "api_url": sandbox.url,
            "token_url": f"{sandbox.url}/oauth/v2/accessToken",
            "stream_maps": MAPS,
        }
        runner = Runner(Whole, config=config, suite_config=SuiteConfig())
        with closing(runner):
            yield runner
        name = request.node.name.removeprefix("test_target_")
        resumes = sandbox.snapshot()["resumes"]
        held = {(one["candidate_id"], one["resume_id"]) for one in resumes}
        assert held == (set() if name in NOTHING_ARRIVES else keys(runner))
        assert sandbox.snapshot()["breaches"] == []


def test_no_test_of_the_sdk_is_left_out() -> None:
    there = {
        one
        for one in vars(target_tests).values()
        if inspect.isclass(one) and issubclass(one, TargetTestTemplate)
    } - {TargetTestTemplate, TargetFileTestTemplate}
    assert there == {next(one for one in test.__mro__ if one in there) for test in TESTS}
