"""docs/getting-started.md can be followed as it stands, and its arithmetic is right."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from target_linkedin_resumes.settings import SCHEMA
from tests.docs.documents import EXAMPLES, blocks, read, section, table
from tests.e2e.conftest import bench, make_bench
from tests.e2e.support import Bench, record

__all__ = ["bench", "make_bench"]

PAGE = read("docs/getting-started.md")
COMMANDS = [line for block in blocks(PAGE, "console") for line in block.splitlines()]


def test_its_commands_lead_to_resumes_at_linkedin(bench: Bench) -> None:
    (block,) = blocks(PAGE, "json")
    path = bench.config()
    config = {**json.loads(block), **json.loads(path.read_text()), "file_root": str(EXAMPLES)}
    path.write_text(json.dumps(config))
    sample = (EXAMPLES / "resumes.singer").read_text("utf-8").splitlines()[:150]
    sample.append(json.dumps(record("candidate", "lost", "is-not-there.pdf")))
    (bench.directory / "sample.singer").write_text("\n".join(sample), "utf-8")

    held, logs = [], []
    for command in COMMANDS:
        logs.append(run(command, bench.directory))
        held.append(len(bench.held()))
    check, dry_run, first, replay = held
    assert (check, dry_run) == (0, 0)
    assert first == replay > 100
    rejects = (bench.directory / config["rejects_path"]).read_text().splitlines()
    assert [json.loads(line)["type"] for line in rejects].count("RECORD") == 1
    assert bench.sandbox.snapshot()["breaches"] == []
    assert_that_the_counts_agree(logs[2])


def assert_that_the_counts_agree(log: str) -> None:
    (parts,) = re.findall(r"\bread = ([^.]+)\.", PAGE)
    (line,) = (line for line in log.splitlines() if " records read: " in line)
    read_in_all = int(line.partition(" records read: ")[0].rpartition(" ")[2])
    counts = {part: int(re.findall(rf"(\d+) {part}", line)[0]) for part in parts.split(" + ")}
    assert read_in_all == sum(counts.values())


def run(command: str, directory: Path) -> str:
    """Run a line of the page as a shell does; gives its log."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=directory,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


def test_the_table_of_durations_is_right() -> None:
    limit = SCHEMA["properties"]["records_per_minute"]["default"]
    rows = table(section(PAGE, "## 4. How long it takes"))
    assert len(rows) == 3
    for resumes, data, at_the_limit, over_the_line in rows:
        count = int(resumes.replace(",", ""))
        gigabytes = count * 60_000 / 1e9
        assert data == f"{gigabytes:g} GB"
        assert at_the_limit == f"{count / limit:.0f} min"
        assert over_the_line == f"{gigabytes * 8e9 / 50e6 / 60:.0f} min"


def test_the_rates_are_right() -> None:
    properties = SCHEMA["properties"]
    per_second = properties["records_per_minute"]["default"] / 60
    assert f"a minute, {per_second:.0f} a second" in PAGE
    uploads = properties["upload_concurrency"]["default"]
    assert f"{uploads} uploads of 250 ms are {uploads / 0.25:.0f} a second" in PAGE
    batch = properties["batch_size_rows"]["default"]
    assert f"{batch} records in 300 ms are {batch / 0.3:.0f} a second" in PAGE
    millions = properties["requests_per_day"]["default"] * batch / 1e6
    assert f"batch calls alone, which is {millions:.0f} million records" in PAGE
