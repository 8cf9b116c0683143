"""The commands that the pages show, and what each of them knows."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.docs.documents import blocks, read, without_blocks

OURS: dict[str, str] = tomllib.loads(read("pyproject.toml"))["project"]["scripts"]
# Commands of others, with what may follow; nothing means that anything may. The options of
# Meltano's are looked at where Meltano is (make test-meltano).
OTHERS: dict[str, set[str]] = {
    "apt-get": {"install"},
    "curl": set(),
    "grep": set(),
    "head": set(),
    "meltano": {"add", "config", "install", "invoke", "run", "upgrade"},
    "openssl": {"rand"},
    "pip": {"install"},
    "podman": {"build", "run"},
    "pre-commit": {"install"},
    "python": {"-m"},
    "python3": {"-m"},
    "some-tap": set(),
    "twine": {"upload"},
}
# Options that a command of others may have here.
THEIR_OPTIONS: dict[str, set[str]] = {
    "apt-get": set(),
    "curl": {"--data", "--request"},
    "pip": set(),
    "openssl": set(),
}


def shown(text: str) -> Iterator[list[str]]:
    """Give each command line of a page, in words: of its blocks, fenced or indented, and of the
    running text what begins with the name of a command.
    """
    for language in ("console", "sh", "bash"):
        for block in blocks(text, language):
            for line in block.splitlines():
                yield from _words(line)
    running = without_blocks(text)
    for line in re.findall(r"(?<=\n\n) {4}\S.*(?:\n {4}.*)*", running):
        for one in line.splitlines():
            yield from _words(one)
    known = "|".join([*OURS, *OTHERS, "make"])
    for span in re.findall(r"`([^`\n]+)`", running):
        if re.search(rf"(^|\| )({known}) ", span):
            yield from _words(span)


def _words(line: str) -> Iterator[list[str]]:
    for piece in re.split(r" \| | && |; ", re.sub(r"(^|\s+)#.*", "", line)):
        words = [word for word in shlex.split(piece) if word != "..."]
        if words:
            words[0] = words[0].rpartition("/")[2]
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)  # a variable of the environment
        if words:
            yield words


@cache
def options(command: str) -> set[str]:
    """Give the options that a command of ours has."""
    done = subprocess.run(
        [Path(sys.executable).with_name(command), "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(re.findall(r"--[a-z-]+", done.stdout))


def make_targets() -> set[str]:
    """Give what `make help` lists."""
    return set(re.findall(r"^([a-z-]+):.*##", read("Makefile"), re.MULTILINE))
