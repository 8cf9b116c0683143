"""The Singer target: wires the house, reads messages, handles signals, decides the exit code."""

from __future__ import annotations

import copy
import logging
import os
import queue
import signal
import sys
import threading
import time
from types import FrameType
from typing import IO, Any, ClassVar

from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
)
from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.singerlib.json import serialize_json
from singer_sdk.target_base import Target

from target_linkedin_resumes.batchfiles import records_of
from target_linkedin_resumes.courier import Courier
from target_linkedin_resumes.delivery.checkpoints import State
from target_linkedin_resumes.delivery.flow import Flow
from target_linkedin_resumes.delivery.outside import Outside
from target_linkedin_resumes.delivery.pipeline import Draining, Pipeline
from target_linkedin_resumes.delivery.retries import Retries
from target_linkedin_resumes.delivery.run import bug
from target_linkedin_resumes.failures import Failure, Misconfigured, Reject, Stop
from target_linkedin_resumes.linkedin.api import LinkedIn
from target_linkedin_resumes.linkedin.calls import Calls
from target_linkedin_resumes.linkedin.limits import Concurrency, RecordsPerMinute
from target_linkedin_resumes.linkedin.settings import ClientSettings
from target_linkedin_resumes.linkedin.transport import HttpTransport
from target_linkedin_resumes.reader import InvalidInput, MessageReader, Woken
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.settings import SCHEMA, Settings, read_settings, unknown_settings
from target_linkedin_resumes.sinks import ResumeSink

logger = logging.getLogger(__name__)

# Settings of the SDK that would do nothing here: batches are LinkedIn's, records are checked
# against this target's own contract, `_sdc_*` fields are never added.
_WITHOUT_EFFECT = ("add_record_metadata", "load_method", "validate_records")


