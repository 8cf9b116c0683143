"""What the audit file proves of one candidate."""

from __future__ import annotations

from pathlib import Path

import pytest

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.stores.audit_log import Receipt, is_held, receipt
from target_linkedin_resumes.stores.pseudonyms import Pseudonyms
from tests.stores.test_audit_log import PSEUDONYMS, erased, opened, sent


def test_of_one_candidate_all_resumes_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    file = opened(path)
    file.confirmed([sent("c1", "r1"), sent("c2", "r1"), sent("c1", "r2")])
    file.confirmed([erased("c1", "r1")])
    killed = path.read_bytes()  # not scrubbed yet
    file.close()
    for data in (killed, killed + b'{"at":"2026', path.read_bytes()):
        found = receipt(data.splitlines(keepends=True), PSEUDONYMS, "c1")
        first, second = found.resumes.values()
        assert (is_held(first), is_held(second)) == (False, True)
        assert [event["operation"] for event in first] == ["delivered", "deleted"]
        assert all("blob" not in event and "sha256" not in event for event in first)
        assert second[0]["blob"] == "urn:li:ambryBlob:/c1-r2-1.pdf"
        assert found.since == found.until == "2026-03-01T00:00:00.000+00:00"


def test_of_a_candidate_without_lines_nothing() -> None:
    assert receipt([], PSEUDONYMS, "c1") == Receipt({}, None, None)


def test_lines_of_another_key_are_no_proof_that_there_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    file = opened(path)
    file.confirmed([sent("c1", "r1")])
    file.close()
    lines = path.read_bytes().splitlines(keepends=True)
    with pytest.raises(Misconfigured, match=r"line 1 .*another key"):
        receipt(lines, Pseudonyms("another"), "c1")
    with pytest.raises(Misconfigured, match="line 2 is no line of an audit file"):
        receipt([*lines, b"{}\n"], PSEUDONYMS, "c1")
