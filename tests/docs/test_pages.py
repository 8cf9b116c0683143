"""Every page: links lead somewhere, commands and configurations are ones that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.records import read_change
from target_linkedin_resumes.sandbox.faults import Faults
from target_linkedin_resumes.settings import read_settings
from tests.docs.commands import OTHERS, OURS, THEIR_OPTIONS, make_targets, options, shown
from tests.docs.documents import ROOT, blocks, read
from tests.docs.plugin import target_settings

PAGES = sorted(path.name for path in ROOT.glob("*.md"))
PAGES += sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md"))
REQUIRED = {"client_id": "id", "client_secret": "secret", "organization": 1, "contract": 1}
every_page = pytest.mark.parametrize("page", PAGES)


def anchors(page: str) -> set[str]:
    """Give the fragments by which the headings of a page can be linked."""
    headings = re.findall(r"^#+ (.+)$", read(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def configurations(text: str) -> Iterator[dict[str, Any]]:
    """Give each configuration that a page shows, whole or in part: JSON that is nothing else."""
    sent = f"\n{text}".partition("\n## What the tap sends\n")[2].partition("\n## ")[0]
    for block in blocks(text.replace(sent, ""), "json"):
        document = json.loads(block)
        assert isinstance(document, dict)
        if not ("rules" in document or {"type", "stream", "record"} <= document.keys()):
            yield document
    for block in blocks(text, "yaml"):
        for loader in yaml.safe_load(block).get("plugins", {}).get("loaders", []):
            yield loader.get("config", {})


@every_page
def test_links_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if re.match(r"https?:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if fragment:
            assert fragment in anchors(str(target.resolve().relative_to(ROOT))), link


@every_page
def test_paths_in_running_text_exist(page: str) -> None:
    named = re.findall(r"`((?:examples|tests|docs|hub|constraints)/[\w./-]+\w)", read(page))
    assert [path for path in named if not (ROOT / path).exists()] == []


@every_page
def test_commands_are_ones_that_there_are(page: str) -> None:
    for words in shown(read(page)):
        command, arguments = words[0], words[1:]
        if command in OURS:
            assert given(arguments) <= options(command), words
        elif command == "make":
            targets = {word for word in arguments if not re.fullmatch(r"[A-Z]+=.*", word)}
            assert targets <= make_targets(), words
        else:
            assert command in OTHERS, words
            assert not OTHERS[command] or not arguments or arguments[0] in OTHERS[command], words
            assert command not in THEIR_OPTIONS or given(arguments) <= THEIR_OPTIONS[command], words
            if arguments[:1] == ["-m"] and arguments[1].startswith(("benchmarks", "tests")):
                assert (ROOT / arguments[1].replace(".", "/")).with_suffix(".py").exists(), words


def given(arguments: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in arguments if word.startswith("--")}


@pytest.mark.parametrize(
    "text",
    [
        "```console\nmeltano frobnicate tap\n```\n",
        "Run `pip instal target`.\n",
        "Run `make nonsense`.\n",
        "So:\n\n    make nonsense\n",
        "So: `target-linkedin-resumes --chek`.\n",
        "```sh\npip install --nonsense .\n```\n",
        "Run `python -m benchmarks.nonsense`.\n",
    ],
)
def test_a_command_that_is_wrong_would_be_found(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.docs.test_pages.read", lambda _: text)
    with pytest.raises(AssertionError):
        test_commands_are_ones_that_there_are("page")


@every_page
def test_make_targets_in_running_text_exist(page: str) -> None:
    assert set(re.findall(r"`make ([a-z-]+)`", read(page))) <= make_targets()


@every_page
def test_variables_of_the_environment_belong_to_settings(page: str) -> None:
    names = {name.lower() for name in re.findall(r"TARGET_LINKEDIN_RESUMES_(\w+)", read(page))}
    assert names <= {*target_settings(), "loglevel"}


@every_page
def test_configurations_are_valid(page: str, tmp_path: Path) -> None:
    for document in configurations(read(page)):
        assert document.keys() <= {*target_settings()}
        text = json.dumps({**REQUIRED, **document}).replace("/srv/crm", str(tmp_path))
        config = json.loads(text)
        for name in config.keys() & {"file_root"}:
            Path(config[name]).mkdir(parents=True, exist_ok=True)
        needed = {"audit_path": {"audit_key": "k" * 32}, "on_reject": {"rejects_path": "r"}}
        for name, more in needed.items():
            config = (more if name in config else {}) | config
        read_settings(config)


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"batch_size_rows": 101}\n```\n',
        '```json\n{"client_id": "a", "batch_size_row": 5}\n```\n',
        '```json\n{"batch_size_row": 5}\n```\n',
        "```yaml\nplugins:\n  loaders:\n    - {name: x, config: {batch_size_row: 5}}\n```\n",
    ],
)
def test_a_configuration_that_is_wrong_would_be_found(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.docs.test_pages.read", lambda _: text)
    with pytest.raises((AssertionError, Misconfigured)):
        test_configurations_are_valid("page", tmp_path)


@every_page
def test_other_json_is_what_it_is_taken_for(page: str) -> None:
    for block in blocks(read(page), "json"):
        document = json.loads(block)
        if "rules" in document:
            Faults().load(document)
        elif document.get("type") == "RECORD" and "reject" not in document:
            read_change(document["record"])


def test_the_index_has_each_page() -> None:
    index = read("docs/README.md")
    pages = [path.name for path in ROOT.glob("docs/*.md") if path.name != "README.md"]
    assert [name for name in pages if f"]({name})" not in index] == []
