"""The pages of docs/recipes, as tests run them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.docs.documents import ROOT, blocks, section
from tests.e2e.support import Bench, Finished

PAGES = ROOT / "docs" / "recipes"
LEDGER = "/srv/crm/ledger.sqlite"


@dataclass
class Recipe:
    """A page: the records it shows and the settings it asks for."""

    records: list[dict[str, Any]]
    settings: dict[str, Any]

    @classmethod
    def read(cls, name: str, replaced: Mapping[str, str]) -> Recipe:
        """Read a page; hosts and directories in it are replaced, nothing else."""
        page = (PAGES / f"{name}.md").read_text("utf-8")
        for old, new in replaced.items():
            assert old in page, f"{old} is not on the page"
            page = page.replace(old, new)
        records = blocks(section(page, "## What the tap sends"), "json")
        (settings,) = blocks(section(page, "## Configuration"), "json")
        return cls([json.loads(record) for record in records], json.loads(settings))

    def trust(self, host: str, **more: Any) -> None:
        """List a prefix that is private only because the stand-in for a store is on loopback."""
        self.settings.setdefault("file_sources", []).append({"prefix": host, **more})

    def run(
        self,
        bench: Bench,
        streams: Mapping[str, tuple[dict[str, Any], list[dict[str, Any]]]],
        *,
        keys: Mapping[str, str] | None = None,
        version: int | None = None,
        code: int = 0,
    ) -> Finished:
        """Deliver records: schema and records by stream, and a STATE at the end.

        ``keys`` are the key properties of streams where they are not `id`. With a ``version`` each
        stream is sent as a whole table.
        """
        messages: list[dict[str, Any]] = []
        for stream, (schema, records) in streams.items():
            key = (keys or {}).get(stream, "id")
            about: dict[str, Any] = {"stream": stream}
            if version is not None:
                about["version"] = version
            messages += [
                {"type": "SCHEMA", "key_properties": [key], "schema": schema, **about},
                *({"type": "RECORD", "record": one, **about} for one in records),
            ]
            if version is not None:
                messages.append({"type": "ACTIVATE_VERSION", **about})
        done = bench.run([*messages, {"type": "STATE", "value": {"done": 1}}], **self.settings)
        assert done.code == code, done.log
        assert done.states == [{"done": 1}]
        assert bench.sandbox.snapshot()["breaches"] == []
        return done


def rejected(bench: Bench) -> dict[Any, str]:
    """Codes of the rejects by the id of the tap's record."""
    path: Path = bench.directory / "rejects.singer"
    lines = path.read_text().splitlines() if path.exists() else []
    messages = [json.loads(line) for line in lines]
    return {
        next(value for name, value in one["record"].items() if name.lower() == "id"): one["reject"][
            "code"
        ]
        for one in messages
        if one["type"] == "RECORD"
    }


def nullable(*types: str) -> dict[str, Any]:
    """A property of a tap's schema."""
    return {"type": ["null", *types]}


def timestamp() -> dict[str, Any]:
    """A time in a tap's schema."""
    return {"type": ["null", "string"], "format": "date-time"}
