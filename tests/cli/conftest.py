"""A configuration for the commands beside a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.stores.test_audit_log import KEY


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with an audit file, which is not there yet."""
    path = tmp_path / "config.json"
    settings = {
        "client_id": "id",
        "client_secret": "secret",
        "organization": 1,
        "contract": 2,
        "audit_path": str(tmp_path / "audit.jsonl"),
        "audit_key": KEY,
    }
    path.write_text(json.dumps(settings))
    return path
