"""Each extra that a message or a page tells an operator to install is one that there is."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from target_linkedin_resumes.resumes import object_stores as remote
from tests.docs.documents import ROOT, read

PROJECT: dict[str, Any] = tomllib.loads(read("pyproject.toml"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]


def test_the_extras_that_are_named_exist() -> None:
    patterns = ("README.md", "docs/**/*.md", "hub/**/*.yml", "target_linkedin_resumes/**/*.py")
    texts = [path.read_text("utf-8") for pattern in patterns for path in ROOT.glob(pattern)]
    named = {
        extra for text in texts for extra in re.findall(r"(?:resumes|checkout)\[(\w+)\]", text)
    }
    assert {"s3", "sandbox"} <= named
    assert named <= EXTRAS.keys()


def test_each_store_has_the_extra_with_its_library() -> None:
    for module, extra, *_ in remote._STORES.values():
        assert any(requirement.startswith(module) for requirement in EXTRAS[extra])
