"""The files of a report are whole, for their owner alone, and tried before the run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.report.files import ReportFiles
from target_linkedin_resumes.report.page import as_html, as_json
from tests.report.samples import PERFECT

HTML, JSON = as_html(PERFECT), as_json(PERFECT)


def test_both_files_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(HTML)
    path.chmod(0o644)
    ReportFiles(path).write("<p>é</p>", "{}")
    assert path.read_text() == "<p>é</p>"
    assert (tmp_path / "report.json").read_text() == "{}"
    assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 2


def test_what_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    files = ReportFiles(path)
    files.write(HTML, JSON)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write("new", "new")
    assert path.read_text() == HTML
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report.html", "report.json"]


@pytest.mark.parametrize(
    "content",
    [
        '{"client_secret": "mine"}',
        "<html><title>mine</title></html>",
        "mine",
        '{"name": "target-linkedin-resumes", "report_version": 1}',
        "\0",
    ],
)
@pytest.mark.parametrize("name", ["config.html", "config.json"])
def test_a_file_of_another_program_is_left_alone(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(Misconfigured, match=f"'{name}' exists and is not a report"):
        ReportFiles(tmp_path / "config.html")
    path.unlink()
    files = ReportFiles(tmp_path / "config.html")
    path.write_text(content)  # during the run
    with pytest.raises(FileExistsError, match="another file has taken its place"):
        files.write(HTML, JSON)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert path.read_text() == content


def test_an_earlier_report_and_an_empty_file_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.touch()
    path.with_suffix(".json").touch()
    for _ in range(2):
        ReportFiles(path).write(HTML, JSON)
    assert path.read_text() == HTML


@pytest.mark.parametrize("name", ["report.html", "report.json"])
def test_no_regular_file_is_replaced(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(
        Misconfigured, match=rf"'report_path': '{name}' exists and is not a regular"
    ):
        ReportFiles(tmp_path / "report.html")


def test_a_directory_that_cannot_be_written_is_told_at_once() -> None:
    with pytest.raises(Misconfigured, match=r"setting 'report_path': 'r\.html' cannot be written"):
        ReportFiles(Path("/proc/r.html"))
