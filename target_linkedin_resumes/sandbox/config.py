"""What the sandbox can be told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ENDPOINTS = ("token", "introspect", "url", "upload", "batch_update", "batch_delete")
SURFACES = ("token", "introspect", "url", "upload", "batch")
"""What latencies and daily quotas are set for: both batch operations share one of each."""
LIMITED = ("url", "upload", "batch")
LARGEST_BATCH = 100
LARGEST_FILE = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of one sandbox.

    ``clients`` maps client ids to secrets. ``token_ttl`` and ``url_ttl`` are in seconds, latencies
    in milliseconds by surface, ``requests_per_day`` by surface; a surface not named has no
    latency, and no quota.
    """

    data: Path
    clients: Mapping[str, str] = field(default_factory=lambda: {"sandbox": "sandbox-secret"})
    token_ttl: int = 1800
    url_ttl: int = 600
    records_per_minute: int = 10_000
    requests_per_day: Mapping[str, int] = field(
        default_factory=lambda: dict.fromkeys(LIMITED, 100_000)
    )
    latency: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0


def surface_of(endpoint: str) -> str:
    """The surface that an endpoint belongs to."""
    return "batch" if endpoint.startswith("batch") else endpoint
