"""The command ``linkedin-resumes-sandbox``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from .config import LIMITED, SURFACES, Config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MISSING = (
    "linkedin-resumes-sandbox needs the extra `sandbox`: "
    "pip install 'target-linkedin-resumes[sandbox]'\n"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Exit codes: 0, or 2 for what cannot be started."""
    parser = _parser()
    options, unknown = parser.parse_known_args(arguments)
    if unknown:  # not repeated: there may be a secret among them
        parser.error("arguments that are not known; --help lists those that are")
    if sys.stdout is None:  # closed by whoever has started this
        if sys.stderr is not None:
            sys.stderr.write("linkedin-resumes-sandbox: standard output is closed\n")
        return 2
    if "data" not in options:
        given = sys.argv[1:] if arguments is None else arguments
        with TemporaryDirectory(prefix="linkedin-resumes-sandbox-") as scratch:
            return main([*given, "--data", scratch])
    try:
        from .server import listening, serve, url_of  # noqa: PLC0415 - an extra may be missing
        from .state import State  # noqa: PLC0415 - comes with it
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in {"starlette", "uvicorn"}:
            raise
        sys.stderr.write(_MISSING)
        return 2
    config = Config(
        data=options.data,
        clients={options.client_id: options.client_secret},
        token_ttl=options.token_ttl,
        url_ttl=options.url_ttl,
        records_per_minute=options.records_per_minute,
        requests_per_day=options.requests_per_day,
        latency=options.latency,
    )
    try:
        listener = listening(options.host, options.port)
        try:
            state = State(config, time.time)
        except OSError:
            listener.close()
            raise
    except OSError as fault:
        sys.stderr.write(
            f"linkedin-resumes-sandbox: cannot use --host {options.host} --port {options.port} "
            f"--data {options.data}: {fault.strerror}\n"
        )
        return 2

    def announce() -> None:
        url = url_of(listener)
        sys.stdout.write(
            json.dumps({"url": url, "page": f"{url}/", "data": str(options.data)}) + "\n"
        )
        sys.stdout.flush()

    serve(state, listener, announce)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="linkedin-resumes-sandbox",
        description="A LinkedIn to run target-linkedin-resumes against on this machine.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=_whole(0, 65_535), default=8765, help="port to listen on; 0: a free one")
    add(
        "--data",
        type=Path,
        default=argparse.SUPPRESS,
        help="directory for files and journal.jsonl (default: one that goes with the sandbox)",
    )
    add("--client-id", default="sandbox", help="client id of the application")
    add("--client-secret", default="sandbox-secret", help="client secret of the application")
    add("--token-ttl", type=_whole(1, 10**6), default=1800, help="life of a token in seconds")
    add("--url-ttl", type=_whole(1, 10**6), default=600, help="life of a signed URL in seconds")
    add(
        "--records-per-minute",
        type=_whole(1, 10**9),
        default=10_000,
        help="records taken in any 60 seconds",
    )
    add(
        "--requests-per-day",
        type=_by_surface(LIMITED, everywhere=True),
        default="100000",
        help="calls a UTC day on each of url, upload and batch: N, or a list such as batch=4",
    )
    add(
        "--latency",
        type=_by_surface(SURFACES, everywhere=False),
        default="",
        help="milliseconds an answer takes, such as url=100,upload=150,batch=300",
    )
    return parser


def _whole(smallest: int, largest: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or not smallest <= int(text) <= largest:
            raise argparse.ArgumentTypeError(
                f"{text!r}: expected a whole number from {smallest} to {largest}"
            )
        return int(text)

    return number


def _by_surface(surfaces: Sequence[str], *, everywhere: bool) -> Callable[[str], dict[str, int]]:
    def numbers(text: str) -> dict[str, int]:
        if everywhere and text.isdecimal():
            return dict.fromkeys(surfaces, int(text))
        given: dict[str, int] = {}
        for part in filter(None, text.split(",")):
            name, _, value = part.partition("=")
            if name not in surfaces or not value.isdecimal():
                raise argparse.ArgumentTypeError(
                    f"{part!r}: expected name=number, the name one of {', '.join(surfaces)}"
                )
            given[name] = int(value)
        return given

    return numbers


if __name__ == "__main__":
    sys.exit(main())
