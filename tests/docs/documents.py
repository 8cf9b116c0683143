"""The repository's documents and examples, as tests read them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ROW = re.compile(r"^\|(.+)\|$", re.MULTILINE)


def read(name: str) -> str:
    """Give a document of the repository."""
    return (ROOT / name).read_text("utf-8")


def blocks(document: str, language: str) -> list[str]:
    """Give the fenced blocks in a language."""
    return [body for found, body in _FENCE.findall(document) if found == language]


def without_blocks(document: str) -> str:
    """Give what stands outside of fenced blocks."""
    return _FENCE.sub("", document)


def section(document: str, heading: str) -> str:
    """Give what stands below a heading, to the next of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    _, found, rest = f"\n{document}".partition(f"\n{heading}\n")
    if not found:
        raise AssertionError(f"no heading {heading!r}")
    return re.split(rf"^#{{1,{level}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str) -> list[list[str]]:
    """Give the cells of the first table, row by row, without its head."""
    rows = [[cell.strip() for cell in row.split("|")] for row in _ROW.findall(text)]
    return rows[2:]


def example(name: str) -> ModuleType:
    """Load a program of examples/, which is no package."""
    specification = importlib.util.spec_from_file_location(
        f"examples_{name.replace('/', '_')}", EXAMPLES / f"{name}.py"
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
