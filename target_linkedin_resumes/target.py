"""The Singer target: its command, the messages it reads, signals, and the exit code."""

from __future__ import annotations

import copy
import logging
import os
import re
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import IO, Any, ClassVar
from urllib.parse import urlsplit

import click
from singer_sdk import metrics
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities
from singer_sdk.plugin_base import SingerCommand, _ConfigInput
from singer_sdk.singerlib.json import serialize_json
from singer_sdk.target_base import Target

from target_linkedin_resumes.app import Runtime, build
from target_linkedin_resumes.engine.checkpoints import State
from target_linkedin_resumes.engine.engine import Draining, Engine
from target_linkedin_resumes.engine.types import bug
from target_linkedin_resumes.engine.workers import start_thread
from target_linkedin_resumes.errors import Failure, Misconfigured, Reject, Stop
from target_linkedin_resumes.exit_status import exit_status, explain, write_report
from target_linkedin_resumes.log_masking import mask_logs, silence_loggers
from target_linkedin_resumes.preflight import preflight
from target_linkedin_resumes.records import Delete, Provenance
from target_linkedin_resumes.report.progress import TerminalDisplay, is_wanted
from target_linkedin_resumes.resumes.sources import PRIVATE_LOGGERS
from target_linkedin_resumes.sdk_settings import (
    LOG_CONFIG,
    check_log_settings,
    check_sdk_settings,
    read_environment,
)
from target_linkedin_resumes.settings import (
    SCHEMA,
    Settings,
    read_settings,
    secrets_of,
    unknown_settings,
)
from target_linkedin_resumes.singer.batch_files import records_of
from target_linkedin_resumes.singer.config_files import nested, read_config_files
from target_linkedin_resumes.singer.reader import (
    InvalidInput,
    MessageReader,
    Woken,
)
from target_linkedin_resumes.singer.schemas import bounded, is_schema, readable
from target_linkedin_resumes.singer.signals import Signals
from target_linkedin_resumes.singer.standard_streams import StateOutput, Unread
from target_linkedin_resumes.singer.stream_maps import without_failing
from target_linkedin_resumes.singer.usage import DiscreetCommand
from target_linkedin_resumes.sinks import ResumeSink, warn_of_missing_streams
from target_linkedin_resumes.stores.full_table import FullTables
from target_linkedin_resumes.stores.reject_lines import attempts_of, deletion_of, element_of
from target_linkedin_resumes.values import version_of

logger = logging.getLogger(__name__)

# Settings of the SDK that would do nothing here: batches are LinkedIn's, records are checked
# against this target's own contract, `_sdc_*` fields are never added, Faker is not installed.
_WITHOUT_EFFECT = ("add_record_metadata", "faker_config", "load_method", "validate_records")
# After the grace, the time that a run has to write down how it ended.
_LAST_SECONDS = 5
_SCHEMA_CHANGE = re.compile(r"(Schema|Key properties|Schema or key properties) .*\bchanged\b")


class _Command(DiscreetCommand, SingerCommand):
    """The SDK's command, with usage errors that do not repeat what was given."""


