"""What the pages show as output is what is really printed."""

from __future__ import annotations

import re
import subprocess

from tests.convert.documents import text_of
from tests.docs.commands import shown
from tests.docs.documents import blocks, read
from tests.e2e.conftest import bench, make_bench
from tests.e2e.support import COMMAND, SCHEMA, Bench, deletion, record, state

__all__ = ["bench", "make_bench"]

# What differs from run to run, and what stands for it.
VARYING = {
    r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00": "TIME",
    r"(?<=Resume )[0-9a-f]{12}": "HASH",
    r"(?<=x-li-uuid )\S+": "UUID",
    r"(?<=From )\S+(?=,)": "PATH",
}
DOCUMENT = """
<html><body>
<p>Jane Doe · jane@example.com · +44 20 7946 0000</p>
<h1>Experience</h1>
<h2>Example Rail, 2021&ndash;2026</h2>
<ul>
  <li>Moved 40 feeds to streaming<ul><li>Latency from hours to seconds</li></ul></li>
  <li>Led a team of four</li>
</ul>
<table>
  <tr><td>Skill</td><td>Level</td><td>Years</td></tr>
  <tr><td>Python</td><td>expert</td><td>9</td></tr>
</table>
<p>See <a href="https://example.com/jane">my portfolio</a></p>
</body></html>
"""


def plain(text: str) -> str:
    for pattern, name in VARYING.items():
        text = re.sub(pattern, name, text)
    return text


def test_the_receipt(bench: Bench) -> None:
    page = read("docs/audit.md")
    (sample,) = blocks(page, "text")
    (command,) = (words for words in shown(page) if words[0] == "target-linkedin-resumes-receipt")
    settings = {"audit_path": str(bench.directory / "audit.jsonl"), "audit_key": "k" * 32}
    stream = [SCHEMA, record("CAND-0101", "R", bench.file("cv.pdf")), state(1)]
    assert bench.run(stream, **settings).code == 0
    assert bench.run([SCHEMA, deletion("CAND-0101", "R"), state(2)], **settings).code == 0
    done = subprocess.run(
        [COMMAND.with_name(command[0]), *command[1:]],
        cwd=bench.directory,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert plain(done.stdout) == plain(sample)


def test_the_converted_document() -> None:
    (sample,) = blocks(read("docs/convert.md"), "text")
    assert text_of(DOCUMENT.encode()) == sample
