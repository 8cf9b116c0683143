"""The files of BATCH messages."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.errors import Stop
from target_linkedin_resumes.singer.batch_files import records_of


def message(path: Path, compression: str | None = None) -> dict[str, Any]:
    return {
        "encoding": {"format": "jsonl", "compression": compression},
        "manifest": [path.as_uri()],
    }


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_a_line_may_be_as_long_as_the_limit_and_no_longer(
    tmp_path: Path, compression: str | None
) -> None:
    path = tmp_path / "rows"
    content = b"{}".ljust(1000) + b"\n" + b"{}".ljust(1001) + b"\n"
    path.write_bytes(gzip.compress(content) if compression else content)
    records = records_of(message(path, compression), None, 1001)
    assert next(records) == {}
    with pytest.raises(Stop, match="BATCH file 1 of 1, line 2: longer than the 1001 bytes"):
        next(records)


@pytest.mark.parametrize(
    "name",
    [
        *("", "x", "::", "//x", "file://", "file:///\0", "file:///\ud800", "file:///" + "a" * 5000),
        *("foo://x/y", "memory://a/b", "github://a", "data:,{}", "https://", "sftp://h/x"),
    ],
)
def test_a_name_that_leads_nowhere_stops_the_run_clearly(name: str) -> None:
    names = {"encoding": {"format": "jsonl"}, "manifest": [name]}
    with pytest.raises(
        Stop, match=r"BATCH file 1 of 1 cannot be read after line 0 \(\w+\)\. Check"
    ):
        list(records_of(names, None))


@pytest.mark.parametrize(
    "storage", [{"root": "s3://b", "params": {"key": "s3cret"}}, {"root": "x", "nope": 1}]
)
def test_storage_that_cannot_be_used_stops_the_run_clearly(storage: dict[str, Any]) -> None:
    with pytest.raises(Stop, match="BATCH file 1 of 1 cannot be read") as stopped:
        list(records_of(message(Path("/rows")), storage))
    assert "s3cret" not in str(stopped.value)


@pytest.mark.parametrize("name", [5, None, {}, ["x"], True])
def test_a_manifest_lists_names(name: object) -> None:
    with pytest.raises(Stop, match="a BATCH message lacks a 'manifest' that lists names"):
        list(records_of({"encoding": {"format": "jsonl"}, "manifest": [name]}, None))


def test_numbers_out_of_all_bounds_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    numbers = ("1e9999999999999999999", "-1e999999", "9" * 200_000)
    path.write_text("".join(f'{{"a": {number}}}\n' for number in numbers))
    assert len(list(records_of(message(path), None))) == len(numbers)