class TargetLinkedInResumes(Target):
    """Singer target that delivers candidates' resumes to LinkedIn's CRM Connect API."""

    name = "target-linkedin-resumes"
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SCHEMA)
    default_sink_class = ResumeSink
    message_reader_class = MessageReader
    message_reader: MessageReader
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        PluginCapabilities.BATCH,
        PluginCapabilities.ACTIVATE_VERSION,
    ]

    def __init__(self, **arguments: Any) -> None:
        """As the SDK's; raises :class:`Misconfigured` for a configuration that is not valid."""
        self._signals = Signals()
        self._states = StateOutput()
        self.logged: set[str] = set()  # what is logged once a run
        self.checked: set[str] = set()  # streams whose schema was compared with the mapping
        self.retrying = False
        self._after_state = False
        self._replaying = False
        self._schemaless: dict[str, ResumeSink] = {}
        self._input_path: Path | None = None
        self._display: TerminalDisplay | None = None
        quiet_sdk_log(self.logger)
        check_log_settings(os.environ, self._env_var_prefix)
        super().__init__(**arguments)
        mask_logs(secrets_of(self.config))
        silence_loggers(PRIVATE_LOGGERS)
        self.max_parallelism = 1  # sinks hold nothing: there is nothing to drain in parallel
        self.settings = read_settings(self.config)
        self.message_reader.longest_line = self.settings.max_line_bytes

    @cached_property
    def runtime(self) -> Runtime:
        """The parts of this run, built and started on first use. Raises :class:`Stop`."""
        runtime = build(
            self.settings,
            print_state=self._print_state,
            encode=serialize_json,
            replayed=self._input_path,
        )
        self.message_reader.before_waiting = runtime.engine.flush
        runtime.engine.start(on_failure=self.message_reader.wake)
        return runtime

    def _retry_rejects(self) -> None:
        """Retry rejects of earlier runs whose cause may have passed, before any input is read.

        Raises the failure that stopped the run, or Draining.
        """
        rejects, keeping = self.runtime.rejects, self.settings.on_reject == "continue"
        if rejects is None or rejects.replaying or not (keeping and self.settings.retry_rejects):
            return
        retried, self.retrying = 0, True
        for line in rejects.due(time.time(), lambda: self.engine.position):
            message = self.message_reader.deserialize_json(line)
            if message["type"] == "SCHEMA":
                self._process_schema_message(message)
            else:
                retried += 1
                self._process_record_message(message)
        if retried:
            logger.info("%d rejected records of earlier runs are tried again", retried)
            self.engine.settle()
            self.engine.write(rejects.tried_again)
        # The schemas of earlier runs say nothing of what the tap sends now.
        self.retrying = False
        self._sinks_active.clear()
        self.mapper.stream_maps.clear()

    @property
    def engine(self) -> Engine:
        """The delivery engine that all sinks share."""
        return self.runtime.engine

    @property
    def versions(self) -> FullTables | None:
        """The streams' versions; None where there is no ledger to know them."""
        return self.runtime.versions

    # The command

    @classmethod
    def command(cls) -> click.Command:
        """Set up logging and return the command. Raises :class:`Misconfigured`."""
        check_log_settings(os.environ, cls._env_var_prefix)
        try:
            return cls.cli
        except Exception as error:
            if LOG_CONFIG not in os.environ:
                raise
            raise Misconfigured(
                f"environment variable {LOG_CONFIG}: expected the path of a YAML file that"
                " Python's logging.config.dictConfig takes; this one cannot be used"
                f" ({type(error).__name__})"
            ) from None

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the SDK's command with the option `--check`."""
        made = super().get_singer_command()
        command = _Command(
            made.name,
            context_settings=made.context_settings,
            callback=made.callback,
            params=made.params,
            help=made.help,
            logger=cls.logger,
        )
        command.params.append(
            click.Option(
                ["--check"],
                is_flag=True,
                help="Check the configuration, the token and the rights, and exit with 0 or 2.",
            )
        )
        return command

    @classmethod
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> _ConfigInput:
        """Read the files of `--config`. Raises :class:`Misconfigured`."""
        del ctx, param
        return read_config_files(value)

    @classmethod
    def invoke(  # type: ignore[override]  # as the SDK does for targets
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        file_input: IO[str] | None = None,
        check: bool = False,
    ) -> None:
        """Run the command. Always raises SystemExit with one of the documented codes."""
        super(Target, cls).invoke(about=about, about_format=about_format)
        mask_logs()
        config = config or _ConfigInput()
        try:
            target = cls(config=config.config, parse_env_config=config.parse_env)
            if not check:
                logger.info("%s", destination(target.settings))
            cls.print_version(print_fn=cls.logger.info)
            for message in unknown_settings(target.config, cls.config_jsonschema["properties"]):
                logger.warning("%s", message)
            sys.exit(target.check() if check else target.run(file_input))
        except Stop as error:
            logger.error("%s", error)  # noqa: TRY400 - a traceback would not help the operator
            sys.exit(_logged(error.exit_code))

    def check(self) -> int:
        """Print the findings of the preflight on standard output; return the exit code."""
        code = 0
        for well, finding in preflight(self.settings):
            sys.stdout.write(f"{'ok  ' if well else 'FAIL'}  {finding}\n")
            code = code if well else Misconfigured.exit_code
        return code

    def run(self, file_input: IO[Any] | None = None) -> int:
        """Read all messages, deliver them, and return the exit code.

        Raises Misconfigured, and Stop where the run's own files cannot be brought up to date.
        """
        name = getattr(file_input, "name", None)
        self._input_path = Path(name) if isinstance(name, str) else None
        runtime, ended = self.runtime, threading.Event()
        if is_wanted(sys.stderr, os.environ):
            self._display = TerminalDisplay(sys.stderr)
            self._display.start()
        self._signals.watched = True
        start_thread("signals", self._watch_signals)
        progress = start_thread("progress", runtime.reporter.watch, ended.wait, self._display)
        self._read(runtime.engine, file_input)
        runtime.engine.drain()
        ended.set()
        progress.join(timeout=1)
        try:
            runtime.engine.end()
            if runtime.versions is not None:
                runtime.versions.name_again()
            runtime.close(complete=runtime.engine.failure is None and self._signals.first is None)
        except Failure as failure:
            runtime.engine.fail(failure)
        code = _logged(self._conclude(runtime))
        self._signals.close()
        return code

    def _read(self, engine: Engine, file_input: IO[Any] | None) -> None:
        try:
            self._retry_rejects()
            self.listen(file_input)
        except (Draining, Woken):
            pass
        except InvalidInput as error:
            engine.fail(Stop(str(error)))
        except Failure as failure:
            engine.fail(failure)
        except Exception as error:  # noqa: BLE001 - the state must stay true, whatever happens
            # The text of the exception may quote a record; the place it was raised at does not.
            frames = " < ".join(
                f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
                for frame in reversed(traceback.extract_tb(error.__traceback__))
            )
            logger.debug("unforeseen %s at %s", type(error).__name__, frames)
            engine.fail(bug(error))

    def process_endofpipe(self) -> None:
        """Wait until all is settled. Raises the failure that stopped the run, or Draining."""
        if self.versions is not None:
            self.versions.finish(after_state=self._after_state)
        self.engine.close()
        if self.runtime.rows is not None:
            self.runtime.rows.report()
        warn_of_missing_streams(self, self.settings)
        super().process_endofpipe()

    def _conclude(self, runtime: Runtime) -> int:
        if self._display is not None:
            self._display.show(runtime.reporter.progress(ended=True))
            self._display.stop()
        counters, failure = runtime.engine.counters, runtime.engine.failure
        signum = self._signals.first
        if isinstance(failure, Unread) and signum is not None:
            logger.warning("%s", failure)
            failure = None  # the run ends as it was asked to
        kept = runtime.rejects.count if runtime.rejects is not None else 0
        end = exit_status(
            failure,
            signum,
            rejects_fail=kept > 0 and self.settings.fail_on_rejects,
            outstanding=runtime.reporter.outstanding() != (0, 0),
        )
        figures = runtime.reporter.figures(
            end, version=self.plugin_version, rejects_kept=runtime.rejects is not None
        )
        runtime.reporter.conclude(figures)
        write_report(runtime, figures, secrets_of(self.config))
        for stream, count in counters.by_stream.items():
            with metrics.record_counter(stream) as counter:
                counter.increment(count)
        if failure is not None:
            logger.error("%s", explain(failure))
        elif signum is not None:
            logger.warning("Stopped by %s.", signal.Signals(signum).name)
        elif kept:
            logger.warning(
                "%d records were rejected and are kept in %s. Fix the cause, then replay them:"
                " run the same command with --input and that file.",
                kept,
                self.settings.rejects_path,
            )
        return end.exit_code

    # Signals

    def _handle_termination(self, signum: int, _: FrameType | None) -> None:
        """Note the signal. The SDK's own handler would acknowledge records still in flight."""
        self._signals.note(signum)

    def _watch_signals(self) -> None:
        first = self._signals.wait()
        if first is None:
            return
        grace = self.settings.shutdown_grace_seconds
        self._states.end_within(grace)
        self.engine.stop()
        self.message_reader.wake()
        # Writing to standard error or a terminal may block for ever if nobody reads it.
        _beside(
            logger.warning,
            "%s: reading stops; what is in flight gets %d s. A second signal ends at once.",
            signal.Signals(first).name,
            grace,
        )
        second = self._signals.wait_for_second(grace + _LAST_SECONDS)
        if second is None:
            return
        if self._display is not None:
            _beside(self._display.stop, wait=1)
        self._states.settle(seconds=1)
        os._exit(128 + second)

    # Messages

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        stream, record = message_dict.get("stream"), message_dict.get("record")
        if not isinstance(record, dict) or not isinstance(stream, str):
            self._assert_line_requires(message_dict, requires={"stream", "record"})
            raise InvalidInput("'record' is not an object, or 'stream' not a text")
        self._after_state = False
        version = version_of(message_dict.get("version"))
        reject = message_dict.get("reject")
        attempts, element = 0, None
        if reject is not None:
            self._begin_replay()
            attempts, element = attempts_of(reject), element_of(reject)
            key = deletion_of(reject)
            if key is not None:  # its row or candidate may have come back since
                change = Delete(key, Provenance(stream, record, attempts, version))
                self._delete(change, self.message_reader.line_size)
                return
        if self.versions is not None:
            self.versions.named(stream, version)
        maps = self.mapper.stream_maps.get(stream)
        if maps is None:
            failure = Reject("record_without_schema", "it came before the stream's SCHEMA")
            unknown = self._sink_without_schema(stream)
            unknown.salvage(failure, record, record, stream, attempts, version)
            return
        for stream_map in maps:
            sink = self.get_sink(stream_map.stream_alias)
            assert isinstance(sink, ResumeSink)  # noqa: S101 - default_sink_class says so
            try:
                mapped = stream_map.transform(dict(record))
            except Exception as error:  # noqa: BLE001 - whatever an expression of the user raises
                failure = Reject(
                    "invalid_record", f"the stream map fails on it ({type(error).__name__})"
                )
                partial = without_failing(stream_map, record)
                sink.salvage(failure, partial, record, stream, attempts, version)
                continue
            if mapped is None:
                sink.filtered_out(stream_map, record, stream, version)
            else:
                sink.deliver(mapped, record, stream, attempts, version, element)

    def _sink_without_schema(self, stream: str) -> ResumeSink:
        """Return the sink for records of a stream that has no SCHEMA yet."""
        if stream not in self._schemaless:
            rows = self.runtime.rows
            keys = None if rows is None else rows.properties_of(stream)
            self._schemaless[stream] = ResumeSink(self, stream, {"properties": {}}, keys)
        return self._schemaless[stream]

    def _delete(self, change: Delete, size: int) -> None:
        if self.runtime.rows is not None:
            self.runtime.rows.delete(change, size)
        else:
            self.engine.add(change, size)

    def _begin_replay(self) -> None:
        """Detach a rejects file that is read through a pipe, so that it does not grow meanwhile.

        Raises as :meth:`Engine.write` does.
        """
        rejects = self.runtime.rejects
        if rejects is not None and not (self._replaying or self.retrying):
            self._replaying = True
            self.engine.write(rejects.detach)

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        if not isinstance(message_dict.get("stream"), str) or "schema" not in message_dict:
            raise InvalidInput("a SCHEMA message needs a 'stream' and a 'schema'")
        if not is_schema(message_dict["schema"]):
            raise InvalidInput(
                "the 'schema' of a SCHEMA message is no object, or its 'properties' are none"
            )
        if self.runtime.rejects is not None:
            self.runtime.rejects.schema(bounded(message_dict))
        try:
            flattened = self.config.get("flattening_enabled")
            separator = str(self.config.get("flattening_separator") or "__") if flattened else None
            super()._process_schema_message(readable(message_dict, separator))
        except Failure:
            raise
        except Exception as error:
            if not self.config.get("stream_maps"):
                raise
            # Its text quotes the expression, which may hold a credential.
            raise Misconfigured(
                f"setting 'stream_maps': expected expressions over the names that the schema of"
                f" stream {message_dict['stream']!r} lists; what is set for it cannot be used"
                f" ({type(error).__name__})"
            ) from None

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"value"})
        if message_dict["value"] is None:  # no state: the one before it stays valid
            return
        self._after_state = True
        self.engine.state(message_dict["value"], self.message_reader.line_size)

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"stream"})
        config = self.config.get("batch_config") or {}
        longest = self.settings.max_line_bytes
        for record in records_of(message_dict, config.get("storage"), longest):
            self._process_record_message(
                {
                    "stream": message_dict["stream"],
                    "record": record,
                    "version": message_dict.get("version"),
                }
            )

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"stream"})
        if not self.config.get("process_activate_version_messages", True):
            return
        stream, version = str(message_dict["stream"]), version_of(message_dict.get("version"))
        if self.versions is not None and version is not None:
            self.versions.activate(stream, version)
        elif stream not in self.logged:
            self.logged.add(stream)
            logger.warning(
                "stream %r: ACTIVATE_VERSION is ignored%s; records the tap no longer names stay at"
                " LinkedIn unless they come with a deletion marker",
                stream,
                " without the setting ledger_path"
                if self.versions is None
                else ": its version is no whole number",
            )

    def _print_state(self, state: State) -> None:
        with self._beside_the_display():
            self._states.write(serialize_json(state) + "\n")

    def _beside_the_display(self) -> AbstractContextManager[None]:
        """Keep states and the progress display apart where both go to a terminal."""
        if self._display is None or not sys.stdout.isatty():
            return nullcontext()
        return self._display.aside()

    # The configuration

    def _validate_config(self, **_: bool) -> list[str]:
        """Check only the SDK's settings: its own messages would print values, secrets included."""
        self._config = check_sdk_settings(self._config)
        self.append_builtin_config(self.config_jsonschema)
        return []

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805
        """Read the settings from the environment; the SDK would fail with tracebacks."""
        parse_environment_config({}, cls._env_var_prefix)  # which loads .env
        cls.append_builtin_config(cls.config_jsonschema)
        given = read_environment(os.environ, cls._env_var_prefix, cls.config_jsonschema)
        return nested(given, os.environ, cls._env_var_prefix)

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the SDK's settings, except those that have no effect here."""
        super().append_builtin_config(config_jsonschema)
        for name in _WITHOUT_EFFECT:
            config_jsonschema["properties"].pop(name, None)


