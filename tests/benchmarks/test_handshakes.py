"""How many connections and TLS handshakes a whole run takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.cases import CASES, write_files
from benchmarks.measure import run
from benchmarks.run import certificates_below

RECORDS = 600


def test_a_run_over_tls_makes_one_handshake_for_each_upload_at_a_time(tmp_path: Path) -> None:
    """Two calls a resume, and a session is never resumed because no connection is opened anew."""
    [case] = [case for case in CASES if case.tls]
    case = replace(case, size=2048, latency={"url": 20, "upload": 20, "batch": 20})
    write_files(case, tmp_path / "files")
    stats = run("target", case, RECORDS, tmp_path, certificates_below(tmp_path)).stats

    assert stats["calls"]["url"] == stats["calls"]["upload"] == stats["updated"] == RECORDS
    assert 8 < stats["connections"] <= case.concurrency + 1  # the one for batches and the token
    assert stats["handshakes"] == stats["connections"]
    assert stats["resumed"] == 0
