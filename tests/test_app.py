"""What a run that cannot begin leaves open: nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from target_linkedin_resumes.app import build
from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.settings import read_settings

AUDIT_KEY = "k" * 32


def open_files(directory: Path) -> set[str]:
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            path = descriptor.readlink()
        except FileNotFoundError:  # that of the listing itself
            continue
        if path.is_relative_to(directory):
            found.add(path.name)
    return found


@pytest.mark.parametrize(
    "wrong",
    [
        {"audit_path": "another's"},
        {"ledger_path": "another's"},
        {"rejects_path": "another's"},
        {"file_sources": [{"prefix": "s3://bucket/?query"}]},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_run_that_cannot_begin_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "another's").write_text("another's\n" * 100)
    settings = read_settings(
        {
            "client_id": "id",
            "client_secret": "secret",
            "organization": 1,
            "contract": 2,
            "on_reject": "continue",
            "rejects_path": "rejects.singer",
            "ledger_path": "ledger.db",
            "audit_path": "audit.jsonl",
            "audit_key": AUDIT_KEY,
            **wrong,
        }
    )
    for _ in range(2):  # nor a lock that would be in the way of the next run
        with pytest.raises(Misconfigured) as raised:
            build(settings, print_state=lambda _: None, encode=json.dumps)
        assert "in use by another run" not in str(raised.value)
        assert open_files(tmp_path) == set()