def _beside(method: Callable[..., None], *arguments: object, wait: float = 0) -> None:
    """Call a method on its own thread, and wait at most ``wait`` seconds for it."""
    with suppress(Stop):  # the system may start no more threads
        start_thread("aside", method, *arguments).join(wait)


def destination(settings: Settings) -> str:
    """Return the first line of a run's log, which says where the run writes, or that it is dry."""
    host = urlsplit(settings.api_url).netloc
    if settings.dry_run:
        return f"Dry run: this run writes nothing to {host} (setting dry_run)"
    if host == "linkedin.com" or host.endswith(".linkedin.com"):
        return f"This run writes to LinkedIn, at {host}"
    return f"This run writes to {host} (setting api_url), and not to LinkedIn itself"


def quiet_sdk_log(sdk: logging.Logger) -> None:
    """Have the SDK log a change of a stream's schema once, and drop a line that means nothing here.

    Some taps send the schema of a stream with each record of its parent.
    """
    logged: set[str] = set()

    def is_worth_logging(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if text.startswith("Skipping parse of env var"):
            return False
        repeated = text in logged
        if _SCHEMA_CHANGE.match(text):
            logged.add(text)
        return not repeated

    for former in [f for f in sdk.filters if getattr(f, "__name__", "") == "is_worth_logging"]:
        sdk.removeFilter(former)
    sdk.addFilter(is_worth_logging)


def _logged(code: int) -> int:
    """Log the exit code, as a field too, because `meltano run` itself always ends with 1."""
    logger.info("exit code %d", code, extra={"exit_code": code})
    return code
