"""A mapper between tap and target."""

from __future__ import annotations

import json
from pathlib import Path

from target_linkedin_resumes.sandbox.server import Running
from tests.e2e.support import PDF
from tests.meltano.project import TARGET, Project, checked


def test_a_mapper_makes_the_records(crm: Project, sandbox: Running, tmp_path: Path) -> None:
    (tmp_path / "cvs").mkdir()
    (tmp_path / "cvs" / "ada.pdf").write_bytes(PDF)
    attachments = [
        {"id": 1, "person": 42, "kind": "resume", "file_name": "ada.pdf", "created_at": 1714979289},
        {"id": 2, "person": 42, "kind": "letter", "file_name": "ada.pdf", "created_at": 1714979289},
    ]
    lines = tmp_path / "attachments.jsonl"
    lines.write_text("".join(json.dumps(one) + "\n" for one in attachments))
    project = crm.having(TAP_JSONL_PATH=str(lines), TAP_JSONL_STREAM_NAME="attachments").loading(
        file_root=str(tmp_path)
    )
    ran = checked(project.run("tap-jsonl", "resumes-only", TARGET))
    (resume,) = sandbox.snapshot()["resumes"]
    assert (resume["candidate_id"], resume["resume_id"]) == ("42", "att-1")
    assert resume["created_at"] == 1714979289000
    assert any("1 records read: 1 delivered" in line for line in ran.said()), ran.text