class TargetLinkedInResumes(Target):
    """Singer target that delivers candidates' resumes to LinkedIn's CRM Connect API."""

    name = "target-linkedin-resumes"
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SCHEMA)
    default_sink_class = ResumeSink
    message_reader_class = MessageReader
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        PluginCapabilities.BATCH,
    ]

    def __init__(self, **arguments: Any) -> None:
        """As the SDK's; raises :class:`Misconfigured` for a configuration that is not valid."""
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._signal: int | None = None
        self._printing = threading.Lock()
        self._warned: set[str] = set()
        self.message_reader: MessageReader
        super().__init__(**arguments)
        self.max_parallelism = 1  # sinks hold nothing: there is nothing to drain in parallel
        self.settings = read_settings(self.config)
        for message in unknown_settings(self.config, self.config_jsonschema["properties"]):
            logger.warning("%s", message)
        self.pipeline = self._wire(self.settings)

    def _wire(self, settings: Settings) -> Pipeline:
        calls = Calls(HttpTransport(settings.request_timeout_seconds))
        linkedin = LinkedIn(
            ClientSettings(
                organization=settings.organization,
                contract=settings.contract,
                client_id=settings.client_id,
                client_secret=settings.client_secret,
                api_url=settings.api_url,
                token_url=settings.token_url,
                blob_ttl=settings.blob_ttl,
            ),
            calls,
        )
        courier = Courier(Sources(settings.file_root), linkedin)
        flow = Flow(
            batch_size=min(settings.batch_size_rows, settings.records_per_minute),
            batch_max_age=settings.batch_max_age_seconds,
            retries=Retries(settings.retry_seconds),
        )
        outside = Outside(
            upload=courier.upload,
            sender=courier,
            pace=RecordsPerMinute(settings.records_per_minute, time.monotonic),
            concurrency=Concurrency(settings.upload_concurrency),
            print_state=self._print_state,
        )
        return Pipeline(
            flow,
            outside,
            workers=settings.upload_concurrency,
            grace=settings.shutdown_grace_seconds,
        )

    # Running

    @classmethod
    def invoke(  # type: ignore[override]  # as the SDK does for targets
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        file_input: IO[str] | None = None,
    ) -> None:
        """Run the command. Always raises SystemExit with one of the documented codes."""
        super(Target, cls).invoke(about=about, about_format=about_format)
        cls.print_version(print_fn=cls.logger.info)
        config = config or _ConfigInput()
        try:
            target = cls(config=config.config, parse_env_config=config.parse_env)
        except Misconfigured as error:
            cls.logger.error("%s", error)  # noqa: TRY400 - a traceback would not help the operator
            sys.exit(error.exit_code)
        sys.exit(target.run(file_input))

    def run(self, file_input: IO[Any] | None = None) -> int:
        """Read all messages, deliver them, and give the exit code."""
        pipeline = self.pipeline
        threading.Thread(target=self._watch_signals, name="signals", daemon=True).start()
        pipeline.start(on_failure=self.message_reader.wake)
        try:
            self.listen(file_input)
            pipeline.close()
        except (Draining, Woken):
            pass
        except InvalidInput as error:
            pipeline.fail(Stop(str(error)))
        except Failure as failure:
            pipeline.fail(failure)
        except Exception as error:
            logger.debug("unforeseen", exc_info=True)
            pipeline.fail(bug(error))
        pipeline.drain()
        try:
            pipeline.end()
        except Failure as failure:
            pipeline.fail(failure)
        return self._conclude()

    def _conclude(self) -> int:
        tally, failure = self.pipeline.tally, self.pipeline.failure
        logger.info(
            "%d records read: %d delivered, %d deleted, %d superseded by a later record,"
            " %d rejected; %d tries repeated; %d files with %d bytes uploaded",
            tally.read,
            tally.delivered,
            tally.deleted,
            self.pipeline.superseded,
            tally.rejected.total(),
            tally.retried,
            tally.uploaded,
            tally.bytes_uploaded,
        )
        if failure is not None:
            logger.error("%s", self._explain(failure))
            return failure.exit_code if isinstance(failure, Stop) else 1
        if self._signal is not None:
            logger.warning("Stopped by %s.", signal.Signals(self._signal).name)
            return 128 + self._signal
        return 0

    @staticmethod
    def _explain(failure: Failure) -> str:
        if isinstance(failure, Reject):
            return f"Stopped at a record that cannot be delivered [{failure.code}]: {failure}"
        return f"Stopped: {failure}"

    # Signals

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Note the signal and return: the SDK's own handler would acknowledge what is in flight."""
        del frame
        self._signals.put(signum)

    def _watch_signals(self) -> None:
        first = self._signals.get()
        self._signal = first
        logger.warning(
            "%s: reading stops; what is in flight gets %d s. A second signal ends at once.",
            signal.Signals(first).name,
            self.settings.shutdown_grace_seconds,
        )
        self.pipeline.stop()
        self.message_reader.wake()
        second = self._signals.get()
        self._printing.acquire(timeout=1)  # never leave half a state on stdout
        os._exit(128 + second)

    # Messages

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"stream", "record"})
        stream, record = message_dict["stream"], message_dict["record"]
        if not isinstance(record, dict):
            raise InvalidInput("'record' is not an object")
        maps = self.mapper.stream_maps.get(stream)
        if maps is None:
            raise InvalidInput(f"a record of stream {stream!r} came before the stream's SCHEMA")
        for stream_map in maps:
            mapped = stream_map.transform(dict(record))
            if mapped is not None:
                sink = self.get_sink(stream_map.stream_alias)
                assert isinstance(sink, ResumeSink)  # noqa: S101 - default_sink_class says so
                sink.deliver(mapped, record, stream)

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        schema = message_dict.get("schema")
        if not isinstance(message_dict.get("stream"), str) or not isinstance(schema, dict):
            raise InvalidInput("a SCHEMA message needs a 'stream' and a 'schema'")
        super()._process_schema_message(message_dict)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"value"})
        self.pipeline.state(message_dict["value"], self.message_reader.line_size)

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"stream"})
        config = self.config.get("batch_config") or {}
        for record in records_of(message_dict, config.get("storage")):
            self._process_record_message({"stream": message_dict["stream"], "record": record})

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"stream", "version"})
        stream = str(message_dict["stream"])
        if stream not in self._warned:
            self._warned.add(stream)
            logger.warning(
                "stream %r: ACTIVATE_VERSION is ignored; records the tap no longer names stay at"
                " LinkedIn unless they come with a deletion marker",
                stream,
            )

    def _print_state(self, state: State) -> None:
        with self._printing:
            try:
                sys.stdout.write(serialize_json(state) + "\n")
                sys.stdout.flush()
            except (OSError, ValueError):
                # Python would fail once more when it flushes stdout at the very end.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise Stop(
                    "the state could not be written: nobody reads this target's standard output"
                ) from None

    # The configuration

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Left to settings.py: the SDK's messages print the value, also a secret's."""
        del raise_errors
        self.append_builtin_config(self.config_jsonschema)
        return []

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the SDK's settings, apart from those that would do nothing here."""
        super().append_builtin_config(config_jsonschema)
        for name in _WITHOUT_EFFECT:
            config_jsonschema["properties"].pop(name, None)
