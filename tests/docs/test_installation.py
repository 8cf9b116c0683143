"""docs/installation.md can be followed as it stands."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib

from target_linkedin_resumes.target import TargetLinkedInResumes
from tests.docs.commands import shown
from tests.docs.documents import EXAMPLES, ROOT, blocks, example, read, section, table
from tests.e2e.conftest import bench, make_bench
from tests.e2e.support import COMMAND, Bench

__all__ = ["bench", "make_bench"]

PAGE = read("docs/installation.md")
EXTRAS = tomllib.loads(read("pyproject.toml"))["project"]["optional-dependencies"]


def test_what_stands_under_without_meltano_leads_to_resumes(bench: Bench) -> None:
    text = section(PAGE, "## Without Meltano")
    (config,) = blocks(text, "json")
    path = bench.directory / "config.json"
    path.write_text(config.replace("http://127.0.0.1:8765", bench.sandbox.url))
    (command,) = (words for words in shown(text) if words[0] == TargetLinkedInResumes.name)
    arguments = [str(path) if word == "config.json" else word for word in command[1:]]
    done = subprocess.run(
        [COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    demo = example("demo")
    expected, state = demo.read_stream(read("examples/resumes.singer").splitlines(), EXAMPLES)
    assert bench.held().keys() == expected.keys()
    assert json.loads(done.stdout.splitlines()[-1]) == state


def test_each_extra_is_named() -> None:
    rows = table(section(PAGE, "## Extras"))
    assert set(re.findall(r"`(\w+)`", " ".join(row[0] for row in rows))) == set(EXTRAS)
