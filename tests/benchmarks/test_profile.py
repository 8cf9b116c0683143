"""Samples of a profile are counted for the module that they belong to."""

from __future__ import annotations

import pytest

from benchmarks.profile import module_of, shares

HERE = "/some/where/target_linkedin_resumes"
MAIN = f"main ({HERE}/__main__.py:9)"


@pytest.mark.parametrize(
    ("stack", "module"),
    [
        (f"{MAIN};run (/lib/singer_sdk/target_base.py:5);add ({HERE}/delivery/pipeline.py:80)",
         "delivery/pipeline.py"),
        (f"{MAIN};read ({HERE}/linkedin/restli.py:7);loads (/lib/json/__init__.py:3)",
         "linkedin/restli.py"),
        (f"{MAIN};send ({HERE}/linkedin/connections.py:7);begin (/lib/http/client.py:3)",
         "linkedin/connections.py (http.client, ssl)"),
        (f"{MAIN};read ({HERE}/linkedin/connections.py:7);begin (/lib/client.py:3);p (/lib/e.py:5)",
         "linkedin/connections.py (http.client, ssl)"),
        (f"{MAIN};<module> ({HERE}/house.py:3);_find_and_load (<frozen importlib._bootstrap>:9)",
         None),
        ("_bootstrap (/lib/threading.py:1)", "the rest"),
    ],
)  # fmt: skip
def test_a_sample_belongs_to_the_last_module_of_the_package(stack: str, module: str | None) -> None:
    assert module_of(stack) == module


def test_shares_are_of_what_is_no_import() -> None:
    raw = f"{MAIN} 3\nx (/lib/x.py:1) 1\ny (<frozen importlib._bootstrap>:1) 96\n"
    assert shares(raw) == {"__main__.py": 0.75, "the rest": 0.25}
